package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/reach"
)

func ended() Application { return Application{Path: "/usr/bin/x", Ended: true} }

func TestFit(t *testing.T) {
	const chown, kill = 1 << unix.CAP_CHOWN, 1 << unix.CAP_KILL
	const netRaw, sysTime = 1 << unix.CAP_NET_RAW, 1 << unix.CAP_SYS_TIME
	run := func() *Findings {
		return &Findings{
			Application: ended(),
			Required:    []Capability{{Number: 0, Tally: Tally{Granted: 1}}},
			CapsetOnly:  []CapsetOnly{{Number: 5, Permitted: true}},
			Denied:      []Denied{{Number: 13, Checks: 2}},
		}
	}
	for name, test := range map[string]struct {
		change  func(*Findings)
		allowed uint64
		want    Fit
	}{
		"fits":                    {nil, chown | kill, Fit{}},
		"nothing allowed":         {nil, 0, Fit{Outside: chown | kill}},
		"capset counts as a need": {nil, chown, Fit{Outside: kill}},
		"allowed, refused":        {nil, chown | kill | netRaw, Fit{Refused: netRaw}},
		"allowed, not used":       {nil, chown | kill | sysTime, Fit{Unused: sysTime}},
		"refused after its own drop": {func(f *Findings) {
			f.CapsetOnly = append(f.CapsetOnly, CapsetOnly{Number: 13, Inheritable: true})
		}, chown | kill | netRaw, Fit{}},
		"proved to do with less": {func(f *Findings) {
			f.Proof = &Proof{Minimal: &Trial{Set: chown, Behaved: true}}
		}, chown, Fit{}},
		"used, though not needed": {func(f *Findings) {
			f.Proof = &Proof{Minimal: &Trial{Set: 0, Behaved: true}}
		}, chown, Fit{}},
		"lost checks": {func(f *Findings) { f.Losses.Checks = 1 }, chown | kill,
			Fit{Unsure: "part of the run could not be recorded"}},
		"unasked, not looked for": {func(f *Findings) {
			f.BlindSpots = blind(BlindUnasked)
		}, chown | kill,
			Fit{Unsure: "what is granted without a check was not looked for; --outcomes all does that"}},
		"lost call sites": {func(f *Findings) { f.Losses.Sites = 1 }, chown | kill, Fit{}},
		"interim": {func(f *Findings) { f.Interim = true }, chown | kill,
			Fit{Unsure: "the audit went on when the report was made"}},
		"not ended": {func(f *Findings) { f.Application.Ended = false }, chown | kill,
			Fit{Unsure: "the program had not ended when the report was made"}},
		"descendants": {func(f *Findings) { f.StillRunning = 2 }, chown | kill,
			Fit{Unsure: "2 of its descendants ran on when the audit ended; --follow waits for them"}},
		"what ran before": {func(f *Findings) {
			f.Subject.Kind, f.Application.Ended, f.StillRunning = SubjectUnit, false, 2
		}, chown | kill, Fit{}},
		"a start that was cut short": {func(f *Findings) {
			f.Subject.Kind, f.Subject.CutShort = SubjectUnit, "it had not started"
		}, chown | kill, Fit{Unsure: "it had not started"}},
		"what ran before, with losses": {func(f *Findings) {
			f.Subject.Kind, f.Losses.Tasks = SubjectPID, 1
		}, chown | kill, Fit{Unsure: "part of the run could not be recorded"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := run()
			if test.change != nil {
				test.change(f)
			}
			test.want.Allowed = test.allowed
			if diff := cmp.Diff(test.want, f.Fit(test.allowed)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Where either of two does, a policy that allows one of them is met.
func TestFitOfLesserOnes(t *testing.T) {
	f := &Findings{Application: ended(), Required: []Capability{{
		Number: unix.CAP_SYS_ADMIN, Tally: Tally{Granted: 1},
		CallSites: []CallSite{{Function: "ioprio_check_cap", Checks: 1}},
	}}}
	for allowed, outside := range map[uint64]uint64{
		1 << unix.CAP_SYS_NICE:  0,
		1 << unix.CAP_SYS_ADMIN: 0,
		0:                       1 << unix.CAP_SYS_NICE,
	} {
		if got := f.Fit(allowed); got.Outside != outside || got.Unused != 0 {
			t.Errorf("allowed %x: outside %x, unused %x; want outside %x", allowed, got.Outside, got.Unused,
				outside)
		}
	}
}

func TestDiff(t *testing.T) {
	needs := func(n int) *Findings { return &Findings{Required: []Capability{{Number: n}}} }
	refuses := &Findings{Denied: []Denied{{Number: 0}}}
	for name, test := range map[string]struct {
		earlier, later *Findings
		came, went     []Change
	}{
		"the same": {needs(0), needs(0), nil, nil},
		"another": {needs(0), needs(63), []Change{{63, Absent, Needed}},
			[]Change{{0, Needed, Absent}}},
		"refused before":    {refuses, needs(0), []Change{{0, RefusedEach, Needed}}, nil},
		"refused now":       {needs(0), refuses, nil, []Change{{0, Needed, RefusedEach}}},
		"asked for now":     {&Findings{}, refuses, []Change{{0, Absent, RefusedEach}}, nil},
		"not asked for now": {refuses, &Findings{}, nil, []Change{{0, RefusedEach, Absent}}},
	} {
		t.Run(name, func(t *testing.T) {
			came, went := Diff(test.earlier, test.later)
			if diff := cmp.Diff([][]Change{test.came, test.went}, [][]Change{came, went}); diff != "" {
				t.Errorf("came and went, -want +got:\n%s", diff)
			}
		})
	}
}

// What no code asks for need not be allowed, and what code can ask for may have to be. Where
// everything is possible, that says nothing.
func TestFitOfCode(t *testing.T) {
	const allowed = 1<<unix.CAP_SETUID | 1<<unix.CAP_KILL | 1<<unix.CAP_SYS_TIME | 1<<unix.CAP_CHOWN
	f := daemon()
	fit := f.Fit(allowed)
	if fit.RuledOut != 1<<unix.CAP_SYS_TIME || fit.Possible != 1<<unix.CAP_SYS_CHROOT|1<<unix.CAP_SYSLOG {
		t.Errorf("%+v", fit)
	}
	r := f.Bounds.Programs[0].Result
	r.AnySystemCall = true
	for n := range r.Capabilities {
		r.Capabilities[n].Class = reach.Possible
	}
	if fit := f.Fit(allowed); fit.RuledOut|fit.Possible != 0 {
		t.Errorf("everything is possible: %+v", fit)
	}
	f.Bounds = nil
	if fit := f.Fit(allowed); fit.RuledOut|fit.Possible != 0 {
		t.Errorf("no code was looked at: %+v", fit)
	}
}
