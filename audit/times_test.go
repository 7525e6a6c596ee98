package audit

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A capability was used before the program began to serve if all of its checks came
// before, whatever their verdict.
func TestBeforeServing(t *testing.T) {
	poll := Syscall{Number: 7, Name: "poll"}
	yes, no := true, false
	during := func(verdict Verdict, first, last time.Duration) Checks {
		r := row(unix.CAP_NET_BIND_SERVICE, verdict, sysBind, 1)
		r.Span = &Span{first * time.Second, last * time.Second}
		return r
	}
	for name, c := range map[string]struct {
		o       Observation
		subject Subject
		want    *bool
	}{
		"before": {Observation{Checks: []Checks{during(Granted, 1, 2)}}, Subject{}, &yes},
		"at the moment": {
			Observation{Checks: []Checks{during(Granted, 1, 10)}}, Subject{}, &yes},
		"after": {
			Observation{Checks: []Checks{during(Granted, 1, 2), during(Granted, 3, 11)}}, Subject{}, &no},
		"refused after": {
			Observation{Checks: []Checks{during(Granted, 1, 2), during(Refused, 11, 12)}}, Subject{}, &no},
		"not all is known": {
			Observation{Checks: []Checks{during(Granted, 1, 2)}, Losses: Losses{Checks: 1}}, Subject{}, nil},
		"granted without a check": {
			Observation{Checks: []Checks{during(Granted, 1, 2)}, Unasked: []Unasked{
				{Capability: unix.CAP_NET_BIND_SERVICE, Held: 1 << 3, Count: 1}}}, Subject{}, nil},
		"ran before": {
			Observation{Checks: []Checks{during(Granted, 1, 2)}}, Subject{Kind: SubjectUnit}, nil},
		"restarted": {
			Observation{Checks: []Checks{during(Granted, 1, 2)}},
			Subject{Kind: SubjectUnit, FromStart: true}, &yes},
	} {
		c.o.Serving = &Serving{After: 10 * time.Second, Syscall: &poll}
		f := Analyze(&c.o)
		f.Subject = c.subject
		got := f.BeforeServing(f.Required[0])
		if (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
			t.Errorf("%s: %v, wanted %v", name, got, c.want)
		}
		c.o.Serving = nil
		if f := Analyze(&c.o); f.BeforeServing(f.Required[0]) != nil {
			t.Errorf("%s: it was not seen to serve", name)
		}
	}
}

func TestSpan(t *testing.T) {
	if s := spanOf([]Checks{{}, {}}); s != nil {
		t.Errorf("%v of rows without", s)
	}
	rows := []Checks{{Span: &Span{5, 9}}, {}, {Span: &Span{3, 4}}}
	if s := spanOf(rows); *s != (Span{3, 9}) || *rows[0].Span != (Span{5, 9}) {
		t.Errorf("%v, and the rows are %v", s, rows)
	}
}
