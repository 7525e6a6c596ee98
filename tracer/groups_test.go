package tracer

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
)

// removeGroup removes a control group: a process that has ended leaves it a moment later.
func removeGroup(t *testing.T, group string) {
	t.Helper()
	for err := unix.EBUSY; err == unix.EBUSY; {
		err, _ = unix.Rmdir(group).(syscall.Errno)
	}
}

func makeGroup(t *testing.T, group string) {
	t.Helper()
	if err := os.Mkdir(group, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Rmdir(group) })
}

// observedEach is what is known of each group, by path below the watched one.
func observedEach(t *testing.T, a *Audit) map[string]*audit.Observation {
	t.Helper()
	groups, err := a.Groups()
	if err != nil {
		t.Fatal(err)
	}
	observations, err := a.ObserveEach(groups)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*audit.Observation{}
	for i, g := range groups {
		name, err := filepath.Rel(a.adopted.running.path, g.Path)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = observations[i]
		if o := observations[i]; o.Losses != (audit.Losses{}) {
			t.Errorf("%s: losses %+v", name, o.Losses)
		}
	}
	return all
}

func chrootsOf(o *audit.Observation) (n uint64) {
	if o != nil {
		checks := o.Totals[unix.CAP_SYS_CHROOT]
		n = checks.Granted + checks.Denied
	}
	return n
}

// Each group has what was done in it, whatever comes and goes, and one made anew is the same.
func TestEachGroup(t *testing.T) {
	group := newGroup(t)
	makeGroup(t, group)
	a := adoptNow(t, Running{Cgroup: group, MustExist: true, Entry: EntryByManager, EachDepth: 1})
	want := map[string]uint64{}
	run := func(name string, n int) {
		t.Helper()
		script := ""
		for range n {
			script += chrootScript + ";"
		}
		runIn(t, path.Join(group, name), script)
		want[name] += uint64(n)
	}
	run(".", 1)
	for i := range 3 {
		for _, name := range []string{"one", "two"} {
			makeGroup(t, path.Join(group, name))
			run(name, 1+i)
			removeGroup(t, path.Join(group, name))
		}
	}
	makeGroup(t, path.Join(group, "one"))
	makeGroup(t, path.Join(group, "one", "below"))
	runIn(t, path.Join(group, "one", "below"), chrootScript)
	want["one"]++
	for i := range 50 {
		name := fmt.Sprint("many-", i)
		makeGroup(t, path.Join(group, name))
		run(name, 1)
		removeGroup(t, path.Join(group, name))
	}
	all := observedEach(t, a)
	for name, n := range want {
		o := all[name]
		if got := chrootsOf(o); got != n {
			t.Errorf("%s: %d checks, not %d", name, got, n)
			continue
		}
		var rows, programs uint64
		for _, row := range o.Checks {
			if row.Capability == unix.CAP_SYS_CHROOT {
				rows += row.Count
			}
		}
		for _, p := range o.Programs {
			if path.Base(p.Path) == "chroot" {
				programs += p.Processes
			}
		}
		if rows != n || programs != n {
			t.Errorf("%s: %d checks in rows, %d processes of chroot, not %d: %+v", name, rows, programs, n,
				o.Programs)
		}
	}
	if len(all) != len(want) {
		t.Errorf("%d groups, not %d", len(all), len(want))
	}
}

// What a process does once it was moved is the other group's.
func TestMovedBetweenGroups(t *testing.T) {
	group := newGroup(t)
	makeGroup(t, group)
	for _, name := range []string{"one", "two"} {
		makeGroup(t, path.Join(group, name))
	}
	a := adoptNow(t, Running{Cgroup: group, MustExist: true, EachDepth: 1})
	runIn(t, path.Join(group, "one"), chrootScript+`; echo $$ >`+path.Join(group, "two", "cgroup.procs")+";"+
		chrootScript+";"+chrootScript)
	all := observedEach(t, a)
	if one, two := chrootsOf(all["one"]), chrootsOf(all["two"]); one != 1 || two != 2 {
		t.Errorf("%d and %d checks, not 1 and 2", one, two)
	}
}

// Two levels below have groups of their own, and so has what is directly in the one between.
func TestEachDepth(t *testing.T) {
	group := newGroup(t)
	makeGroup(t, group)
	want := map[string]uint64{".": 1, "one": 2, "one/two": 4}
	makeGroup(t, path.Join(group, "one"))
	makeGroup(t, path.Join(group, "one", "two"))
	makeGroup(t, path.Join(group, "one", "two", "three"))
	a := adoptNow(t, Running{Cgroup: group, MustExist: true, EachDepth: 2})
	for name, n := range map[string]int{".": 1, "one": 2, "one/two": 1, "one/two/three": 3} {
		for range n {
			runIn(t, path.Join(group, name), chrootScript)
		}
	}
	all := observedEach(t, a)
	for name, n := range want {
		if got := chrootsOf(all[name]); got != n {
			t.Errorf("%s: %d checks, not %d", name, got, n)
		}
	}
}
