package machine

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// supervisor is the variable by which a process knows that its parent is one.
const supervisor = "CAP_AUDIT_SUPERVISOR"

// ending are the signals that end a test. Under nohup, and in the background of
// a script, some are ignored. What is tested would inherit that, so none is.
var ending = []os.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM}

// Supervise starts the program once more and returns there. Here it waits for
// its end, for a signal, or for the end of whoever has started it, and exits.
// Nothing of what the program has started is left then: no process; no mount, as
// it has a mount namespace of its own; and no temporary file.
func Supervise() {
	if slices.Contains(os.Args, "-test.fuzzworker") {
		return // talks to its parent by descriptors
	}
	if os.Getenv(supervisor) == strconv.Itoa(os.Getppid()) {
		os.Unsetenv(supervisor)
		own()
		return
	}
	status, err := supervise()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot supervise the tests:", err)
		status = 1
	}
	os.Exit(status)
}

// own makes the mount namespace one's own. In a chroot whose root is only a
// directory, it is as private as it has been.
func own() {
	if os.Geteuid() == 0 {
		_ = unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
	}
}

func supervise() (status int, err error) {
	end := heed()
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return 0, err
	}
	parent, err := unix.PidfdOpen(os.Getppid(), 0)
	if err != nil {
		return 0, err
	}
	// short, as sockets will be there
	dir, err := os.MkdirTemp("", "ca")
	if err == nil {
		err = os.Chmod(dir, 0o777|os.ModeSticky)
	}
	if err != nil {
		return 0, err
	}
	// not over a mount, whoever has made it
	defer exec.Command("rm", "-rf", "--one-file-system", dir).Run()
	runtime.LockOSThread() // its end would be taken for the parent's
	pid, err := again(dir)
	if err != nil {
		return 0, err
	}
	ended := make(chan int, 1)
	go func() { ended <- reap(pid) }()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for err := error(unix.EINTR); err == unix.EINTR; {
			_, err = unix.Poll([]unix.PollFd{{Fd: int32(parent), Events: unix.POLLIN}}, -1)
		}
	}()
	select {
	case status = <-ended:
	case s := <-end:
		status = 128 + int(s.(syscall.Signal))
	case <-gone:
		status = 128 + int(unix.SIGHUP)
	}
	endAll()
	return status, nil
}

// heed has the signals come that end a test, if they are not ignored.
func heed() chan os.Signal {
	end := make(chan os.Signal, 16)
	for _, s := range ending {
		heeded := end
		if signal.Ignored(s) {
			heeded = make(chan os.Signal, 1)
		}
		signal.Notify(heeded, s)
	}
	return end
}

// again starts this program in a session and a mount namespace of its own.
func again(temporary string) (pid int, err error) {
	path, err := os.Executable()
	if err != nil {
		return 0, err
	}
	os.Setenv(supervisor, strconv.Itoa(os.Getpid()))
	os.Setenv("TMPDIR", temporary)
	attributes := &syscall.SysProcAttr{Setsid: true, Pdeathsig: unix.SIGKILL}
	if os.Geteuid() == 0 {
		attributes.Cloneflags = unix.CLONE_NEWNS
	}
	process, err := os.StartProcess(path, os.Args, &os.ProcAttr{
		Env:   os.Environ(),
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
		Sys:   attributes,
	})
	if err != nil {
		return 0, err
	}
	return process.Pid, nil
}

// reap waits for a child's end, and takes away what is orphaned meanwhile.
func reap(child int) int {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case err == unix.EINTR || err == nil && pid != child:
		case err != nil:
			return 1
		case status.Signaled():
			return 128 + int(status.Signal())
		default:
			return status.ExitStatus()
		}
	}
}

// endAll kills all descendants until there are none.
func endAll() {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil)
		if err == unix.ECHILD {
			return
		}
		if pid <= 0 {
			killDescendants()
			time.Sleep(5 * time.Millisecond)
		}
	}
	fmt.Fprintln(os.Stderr, "processes are left that cannot be killed")
}

// killDescendants kills by process group where it can: no fork escapes that
// (kernel/fork.c, copy_process(), gives up when a signal is pending), whereas
// in a tree that forks on, who is known has ended. The first one has made a
// session, so that there is nobody else in any of the groups.
func killDescendants() {
	parents, groups := map[int]int{}, map[int]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		raw, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		// proc_pid_stat(5): pid (name) state parent group; a name may contain anything
		text := string(raw)
		fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		parents[pid], _ = strconv.Atoi(fields[1])
		groups[pid], _ = strconv.Atoi(fields[2])
	}
	self := os.Getpid()
	for pid := range parents {
		ancestor := parents[pid]
		for ancestor > 1 && ancestor != self {
			ancestor = parents[ancestor]
		}
		if ancestor != self {
			continue
		}
		if group := groups[pid]; group > 1 && group != unix.Getpgrp() {
			_ = unix.Kill(-group, unix.SIGKILL)
		}
		_ = unix.Kill(pid, unix.SIGKILL)
	}
}
