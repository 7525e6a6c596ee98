package main

import (
	"fmt"
	"math"
	"strings"
)

// table is one of Markdown's.
type table struct{ lines []string }

func newTable(heading ...string) *table {
	t := &table{}
	t.add(heading...)
	t.lines = append(t.lines, strings.Repeat("|---", len(heading))+"|")
	return t
}

func (t *table) add(cells ...string) { t.lines = append(t.lines, "| "+strings.Join(cells, " | ")+" |") }

func (t *table) String() string { return strings.Join(t.lines, "\n") + "\n" }

// nanoseconds are shown with three digits that count, in the unit that suits them.
func nanoseconds(n float64) string {
	for _, unit := range []struct {
		name string
		size float64
	}{{"s", 1e9}, {"ms", 1e6}, {"µs", 1e3}} {
		if math.Abs(n) >= unit.size*0.9995 {
			return digits(n/unit.size) + " " + unit.name
		}
	}
	return fmt.Sprintf("%.0f ns", n)
}

func digits(n float64) string {
	switch size := math.Abs(n); {
	case size >= 99.95:
		return fmt.Sprintf("%.0f", n)
	case size >= 9.995:
		return fmt.Sprintf("%.1f", n)
	}
	return fmt.Sprintf("%.2f", n)
}

func kibibytes(n float64) string { return digits(n/1024) + " MiB" }

func times(ratio float64) string { return "×" + plain(ratio) }

func plain(ratio float64) string { return fmt.Sprintf("%.2f", ratio) }
