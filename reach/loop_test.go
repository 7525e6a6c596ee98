package reach

import (
	"runtime"
	"slices"
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
