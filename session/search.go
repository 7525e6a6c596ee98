package session

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/hint"
	"github.com/cap-audit/cap-audit/tracer"
)

// search finds the set by repetitions alone, where nothing is traced: it takes
// capabilities away from a run that lacked none, as long as that behaves.
type search struct {
	*prover
	// have is what the caller can take away.
	have  uint64
	proof *audit.Proof
}

// search writes what it found into the first run's findings. Without an answer
// there is no report: an empty one would look like that of a program that needs
// nothing.
func (s *session) search(first *result) error {
	have, err := tracer.Takeable()
	if err != nil {
		return err
	}
	proof := &audit.Proof{}
	first.findings.Proof = proof
	f := &search{prover: &prover{session: s, first: first, run: s.run}, have: have, proof: proof}
	return f.find()
}

// noAnswer is the end of a search that found nothing.
func noAnswer(why string) error {
	return fmt.Errorf("without tracing only repetitions tell what the command needs, and these tell "+
		"nothing: %s", why)
}

// find has what was needed confirmed: what fails by chance, in each run with the
// same probability, comes to a set at the most one time in thousands.
func (s *search) find() error {
	if why := unrepeatable(s.first); why != "" {
		return noAnswer(why)
	}
	if err := s.control(); err != nil {
		return err
	}
	s.proof.Verification = &audit.Trial{Set: s.have, Without: -1, Behaved: true}
	// the most common case is the cheapest
	least, err := s.settled(0, -1)
	if err == nil && !least.Behaved {
		if least, err = s.oneByOne(); err == nil {
			err = s.confirm(least.Set)
		}
	}
	if err != nil {
		return err
	}
	if least != s.proof.Verification {
		s.proof.Minimal = least
	}
	if s.varies {
		s.note("varies", "its output is not the same in two runs that lack nothing, so the exit status "+
			"decided alone")
	}
	s.first.findings.Repeated(least.Set)
	return nil
}

// control repeats the run with all that the caller has. What does not behave even
// so cannot be compared with.
func (s *search) control() error {
	ok, err := s.refer(len(s.references) + 1)
	switch {
	case err != nil || ok:
		return err
	case s.signals.asked():
		return noAnswer("the user interrupted them")
	}
	return hint.Add(noAnswer("run again with all it had, it did not behave the same: "+s.unlike),
		"have it, or --test, undo what the run before did")
}

// confirm has the program fail once more without each capability of the set, and
// behave with all. Those that were put back are left out of the set itself, which
// takes the place of the run in which another stood in for them.
func (s *search) confirm(set uint64) error {
	if set == 0 {
		return differs("no capability")
	}
	for i := range s.proof.Trials {
		t := &s.proof.Trials[i]
		if set>>t.Without&1 == 0 {
			continue
		}
		lacking := t.Set
		if t.Behaved {
			lacking = set &^ (1 << t.Without)
		}
		again, err := s.attempt(lacking, t.Without)
		switch {
		case err != nil:
			return err
		case again.Behaved:
			return differs("all but " + capng.Name(t.Without))
		case t.Behaved:
			*t = *again
		}
	}
	return s.control()
}

// differs is the end where a set behaved that had not before.
func differs(with string) error {
	return noAnswer("the command does not do the same each time: with " + with +
		" it behaved, and had not before")
}

func (s *search) note(kind, text string) {
	s.proof.Verification.Evidence = append(s.proof.Verification.Evidence,
		audit.Evidence{Kind: kind, Capability: -1, Text: text})
}

// oneByOne leaves out each capability, and then all that could be.
func (s *search) oneByOne() (*audit.Trial, error) {
	needed := s.have
	for _, n := range capng.Numbers(s.have) {
		trial, err := s.settled(s.have&^(1<<n), n)
		if err != nil {
			return nil, err
		}
		s.proof.Trials = append(s.proof.Trials, *trial)
		if trial.Behaved {
			needed &^= 1 << n
		}
	}
	if needed == s.have {
		return s.proof.Verification, nil
	}
	return s.together(needed)
}

// together finds a set that behaves. One capability can stand in for another, so
// that of those which were not needed one by one some are needed together: these
// are put back, found by halving.
func (s *search) together(needed uint64) (*audit.Trial, error) {
	spare := broadestFirst(s.have &^ needed)
	for {
		trial, err := s.settled(needed, -1)
		if err != nil || trial.Behaved {
			return trial, err
		}
		s.proof.Growth = append(s.proof.Growth, *trial)
		if len(spare) == 0 {
			return nil, noAnswer("it did not behave with a set with which it had behaved before: " +
				trial.Evidence[0].Text)
		}
		// it behaves with those from low on, and not with those from high on
		low, high := 0, len(spare)
		for high-low > 1 {
			middle := (low + high) / 2
			trial, err := s.settled(needed|setOf(spare[middle:]), -1)
			switch {
			case err != nil:
				return nil, err
			case trial.Behaved:
				low = middle
			default:
				high = middle
			}
		}
		needed |= 1 << spare[low]
		spare = spare[high:]
	}
}

// broadestFirst has those first that are better left out, where another will do.
func broadestFirst(set uint64) []int {
	list := capng.Numbers(set)
	slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(audit.Breadth(b), audit.Breadth(a)) })
	return list
}

func setOf(list []int) (set uint64) {
	for _, n := range list {
		set |= 1 << n
	}
	return set
}

// settled is an attempt, and where chance may be the reason why it did not behave,
// a control run and another attempt. An output or a process that differed has been
// seen twice already, and checkSound controls after a run that had to be killed.
func (s *search) settled(set uint64, without int) (*audit.Trial, error) {
	trial, err := s.attempt(set, without)
	if err != nil || trial.Behaved || !slices.Contains([]string{"status", "test", "stop"},
		trial.Evidence[0].Kind) {
		return trial, err
	}
	s.lines.Print("[*] It did not behave the same: once more, since that may have been chance")
	if err := s.control(); err != nil {
		return nil, err
	}
	return s.attempt(set, without)
}

// attempt repeats the run with a set, and has to come to an answer.
func (s *search) attempt(set uint64, without int) (*audit.Trial, error) {
	trial, err := s.try(set, without)
	if err == nil && !trial.Tried() {
		err = noAnswer(trial.Evidence[0].Text)
	}
	return trial, err
}

// byIdentity judges a run that behaved by who its processes were.
func (p *prover) byIdentity(t *audit.Trial, r *result) error {
	before, now := p.otherwise(t.Set, r)
	if before == nil && now == nil {
		return nil
	}
	if ok, err := p.refer(2); !ok {
		return err
	}
	p.lines.Print("[*] Running the same again, since a process was not who it had been...")
	again, err := p.repeat(t.Set)
	if err != nil && !cannotStart(err) {
		return err
	}
	if err == nil {
		if before, now = p.otherwise(t.Set, again); before == nil && now == nil {
			return nil
		}
	}
	t.Behaved = false
	t.Evidence = append(t.Evidence, audit.Evidence{Kind: "identity", Capability: -1,
		Text: identityText(before, now)})
	return nil
}

func (p *prover) otherwise(set uint64, r *result) (before, now *audit.Identity) {
	full := [][]audit.Identity{p.first.identities}
	for _, reference := range p.references {
		full = append(full, reference.identities)
	}
	return audit.Otherwise(set, r.identities, full...)
}

// identityText says how a process was another one.
func identityText(before, now *audit.Identity) string {
	if before == nil {
		return fmt.Sprintf("a process of %s was there at the end, as user %s, that had not been before",
			now.Program, short(now.Users))
	}
	if now == nil {
		return fmt.Sprintf("no process of %s was there at the end, as user %s, as had been before",
			before.Program, short(before.Users))
	}
	var list []string
	for _, d := range []struct{ what, now, before string }{
		{"user", short(now.Users), short(before.Users)},
		{"group", short(now.Groups), short(before.Groups)},
		{"supplementary groups", orNone(now.Supplementary), orNone(before.Supplementary)},
		{"permitted set", few(now.Permitted), few(before.Permitted)},
		{"effective set", few(now.Effective), few(before.Effective)},
		{"inheritable set", few(now.Inheritable), few(before.Inheritable)},
		{"bounding set", few(now.Bounding), few(before.Bounding)},
		{"ambient set", few(now.Ambient), few(before.Ambient)},
		{"no_new_privs", now.NoNewPrivs, before.NoNewPrivs},
		{"seccomp mode", now.Seccomp, before.Seccomp},
		{"root directory", orNone(now.Root), orNone(before.Root)},
	} {
		if d.now != d.before {
			list = append(list, fmt.Sprintf("%s %s in the place of %s", d.what, d.now, d.before))
		}
	}
	return fmt.Sprintf("at the end a process of %s had %s", now.Program, strings.Join(list, ", "))
}

// few is a set by its names, or how many they are.
func few(set uint64) string {
	if n := bits.OnesCount64(set); n > 4 {
		return fmt.Sprintf("of %d capabilities", n)
	}
	return capng.Text(set)
}

// short is one ID where all four are the same.
func short(ids string) string {
	list := slices.Compact(strings.Fields(ids))
	return strings.Join(list, " ")
}

func orNone(text string) string { return cmp.Or(text, "none") }
