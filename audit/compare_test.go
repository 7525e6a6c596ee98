package audit

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// after is what a run came to that ended like that, with these rows and outcomes.
func after(app Application, rows []Checks, outcomes ...Outcome) *Findings {
	o := observe(rows...)
	o.Application, o.Outcomes = app, outcomes
	return Analyze(o)
}

func TestEnding(t *testing.T) {
	for want, app := range map[string]Application{
		"was still running":           {},
		"exited with status 0":        {Ended: true},
		"exited with status 3":        {Ended: true, Status: 3},
		"was terminated by signal 15": {Ended: true, Signal: 15},
	} {
		if got := app.Ending(); got != want {
			t.Errorf("%+v: %q, want %q", app, got, want)
		}
	}
}

func TestCompare(t *testing.T) {
	well := Application{Ended: true}
	granted := []Checks{row(unix.CAP_CHOWN, Granted, sysChown, 1)}
	refused := []Checks{row(unix.CAP_CHOWN, Refused, sysChown, 1)}
	fails := Outcome{unix.CAP_CHOWN, Refused, sysChown, -1, 1, 0}
	harmless := []Evidence{{Kind: "refused", Capability: unix.CAP_CHOWN, Syscall: sysChown}}
	newFailure := []Evidence{{Kind: "refused", Capability: unix.CAP_CHOWN, Syscall: sysChown, Return: -1}}
	for name, c := range map[string]struct {
		first, again *Findings
		want         []Evidence
	}{
		"alike": {after(well, granted), after(well, granted), nil},
		"another status": {after(well, nil), after(Application{Ended: true, Status: 2}, nil),
			[]Evidence{{Kind: "status", Capability: -1, Text: "the program exited with status 2; before, " +
				"it exited with status 0"}}},
		"killed": {after(well, nil), after(Application{Ended: true, Signal: 9}, nil),
			[]Evidence{{Kind: "status", Capability: -1, Text: "the program was terminated by signal 9; " +
				"before, it exited with status 0"}}},
		"a new failure":              {after(well, granted), after(well, refused, fails), newFailure},
		"the same failure as before": {after(well, refused, fails), after(well, refused, fails), nil},
		"more often": {after(well, refused, fails), after(well, refused,
			Outcome{unix.CAP_CHOWN, Refused, sysChown, -1, 9, 0}), nil},
		"a failure of a security module": {after(well, granted),
			after(well, []Checks{row(unix.CAP_CHOWN, LSMRefused, sysChown, 1)},
				Outcome{unix.CAP_CHOWN, LSMRefused, sysChown, -1, 1, 0}), newFailure},
		"another errno": {after(well, refused, Outcome{unix.CAP_CHOWN, Refused, sysChown, -13, 1, 0}),
			after(well, refused, fails), newFailure},
		"in another system call": {after(well, []Checks{row(unix.CAP_CHOWN, Refused, sysChown32, 1)},
			Outcome{unix.CAP_CHOWN, Refused, sysChown32, -1, 1, 0}), after(well, refused, fails), newFailure},
		"refused, but the system call succeeded": {after(well, granted),
			after(well, refused, Outcome{unix.CAP_CHOWN, Refused, sysChown, 0, 1, 0}), harmless},
		"refused, and the system call interrupted": {after(well, granted),
			after(well, refused, Outcome{unix.CAP_CHOWN, Refused, sysChown, -512, 1, 0}), harmless},
		"granted, and failed all the same": {after(well, granted),
			after(well, granted, Outcome{unix.CAP_CHOWN, Granted, sysChown, -22, 1, 0}), nil},
		"granted elsewhere": {after(well, granted), after(well,
			append(refused, row(unix.CAP_CHOWN, Granted, sysOpenat, 1)), fails),
			newFailure},
		"a refused probe": {after(well, nil), after(well,
			[]Checks{row(unix.CAP_SYS_ADMIN, Refused, sysBrk, 1, asked("cap_vm_enough_memory", 1))},
			Outcome{unix.CAP_SYS_ADMIN, Refused, sysBrk, -12, 1, 0}), nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, behaved := Compare(c.first, c.again, 0)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("evidence (-want +got):\n%s", diff)
			}
			if want := c.want == nil || c.want[0] == harmless[0]; behaved != want {
				t.Errorf("behaved: %t", behaved)
			}
		})
	}
}

func TestNews(t *testing.T) {
	app := Application{Ended: true}
	first := after(app, []Checks{
		row(unix.CAP_CHOWN, Refused, sysChown, 1), row(unix.CAP_KILL, Granted, sysMount, 1)})
	again := after(app, []Checks{
		row(unix.CAP_CHOWN, Refused, sysChown, 5), row(unix.CAP_CHOWN, Refused, sysOpenat, 1),
		row(unix.CAP_KILL, Refused, sysMount, 1)},
		Outcome{unix.CAP_CHOWN, Refused, sysOpenat, 0, 1, 0},
		Outcome{unix.CAP_KILL, Refused, sysMount, -1, 1, 0})
	want := []Evidence{
		{Kind: "refused", Capability: unix.CAP_CHOWN, Syscall: sysOpenat},
		{Kind: "refused", Capability: unix.CAP_KILL, Syscall: sysMount, Return: -1},
	}
	if diff := cmp.Diff(want, News(first, again, 0)); diff != "" {
		t.Errorf("evidence (-want +got):\n%s", diff)
	}
	if got := News(first, first, 1<<unix.CAP_KILL); got != nil {
		t.Errorf("new in the same run: %+v", got)
	}
}

// A call that was granted in the first run and fails now is new, whatever else
// failed alike in both.
func TestMaskedFailures(t *testing.T) {
	app := Application{Ended: true}
	checks := func(verdicts ...Verdict) []Checks {
		var rows []Checks
		for _, v := range verdicts {
			rows = append(rows, Checks{Capability: unix.CAP_CHOWN, Verdict: v, Syscall: sysChown, Count: 1})
		}
		return rows
	}
	outcome := func(v Verdict, ret int) Outcome { return Outcome{unix.CAP_CHOWN, v, sysChown, ret, 1, 0} }
	fails := []Evidence{{Kind: "refused", Capability: unix.CAP_CHOWN, Syscall: sysChown, Return: -1}}
	goesOn := []Evidence{{Kind: "refused", Capability: unix.CAP_CHOWN, Syscall: sysChown}}
	both := after(app, checks(Granted, Refused), outcome(Refused, -1))
	for name, c := range map[string]struct {
		first, again *Findings
		set          uint64
		want         []Evidence
	}{
		"as often":           {both, after(app, checks(Refused), outcome(Refused, -1)), 0, fails},
		"more often":         {both, after(app, checks(Refused, Refused), outcome(Refused, -1)), 0, fails},
		"it does not fail":   {both, after(app, checks(Refused), outcome(Refused, 0)), 0, goesOn},
		"the set has it":     {both, both, 1 << unix.CAP_CHOWN, nil},
		"it was not granted": {after(app, checks(Refused), outcome(Refused, -1)), both, 0, nil},
		"granted in another call": {after(app, append(checks(Refused), row(0, Granted, sysOpenat, 1)),
			outcome(Refused, -1)), both, 0, nil},
		"it failed so when granted": {after(app, checks(Granted), outcome(Granted, -22)),
			after(app, checks(Refused), outcome(Refused, -22)), 0, nil},
		"it failed otherwise when granted": {after(app, checks(Granted), outcome(Granted, -22)),
			after(app, checks(Refused), outcome(Refused, -1)), 0, fails},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, News(c.first, c.again, c.set)); diff != "" {
				t.Errorf("evidence (-want +got):\n%s", diff)
			}
		})
	}
}

// What the kernel refuses without asking for a capability shows as well.
func TestUnaskedFailures(t *testing.T) {
	execve := Syscall{Number: 59, Name: "execve"}
	capset := Syscall{Number: 126, Name: "capset"}
	before, after := observe(), observe()
	after.RefusedExecs = []Syscall{execve}
	after.Outcomes = []Outcome{{unix.CAP_SETPCAP, Granted, capset, -1, 1, 0},
		{unix.CAP_SETPCAP, Refused, capset, -1, 1, 0}, {unix.CAP_CHOWN, Refused, sysChown, -1, 1, 0}}
	want := []Evidence{{Kind: "failed", Capability: -1, Syscall: execve, Return: -1},
		{Kind: "failed", Capability: -1, Syscall: capset, Return: -1}}
	if diff := cmp.Diff(want, News(Analyze(before), Analyze(after), 0)); diff != "" {
		t.Errorf("evidence (-want +got):\n%s", diff)
	}
	if got := News(Analyze(after), Analyze(after), 0); got != nil {
		t.Errorf("new in the same run: %+v", got)
	}
}

func TestMissing(t *testing.T) {
	refusal := func(capability int, s Syscall, ret int) Evidence {
		return Evidence{Kind: "refused", Capability: capability, Syscall: s, Return: ret}
	}
	ptrace := refusal(unix.CAP_SYS_PTRACE, sysOpenat, -13)
	perfmon := refusal(unix.CAP_PERFMON, sysOpenat, -13)
	chown := refusal(unix.CAP_CHOWN, sysChown, -1)
	wentOn := refusal(unix.CAP_SYS_NICE, sysMount, 0)
	status := Evidence{Kind: "status", Capability: -1}
	for name, c := range map[string]struct {
		trial Trial
		want  []Evidence
	}{
		"it behaved":                   {Trial{Behaved: true, Evidence: []Evidence{chown}}, nil},
		"nothing was refused":          {Trial{Evidence: []Evidence{status}}, nil},
		"a call failed":                {Trial{Evidence: []Evidence{status, chown}}, []Evidence{chown}},
		"not what went on":             {Trial{Evidence: []Evidence{wentOn, chown}}, []Evidence{chown}},
		"nothing else than went on":    {Trial{Evidence: []Evidence{status, wentOn}}, []Evidence{wentOn}},
		"it was allowed, and given up": {Trial{Set: 1, Evidence: []Evidence{chown}}, nil},
		"the least in one call": {Trial{Evidence: []Evidence{ptrace, perfmon, chown}},
			[]Evidence{chown, perfmon}},
		"the other, next": {Trial{Set: 1 << unix.CAP_PERFMON, Evidence: []Evidence{ptrace}},
			[]Evidence{ptrace}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, c.trial.Missing()); diff != "" {
				t.Errorf("missing (-want +got):\n%s", diff)
			}
		})
	}
}

func TestGrowth(t *testing.T) {
	f := after(Application{Ended: true}, []Checks{row(unix.CAP_KILL, Granted, sysMount, 1)})
	f.Proof = &Proof{}
	chown := Evidence{Kind: "refused", Capability: unix.CAP_CHOWN, Syscall: sysChown, Return: -1}
	ptrace := Evidence{Kind: "refused", Capability: unix.CAP_SYS_PTRACE, Syscall: sysOpenat, Return: -1}
	set := f.Proof.Grow(&Trial{Set: f.Recommended(), Evidence: []Evidence{chown, ptrace}})
	if want := uint64(1<<unix.CAP_KILL | 1<<unix.CAP_CHOWN | 1<<unix.CAP_SYS_PTRACE); set != want ||
		f.Recommended() != want {
		t.Fatalf("grew to %#x, recommended %#x", set, f.Recommended())
	}
	// the program gave chown up by itself: to grant it changes nothing
	last := &Trial{Set: set, Evidence: []Evidence{chown}}
	if got := f.Proof.Grow(last); got != set {
		t.Errorf("grew to %#x with nothing new", got)
	}
	f.Proof.Verify(last)
	if want := uint64(1<<unix.CAP_KILL | 1<<unix.CAP_SYS_PTRACE); f.Recommended() != want ||
		len(f.Proof.Growth) != 1 {
		t.Errorf("recommended %#x after %d runs", f.Recommended(), len(f.Proof.Growth))
	}
}

func TestNotAsked(t *testing.T) {
	app := Application{Ended: true}
	first := after(app, []Checks{row(unix.CAP_CHOWN, Granted, sysChown, 1),
		row(unix.CAP_CHOWN, Granted, sysOpenat, 1), row(unix.CAP_KILL, Granted, sysMount, 1)})
	for name, c := range map[string]struct {
		again []Checks
		want  []Evidence
	}{
		"granted":          {[]Checks{row(0, Granted, sysChown, 9), row(0, Granted, sysOpenat, 1)}, nil},
		"granted, refused": {[]Checks{row(0, Granted, sysChown, 1), row(0, Refused, sysOpenat, 1)}, nil},
		"in one of two":    {[]Checks{row(0, Granted, sysChown, 1)}, []Evidence{notAsked(sysOpenat)}},
		"for another": {[]Checks{row(0, Granted, sysChown, 1), row(1, Granted, sysOpenat, 1)},
			[]Evidence{notAsked(sysOpenat)}},
		"nothing was asked": {nil, []Evidence{notAsked(sysChown), notAsked(sysOpenat)}},
	} {
		t.Run(name, func(t *testing.T) {
			again := after(app, c.again)
			if diff := cmp.Diff(c.want, NotAsked(first, unix.CAP_CHOWN, again)); diff != "" {
				t.Errorf("evidence (-want +got):\n%s", diff)
			}
			// of two runs either may have been asked
			nothing, all := after(app, nil), after(app, []Checks{row(unix.CAP_CHOWN, Refused, sysChown, 1),
				row(unix.CAP_CHOWN, Refused, sysOpenat, 1)})
			if diff := cmp.Diff(c.want, NotAsked(first, unix.CAP_CHOWN, again, nothing)); diff != "" {
				t.Errorf("with a run that asked for nothing (-want +got):\n%s", diff)
			}
			if got := NotAsked(first, unix.CAP_CHOWN, again, all); got != nil {
				t.Errorf("with a run that asked for all: %v", got)
			}
		})
	}
}

func notAsked(s Syscall) Evidence {
	return Evidence{Kind: "not_asked", Capability: unix.CAP_CHOWN, Syscall: s}
}

func TestAlike(t *testing.T) {
	fails := func(ret int) *Findings {
		return after(Application{Ended: true}, []Checks{row(unix.CAP_CHOWN, Refused, sysChown, 1)},
			Outcome{unix.CAP_CHOWN, Refused, sysChown, ret, 1, 0})
	}
	alike := Evidence{Kind: "refused", Capability: unix.CAP_CHOWN, Syscall: sysChown, Return: -1, Alike: true}
	if diff := cmp.Diff([]Evidence{alike}, Alike(fails(-1), 0)); diff != "" {
		t.Errorf("evidence (-want +got):\n%s", diff)
	}
	if got := Alike(fails(-1), 1<<unix.CAP_CHOWN); got != nil {
		t.Errorf("though the set has it: %+v", got)
	}
	if got := Alike(fails(-512), 0); got != nil {
		t.Errorf("though it was interrupted: %+v", got)
	}
	for _, behaved := range []bool{true, false} {
		p := Proof{}
		set := p.Grow(&Trial{Evidence: []Evidence{alike}})
		p.Verify(&Trial{Set: set, Behaved: behaved})
		if set != 1<<unix.CAP_CHOWN || len(p.Added) == 1 != behaved {
			t.Errorf("behaved %t: added %+v", behaved, p.Added)
		}
	}
}

func TestOnlyAlike(t *testing.T) {
	alike := Evidence{Kind: "refused", Capability: 0, Syscall: sysChown, Return: -1, Alike: true}
	news := Evidence{Kind: "refused", Capability: 1, Syscall: sysOpenat, Return: -1}
	status := Evidence{Kind: "status", Capability: -1}
	for name, c := range map[string]struct {
		trial Trial
		want  bool
	}{
		"refused as before": {Trial{Evidence: []Evidence{status, alike}}, true},
		"it behaved":        {Trial{Behaved: true, Evidence: []Evidence{alike}}, false},
		"nothing refused":   {Trial{Evidence: []Evidence{status}}, false},
		"something new":     {Trial{Evidence: []Evidence{alike, news}}, false},
		"the set has it":    {Trial{Set: 1, Evidence: []Evidence{status, alike}}, false},
	} {
		if got := c.trial.OnlyAlike(); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestTakeBack(t *testing.T) {
	added := Evidence{Kind: "refused", Capability: unix.CAP_CHOWN, Syscall: sysChown, Return: -1, Alike: true}
	for name, c := range map[string]struct {
		again []Checks
		want  bool
	}{
		"granted":            {[]Checks{row(0, Granted, sysChown, 1)}, false},
		"refused even so":    {[]Checks{row(0, Refused, sysChown, 1)}, true},
		"granted once":       {[]Checks{row(0, Granted, sysChown, 1), row(0, Refused, sysChown, 9)}, false},
		"refused elsewhere":  {[]Checks{row(0, Refused, sysOpenat, 1)}, true},
		"not asked":          {nil, false},
		"granted elsewhere":  {[]Checks{row(0, Granted, sysOpenat, 1)}, false},
		"refused here, only": {[]Checks{row(0, Granted, sysOpenat, 1), row(0, Refused, sysChown, 1)}, true},
		"another refused":    {[]Checks{row(1, Refused, sysChown, 1)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := &Proof{Added: []Evidence{added}}
			if got := p.TakeBack(after(Application{Ended: true}, c.again)); got != c.want ||
				(p.added() == 0) != c.want {
				t.Errorf("taken back: %t, %+v", got, p)
			}
			// what was taken back is not added again
			if grown := p.Grow(&Trial{Evidence: []Evidence{added}}); (grown == 0) != c.want {
				t.Errorf("grew to %#x", grown)
			}
		})
	}
}

// A repetition with all capabilities that asks for what the first run did not has
// found what that left behind.
func TestLeftBehind(t *testing.T) {
	asked := &Findings{Grants: []Grant{{Capability: unix.CAP_DAC_OVERRIDE, Syscall: sysMount}}}
	for name, c := range map[string]struct {
		first, again *Findings
		want         []int
	}{
		"left behind":            {&Findings{}, asked, []int{unix.CAP_DAC_OVERRIDE}},
		"asked at first, too":    {asked, asked, nil},
		"granted without asking": {&Findings{}, &Findings{}, nil},
	} {
		p := &Proof{Added: []Evidence{{Kind: "refused", Capability: unix.CAP_DAC_OVERRIDE}}}
		if p.Find(c.first, c.again); !slices.Equal(p.LeftBehind, c.want) {
			t.Errorf("%s: %v", name, p.LeftBehind)
		}
	}
}
