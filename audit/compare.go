package audit

import (
	"cmp"
	"fmt"
	"slices"
)

// Refusal is a need that was refused in one system call.
type Refusal struct {
	Capability int
	Syscall    Syscall
	Checks     uint64
	// Failures are the ways in which calls that contained one failed.
	Failures []SyscallOutcome
}

// Proof is what repeating the run showed.
type Proof struct {
	// Verification is the run with exactly the recommended set.
	Verification *Trial
	// Trials are the runs with one capability less, by number.
	Trials []Trial
	// Minimal is the run without any of the capabilities that no trial showed
	// to be needed; nil when there were none to leave out.
	Minimal *Trial
	// Skipped says why no run was repeated, "" if runs were.
	Skipped string
}

// Trial is one repetition with a smaller set.
type Trial struct {
	// Set is what the program was allowed, bit n for capability number n.
	Set uint64
	// Without is the capability left out, -1 for none in particular.
	Without int
	// Behaved: as in the first run, by the exit status or by the test.
	Behaved bool
	// Evidence says what was seen: what differed if it did not behave.
	Evidence []Evidence
}

// Tried is false where the user did not wait for it.
func (t *Trial) Tried() bool {
	return !slices.ContainsFunc(t.Evidence, func(e Evidence) bool { return e.Kind == "interrupted" })
}

// Evidence is one fact about a repetition.
type Evidence struct {
	// Kind is "status", "test", "timeout", "start" (it could not even be
	// executed), "refused", "lost" or "interrupted".
	Kind string
	// Capability is -1 where the fact is about none.
	Capability int
	Syscall    Syscall
	// Return is the failure of the system call, 0 for a success.
	Return int
	Text   string
}

// Ending says in words how a run ended.
func (a Application) Ending() string {
	switch {
	case !a.Ended:
		return "was still running"
	case a.Signal != 0:
		return fmt.Sprintf("was terminated by signal %d", a.Signal)
	}
	return fmt.Sprintf("exited with status %d", a.Status)
}

// Compare lists what a repetition did otherwise than the first run: its end,
// and system calls that failed because a capability was refused and had not
// failed like that before. An empty list means that it behaved.
func Compare(first, again *Findings) []Evidence {
	var list []Evidence
	if a, b := first.Application.Ending(), again.Application.Ending(); a != b {
		list = append(list, Evidence{Kind: "status", Capability: -1,
			Text: fmt.Sprintf("the program %s; before, it %s", b, a)})
	}
	return append(list, NewFailures(first, again)...)
}

// NewFailures lists system calls of the second run that failed with a refused
// capability in a way in which none did in the first.
func NewFailures(first, again *Findings) []Evidence {
	type failure struct {
		capability int
		syscall    Syscall
		ret        int
	}
	known := map[failure]bool{}
	for _, r := range first.Refusals {
		for _, o := range r.Failures {
			known[failure{r.Capability, o.Syscall, o.Return}] = true
		}
	}
	var list []Evidence
	for _, r := range again.Refusals {
		for _, o := range r.Failures {
			if o.Class == Interrupted || known[failure{r.Capability, o.Syscall, o.Return}] {
				continue
			}
			list = append(list, Evidence{Kind: "refused", Capability: r.Capability, Syscall: o.Syscall,
				Return: o.Return})
		}
	}
	return list
}

// NewRefusals lists needs refused in the second run that were not in the first,
// whether or not the system call failed.
func NewRefusals(first, again *Findings) []Evidence {
	type place struct {
		capability int
		syscall    Syscall
	}
	known := map[place]bool{}
	for _, r := range first.Refusals {
		known[place{r.Capability, r.Syscall}] = true
	}
	var list []Evidence
	for _, r := range again.Refusals {
		if known[place{r.Capability, r.Syscall}] {
			continue
		}
		e := Evidence{Kind: "refused", Capability: r.Capability, Syscall: r.Syscall}
		if len(r.Failures) > 0 {
			e.Return = r.Failures[0].Return
		}
		list = append(list, e)
	}
	return list
}

// refusals collects the refused needs of all capabilities.
func (a *analysis) refusals() []Refusal {
	var list []Refusal
	for n, l := range a.caps {
		checks := map[Syscall]uint64{}
		for _, row := range l.needRows {
			if row.Verdict != Granted {
				checks[row.Syscall] += row.Count
			}
		}
		for s, count := range checks {
			list = append(list, Refusal{n, s, count, a.outcomes(n, func(o Outcome) bool {
				return o.Verdict != Granted && o.Syscall == s && o.Return < 0
			})})
		}
	}
	slices.SortFunc(list, func(a, b Refusal) int {
		return cmp.Or(cmp.Compare(a.Capability, b.Capability), compareSyscalls(a.Syscall, b.Syscall))
	})
	return list
}
