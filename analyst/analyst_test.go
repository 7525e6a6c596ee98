package analyst

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/early"
	"github.com/cap-audit/cap-audit/reach"
	"github.com/cap-audit/cap-audit/test/scratch"
	"github.com/cap-audit/cap-audit/tracer"
)

// patience bounds waits for a fact.
const patience = 2 * time.Minute

func TestMain(m *testing.M) {
	MaybeAnalyze()
	os.Exit(m.Run())
}

// root is that of this machine.
func root(t *testing.T) *os.File {
	t.Helper()
	dir, err := os.Open("/")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// said is what the analyst says of a program.
func said(t *testing.T, p Program) *Answer {
	t.Helper()
	file, err := os.Open(p.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p.File = file
	if p.Root != nil {
		defer p.Root.Close()
	}
	a, err := Start(p)
	if err != nil {
		t.Fatal(err)
	}
	return a.Answer()
}

// What another process finds is what this one does.
func TestAnswer(t *testing.T) {
	const path = "/bin/ls"
	want, err := reach.Analyze(path, reach.Options{Names: []string{"/proc"}})
	if err != nil {
		t.Fatal(err)
	}
	got := said(t, Program{Path: path, Root: root(t), Names: []string{"/proc"}})
	if diff := cmp.Diff(want, got.Result); diff != "" || got.Failed != "" {
		t.Errorf("%s%s", got.Failed, diff)
	}
	got = said(t, Program{Path: path}) // nothing but the file is there
	if got.Result == nil || len(got.Result.Missing) == 0 {
		t.Errorf("without its libraries: %+v", got)
	}
}

func TestMapped(t *testing.T) {
	const path = "/bin/ls"
	want, err := reach.Analyze(path, reach.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := Program{Path: path}
	for _, name := range want.Objects[1:] {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		p.Mapped = append(p.Mapped, Mapped{Path: "/srv/one", File: file}) // one after the other at one path
	}
	if got := said(t, p); got.Result == nil || len(got.Result.Missing) > 0 ||
		len(got.Result.Objects) != len(want.Objects) {
		t.Errorf("%+v", got)
	}
	p.Mapped = append(p.Mapped, Mapped{Path: "/srv/one", Err: errors.New("is gone")})
	if got := said(t, p); got.Result == nil || len(got.Result.Missing) != 1 ||
		!strings.HasSuffix(got.Result.Missing[0], ": is gone") {
		t.Errorf("of one that is gone: %+v", got)
	}
}

func TestNoProgram(t *testing.T) {
	path := scratch.Write(t, filepath.Join(t.TempDir(), "script"), "#!/bin/sh\n")
	if got := said(t, Program{Path: path, Root: root(t)}); got.Result != nil ||
		!strings.Contains(got.Failed, "is not an ELF file") {
		t.Errorf("%+v", got)
	}
}

// confined waits until a child of ours is, and returns its number and what /proc says of it.
func confined(t *testing.T) (pid int, status string) {
	t.Helper()
	own := fmt.Sprintf("PPid:\t%d\n", os.Getpid())
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		names, _ := filepath.Glob("/proc/[0-9]*/status")
		for _, name := range names {
			status, _ := os.ReadFile(name)
			limits, _ := os.ReadFile(filepath.Join(filepath.Dir(name), "limits"))
			bounds := fields(string(limits))
			if strings.Contains(string(status), own) &&
				strings.Contains(bounds, "Max cpu time 60 60") &&
				strings.Contains(bounds, "Max data size 536870912 536870912") &&
				strings.Contains(bounds, "Max file size 0 0") {
				fmt.Sscanf(name, "/proc/%d/status", &pid)
				return pid, fields(string(status))
			}
		}
	}
	t.Fatal("no child is confined")
	return 0, ""
}

// policies are those of a process's threads.
func policies(t *testing.T, pid int) map[uint32]bool {
	t.Helper()
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		t.Fatal(err)
	}
	found := map[uint32]bool{}
	for _, thread := range threads {
		id, _ := strconv.Atoi(thread.Name())
		if attributes, err := unix.SchedGetAttr(id, 0); err == nil {
			found[attributes.Policy] = true
		}
	}
	return found
}

func fields(text string) string { return strings.Join(strings.Fields(text), " ") }

// The analyst has no privileges, whoever started it, yields to all until it is to hurry, and ends with who
// started it.
func TestConfined(t *testing.T) {
	aside, err := tracer.StartAside(early.AnalystName, nil)
	if err != nil {
		t.Fatal(err)
	}
	pid, status := confined(t)
	for _, want := range []string{"CapPrm: 0000000000000000", "CapEff: 0000000000000000",
		"CapAmb: 0000000000000000", "NoNewPrivs: 1"} {
		if !strings.Contains(status, want) {
			t.Errorf("no %q in\n%s", want, status)
		}
	}
	if got := policies(t, pid); !maps.Equal(got, map[uint32]bool{unix.SCHED_IDLE: true}) {
		t.Errorf("policies %v, want SCHED_IDLE alone", got)
	}
	aside.Hurry()
	own, err := unix.SchedGetAttr(0, 0)
	got := policies(t, pid)
	if err != nil || os.Getuid() == 0 && got[unix.SCHED_IDLE] != (own.Policy == unix.SCHED_IDLE) {
		t.Errorf("policies %v of one that is to hurry, want that of this process; %v", got, err)
	}
	unix.Shutdown(int(aside.Socket.Fd()), unix.SHUT_RDWR)
	aside.Wait()
}

// One that is ended has no answer, and who ends it does not wait.
func TestEnd(t *testing.T) {
	file, err := os.Open("/bin/ls")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	a, err := Start(Program{Path: "/bin/ls", File: file, Root: root(t)})
	if err != nil {
		t.Fatal(err)
	}
	a.Hurry()
	a.End()
	if got := a.Answer(); got.Result != nil || got.Failed != ended {
		t.Errorf("%+v", got)
	}
	a.Hurry() // of none any more
	a.End()
}
