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

// Width is how wide the text report on f shall be, in columns: as wide as the
// terminal, else what columns (the value of $COLUMNS) says, else 80.
func Width(f *os.File, columns string) int {
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		return width
	}
	if n, err := strconv.Atoi(strings.TrimSpace(columns)); err == nil && n >= minColumns && n <= maxColumns {
		return n
	}
	return defaultWidth
}
