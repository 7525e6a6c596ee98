package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The test binary is also a few programs that C need not be written for. Which
// one is told by argv[0], so that no environment variable is in the way.
const rolePrefix = "e2e:"

func playRole() {
	roles := map[string]func([]string){
		rolePrefix + "launch":  launchRole,
		rolePrefix + "listen":  listenRole,
		rolePrefix + "argv":    argvRole,
		rolePrefix + "forge":   forgeRole,
		rolePrefix + "traceme": tracemeRole,
		"server":               serverRole, // of the documents, see pages_test.go
	}
	if role, ok := roles[filepath.Base(os.Args[0])]; ok {
		role(os.Args[1:])
		os.Exit(0)
	}
}

// inRole is this binary as one of the programs.
func inRole(t testing.TB, role string, arguments ...string) *exec.Cmd {
	t.Helper()
	cmd := command(t, "/proc/self/exe", arguments...)
	cmd.Args[0] = rolePrefix + role
	return cmd
}

// roleProgram is the path of a program that plays a role, for cap-audit to run.
func roleProgram(t testing.TB, role string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), rolePrefix+role)
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	return link
}

// launch is what the launcher is told: how to be before the exec. Bytes, for
// the point is what is not text.
type launch struct {
	Path    string
	Argv    [][]byte
	Env     [][]byte
	Ignored []syscall.Signal
	Blocked []syscall.Signal
	Umask   int
	Limits  map[int]unix.Rlimit
}

// launched is a command that is executed in surroundings which os/exec cannot
// make.
func launched(t testing.TB, l launch) *exec.Cmd {
	t.Helper()
	order, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	return inRole(t, "launch", string(order))
}

func launchRole(arguments []string) {
	var l launch
	if err := json.Unmarshal([]byte(arguments[0]), &l); err != nil {
		fail("order", err)
	}
	// execve keeps the mask of the thread that calls it
	runtime.LockOSThread()
	for _, sig := range l.Ignored {
		signal.Ignore(sig)
	}
	var set unix.Sigset_t
	for _, sig := range l.Blocked {
		set.Val[(sig-1)/64] |= 1 << ((sig - 1) % 64)
	}
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &set, nil); err != nil {
		fail("signal mask", err)
	}
	unix.Umask(l.Umask)
	for resource, limit := range l.Limits {
		// syscall's, not unix's: it tells syscall.Exec that RLIMIT_NOFILE is as meant
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: limit.Cur, Max: limit.Max}); err != nil {
			fail("limit", err)
		}
	}
	fail("exec", syscall.Exec(l.Path, texts(l.Argv), texts(l.Env)))
}

// forgeRole starts an auditor as its own stub, which a user may do with every
// program, and gives it an order that cap-audit did not write. What the stub
// answers goes to standard error.
func forgeRole(arguments []string) {
	auditor, order := arguments[0], arguments[1]
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		fail("socket", err)
	}
	ours := os.NewFile(uintptr(ends[0]), "ours")
	stub := exec.Command(auditor, "3")
	stub.Args[0] = "cap-audit: starting the target" // early.StubName
	stub.Stdout = os.Stdout
	stub.ExtraFiles = []*os.File{os.NewFile(uintptr(ends[1]), "theirs")}
	if err := stub.Start(); err != nil {
		fail("start", err)
	}
	stub.ExtraFiles[0].Close()
	io.WriteString(ours, order)
	unix.Shutdown(ends[0], unix.SHUT_WR)
	io.Copy(os.Stderr, ours)
	stub.Wait()
	os.Exit(stub.ProcessState.ExitCode())
}

func texts(list [][]byte) []string {
	all := make([]string, len(list))
	for i, raw := range list {
		all[i] = string(raw)
	}
	return all
}

func raws(list ...string) [][]byte {
	all := make([][]byte, len(list))
	for i, text := range list {
		all[i] = []byte(text)
	}
	return all
}

func fail(what string, err error) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
	os.Exit(2)
}

// listenRole tells of every signal that reaches it, one a line on standard
// error, until its standard input ends. Arguments are signals to ignore, by
// number.
func listenRole(ignore []string) {
	signals := make(chan os.Signal, 1024)
	signal.Notify(signals, unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGCONT, unix.SIGUSR1)
	for _, number := range ignore {
		n, err := strconv.Atoi(number)
		if err != nil {
			fail("signal", err)
		}
		signal.Ignore(syscall.Signal(n))
	}
	fmt.Fprintln(os.Stderr, "ready")
	ended := make(chan struct{})
	go func() {
		io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	for {
		select {
		case s := <-signals:
			fmt.Fprintln(os.Stderr, "got", unix.SignalName(s.(syscall.Signal)))
		case <-ended:
			fmt.Fprintln(os.Stderr, "end")
			os.Exit(5)
		}
	}
}

// argvRole prints its arguments on standard error, one a line. It makes a
// check, for --verbose to show: before 6.14 none is seen when a program starts.
func argvRole(arguments []string) {
	unix.Chroot("/")
	for _, argument := range arguments {
		fmt.Fprintf(os.Stderr, "%q\n", argument)
	}
}

// tracemeRole asks to be traced, as programs do that do not want to be debugged, gets
// a signal that it handles, makes N checks and executes a program.
func tracemeRole(arguments []string) {
	got := make(chan os.Signal, 1)
	signal.Notify(got, unix.SIGUSR1)
	runtime.LockOSThread()
	if _, _, errno := unix.RawSyscall(unix.SYS_PTRACE, unix.PTRACE_TRACEME, 0, 0); errno != 0 {
		fail("PTRACE_TRACEME", errno)
	}
	if len(arguments) > 1 {
		unix.Tgkill(os.Getpid(), unix.Gettid(), unix.SIGUSR1)
		<-got
	}
	n, err := strconv.Atoi(arguments[0])
	if err != nil {
		fail("number", err)
	}
	for range n {
		unix.Chroot("/")
	}
	fail("exec", syscall.Exec("/bin/sh", []string{"sh", "-c", "exit 7"}, nil))
}

// serverRole opens port 80, which is all that is asked of it.
func serverRole([]string) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Port: 80})
	}
	if err != nil {
		fail("port 80", err)
	}
}
