package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cap-audit/cap-audit/report/snippets"
)

// What the table has of Podman is what its profile says that is installed here.
func TestInstalledProfile(t *testing.T) {
	const installed = "/usr/share/containers/seccomp.json"
	var out strings.Builder
	differences, err := list(&out, snippets.Containers, installed)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("wanted the profile of containers/common: %v", err)
	}
	if differences != 0 || err != nil {
		t.Errorf("%d differences, error %v:\n%s", differences, err, &out)
	}
}

func TestSets(t *testing.T) {
	p := profileOf(t, `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
		{"names": ["read", "fsopen"], "action": "SCMP_ACT_ALLOW"},
		{"names": ["fsopen"], "action": "SCMP_ACT_ERRNO", "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
		{"names": ["bpf"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
		{"names": ["bpf"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_BPF"]}},
		{"names": ["perf_event_open"], "action": "SCMP_ACT_ERRNO",
			"excludes": {"caps": ["CAP_SYS_ADMIN"]}},
		{"names": ["perf_event_open"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_PERFMON"]}},
		{"names": ["clone"], "action": "SCMP_ACT_ALLOW",
			"args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}], "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
		{"names": ["clone"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
		{"names": ["iopl"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["amd64"]}},
		{"names": ["swapon"], "action": "SCMP_ACT_ERRNO"}
	]}`)
	for call, want := range map[string]string{
		"read": "always", "fsopen": "always", "bpf": "sys_admin or bpf",
		"perf_event_open": "sys_admin+perfmon",
		"clone":           "sys_admin", "iopl": "always", "swapon": "never", "keyctl": "never",
	} {
		if got := words(p.sets(call, "amd64")); got != want {
			t.Errorf("%s: %s, want %s", call, got, want)
		}
	}
	if got := words(p.sets("iopl", "arm64")); got != "never" {
		t.Errorf("iopl on arm64: %s", got)
	}
	if got := p.newest(map[int]string{1: "read", 2: "bpf", 3: "keyctl"}); got != 2 {
		t.Errorf("newest: %d", got)
	}
}

func TestList(t *testing.T) {
	path := write(t, `{"syscalls": [{"names": ["read", "write", "mmap", "acct"], "action": "SCMP_ACT_ALLOW"}]}`)
	var out strings.Builder
	differences, err := list(&out, snippets.Moby, path)
	for _, line := range []string{"amd64: open: never; the table has always\n",
		"amd64: acct: always; the table has sys_pacct\n", "arm64: setns"} {
		if strings.Contains(out.String(), line) != (line != "arm64: setns") {
			t.Errorf("%q, in:\n%s", line, &out)
		}
	}
	if differences != strings.Count(out.String(), "\n") || err != nil {
		t.Errorf("%d differences, error %v", differences, err)
	}
}

func TestNoProfile(t *testing.T) {
	for _, text := range []string{"", "{}", `{"syscalls": []}`,
		`{"syscalls": [{"names": ["read"], "includes": {"caps": ["CAP_NONSENSE"]}}]}`} {
		if _, err := list(&strings.Builder{}, snippets.Moby, write(t, text)); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

func profileOf(t *testing.T, text string) *profile {
	t.Helper()
	p, err := readProfile(write(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "profile.json")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
