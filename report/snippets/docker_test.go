package snippets

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/test/machine"
)

// startDocker is a Docker of the test's own, with an image whose cat has the
// capabilities in its file, and one whose cat has not. Both have unshare.
func startDocker(t *testing.T) (run func(args ...string) *exec.Cmd) {
	t.Helper()
	machine.Root(t)
	client := machine.Program(t, "docker")
	dir := t.TempDir()
	socket := startDockerd(t, dir)
	run = func(args ...string) *exec.Cmd {
		return exec.Command(client, append([]string{"--host", socket}, args...)...)
	}
	busybox, err := os.ReadFile(machine.Program(t, "busybox"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"plain", "setcap"} {
		cat := filepath.Join(dir, tag, "bin", "cat")
		if err := os.MkdirAll(filepath.Dir(cat), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(cat, busybox, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("cat", filepath.Join(filepath.Dir(cat), "unshare")); err != nil {
			t.Fatal(err)
		}
		if tag == "setcap" {
			machine.Output(t, exec.Command(machine.Program(t, "bash"), "-c",
				Setcap(Advice{Path: cat, Grant: []int{0, 13}})))
		}
		archive := filepath.Join(dir, tag+".tar")
		machine.Output(t, exec.Command(machine.Program(t, "tar"), "--xattrs", "--xattrs-include=*", "-C",
			filepath.Join(dir, tag), "-cf", archive, "."))
		machine.Works(t, run("import", archive, image+":"+tag))
		machine.Works(t, run(append([]string{"run", "--rm", "--network", "none", image + ":" + tag},
			strings.Fields(showStatus)...)...))
	}
	return run
}

// startDockerd has a daemon listen until the test ends. It touches neither
// networks nor what is outside of the directory.
func startDockerd(t *testing.T, dir string) (host string) {
	t.Helper()
	socket := filepath.Join(dir, "socket")
	host = "unix://" + socket
	machine.Engine(t, socket, "dockerd", "--host", host,
		"--data-root", filepath.Join(dir, "data"), "--exec-root", filepath.Join(dir, "exec"),
		"--pidfile", filepath.Join(dir, "pid"), "--storage-driver", "vfs",
		"--bridge", "none", "--iptables=false", "--ip-masq=false",
		"--default-ulimit", "nofile=1024:1024")
	return host
}

// Docker gives root what was added, and another user what the file brings: that
// is why the snippet for the latter does not forbid new privileges.
func TestDockerTakesIt(t *testing.T) {
	docker := startDocker(t)
	grant := held(t, 0, 13)
	status := func(a Advice, more ...string) string {
		args := append([]string{"run", "--rm", "--network", "none"}, strings.Fields(DockerOptions(a))...)
		return machine.Output(t, docker(append(append(args, more...), strings.Fields(showStatus)...)...))
	}
	confined(t, Advice{}, true, status(Advice{}, image+":plain"))
	root := Advice{Grant: grant}
	confined(t, root, true, status(root, image+":plain"))

	user := Advice{Grant: grant, Unprivileged: true}
	confined(t, user, false, status(user, "--user", "1000", image+":setcap"))
	if _, effective := sets(t, status(user, "--user", "1000", image+":plain")); effective != 0 {
		t.Errorf("Docker makes %s ambient: the comments are to name its version\n%s",
			capng.Text(effective), machine.Output(t, docker("version")))
	}
	t.Run("seccomp", func(t *testing.T) { dockerRefuses(t, docker) })
	t.Run("a profile", func(t *testing.T) { dockerTakesProfile(t, docker) })
}

// dockerTakesProfile tries a profile with a call for which the kernel asks for no
// capability, and the profile does.
func dockerTakesProfile(t *testing.T, docker func(...string) *exec.Cmd) {
	cat := Filter{Machine: runtime.GOARCH, Made: strings.Fields("arch_prctl brk close ioctl mmap mprotect " +
		"munmap newfstatat openat prlimit64 read readlink readlinkat rseq sendfile set_robust_list " +
		"set_tid_address write")}
	unshares := cat
	unshares.Reachable = []string{"unshare"}
	for name, c := range map[string]struct {
		filter        Filter
		option        string
		unsharesFails bool
	}{
		"without the call":           {cat, "--cap-add=SYS_ADMIN", true},
		"without the capability":     {unshares, "--cap-add=CHOWN", true},
		"with the call's capability": {unshares, "--cap-add=SYS_ADMIN", false},
	} {
		file := write(t, "profile.json", Seccomp(Advice{Filter: c.filter}))
		inside := func(words ...string) *exec.Cmd {
			args := []string{"run", "--rm", "--network", "none", "--cap-drop=ALL", c.option,
				"--security-opt=seccomp=" + file, image + ":plain"}
			return docker(append(args, words...)...)
		}
		machine.Output(t, inside(strings.Fields(showStatus)...))
		out, err := inside("unshare", "-U", "cat", "/proc/self/status").CombinedOutput()
		if (err != nil) != c.unsharesFails || err != nil && !strings.Contains(string(out), "not permitted") {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
}

// dockerRefuses tries what is said of the profile with a call for which the kernel
// asks for no capability.
func dockerRefuses(t *testing.T, docker func(...string) *exec.Cmd) {
	a := Advice{Made: []Made{{"/bin/unshare", []string{"unshare"}}}}
	if diff := cmp.Diff([]string{"unshare (unshare): Docker without SYS_ADMIN"}, Refusals(a)); diff != "" {
		t.Fatal(diff)
	}
	unshare := func(options ...string) *exec.Cmd {
		args := append([]string{"run", "--rm", "--network", "none"}, strings.Fields(DockerOptions(a))...)
		args = append(args, options...)
		return docker(append(append(args, image+":plain", "unshare", "-U"), strings.Fields(showStatus)...)...)
	}
	if out, err := unshare().CombinedOutput(); err == nil || !strings.Contains(string(out), "not permitted") {
		t.Errorf("without SYS_ADMIN: %v: %s", err, out)
	}
	for _, option := range []string{"--cap-add=SYS_ADMIN", "--security-opt=seccomp=unconfined"} {
		machine.Output(t, unshare(option))
	}
}
