package analyst

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/cap-audit/cap-audit/reach"
)

func TestRead(t *testing.T) {
	whole := &reach.Result{Objects: []string{"x"}, Files: []reach.FileID{{Inode: 1}}}
	whole.Capabilities[0] = reach.Verdict{Class: reach.Possible, Operations: []reach.Operation{{Call: "c"}}}
	with := func(change func(*reach.Result)) string {
		r := *whole
		change(&r)
		text, err := json.Marshal(Answer{Result: &r})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for name, c := range map[string]struct{ text, failed string }{
		"as it is":           {with(func(*reach.Result) {}), ""},
		"none":               {"", ended},
		"cut short":          {with(func(*reach.Result) {})[:40], nonsense},
		"no result":          {"{}", nonsense},
		"no object":          {with(func(r *reach.Result) { r.Objects = nil }), nonsense},
		"a class of its own": {with(func(r *reach.Result) { r.Capabilities[1].Class = 7 }), nonsense},
		"possible by nothing": {with(func(r *reach.Result) { r.Capabilities[1].Class = reach.Possible }),
			nonsense},
		"ruled out, and made": {with(func(r *reach.Result) { r.Capabilities[0].Class = reach.RuledOut }),
			nonsense},
		"more operations than are kept": {with(func(r *reach.Result) {
			r.Capabilities[0].Operations = make([]reach.Operation, reach.MaxOperations+1)
		}), nonsense},
		"too long": {`{"Failed":"` + strings.Repeat("x", mostAnswer) + `"}`, nonsense},
		"a reason": {`{"Failed":"is cut short"}`, "is cut short"},
		"a long reason": {`{"Failed":"` + strings.Repeat("x", 2*mostReason) + `"}`,
			strings.Repeat("x", mostReason)},
		"both": {`{"Failed":"is cut short","Result":{}}`, "is cut short"},
	} {
		t.Run(name, func(t *testing.T) {
			a := read([]byte(c.text), "/bin/x")
			if a.Failed != c.failed || (a.Result == nil) != (c.failed != "") {
				t.Errorf("%.80q, %v", a.Failed, a.Result)
			}
			if a.Result != nil && (a.Result.Program != "/bin/x" || a.Size != len(c.text)) {
				t.Errorf("of %q, %d bytes", a.Result.Program, a.Size)
			}
		})
	}
}

// Whatever is said, either a result that can be used comes of it or a reason.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"Result":{"Objects":["x"],"Files":[{"Device":1,"Inode":2}],"Capabilities":[{"Class":2,` +
		`"Operations":[{"Call":"chown","Files":true}]}]}}`))
	f.Add([]byte(`{"Failed":"is cut short"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		a := read(text, "/bin/x")
		if (a.Result == nil) == (a.Failed == "") || len(a.Failed) > mostReason {
			t.Fatalf("%q, %v", a.Failed, a.Result)
		}
		if a.Result != nil && len(a.Result.Objects) == 0 {
			t.Fatal("of no object")
		}
	})
}
