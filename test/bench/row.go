package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// way is one of the ways to do the same thing, which are compared.
type way struct {
	name    string
	measure func() (figures, error)
}

// figures of one run: nanoseconds, or what else is measured there.
type figures []float64

// row is what was measured of one thing: by way, medians, or why there are none.
type row struct {
	name    string
	medians map[string]figures
	missing []missing
}

// missing is a way that could not be measured.
type missing struct {
	way string
	why error
}

// thing is one to be measured, and who finds the ways to do it: with a directory that
// is there until it has been.
type thing struct {
	name string
	ways func(dir string) ([]way, error)
}

// measured are those of the things that are wanted.
func (b *bench) measured(things []thing) []row {
	var rows []row
	for _, t := range things {
		if b.run != nil && !b.run.MatchString(t.name) || b.skip != nil && b.skip.MatchString(t.name) {
			continue
		}
		rows = append(rows, b.measure(t))
	}
	return rows
}

// measure measures one of them.
func (b *bench) measure(t thing) row {
	dir, err := os.MkdirTemp("", "bench")
	if err == nil {
		defer os.RemoveAll(dir)
		var ways []way
		if ways, err = t.ways(dir); err == nil {
			return b.inTurn(t.name, ways...)
		}
	}
	return row{name: t.name, missing: []missing{{"", err}}}
}

// inTurn does a thing in all ways in turn, round by round, so that what else the
// machine does meets all of them. One that fails is not tried again.
func (b *bench) inTurn(name string, ways ...way) row {
	fmt.Fprintln(os.Stderr, "bench:", name)
	r := row{name: name, medians: map[string]figures{}}
	all := map[string][]figures{}
	for range b.rounds {
		ways = slices.DeleteFunc(slices.Clone(ways), func(w way) bool {
			f, err := w.measure()
			if err != nil {
				r.missing = append(r.missing, missing{w.name, err})
				delete(all, w.name)
				return true
			}
			all[w.name] = append(all[w.name], f)
			return false
		})
	}
	for way, runs := range all {
		r.medians[way] = medians(runs)
	}
	return r
}

// medians of what several runs say, figure by figure.
func medians(runs []figures) figures {
	result := make(figures, len(runs[0]))
	for i := range result {
		var one figures
		for _, run := range runs {
			one = append(one, run[i])
		}
		slices.Sort(one)
		// of an even number the mean of the middle two
		result[i] = (one[(len(one)-1)/2] + one[len(one)/2]) / 2
	}
	return result
}

// figuresIn are the numbers of a line, n of them.
func figuresIn(line string, n int) (figures, error) {
	words := strings.Fields(line)
	if len(words) != n {
		return nil, fmt.Errorf("wanted %d figures, there is %q", n, line)
	}
	result := make(figures, n)
	for i, word := range words {
		var err error
		if result[i], err = strconv.ParseFloat(word, 64); err != nil {
			return nil, err
		}
	}
	return result, nil
}

// always are ways that want no directory.
func always(ways func() []way) func(string) ([]way, error) {
	return func(string) ([]way, error) { return ways(), nil }
}

// runs are the ways to run a command line whose last line has n figures.
func runs(line []string, n int, list ...surroundings) []way {
	var ways []way
	for _, s := range list {
		ways = append(ways, way{s.name, func() (figures, error) {
			ctx, cancel := bounded()
			defer cancel()
			r, err := s.begin(ctx, line)
			if err != nil {
				return nil, err
			}
			last, err := r.end()
			if err != nil {
				return nil, err
			}
			return figuresIn(last, n)
		}})
	}
	return ways
}
