package snippets

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/test/machine"
)

// containerRoot is a file system for managers that start containers from a directory. Its
// cat can have capabilities in its file.
func containerRoot(t *testing.T, ofCat ...int) string {
	t.Helper()
	machine.Root(t)
	busybox, err := os.ReadFile(machine.Program(t, "busybox"))
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(t.TempDir(), "cap-audit-snippet") // systemd-nspawn calls the container so
	for _, dir := range []string{"bin", "dev", "etc", "proc", "run", "sys", "tmp", "usr", "var"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"cat", "sh"} {
		if err := os.WriteFile(filepath.Join(root, "bin", name), busybox, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if len(ofCat) > 0 {
		run(t, machine.Program(t, "sh"), "-c",
			Setcap(Advice{Path: filepath.Join(root, "bin/cat"), Grant: ofCat}))
	}
	return root
}

// executeLXC runs a command in a container by LXC's library. The commands lxc-execute and
// lxc-start do the same, in a package of 26 MB.
const executeLXC = `
import sys, lxc
container = lxc.Container("cap-audit-snippet", sys.argv[1])
if not container.load_config(sys.argv[2]):
    sys.exit("cannot read " + sys.argv[2])
sys.exit(not container.start(useinit=True, daemonize=False, cmd=tuple(sys.argv[3:])))
`

// inLXC is what cat shows in a container with a snippet in its configuration.
func inLXC(t *testing.T, root, user, snippet string) *exec.Cmd {
	t.Helper()
	// as the files that a container's configuration includes have it
	config := fmt.Sprintf("lxc.cap.drop = mac_admin\nlxc.rootfs.path = dir:%s\nlxc.net.0.type = none\n"+
		"lxc.mount.auto = proc:mixed\nlxc.apparmor.profile = unconfined\nlxc.init.uid = %s\n%s\n",
		root, user, snippet)
	return exec.Command("/usr/bin/python3", "-c", executeLXC, t.TempDir(), write(t, "config", config),
		"/bin/cat", "/proc/self/status")
}

func TestLXCTakesIt(t *testing.T) {
	machine.Root(t)
	python := exec.Command("/usr/bin/python3", "-c", "import lxc")
	if out, err := python.CombinedOutput(); err != nil {
		machine.Lacks(t, "wanted python3-lxc: %v: %s", err, out)
	}
	machine.Works(t, inLXC(t, containerRoot(t), "0", ""))
	grant := held(t, 0, 13)
	for name, c := range map[string]struct {
		user       string
		advice     Advice
		noNewPrivs bool
	}{
		"none":         {"0", Advice{}, true},
		"root":         {"0", Advice{Grant: grant}, true},
		"another user": {"1000", Advice{Grant: grant, Unprivileged: true}, false},
		"set-user-ID":  {"0", Advice{Grant: grant, Gains: audit.Gains}, false},
	} {
		t.Run(name, func(t *testing.T) {
			root := containerRoot(t)
			if c.advice.Unprivileged {
				root = containerRoot(t, grant...)
			}
			confined(t, c.advice, c.noNewPrivs, machine.Output(t, inLXC(t, root, c.user, LXC(c.advice))))
		})
	}
	all := Advice{Grant: known(), Possible: known()}
	machine.Output(t, inLXC(t, containerRoot(t), "0", LXC(all)+"\n"+Possible("lxc", all)))
	if inLXC(t, containerRoot(t), "0", "lxc.cap.keep = no_such").Run() == nil {
		t.Error("LXC takes any name, so this test proves less")
	}
}

// inNspawn is what cat shows in a container with a snippet in its settings.
func inNspawn(t *testing.T, root, snippet, more string) *exec.Cmd {
	t.Helper()
	if err := os.WriteFile(root+".nspawn", []byte(snippet+"\n"+more), 0o644); err != nil {
		t.Fatal(err)
	}
	options := []string{"--register=no", "--keep-unit", "--quiet", "--pipe", "--settings=trusted",
		"--directory=" + root}
	return exec.Command(machine.Program(t, "systemd-nspawn"),
		append(options, strings.Fields(showStatus)...)...)
}

// accounts answers systemd-nspawn, which asks a container's getent for its users.
const accounts = `#!/bin/sh
case $1 in
passwd) echo someone:x:1000:1000::/:/bin/sh ;;
*) echo someone 1000 ;;
esac
`

func TestNspawnTakesIt(t *testing.T) {
	root := containerRoot(t)
	if err := os.WriteFile(filepath.Join(root, "bin/getent"), []byte(accounts), 0o755); err != nil {
		t.Fatal(err)
	}
	machine.Works(t, inNspawn(t, root, "", ""))
	grant := held(t, 0, 13, unix.CAP_WAKE_ALARM) // the last is none of those that it leaves by itself
	for name, c := range map[string]struct {
		more   string
		advice Advice
	}{
		"none":         {"", Advice{}},
		"root":         {"", Advice{Grant: grant}},
		"another user": {"User=someone\n", Advice{Grant: grant, Unprivileged: true}},
		"set-user-ID":  {"", Advice{Grant: grant, Gains: audit.Gains}},
	} {
		t.Run(name, func(t *testing.T) {
			confined(t, c.advice, len(c.advice.Gains) == 0,
				machine.Output(t, inNspawn(t, root, Nspawn(c.advice), c.more)))
		})
	}
	// a name that it does not know it passes over, with a word
	all := Advice{Grant: known(), Possible: known()}
	for _, a := range []Advice{all, {}} {
		out, err := inNspawn(t, root, Nspawn(a)+"\n"+Possible("nspawn", a), "").CombinedOutput()
		if err != nil || strings.Contains(string(out), "ignoring") {
			t.Errorf("%v: %s", err, out)
		}
	}
}
