package tracer

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/capng"
)

// SignalTree sends a signal to every process of the tree and says how many there
// were. The error joins the reasons why some did not get it. It is not for what
// was adopted.
func (a *Audit) SignalTree(sig syscall.Signal) (alive int, err error) {
	return a.eachAlive(func(_, pidfd int) error { return send(pidfd, sig) })
}

// EndTree asks every process of the tree to end and says how many there were: one that
// cannot heed it is killed. It is not for what was adopted.
func (a *Audit) EndTree() (told int, err error) {
	return a.eachAlive(func(pid, pidfd int) error {
		if ignores(pid, unix.SIGTERM) {
			return send(pidfd, unix.SIGKILL)
		}
		return askToEnd(pidfd, unix.SIGTERM)
	})
}

// askToEnd sends a signal for that, and has one that has stopped go on.
func askToEnd(pidfd int, sig syscall.Signal) error {
	return errors.Join(send(pidfd, sig), send(pidfd, unix.SIGCONT))
}

// Kill kills every process of the tree, and says how many there were: it is to be
// called until there are none. It is not for what was adopted.
func (a *Audit) Kill() (alive int, err error) {
	if a.family != nil {
		return a.killFamily()
	}
	doomed := a.kernel.doom(mayKill())
	alive, err = a.SignalTree(unix.SIGKILL)
	return alive, errors.Join(doomed, err)
}

// mayKill is whose processes may be killed, as kernel/signal.c,
// kill_ok_by_cred(), has it: the kernel half does not ask.
func mayKill() uint64 {
	if capng.Effective()>>unix.CAP_KILL&1 != 0 {
		return anybody
	}
	return uint64(os.Getuid()) + 1
}

// doom has tasks of the tree die when they next come out of the kernel, which
// each does before its first instruction.
func (k *kernel) doom(whose uint64) error {
	doomed, err := k.module.GetMap("doomed")
	if err != nil {
		return err
	}
	var key uint32
	err = atMaps(func() error { return doomed.Update(unsafe.Pointer(&key), unsafe.Pointer(&whose)) })
	if err != nil {
		return fmt.Errorf("doom the processes of the tree: %w", err)
	}
	return nil
}

// eachAlive visits the processes of the tree that live, and says how many there
// are. Their numbers can be others' before they are opened: what was opened is in
// the tree if its task has storage.
func (a *Audit) eachAlive(visit func(pid, pidfd int) error) (alive int, err error) {
	pids, err := a.liveProcesses()
	if err != nil {
		return 0, err
	}
	for _, pid := range pids {
		pidfd, failed := unix.PidfdOpen(pid, 0)
		if errors.Is(failed, unix.ESRCH) {
			continue // it has ended meanwhile
		}
		alive++
		if failed == nil {
			if a.isStranger(pidfd) {
				alive--
			} else {
				failed = visit(pid, pidfd)
			}
			unix.Close(pidfd)
		}
		err = firstOf(err, failed)
	}
	return alive, err
}

// isStranger: no task of the tree. An untraced one's are not marked.
func (a *Audit) isStranger(pidfd int) bool {
	if a.family != nil {
		return false
	}
	tasks, err := a.kernel.module.GetMap("tasks")
	if err != nil {
		return true
	}
	key := int32(pidfd)
	err = atMaps(func() (err error) { _, err = tasks.GetValue(unsafe.Pointer(&key)); return err })
	return err != nil
}

// firstOf keeps one error of many alike.
func firstOf(err, next error) error {
	if err != nil {
		return err
	}
	return next
}

// send sends a signal to a process, if it still lives.
func send(pidfd int, sig syscall.Signal) error {
	err := unix.PidfdSendSignal(pidfd, sig, nil, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	return err
}
