package policy

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/coreos/go-systemd/v22/unit"

	"github.com/cap-audit/cap-audit/capng"
)

// isUnit tells unit files by their first line that says anything: a section.
// Our own files are mappings, which do not begin so in YAML or JSON.
func isUnit(text string) bool {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		return line[0] == '['
	}
	return false
}

// all are the capabilities of the running kernel.
func all() uint64 { return math.MaxUint64 >> (63 - capng.Last()) }

// parseUnit finds what a unit allows the processes of its service. As root,
// that is the bounding set. As another user, it is the ambient set. Where there
// is none, only the program's file can bring capabilities, and the bounding set
// limits these, if the unit has one and does not forbid new privileges.
func parseUnit(text string) (*Policy, error) {
	options, err := unit.DeserializeOptions(strings.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("unit file: %w", err)
	}
	s := service{bounding: all()}
	found := false
	for _, o := range options {
		// the other sections of units that start processes
		if !slices.Contains([]string{"Service", "Socket", "Mount", "Swap"}, o.Section) {
			continue
		}
		found = true
		// go-systemd leaves continued lines as they are
		value := strings.TrimSpace(strings.ReplaceAll(o.Value, "\\\n", " "))
		if err := s.set(o.Name, value); err != nil {
			return nil, err
		}
	}
	if !found {
		return nil, errors.New("is a unit file without a [Service] section")
	}
	return s.allowed(), nil
}

// service has those settings of a unit that bear on capabilities, as
// systemd.exec(5) describes them.
type service struct {
	bounding, ambient uint64
	bounded           bool // by a line of the unit
	user              string
	dynamic, noNew    bool
}

func (s *service) set(name, value string) (err error) {
	switch name {
	case "CapabilityBoundingSet":
		s.bounding, err = assign(s.bounding, all(), value)
		s.bounded = true
	case "AmbientCapabilities":
		s.ambient, err = assign(s.ambient, 0, value)
	case "User":
		s.user = value
	case "DynamicUser":
		s.dynamic, err = boolean(value)
	case "NoNewPrivileges":
		s.noNew, err = boolean(value)
	}
	if err != nil {
		return fmt.Errorf("unit file: %s=%s: %w", name, escape(value), err)
	}
	return nil
}

// assign does what a line does to a set, as config_parse_capability_set of
// systemd's core/load-fragment.c: "" empties it, a list is added to it or,
// behind ~, taken away from it. A line that meets the initial set stands for
// itself. systemd skips names it does not know; in a policy they are errors.
func assign(set, initial uint64, value string) (uint64, error) {
	names, invert := strings.CutPrefix(value, "~")
	listed := uint64(0)
	for _, word := range strings.Fields(names) {
		n, ok := capng.Number(word)
		if !ok || !strings.HasPrefix(strings.ToLower(word), "cap_") {
			return 0, fmt.Errorf("systemd knows no capability %s; it spells them like CAP_CHOWN", escape(word))
		}
		listed |= 1 << n
	}
	switch {
	case invert && (listed == 0 || set == initial):
		return all() &^ listed, nil
	case invert:
		return set &^ listed, nil
	case listed == 0 || set == initial:
		return listed, nil
	}
	return set | listed, nil
}

func boolean(value string) (bool, error) {
	switch strings.ToLower(value) {
	case "1", "yes", "y", "true", "t", "on":
		return true, nil
	case "0", "no", "n", "false", "f", "off":
		return false, nil
	}
	return false, errors.New("is neither yes nor no")
}

func (s *service) allowed() *Policy {
	root := !s.dynamic && (s.user == "" || s.user == "root" || s.user == "0")
	switch {
	case root:
		return &Policy{Allowed: s.bounding, Unlimited: s.bounding == all()}
	case s.ambient != 0:
		return &Policy{Allowed: s.ambient & s.bounding}
	case s.bounded && !s.noNew:
		return &Policy{Allowed: s.bounding}
	}
	return &Policy{}
}
