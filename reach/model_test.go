package reach

import (
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// linked are ways to find a function that the linker decides about.
var linked = map[string]string{
	"called": `int main(int argc, char **argv) { return chroot("/"); }`,
	"in a table": `static int (*const all[])(const char *) = { chdir, chroot };
int main(int argc, char **argv) { return all[argc]("/"); }`,
	"in a table by another": `struct named { const char *name; int (*enter)(const char *); };
static const struct named all[] = { { "chdir", chdir }, { "chroot", chroot } };
static const struct named *const some[] = { all, all + 1 };
int main(int argc, char **argv) { return some[argc]->enter("/"); }`,
	"handed over": `static void leave(void) { chroot("/"); }
int main(int argc, char **argv) { return atexit(leave); }`,
	"in a switch": `int main(int argc, char **argv) { switch (argc) { case 1: return chdir("/");
case 2: return rmdir("/"); case 3: return unlink("/"); case 4: return chroot("/"); case 5: return getuid();
case 6: return getpid(); } return 0; }`,
	"by distances": `__attribute__((used)) static int enter(const char *path) { return chroot(path); }
__asm__(".section .rodata\n.globl all\n.hidden all\nall: .long enter - all, enter - all\n.previous\n");
extern const int all[] __attribute__((visibility("hidden")));
int main(int argc, char **argv) { return ((int (*)(char *))((char *)all + all[argc & 1]))("/"); }`,
	"by distances from themselves": `__attribute__((used)) static int enter(const char *path) {
return chroot(path); }
__asm__(".section .rodata\n.globl all\n.hidden all\nall: .long enter - ., enter - .\n.previous\n");
extern const int all[] __attribute__((visibility("hidden")));
int main(int argc, char **argv) { const int *at = all + (argc & 1);
return ((int (*)(char *))((char *)at + *at))("/"); }`,
}

// Where code lies, and how far what it names may be, changes how it names that, and not what it reaches.
func TestCodeModels(t *testing.T) {
	for name, flags := range map[string]string{
		"anywhere":                  "-O2 -fPIE -pie",
		"anywhere, at once":         "-O2 -fPIE -pie -Wl,-z,now",
		"anywhere, large":           "-O2 -fPIE -pie -mcmodel=large",
		"anywhere, large, at once":  "-O2 -fPIE -pie -mcmodel=large -Wl,-z,now",
		"where it is linked":        "-O2 -fno-pic -no-pie",
		"where it is linked, large": "-O2 -fno-pic -no-pie -mcmodel=large",
	} {
		for kind, source := range linked {
			if strings.Contains(flags, "large") && runtime.GOARCH != "amd64" ||
				strings.Contains(flags, "no-pie") && strings.Contains(kind, "themselves") {
				continue
			}
			t.Run(kind+" "+name, func(t *testing.T) {
				t.Parallel()
				const head = "#include <stdlib.h>\n#include <unistd.h>\n"
				path := compiled(t, head+source, strings.Fields(flags)...)
				if got := possible(analyzed(t, path, Options{})); !slices.Contains(got, unix.CAP_SYS_CHROOT) {
					t.Errorf("possible %v, want sys_chroot", got)
				}
			})
		}
	}
}
