package reach

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// What is written after setjmp(3) returned is there when it returns again.
func TestReturnsTwice(t *testing.T) {
	const program = `#include <setjmp.h>
#include <sys/prctl.h>
static jmp_buf back;
static __attribute__((noinline)) void jump(int n) { if (n) longjmp(back, n); }
int main(int argc, char **argv) {
	volatile int option = PR_SET_NAME;
	if (_setjmp(back) == 0) {
		option = PR_CAPBSET_DROP;
		jump(argc);
		return 0;
	}
	return prctl(option, "a", 0, 0, 0);
}`
	for _, flags := range [][]string{{"-O1"}, {"-O2"}, {"-O2", "-static"}} {
		got := possible(analyzed(t, compiled(t, program, flags...), Options{}))
		if !slices.Contains(got, unix.CAP_SETPCAP) {
			t.Errorf("%v: possible %v, want setpcap", flags, got)
		}
	}
}
