package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// Where nothing can be executed, nobody is sent to chmod: that is said of the program, or
// of the interpreter that is there.
func TestMountedNoexec(t *testing.T) {
	t.Parallel()
	tool(t, "unshare")
	const mounted = `mount -t tmpfs -o noexec tmpfs "$2" && cd "$2" && cp /bin/true program &&
		printf '#!/bin/sh\n' >script && printf 'echo\n' >headless && chmod +x * && ln -s program link &&
		printf '#!%s/program\n' "$2" >"$3/through" && chmod +x "$3/through" && exec "$1" -- "$4"`
	dir, outside := t.TempDir(), t.TempDir()
	const noexec = "is on a file system that is mounted noexec"
	const itself = noexec + "; copy it to another one"
	for path, want := range map[string]string{
		"./program":          itself,
		"./script":           itself,
		"./headless":         itself,
		"./link":             itself,
		outside + "/through": fmt.Sprintf("its interpreter %q %s", dir+"/program", noexec),
	} {
		r := finish(t, command(t, "unshare", "-m", "sh", "-c", mounted, "sh", capAuditPath, dir, outside,
			path))
		if r.status != 126 || !strings.Contains(string(r.stderr), want) {
			t.Errorf("%s: status %d: %s", path, r.status, r.stderr)
		}
	}
}
