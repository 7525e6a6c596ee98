package report

import (
	"testing"

	"github.com/cap-audit/cap-audit/audit"
)

// What follows from a refusal is said once for all that it is the same for.
func TestAdvisoryIsShort(t *testing.T) {
	of := func(consequence string) []CallSite { return []CallSite{{Advisory: &consequence}} }
	page := &text{width: 60, d: &Document{Advisory: []Unneeded{
		{Number: 1, Name: "dac_override", CallSites: of("it reads zeros")},
		{Number: 5, Name: "kill", CallSites: of("it goes on")},
		{Number: 21, Name: "sys_admin", CallSites: append(of("it reads zeros"), of(audit.KernelsOwn)...)},
		{Number: 0, Name: "chown", CallSites: of(audit.KernelsOwn)},
	}}}
	page.advisory()
	const want = `
ADVISORY CAPABILITIES:
------------------------------------------------------------
  No grant needed: the kernel asked only to choose between
  two ways of going on.
  dac_override (#1), sys_admin (#21): if refused, it reads
    zeros
  kill (#5): if refused, it goes on
  sys_admin (#21), chown (#0): no grant would help, since
    the kernel asked with other credentials than the
    program's
`
	if page.String() != want {
		t.Errorf("want\n%s\nis\n%s", want, page)
	}
}

// Where the kernel asked on its own behalf alone, there were no two ways.
func TestAskedOnItsOwnBehalf(t *testing.T) {
	own := audit.KernelsOwn
	page := &text{width: 100, d: &Document{Advisory: []Unneeded{
		{Number: 3, Name: "fowner", CallSites: []CallSite{{Advisory: &own}}}}}}
	page.advisory()
	const want = `
ADVISORY CAPABILITIES:
----------------------------------------------------------------------------------------------------
  fowner (#3): no grant would help, since the kernel asked with other credentials than the program's
`
	if page.String() != want {
		t.Errorf("want\n%s\nis\n%s", want, page)
	}
}
