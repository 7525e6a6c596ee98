package analyst

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
	a, err := Start(&tracer.Audit{}, p)
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

// statusOf waits until a child of ours is confined, and returns what /proc says of it.
func statusOf(t *testing.T) string {
	t.Helper()
	own := fmt.Sprintf("PPid:\t%d\n", os.Getpid())
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		names, _ := filepath.Glob("/proc/[0-9]*/status")
		for _, name := range names {
			status, _ := os.ReadFile(name)
			limits, _ := os.ReadFile(filepath.Join(filepath.Dir(name), "limits"))
			stat, _ := os.ReadFile(filepath.Join(filepath.Dir(name), "stat"))
			bounds := fields(string(limits))
			if strings.Contains(string(status), own) && strings.Contains(string(stat), " 39 19 ") &&
				strings.Contains(bounds, "Max cpu time 60 60") &&
				strings.Contains(bounds, "Max data size 536870912 536870912") &&
				strings.Contains(bounds, "Max file size 0 0") {
				return fields(string(status))
			}
		}
	}
	t.Fatal("no child is confined")
	return ""
}

func fields(text string) string { return strings.Join(strings.Fields(text), " ") }

// The analyst has no privileges, whoever started it, and ends with who did.
func TestConfined(t *testing.T) {
	aside, err := (&tracer.Audit{}).StartAside(early.AnalystName, nil)
	if err != nil {
		t.Fatal(err)
	}
	status := statusOf(t)
	for _, want := range []string{"CapPrm: 0000000000000000", "CapEff: 0000000000000000",
		"CapAmb: 0000000000000000", "NoNewPrivs: 1"} {
		if !strings.Contains(status, want) {
			t.Errorf("no %q in\n%s", want, status)
		}
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
	a, err := Start(&tracer.Audit{}, Program{Path: "/bin/ls", File: file, Root: root(t)})
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
