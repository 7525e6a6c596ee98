package session

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
)

// exited is wait(2)'s encoding of an exit status.
func exited(status int) *unix.WaitStatus {
	s := unix.WaitStatus(status << 8)
	return &s
}

func TestRepetitions(t *testing.T) {
	chown := audit.Syscall{Number: 92, Name: "chown"}
	refusal := []audit.Refusal{{Capability: 0, Syscall: chown, Checks: 1, Failures: []audit.SyscallOutcome{
		{Syscall: chown, Class: audit.PermissionFailure, Return: -1, Count: 1}}}}
	harmless := []audit.Refusal{{Capability: 0, Syscall: chown, Checks: 1}}
	ended := func(status int, refusals []audit.Refusal) *result {
		return &result{findings: &audit.Findings{Application: audit.Application{Ended: true, Status: status},
			Refusals: refusals}}
	}
	tested := func(r *result, status int) *result {
		r.test = exited(status)
		return r
	}
	killed := new(unix.WaitStatus)
	*killed = 9
	refused := audit.Evidence{Kind: "refused", Capability: 0, Syscall: chown, Return: -1}
	for name, c := range map[string]struct {
		first, again *result
		behaved      bool
		kinds        []string
		evidence     []audit.Evidence // where its text is not ours to repeat
	}{
		"alike":          {first: ended(0, nil), again: ended(0, nil), behaved: true},
		"failing alike":  {first: ended(3, nil), again: ended(3, nil), behaved: true},
		"another status": {first: ended(0, nil), again: ended(1, nil), kinds: []string{"status"}},
		"a new failure": {first: ended(0, nil), again: ended(0, refusal),
			evidence: []audit.Evidence{refused}},
		"the same failure": {first: ended(0, refusal), again: ended(0, refusal), behaved: true},
		"a refusal without consequence": {first: ended(0, nil), again: ended(0, harmless), behaved: true,
			evidence: []audit.Evidence{{Kind: "refused", Syscall: chown}}},
		"both": {first: ended(0, nil), again: ended(1, refusal), kinds: []string{"status", "refused"}},
		"interrupted": {first: ended(0, nil), again: &result{findings: ended(0, nil).findings,
			interrupted: true}, kinds: []string{"interrupted"}},
		"hanging": {first: ended(0, nil), again: &result{findings: ended(0, nil).findings, timedOut: true},
			kinds: []string{"timeout"}},
		"the test succeeded": {first: tested(ended(0, nil), 0), again: tested(ended(0, nil), 0),
			behaved: true},
		"the test decides, not the end": {first: tested(ended(0, nil), 0), again: tested(ended(9, nil), 0),
			behaved: true},
		"the test decides, not a failure": {first: tested(ended(0, nil), 0),
			again: tested(ended(0, refusal), 0), behaved: true, evidence: []audit.Evidence{refused}},
		"the test failed": {first: tested(ended(0, nil), 0), again: tested(ended(0, nil), 1),
			kinds: []string{"test"}},
		"it left its descendants": {first: tested(ended(0, nil), 0), again: &result{
			findings: ended(0, nil).findings, test: exited(0), told: true}, kinds: []string{"stop"}},
		"it had to be killed": {first: tested(ended(0, nil), 0), again: &result{
			findings: ended(0, nil).findings, test: exited(0), told: true, killed: true},
			kinds: []string{"stop"}},
		"as it had been before": {first: &result{findings: ended(0, nil).findings, test: exited(0),
			told: true, killed: true}, again: &result{findings: ended(0, nil).findings, test: exited(0),
			told: true, killed: true}, behaved: true},
		"the test was killed": {first: tested(ended(0, nil), 0),
			again: &result{findings: ended(0, nil).findings, test: killed}, kinds: []string{"test"}},
	} {
		t.Run(name, func(t *testing.T) {
			trial := compare(c.first, c.again, 0b110, 0)
			if trial.Behaved != c.behaved || trial.Set != 0b110 || trial.Without != 0 {
				t.Errorf("%+v", trial)
			}
			if c.kinds != nil {
				var kinds []string
				for _, e := range trial.Evidence {
					kinds = append(kinds, e.Kind)
				}
				if diff := cmp.Diff(c.kinds, kinds); diff != "" {
					t.Errorf("kinds of evidence (-want +got):\n%s", diff)
				}
			} else if diff := cmp.Diff(c.evidence, trial.Evidence); diff != "" {
				t.Errorf("evidence (-want +got):\n%s", diff)
			}
		})
	}
}

// What was not seen cannot be called the same.
func TestRepetitionWithLosses(t *testing.T) {
	whole := &result{findings: &audit.Findings{}}
	lossy := &result{findings: &audit.Findings{Losses: audit.Losses{Checks: 1}}}
	trial := compare(whole, lossy, 0, -1)
	if trial.Behaved || len(trial.Evidence) != 1 || trial.Evidence[0].Kind != "lost" {
		t.Errorf("%+v", trial)
	}
	// verbose lines are no part of the account
	if lossy.findings.Losses = (audit.Losses{Events: 1}); !compare(whole, lossy, 0, -1).Behaved {
		t.Error("lost lines count")
	}
}

func TestPatience(t *testing.T) {
	for first, least := range map[time.Duration]time.Duration{0: time.Second, time.Minute: 2 * time.Minute,
		time.Hour: time.Hour} {
		if got := patience(first); got < least {
			t.Errorf("after a run of %s only %s", first, got)
		}
	}
}

func TestSetText(t *testing.T) {
	for set, want := range map[uint64]string{0: "no capability", 1: "chown",
		1<<13 | 1<<10: "net_bind_service, net_raw"} {
		if got := setText(set); got != want {
			t.Errorf("setText(%#x) = %q, want %q", set, got, want)
		}
	}
}
