package cgroup

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The group in which a process is, is one below the root.
func TestOf(t *testing.T) {
	if Root() == "" {
		t.Skip("wanted a cgroup v2 hierarchy, there is none")
	}
	own, err := Of(0)
	if err != nil || own == "" {
		t.Fatalf("our own: %q, %v", own, err)
	}
	if again, err := Of(os.Getpid()); again != own || err != nil {
		t.Errorf("by our process ID: %q, %v; wanted %q", again, err, own)
	}
	group, err := os.MkdirTemp(Root(), "cap-audit-cgroup-test-")
	if err != nil {
		t.Skipf("wanted to make a control group: %v", err)
	}
	t.Cleanup(func() { os.Remove(group) })
	if !Is(group) {
		t.Errorf("%s is none", group)
	}
	// the shell is in it once it has said so
	cmd := exec.Command("sh", "-c", `echo $$ >"$0/cgroup.procs" && echo there && read line`, group)
	gate, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer gate.Close()
	if n, err := out.Read(make([]byte, 16)); n == 0 {
		t.Fatal(err)
	}
	if path, err := Of(cmd.Process.Pid); filepath.Join(Root(), path) != group || err != nil {
		t.Errorf("of a process put into %s: %q, %v", group, path, err)
	}
	name := filepath.Base(group)
	for told, want := range map[string]string{"/../../elsewhere/" + name: "/" + name, "/" + name: "/" + name,
		"/../" + name + "-not": "", "/..": "", "": "", "/..a/b": "/..a/b"} {
		if got := Seen(told); got != want {
			t.Errorf("Seen(%q) = %q, wanted %q", told, got, want)
		}
	}
}

func TestOfNobody(t *testing.T) {
	const beyond = 1<<22 + 1 // PID_MAX_LIMIT
	if path, err := Of(beyond); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%q, %v", path, err)
	}
}

func TestIsNot(t *testing.T) {
	for _, path := range []string{"/proc", "/no/such", ""} {
		if Is(path) {
			t.Errorf("%q", path)
		}
	}
}

// A group's name is anybody's choice who may make one, and is found as it is.
func FuzzOf(f *testing.F) {
	for _, path := range []string{"/", "/a b", "/0::/x", "/x\r", "/\xff", "/a:b", ""} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if strings.Contains(path, "\n") {
			t.Skip("no group has such a name")
		}
		for _, before := range []string{"", "12:pids:" + path + "\n1:name=systemd:" + path + "\n"} {
			if got := unified(before + "0::" + path + "\n"); got != path {
				t.Errorf("%q, wanted %q", got, path)
			}
		}
		if got := unified("1:name=0:" + path + "\n"); got != "" {
			t.Errorf("%q is of version 1", got)
		}
	})
}
