package machine

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// victim is the variable with which this program is a test that is cut off: its
// value is a directory to mount something on, or "" for none.
const victim = "MACHINE_TEST_VICTIM"

func TestMain(m *testing.M) {
	if dir, ok := os.LookupEnv(victim); ok {
		Supervise()
		beVictim(dir)
	}
	os.Exit(m.Run())
}

// A tree that forks on, in a session of its own, whose processes are orphans: each
// has started the next and ends.
const forksOn = `"$0" -c 'f() { (f) & }; f' & sleep 600`

func beVictim(dir string) {
	for _, command := range [][]string{{"sh", "-c", forksOn, "sh"}, {"sleep", "600"}} {
		cmd := exec.Command(command[0], command[1:]...)
		cmd.Stdout = os.Stdout // and keep it open
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	if dir != "" {
		if err := unix.Mount("victim", dir, "tmpfs", 0, ""); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	if err := os.WriteFile(filepath.Join(os.TempDir(), "file"), nil, 0o600); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	ignored := ""
	status, _ := os.ReadFile("/proc/thread-self/status")
	for line := range strings.Lines(string(status)) {
		if mask, ok := strings.CutPrefix(line, "SigIgn:\t"); ok {
			ignored = strings.TrimSpace(mask)
		}
	}
	fmt.Println("ready", os.Getppid(), ignored, os.TempDir())
	time.Sleep(time.Hour)
}

// However a test is cut off, none of its processes is left: the pipe that they all
// write to has ended. Nor is a mount, or a file.
func TestSupervise(t *testing.T) {
	for _, test := range []struct {
		name string
		cut  func(self, parent *os.Process)
	}{
		{"SIGINT", func(self, _ *os.Process) { self.Signal(unix.SIGINT) }},
		{"SIGTERM", func(self, _ *os.Process) { self.Signal(unix.SIGTERM) }},
		{"SIGQUIT", func(self, _ *os.Process) { self.Signal(unix.SIGQUIT) }},
		{"parent killed", func(_, parent *os.Process) { parent.Kill() }},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := ""
			if os.Geteuid() == 0 {
				dir = t.TempDir()
			}
			// the shell is in the place of go test, and ignores what nohup does
			cmd := exec.Command("sh", "-c", `trap '' HUP; "$0"; true`, os.Args[0])
			cmd.Env = append(os.Environ(), victim+"="+dir)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { cmd.Process.Kill() })
			lines := bufio.NewReader(out)
			line, _ := lines.ReadString('\n')
			var pid int
			var ignored uint64
			var files string
			n, _ := fmt.Sscanf(line, "ready %d %x %s", &pid, &ignored, &files)
			if n != 3 || ignored&1 != 0 || files == os.TempDir() {
				t.Fatalf("%q, wanted a process that does not ignore SIGHUP", line)
			}
			self, err := os.FindProcess(pid)
			if err != nil {
				t.Fatal(err)
			}
			self.Signal(unix.SIGHUP) // is ignored
			test.cut(self, cmd.Process)
			gone := make(chan struct{})
			go func() {
				defer close(gone)
				io.Copy(io.Discard, lines)
			}()
			select {
			case <-gone:
			case <-time.After(2 * time.Minute):
				t.Error("processes are left")
			}
			cmd.Wait()
			if _, err := os.Stat(files); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s is left: %v", files, err)
			}
			mounts, _ := os.ReadFile("/proc/self/mountinfo")
			if dir != "" && strings.Contains(string(mounts), dir) {
				t.Error("a mount is left")
			}
		})
	}
}
