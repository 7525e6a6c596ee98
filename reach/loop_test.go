package reach

import (
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// What a loop reads from a table that nobody writes to are the table's constants, and not what follows.
func TestLoopThroughTable(t *testing.T) {
	const program = `#include <sys/ioctl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <unistd.h>
static int see(unsigned long n) { return n > 4096; }
static WRITTEN struct { unsigned long request; int (*see)(unsigned long), (*other)(unsigned long); } all[] = {
	{ BLKSSZGET, see, 0 }, { BLKIOMIN, see, 0 }, { BLKGETSIZE64, see, 0 }, { LAST, see, 0 } };
void change(int n) { CHANGE }
int main(int argc, char **argv) {
	for (size_t n = 0; n < sizeof all / sizeof *all; n++) {
		unsigned long found;
		if (ioctl(argc, all[n].request, &found) == 0 && all[n].see(found))
			return 1;
	}
	return 0;
}`
	all := []int{unix.CAP_SYS_ADMIN, unix.CAP_SYS_RAWIO}
	for name, test := range map[string]struct {
		written, last, change string
		want                  []int
	}{
		"harmless": {"const", "BLKGETSIZE", "", nil},
		"the last": {"const", "BLKDISCARD", "", all},
		"written":  {"", "BLKGETSIZE", "all[n].request = n;", append(all, unix.CAP_SYS_TIME)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if len(test.want) == 0 && runtime.GOARCH != "amd64" {
				t.Skip("wanted x86-64: elsewhere the end of a loop is not read")
			}
			path := compiled(t, program, "-O2", "-DWRITTEN="+test.written, "-DLAST="+test.last,
				"-DCHANGE="+test.change)
			got := possible(analyzed(t, path, Options{}))
			for _, n := range []int{unix.CAP_SYS_ADMIN, unix.CAP_SYS_RAWIO, unix.CAP_SYS_TIME} {
				if slices.Contains(got, n) != slices.Contains(test.want, n) {
					t.Errorf("possible %v, want of these %v", got, test.want)
				}
			}
		})
	}
}

// What stands at the end of a table is read where a loop leads there: by its last comparison, by what
// comes after it, or from a place that a caller names.
func TestLoopToTheEnd(t *testing.T) {
	const program = `#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <linux/fs.h>
static const struct { unsigned long key, request; } all[] = {
	{ 1, BLKSSZGET }, { 2, BLKIOMIN }, { 3, BLKGETSIZE64 }, { 0, 0x400870a2 }, { 0, BLKIOMIN } };
typedef const __typeof__(all[0]) *entry;
static entry other = &all[3];
__attribute__((noinline)) int told(int n, int found, entry e) { LOOP }
int main(int argc, char **argv) { return told(0, argc, argc > 1 ? other : 0); }`
	for name, loop := range map[string]string{
		"comparison": "for (e = all; e <= &all[3]; e++) ioctl(n, e->request, &found); return 0;",
		"after": "for (e = all; e < all + 3; e++) if (ioctl(n, e->request, &found) == 0) return 0; " +
			"return ioctl(n, e->request, &found);",
		"left": "for (e = all; e < all + 3; e++) if (getenv(\"A\")) break; " +
			"return ioctl(n, e->request, &found);",
		"caller's": "if (!e) e = all; do { ASK } while (++e != all + 3); return 0;",
	} {
		for _, how := range []string{"-O1", "-O2", "-Os"} {
			t.Run(name+" "+how, func(t *testing.T) {
				t.Parallel()
				ask := "ioctl(n, e->request, &found);"
				if runtime.GOARCH == "amd64" {
					ask = "long r = SYS_ioctl; __asm__ volatile(\"syscall\" : \"+a\"(r) : \"D\"(0), " +
						"\"S\"(e->request) : \"rcx\", \"r11\", \"memory\");"
				}
				source := strings.NewReplacer("LOOP", strings.Replace(loop, "ASK", ask, 1)).Replace(program)
				got := possible(analyzed(t, compiled(t, source, how), Options{}))
				if !slices.Contains(got, unix.CAP_SYS_TIME) {
					t.Errorf("possible %v, want sys_time", got)
				}
			})
		}
	}
}
