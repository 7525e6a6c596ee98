package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// results are all that a run has measured, and where.
type results struct {
	date, machine, backend string
	others                 []string // what audits are compared with
	rounds                 int
	checks, calls          []row
	groups, wholes         []row
}

func (r *results) empty() bool { return len(r.checks)+len(r.calls)+len(r.groups)+len(r.wholes) == 0 }

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
	return fmt.Sprintf("%s, CPUs: %d, load average at the start %s", version, runtime.NumCPU(), load)
}

// The figures of a part of the page stand between a line that names it and this one.
const lastLine = "<!-- to here -->\n"

func firstLine(part string) string { return "<!-- bench writes " + part + " from here -->\n" }

// replaceFigures puts new ones into the page. A part that it does not have yet comes
// after all others.
func replaceFigures(page []byte, part, text string) ([]byte, error) {
	first, last := firstLine(part), []byte(lastLine)
	if end := bytes.LastIndex(page, last); end >= 0 && !bytes.Contains(page, []byte(first)) {
		page = slices.Insert(page, end+len(last), []byte("\n"+first+lastLine)...)
	}
	before, rest, _ := bytes.Cut(page, []byte(first))
	_, after, ended := bytes.Cut(rest, last)
	if !ended {
		return nil, fmt.Errorf("the page has no lines %q and %q", first, last)
	}
	return bytes.Join([][]byte{before, []byte(first), []byte(text), last, after}, nil), nil
}

// String is the part of the page that is written anew.
func (r *results) String() string {
	text := fmt.Sprintf("%s, %s, backend %s. Medians of %d.\n", r.date, r.machine, r.backend, r.rounds)
	for _, part := range []struct {
		rows  []row
		table func() *table
	}{{r.checks, r.checksTable}, {r.calls, r.callsTable}, {r.groups, r.groupsTable}} {
		if len(part.rows) > 0 {
			text += "\n" + part.table().String()
		}
	}
	for _, row := range r.wholes {
		text += "\n" + r.wholeTable(row).String()
	}
	return text + r.notMeasured()
}

// none is the cell of what could not be measured.
const none = "–"

// checksTable has what an audit adds to a system call with a check: of a command, and of what runs already,
// where the kernel can do without a look at the end of each call.
func (r *results) checksTable() *table {
	heading := []string{"a check of", native, traced + " adds", traced + " / " + blindly,
		whileRuns + ", adds"}
	for _, other := range r.others {
		heading = append(heading, other+" adds", traced+" / "+other, whileRuns+" / "+other)
	}
	t := newTable(heading...)
	for _, row := range r.checks {
		added := func(way string) (float64, bool) {
			return row.pair(way, native, func(a, b float64) float64 { return a - b })
		}
		adds := func(way string) string {
			ns, ok := added(way)
			return cellIf(ok, nanoseconds, ns)
		}
		ratio := func(way, other string) string {
			a, okA := added(way)
			b, okB := added(other)
			return cellIf(okA && okB && b > 0, plain, a/b)
		}
		cells := []string{row.name, cell(nanoseconds, row.medians[native]), adds(traced),
			ratio(traced, blindly), adds(whileRuns)}
		for _, other := range r.others {
			cells = append(cells, adds(other), ratio(traced, other), ratio(whileRuns, other))
		}
		t.add(cells...)
	}
	return t
}

func (r *results) callsTable() *table {
	ways := []string{traced, whileRuns, byCommand, byProcess}
	if slices.Contains(r.others, original) {
		ways = append(ways, byOriginal, besideIt)
	}
	return timesTable(r.calls, ways...)
}

func (r *results) groupsTable() *table { return timesTable(r.groups, asOne, eachOne, eachMany) }

// timesTable says how many times as long as natively each way takes.
func timesTable(rows []row, ways ...string) *table {
	t := newTable(append([]string{"", native}, ways...)...)
	for _, row := range rows {
		cells := []string{row.name, cell(nanoseconds, row.medians[native])}
		for _, way := range ways {
			ratio, ok := row.pair(way, native, quotient)
			cells = append(cells, cellIf(ok, times, ratio))
		}
		t.add(cells...)
	}
	return t
}

// wholeTable has what whole runs of a command took, and what those that watch it did.
func (r *results) wholeTable(row row) *table {
	t := newTable(row.name, "time", "processor time", "memory at the peak")
	units := []func(float64) string{nanoseconds, nanoseconds, kibibytes}
	medians := row.medians
	for _, way := range append([]string{native, capAudit}, r.others...) {
		cells := []string{way}
		for i, unit := range units {
			f := medians[way]
			cells = append(cells, cellIf(f != nil, unit, f.at(i)))
		}
		t.add(cells...)
	}
	for _, other := range r.others {
		cells := []string{capAudit + " / " + other}
		a, b := medians[capAudit], medians[other]
		for i := range units {
			cells = append(cells, cellIf(a != nil && b != nil, plain, a.at(i)/b.at(i)))
		}
		t.add(cells...)
	}
	return t
}

// notMeasured says why cells are empty.
func (r *results) notMeasured() string {
	text := ""
	for _, row := range slices.Concat(r.checks, r.calls, r.groups, r.wholes) {
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
