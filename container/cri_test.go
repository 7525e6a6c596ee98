package container

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// cri has a CRIProgram beside this one that runs a script, and a socket for it.
func (m machine) cri(script string) {
	m.t.Helper()
	self, err := os.Executable()
	if err != nil {
		m.t.Fatal(err)
	}
	program := filepath.Join(filepath.Dir(self), CRIProgram)
	m.t.Cleanup(func() { os.Remove(program) })
	if err := os.WriteFile(program, []byte("#!/bin/sh\nPATH=/usr/bin:/bin\n"+script), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(strings.TrimPrefix(os.Getenv(CRIEndpoint), "unix://"), nil, 0o600); err != nil {
		m.t.Fatal(err)
	}
}

func TestNoCRI(t *testing.T) {
	m := newMachine(t)
	fails(t, "web", "CRI is not there (no cap-audit-cri beside cap-audit)")
	m.cri("exit 1")
	t.Setenv(CRIEndpoint, "tcp://10.0.0.1:80")
	fails(t, "web", "CRI is not there (CONTAINER_RUNTIME_ENDPOINT is no socket of this machine)")
	t.Setenv(CRIEndpoint, "unix:///nowhere")
	fails(t, "web", "CRI is not there (no /nowhere)")
	if _, err := FindPod(t.Context(), "a/b"); err == nil || !strings.Contains(err.Error(), "no /nowhere") {
		t.Errorf("of a pod: %v", err)
	}
}

// Beside a tree that was built in /tmp anybody can have put a libexec.
func TestPlacesOfCRIProgram(t *testing.T) {
	for bin, want := range map[string][]string{
		"/usr/bin":        {"/usr/bin/cap-audit-cri", "/usr/libexec/cap-audit/cap-audit-cri"},
		"/usr/local/sbin": {"/usr/local/sbin/cap-audit-cri", "/usr/local/libexec/cap-audit/cap-audit-cri"},
		"/tmp/cap-audit":  {"/tmp/cap-audit/cap-audit-cri"},
	} {
		if got := criPlaces(bin); !slices.Equal(got, want) {
			t.Errorf("%s: %q, wanted %q", bin, got, want)
		}
	}
}

func TestHostileAnswersOfCRI(t *testing.T) {
	for name, c := range map[string]struct{ script, want string }{
		"absent":       {`echo '{"Absent":"is off"}'`, "CRI is not there (is off)"},
		"no JSON":      {"echo hello", "CRI cannot tell: its answer is not understood"},
		"nothing":      {"", "CRI cannot tell: its answer is not understood"},
		"no runtime":   {"echo '{}'", "CRI cannot tell: its answer has no name of a runtime"},
		"bad runtime":  {`echo '{"Runtime":"a b"}'`, "its answer has no name of a runtime"},
		"no ID":        {`echo '{"Runtime":"x","Containers":[{}]}'`, "CRI cannot tell: its answer has no ID"},
		"PID 1":        {`echo '{"Runtime":"x","Containers":[{"ID":"a","PID":1}]}'`, "a process ID of 1"},
		"negative PID": {`echo '{"Runtime":"x","Containers":[{"ID":"a","PID":-4}]}'`, "a process ID of -4"},
		"an error":     {"echo permission denied >&2; exit 1", "CRI cannot tell: permission denied"},
		"endless":      {"cat /dev/zero", "its answer is longer than 4 MiB"},
		"a stopped one": {`echo '{"Runtime":"x","Containers":[{"ID":"a","Name":"web","Status":"exited",
			"Pod":{"Namespace":"n","Name":"p"}}]}'`, "does not run: x has web of n/p with the ID a (exited)"},
	} {
		t.Run(name, func(t *testing.T) {
			newMachine(t).cri(c.script)
			fails(t, "web", c.want)
		})
	}
}

// Texts are bounded, and what is no digest is none.
func TestTextsOfCRI(t *testing.T) {
	long, _ := json.Marshal(strings.Repeat("\x1b", 4000))
	newMachine(t).cri(`echo '{"Runtime":"x","Containers":[{"ID":"a","Name":` + string(long) + `,"ImageDigest":` +
		string(long) + `,"Pod":{"Namespace":` + string(long) + `}}]}'`)
	list, err := ask(t.Context(), engine{"CRI", findCRI}, "a")
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	if c := list[0]; len(c.Name) > 600 || len(c.Pod.Namespace) > 600 || c.ImageDigest != "" ||
		c.Engine != "x" {
		t.Errorf("%+v", c)
	}
}

func TestPodNamesThatAreNone(t *testing.T) {
	newMachine(t).cri("exit 1")
	for _, name := range []string{"", "web", "/", "a/", "/b", "a/b/c", "-a/b", "a/--b", "a/../b", "a b/c",
		"a/" + strings.Repeat("b", 256), "a/b\n"} {
		_, err := FindPod(t.Context(), name)
		if err == nil || !strings.Contains(err.Error(), "is no NAMESPACE/NAME of a pod") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// A pod whose containers lie beside others' is not watched by the group above.
func TestPodWithoutAGroup(t *testing.T) {
	newMachine(t).cri(fmt.Sprintf(`echo '{"Runtime":"x","Sandbox":{"ID":"a","PID":%d,
		"Pod":{"Namespace":"n","Name":"p","UID":"u"}}}'`, os.Getpid()))
	_, err := FindPod(t.Context(), "n/p")
	if err == nil || !strings.Contains(err.Error(), "has no control group (v2) of its own") {
		t.Error(err)
	}
}
