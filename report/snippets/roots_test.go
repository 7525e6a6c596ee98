package snippets

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

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
	root := filepath.Join(t.TempDir(), "root")
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
