package tracer

import (
	"fmt"
	"os"
	"strings"
)

// unprivileged tells whether a process runs as another user than root. Root of
// a user namespace, as in a container, is root; what cannot be read is, too.
func unprivileged(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return false
	}
	ids, err := os.ReadFile(fmt.Sprintf("/proc/%d/uid_map", pid))
	if err != nil {
		return false
	}
	user := -1
	for line := range strings.Lines(string(status)) {
		var real, effective int
		if n, _ := fmt.Sscanf(line, "Uid: %d %d", &real, &effective); n == 2 {
			user = effective
		}
	}
	for line := range strings.Lines(string(ids)) {
		var inside, outside, length int
		if n, _ := fmt.Sscan(line, &inside, &outside, &length); n == 3 && inside == 0 {
			return user != outside
		}
	}
	return user > 0
}
