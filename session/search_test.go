package session

import (
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
)

// searched is a search in which the program exits with 0 where a set has what it
// needs. It counts the runs.
func searched(t *testing.T, have uint64, needs func(set uint64, nth int) bool) (s *search, runs *int) {
	t.Helper()
	untraced := func(status int) *result {
		return &result{findings: &audit.Findings{Application: audit.Application{Ended: true, Status: status},
			BlindSpots: []audit.BlindSpot{{Kind: audit.BlindUntraced}}}}
	}
	runs = new(int)
	p := scripted(t, untraced(0), nil)
	p.Untraced = true
	p.run = func(at attempt) (*result, error) {
		if *runs++; *runs > 200 {
			t.Fatal("there is no end to the runs")
		}
		if needs(at.allowed, *runs) {
			return untraced(0), nil
		}
		return untraced(1), nil
	}
	return &search{prover: p, have: have, proof: p.first.findings.Proof}, runs
}

// The set that is found has been run, and nothing can be taken from it.
func TestSearch(t *testing.T) {
	const (
		chown    = 1 << unix.CAP_CHOWN
		override = 1 << unix.CAP_DAC_OVERRIDE
		search   = 1 << unix.CAP_DAC_READ_SEARCH
		admin    = 1 << unix.CAP_SYS_ADMIN
		nice     = 1 << unix.CAP_SYS_NICE
		have     = chown | override | search | admin | nice
	)
	has := func(set, all uint64) bool { return set&all == all }
	for name, c := range map[string]struct {
		needs func(set uint64) bool
		want  uint64
		most  int // runs
	}{
		"nothing":       {func(uint64) bool { return true }, 0, 2},
		"one":           {func(set uint64) bool { return has(set, chown) }, chown, 14},
		"all":           {func(set uint64) bool { return has(set, have) }, have, 25},
		"either of two": {func(set uint64) bool { return set&(override|search) != 0 }, search, 20},
		"one, and either of two, twice": {func(set uint64) bool {
			return has(set, chown) && set&(override|search) != 0 && set&(admin|nice) != 0
		}, chown | search | nice, 30},
		"two or one": {func(set uint64) bool { return has(set, override|admin) || has(set, nice) }, nice, 20},
	} {
		t.Run(name, func(t *testing.T) {
			behaved := map[uint64]bool{}
			s, runs := searched(t, have, func(set uint64, _ int) bool {
				behaved[set&have] = c.needs(set)
				return c.needs(set)
			})
			if err := s.find(); err != nil {
				t.Fatal(err)
			}
			f := s.first.findings
			if f.Recommended() != c.want || !behaved[c.want] || *runs > c.most {
				t.Errorf("%#x after %d runs, wanted %#x after at most %d", f.Recommended(), *runs, c.want,
					c.most)
			}
			if len(f.Required) != bits.OnesCount64(c.want) {
				t.Errorf("required: %+v", f.Required)
			}
		})
	}
}

// What was put back is shown to be needed by a run without it and what it stands in
// for.
func TestSearchInPlace(t *testing.T) {
	s, _ := searched(t, 0b111, func(set uint64, _ int) bool { return set&1 != 0 && set&0b110 != 0 })
	if err := s.find(); err != nil {
		t.Fatal(err)
	}
	var inPlace uint64
	for _, c := range s.first.findings.Required {
		if c.InPlace {
			inPlace |= 1 << c.Number
		}
	}
	if trial := s.proof.Trials[2]; s.first.findings.Recommended() != 0b101 || inPlace != 0b100 ||
		trial.Behaved || trial.Set != 1 {
		t.Errorf("%#x, in place %#x: %+v", s.first.findings.Recommended(), inPlace, trial)
	}
}

// The search ends with no wrong set where each run fails with the same probability,
// but one time in thousands.
func TestSearchOfChance(t *testing.T) {
	const all = 1<<41 - 1
	for _, percent := range []int{1, 5, 10, 20, 25, 33, 50, 75} {
		random, wrong := rand.New(rand.NewPCG(1, uint64(percent))), 0
		for range 3000 {
			s, _ := searched(t, all, func(uint64, int) bool { return random.IntN(100) >= percent })
			if s.find() == nil && s.first.findings.Recommended() != 0 {
				wrong++
			}
		}
		if wrong > 3 {
			t.Errorf("where %d %% of runs fail, %d of 3000 searches end with a set", percent, wrong)
		}
	}
}

// A failure of chance adds nothing, and a search that comes to no answer is an
// error.
func TestSearchAndChance(t *testing.T) {
	for name, c := range map[string]struct {
		needs func(set uint64, nth int) bool
		want  uint64
		fails string
	}{
		// the runs are: with all, with none, with all, with none, without the first, ...
		"once": {func(set uint64, nth int) bool { return set&0b10 != 0 && nth != 5 || set == everything },
			0b10, ""},
		"not repeatable": {func(uint64, int) bool { return false }, 0,
			"did not behave the same: the program exited"},
		"not for long": {func(set uint64, nth int) bool { return set == everything || nth == 5 || nth == 6 },
			0, "it did not behave with a set with which it had behaved before"},
		"not with all": {func(set uint64, nth int) bool { return set&0b10 != 0 && nth < 8 }, 0,
			"did not behave the same: the program exited"},
		"with less, later": {func(set uint64, nth int) bool { return set&0b10 != 0 || nth > 9 }, 0,
			"with all but dac_override it behaved, and had not before"},
		"with none, later": {func(set uint64, nth int) bool { return set&0b11 != 0 || nth > 4 }, 0,
			"with no capability it behaved, and had not before"},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := searched(t, 0b11, c.needs)
			err := s.find()
			switch {
			case c.fails == "" && (err != nil || s.first.findings.Recommended() != c.want):
				t.Errorf("%#x, %v", s.first.findings.Recommended(), err)
			case c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)):
				t.Errorf("%v, wanted %q", err, c.fails)
			}
		})
	}
}

func TestSearchInterrupted(t *testing.T) {
	for nth := 1; nth < 5; nth++ {
		var s *search
		s, _ = searched(t, 0b11, func(set uint64, n int) bool {
			if n == nth {
				s.signals.count++
			}
			return set != 0
		})
		if err := s.find(); err == nil || !strings.Contains(err.Error(), "interrupted") {
			t.Errorf("interrupted in run %d: %v", nth, err)
		}
	}
}

// A daemon that goes on with privileges that it was to give up fails.
func TestSearchByIdentity(t *testing.T) {
	const setgid = 1 << unix.CAP_SETGID
	s, _ := searched(t, setgid|1, func(uint64, int) bool { return true })
	play := s.run
	who := func(set uint64) []audit.Identity {
		id := audit.Identity{Program: "squid", Users: "13 13 13 13", Groups: "13 13 13 13", Root: "/"}
		if set&setgid == 0 {
			id.Groups = "0 0 0 0"
		}
		return []audit.Identity{id}
	}
	s.run = func(at attempt) (*result, error) {
		r, err := play(at)
		r.identities = who(at.allowed)
		return r, err
	}
	s.first.identities = who(everything)
	if err := s.find(); err != nil || s.first.findings.Recommended() != setgid {
		t.Fatalf("%#x, %v", s.first.findings.Recommended(), err)
	}
	want := []audit.Evidence{{Kind: "identity", Capability: -1,
		Text: "at the end a process of squid had group 0 in the place of 13"}}
	if diff := cmp.Diff(want, s.proof.Trials[1].Evidence); diff != "" {
		t.Error(diff)
	}
}
