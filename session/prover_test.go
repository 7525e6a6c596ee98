package session

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/tracer"
)

// scripted is a prover whose repetitions come to these ends, one after the other.
func scripted(t *testing.T, first *result, play func(nth int, at attempt) (*result, error)) *prover {
	t.Helper()
	first.findings.Proof = &audit.Proof{}
	runs := 0
	p := &prover{session: &session{signals: &signals{}, lines: console.NewLines(io.Discard)}, first: first}
	p.run = func(at attempt) (*result, error) {
		if runs++; runs > 20 {
			t.Fatal("there is no end to the runs")
		}
		return play(runs, at)
	}
	return p
}

// opened is a run whose test ended so, with checks for dac_override in open(2).
func opened(status int, verdicts ...audit.Verdict) *result {
	open := audit.Syscall{Number: 2, Name: "open"}
	f := &audit.Findings{Application: audit.Application{Ended: true}}
	for _, v := range verdicts {
		if v == audit.Granted {
			f.Grants = append(f.Grants, audit.Grant{Capability: unix.CAP_DAC_OVERRIDE, Syscall: open})
			continue
		}
		f.Refusals = append(f.Refusals, audit.Refusal{Capability: unix.CAP_DAC_OVERRIDE, Syscall: open,
			Checks: 1, Failures: []audit.SyscallOutcome{{Syscall: open, Class: audit.PermissionFailure,
				Return: -13, Count: 1}}})
	}
	return &result{findings: f, test: exited(status)}
}

// A capability that is only ever refused never gets into the set, however the
// program's end varies.
func TestVerify(t *testing.T) {
	const bit = 1 << unix.CAP_DAC_OVERRIDE
	refused, granted := audit.Refused, audit.Granted
	for name, c := range map[string]struct {
		first *result
		runs  []*result // the last one again and again
		want  uint64
		tries int
		fails bool
	}{
		"it behaves": {first: opened(0, refused), runs: []*result{opened(0, refused)}, tries: 1},
		"a flake": {first: opened(0, refused), tries: 2,
			runs: []*result{opened(1, refused), opened(0, refused)}},
		"two flakes": {first: opened(0, refused), tries: 4, runs: []*result{opened(1, refused),
			opened(1, refused), opened(0, refused)}},
		"a flake with a new refusal": {first: opened(0), tries: 3,
			runs: []*result{opened(1, refused), opened(0, refused), opened(0)}},
		// the last run has all capabilities: whether an earlier one left something behind
		"needed, hidden behind one refused alike": {first: opened(0, refused), want: bit, tries: 4,
			runs: []*result{opened(1, refused), opened(1, refused), opened(0, refused, granted)}},
		"needed": {first: opened(0), want: bit, tries: 3,
			runs: []*result{opened(1, refused), opened(0, granted)}},
		"it fails for another reason": {first: opened(0, refused), runs: []*result{opened(1, refused)},
			tries: 3, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			tries := 0
			p := scripted(t, c.first, func(nth int, _ attempt) (*result, error) {
				tries = nth
				return c.runs[min(nth, len(c.runs))-1], nil
			})
			p.Test = "true"
			set, err := p.verify()
			verified := p.first.findings.Proof.Verification
			if err != nil || set != c.want || tries != c.tries || verified.Behaved == c.fails ||
				!c.fails && verified.Set != c.want {
				t.Errorf("set %#x after %d runs: %+v, %v", set, tries, verified, err)
			}
		})
	}
}

// Only that the program cannot be started is about the program.
func TestErrorsOfRepetitions(t *testing.T) {
	ours := errors.New("pipe for the output: too many open files")
	start := &tracer.StartError{Path: "x", Status: 126, Text: "not permitted"}
	killed := opened(0)
	killed.killed = true
	for name, c := range map[string]struct {
		err   error
		last  *result
		kind  string
		fails bool
	}{
		"it cannot be started":             {start, nil, "start", false},
		"wrapped":                          {fmt.Errorf("run: %w", start), nil, "start", false},
		"another error":                    {ours, nil, "", true},
		"it cannot be started, spoilt":     {start, killed, "spoilt", false},
		"another error when looking after": {ours, killed, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			p := scripted(t, opened(0), func(int, attempt) (*result, error) { return nil, c.err })
			p.last = c.last
			trial, err := p.try(0, 0)
			switch {
			case c.fails:
				if !errors.Is(err, c.err) || trial != nil {
					t.Errorf("%+v, %v", trial, err)
				}
			case err != nil || trial.Behaved || trial.Evidence[0].Kind != c.kind:
				t.Errorf("%+v, %v", trial, err)
			}
		})
	}
	// so it is where a run is only to compare the output with
	p := scripted(t, opened(0), func(int, attempt) (*result, error) { return nil, ours })
	if ok, err := p.refer(1); ok || !errors.Is(err, ours) {
		t.Errorf("%t, %v", ok, err)
	}
}
