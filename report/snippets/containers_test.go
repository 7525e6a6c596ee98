package snippets

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/test/machine"
)

// A container that shows what it holds.
const (
	image      = "localhost/cap-audit-snippets"
	showStatus = "/bin/cat /proc/self/status"
)

// startPodman has an engine with an image that can show what it holds.
func startPodman(t *testing.T) machine.Podman {
	t.Helper()
	p := machine.NewPodman(t)
	busybox, err := os.ReadFile(machine.Program(t, "busybox"))
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(p.Dir, "image")
	if err := os.MkdirAll(filepath.Join(root, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "bin", "cat"), busybox, 0o755); err != nil {
		t.Fatal(err)
	}
	p.Import(t, root, image)
	machine.Works(t, p.Command(append([]string{"run", "--rm", image}, strings.Fields(showStatus)...)...))
	return p
}

// indented is text with spaces before each line.
func indented(text, spaces string) string {
	var b strings.Builder
	for line := range strings.Lines(text + "\n") {
		b.WriteString(spaces + line)
	}
	return b.String()
}

// confined wants a container that has these and can get no other, and that
// no_new_privs is set or not.
func confined(t *testing.T, a Advice, noNewPrivs bool, status string) {
	t.Helper()
	exactly(t, a.Grant, status)
	if diff := cmp.Diff(append([]int{}, a.Grant...),
		capng.Numbers(field(t, status, "CapBnd", 16))); diff != "" {
		t.Errorf("bounding set\n%s", diff)
	}
	if got := field(t, status, "NoNewPrivs", 10) == 1; got != noNewPrivs {
		t.Errorf("no_new_privs is %t, want %t", got, noNewPrivs)
	}
	if root := field(t, status, "Uid", 10) == 0; root == a.Unprivileged {
		t.Errorf("root in the container: %t", root)
	}
}

// podmanRun is a container to run as the snippets say.
type podmanRun struct {
	machine.Podman
	user       string
	advice     Advice
	noNewPrivs bool // in what Docker reads, too
}

// Podman runs containers as each of the snippets for containers says.
func TestPodmanTakesIt(t *testing.T) {
	p := startPodman(t)
	grant := held(t, 0, 13)
	for name, c := range map[string]podmanRun{
		"root, none":   {p, "0", Advice{}, true},
		"root":         {p, "0", Advice{Grant: grant}, true},
		"another user": {p, "1000", Advice{Grant: grant, Unprivileged: true}, false},
		"set-user-ID":  {p, "0", Advice{Grant: grant, Gains: audit.Gains}, false},
	} {
		t.Run("docker, "+name, c.docker)
		t.Run("kubernetes, "+name, c.kubernetes)
		t.Run("compose, "+name, c.compose)
		t.Run("quadlet, "+name, c.quadlet)
	}
}

func (p podmanRun) docker(t *testing.T) {
	bash := machine.Program(t, "bash")
	text := strings.Replace(Docker(p.advice), " IMAGE", " "+image+" "+showStatus, 1)
	docker := fmt.Sprintf("docker() { local command=$1; shift; %q $command --rm --user %s \"$@\"; }\n",
		p.Path, p.user)
	confined(t, p.advice, p.noNewPrivs, machine.Output(t, p.For(bash, "-c", docker+text)))

	// what --emit prints, in the place of options
	text = fmt.Sprintf("%q run --rm --user %s $(echo %q) %s %s", p.Path, p.user, DockerOptions(p.advice),
		image, showStatus)
	confined(t, p.advice, p.noNewPrivs, machine.Output(t, p.For(bash, "-c", text)))
}

func (p podmanRun) kubernetes(t *testing.T) {
	manifest := fmt.Sprintf(`apiVersion: v1
kind: Pod
metadata: {name: pod}
spec:
  restartPolicy: Never
  securityContext: {runAsUser: %s}
  containers:
  - name: one
    image: %s
    command: [%s]
%s`, p.user, image, strings.ReplaceAll(showStatus, " ", ", "), indented(Kubernetes(p.advice), "    "))
	file := p.Write(t, "pod.yaml", manifest)
	p.Run(t, "kube", "play", "--network", "none", file)
	defer p.Run(t, "kube", "down", file)
	_, status := p.Ended(t, "pod-one")
	confined(t, p.advice, p.noNewPrivs, status)
}

// withoutNetworks runs a podman: the network that podman-compose makes by
// itself is not to be had everywhere.
const withoutNetworks = `#!/bin/bash
[ "$1" != network ] || exit 0
args=()
while [ $# -gt 0 ]; do
	case $1 in
	--net | --network-alias) shift ;;
	--net=* | --network=* | --network-alias=*) ;;
	*) args+=("$1") ;;
	esac
	shift
done
exec '%s' "${args[@]}"
`

func (p podmanRun) compose(t *testing.T) {
	_, stdout := p.composed(t, showStatus)
	confined(t, p.advice, p.noNewPrivs, stdout)
}

// composed is how a command of the service ended, and what it wrote.
func (p podmanRun) composed(t *testing.T, command string) (status, stdout string) {
	compose := machine.Program(t, "podman-compose")
	base := p.Write(t, "compose.yaml", fmt.Sprintf(`services:
  SERVICE:
    container_name: composed
    image: %s
    user: "%s"
    command: %s
`, image, p.user, command))
	snippet := p.Write(t, "snippet.yaml", Compose(p.advice))
	podman := p.Write(t, "podman", fmt.Sprintf(withoutNetworks, p.Path))
	if err := os.Chmod(podman, 0o755); err != nil {
		t.Fatal(err)
	}
	machine.Output(t, p.For(compose, "--podman-path", podman, "-f", base, "-f", snippet, "up", "-d"))
	defer p.Run(t, "rm", "--force", "composed")
	return p.Ended(t, "composed")
}

// Devices that the program used are in its container, and those of every container are no matter.
func TestPodmanGivesDevices(t *testing.T) {
	p := startPodman(t)
	device := fmt.Sprintf("/dev/cap-audit.%d", os.Getpid())
	if err := unix.Mknod(device, unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))); err != nil {
		t.Skipf("wanted to make a device: %v", err)
	}
	t.Cleanup(func() { os.Remove(device) })
	a := Advice{Met: Met{Devices: []string{"/dev/null", "/dev/pts/0", device, "/dev/a:b", "/dev/$(id)"}}}
	for name, options := range map[string]func(*testing.T) []string{
		"docker":  func(*testing.T) []string { return strings.Fields(DockerOptions(a)) },
		"quadlet": func(t *testing.T) []string { return quadletOptions(t, Quadlet(a)) },
	} {
		t.Run(name, func(t *testing.T) {
			p.Run(t, slices.Concat([]string{"run", "--rm"}, options(t), []string{image, "cat", device})...)
		})
	}
	t.Run("compose", func(t *testing.T) {
		if status, _ := (podmanRun{p, "0", a, true}).composed(t, "cat "+device); status != "0" {
			t.Errorf("cat of the device: status %s", status)
		}
	})
	a.Subject = audit.SubjectContainer
	if got := DockerOptions(a); strings.Contains(got, "--device") {
		t.Errorf("a container that has it is given it again: %s", got)
	}
}

func (p podmanRun) quadlet(t *testing.T) {
	options := quadletOptions(t, Quadlet(p.advice))
	// Podman makes what it adds ambient: this one is only for Podman
	confined(t, p.advice, len(p.advice.Gains) == 0,
		p.Run(t, slices.Concat([]string{"run", "--rm", "--user", p.user}, options, []string{image},
			strings.Fields(showStatus))...))
}

// quadletOptions are those options of podman run that quadlet makes of a
// .container file and that bear on privileges. Podman has it since 4.4.
func quadletOptions(t *testing.T, container string) []string {
	t.Helper()
	quadlet := optional(t, "/usr/libexec/podman/quadlet", "/usr/lib/podman/quadlet", os.Getenv("QUADLET"))
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "c.container"), []byte(container+"\nImage="+image+"\n"),
		0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(quadlet, "--dryrun")
	cmd.Env = append(os.Environ(), "QUADLET_UNIT_DIRS="+dir)
	var options []string
	for line := range strings.Lines(machine.Output(t, cmd)) {
		command, ok := strings.CutPrefix(line, "ExecStart=")
		if !ok {
			continue
		}
		words := strings.Fields(command)
		for i, word := range words {
			switch {
			case word == "--cap-drop", word == "--cap-add":
				options = append(options, word, words[i+1])
			case strings.HasPrefix(word, "--cap-drop="), strings.HasPrefix(word, "--cap-add="),
				strings.HasPrefix(word, "--security-opt"), strings.HasPrefix(word, "--device"):
				options = append(options, word)
			}
		}
	}
	return options
}

// bubblewrap gives a program of root the set, and one of another user the same
// within a user namespace.
func TestBubblewrapTakesIt(t *testing.T) {
	machine.Root(t)
	bash := machine.Program(t, "bash")
	bwrap := machine.Program(t, "bwrap")
	machine.Works(t, exec.Command(bwrap, "--ro-bind", "/", "/", "true"))
	for name, grant := range map[string][]int{"none": nil, "two": held(t, 0, 13)} {
		command := fmt.Sprintf("exec %q --ro-bind / / $(echo %q) %s", bwrap, Bwrap(Advice{Grant: grant}),
			showStatus)
		t.Run("root, "+name, func(t *testing.T) {
			exactly(t, grant, machine.Output(t, exec.Command(bash, "-c", command)))
		})
		t.Run("nobody, "+name, func(t *testing.T) {
			setpriv := machine.Program(t, "setpriv")
			if out, err := exec.Command(setpriv, "--reuid=65534", "--regid=65534", "--clear-groups",
				"unshare", "-U", "true").CombinedOutput(); err != nil {
				t.Skipf("want user namespaces for everybody: %v: %s", err, out)
			}
			exactly(t, grant, machine.Output(t, exec.Command(setpriv, "--reuid=65534", "--regid=65534",
				"--clear-groups", bash, "-c", command)))
		})
	}
}

// apparmor_parser compiles a profile with the rules, and shows which
// capabilities it has understood. It refuses a name that it does not know.
func TestAppArmorTakesIt(t *testing.T) {
	parser := machine.Program(t, "apparmor_parser")
	understood := func(rules string) ([]int, error) {
		profile := write(t, "profile", "profile cap-audit-snippet /nonexistent {\n  file,\n"+indented(rules,
			"  ")+"}\n")
		out, err := exec.Command(parser, "--skip-kernel-load", "--skip-cache", "--debug", profile).Output()
		var list []int
		for line := range strings.Lines(string(out)) {
			words, ok := strings.CutPrefix(line, "Capabilities:")
			if !ok {
				continue
			}
			for word := range strings.FieldsSeq(words) {
				n, known := capng.Number(word)
				if !known {
					t.Errorf("apparmor_parser shows %s", line)
				}
				list = append(list, n)
			}
		}
		slices.Sort(list)
		return list, err
	}
	// A kernel that does not say that it has the capabilities split from
	// sys_admin in Linux 5.8 and 5.9 gets sys_admin in their place.
	split := func(n int) bool { return n > unix.CAP_AUDIT_READ }
	for name, grant := range map[string][]int{"none": nil, "one": {13}, "all": known()} {
		t.Run(name, func(t *testing.T) {
			got, err := understood(AppArmor(Advice{Grant: grant}))
			if diff := cmp.Diff(slices.DeleteFunc(slices.Clone(grant), split),
				slices.DeleteFunc(got, split)); diff != "" || err != nil {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
	if got, err := understood(AppArmor(Advice{Grant: []int{unix.CAP_BPF}})); err != nil ||
		!slices.Contains([]int{unix.CAP_SYS_ADMIN, unix.CAP_BPF}, got[0]) {
		t.Errorf("bpf: %v, %v", got, err)
	}
	if _, err := understood("capability no_such,"); err == nil {
		t.Error("apparmor_parser takes any name, so this test proves nothing")
	}
}

// apparmor_parser compiles the whole profile, too.
func TestAppArmorTakesAProfile(t *testing.T) {
	parser := machine.Program(t, "apparmor_parser")
	a := Advice{Path: `/opt/it's "*" [{a,b}] ^\ @{x} #,`, Grant: []int{13}, Met: Met{
		Programs: []string{"/usr/bin/sh", "relative", "/a\nb", `/opt/it's "*" [{a,b}] ^\ @{x} #,`},
		Code:     []string{"/opt/a b.so", "/lib/c.so.6", "/usr/bin/sh"},
		Files:    []string{"/etc/shadow", "/srv/data/"}, Read: []string{"/etc/gshadow", "/etc/shadow"},
		Families: []string{"alg", "bluetooth", "can", "inet", "inet6", "key", "netlink", "packet", "tipc",
			"unix", "vsock"}}}
	text := AppArmor(a)
	out, err := exec.Command(parser, "-Q", "-K", write(t, "whole", text)).CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s\n%s", err, out, text)
	}
	_, rules, _ := strings.Cut(text, "  network vsock,\n\n")
	if want := `  "/etc/gshadow" r,
  "/etc/shadow" rw,
  "/opt/a b.so" mr,
  "/opt/it's \"\*\" \[\{a,b\}\] \^\\ @\{x\} #," mr,
  "/srv/data/" rw,
  "/usr/bin/sh" mrix,
}`; rules != want {
		t.Error(cmp.Diff(want, rules))
	}
	for _, a := range []Advice{{Path: "/a\nb"}, {Path: "/bin/true", Subject: audit.SubjectContainer},
		{Path: "/usr/bin/dash"}, {Path: "/srv/backup", Script: true}} {
		if text := AppArmor(a); !strings.HasPrefix(text, "# No rule") {
			t.Errorf("%+v:\n%s", a, text)
		}
	}
}
