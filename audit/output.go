package audit

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"regexp"
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
	// Difference is the first one, in words, "" for none.
	Difference string
}

// Likeness compares with two such runs, which may be one. What differs between
// the two, such as a time or a process ID, is no difference.
func (o Output) Likeness(a, b Output) Likeness {
	known := true
	for _, s := range []struct {
		name           string
		stream, of, or Stream
	}{
		{"standard output", o.Stdout, a.Stdout, b.Stdout},
		{"standard error", o.Stderr, a.Stderr, b.Stderr},
	} {
		difference, comparable := s.stream.difference(s.of, s.or)
		if difference != "" {
			return Likeness{Known: true, Difference: s.name + " differs " + difference}
		}
		known = known && comparable
	}
	return Likeness{Known: known}
}

// difference is where a stream is neither like a nor like b.
func (s Stream) difference(a, b Stream) (words string, comparable bool) {
	if s.Sum == a.Sum || s.Sum == b.Sum {
		return "", true
	}
	lines, as, bs := s.lines(), a.lines(), b.lines()
	if len(as) != len(bs) {
		return "", false
	}
	for i := range max(len(lines), len(as)) {
		switch {
		case i >= len(as):
			return fmt.Sprintf("in line %d: %s is new", i+1, quoted(lines[i])), true
		case i >= len(lines):
			return fmt.Sprintf("in line %d: %s is missing", i+1, quoted(as[i])), true
		case !like(lines[i], as[i], bs[i]):
			return fmt.Sprintf("in line %d: %s in the place of %s", i+1, quoted(lines[i]),
				quoted(as[i])), true
		}
	}
	if a.Sum == b.Sum {
		return fmt.Sprintf("after its first %d bytes", len(s.Head)), true
	}
	return "", true
}

func (s Stream) lines() [][]byte {
	if len(s.Head) == 0 {
		return nil
	}
	return bytes.Split(bytes.TrimSuffix(s.Head, []byte("\n")), []byte("\n"))
}

var digits = regexp.MustCompile(`[0-9]+`)

// like: of two lines that differ only in numbers, the words have to be there;
// of two that differ in more, nothing has.
func like(line, a, b []byte) bool {
	if bytes.Equal(a, b) {
		return bytes.Equal(line, a)
	}
	words := func(l []byte) []byte { return digits.ReplaceAll(l, []byte("0")) }
	return !bytes.Equal(words(a), words(b)) || bytes.Equal(words(line), words(a))
}

// quoted is a line, or the beginning of a long one.
func quoted(line []byte) string {
	const most = 100
	if len(line) > most {
		return fmt.Sprintf("%q...", line[:most])
	}
	return fmt.Sprintf("%q", line)
}
