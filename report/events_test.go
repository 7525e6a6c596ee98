package report

import (
	"testing"
	"time"

	"github.com/cap-audit/cap-audit/audit"
)

func TestEventLines(t *testing.T) {
	at := time.Date(2026, 11, 26, 15, 25, 20, 123456789, time.FixedZone("", 7200))
	const begin = `{"time":"2026-11-26T13:25:20.123456Z","pid":4242,"program":"/a\\xff\u001b","comm":"<b>\n",`
	for want, row := range map[string]audit.Checks{
		`"capability":"net_raw","verdict":"granted","syscall":"socket","abi":"native",`: {
			Capability: 13, Syscall: sysSocket},
		`"capability":"net_raw","verdict":"denied","syscall":"unknown","abi":"native",`: {
			Capability: 13, Verdict: audit.Refused, Syscall: noSyscall},
		`"capability":"setuid","verdict":"lsm_refused","syscall":"setresuid32","abi":"i386",`: {
			Capability: 7, Verdict: audit.LSMRefused, Syscall: sysSetresuid},
	} {
		for name, end := range map[string]string{"x\x80": `"x\\x80"`, "": "null"} {
			want := begin + want + `"call_site":` + end + `,"object":` + end + "}\n"
			got := string(Line(NewEvent(at, 4242, "/a\xff\x1b", "<b>\n", row, name, name)))
			if got != want {
				t.Errorf("%s\nwanted\n%s", got, want)
			}
		}
	}
}
