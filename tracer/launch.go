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
	"github.com/cap-audit/cap-audit/early"
	"github.com/cap-audit/cap-audit/hint"
)

// Target is the command to run.
type Target struct {
	Path string // resolved by Resolve
	Argv []string
	// Shell: /bin/sh runs a script without a #! line.
	Shell bool
	// Stdin, Stdout and Stderr are the target's, ours if nil.
	Stdin, Stdout, Stderr *os.File
	// Env is the environment, ours if nil.
	Env []string
	// Identity is who to run as, the caller if nil.
	Identity *capng.Identity
	// Surroundings are what else differs from the caller's.
	Surroundings Surroundings
	// Cgroup is the directory of the control group to start in, "" for ours.
	Cgroup string
}

// Surroundings are what a process has over exec beside its identity. What is
// not set stays the caller's.
type Surroundings struct {
	// Dir is the working directory, entered as the new identity. One that is
	// DirOptional and cannot be entered leaves the root directory.
	Dir         string
	DirOptional bool
	Umask       *int
	Nice        *int
	// Limits has one for RLIMIT_NOFILE, if it has any.
	Limits []Limit
	// Ignored are the signals to ignore, bit n for signal n; no other is then.
	Ignored *uint64
	// OnlyStandardFiles: no other open file is handed down.
	OnlyStandardFiles bool
}

// Limit is a resource limit, as setrlimit(2) has it.
type Limit struct {
	// Name is what errors call it, for example "LimitNOFILE=".
	Name       string
	Resource   int
	Soft, Hard uint64
}

// uid is who it starts as.
func (t Target) uid() int {
	if t.Identity != nil && t.Identity.UID >= 0 {
		return t.Identity.UID
	}
	return os.Getuid()
}

// held is what the target begins with, as far as that is known: as root all that its
// bounding set has, unless secure bits forbid it, as another user what it was given as
// ambient (security/commoncap.c, handle_privileged_root(), cap_bprm_creds_from_file()).
func (t Target) held() uint64 {
	set := capng.Bounding()
	bits, err := unix.PrctlRetInt(unix.PR_GET_SECUREBITS, 0, 0, 0, 0)
	if err != nil {
		return 0
	}
	var ambient uint64
	if id := t.Identity; id != nil {
		set &= given(id.Bounding, set)
		ambient = set & given(id.Ambient, 0)
		bits = given(id.SecureBits, bits)
	}
	if t.uid() != 0 || bits&secbitNoRoot != 0 {
		return ambient
	}
	return set
}

// secbitNoRoot is SECBIT_NOROOT of uapi/linux/securebits.h.
const secbitNoRoot = 1 << 0

// given is what was set, or else what it is without.
func given[T any](value *T, otherwise T) T {
	if value == nil {
		return otherwise
	}
	return *value
}

func (t Target) environ() []string {
	if t.Env != nil {
		return t.Env
	}
	return Environ()
}

// process is a stub, later the target.
type process struct {
	pid   int
	pidfd int
	// stub takes the order, and answers if it could not be carried out
	stub *os.File
}

// startStub starts the stub, which waits for its order. It is a child with
// our stdin, environment, working directory, signal mask and rlimits.
func startStub(t Target) (*process, error) {
	// the stub's end keeps its number over exec: no descriptor that the caller
	// means for the target is in its way
	theirs, ours, err := stubSocket()
	if err != nil {
		return nil, err
	}
	defer unix.Close(theirs)

	files := []uintptr{0, 1, 2}
	if t.Stdin != nil {
		files[0] = t.Stdin.Fd()
	}
	if t.Stdout != nil {
		files[1] = t.Stdout.Fd()
	}
	if t.Stderr != nil {
		files[2] = t.Stderr.Fd()
	}
	p := &process{stub: ours}
	attributes := &syscall.SysProcAttr{PidFD: &p.pidfd}
	if t.Cgroup != "" {
		attributes.UseCgroupFD = true
		attributes.CgroupFD, err = unix.Open(t.Cgroup, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		defer unix.Close(attributes.CgroupFD)
	}
	if err == nil {
		p.pid, err = forkExec("/proc/self/exe", []string{early.StubName, strconv.Itoa(theirs)},
			&syscall.ProcAttr{Env: Environ(), Files: files, Sys: attributes})
	}
	if err != nil {
		ours.Close()
		if t.Cgroup != "" {
			return nil, explainGroup(t.Cgroup, err)
		}
		return nil, fmt.Errorf("start the target's stub from /proc/self/exe: %w", err)
	}
	if p.pidfd < 0 {
		return nil, errors.New("start the target's stub: the kernel gave no pidfd")
	}
	return p, nil
}

// explainGroup says why the target could not be started in a control group.
func explainGroup(path string, err error) error {
	err = fmt.Errorf("start the target in the control group %s: %w", path, err)
	switch {
	case errors.Is(err, unix.ENOENT):
		return hint.Add(err, "make it with mkdir")
	case errors.Is(err, unix.EBUSY): // kernel/cgroup/cgroup.c, cgroup_migrate_vet_dst()
		return hint.Add(err, "it hands controllers down to groups below it and can hold no process: "+
			"name one of those")
	case errors.Is(err, unix.EBADF), errors.Is(err, unix.EOPNOTSUPP):
		return hint.Add(err, "it has to be a control group of version 2 whose type is domain")
	}
	return err
}

// stubSocket makes a pair of sockets, one of which is for the stub to inherit.
func stubSocket() (theirs int, ours *os.File, err error) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, nil, fmt.Errorf("socket to the target's stub: %w", err)
	}
	if _, err := unix.FcntlInt(uintptr(ends[1]), unix.F_SETFD, 0); err != nil {
		return 0, nil, fmt.Errorf("socket to the target's stub: %w", err)
	}
	return ends[1], os.NewFile(uintptr(ends[0]), "stub"), nil
}

// become gives the order and waits until the stub has become the target, or
// says why it could not.
func (p *process) become(t Target) error { return p.obey(newOrder(t)) }

func (p *process) obey(o order) error {
	defer p.stub.Close()
	err := json.NewEncoder(p.stub).Encode(o)
	if err == nil {
		err = unix.Shutdown(int(p.stub.Fd()), unix.SHUT_WR)
	}
	if errors.Is(err, unix.EPIPE) {
		return errStubEnded
	}
	if err != nil {
		return fmt.Errorf("order to the target's stub: %w", err)
	}
	// close-on-exec: the end of file says that the exec succeeded
	answer, err := io.ReadAll(p.stub)
	if err != nil {
		return fmt.Errorf("answer of the target's stub: %w", err)
	}
	return understand(answer, string(o.Path))
}

// CanEnter tells whether the target, as its identity has it, may change to its
// working directory. A child tries it: there is no other way to ask for a user
// with all of its groups and without our privileges.
func CanEnter(t Target) (bool, error) {
	p, err := startStub(t)
	if err != nil {
		return false, err
	}
	o := newOrder(t)
	o.OnlyEnter = true
	err = p.obey(o)
	var status unix.WaitStatus
	if _, failed := unix.Wait4(p.pid, &status, 0, nil); err == nil {
		err = failed
	}
	unix.Close(p.pidfd)
	return err == nil && status.Exited() && status.ExitStatus() == 0, err
}

// abandon ends a stub that will get no order.
func (p *process) abandon() {
	p.stub.Close()
	var status unix.WaitStatus
	unix.Wait4(p.pid, &status, 0, nil)
	unix.Close(p.pidfd)
}
