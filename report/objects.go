package report

import (
	"strings"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/objects"
)

// Object is what a call site asked for: which file, port, process or option. Checks counts
// those of the checks looked at that were for it; the keys that it has depend on its kind.
type Object struct {
	Kind     objects.Kind `json:"kind"`
	Text     string       `json:"text"`
	Checks   uint64       `json:"checks"`
	Path     string       `json:"path,omitempty"`
	Given    string       `json:"given,omitempty"`
	Owner    string       `json:"owner,omitempty"`
	Group    string       `json:"group,omitempty"`
	Mode     string       `json:"mode,omitempty"`
	Type     string       `json:"type,omitempty"`
	Device   string       `json:"device,omitempty"`
	Family   string       `json:"family,omitempty"`
	Protocol string       `json:"protocol,omitempty"`
	Address  string       `json:"address,omitempty"`
	Port     int          `json:"port,omitempty"`
	Message  string       `json:"message,omitempty"`
	PID      int          `json:"pid,omitempty"`
	Program  string       `json:"program,omitempty"`
	User     string       `json:"user,omitempty"`
	Option   string       `json:"option,omitempty"`
}

func seenObject(s audit.SeenObject) Object {
	o := s.Object
	return Object{
		Kind: o.Kind, Text: valid(o.Text()), Checks: s.Checks, Path: valid(o.Path), Given: valid(o.Given),
		Owner: valid(o.Owner), Group: valid(o.Group), Mode: valid(o.Mode), Type: valid(o.Type),
		Device: valid(o.Device), Family: valid(o.Family), Protocol: valid(o.Protocol),
		Address: valid(o.Address), Port: o.Port, Message: valid(o.Message), PID: o.PID,
		Program: valid(o.Program), User: valid(o.User), Option: valid(o.Option),
	}
}

// objects of an earlier document; their texts are made anew.
func (r *reader) objects(site CallSite) audit.Objects {
	seen := each(site.Objects, func(o Object) audit.SeenObject {
		if o.Port < 0 || o.Port > 65535 || o.PID < 0 {
			r.fail("an object with port %d of process %d, which none in a report has", o.Port, o.PID)
		}
		return audit.SeenObject{Checks: o.Checks, Object: objects.Object{
			Kind: r.kind(o.Kind), Path: r.text(o.Path), Given: r.text(o.Given), Owner: r.name(o.Owner),
			Group: r.name(o.Group), Mode: r.name(o.Mode), Type: r.name(o.Type), Device: r.name(o.Device),
			Family: r.name(o.Family), Protocol: r.name(o.Protocol), Address: r.text(o.Address),
			Port: o.Port, Message: r.name(o.Message), PID: o.PID, Program: r.name(o.Program),
			User: r.name(o.User), Option: r.text(o.Option),
		}}
	})
	if len(seen) > audit.MaxObjects {
		r.fail("%d objects of one call site, of which a report has %d", len(seen), audit.MaxObjects)
	}
	return audit.Objects{Seen: seen, Others: site.Others}
}

// maxText is for what names a file or an option: two paths of the kernel half, all of whose bytes are
// escaped.
const maxText = 4096

func (r *reader) text(s string) string {
	if len(s) > maxText {
		r.fail("an object's text of %d bytes, which none in a report has", len(s))
	}
	return unescaped(s)
}

// name is a word of which some bytes may have been escaped.
func (r *reader) name(s string) string { return unescaped(r.word(s)) }

func (r *reader) kind(k objects.Kind) objects.Kind {
	switch k {
	case objects.File, objects.Socket, objects.Process, objects.Option, objects.Arguments:
	default:
		r.fail("%s is no kind of object", quoted(string(k)))
	}
	return k
}

// mostObjects is how many the text shows of a capability; the document has all.
const mostObjects = 4

// objects shows what a capability was asked for, in a line each, those of the system call of
// its reason first.
func (t *text) objects(sites []CallSite, reason Syscall) {
	list, others := objectLines(sites, reason)
	more := len(list) - mostObjects
	for _, line := range list[:min(len(list), mostObjects)] {
		t.labelled("    ", "For:", line)
	}
	switch {
	case more > 0 && others:
		t.line("    For: %d more, and others", more)
	case more > 0:
		t.line("    For: %d more", more)
	case others && len(list) > 0:
		t.line("    For: others")
	}
}

// only is the system call that was refused, if it was one.
func (c Denied) only() Syscall {
	if len(c.Syscalls) == 1 {
		return c.Syscalls[0]
	}
	return Syscall{}
}

// objectLines names each object once. Others: there were some that are not known.
func objectLines(sites []CallSite, reason Syscall) (list []string, others bool) {
	var rest []string
	seen := map[string]bool{}
	for _, site := range sites {
		if site.Advisory != nil {
			continue
		}
		others = others || site.Others > 0
		for _, o := range site.Objects {
			same := o.Text
			if o.Type == "directory" && o.Given != "" { // whatever was looked for in it
				same, _, _ = strings.Cut(same, " for "+o.Given)
			}
			switch {
			case o.Kind == objects.Arguments || o.Text == "" || seen[same]:
			case site.syscall() == reason:
				list = append(list, printable(o.Text))
			case site.syscall().unknown():
				rest = append(rest, printable(o.Text))
			default:
				rest = append(rest, printable(o.Text)+", by "+printable(site.Syscall))
			}
			seen[same] = true
		}
	}
	return append(list, rest...), others
}

// whatFor says what a capability was asked for, in a line each.
func (d *Document) whatFor(name string) []string {
	var lines []string
	add := func(sites []CallSite, reason Syscall) {
		list, _ := objectLines(sites, reason)
		for _, line := range list[:min(len(list), mostObjects)] {
			lines = append(lines, "for "+line)
		}
	}
	for _, c := range d.Required {
		if c.Name == name {
			add(c.CallSites, c.syscall)
		}
	}
	for _, c := range d.Denied {
		if c.Name == name {
			add(c.CallSites, c.only())
		}
	}
	return lines
}
