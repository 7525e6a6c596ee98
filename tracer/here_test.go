package tracer

import (
	"bufio"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/test/machine"
)

// What a process executed is not below a root that it has gone to since.
func TestOpenRoot(t *testing.T) {
	if unix.Geteuid() != 0 {
		machine.Lacks(t, "chroot takes root")
	}
	file, err := os.Open(perl)
	if err != nil {
		machine.Lacks(t, "wanted Perl: %v", err)
	}
	defer file.Close()
	dir := t.TempDir()
	cmd := exec.Command(perl, "-e", `$| = 1; chroot $ARGV[0] or die; print "done\n"; <STDIN>`, dir)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer in.Close()
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	a := &Audit{}
	a.code.living = []runs{{cmd.Process.Pid, 1}}
	for path, want := range map[string]string{perl: "/", "/of/another/tree": dir} {
		root := a.OpenRoot(1, path, file)
		if root == nil || !isFileOf(root, want) {
			t.Errorf("the root of %s is not %s", path, want)
		}
		root.Close()
	}
	if root := a.OpenRoot(2, "/of/another/tree", file); root != nil {
		t.Error("a root of a program that nobody runs")
	}
}

func isFileOf(file *os.File, path string) bool {
	info, err := file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(info, there)
}
