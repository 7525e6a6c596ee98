package machine

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// enginePatience is how long an engine may take to listen.
const enginePatience = time.Minute

// Engine starts the daemon of a container engine, which runs until the test ends, and returns once it
// listens at the socket. What it says is in the file log. One that does not run here is lacking.
//
// Its mounts are seen by nobody else: docker 26 leaves some behind, and those that others may not look at
// disturb who goes through all there are, as xfs_io does.
func Engine(t testing.TB, socket, name string, arguments ...string) (log string) {
	t.Helper()
	cmd := exec.Command(Program(t, name), arguments...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}
	said, err := os.Create(filepath.Join(t.TempDir(), name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		cmd.Process.Signal(unix.SIGTERM)
		<-ended
	})
	for limit := time.Now().Add(enginePatience); time.Now().Before(limit); time.Sleep(10 * time.Millisecond) {
		select {
		case <-ended:
			text, _ := os.ReadFile(said.Name())
			Lacks(t, "wanted a %s that runs here, it says:\n%s", name, text)
		default:
		}
		if conn, err := net.Dial("unix", socket); err == nil {
			conn.Close()
			return said.Name()
		}
	}
	t.Fatalf("%s does not listen", name)
	return ""
}
