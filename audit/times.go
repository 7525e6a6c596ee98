package audit

import "time"

// Serving is the moment from which on a program does what it is there for: it first
// waits for that.
type Serving struct {
	// After is how long after the start, exact to a jiffy.
	After time.Duration
	// Syscall is in which it waits, or gave capabilities up; nil where it did nothing for
	// longer than a second in another one, or computed.
	Syscall *Syscall
}

// Span is when a capability was first asked for and when last, since the start.
type Span struct{ First, Last time.Duration }

func spanOf(rows []Checks) *Span {
	var s *Span
	for _, row := range rows {
		switch {
		case row.Span == nil:
		case s == nil:
			copied := *row.Span
			s = &copied
		default:
			s.First, s.Last = min(s.First, row.Span.First), max(s.Last, row.Span.Last)
		}
	}
	return s
}

// BeforeServing says of a capability whether all checks for it came before the program
// began to serve; nil where that is not known: what was lost, or granted without a
// check, has no time, and what ran before the audit served already.
func (f *Findings) BeforeServing(c Capability) *bool {
	if f.Serving == nil || c.Span == nil || f.Losses.Any() || unaskedNumbers(f.Unasked)>>c.Number&1 == 1 ||
		f.Unbegun() != "" {
		return nil
	}
	before := c.Span.Last <= f.Serving.After
	return &before
}
