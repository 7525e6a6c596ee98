package session

import (
	"errors"
	"fmt"
	"time"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/tracer"
)

// patience is how much longer than the first run a repetition may take before
// it counts as hanging.
func patience(first time.Duration) time.Duration { return 10*time.Second + 3*first }

// prove repeats the run with smaller sets and writes into the first run's
// findings what that showed.
func (s *session) prove(first *result) error {
	f := first.findings
	f.Proof = &audit.Proof{}
	if f.Proof.Skipped = unrepeatable(first); f.Proof.Skipped != "" {
		console.Warningf("not verified: %s", f.Proof.Skipped)
		return nil
	}
	return (&prover{session: s, first: first, run: s.run}).prove()
}

// unrepeatable says why a run cannot be compared with, "" if it can.
func unrepeatable(first *result) string {
	switch f := first.findings; {
	case first.interrupted:
		return "the run was interrupted, so there is no natural end to compare with; --test COMMAND can " +
			"exercise and end it"
	case first.cut:
		return "--duration or --until-idle ended the run, so there is no natural end to compare with; " +
			"--test COMMAND can exercise and end it"
	case f.TestFailed != "":
		return f.TestFailed + " already in the first run"
	case f.StillRunning > 0:
		return "descendants were still running; --follow waits for them"
	}
	return ""
}

// prover repeats a run.
type prover struct {
	*session
	first *result
	run   func(attempt) (*result, error) // the session's
	// references are runs with all capabilities, made when their output is wanted;
	// unlike says how one did not even end like the first, varies that they could
	// not be compared with.
	references []*result
	unlike     string
	varies     bool
	// tried is the last trial's run, last the last of any kind. One that was killed may have left something
	// behind that spoils the next; spoilt says what, once that has shown.
	tried, last *result
	spoilt      string
}

func (p *prover) prove() error {
	proof := p.first.findings.Proof
	set, err := p.verify()
	if err != nil || !p.Minimize || !proof.Verification.Behaved {
		return err
	}
	minimal, verified := set, p.tried.findings
	for _, n := range capng.Numbers(set) {
		trial, err := p.try(set&^(1<<n), n)
		if err != nil {
			return err
		}
		p.judge(trial, verified)
		proof.Trials = append(proof.Trials, *trial)
		if trial.Spare() {
			minimal &^= 1 << n
		}
	}
	if minimal == set {
		return nil
	}
	// what was not needed one by one may be needed together: one capability can stand in for another
	proof.Minimal, err = p.try(minimal, -1)
	return err
}

// judge finds reasons to keep a capability without which the program behaved.
func (p *prover) judge(t *audit.Trial, verified *audit.Findings) {
	if !t.Behaved {
		return
	}
	t.GivesUp = p.first.findings.GivesUp(t)
	missing := audit.NotAsked(p.first.findings, t.Without, verified, p.tried.findings)
	t.NotAsked = len(missing) > 0
	t.Evidence = append(t.Evidence, missing...)
}

// mostRuns is how often a set is tried: each time it has grown by one of the
// 41 capabilities or more.
const mostRuns = 41

// verify repeats the run with the recommended set. A refusal that the first run
// had not shows what that set lacks; it grows until the program behaves or
// nothing new comes. What it grew by and was refused all the same is taken back.
func (p *prover) verify() (set uint64, err error) {
	proof := p.first.findings.Proof
	set = p.first.findings.Recommended()
	for {
		trial, err := p.settled(set)
		if err != nil {
			return set, err
		}
		grown := set
		switch {
		case trial.Behaved:
			if proof.TakeBack(p.tried.findings) {
				grown = p.first.findings.Recommended()
			}
		case trial.Tried() && len(proof.Growth) < mostRuns-1:
			grown = proof.Grow(trial)
		}
		if grown == set {
			proof.Verify(trial)
			return p.first.findings.Recommended(), p.findLeftBehind()
		}
		set = grown
	}
}

// findLeftBehind tells a need of the program from one of whoever runs it again.
func (p *prover) findLeftBehind() error {
	proof := p.first.findings.Proof
	if !proof.Verification.Behaved || len(proof.Added) == 0 {
		return nil
	}
	ok, err := p.refer(1)
	if ok {
		proof.Find(p.first.findings, p.references[0].findings)
	}
	return err
}

// settled tries a set, and once more where a run did not behave that was refused
// nothing but what the first run had been: it may have been chance.
func (p *prover) settled(set uint64) (*audit.Trial, error) {
	trial, err := p.try(set, -1)
	if err != nil || !trial.OnlyAlike() {
		return trial, err
	}
	p.lines.Print("[*] It did not behave the same, though refused only what it had been before: once more")
	return p.try(set, -1)
}

// try repeats the run with the set and compares.
func (p *prover) try(set uint64, without int) (*audit.Trial, error) {
	untried := func(kind, why string) *audit.Trial {
		return &audit.Trial{Set: set, Without: without,
			Evidence: []audit.Evidence{{Kind: kind, Capability: -1, Text: why}}}
	}
	if p.signals.asked() {
		return untried("interrupted", "the user interrupted the audit before this run"), nil
	}
	if err := p.checkSound(); err != nil {
		return nil, err
	}
	if p.spoilt != "" {
		return untried("spoilt", p.spoilt), nil
	}
	if without >= 0 {
		p.lines.Print("[*] Running again without %s...", capng.Name(without))
	} else {
		p.lines.Print("[*] Running again with %s...", setText(set))
	}
	r, err := p.repeat(set)
	if cannotStart(err) {
		return untried("start", err.Error()), nil
	}
	if err != nil {
		return nil, err
	}
	p.tried = r
	t := compare(p.first, r, set, without)
	// where nothing is traced, any run may have been refused something
	if p.Test == "" && (t.Open() || p.Untraced && t.Behaved) {
		err = p.byOutput(t, r)
	}
	if err == nil && p.Untraced && t.Behaved {
		err = p.byIdentity(t, r)
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

// byOutput judges a run that ended like the first by what it wrote.
func (p *prover) byOutput(t *audit.Trial, r *result) error {
	likeness, err := p.likeness(r.output)
	if likeness.Difference != "" {
		likeness, err = p.reproduced(r.output, t.Set)
	}
	p.varies = p.varies || !likeness.Known
	if err == nil {
		t.Weigh(likeness)
	}
	return err
}

// cannotStart: the program could not even be executed with a set. Other errors are
// ours, and say nothing about the program.
func cannotStart(err error) bool {
	var start *tracer.StartError
	return errors.As(err, &start)
}

func (p *prover) repeat(set uint64) (*result, error) {
	r, err := p.run(attempt{allowed: set, repetition: true, limit: patience(p.first.took)})
	if err == nil {
		p.last = r
	}
	return r, err
}

// checkSound finds out whether something is left behind by a run that had to be
// killed, such as a lock or a socket, as far as a run with all capabilities shows.
func (p *prover) checkSound() error {
	if p.last != nil && p.last.abandoned {
		p.spoilt = "what the last run left behind could not be ended"
	}
	if p.spoilt != "" || p.last == nil || !p.last.killed {
		return nil
	}
	p.lines.Print("[*] Running again with all capabilities, since the last run had to be killed...")
	r, err := p.repeat(everything)
	switch {
	case cannotStart(err):
		p.spoilt = err.Error()
	case err != nil:
		return err
	case r.interrupted:
		p.spoilt = "the user interrupted the run before, with all capabilities"
	default:
		if t := compare(p.first, r, everything, -1); !t.Behaved && (p.Test != "" || !t.EndedAlike()) {
			p.spoilt = "since a run before had to be killed, the program does not behave with all " +
				"capabilities either: " + t.Evidence[0].Text
		}
	}
	return nil
}

// likeness compares an output with that of a run with all capabilities, and of
// another where they differ. What the first run wrote went to the user.
func (p *prover) likeness(output audit.Output) (audit.Likeness, error) {
	if ok, err := p.refer(1); !ok {
		return audit.Likeness{}, err
	}
	likeness := p.closest(output.Likeness)
	if likeness.Difference == "" {
		return likeness, nil
	}
	if ok, err := p.refer(2); !ok {
		return audit.Likeness{}, err
	}
	return p.closest(output.Likeness), nil
}

// closest compares with each two references: what differs in any of them is chance.
func (p *prover) closest(compare func(a, b audit.Output) audit.Likeness) (closest audit.Likeness) {
	for _, reference := range p.references {
		closest = compare(p.references[0].output, reference.output)
		if closest.Difference == "" {
			break
		}
	}
	return closest
}

// reproduced repeats a run whose output alone differed: chance, such as the line of
// another process in a list, does not come twice.
func (p *prover) reproduced(output audit.Output, set uint64) (audit.Likeness, error) {
	if p.signals.asked() {
		return audit.Likeness{}, nil
	}
	p.lines.Print("[*] Running the same again, since the output differed...")
	r, err := p.repeat(set)
	switch {
	case cannotStart(err):
		return audit.Likeness{}, nil
	case err != nil:
		return audit.Likeness{}, err
	case !compare(p.first, r, set, -1).EndedAlike():
		return audit.Likeness{}, nil
	}
	// what has changed since the last reference was made shows in a new one
	if ok, err := p.refer(len(p.references) + 1); !ok {
		return audit.Likeness{}, err
	}
	return p.closest(func(a, b audit.Output) audit.Likeness { return output.Reproduced(r.output, a, b) }), nil
}

// refer sees to n runs with all capabilities; ok: they ended like the first.
func (p *prover) refer(n int) (ok bool, err error) {
	for len(p.references) < n {
		if p.unlike != "" || p.signals.asked() {
			return false, nil
		}
		p.lines.Print("[*] Running again with all capabilities, to compare with...")
		r, err := p.repeat(everything)
		if err != nil && !cannotStart(err) {
			return false, err
		}
		if err != nil {
			p.unlike = err.Error()
			return false, nil
		}
		if t := compare(p.first, r, everything, -1); !t.EndedAlike() {
			p.unlike = t.Evidence[0].Text
			return false, nil
		}
		p.references = append(p.references, r)
	}
	return true, nil
}

// compare says whether a repetition behaved as the first run.
func compare(first, again *result, set uint64, without int) *audit.Trial {
	t := &audit.Trial{Set: set, Without: without}
	fact := func(kind, format string, args ...any) {
		t.Evidence = append(t.Evidence, audit.Evidence{Kind: kind, Capability: -1,
			Text: fmt.Sprintf(format, args...)})
	}
	switch {
	case again.interrupted:
		fact("interrupted", "the user interrupted this run")
	case again.timedOut:
		fact("timeout", "it had not ended after %s, while the first run took %s",
			patience(first.took).Round(time.Second), first.took.Round(time.Millisecond))
		t.Evidence = append(t.Evidence, audit.News(first.findings, again.findings, set)...)
	case again.test != nil:
		if status := again.test.ExitStatus(); status != 0 {
			fact("test", "the test exited with status %d", status)
		} else {
			t.Behaved = true
		}
		switch {
		case again.killed && !first.killed:
			fact("stop", "asked to end, it had not after %s, and was killed", endGrace)
			t.Behaved = false
		case again.told && !first.told:
			fact("stop", "asked to end, it did not end its descendants, as it had before")
			t.Behaved = false
		}
		t.Evidence = append(t.Evidence, audit.News(first.findings, again.findings, set)...)
	default:
		t.Evidence, t.Behaved = audit.Compare(first.findings, again.findings, set)
		if n := again.findings.StillRunning; n > 0 && again.findings.Untraced() {
			fact("stop", "it left %d descendants running, as it had not before", n)
			t.Behaved = false
		}
	}
	if !t.Behaved && !t.Refused() {
		t.Evidence = append(t.Evidence, audit.Alike(again.findings, set)...)
	}
	if again.findings.Losses.Any() {
		t.Behaved = false
		fact("lost", "part of this run was not recorded")
	}
	return t
}

func setText(set uint64) string {
	if set == 0 {
		return "no capability"
	}
	return capng.Text(set)
}
