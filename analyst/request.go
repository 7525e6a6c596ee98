package analyst

import (
	"encoding/json"
	"slices"

	"github.com/cap-audit/cap-audit/reach"
)

// request is what the analyst is asked. Paths are bytes: JSON's strings would have to be UTF-8.
type request struct {
	Program []byte
	Names   [][]byte
	// Of the files that it mapped code of some are handed over, in this order behind the
	// program's, and then its root directory.
	Handed  [][]byte
	Failed  []failed
	HasRoot bool
}

// hurry is what it is told after the request when it is to rest no more: JSON, as that is.
var hurry = []byte(`"hurry" `)

// failed is a file that cannot be handed over.
type failed struct {
	Path []byte
	Why  string
}

// Answer is what came of it, or why nothing did.
type Answer struct {
	Result *reach.Result
	Failed string
	Size   int `json:"-"` // of its text
}

// mostAnswer is how long an answer may be, in bytes.
const mostAnswer = 4 << 20

// mostReason is how much is shown of a reason that the analyst gives, in bytes.
const mostReason = 200

const (
	nonsense = "the analysis gave an answer that makes no sense"
	ended    = "the analysis took more memory or time than it may"
)

// read is the answer that a text has. One that reach cannot have given is none: who has read a
// hostile file can say anything.
func read(text []byte, path string) *Answer {
	a := &Answer{}
	switch {
	case len(text) == 0:
		return &Answer{Failed: ended}
	case len(text) > mostAnswer || json.Unmarshal(text, a) != nil || a.Failed == "" && !possible(a.Result):
		return &Answer{Failed: nonsense}
	case a.Failed != "":
		return &Answer{Failed: a.Failed[:min(len(a.Failed), mostReason)]}
	}
	a.Size, a.Result.Program = len(text), path
	return a
}

func possible(r *reach.Result) bool {
	if r == nil || len(r.Objects) == 0 || len(r.Files) != len(r.Objects) {
		return false
	}
	return !slices.ContainsFunc(r.Capabilities[:], func(v reach.Verdict) bool {
		return v.Class < reach.RuledOut || v.Class > reach.Possible ||
			len(v.Operations) > reach.MaxOperations || (v.Class == reach.RuledOut) != (len(v.Operations) == 0)
	})
}
