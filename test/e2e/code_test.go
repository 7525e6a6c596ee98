package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Libraries that a program loads by name are in no file of its own: what it maps says which they
// are, also where it ran before the audit.
func TestCodeLoadedByName(t *testing.T) {
	t.Parallel()
	perl := tool(t, "perl")
	const script = `use POSIX; print STDERR "up\n"; <STDIN>`
	t.Run("command", func(t *testing.T) {
		t.Parallel()
		r := begin(t, command(t, capAuditPath, ofBackend("-j", "--", perl, "-e", script)...))
		r.wantObject(perl, "/POSIX.so")
	})
	t.Run("process", func(t *testing.T) {
		t.Parallel()
		p := begin(t, command(t, perl, "-e", script))
		p.await("^up$")
		r := begin(t, command(t, capAuditPath, ofBackend("-j", "-p", fmt.Sprint(p.cmd.Process.Pid))...))
		r.wantObject(perl, "/POSIX.so")
	})
}

// wantObject waits until the code of a program is looked at with an object whose path ends so.
func (r *running) wantObject(program, object string) {
	r.t.Helper()
	r.watched()
	eventually(r.t, fmt.Sprintf("the code of %s with %s is looked at", program, object), func() bool {
		r.hurry()
		d := r.interim()
		return slices.ContainsFunc(d.Coverage.Programs, func(p coverage) bool {
			return p.Path == program && slices.ContainsFunc(p.Objects, func(o string) bool {
				return strings.HasSuffix(o, object)
			})
		})
	})
}
