package tracer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/capng"
)

// Target is the command to run.
type Target struct {
	Path string // resolved by Resolve
	Argv []string
	// Stdout and Stderr are the target's, ours if nil.
	Stdout, Stderr *os.File
	// Identity is who to run as, the caller if nil.
	Identity *capng.Identity
}

// process is a stub, later the target.
type process struct {
	pid      int
	pidfd    int
	orders   *os.File
	failures *os.File
}

// startStub starts the stub, which waits for its order. It is a child with
// our stdin, environment, working directory, signal mask and rlimits.
func startStub(t Target) (*process, error) {
	// the stub's ends keep their numbers over exec: no descriptor that the
	// caller means for the target is in their way
	ordersStub, orders, err := stubPipe(0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(ordersStub)
	failuresStub, failures, err := stubPipe(1)
	if err != nil {
		orders.Close()
		return nil, err
	}
	defer unix.Close(failuresStub)

	files := []uintptr{0, 1, 2}
	if t.Stdout != nil {
		files[1] = t.Stdout.Fd()
	}
	if t.Stderr != nil {
		files[2] = t.Stderr.Fd()
	}
	p := &process{orders: orders, failures: failures}
	p.pid, err = syscall.ForkExec("/proc/self/exe",
		[]string{stubName, strconv.Itoa(ordersStub), strconv.Itoa(failuresStub)},
		&syscall.ProcAttr{
			Env:   inheritedEnviron(),
			Files: files,
			Sys:   &syscall.SysProcAttr{PidFD: &p.pidfd},
		})
	if err != nil {
		orders.Close()
		failures.Close()
		return nil, fmt.Errorf("start the target's stub from /proc/self/exe: %w", err)
	}
	if p.pidfd < 0 {
		return nil, errors.New("start the target's stub: the kernel gave no pidfd")
	}
	return p, nil
}

// stubPipe makes a pipe of which the stub gets end stubEnd (0 reads, 1 writes).
func stubPipe(stubEnd int) (stub int, ours *os.File, err error) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return 0, nil, fmt.Errorf("pipe to the target's stub: %w", err)
	}
	if _, err := unix.FcntlInt(uintptr(ends[stubEnd]), unix.F_SETFD, 0); err != nil {
		return 0, nil, fmt.Errorf("pipe to the target's stub: %w", err)
	}
	return ends[stubEnd], os.NewFile(uintptr(ends[1-stubEnd]), "stub pipe"), nil
}

// become gives the order and waits until the stub has become the target, or
// says why it could not.
func (p *process) become(t Target) error {
	argv := make([][]byte, len(t.Argv))
	for i, a := range t.Argv {
		argv[i] = []byte(a)
	}
	err := json.NewEncoder(p.orders).Encode(order{
		Path: []byte(t.Path), Argv: argv, Ignored: ignoredSignals(), Identity: t.Identity,
	})
	p.orders.Close()
	if err != nil {
		return fmt.Errorf("order to the target's stub: %w", err)
	}
	// close-on-exec: the end of file says that the exec succeeded
	raw, err := io.ReadAll(p.failures)
	p.failures.Close()
	if err != nil {
		return fmt.Errorf("answer of the target's stub: %w", err)
	}
	if len(raw) == 0 {
		return nil
	}
	var failure stubFailure
	if err := json.Unmarshal(raw, &failure); err != nil {
		return fmt.Errorf("answer of the target's stub: %w", err)
	}
	if failure.Stage == "exec" {
		return explainExec(t.Path, failure.Errno)
	}
	return &StartError{Path: t.Path, Status: 1, Text: "cannot take on the identity: " + failure.Text}
}

// abandon ends a stub that will get no order.
func (p *process) abandon() {
	p.orders.Close()
	p.failures.Close()
	var status unix.WaitStatus
	unix.Wait4(p.pid, &status, 0, nil)
	unix.Close(p.pidfd)
}
