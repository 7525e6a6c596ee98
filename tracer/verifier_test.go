package tracer

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/cap-audit/cap-audit/test/machine"
)

// verified is how many instructions the verifier of Linux 6.18 goes through until
// it has accepted a program.
var verified = map[string]int{
	"tp_cap_capable": 9265,
	"on_sys_exit":    8380,
	"on_exec":        1616,
	"on_newtask":     652,
	"on_fork":        663,
	"list_tasks":     321,
	"on_exit":        314,
}

// verifiedCases are what is loaded for one audit or another.
var verifiedCases = []struct {
	name    string
	set     settings
	differs map[string]int // 0: not loaded
}{
	{"command", looks(settings{}), nil},
	{"command, a repetition", settings{}, map[string]int{"tp_cap_capable": 4902, "on_sys_exit": 7371}},
	{"command, verbose", looks(settings{verbose: true}), map[string]int{
		"tp_cap_capable": 9758, "on_sys_exit": 9483}},
	{"process", looks(settings{running: &opened{pidfd: -1}}), map[string]int{"adopt_tree": 2838}},
	{"process, sampled", looks(settings{running: &opened{pidfd: -1}, sampled: true}), map[string]int{
		"adopt_tree": 2838, "tp_cap_capable": 11670, "on_sys_exit": 0, "on_fork": 726}},
	{"control group", looks(settings{running: &opened{pidfd: -1, path: "/"}}), map[string]int{
		"adopt_group": 2046, "on_group_made": 118, "on_moved": 2003, "on_newtask": 2661, "on_fork": 2655}},
	{"each control group",
		looks(settings{running: &opened{Running: Running{EachDepth: 1}, pidfd: -1, path: "/"}}),
		map[string]int{"adopt_group": 3197, "on_group_made": 118, "on_moved": 2943, "on_newtask": 6460,
			"on_fork": 6421, "on_exec": 4473, "list_tasks": 2410, "on_exit": 337, "on_sys_exit": 11867,
			"tp_cap_capable": 12104}},
}

// looks has each check looked at, as a first run does.
func looks(s settings) settings {
	s.objects, s.stacks, s.code = true, true, true
	return s
}

// verifiedRoom is what another kernel's or compiler's figure may be above it, in percent.
const verifiedRoom = 25

// Each audit waits at its start until the kernel has verified its programs. One
// that takes longer may, but not unseen: its figure is written into the table.
func TestVerifierWork(t *testing.T) {
	if missing := MissingPrivileges(); len(missing) > 0 {
		machine.Lacks(t, "wanted privileges to trace, %v are missing", missing)
	}
	if preemptibleTracepoints() {
		t.Skip("wanted a kernel on which no more programs are loaded than those whose figures are known")
	}
	for _, c := range verifiedCases {
		t.Run(c.name, func(t *testing.T) {
			k, err := openKernel([]Backend{Tracepoint}, c.set)
			if err != nil {
				t.Skipf("wanted the backend whose figures are known: %v", err)
			}
			defer k.close()
			known := maps.Clone(verified)
			maps.Copy(known, c.differs)
			work := verifiedBy(t, k)
			t.Logf("instructions gone through: %v", work)
			for program, n := range work {
				if limit := known[program] * (100 + verifiedRoom) / 100; n > limit {
					t.Errorf("%s: the verifier went through %d instructions, over %d", program, n, limit)
				}
			}
			for program, n := range known {
				if n > 0 && work[program] == 0 {
					t.Errorf("%s: was not loaded, or not verified", program)
				}
			}
		})
	}
}

// verifiedBy is the verifier's work on each program that is loaded.
func verifiedBy(t *testing.T, k *kernel) map[string]int {
	t.Helper()
	work := map[string]int{}
	it := k.module.Iterator()
	for program := it.NextProgram(); program != nil; program = it.NextProgram() {
		fd := program.FileDescriptor()
		if fd < 0 {
			continue
		}
		info, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", fd))
		if err != nil {
			t.Fatal(err)
		}
		// kernel/bpf/syscall.c, bpf_prog_show_fdinfo(), since 5.16
		line := regexp.MustCompile(`(?m)^verified_insns:\s*(\d+)$`).FindSubmatch(info)
		if line == nil {
			t.Skipf("wanted verified_insns of a BPF program, there is %s", info)
		}
		if work[program.Name()], err = strconv.Atoi(string(line[1])); err != nil {
			t.Fatal(err)
		}
	}
	return work
}
