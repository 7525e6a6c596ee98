package snippets

import (
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/lazy"
)

// plainDevice is a path that every engine takes as it is: no colon, after which Docker has
// another path and rights, and nothing that a shell or a YAML reader minds.
var plainDevice = lazy.Regexp(`^/dev(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$`)

// everywhere are the devices that each container has (opencontainers/runtime-spec, config-linux.md,
// Default Devices).
var everywhere = []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty",
	"/dev/console", "/dev/ptmx"}

// devices are those that the program used by a capability, and that a container has only if it is told so. A
// container that was audited has them.
func (a Advice) devices() []string {
	if a.Subject.Contained() {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(a.Met.Devices), func(path string) bool {
		return !plainDevice().MatchString(path) || slices.Contains(everywhere, path) ||
			strings.HasPrefix(path, "/dev/pts/")
	})
}

// deviceHint is for Kubernetes, which hands no device over by its name.
func deviceHint(a Advice) string {
	if devices := a.devices(); len(devices) > 0 {
		return remark("It used " + strings.Join(devices, ", ") +
			": a container has that by a device plugin, or if it is privileged.")
	}
	return ""
}
