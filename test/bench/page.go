package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// results are all that a run has measured, and where.
type results struct {
	date, machine, backend string
	rounds                 int
	checks, calls          []row
	startUp                row
}

// thisMachine is what bears on the figures. Only ratios within one run say anything,
// so it is no more than the kernel, the number of CPUs and what else they do.
func thisMachine() string {
	var name unix.Utsname
	version := "Linux"
	if unix.Uname(&name) == nil {
		// what a distribution adds to the number may name a machine
		version += " " + regexp.MustCompile(`^[0-9.]*`).FindString(unix.ByteSliceToString(name.Release[:]))
	}
	load := "unknown"
	if raw, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ = strings.Cut(string(raw), " ")
	}
	return fmt.Sprintf("%s, %d CPUs, load average at the start %s", version, runtime.NumCPU(), load)
}

// The figures stand between these lines of the page.
const (
	firstLine = "<!-- make bench writes from here -->\n"
	lastLine  = "<!-- to here -->\n"
)

// replaceFigures puts new ones into the page.
func replaceFigures(page []byte, text string) ([]byte, error) {
	before, rest, found := bytes.Cut(page, []byte(firstLine))
	_, after, ended := bytes.Cut(rest, []byte(lastLine))
	if !found || !ended {
		return nil, fmt.Errorf("the page has no lines %q and %q", firstLine, lastLine)
	}
	return bytes.Join([][]byte{before, []byte(firstLine), []byte(text), []byte(lastLine), after}, nil), nil
}

// String is the part of the page that is written anew.
func (r *results) String() string {
	text := fmt.Sprintf("%s, %s, backend %s. Medians of %d.\n", r.date, r.machine, r.backend, r.rounds)
	for _, part := range []string{r.checksTable(), r.callsTable(), r.startUpTable()} {
		text += "\n" + part
	}
	return text + r.notMeasured()
}

// none is the cell of what could not be measured.
const none = "–"

func (r *results) checksTable() string {
	heading := []string{"a check of", native, traced + " adds", traced + " / " + blindly}
	for _, c := range counters[r.backend] {
		heading = append(heading, c.name+" adds", "audited / "+c.name)
	}
	t := newTable(heading...)
	for _, row := range r.checks {
		added := func(way string) (float64, bool) {
			return row.pair(way, native, func(a, b float64) float64 { return a - b })
		}
		audited, ok := added(traced)
		blind, okBlind := added(blindly)
		cells := []string{row.name, cell(nanoseconds, row.medians[native]), cellIf(ok, nanoseconds, audited),
			cellIf(ok && okBlind && blind > 0, plain, audited/blind)}
		for _, c := range counters[r.backend] {
			by, okBy := added(c.name)
			cells = append(cells, cellIf(okBy, nanoseconds, by),
				cellIf(ok && okBy && by > 0, plain, audited/by))
		}
		t.add(cells...)
	}
	return t.String()
}

func (r *results) callsTable() string {
	ways := []string{traced, whileRuns, byCommand, byProcess}
	t := newTable(append([]string{"", native}, ways...)...)
	for _, row := range r.calls {
		cells := []string{row.name, cell(nanoseconds, row.medians[native])}
		for _, way := range ways {
			ratio, ok := row.pair(way, native, quotient)
			cells = append(cells, cellIf(ok, times, ratio))
		}
		t.add(cells...)
	}
	return t.String()
}

func (r *results) startUpTable() string {
	t := newTable("", "time", "processor time", "memory at the peak")
	units := []func(float64) string{nanoseconds, nanoseconds, kibibytes}
	others := []string{original}
	for _, c := range counters[r.backend] {
		others = append(others, c.name)
	}
	for _, way := range append([]string{alone, capAudit}, others...) {
		cells := []string{way}
		for i, unit := range units {
			f := r.startUp.medians[way]
			cells = append(cells, cellIf(f != nil, unit, f.at(i)))
		}
		t.add(cells...)
	}
	for _, other := range others {
		cells := []string{capAudit + " / " + other}
		a, b := r.startUp.medians[capAudit], r.startUp.medians[other]
		for i := range units {
			cells = append(cells, cellIf(a != nil && b != nil, plain, a.at(i)/b.at(i)))
		}
		t.add(cells...)
	}
	return t.String()
}

// notMeasured says why cells are empty.
func (r *results) notMeasured() string {
	text := ""
	for _, row := range append(append(append([]row{}, r.checks...), r.calls...), r.startUp) {
		for _, m := range row.missing {
			what := row.name
			if m.way != "" {
				what += ", " + m.way
			}
			text += fmt.Sprintf("- %s: %s\n", what, strings.Join(strings.Fields(m.why.Error()), " "))
		}
	}
	if text != "" {
		text = "\nNot measured:\n\n" + text
	}
	return text
}

// at is a figure, and 0 where there are none.
func (f figures) at(i int) float64 {
	if f == nil {
		return 0
	}
	return f[i]
}

// pair combines the first figures of two ways, if both were measured.
func (r row) pair(a, b string, combine func(a, b float64) float64) (float64, bool) {
	fa, fb := r.medians[a], r.medians[b]
	if fa == nil || fb == nil {
		return 0, false
	}
	return combine(fa[0], fb[0]), true
}

func quotient(a, b float64) float64 { return a / b }

func cell(unit func(float64) string, f figures) string { return cellIf(f != nil, unit, f.at(0)) }

func cellIf(ok bool, unit func(float64) string, value float64) string {
	if !ok {
		return none
	}
	return unit(value)
}
