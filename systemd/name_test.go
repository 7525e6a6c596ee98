package systemd

import (
	"strings"
	"testing"
)

func TestServiceName(t *testing.T) {
	for given, want := range map[string]string{
		"ssh":                    "ssh.service",
		"ssh.service":            "ssh.service",
		"getty@tty1":             "getty@tty1.service",
		"getty@tty1.service":     "getty@tty1.service",
		"a@b@c":                  "a@b@c.service",
		"org.example.Thing":      "org.example.Thing.service",
		`dev-disk\x2dby`:         `dev-disk\x2dby.service`,
		"a@.hidden":              "a@.hidden.service",
		strings.Repeat("n", 247): strings.Repeat("n", 247) + ".service",
	} {
		if got, err := ServiceName(given); got != want || err != nil {
			t.Errorf("%q: %q %v, want %q", given, got, err, want)
		}
	}
	for given, want := range map[string]string{
		"/lib/systemd/system/ssh.service": "is a path",
		"../x":                            "is a path",
		"ssh.socket":                      "is a socket",
		"system.slice":                    "--cgroup",
		"getty@":                          "is a template",
		"getty@.service":                  "getty@NAME.service",
		"@x":                              "no name",
		".service":                        "no name",
		"a b":                             "systemd-escape",
		"a\n":                             `'\n'`,
		"é":                               "'é'",
		strings.Repeat("n", 248):          "no name",
	} {
		if got, err := ServiceName(given); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q %v, want an error with %q", given, got, err, want)
		}
	}
}

func TestCgroupPaths(t *testing.T) {
	for slice, want := range map[string]string{
		"-.slice":            "",
		"":                   "",
		"system.slice":       "system.slice",
		"a-b-c.slice":        "a.slice/a-b.slice/a-b-c.slice",
		"cpu-x.slice":        "_cpu.slice/cpu-x.slice",
		`system-a\x2d.slice`: `system.slice/system-a\x2d.slice`,
	} {
		if got := slicePath(slice); got != want {
			t.Errorf("%q: %q, want %q", slice, got, want)
		}
	}
	for unit, want := range map[string]string{
		"ssh.service":     "ssh.service",
		"memory.service":  "_memory.service",
		"memoryd.service": "memoryd.service",
		"_x.service":      "__x.service",
	} {
		if got := cgroupName(unit); got != want {
			t.Errorf("%q: %q, want %q", unit, got, want)
		}
	}
}
