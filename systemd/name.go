package systemd

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/hint"
)

// unitTypes are the suffixes of unit names; man systemd.unit.
var unitTypes = []string{".service", ".socket", ".device", ".mount", ".automount", ".swap", ".target",
	".path", ".timer", ".slice", ".scope"}

// ServiceName completes and checks the name of a service, as systemctl does.
func ServiceName(name string) (string, error) {
	// UNIT_NAME_MAX and VALID_CHARS of systemd's src/basic/unit-name.h and .c
	const longest, special = 255, ":-_.\\@"
	if strings.Contains(name, "/") {
		return "", hint.Add(errors.New("is a path"),
			"give the name of a unit that systemd has loaded, or the file to --service")
	}
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') &&
			!strings.ContainsRune(special, c) {
			return "", hint.Add(fmt.Errorf("%q cannot be in the name of a unit", c),
				"systemd-escape(1) spells it")
		}
	}
	suffix := path.Ext(name)
	switch {
	case !slices.Contains(unitTypes, suffix):
		name += ".service"
	case suffix != ".service":
		return "", hint.Add(fmt.Errorf("is a %s", suffix[1:]),
			"name a service, or give the control group of a slice or scope to --cgroup")
	}
	prefix, instance, template := strings.Cut(strings.TrimSuffix(name, ".service"), "@")
	switch {
	case prefix == "" || len(name) > longest:
		return "", errors.New("is no name of a unit")
	case template && instance == "":
		return "", hint.Addf(errors.New("is a template"),
			"name an instance of it, as in %s@NAME.service", prefix)
	}
	return name, nil
}

// slicePath is where the control group of a slice lies below the root:
// "a-b.slice" is in "a.slice". The root slice is "-.slice".
func slicePath(slice string) string {
	name, _ := strings.CutSuffix(slice, ".slice")
	if name == "" || name == "-" {
		return ""
	}
	var dirs []string
	for i, c := range name {
		if c == '-' {
			dirs = append(dirs, cgroupName(name[:i]+".slice"))
		}
	}
	return path.Join(append(dirs, cgroupName(slice))...)
}

// controllers are names that files of a control group begin with.
var controllers = []string{"cgroup", "cpu", "cpuset", "io", "memory", "devices", "pids", "hugetlb", "rdma",
	"misc", "dmem"}

// cgroupName is a unit's name as a directory: with "_" before it where the
// kernel could have a file of that name (cg_escape in systemd's src/basic/cgroup-util.c).
func cgroupName(unit string) string {
	first, _, _ := strings.Cut(unit, ".")
	if strings.HasPrefix(unit, "_") || strings.HasPrefix(unit, ".") || slices.Contains(controllers, first) {
		return "_" + unit
	}
	return unit
}
