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

// Podman runs containers as each of the snippets for containers says.
func TestPodmanTakesIt(t *testing.T) {
	p := startPodman(t)
	bash := machine.Program(t, "bash")
	grant := held(t, 0, 13)

	for name, c := range map[string]struct {
		advice     Advice
		noNewPrivs bool // in what Docker reads, too
	}{
		"root, none":   {Advice{}, true},
		"root":         {Advice{Grant: grant}, true},
		"another user": {Advice{Grant: grant, Unprivileged: true}, false},
		"set-user-ID":  {Advice{Grant: grant, SetID: true}, false},
	} {
		user := "0"
		if c.advice.Unprivileged {
			user = "1000"
		}
		t.Run("docker, "+name, func(t *testing.T) {
			text := strings.Replace(Docker(c.advice), " IMAGE", " "+image+" "+showStatus, 1)
			docker := fmt.Sprintf("docker() { local command=$1; shift; %q $command --rm --user %s \"$@\"; "+
				"}\n", p.Path, user)
			confined(t, c.advice, c.noNewPrivs, machine.Output(t, p.For(bash, "-c", docker+text)))

			// what --emit prints, in the place of options
			text = fmt.Sprintf("%q run --rm --user %s $(echo %q) %s %s", p.Path, user,
				DockerOptions(c.advice), image, showStatus)
			confined(t, c.advice, c.noNewPrivs, machine.Output(t, p.For(bash, "-c", text)))
		})
		t.Run("kubernetes, "+name, func(t *testing.T) {
			manifest := "apiVersion: v1\nkind: Pod\nmetadata: {name: pod}\nspec:\n  restartPolicy: Never\n  " +
				"" +
				"" +
				"" +
				"securityContext: {runAsUser: " + user +
				"}\n  containers:\n  - name: one\n    image: " + image + "\n    command: [" +
				strings.ReplaceAll(showStatus, " ", ", ") + "]\n" +
				indented(Kubernetes(c.advice), "    ")
			file := p.Write(t, "pod.yaml", manifest)
			p.Run(t, "kube", "play", "--network", "none", file)
			defer p.Run(t, "kube", "down", file)
			_, status := p.Ended(t, "pod-one")
			confined(t, c.advice, c.noNewPrivs, status)
		})
		t.Run("compose, "+name, func(t *testing.T) {
			compose := machine.Program(t, "podman-compose")
			base := p.Write(t, "compose.yaml", "services:\n  SERVICE:\n    container_name: composed\n    "+
				"image: "+image+"\n    user: \""+user+
				"\"\n    command: "+showStatus+"\n")
			snippet := p.Write(t, "snippet.yaml", Compose(c.advice))
			// the network that it makes by itself is not to be had everywhere
			without := p.Write(t, "podman", "#!/bin/bash\n[ \"$1\" != network ] || exit 0\nargs=()\n"+
				"while [ $# -gt 0 ]; do\n\tcase $1 in\n\t--net | --network-alias) shift ;;\n\t--net=* | "+
				"--network-alias=*) ;;\n"+
				"\t*) args+=(\"$1\") ;;\n\tesac\n\tshift\ndone\nexec '"+p.Path+"' \"${args[@]}\"\n")
			if err := os.Chmod(without, 0o755); err != nil {
				t.Fatal(err)
			}
			machine.Output(t, p.For(compose, "--podman-path", without, "-f", base, "-f", snippet, "up", "-d"))
			defer p.Run(t, "rm", "--force", "composed")
			_, status := p.Ended(t, "composed")
			confined(t, c.advice, c.noNewPrivs, status)
		})
		t.Run("quadlet, "+name, func(t *testing.T) {
			options := quadletOptions(t, Quadlet(c.advice))
			// Podman makes what it adds ambient: this one is only for Podman
			confined(t, c.advice, !c.advice.SetID,
				p.Run(t, slices.Concat([]string{"run", "--rm", "--user", user}, options, []string{image},
					strings.Fields(showStatus))...))
		})
	}
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
				strings.HasPrefix(word, "--security-opt"):
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
