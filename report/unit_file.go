package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/report/snippets"
)

// UnitFile is the unit file of --service: what the process was given, what follows,
// and the settings to give it from now on.
type UnitFile struct {
	Unit    string   `json:"unit"`
	File    string   `json:"file"`
	DropIns []string `json:"drop_ins"`
	// User is null where the file has no User=.
	User            *string  `json:"user"`
	Group           *string  `json:"group"`
	UID             int      `json:"uid"`
	GID             int      `json:"gid"`
	Groups          []int    `json:"supplementary_groups"`
	DynamicUser     bool     `json:"dynamic_user"`
	Ambient         []string `json:"ambient_capabilities"`
	Bounding        []string `json:"bounding_capabilities"`
	NoNewPrivileges bool     `json:"no_new_privileges"`
	Full            bool     `json:"full_privileges"`
	Configured      []string `json:"configured_capabilities"`
	// Unused are those of Configured that were not needed.
	Unused       []string   `json:"removal_candidates"`
	Refused      []string   `json:"refused_capabilities"`
	NewAmbient   []string   `json:"recommended_ambient_capabilities"`
	NewBounding  []string   `json:"recommended_bounding_capabilities"`
	Block        string     `json:"block"`
	NotSimulated []Omission `json:"not_simulated"`
	NotRun       []Setting  `json:"not_run"`
	Warnings     []string   `json:"warnings"`

	setsBounding bool // it has CapabilityBoundingSet=
}

// Setting is an assignment of a unit file.
type Setting struct {
	Key   string `json:"setting"`
	Value string `json:"value"`
}

// Omission is a setting that was not carried out.
type Omission struct {
	Key    string `json:"setting"`
	Value  string `json:"value"`
	Effect string `json:"effect"`
}

// refuse names what is not added, of a report that is on a unit file.
func (s *UnitFile) refuse(list []Denied) {
	if s != nil {
		s.Refused = namesOf(list)
	}
}

func unitFile(f *audit.Findings) *UnitFile {
	s := f.UnitFile
	if s == nil {
		return nil
	}
	bounding, ambient := f.UnitFileSets()
	return &UnitFile{
		Unit:            valid(s.Unit),
		File:            valid(s.File),
		DropIns:         each(s.DropIns, valid),
		User:            optional(s.User),
		Group:           optional(s.Group),
		UID:             s.UID,
		GID:             s.GID,
		Groups:          each(s.Groups, func(gid int) int { return gid }),
		DynamicUser:     s.Dynamic,
		Ambient:         capng.Names(s.Ambient),
		Bounding:        capng.Names(s.Bounding),
		NoNewPrivileges: s.NoNewPrivileges,
		Full:            s.Full,
		Configured:      capng.Names(s.Configured),
		Unused:          capng.Names(f.Unused()),
		NewAmbient:      capng.Names(ambient),
		NewBounding:     capng.Names(bounding),
		Block: snippets.ServiceBlock(snippets.Service{User: s.Named, Group: s.Group, Dynamic: s.Dynamic,
			Bounding:   snippets.SetOfUnit{Set: capng.Numbers(bounding), Replaces: s.SetsBounding},
			Ambient:    snippets.SetOfUnit{Set: capng.Numbers(ambient), Replaces: s.SetsAmbient},
			Privileged: s.Privileged() && !s.Demoted(), NoNewPrivileges: s.NoNewPrivileges}),
		NotSimulated: each(s.NotSimulated, func(o audit.Omission) Omission {
			return Omission{valid(o.Key), valid(o.Value), valid(o.Effect)}
		}),
		NotRun: each(s.NotRun, func(s audit.Setting) Setting {
			return Setting{valid(s.Key),
				valid(s.Value)}
		}),
		Warnings: each(s.Warnings, valid),

		setsBounding: s.SetsBounding,
	}
}

// serviceRecommendations stand in the place of RECOMMENDATIONS.
func (t *text) serviceRecommendations() {
	s := t.d.UnitFile
	t.heading("SYSTEMD SERVICE RECOMMENDATIONS:")
	t.verdict(t.d.grant())
	t.line("")
	t.line("  Current context, as audited:")
	t.labelled("    ", "Unit:", printable(s.Unit)+" in "+printable(s.File))
	for _, path := range s.DropIns {
		t.labelled("    ", "Drop-in:", printable(path))
	}
	t.labelled("    ", "User:", s.account())
	t.labelled("    ", "AmbientCapabilities:", orNone(s.Ambient))
	t.labelled("    ", "CapabilityBoundingSet:", t.boundingText(s.Bounding))
	t.line("    NoNewPrivileges: %s", yesNo(s.NoNewPrivileges))
	if s.Full {
		t.labelled("    ", "Prefix:", "+ gives the program all privileges, whatever the settings are. "+
			"Those below count once it is taken away.")
	}

	t.line("")
	t.line("  Analysis:")
	t.labelled("    ", "Configured, but not used in this run:", t.unusedText())
	t.labelled("    ", "Refused each time, and not added:", orNone(namesOf(t.d.refusedLeast())))
	if useful := t.wouldHelp(); len(useful) > 0 {
		t.prose("    ", fmt.Sprintf("If a refusal did harm, add to AmbientCapabilities= and to "+
			"CapabilityBoundingSet=: %s.", strings.Join(useful, " ")))
	}
	t.omissions(s)

	t.line("")
	t.line("  Recommended settings, as a drop-in or in place of the present ones:")
	for line := range strings.Lines(s.Block) {
		t.line("%s", strings.TrimRight("    "+line, " \n"))
	}
	t.exposure()
}

func (t *text) unusedText() string {
	s := t.d.UnitFile
	if len(s.Unused) == 0 {
		return "none"
	}
	return strings.Join(s.Unused, ", ") + ". Kept below; remove what no other run uses."
}

// gives tells whether the program is to hold it by these settings.
func (s *UnitFile) gives(name string) bool {
	return slices.Contains(s.NewAmbient, name) || s.UID == 0 && slices.Contains(s.NewBounding, name)
}

func (s *UnitFile) account() string {
	name := "root"
	if s.User != nil {
		name = printable(*s.User)
	}
	text := fmt.Sprintf("%s (uid %d, gid %d", name, s.UID, s.GID)
	if len(s.Groups) > 0 {
		text += fmt.Sprintf(", groups %s", strings.Trim(fmt.Sprint(s.Groups), "[]"))
	}
	text += ")"
	if s.DynamicUser {
		text += ", in the place of a dynamic one"
	}
	return text
}

// boundingText names the set, or what little is missing from it.
func (t *text) boundingText(names []string) string {
	var missing []string
	for n := range capng.Last() + 1 {
		if name := capng.Name(n); !slices.Contains(names, name) {
			missing = append(missing, name)
		}
	}
	switch {
	case len(missing) == 0:
		return "all"
	case len(missing) < len(names):
		return "all but " + strings.Join(missing, ", ")
	}
	return orNone(names)
}

// wouldHelp are refused capabilities whose lack may have done harm, where an
// ambient capability is what would give it.
func (t *text) wouldHelp() []string {
	if t.d.UnitFile.UID == 0 {
		return nil
	}
	var list []string
	for _, c := range t.d.harmful() {
		if capng.Known(c.Number) {
			list = append(list, capng.Constant(c.Number))
		}
	}
	return list
}

// omissions show what was not as systemd would do it.
func (t *text) omissions(s *UnitFile) {
	if len(s.NotSimulated) > 0 {
		t.line("")
		t.line("  Not simulated:")
		// settings with the same effect in one entry
		var settings grouped[string]
		for _, o := range s.NotSimulated {
			settings.add(o.Effect, printable(o.Key+"="+shortened(o.Value)))
		}
		for _, effect := range settings.keys {
			t.WriteString(wrap("    - ", "      ", strings.Join(settings.of[effect],
				", ")+": "+printable(effect)+".", t.width))
		}
	}
	if len(s.NotRun) > 0 {
		t.line("")
		t.line("  Not run (audit such a command with --service FILE -- COMMAND):")
		for _, n := range s.NotRun {
			t.WriteString(wrap("    - ", "      ", printable(n.Key+"="+shortened(n.Value)), t.width))
		}
	}
}

// shortened keeps a long value from filling the report; the document has all.
func shortened(value string) string {
	const most = 200
	if len(value) <= most {
		return value
	}
	return strings.ToValidUTF8(value[:most], "") + "..."
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
