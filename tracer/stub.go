package tracer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/early"
	"github.com/cap-audit/cap-audit/hint"
	"github.com/cap-audit/cap-audit/privilege"
)

// order is what the stub is told to become.
type order struct {
	Path    []byte // see raw
	Argv    [][]byte
	Shell   bool   // see Target
	Ignored uint64 // signals to ignore, bit n for signal n
	// OnlyIgnored: no other signal may be ignored, wherever that came from.
	OnlyIgnored bool
	Identity    *capng.Identity
	OwnEnv      bool // the environment is Env
	Env         [][]byte
	OnlyEnter   bool   // see CanEnter
	Closed      []int  // standard files that the caller has closed, and Go's runtime has opened
	Dir         []byte // hides that of Surroundings: see raw
	Surroundings
	// ready is called when nothing but the exec is left.
	ready func()
}

// ready is the answer of a stub that executes; JSON may begin with it.
const ready = "\n"

// stubFailure is what the stub reports when it could not.
type stubFailure struct {
	Stage string // what it could not do
	Errno syscall.Errno
	Text  string
}

const stageExec = "execute it"

func failure(stage string, err error) stubFailure {
	var errno syscall.Errno
	errors.As(err, &errno)
	return stubFailure{stage, errno, err.Error()}
}

// main stays on the main thread: the stub's has to exec, since storage is set on
// that; and the auditor's is the parent of what it starts, and of orphans, the only
// one to which ptrace(2) lets them be traced (kernel/exit.c, find_new_reaper()).
func init() { runtime.LockOSThread() }

// MaybeStub becomes the target when this process was started as the stub, and
// does not return then. main calls it first of all.
func MaybeStub() {
	if !early.IsStub {
		return
	}
	fd, err := strconv.Atoi(os.Args[1])
	if err != nil || privilege.FromParent(fd) != nil {
		os.Exit(1)
	}
	unix.CloseOnExec(fd)

	socket := os.NewFile(uintptr(fd), "cap-audit")
	o, err := readOrder(socket)
	if err != nil {
		os.Exit(1) // cap-audit gave up before it gave the order
	}
	o.ready = func() { io.WriteString(socket, ready) }
	json.NewEncoder(socket).Encode(o.execute())
	os.Exit(1)
}

// errStubEnded: one that we have started answers, unless it is killed.
var errStubEnded = hint.Add(errors.New("the target's stub ended before its time"),
	"the kernel's log says whether it was killed for want of memory")

// understand reads what a stub that was to start the program at path has answered.
func understand(answer []byte, path string) error {
	if len(answer) == 0 {
		return errStubEnded
	}
	if string(answer) == ready {
		return nil
	}
	var failure stubFailure
	if err := json.Unmarshal(answer, &failure); err != nil {
		return fmt.Errorf("answer of the target's stub: %w", err)
	}
	return failure.explain(path)
}

// explain is the failure to start the program at path.
func (f stubFailure) explain(path string) error {
	if f.Stage == stageExec {
		return explainExec(path, f.Errno)
	}
	return &StartError{Path: path, Status: 1, Text: fmt.Sprintf("cannot %s: %s", f.Stage, f.Text)}
}

// newOrder is the order to become the target.
func newOrder(t Target) order {
	o := order{
		Path: []byte(t.Path), Argv: Raw(t.Argv), Shell: t.Shell,
		Ignored: early.Ignored(), Identity: t.Identity, OwnEnv: t.Env != nil, Env: Raw(t.Env),
		Dir: []byte(t.Surroundings.Dir), Surroundings: t.Surroundings,
	}
	for fd, file := range []*os.File{t.Stdin, t.Stdout, t.Stderr} {
		if file == nil && closedAtStart(fd) {
			o.Closed = append(o.Closed, fd)
		}
	}
	if t.Surroundings.Ignored != nil {
		o.Ignored, o.OnlyIgnored = *t.Surroundings.Ignored, true
	}
	return o
}

func readOrder(from io.Reader) (o order, err error) {
	raw, err := io.ReadAll(from)
	if err == nil {
		err = json.Unmarshal(raw, &o)
	}
	return o, err
}

// execute returns only if it failed.
func (o *order) execute() stubFailure {
	// Raising a limit takes privileges. Lowering one takes none and comes last:
	// under a limit on memory Go's runtime may not get what it needs.
	higher, lower := o.sortLimits()
	if failed := setLimits(higher); failed != nil {
		return *failed
	}
	if failed := o.surround(); failed != nil {
		return *failed
	}
	if o.Identity != nil {
		const stage = "take on the identity"
		if os.Geteuid() != 0 {
			return stubFailure{stage, syscall.EPERM, "only root can run the target as another user"}
		}
		if err := o.Identity.Apply(); err != nil {
			return failure(stage, err)
		}
	}
	failed := o.enter()
	if o.OnlyEnter {
		o.ready()
		if failed != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	if failed != nil {
		return *failed
	}
	// Go's runtime leaves these two ignored where they were so at its start;
	// what has a handler is reset by exec
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP, syscall.SIGINT)
	for sig := 1; sig < 64; sig++ {
		if o.Ignored>>sig&1 != 0 {
			signal.Ignore(syscall.Signal(sig))
		}
	}
	if o.OnlyIgnored {
		resetInternalSignals()
	}
	if err := o.keepFiles(); err != nil {
		return failure("keep other open files from it", err)
	}
	env := Environ()
	if o.OwnEnv {
		env = Cooked(o.Env)
	}
	o.ready()
	if len(o.Limits) == 0 {
		return failure(stageExec, o.exec(env))
	}
	return o.executeWithin(lower, env)
}

// exec also puts back the RLIMIT_NOFILE that Go's runtime raised.
func (o *order) exec(env []string) error {
	err := syscall.Exec(string(o.Path), Cooked(o.Argv), env)
	if err == syscall.ENOEXEC && o.viaShell() {
		err = syscall.Exec(string(o.Path), Cooked(o.Argv), env)
	}
	return err
}

// keepFiles keeps from the target what it is not to have open.
func (o *order) keepFiles() error {
	for _, fd := range o.Closed {
		unix.CloseOnExec(fd)
	}
	if !o.OnlyStandardFiles {
		return nil
	}
	return unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
}

// resetInternalSignals takes back what nobody asked for: glibc's posix_spawn,
// which make uses, leaves its two internal signals ignored (glibc 2.36,
// sysdeps/unix/sysv/linux/spawni.c), and neither the C library nor Go's runtime
// sets them to anything else.
func resetInternalSignals() {
	early.SetDefault(32)
	early.SetDefault(33)
}

// executeWithin executes under limits that may leave Go's runtime nothing.
// syscall.Exec would wait for a thread that is being created, while that one
// waits for memory or a process slot that it is not to get any more.
func (o *order) executeWithin(limits []Limit, env []string) stubFailure {
	path, err1 := syscall.BytePtrFromString(string(o.Path))
	argv, err2 := syscall.SlicePtrFromStrings(Cooked(o.Argv))
	envp, err3 := syscall.SlicePtrFromStrings(env)
	if err := errors.Join(err1, err2, err3); err != nil {
		return failure(stageExec, err)
	}
	if failed := setLimits(limits); failed != nil {
		return *failed
	}
	var errno syscall.Errno
	// fs/exec.c, de_thread: EAGAIN also when another thread is about to exist
	for range 1000 {
		_, _, errno = syscall.RawSyscall(syscall.SYS_EXECVE, uintptr(unsafe.Pointer(path)),
			uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&envp[0])))
		if errno != syscall.EAGAIN {
			break
		}
	}
	return failure(stageExec, errno)
}

// surround sets what does not depend on who does it, or takes privileges.
func (o *order) surround() *stubFailure {
	if o.Umask != nil {
		unix.Umask(*o.Umask)
	}
	if o.Nice != nil {
		// on Linux a thread's: this one will exec
		if err := unix.Setpriority(unix.PRIO_PROCESS, 0, *o.Nice); err != nil {
			failed := failure(fmt.Sprintf("set the nice level to %d", *o.Nice), err)
			return &failed
		}
	}
	return nil
}

// sortLimits tells the limits apart that are above the present hard one.
func (o *order) sortLimits() (higher, lower []Limit) {
	for _, limit := range o.Limits {
		var now syscall.Rlimit
		if err := syscall.Getrlimit(limit.Resource, &now); err == nil && limit.Hard <= now.Max {
			lower = append(lower, limit)
		} else {
			higher = append(higher, limit)
		}
	}
	return higher, lower
}

func setLimits(limits []Limit) *stubFailure {
	for _, limit := range limits {
		// syscall's: it keeps the runtime from putting its own RLIMIT_NOFILE back
		err := syscall.Setrlimit(limit.Resource, &syscall.Rlimit{Cur: limit.Soft, Max: limit.Hard})
		if err != nil {
			failed := failure("set "+limit.Name+limitText(limit), err)
			return &failed
		}
	}
	return nil
}

func limitText(l Limit) string {
	text := func(n uint64) string {
		if n == unix.RLIM_INFINITY {
			return "infinity"
		}
		return strconv.FormatUint(n, 10)
	}
	return text(l.Soft) + ":" + text(l.Hard)
}

// enter changes to the working directory, which the new user may be the only
// one to be allowed to.
func (o *order) enter() *stubFailure {
	if len(o.Dir) == 0 {
		return nil
	}
	err := unix.Chdir(string(o.Dir))
	if err != nil && o.DirOptional {
		err = unix.Chdir("/")
	}
	if err != nil {
		failed := failure(fmt.Sprintf("change to the working directory %q", o.Dir), err)
		return &failed
	}
	return nil
}
