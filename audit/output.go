package audit

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	"github.com/cap-audit/cap-audit/lazy"
)

// Stream is what a run wrote to its standard output or error.
type Stream struct {
	// Head is as much of it as is kept; Sum is of all.
	Head []byte
	Sum  [sha256.Size]byte
}

// Output is what a run wrote.
type Output struct{ Stdout, Stderr Stream }

// Likeness says how a run's output compares with that of runs which lacked no
// capability.
type Likeness struct {
	// Known is false where these are too different among themselves.
	Known bool
	// Difference is one of them, in words, "" for none.
	Difference string
}

// Likeness compares with two such runs, which may be one. What differs between
// the two, such as a time or a process ID, is no difference.
func (o Output) Likeness(a, b Output) Likeness { return o.Reproduced(o, a, b) }

// Reproduced compares like that what a run and its repetition wrote: what differs in
// one of them only, or in another way in each, is no difference either.
func (o Output) Reproduced(again, a, b Output) Likeness {
	known := true
	for _, s := range []struct {
		name                  string
		last                  bool
		stream, again, of, or Stream
	}{
		{"standard output", false, o.Stdout, again.Stdout, a.Stdout, b.Stdout},
		// an error is what comes last, below where it comes from
		{"standard error", true, o.Stderr, again.Stderr, a.Stderr, b.Stderr},
	} {
		difference, comparable := s.stream.difference(s.again, s.of, s.or, s.last)
		if difference != "" {
			return Likeness{Known: true, Difference: s.name + " differs " + difference}
		}
		known = known && comparable
	}
	return Likeness{Known: known}
}

// difference is the first line, or the last, in which a stream and its repetition
// are neither like a nor like b.
func (s Stream) difference(again, a, b Stream, last bool) (words string, comparable bool) {
	for _, stream := range []Stream{s, again} {
		if stream.Sum == a.Sum || stream.Sum == b.Sum {
			return "", true
		}
	}
	lines, repeated, as, bs := s.lines(), again.lines(), a.lines(), b.lines()
	if len(as) != len(bs) {
		return "", false
	}
	varies := false
	most := max(len(lines), len(as))
	for i := range most {
		if last {
			i = most - 1 - i
		}
		switch {
		case i >= len(as):
			if i < len(repeated) && bytes.Equal(wordsOf(lines[i]), wordsOf(repeated[i])) {
				return fmt.Sprintf("in line %d: %s is new", i+1, quoted(lines[i])), true
			}
			varies = true
		case i >= len(lines):
			if i >= len(repeated) {
				return fmt.Sprintf("in line %d: %s is missing", i+1, quoted(as[i])), true
			}
			varies = true
		case !like(lines[i], as[i], bs[i]):
			if i < len(repeated) && sameWay(lines[i], repeated[i], as[i]) {
				return fmt.Sprintf("in line %d: %s in the place of %s", i+1, quoted(lines[i]),
					quoted(as[i])), true
			}
			varies = true
		}
	}
	switch {
	case varies:
		return "", len(lines) == len(as) && len(repeated) == len(as)
	case a.Sum != b.Sum:
		return "", true
	case s.Sum != again.Sum:
		return "", false
	}
	return fmt.Sprintf("after its first %d bytes", len(s.Head)), true
}

// sameWay: two lines in the place of another are the same, but for numbers in other
// words than its.
func sameWay(line, again, of []byte) bool {
	words := wordsOf(line)
	return bytes.Equal(line, again) ||
		bytes.Equal(words, wordsOf(again)) && !bytes.Equal(words, wordsOf(of))
}

func (s Stream) lines() [][]byte {
	if len(s.Head) == 0 {
		return nil
	}
	return bytes.Split(bytes.TrimSuffix(s.Head, []byte("\n")), []byte("\n"))
}

var digits = lazy.Regexp(`[0-9]+`)

// like: of two lines that differ only in numbers, the words have to be there;
// of two that differ in more, nothing has.
func like(line, a, b []byte) bool {
	if bytes.Equal(a, b) {
		return bytes.Equal(line, a)
	}
	return !bytes.Equal(wordsOf(a), wordsOf(b)) || bytes.Equal(wordsOf(line), wordsOf(a))
}

// wordsOf is a line with all numbers alike.
func wordsOf(line []byte) []byte { return digits().ReplaceAll(line, []byte("0")) }

// quoted is a line, or the beginning of a long one.
func quoted(line []byte) string {
	const most = 100
	if len(line) > most {
		return fmt.Sprintf("%q...", line[:most])
	}
	return fmt.Sprintf("%q", line)
}
