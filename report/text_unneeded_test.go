package report

import "testing"

// What follows from a refusal is said once for all that it is the same for.
func TestAdvisoryIsShort(t *testing.T) {
	of := func(consequence string) []CallSite { return []CallSite{{Advisory: &consequence}} }
	page := &text{width: 60, d: &Document{Advisory: []Unneeded{
		{Number: 1, Name: "dac_override", CallSites: of("no grant would help")},
		{Number: 5, Name: "kill", CallSites: of("it goes on")},
		{Number: 21, Name: "sys_admin", CallSites: of("no grant would help")},
	}}}
	page.advisory()
	const want = `
ADVISORY CAPABILITIES:
------------------------------------------------------------
  No grant needed: the kernel asked only to choose between
  two ways of going on.
  dac_override (#1), sys_admin (#21): if refused, no grant
    would help
  kill (#5): if refused, it goes on
`
	if page.String() != want {
		t.Errorf("want\n%s\nis\n%s", want, page)
	}
}
