package real

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The test binary is also three small programs. Which one is told by argv[0], so
// that no environment variable is in the way.
const rolePrefix = "real:"

func playRole() {
	roles := map[string]func([]string) error{
		rolePrefix + "sandbox": sandboxRole,
		rolePrefix + "talk":    talkRole,
		rolePrefix + "observe": observeRole,
	}
	role, ok := roles[filepath.Base(os.Args[0])]
	if !ok {
		return
	}
	if err := role(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[0], err)
		os.Exit(1)
	}
	os.Exit(0)
}

// searchPath finds the distribution's programs.
const searchPath = "/usr/sbin:/usr/bin:/sbin:/bin"

// environment of everything in the sandbox: what PATH finds there is the
// distribution's, not a version manager's script, and its messages are English.
func environment(dir string) []string {
	return []string{"PATH=" + searchPath, "HOME=" + dir, "LC_ALL=C", "DIR=" + dir,
		"TERM=dumb"}
}

// ownEtc begins the setup of what writes to /etc: the host never sees that.
const ownEtc = "cp -a /etc etc; mount --bind etc /etc\n"

// sandboxed is a command in namespaces of its own for mounts, the network, the
// host's name and System V IPC: ports of the host that are in use are free
// there, and what programs write to /run the host never sees. The user
// namespace stays, for which the capabilities are.
//
// The setup, a shell script, is run there first. Its working directory, and the
// command's, is $DIR.
func sandboxed(t testing.TB, setup string, words ...string) *exec.Cmd {
	t.Helper()
	dir := t.TempDir()
	// others than root go there, too, and TempDir makes both for root alone
	for _, path := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := command(t, "/proc/self/exe", append([]string{dir, setup}, words...)...)
	cmd.Args[0] = rolePrefix + "sandbox"
	cmd.Env = environment(dir)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
	}
	return cmd
}

// sandboxRole DIR SETUP COMMAND...: furnish the namespaces, then become the
// command.
func sandboxRole(arguments []string) error {
	dir, setup, words := arguments[0], arguments[1], arguments[2:]
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); errors.Is(err, unix.EINVAL) {
		// without it, what is mounted here could show outside
		fmt.Fprintln(os.Stderr, "wanted / to be a mount point, there is a chroot")
		os.Exit(unsupported)
	} else if err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := loopback(); err != nil {
		return fmt.Errorf("set up the loopback interface: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, path := range []string{dir, "/run", "/var/spool", "/var/mail", "/var/log"} {
		if err := cover(path); err != nil {
			return fmt.Errorf("cover %s: %w", path, err)
		}
	}
	// the covers lie over the working directory as it was
	if err := os.Chdir(dir); err != nil {
		return err
	}
	// in a directory of root's: whoever looks around in $DIR does not follow it
	if err := os.Mkdir("client", 0o700); err != nil {
		return err
	}
	for _, role := range []string{"talk", "observe"} {
		if err := os.Symlink(self, "client/"+rolePrefix+role); err != nil {
			return err
		}
	}
	if out, err := exec.Command("sh", "-euc", setup).CombinedOutput(); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() == unsupported {
			os.Stderr.Write(out)
			os.Exit(unsupported)
		}
		return fmt.Errorf("setup: %w: %s", err, out)
	}
	path, err := exec.LookPath(words[0])
	if err != nil {
		return err
	}
	return fmt.Errorf("%s: %w", path, syscall.Exec(path, words, os.Environ()))
}

// cover mounts an empty tmpfs with the same owner and mode over a directory.
func cover(path string) error {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return nil // no such directory, or a link into one that is covered
	}
	options := fmt.Sprintf("mode=%o,uid=%d,gid=%d", st.Mode&0o7777, st.Uid, st.Gid)
	return unix.Mount("tmpfs", path, "tmpfs", 0, options)
}

// loopback brings up lo, which is down in a new network namespace.
func loopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
}

// talkRole NETWORK ADDRESS SEND EXPECT: a client. A server says in no common
// way when it is ready, so try until it answers; SEND and EXPECT are written as
// in Go. It gives up when the audited process, $CAP_AUDIT_PID, is gone.
func talkRole(arguments []string) error {
	send, err := strconv.Unquote(`"` + arguments[2] + `"`)
	if err != nil {
		return err
	}
	expect, err := strconv.Unquote(`"` + arguments[3] + `"`)
	if err != nil {
		return err
	}
	pid, _ := strconv.Atoi(os.Getenv("CAP_AUDIT_PID"))
	limit := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	for {
		err := talk(arguments[0], arguments[1], send, expect)
		if err == nil {
			return nil
		}
		if pid != 0 && unix.Kill(pid, 0) != nil {
			return fmt.Errorf("the server ended; before, %w", err)
		}
		select {
		case <-tick.C:
		case <-limit:
			return err
		}
	}
}

// talk sends and reads until what is expected has come.
func talk(network, address, send, expect string) error {
	conn, err := net.Dial(network, address)
	if err != nil {
		return err
	}
	defer conn.Close()
	// a datagram may be lost to a server that is not ready
	conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := conn.Write([]byte(send)); err != nil {
		return err
	}
	var answer []byte
	buffer := make([]byte, 4096)
	for !bytes.Contains(answer, []byte(expect)) || len(answer) == 0 {
		n, err := conn.Read(buffer)
		if err != nil {
			return fmt.Errorf("%s %s answered %q: %w", network, address, answer, err)
		}
		answer = append(answer, buffer[:n]...)
	}
	return nil
}
