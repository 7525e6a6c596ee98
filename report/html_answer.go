package report

import (
	"fmt"
	"strings"
)

// facts are what was audited, and how.
func (d *Document) facts() []fact {
	list := []fact{{"Subject", printable(strings.ReplaceAll(string(d.Subject.Kind), "_", " "))}}
	add := func(name, value string) {
		if value != "" {
			list = append(list, fact{name, printable(value)})
		}
	}
	for i, heading := range d.headings() {
		if i == 0 {
			list[0].Value = heading
			continue
		}
		name, value, _ := strings.Cut(heading, ": ")
		add(name, value)
	}
	if m := d.Merged; m != nil {
		add("Reports", fmt.Sprintf("%d, of which %d may lack something and %d are of runs that failed",
			m.Reports, m.Incomplete.Count+m.Untold.Count, m.Failed.Count))
	}
	add("As", orEmpty(d.RunAs))
	if d.Lasted != nil {
		add("Watched for", inSeconds(*d.Lasted))
	}
	switch {
	case d.Merged != nil, d.Exit.Status == nil:
	case d.endedBadly() != "":
		add("It", d.endedBadly())
	default:
		add("Exit status", fmt.Sprint(d.Exit.code()))
	}
	add("Checks", fmt.Sprint(d.TotalChecks))
	add("Tasks", fmt.Sprint(d.Tasks))
	add("Complete", map[bool]string{true: "yes", false: "no"}[d.Complete])
	add("Watched by", "cap-audit "+d.Tool.Version+", "+d.Backend)
	if d.advice.Subject.Contained() && !d.AtLeast {
		add("Pod Security", d.PodSecurity.Standard)
	}
	add("Kernel", d.SystemContext.KernelVersion)
	return list
}

// htmlClass is one of the answers that a capability can have. Count is how many have it: of what nothing
// is known, there are no names.
type htmlClass struct {
	ID, Heading, Says string
	Names             []string
	Count             int
}

func (d *Document) htmlClasses() []htmlClass {
	var classes []htmlClass
	add := func(id, heading, says string, names []string) {
		classes = append(classes, htmlClass{id, heading, says, names, len(names)})
	}
	add("needed", "Needed", "The run needed it.", d.Recommended)
	possible := namesOfPossible(d.Possible)
	switch {
	case d.Coverage == nil:
		return classes
	case d.everything:
		add("possible", "Possible", "Nothing is ruled out: "+d.unbounded(), possible)
		return classes
	}
	add("possible", "Possible", "Its code can ask for it; the run did not need it.", possible)
	if len(d.OnFiles) > 0 {
		add("files", "Depends on files", "Its code can come to need it, by whose files it meets.",
			namesOfPossible(d.OnFiles))
	}
	add("ruled-out", "Ruled out", "No code that was found asks for it.", d.RuledOut)
	if d.notKnown > 0 {
		classes = append(classes, htmlClass{ID: "not-known", Heading: "Not known",
			Says: "Not all of the code was looked at.", Count: d.notKnown})
	}
	return classes
}

// codeRemarks are what was not looked at of the code.
func (d *Document) codeRemarks() []string {
	if d.Coverage == nil {
		return nil
	}
	return each(d.codeLimits(), printable)
}
