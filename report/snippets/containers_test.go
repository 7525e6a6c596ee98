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

	"github.com/cap-audit/cap-audit/capng"
)

// A container that shows what it holds.
const (
	image      = "localhost/cap-audit-snippets"
	showStatus = "/bin/cat /proc/self/status"
)

// podman is an engine with a store and settings of its own. The settings are
// for machines where root may not raise limits and has no network to give.
type podman struct {
	path, dir string
}

func startPodman(t *testing.T) *podman {
	t.Helper()
	asRoot(t)
	p := &podman{wanted(t, "podman"), t.TempDir()}
	// runc takes settings that crun refuses on some machines
	wanted(t, "runc")
	p.write(t, "containers.conf", `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "none"
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
`)
	p.write(t, "storage.conf", fmt.Sprintf("[storage]\ndriver = \"vfs\"\ngraphroot = %q\nrunroot = %q\n",
		filepath.Join(p.dir, "graph"), filepath.Join(p.dir, "run")))

	busybox, err := os.ReadFile(wanted(t, "busybox"))
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(p.dir, "image", "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "cat"), busybox, 0o755); err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(p.dir, "image.tar")
	run(t, wanted(t, "tar"), "-C", filepath.Join(p.dir, "image"), "-cf", archive, ".")
	// not every engine works everywhere, for instance in a chroot
	works(t, p.command(p.path, "import", "--quiet", archive, image))
	works(t, p.command(p.path, append([]string{"run", "--rm", image}, strings.Fields(showStatus)...)...))
	return p
}

// works is for what a consumer must be able to do before a snippet is to blame.
func works(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		lacking(t, "want %q to work here: %v: %s", cmd.Args, err, out)
	}
}

func (p *podman) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// command is one of podman, or of a program that runs podman.
func (p *podman) command(path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(),
		"CONTAINERS_CONF="+filepath.Join(p.dir, "containers.conf"),
		"CONTAINERS_STORAGE_CONF="+filepath.Join(p.dir, "storage.conf"))
	return cmd
}

// output of a command that has to succeed; what it says on standard error is
// shown when it does not.
func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%q: %v\n%s%s", cmd.Args, err, out, &complaints)
	}
	return string(out)
}

func (p *podman) run(t *testing.T, args ...string) string {
	t.Helper()
	return output(t, p.command(p.path, args...))
}

// ended is what a container printed, once it has ended.
func (p *podman) ended(t *testing.T, container string) string {
	t.Helper()
	p.run(t, "wait", container)
	return p.run(t, "logs", container)
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
	if diff := cmp.Diff(append([]int{}, a.Grant...), capng.Numbers(field(t, status, "CapBnd", 16))); diff != "" {
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
	bash := wanted(t, "bash")
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
			docker := fmt.Sprintf("docker() { local command=$1; shift; %q $command --rm --user %s \"$@\"; }\n", p.path, user)
			confined(t, c.advice, c.noNewPrivs, output(t, p.command(bash, "-c", docker+text)))

			// what --emit prints, in the place of options
			text = fmt.Sprintf("%q run --rm --user %s $(echo %q) %s %s", p.path, user, DockerOptions(c.advice), image, showStatus)
			confined(t, c.advice, c.noNewPrivs, output(t, p.command(bash, "-c", text)))
		})
		t.Run("kubernetes, "+name, func(t *testing.T) {
			manifest := "apiVersion: v1\nkind: Pod\nmetadata: {name: pod}\nspec:\n  restartPolicy: Never\n  securityContext: {runAsUser: " + user +
				"}\n  containers:\n  - name: one\n    image: " + image + "\n    command: [" + strings.ReplaceAll(showStatus, " ", ", ") + "]\n" +
				indented(Kubernetes(c.advice), "    ")
			file := p.write(t, "pod.yaml", manifest)
			p.run(t, "kube", "play", "--network", "none", file)
			defer p.run(t, "kube", "down", file)
			confined(t, c.advice, c.noNewPrivs, p.ended(t, "pod-one"))
		})
		t.Run("compose, "+name, func(t *testing.T) {
			compose := wanted(t, "podman-compose")
			base := p.write(t, "compose.yaml", "services:\n  SERVICE:\n    container_name: composed\n    image: "+image+"\n    user: \""+user+
				"\"\n    command: "+showStatus+"\n")
			snippet := p.write(t, "snippet.yaml", Compose(c.advice))
			// the network that it makes by itself is not to be had everywhere
			without := p.write(t, "podman", "#!/bin/bash\n[ \"$1\" != network ] || exit 0\nargs=()\n"+
				"while [ $# -gt 0 ]; do\n\tcase $1 in\n\t--net | --network-alias) shift ;;\n\t--net=* | --network-alias=*) ;;\n"+
				"\t*) args+=(\"$1\") ;;\n\tesac\n\tshift\ndone\nexec '"+p.path+"' \"${args[@]}\"\n")
			if err := os.Chmod(without, 0o755); err != nil {
				t.Fatal(err)
			}
			output(t, p.command(compose, "--podman-path", without, "-f", base, "-f", snippet, "up", "-d"))
			defer p.run(t, "rm", "--force", "composed")
			confined(t, c.advice, c.noNewPrivs, p.ended(t, "composed"))
		})
		t.Run("quadlet, "+name, func(t *testing.T) {
			options := quadletOptions(t, Quadlet(c.advice))
			// Podman makes what it adds ambient: this one is only for Podman
			confined(t, c.advice, !c.advice.SetID,
				p.run(t, slices.Concat([]string{"run", "--rm", "--user", user}, options, []string{image}, strings.Fields(showStatus))...))
		})
	}
}

// quadletOptions are those options of podman run that quadlet makes of a
// .container file and that bear on privileges. Podman has it since 4.4.
func quadletOptions(t *testing.T, container string) []string {
	t.Helper()
	quadlet := optional(t, "/usr/libexec/podman/quadlet", "/usr/lib/podman/quadlet", os.Getenv("QUADLET"))
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "c.container"), []byte(container+"\nImage="+image+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(quadlet, "--dryrun")
	cmd.Env = append(os.Environ(), "QUADLET_UNIT_DIRS="+dir)
	var options []string
	for line := range strings.Lines(output(t, cmd)) {
		command, ok := strings.CutPrefix(line, "ExecStart=")
		if !ok {
			continue
		}
		words := strings.Fields(command)
		for i, word := range words {
			switch {
			case word == "--cap-drop", word == "--cap-add":
				options = append(options, word, words[i+1])
			case strings.HasPrefix(word, "--cap-drop="), strings.HasPrefix(word, "--cap-add="), strings.HasPrefix(word, "--security-opt"):
				options = append(options, word)
			}
		}
	}
	return options
}

// bubblewrap gives a program of root the set, and one of another user the same
// within a user namespace.
func TestBubblewrapTakesIt(t *testing.T) {
	asRoot(t)
	bash := wanted(t, "bash")
	bwrap := wanted(t, "bwrap")
	works(t, exec.Command(bwrap, "--ro-bind", "/", "/", "true"))
	for name, grant := range map[string][]int{"none": nil, "two": held(t, 0, 13)} {
		command := fmt.Sprintf("exec %q --ro-bind / / $(echo %q) %s", bwrap, Bwrap(Advice{Grant: grant}), showStatus)
		t.Run("root, "+name, func(t *testing.T) {
			exactly(t, grant, output(t, exec.Command(bash, "-c", command)))
		})
		t.Run("nobody, "+name, func(t *testing.T) {
			setpriv := wanted(t, "setpriv")
			if out, err := exec.Command(setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", "unshare", "-U", "true").CombinedOutput(); err != nil {
				t.Skipf("want user namespaces for everybody: %v: %s", err, out)
			}
			exactly(t, grant, output(t, exec.Command(setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", bash, "-c", command)))
		})
	}
}

// apparmor_parser compiles a profile with the rules, and shows which
// capabilities it has understood. It refuses a name that it does not know.
func TestAppArmorTakesIt(t *testing.T) {
	parser := wanted(t, "apparmor_parser")
	understood := func(rules string) ([]int, error) {
		profile := write(t, "profile", "profile cap-audit-snippet /nonexistent {\n  file,\n"+indented(rules, "  ")+"}\n")
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
	const auditRead, sysAdmin = 37, 21
	split := func(n int) bool { return n > auditRead }
	for name, grant := range map[string][]int{"none": nil, "one": {13}, "all": known()} {
		t.Run(name, func(t *testing.T) {
			got, err := understood(AppArmor(Advice{Grant: grant}))
			if diff := cmp.Diff(slices.DeleteFunc(slices.Clone(grant), split), slices.DeleteFunc(got, split)); diff != "" || err != nil {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
	if got, err := understood(AppArmor(Advice{Grant: []int{39}})); err != nil || !slices.Contains([]int{sysAdmin, 39}, got[0]) {
		t.Errorf("bpf: %v, %v", got, err)
	}
	if _, err := understood("capability no_such,"); err == nil {
		t.Error("apparmor_parser takes any name, so this test proves nothing")
	}
}
