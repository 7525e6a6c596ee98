package snippets

import (
	"strings"

	"github.com/cap-audit/cap-audit/capng"
)

// ServiceBlock is the part of a unit file that limits a service to its sets.
// The empty assignments take back what the unit itself says, so that the block
// means the same as a drop-in.
func ServiceBlock(bounding, ambient []int, ambientUseful, noNewPrivileges bool) string {
	lines := []string{"[Service]"}
	if ambientUseful {
		lines = append(lines, assign("AmbientCapabilities", ambient)...)
	}
	lines = append(lines, assign("CapabilityBoundingSet", bounding)...)
	nnp := "no"
	if noNewPrivileges {
		nnp = "yes"
	}
	return strings.Join(append(lines, "NoNewPrivileges="+nnp), "\n")
}

func assign(key string, set []int) []string {
	lines := []string{key + "="}
	if names := spell(set, capng.Constant); len(names) > 0 {
		lines = append(lines, key+"="+strings.Join(names, " "))
	}
	return lines
}
