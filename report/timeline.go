package report

import (
	"math"
	"strconv"
)

// timeline is when capabilities were used, from the start to the end.
type timeline struct {
	Spans []htmlSpan
	// Serving says when it began to serve, "" for not known, and At is where that is.
	Serving string
	At      int
}

// axis is how long the line is, and least what of it can be seen.
const axis, least = 1000, 6

// htmlSpan is a piece of it.
type htmlSpan struct {
	Name, Text  string
	From, Width int
}

// timeline is nil where no times are known.
func (d *Document) timeline() *timeline {
	end := 0.001
	if d.Lasted != nil {
		end = max(end, *d.Lasted)
	}
	for _, c := range d.Required {
		if c.LastSeconds != nil {
			end = max(end, *c.LastSeconds)
		}
	}
	place := func(seconds float64) int {
		return int(math.Round(min(max(seconds/end, 0), 1) * (axis - least)))
	}
	t := &timeline{}
	for _, c := range d.Required {
		if c.FirstSeconds == nil || c.LastSeconds == nil {
			continue
		}
		from, to := place(*c.FirstSeconds), place(*c.LastSeconds)
		text := inSeconds(*c.FirstSeconds) + " to " + inSeconds(*c.LastSeconds)
		t.Spans = append(t.Spans, htmlSpan{c.Name, text, from, max(to-from, 0) + least})
	}
	if len(t.Spans) == 0 {
		return nil
	}
	if s := d.Serving; s != nil {
		t.Serving, t.At = inSeconds(s.AfterSeconds)+s.inCall(), place(s.AfterSeconds)
	}
	return t
}

// inSeconds is as exact as the document.
func inSeconds(s float64) string { return strconv.FormatFloat(s, 'f', -1, 64) + " s" }
