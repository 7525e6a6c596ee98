package console

import (
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/test/scratch"
)

// inSession is set where the test runs itself as the first process of a session
// whose terminal is standard error.
const inSession = "CAP_AUDIT_TEST_SESSION"

// The status line stays away from a terminal while a program has it take keys as
// they come or not show them, and while another job is in front.
func TestStatusLineLeavesTakenTerminalsAlone(t *testing.T) {
	if os.Getenv(inSession) != "" {
		show(t)
		return
	}
	keyboard, tty := scratch.Terminal(t)
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), inSession+"=yes")
	cmd.Stderr, cmd.SysProcAttr = tty, &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 2}
	said, err := cmd.Output()
	tty.Close()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	shown, _ := io.ReadAll(keyboard) // ends with EIO
	const erase = "\r\x1b[K"
	if want := "free" + erase + "again" + erase; string(shown) != want {
		t.Errorf("%q, want %q", shown, want)
	}
}

// show has a status line while the terminal is now free and now taken.
func show(t *testing.T) {
	const terminal = 2
	free, err := unix.IoctlGetTermios(terminal, unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	set := func(without uint32) {
		mode := *free
		mode.Lflag &^= without
		if err := unix.IoctlSetTermios(terminal, unix.TCSETS, &mode); err != nil {
			t.Fatal(err)
		}
	}
	inFront := func(group int) {
		if err := unix.IoctlSetPointerInt(terminal, unix.TIOCSPGRP, group); err != nil {
			t.Fatal(err)
		}
	}
	l := NewLines(os.Stdout)
	l.SetStatus("free")
	for _, taken := range []uint32{unix.ICANON, unix.ECHO, unix.ICANON | unix.ECHO} {
		set(taken)
		l.SetStatus("drawn over")
		l.SetStatus("")
	}
	set(0)
	l.SetStatus("again")
	signal.Ignore(unix.SIGTTOU)
	job := exec.Command("sleep", "60")
	job.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := job.Start(); err != nil {
		t.Fatal(err)
	}
	defer job.Wait()
	defer job.Process.Kill()
	inFront(job.Process.Pid)
	l.SetStatus("behind")
	inFront(unix.Getpgrp())
	l.SetStatus("")
}

func TestNoLines(t *testing.T) {
	said := scratch.Captured(t, &os.Stderr, func() {
		l := NoLines()
		l.Print("%s", strings.Repeat("x", 10))
		if l.HasStatus() {
			t.Error("it has a status line")
		}
	})
	if said != "" {
		t.Errorf("%q", said)
	}
}
