// Package soak has audits run beside each other for a long time, on a machine that is
// never quiet, and ends some of them as roughly as can be. At the end nothing is left.
//
//	CAP_AUDIT_SOAK      for how long, by default two minutes
//	CAP_AUDIT           the binary, by default ../../cap-audit
//	CAP_AUDIT_PROGRAMS  the C programs, by default in ../../build/programs
package soak

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/cgroup"
	"github.com/cap-audit/cap-audit/test/machine"
)

var (
	capAuditPath = machine.Setting("CAP_AUDIT", "../../cap-audit")
	programs     = machine.Setting("CAP_AUDIT_PROGRAMS", "../../build/programs")
	tree         = filepath.Join(programs, "tree")
)

func TestMain(m *testing.M) {
	machine.Supervise()
	machine.Suite("the soak", machine.CannotTrace(capAuditPath, nil, tree))
	os.Exit(m.Run())
}

// workers is how many audits there are at a time, beside the long one.
const workers = 3

// soak is what the workers have in common.
type soak struct {
	*testing.T
	until   time.Time
	group   string // below which all is run
	full    string // a directory on a file system without room
	objects objects

	mu    sync.Mutex
	seed  *rand.Rand
	kinds map[string]*tally
}

// tally is what became of the audits of one kind.
type tally struct {
	audits, reports, incomplete, errors, killed int
	checks                                      uint64
}

func TestLongSoak(t *testing.T) {
	duration := 2 * time.Minute
	if text := os.Getenv("CAP_AUDIT_SOAK"); text != "" {
		var err error
		if duration, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	if os.Getenv("CAP_AUDIT_VM") != "" {
		t.Skip("wanted a machine of real speed, there is an emulated one")
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	s := &soak{T: t, until: time.Now().Add(duration), group: newGroup(t), full: fullDisk(t),
		objects: objects{seen: map[object]bool{}}, seed: rand.New(rand.NewPCG(seed, 0)),
		kinds: map[string]*tally{}}
	long := s.beginLong()
	var all sync.WaitGroup
	for range workers {
		all.Add(1)
		go func() {
			defer all.Done()
			s.work()
		}()
	}
	all.Wait()
	long.end()
	s.nothingIsLeft()
	for _, kind := range slices.Sorted(maps.Keys(s.kinds)) {
		n := s.kinds[kind]
		t.Logf("%-10s %5d audits: %d reports, %d of them incomplete, %d errors, %d killed; %d checks",
			kind, n.audits, n.reports, n.incomplete, n.errors, n.killed, n.checks)
	}
}

// random is a number below n.
func (s *soak) random(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seed.IntN(n)
}

func (s *soak) work() {
	kinds := []struct {
		name string
		run  func(*audit)
	}{
		{"storm", (*audit).storm}, {"relay", (*audit).relay}, {"signals", (*audit).signals},
		{"killed", (*audit).killed}, {"full disk", (*audit).fullDisk}, {"attached", (*audit).attached},
	}
	for n := 0; time.Now().Before(s.until) && !s.Failed(); n++ {
		kind := kinds[s.random(len(kinds))]
		a := s.newAudit(kind.name)
		kind.run(a)
		a.cleanUp()
	}
}

// newGroup is a control group below which each audit has its own.
func newGroup(t *testing.T) string {
	t.Helper()
	if cgroup.Root() == "" {
		t.Skip("wanted a cgroup v2 hierarchy, there is none")
	}
	group, err := os.MkdirTemp(cgroup.Root(), "cap-audit-soak-")
	if err != nil {
		t.Skipf("wanted to make a control group: %v", err)
	}
	t.Cleanup(func() { unix.Rmdir(group) })
	return group
}

// fullDisk is a file system without room for a report.
func fullDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	// programs that look at all mounts, as xfs_io does, may be audited beside this
	if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("full", dir, "tmpfs", 0, "size=4k"); err != nil {
		t.Skipf("wanted to mount a file system: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	if err := os.WriteFile(filepath.Join(dir, "filler"), make([]byte, 4096), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// nothingIsLeft looks for what could be.
func (s *soak) nothingIsLeft() {
	groups := groupsBelow(s.group)
	files, _ := filepath.Glob(s.full + "/*")
	if len(groups) > 0 || len(files) != 1 {
		s.Errorf("left: %q %q", groups, files)
	}
	deadline := time.Now().Add(time.Minute)
	left := s.objects.left()
	for ; len(left) > 0 && time.Now().Before(deadline); left = s.objects.left() {
		time.Sleep(100 * time.Millisecond) // the kernel frees them after a grace period of RCU
	}
	if len(left) > 0 {
		s.Errorf("left in the kernel: %v", left)
	}
	s.Logf("gone from the kernel: %s", s.objects.text())
}

func (s *soak) count(kind string, add func(*tally)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kinds[kind] == nil {
		s.kinds[kind] = &tally{}
	}
	add(s.kinds[kind])
}

// moment is up to n milliseconds: a random one is the point.
func (s *soak) moment(n int) { time.Sleep(time.Duration(s.random(n)) * time.Millisecond) }

var names sync.Mutex
var lastName int

func nextName() string {
	names.Lock()
	defer names.Unlock()
	lastName++
	return fmt.Sprint(lastName)
}
