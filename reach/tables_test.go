package reach

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// tables is a library with a table of operations between functions that name it and others.
const tables = `#define _GNU_SOURCE
#include <unistd.h>
#include <stdlib.h>
#define HIDDEN __attribute__((visibility("hidden")))
struct operations { const char *name; int (*enter)(const char *); };
extern const char *const names[4] HIDDEN;
extern const struct operations all[2] HIDDEN;
const char *const names[4] = { "a", "b", "c", "d" };
const struct operations all[2] = { { "chroot", chroot }, { "chdir", chdir } };
int never(int n) { return all[n].enter("/"); }
HELD
const char *called(unsigned n) { ACT }
`

// What a table holds is reached if code that is reached may read it, and not if only other code names it.
func TestTables(t *testing.T) {
	for name, test := range map[string]struct {
		held, act string
		reached   bool
	}{
		"not named":              {"", "return getenv(\"A\");", false},
		"named":                  {"", "return all[n].enter(\"/\") ? 0 : \"\";", true},
		"handed over":            {"", "return (char *)bsearch(\"\", all, n, sizeof *all, 0);", true},
		"another and indexed":    {"", "return n > 3 ? 0 : names[n];", false},
		"another and not bound":  {"", "return names[n];", true},
		"another and bound late": {"", "const char *s = names[n]; return n > 3 ? getenv(s) : s;", true},
		"another and handed over": {"", "return (char *)bsearch(\"\", names, n, sizeof *names, 0);",
			true},
		"by a variable": {"const struct operations *held = all;", "return held[n].name;", true},
		"by a thread's own": {"static __thread const struct operations *held = all;",
			"return held[n].name;", true},
		"by a symbol": {"const struct operations *const held = all;", "return getenv(\"A\");", false},
		"by a symbol that is read": {"const struct operations *const held = all;",
			"return held[n].name;", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !test.reached && runtime.GOARCH != "amd64" {
				t.Skip("wanted x86-64: elsewhere code names pages, and limits of an index are not read")
			}
			source := strings.NewReplacer("HELD", test.held, "ACT", test.act).Replace(tables)
			r := withLibrary(t, source, `const char *called(unsigned);
int main(int argc, char **argv) { return called(argc) != 0; }`)
			if got := r.Capabilities[unix.CAP_SYS_CHROOT].Class == Possible; got != test.reached {
				t.Errorf("reached: %v, want %v", got, test.reached)
			}
		})
	}
}

// A program that is not made to lie anywhere has a copy of the table that it reads.
func TestCopiedTable(t *testing.T) {
	const library = `#include <unistd.h>
int (*const shared[2])(const char *) = { chroot, chdir };`
	r := withLibrary(t, library, `extern int (*const shared[2])(const char *);
int main(int argc, char **argv) { return shared[argc]("/"); }`, "-no-pie", "-fno-pic")
	if r.Capabilities[unix.CAP_SYS_CHROOT].Class != Possible {
		t.Error("sys_chroot is ruled out")
	}
}

// withLibrary is the result for a program that links a library.
func withLibrary(t *testing.T, library, program string, flags ...string) *Result {
	t.Helper()
	built := compiled(t, library, "-O2", "-shared", "-fPIC", "-Wl,-z,relro,-z,now", "-Wl,-soname,liba.so")
	dir := filepath.Dir(built)
	path := filepath.Join(dir, "liba.so")
	if err := os.Rename(built, path); err != nil {
		t.Fatal(err)
	}
	r := analyzed(t, compiled(t, program, append(flags, path, "-Wl,-rpath,"+dir)...), Options{})
	if len(r.Missing) > 0 {
		t.Fatal(r.Missing)
	}
	return r
}
