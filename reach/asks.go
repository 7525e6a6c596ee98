package reach

import (
	"slices"

	"golang.org/x/sys/unix"
)

// Asks are the capabilities that a system call asks for whatever its arguments are; of
// those that depend on files, chown alone.
func Asks(call string) []int {
	var list []int
	for _, r := range rowsOf()[call] {
		for _, n := range r.asks {
			if len(r.when)+len(r.on) == 0 && (!r.files || n == unix.CAP_CHOWN) && !slices.Contains(list, n) {
				list = append(list, n)
			}
		}
	}
	slices.Sort(list)
	return list
}
