package audit

import (
	"crypto/sha256"
	"strings"
	"testing"
	"unicode"
)

// wrote is what came to standard output, of which the first 40 bytes are kept.
func wrote(text string) Output {
	s := Stream{Head: []byte(text), Sum: sha256.Sum256([]byte(text))}
	s.Head = s.Head[:min(len(s.Head), 40)]
	return Output{Stdout: s}
}

func TestLikeness(t *testing.T) {
	long := strings.Repeat("line\n", 8)
	for name, c := range map[string]struct {
		run, a, b string
		want      Likeness
	}{
		"the same": {"x\n", "x\n", "x\n", Likeness{Known: true}},
		"another line": {"x\ny\n", "x\nz\n", "x\nz\n",
			Likeness{true, `standard output differs in line 2: "y" in the place of "z"`}},
		"a line more": {"x\ny\n", "x\n", "x\n", Likeness{true, `standard output differs in line 2: "y" is new`}},
		"a line less": {"x\n", "x\ny\n", "x\ny\n",
			Likeness{true, `standard output differs in line 2: "y" is missing`}},
		"nothing": {"", "x\n", "x\n",
			Likeness{true, `standard output differs in line 1: "x" is missing`}},
		"a number that varies": {"at 12:03\n", "at 12:01\n", "at 12:02\n", Likeness{Known: true}},
		"words beside a number that varies": {"no 12:03\n", "at 12:01\n", "at 12:02\n",
			Likeness{true, `standard output differs in line 1: "no 12:03" in the place of "at 12:01"`}},
		"a number that does not vary": {"at 3\n", "at 1\n", "at 1\n",
			Likeness{true, `standard output differs in line 1: "at 3" in the place of "at 1"`}},
		"a line that varies": {"x\nc\n", "x\na\n", "x\nb\n", Likeness{Known: true}},
		"another line than one that varies": {"y\nc\n", "x\na\n", "x\nb\n",
			Likeness{true, `standard output differs in line 1: "y" in the place of "x"`}},
		"as many lines as ever": {"x\n", "x\ny\n", "x\n", Likeness{Known: true}},
		"lines come and go":     {"x\nz\nz\n", "x\ny\n", "x\n", Likeness{}},
		"what is not kept": {long + "y", long + "x", long + "x",
			Likeness{true, "standard output differs after its first 40 bytes"}},
		"what is not kept varies": {long + "3", long + "1", long + "2", Likeness{Known: true}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := wrote(c.run).Likeness(wrote(c.a), wrote(c.b)); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

// An error is what comes last.
func TestLikenessOfErrors(t *testing.T) {
	errors := func(text string) Output { return Output{Stderr: wrote(text).Stdout} }
	want := Likeness{true, `standard error differs in line 3: "denied" is new`}
	if got := errors("x\nTraceback\ndenied\n").Likeness(errors("x\n"), errors("x\n")); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestReproduced(t *testing.T) {
	differs := func(text string) Likeness { return Likeness{true, "standard output differs in line " + text} }
	for name, c := range map[string]struct {
		run, again, a, b string
		want             Likeness
	}{
		"the same way":     {"x\ny\n", "x\ny\n", "x\nz\n", "x\nz\n", differs(`2: "y" in the place of "z"`)},
		"once":             {"x\ny\n", "x\nz\n", "x\nz\n", "x\nz\n", Likeness{Known: true}},
		"in another way":   {"x\ny\n", "x\nw\n", "x\nz\n", "x\nz\n", Likeness{Known: true}},
		"a counter":        {"at 3\n", "at 4\n", "at 1\n", "at 1\n", Likeness{Known: true}},
		"but for a number": {"no 3\n", "no 4\n", "at 1\n", "at 2\n", differs(`1: "no 3" in the place of "at 1"`)},
		"below one that varies": {"w\ny\n", "v\ny\n", "x\nz\n", "x\nz\n",
			differs(`2: "y" in the place of "z"`)},
		"a line more, twice":    {"x\ny 1\n", "x\ny 2\n", "x\n", "x\n", differs(`2: "y 1" is new`)},
		"another line more":     {"x\ny\n", "x\nz\n", "x\n", "x\n", Likeness{}},
		"a line more, once":     {"x\ny\n", "x\n", "x\n", "x\n", Likeness{Known: true}},
		"more and less":         {"x\ny\nz\n", "w\n", "x\ny\n", "x\ny\n", Likeness{}},
		"a line missing, twice": {"x\n", "x\n", "x\ny\n", "x\ny\n", differs(`2: "y" is missing`)},
	} {
		t.Run(name, func(t *testing.T) {
			if got := wrote(c.run).Reproduced(wrote(c.again), wrote(c.a), wrote(c.b)); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

func TestWeigh(t *testing.T) {
	failed := Evidence{Kind: "refused", Capability: 0, Syscall: sysChown, Return: -1}
	wentOn := Evidence{Kind: "refused", Capability: 0, Syscall: sysChown}
	same, other := Likeness{Known: true}, Likeness{Known: true, Difference: "standard output differs"}
	for name, c := range map[string]struct {
		evidence                      Evidence
		output                        Likeness
		behaved, anotherWay, mentions bool
	}{
		"a call failed, the same output":     {failed, same, true, true, false},
		"a call failed, another output":      {failed, other, false, false, true},
		"a call failed, the output unknown":  {failed, Likeness{}, false, false, false},
		"it went on, the same output":        {wentOn, same, true, false, false},
		"it went on, with another output":    {wentOn, other, false, false, true},
		"it went on, with an output unknown": {wentOn, Likeness{}, true, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			trial := Trial{Evidence: []Evidence{c.evidence}, Behaved: !c.evidence.failed()}
			if !trial.Open() {
				t.Error("the output decides nothing")
			}
			trial.Weigh(c.output)
			mentions := trial.Evidence[len(trial.Evidence)-1].Text == other.Difference
			if trial.Behaved != c.behaved || trial.AnotherWay != c.anotherWay || mentions != c.mentions {
				t.Errorf("%+v", trial)
			}
		})
	}
	for name, trial := range map[string]Trial{
		"nothing was refused": {Behaved: true},
		"it ended otherwise":  {Evidence: []Evidence{{Kind: "status", Capability: -1}, failed}},
	} {
		if trial.Open() {
			t.Errorf("%s, and the output is to decide", name)
		}
	}
}

// Whatever a program writes, the same is no difference, and a difference is told in a
// line that harms no terminal.
func FuzzLikeness(f *testing.F) {
	f.Add("x\ny\n", "x\nz\n", "x\nz\n")
	f.Add("at 12:03\n", "at 12:01\n", "at 12:02\n")
	f.Add("\x1b[2J\xff", "", "\n\n")
	f.Add(strings.Repeat("line\n", 8)+"y", strings.Repeat("line\n", 8)+"x", "")
	f.Fuzz(func(t *testing.T, run, a, b string) {
		for _, of := range [][2]string{{run, a}, {a, run}, {run, run}} {
			if l := wrote(run).Likeness(wrote(of[0]), wrote(of[1])); l.Difference != "" {
				t.Errorf("%q, %q: %+v", run, of, l)
			}
		}
		l := wrote(run).Likeness(wrote(a), wrote(b))
		if l.Difference != "" && !l.Known {
			t.Errorf("a difference from what is not known: %+v", l)
		}
		if len(l.Difference) > 2*4*100+100 || strings.ContainsFunc(l.Difference,
			func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q", l.Difference)
		}
	})
}
