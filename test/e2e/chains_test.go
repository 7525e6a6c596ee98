package e2e

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestChains: by which functions of the kernel a check came is found out by a walk over the stack the
// first few times, and known again from then on. If it were not, each answer would be right all the same,
// and dear.
func TestChains(t *testing.T) {
	t.Parallel()
	number := fewer(20000, 2000)
	n, few := fmt.Sprint(number), fmt.Sprint(number/10)
	owned := filepath.Join(preparedDir(t), "owned")
	for _, test := range []struct {
		name       string
		capability int
		number     uint64
		target     []string
	}{
		{"granted", unix.CAP_SETGID, number, []string{built("cost"), "setgid", n}},
		{"refused", unix.CAP_SETGID, number, []string{built("cost"), "refused", n}},
		{"in a security hook", unix.CAP_SETPCAP, number, []string{built("cost"), "prctl", n}},
		{"for a probe", unix.CAP_SYS_ADMIN, number, []string{built("cost"), "mmap", n}},
		{"by two functions", unix.CAP_NET_RAW, number, []string{built("sites"), n}},
		{"by children", unix.CAP_SYS_CHROOT, number / 10, []string{built("tree"), "fork", few}},
		{"by a worker", unix.CAP_DAC_OVERRIDE, number, []string{built("uring"), owned, n}},
	} {
		t.Run(test.name, func(t *testing.T) { knowsChains(t, test.capability, test.number, test.target...) })
	}
	t.Run("refused by AppArmor", func(t *testing.T) {
		knowsChains(t, unix.CAP_SYS_CHROOT, number, refusedByAppArmor(t), "loop", n)
	})
}

// knowsChains runs a target that makes so many checks of a capability, and reads the kernel half's counts
// before the audit ends. What is known by its chain is counted there, and in no row.
func knowsChains(t *testing.T, capability int, number uint64, target ...string) {
	t.Helper()
	const script = `"$@" >/dev/null; echo "status $?" >&2; read -r line`
	r := begin(t, capAudit(t, slices.Concat([]string{"-j", "--", "sh", "-c", script, "sh"}, target)...))
	status := r.await(`^status (\d+)$`)[1]
	var counted, walked uint64
	mapOf(t, r.cmd.Process.Pid, "totals").each(t, func(key, value []byte) {
		if binary.NativeEndian.Uint32(key) == uint32(capability) {
			counted = binary.NativeEndian.Uint64(value) + binary.NativeEndian.Uint64(value[8:])
		}
	})
	mapOf(t, r.cmd.Process.Pid, "checks").each(t, func(key, value []byte) {
		if key[8] == byte(capability) {
			walked += binary.NativeEndian.Uint64(value)
		}
	})
	r.stdin.Close()
	d := r.document()
	d.wholeAndConsistent(t)
	inlined := slices.ContainsFunc(d.Limits, func(l string) bool { return strings.HasPrefix(l, "inlined") })
	switch {
	case status == "77":
		t.Skipf("wanted what %q uses, this kernel or its settings do not have it", target)
	case capability == unix.CAP_SYS_ADMIN && counted < number && inlined:
		t.Skipf("wanted a kernel and a backend that show what mmap asks for: %q", d.Limits)
	case counted < number && !d.missesChecks():
		t.Errorf("status %s, %d checks, wanted %d", status, counted, number)
	}
	if walked > counted/20+16 {
		t.Errorf("%d of %d checks had a walk: their chains were not known again", walked, counted)
	}
}
