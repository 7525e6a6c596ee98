package tracer

import (
	"fmt"
	"os"
	"strings"
)

// unprivileged tells whether a process runs as another user than root. Root of
// a user namespace, as in a container, is root; what cannot be read is, too.
func unprivileged(pid int) bool {
	_, user := statusOf(pid).users()
	ids, err := os.ReadFile(fmt.Sprintf("/proc/%d/uid_map", pid))
	if err != nil || user < 0 {
		return false
	}
	for line := range strings.Lines(string(ids)) {
		var inside, outside, length int
		if n, _ := fmt.Sscan(line, &inside, &outside, &length); n == 3 && inside == 0 {
			return user != outside
		}
	}
	return user > 0
}
