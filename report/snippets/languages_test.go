package snippets

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/test/machine"
)

// tree writes files, by their path in a new directory.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// libcapVersion of the Go package is any that the snippet is right for.
const libcapVersion = "v1.2.78"

// goRest is the program that keeps capabilities and shows them.
const goRest = `

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	keepNeededCapabilities()
	tasks, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil || len(tasks) < 2 {
		log.Fatal(err, tasks)
	}
	for _, task := range tasks {
		status, err := os.ReadFile(task)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\x00", status)
	}
}
`

// goProgram is the snippet with the rest of its program. Imports come first, the
// test's own among them.
func goProgram(snippet string) string {
	imports, function, _ := strings.Cut(snippet, "\n)\n")
	head, body, _ := strings.Cut(goRest, "\n)\n")
	return "package main\n\n" + imports + "\n)\n" + head + "\n)\n" + function + "\n" + body
}

// All threads of a Go program hold what was asked for, with cgo and without:
// the package has two ways of reaching them.
func TestGoKeepsExactlyThose(t *testing.T) {
	command := machine.Program(t, "go")
	files := map[string]string{
		"go.mod": "module snippet\n\ngo 1.24\n\nrequire kernel.org/pub/linux/libs/security/libcap/cap " +
			libcapVersion + "\n",
	}
	variants := map[string][]int{"none": {}, "two": held(t, 0, 13), "all": known()}
	for name, keep := range variants {
		snippet := Go(Advice{Keep: keep})
		formatted(t, "gofmt", "package main\n\n"+snippet+"\n")
		files[name+"/main.go"] = goProgram(snippet)
	}
	dir := tree(t, files)
	goRun := func(cgo string, args ...string) *exec.Cmd {
		cmd := exec.Command(command, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off", "CGO_ENABLED="+cgo)
		return cmd
	}
	if out, err := goRun("0", "mod", "download").CombinedOutput(); err != nil {
		machine.Lacks(t, "wanted libcap's Go package: %v: %s", err, out)
	}
	for _, cgo := range []string{"0", "1"} {
		for name, keep := range variants {
			t.Run(name+", cgo="+cgo, func(t *testing.T) {
				program := filepath.Join(t.TempDir(), "snippet")
				if out, err := goRun(cgo, "build", "-o", program, "./"+name).CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				if name == "all" {
					return // it compiles; this process may not hold them all
				}
				for status := range strings.SplitSeq(strings.TrimSuffix(machine.Output(t,
					exec.Command(program)), "\x00"), "\x00") {
					exactly(t, keep, status)
				}
			})
		}
	}
}

// formatted wants a text to be as the language's own formatter leaves it.
func formatted(t *testing.T, formatter, text string, args ...string) {
	t.Helper()
	cmd := exec.Command(optional(t, formatter), args...)
	cmd.Stdin = strings.NewReader(text)
	if got := machine.Output(t, cmd); got != text {
		t.Errorf("%s would write\n%s\ninstead of\n%s", formatter, got, text)
	}
}

// Nomad's own command wants an agent that runs. Terraform's has the same reader of HCL, and
// leaves alone what is written as it writes.
func TestNomadReadsAsHCL(t *testing.T) {
	for _, a := range []Advice{{}, {Grant: []int{13}, Possible: known()},
		{Grant: known(), Gains: audit.Gains}} {
		formatted(t, "terraform", Nomad(a)+"\n"+Possible("nomad", a)+"\n", "fmt", "-")
	}
}

// debianCrates is where Debian's packages of Rust crates put them.
const debianCrates = "/usr/share/cargo/registry"

func TestRustKeepsExactlyThose(t *testing.T) {
	cargo := optional(t, "cargo")
	if found, err := filepath.Glob(debianCrates + "/caps-*"); err != nil || len(found) == 0 {
		machine.Lacks(t, "wanted librust-caps-dev, there is no %s/caps-*", debianCrates)
	}
	files := map[string]string{
		"Cargo.toml": "[package]\nname = \"snippet\"\nversion = \"0.0.0\"\nedition = " +
			"\"2021\"\n\n[dependencies]\ncaps = \"0.5\"\n",
		".cargo/config.toml": fmt.Sprintf("[source.crates-io]\nreplace-with = "+
			"\"debian\"\n[source.debian]\ndirectory = %q\n",
			debianCrates),
	}
	variants := map[string][]int{"none": {}, "two": held(t, 0, 13), "all": known()}
	for name, keep := range variants {
		snippet := Rust(Advice{Keep: keep}) + "\n"
		if _, err := exec.LookPath("rustfmt"); err == nil {
			formatted(t, "rustfmt", snippet, "--edition=2021")
		}
		files["src/bin/"+name+".rs"] = snippet + `
fn main() {
    keep_needed_capabilities().expect("cannot give up capabilities");
    print!("{}", std::fs::read_to_string("/proc/self/status").expect("status"));
}
`
	}
	dir := tree(t, files)
	build := exec.Command(cargo, "build", "--offline", "--quiet")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"none", "two"} {
		t.Run(name, func(t *testing.T) {
			exactly(t, variants[name], machine.Output(t, exec.Command(filepath.Join(dir, "target", "debug",
				name))))
		})
	}
}
