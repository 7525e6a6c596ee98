package snippets

import (
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

// spec is a package of one program. Nothing of it is stripped or compiled.
const spec = `Name: snippet
Version: 1
Release: 1
Summary: a snippet
License: none
BuildArch: noarch
%description
A snippet.
%install
mkdir -p %{buildroot}/usr/bin
touch %{buildroot}/usr/bin/program
%files
`

// packaged builds a package with a list of files, and returns what it has of each.
func packaged(t *testing.T, files string) string {
	t.Helper()
	source := write(t, "snippet.spec", spec+files+"\n")
	top := filepath.Dir(source)
	build := exec.Command(machine.Program(t, "rpmbuild"), "-bb", "--quiet", "--define", "_topdir "+top,
		source)
	build.Dir = top
	machine.Output(t, build)
	list, err := filepath.Glob(top + "/RPMS/noarch/*.rpm")
	if err != nil || len(list) != 1 {
		t.Fatalf("packages %q, %v", list, err)
	}
	left, err := filepath.Glob(top + "/pwned*")
	if err != nil || len(left) > 0 {
		t.Errorf("rpmbuild has executed something: %q, %v", left, err)
	}
	// a database of its own: that of the machine may be closed to who tests, as in a package's build
	return run(t, machine.Program(t, "rpm"), "--dbpath", filepath.Join(top, "database"), "-qp", "--qf",
		"[%{FILENAMES} %{FILECAPS}\n]", list[0])
}

func TestRPMTakesIt(t *testing.T) {
	const program = "/usr/bin/program"
	for name, c := range map[string]struct {
		grant []int
		want  string
	}{
		"none": {nil, "(none)"},
		"two":  {[]int{0, 13}, "cap_chown,cap_net_raw=ep"},
	} {
		a := Advice{Path: program, Grant: c.grant, Possible: known()}
		got := packaged(t, RPM(a)+"\n"+Possible("rpm-caps", a))
		if diff := cmp.Diff(program+" "+c.want+"\n", got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	// the package has the set in libcap's spelling, in which that of many is =ep without the others
	for part := range slices.Chunk(known(), 15) {
		text := strings.TrimPrefix(packaged(t, RPM(Advice{Path: program, Grant: part})), program)
		if diff := cmp.Diff(part, named(text)); diff != "" {
			t.Errorf("%s\n%s", text, diff)
		}
	}
}

// Each program's file has what that needs, whether or not it has it on this machine.
func TestRPMLineForEachFile(t *testing.T) {
	text := RPM(Advice{Path: "/usr/bin/mtr", Grant: []int{12, 13}, Itself: []int{12},
		Others: []Holder{{Path: "/usr/bin/mtr-packet", Needs: []int{13}, FileHas: []int{13}}}})
	want := notInherited + everybodys + otherUsers +
		"%caps(cap_net_admin=ep) /usr/bin/mtr\n%caps(cap_net_raw=ep) /usr/bin/mtr-packet"
	if diff := cmp.Diff(want, text); diff != "" {
		t.Error(diff)
	}
}

// rpmbuild executes what a macro says, in comments too.
func TestRPMExecutesNoName(t *testing.T) {
	files := "/usr/bin/program"
	for _, path := range append(hostilePaths, "%(>pwned)", "%%(>pwned)", "%{lua:io.open('pwned','w')}") {
		text := RPM(Advice{Path: "/usr/bin/" + path + "%(>pwned)", Grant: []int{13}})
		if !strings.HasPrefix(text, "# Its name has") {
			t.Errorf("%s", text)
		}
		files += "\n" + text
	}
	packaged(t, files)
}

// played runs the tasks of a snippet, and returns how many have changed something.
func played(t *testing.T, snippet string) (changed string) {
	t.Helper()
	ansible := optional(t, "ansible-playbook")
	tasks := write(t, "tasks.yml", snippet+"\n")
	book := write(t, "playbook.yml", "- hosts: localhost\n  connection: local\n  gather_facts: false\n"+
		"  tasks:\n  - import_tasks: "+tasks+"\n")
	cmd := exec.Command(ansible, "--inventory", "localhost,", book)
	cmd.Env = append(os.Environ(), "HOME="+filepath.Dir(book), "ANSIBLE_NOCOLOR=1")
	out, err := cmd.CombinedOutput()
	if strings.Contains(string(out), "couldn't resolve module/action") {
		t.Skipf("want Ansible with community.general: %s", out)
	}
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, out, snippet)
	}
	_, after, _ := strings.Cut(string(out), " changed=")
	changed, _, _ = strings.Cut(after, " ")
	return changed
}

// Tasks give the set and nothing else, and have nothing to do the next time.
func TestAnsibleTakesIt(t *testing.T) {
	held(t, unix.CAP_SETFCAP)
	file := write(t, "program", "#")
	has := func() []int {
		permitted, _, _ := fileCaps(t, file)
		return capng.Numbers(permitted)
	}
	for _, grant := range [][]int{{13}, {0, 13}, {0, 5}, {}} {
		a := Advice{Path: file, Grant: grant, FileHas: has(), FileRaises: true}
		text := Ansible(a) + "\n" + Possible("ansible", Advice{Possible: known()})
		if changed := played(t, text); changed == "0" {
			t.Errorf("changed nothing:\n%s", text)
		}
		if diff := cmp.Diff(grant, has()); diff != "" {
			t.Errorf("%s\n%s", text, diff)
		}
		if changed := played(t, text); changed != "0" {
			t.Errorf("changed %s the second time:\n%s", changed, text)
		}
	}
	nothing := "# No task: it needs none, and is not known to have any."
	if text := Ansible(Advice{Path: file}); text != nothing {
		t.Error(text)
	}
}

// The module splits a path as a shell does, and Ansible expands what is between braces.
func TestAnsibleTakesNoHostileName(t *testing.T) {
	for _, path := range append(hostilePaths, "{{ lookup('pipe', '>pwned') }}", "{%x%}", "a b", "a\tb") {
		text := Ansible(Advice{Path: "/usr/bin/{{x}}" + path, Grant: []int{13}})
		if !strings.HasPrefix(text, "# Its name has") || strings.Count(text, "\n") != 2 {
			t.Errorf("%s", text)
		}
	}
}
