package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/cap-audit/cap-audit/audit"
)

// Serving is when the program began to serve. Syscall is in which it first waited, nil
// where that is not known.
type Serving struct {
	AfterSeconds float64 `json:"after_seconds"`
	Syscall      *string `json:"syscall"`
}

// Times are when a capability was asked for, since the start; absent where that is not
// known.
type Times struct {
	FirstSeconds  *float64 `json:"first_seconds,omitempty"`
	LastSeconds   *float64 `json:"last_seconds,omitempty"`
	BeforeServing *bool    `json:"before_serving,omitempty"`
}

// seconds are as exact as a jiffy is.
func seconds(d time.Duration) float64 { return math.Round(d.Seconds()*1000) / 1000 }

func serving(s *audit.Serving) *Serving {
	if s == nil {
		return nil
	}
	out := &Serving{AfterSeconds: seconds(s.After)}
	if s.Syscall != nil {
		out.Syscall = optional(s.Syscall.Name)
	}
	return out
}

// capabilities are those of the findings, with what these know of their times.
func capabilities(f *audit.Findings, list []audit.Capability) []Capability {
	return each(list, func(c audit.Capability) Capability {
		out := capability(c)
		if c.Span != nil {
			first, last := seconds(c.Span.First), seconds(c.Span.Last)
			out.Times = Times{&first, &last, f.BeforeServing(c)}
		}
		return out
	})
}

// advise tells the snippets what the program can give up once it serves.
func (d *Document) advise() {
	for _, c := range d.early() {
		if slices.Contains(d.advice.Keep, c.Number) {
			d.advice.Early = append(d.advice.Early, c.Number)
		}
	}
	if s := d.Serving; s != nil && s.Syscall != nil {
		d.advice.First = *s.Syscall
	}
}

// time puts into the document when it began to serve, and how long it was watched.
func (d *Document) time(f *audit.Findings) {
	d.Serving = serving(f.Serving)
	if f.Lasted > 0 {
		lasted := seconds(f.Lasted)
		d.Lasted = &lasted
	}
	d.advise()
}

// telling is how long it has to serve before it tells something that it did not use
// what it needed to get ready. A session can be longer in coming.
const telling = 2.0 // seconds

// early are those required that it used only before it began to serve. Where it gave
// capabilities up by itself, the report has them by that.
func (d *Document) early() []Capability {
	if d.Serving == nil || d.Lasted == nil || d.Dropped || d.logsIn() ||
		*d.Lasted-d.Serving.AfterSeconds < telling {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(d.Required), func(c Capability) bool {
		return c.BeforeServing == nil || !*c.BeforeServing
	})
}

// inCall is the call in which it first waited, in parentheses.
func (s *Serving) inCall() string {
	if s.Syscall == nil {
		return ""
	}
	return " (" + printable(*s.Syscall) + ")"
}

// when says when a capability was used, where that tells how long it has to be held.
func (t *text) when(c Capability) {
	if !slices.ContainsFunc(t.d.early(), func(e Capability) bool { return e.Number == c.Number }) {
		return
	}
	t.labelled("    ", "When:", fmt.Sprintf("Only in the first %s of %s, before it began to serve%s.",
		short(*c.LastSeconds), short(*t.d.Lasted), t.d.Serving.inCall()))
}

// short is 3h for 3h0m0s.
func short(seconds float64) string {
	s := rounded(time.Duration(math.Round(seconds*1000)) * time.Millisecond)
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(s, zero) {
			s = s[:len(s)-2]
		}
	}
	return s
}

// giveUp is what follows from that for whoever has the source.
func (d *Document) giveUp() string {
	early := d.early()
	if len(early) == 0 || !d.advice.HasSource() {
		return ""
	}
	return fmt.Sprintf("Used only before it began to serve%s: %s. What it gives up there it cannot be made "+
		"to use: --emit c, go, python or rust.", d.Serving.inCall(),
		strings.Join(each(early, func(c Capability) string { return c.Name }), ", "))
}
