package tracer

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// processStatus has what proc_pid_status(5) says of a process, by the names there. It
// is empty for one that is gone.
type processStatus map[string]string

func statusOf(pid int) processStatus {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return nil
	}
	return parseStatus(string(raw))
}

func parseStatus(text string) processStatus {
	status := processStatus{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(line, ":"); ok {
			status[name] = strings.Join(strings.Fields(value), " ")
		}
	}
	return status
}

// set is a mask of signals or capabilities.
func (s processStatus) set(name string) uint64 {
	set, _ := strconv.ParseUint(s[name], 16, 64)
	return set
}

// users are the real and the effective user id, -1 for not known.
func (s processStatus) users() (real, effective int) {
	if n, _ := fmt.Sscan(s["Uid"], &real, &effective); n < 2 {
		return -1, -1
	}
	return real, effective
}
