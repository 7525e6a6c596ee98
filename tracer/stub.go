package tracer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/capng"
)

// stubName is argv[0] of the stub: this binary, re-executed, on its way to
// become the target. No path or option can be mistaken for it.
const stubName = "cap-audit: starting the target"

// order is what the stub is told to become.
type order struct {
	Path     []byte // bytes: JSON's strings would have to be UTF-8
	Argv     [][]byte
	Ignored  uint64 // signals to ignore, bit n for signal n
	Identity *capng.Identity
}

// stubFailure is what the stub reports when it could not.
type stubFailure struct {
	Stage string // "identity" or "exec"
	Errno syscall.Errno
	Text  string
}

func init() {
	// storage is set on the process's main thread, so that thread must exec
	if len(os.Args) == 3 && os.Args[0] == stubName {
		runtime.LockOSThread()
	}
}

// MaybeStub becomes the target when this process was started as the stub, and
// does not return then. main calls it first of all.
func MaybeStub() {
	if len(os.Args) != 3 || os.Args[0] != stubName {
		return
	}
	orders, err1 := strconv.Atoi(os.Args[1])
	failures, err2 := strconv.Atoi(os.Args[2])
	if err1 != nil || err2 != nil {
		os.Exit(1)
	}
	unix.CloseOnExec(orders)
	unix.CloseOnExec(failures)

	raw, err := io.ReadAll(os.NewFile(uintptr(orders), "orders"))
	var o order
	if err != nil || json.Unmarshal(raw, &o) != nil {
		os.Exit(1) // cap-audit gave up before it gave the order
	}
	json.NewEncoder(os.NewFile(uintptr(failures), "failures")).Encode(o.execute())
	os.Exit(1)
}

// execute returns only if it failed.
func (o *order) execute() stubFailure {
	if o.Identity != nil {
		// with file capabilities on cap-audit anybody could write such an
		// order, and hand cap-audit's own privileges to a program
		if os.Geteuid() != 0 {
			return stubFailure{"identity", syscall.EPERM, "only root can run the target as another user"}
		}
		if err := o.Identity.Apply(); err != nil {
			var errno syscall.Errno
			errors.As(err, &errno)
			return stubFailure{"identity", errno, err.Error()}
		}
	}
	for sig := 1; sig < 64; sig++ {
		if o.Ignored>>sig&1 != 0 {
			signal.Ignore(syscall.Signal(sig))
		}
	}
	// syscall.Exec also puts back the RLIMIT_NOFILE that Go's runtime raised
	argv := make([]string, len(o.Argv))
	for i, a := range o.Argv {
		argv[i] = string(a)
	}
	err := syscall.Exec(string(o.Path), argv, inheritedEnviron())
	var errno syscall.Errno
	errors.As(err, &errno)
	return stubFailure{"exec", errno, fmt.Sprint(err)}
}
