package tracer

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
)

// family are the processes of an untraced target as /proc shows them: our
// descendants, since what loses its parent becomes the child of the nearest
// subreaper, which we are.
type family struct {
	older map[int]bool // children that we had before
	// last is who children were when they ended.
	last []audit.Identity
}

// newFamily is that of the process with this pid.
func newFamily(pid int) (*family, error) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("become the subreaper of the command's processes: %w", err)
	}
	f := &family{older: map[int]bool{}}
	all, err := allKin()
	for child, k := range all {
		f.older[child] = k.parent == os.Getpid() && child != pid
	}
	return f, err
}

// kin says where a process belongs.
type kin struct {
	ended                  bool // and not yet waited for
	parent, group, session int
}

// kinOf reads it; the zero value is that of a process that is gone. The fields
// after the name, which may have blanks, are the state, the parent, the process
// group and the session (fs/proc/array.c, do_task_stat()).
func kinOf(pid int) kin {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return parseKin(string(raw))
}

func parseKin(text string) kin {
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 4 {
		return kin{}
	}
	number := func(i int) int { n, _ := strconv.Atoi(fields[i]); return n }
	return kin{fields[0] == "Z" || fields[0] == "X", number(1), number(2), number(3)}
}

// allKin is that of every process that /proc shows.
func allKin() (map[int]kin, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	all := map[int]kin{}
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			all[pid] = kinOf(pid)
		}
	}
	return all, err
}

// liveProcesses are those of the family that have not ended, without the
// companions and what these have left behind: it is in their process groups or
// sessions.
func (f *family) liveProcesses(companions map[int]bool) ([]int, error) {
	all, err := allKin()
	ours := func(pid int) bool {
		for range len(all) { // each step goes to a parent, and there are no more
			k := all[pid]
			switch {
			case f.older[pid] && k.parent == os.Getpid(), companions[pid]:
				return false
			case k.parent == os.Getpid():
				return !companions[k.group] && !companions[k.session]
			case k.parent == 0:
				return false
			}
			pid = k.parent
		}
		return false
	}
	var pids []int
	for pid, k := range all {
		if !k.ended && ours(pid) {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids, err
}

// reap waits for a child, and looks who it was: as long as nobody has waited for
// it, a process shows that (fs/proc/array.c, proc_pid_status()).
func (f *family) reap(status *unix.WaitStatus, matters func(int, kin) bool) (int, error) {
	if err := unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		return 0, err
	}
	all, err := allKin()
	if err != nil {
		return 0, err
	}
	for pid, k := range all {
		if !k.ended || k.parent != os.Getpid() {
			continue
		}
		id, known := identityOf(pid)
		// the first thread of a process can have ended before the others
		if child, err := unix.Wait4(pid, status, unix.WNOHANG, nil); child == pid || err != nil {
			if known && matters(pid, k) {
				f.last = append(f.last, id)
			}
			return pid, err
		}
	}
	return unix.Wait4(-1, status, 0, nil)
}

// nextOfFamily waits for a child of an untraced target, or one that we had before;
// when nothing but these is there, that is ECHILD, too.
func (a *Audit) nextOfFamily(status *unix.WaitStatus) (pid int, err error) {
	if strangers.Load() && a.Ended() && !a.companions.running() {
		if alive, err := a.Alive(); err != nil || alive == 0 {
			return 0, cmp.Or(err, error(unix.ECHILD))
		}
	}
	groups := a.companions.groupIDs()
	return a.family.reap(status, func(pid int, k kin) bool {
		return pid == a.process.pid || a.options.Follow && !groups[k.group] && !groups[k.session] &&
			!a.family.older[pid]
	})
}

// liveProcesses lists the processes of the tree that have not begun to exit.
func (a *Audit) liveProcesses() ([]int, error) {
	if a.family != nil {
		return a.family.liveProcesses(a.companions.groupIDs())
	}
	return a.kernel.liveProcesses()
}

// killRounds bounds how often killFamily looks: what forks on would keep it there.
const killRounds = 100

// killFamily kills until nobody is left that it has not killed: what is killed
// may have forked meanwhile.
func (a *Audit) killFamily() (alive int, err error) {
	killed := map[int]bool{}
	for range killRounds {
		before := len(killed)
		alive, err = a.eachAlive(func(pid, pidfd int) error {
			killed[pid] = true
			return send(pidfd, unix.SIGKILL)
		})
		if err != nil || len(killed) == before {
			break
		}
	}
	return alive, err
}

// Identities are who the processes of an untraced target are now.
func (a *Audit) Identities() []audit.Identity {
	if a.family == nil {
		return nil
	}
	pids, _ := a.liveProcesses()
	var list []audit.Identity
	for _, pid := range pids {
		if id, ok := identityOf(pid); ok {
			list = append(list, id)
		}
	}
	return list
}

// LastIdentities are who those were that have ended: the first process, with
// Follow also those whose parents had ended before.
func (a *Audit) LastIdentities() []audit.Identity {
	if a.family == nil {
		return nil
	}
	return a.family.last
}

// identityOf reads who a process is, false if it is gone. Its root directory is
// "" where we may not look at that.
func identityOf(pid int) (id audit.Identity, ok bool) {
	status := statusOf(pid)
	if status == nil {
		return id, false
	}
	id = audit.Identity{
		Program: status["Name"],
		Users:   status["Uid"], Groups: status["Gid"], Supplementary: status["Groups"],
		Permitted: status.set("CapPrm"), Effective: status.set("CapEff"), Inheritable: status.set("CapInh"),
		Bounding: status.set("CapBnd"), Ambient: status.set("CapAmb"),
		NoNewPrivs: status["NoNewPrivs"], Seccomp: status["Seccomp"],
	}
	id.Root, _ = os.Readlink(fmt.Sprintf("/proc/%d/root", pid))
	return id, true
}
