package report

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cap-audit/cap-audit/report/snippets"
)

// ran says in a line what ran, as whom and for how long, "" where that is not known:
// of earlier reports, and of one that is made while the audit goes on.
func (d *Document) ran() string {
	if d.took == 0 || d.Merged != nil {
		return ""
	}
	lasting := " for " + rounded(d.took)
	switch {
	case d.Subject.Kind.Adopted():
		return "Watched" + lasting
	case d.UnitFile != nil: // which has its user
		return "Run" + lasting + ": " + snippets.CommandLine(d.commandLine)
	}
	return "Run as " + d.account() + lasting + ": " + snippets.CommandLine(d.commandLine)
}

func (d *Document) account() string {
	switch {
	case d.RunAs != nil:
		return fmt.Sprintf("%s (uid %d)", printable(*d.RunAs), d.uid)
	case d.uid == 0:
		return "root"
	}
	return fmt.Sprintf("uid %d", d.uid)
}

// rounded is as exact as anybody wants to know.
func rounded(took time.Duration) string {
	step := time.Second
	if took < 10*time.Second {
		step = 100 * time.Millisecond
	}
	return max(took.Round(step), step).String()
}

// cut is what of a line fits into so many columns.
func cut(line string, columns int) string {
	const dots = "..."
	columns = max(columns, minProse)
	if utf8.RuneCountInString(line) <= columns {
		return line
	}
	return strings.TrimRight(string([]rune(line)[:columns-len(dots)]), " ") + dots
}
