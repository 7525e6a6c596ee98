package machine

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Podman is an engine with a store and settings of its own, in Dir. The
// settings are for machines where root may not raise limits and has no network
// to give. What runs is in a directory with a short name: podman 4.3 refuses
// --runroot with more than 50 characters, and that is how what cleans up after
// a container is started. Without it each podman run waits for 20 s.
type Podman struct{ Path, Dir string }

// NewPodman skips where podman is not installed; whether it works shows with
// Works.
func NewPodman(t testing.TB) Podman {
	t.Helper()
	Root(t)
	p := Podman{Program(t, "podman"), t.TempDir()}
	// runc takes settings that crun refuses on some machines
	Program(t, "runc")
	p.Write(t, "containers.conf", `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "none"
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
`)
	run, err := os.MkdirTemp("", "run")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(run) })
	p.Write(t, "storage.conf", fmt.Sprintf("[storage]\ndriver = \"vfs\"\ngraphroot = %q\nrunroot = %q\n",
		filepath.Join(p.Dir, "graph"), run))
	return p
}

// Import makes an image of what is below a directory.
func (p Podman) Import(t testing.TB, directory, name string, options ...string) {
	t.Helper()
	archive := filepath.Join(p.Dir, "image.tar")
	if out, err := exec.Command("tar", "-C", directory, "-cf", archive, ".").CombinedOutput(); err != nil {
		t.Fatalf("tar: %v: %s", err, out)
	}
	Works(t, p.Command(append(append([]string{"import", "--quiet"}, options...), archive, name)...))
}

// Works is for what an engine must be able to do before anything else is to
// blame: not every one works everywhere, for instance in a chroot.
func Works(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		Lacks(t, "wanted %q to work here: %v: %s", cmd.Args, err, out)
	}
}

// Write makes a file in Dir.
func (p Podman) Write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(p.Dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// Command is one of podman's.
func (p Podman) Command(args ...string) *exec.Cmd { return p.For(p.Path, args...) }

// For is a program that runs podman.
func (p Podman) For(path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.Dir = p.Dir
	cmd.Env = append(os.Environ(), p.Environment()...)
	return cmd
}

// Environment is what has an engine use the store and the settings in Dir. From podman 5 on it
// warns of control groups of the first version each time.
func (p Podman) Environment() []string {
	return []string{"CONTAINERS_CONF=" + filepath.Join(p.Dir, "containers.conf"),
		"CONTAINERS_STORAGE_CONF=" + filepath.Join(p.Dir, "storage.conf"),
		"PODMAN_IGNORE_CGROUPSV1_WARNING=1"}
}

// Run is what a command of podman's writes to standard output; it has to
// succeed.
func (p Podman) Run(t testing.TB, args ...string) string {
	t.Helper()
	return Output(t, p.Command(args...))
}

// Ended waits for a container's end, and returns all that it has written.
func (p Podman) Ended(t testing.TB, container string) (status, logs string) {
	t.Helper()
	status = strings.TrimSpace(p.Run(t, "wait", container))
	out, err := p.Command("logs", container).CombinedOutput()
	if err != nil {
		t.Fatalf("podman logs %s: %v\n%s", container, err, out)
	}
	return status, string(out)
}

// Output of a command that has to succeed; what it says on standard error is
// shown when it does not.
func Output(t testing.TB, cmd *exec.Cmd) string {
	t.Helper()
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%q: %v\n%s%s", cmd.Args, err, out, &complaints)
	}
	return string(out)
}
