package report

import (
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/without"
)

// Without is how to do without a recommended capability. All of its Ways together are enough for what it
// was granted for.
type Without struct {
	Number int      `json:"number"`
	Name   string   `json:"name"`
	Ways   []string `json:"ways"`
}

// findWays finds those around the recommended capabilities, and what helps where the program had given up
// what it was refused.
func (d *Document) findWays(f *audit.Findings) {
	granted, p := uses(f), asker(f)
	d.Without = []Without{}
	for _, n := range capng.Numbers(f.Recommended()) {
		if ways := without.Ways(n, granted, p); len(ways) > 0 {
			d.Without = append(d.Without, Without{n, capng.Name(n), each(ways, valid)})
		}
	}
	d.becomes = without.Becomes(granted, p)
	d.around = map[int][]string{}
	for _, c := range f.Denied {
		refused := usesAt(c.CallSites, c.Number, c.Number, f.Losses.Objects)
		d.around[c.Number] = each(without.Ways(c.Number, append(refused, granted...), p), valid)
	}
}

// uses are what the capabilities to grant were granted for.
func uses(f *audit.Findings) []without.Use {
	instead := map[int]int{}
	for _, l := range f.Lessers() {
		instead[l.Asked] = l.Enough
	}
	for _, n := range capng.Numbers(f.Covered()) {
		instead[n] = unix.CAP_DAC_OVERRIDE
	}
	grant := func(n int) int {
		if other, found := instead[n]; found {
			return other
		}
		return n
	}
	var list []without.Use
	for _, c := range f.Unasked {
		list = append(list, without.Use{Capability: without.Unknown, Grant: grant(c.Number)})
	}
	for _, c := range f.Required {
		list = append(list, usesAt(c.CallSites, c.Number, grant(c.Number), f.Losses.Objects)...)
	}
	return list
}

// usesAt are those of one capability.
func usesAt(sites []audit.CallSite, number, grant int, lost uint64) (list []without.Use) {
	for _, site := range sites {
		if site.Advisory != "" {
			continue
		}
		if len(site.Objects.Seen) == 0 || site.Objects.Others+lost > 0 {
			list = append(list, without.Use{Capability: without.Unknown, Grant: grant})
		}
		for _, o := range site.Objects.Seen {
			list = append(list, without.Use{Capability: number, Grant: grant,
				Syscall: site.Syscall.Name, Object: o.Object})
		}
	}
	return list
}

// asker is whose uses they are.
func asker(f *audit.Findings) without.Program {
	p := without.Program{
		Account:     f.RunAs,
		Sessions:    f.LogsIn || slices.Contains(f.Gains, audit.GainSessions),
		Gains:       len(f.Gains) > 0,
		Contained:   f.Subject.Kind.Contained(),
		Tool:        !f.Subject.Kind.Contained() && !f.Subject.Kind.Service() && !stays(f),
		PtraceScope: f.System.Sysctls["yama_ptrace_scope"],
	}
	unit := f.Subject.Name
	if f.UnitFile != nil {
		p.Account, unit = f.UnitFile.User, f.UnitFile.Unit
	}
	if f.Subject.Kind.Service() {
		unit, _, _ = strings.Cut(strings.TrimSuffix(unit, ".service"), "@")
		p.Names = append(p.Names, unit)
	}
	p.Names = append(p.Names, path.Base(f.Application.Path))
	return p
}

// doWithout shows the ways in the text; together those of which one's are among the other's.
func (t *text) doWithout() {
	if len(t.d.Without) > 0 {
		t.heading("DOING WITHOUT:")
	}
	var names, ways []string
	for i, w := range t.d.Without {
		names = append(names, w.Name)
		if among(ways, w.Ways) {
			ways = w.Ways
		}
		if next := i + 1; next < len(t.d.Without) &&
			(among(ways, t.d.Without[next].Ways) || among(t.d.Without[next].Ways, ways)) {
			continue
		}
		t.labelled("  ", strings.Join(names, ", ")+":", printable(together(ways)))
		names, ways = nil, nil
	}
}

// instead is how to do without a capability, "" for not known.
func (d *Document) instead(name string) string {
	for _, w := range d.Without {
		if w.Name == name {
			return together(w.Ways)
		}
	}
	return ""
}

func together(ways []string) string { return strings.Join(ways, "; and ") }

// among: all of them are in the list.
func among(some, list []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(list, s) })
}
