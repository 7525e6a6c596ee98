// Package page measures text reports.
package page

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// columns are those of the narrowest terminal that people work on, and of a report in a file.
const columns = 80

// whole is what has to be pasted, or read by a script, as one line, and a path, with how many
// processes ran it.
var whole = regexp.MustCompile(`^\s*(CapabilityBoundingSet=|AmbientCapabilities=|filecap |setcap |test -z |` +
	`# setpriv |Grant: |Grant at least: |CAPABILITY ANALYSIS FOR: /|(\S+ )?"?/\S+( \d+)?$)`)

// Wide are the lines of a report that are wider than a page without need.
func Wide(report string) []string {
	var list []string
	for line := range strings.Lines(report) {
		line = strings.TrimSuffix(line, "\n")
		if utf8.RuneCountInString(line) > columns && !whole.MatchString(line) {
			list = append(list, line)
		}
	}
	return list
}
