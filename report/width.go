package report

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/term"
)

// Widths of the text report in columns. A value of $COLUMNS outside of the
// limits is not believed.
const (
	defaultWidth = 80
	minColumns   = 40
	maxColumns   = 400
)

// Page is what the text report is written on.
type Page struct {
	Width int // in columns
	// Terminal: it is read at once, by a person. Elsewhere it has all that scripts
	// look for.
	Terminal bool
}

// PageOf is the page that f is: as wide as the terminal, else as columns (the
// value of $COLUMNS) says, else 80.
func PageOf(f *os.File, columns string) Page {
	columnsOf, _, err := term.GetSize(int(f.Fd()))
	page := Page{columnsOf, err == nil}
	if columnsOf <= 0 {
		page.Width = width(columns)
	}
	return page
}

func width(columns string) int {
	if n, err := strconv.Atoi(strings.TrimSpace(columns)); err == nil && n >= minColumns && n <= maxColumns {
		return n
	}
	return defaultWidth
}
