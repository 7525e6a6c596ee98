package tracer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/cgroup"
	"github.com/cap-audit/cap-audit/files"
	"github.com/cap-audit/cap-audit/hint"
)

// Entry says from when on a process that comes into a watched group is recorded.
type Entry int

const (
	// EntryAtOnce: from the moment it is in the group.
	EntryAtOnce Entry = iota
	// EntryByManager: a service manager puts it there and then makes it what it
	// is to be, with privileges of its own. Recorded from its exec on.
	EntryByManager
	// EntryByEngine: likewise, by a container engine. Recorded from the exec on
	// that it makes in the container's pid namespace.
	EntryByEngine
)

// Running is what runs already and is to be adopted: a process with all its
// descendants, or all processes of a control group and of the groups below it.
type Running struct {
	// PID is the process's id as this process's pid namespace has it, 0 for none.
	PID int
	// Cgroup is the directory of a cgroup v2 group, "" for none. With a PID
	// besides, that is the group's main process: the one that the audit ends
	// with. The group may be removed and made again, and need not exist yet
	// unless MustExist.
	Cgroup    string
	MustExist bool
	Entry     Entry
	// Prepared: the engine says that the PID has yet to execute the container's program.
	Prepared bool
	// EachDepth, if not 0, is how many levels below the group each has an observation of
	// its own, see Groups. Then the audit ends when the group is removed: it can be empty
	// for a while.
	EachDepth int
	// Ended, if not nil, is closed by the caller when there is nothing more to
	// watch. Otherwise the audit ends with the PID, or when the group has
	// become empty.
	Ended <-chan struct{}
}

// opened is one that has been looked up.
type opened struct {
	Running
	pidfd int // of the PID, -1 for none
	// id of the group, 0 while it does not exist; path as the kernel has it.
	id   uint64
	path string
	// of the PID's program, as far as they can be known
	exe           string
	filePermitted uint64
	unprivileged  bool
	// onItsWay: what the PID runs is its engine's.
	onItsWay bool
}

// open looks it up. Errors name what is wrong and what to try.
func (s Running) open() (o *opened, err error) {
	o = &opened{Running: s, pidfd: -1}
	if s.PID == os.Getpid() {
		return nil, errors.New("cap-audit does not watch itself: name another process")
	}
	if s.PID != 0 {
		if o.pidfd, err = openPID(s.PID); err != nil {
			return nil, err
		}
		link := fmt.Sprintf("/proc/%d/exe", s.PID)
		o.exe, _ = os.Readlink(link)
		o.unprivileged = unprivileged(s.PID)
		if f, err := files.OpenRegular(link, files.Any); err == nil {
			o.filePermitted, _, _, _, _ = capng.FileCaps(f)
			f.Close()
		}
	}
	switch {
	case s.Cgroup == "":
	case os.Geteuid() != 0:
		// with file capabilities on cap-audit, anybody could look at the processes of all others
		err = errors.New("only root can watch a control group: it can hold other users' processes")
	default:
		err = o.lookUpGroup()
	}
	if err != nil {
		o.close()
		return nil, err
	}
	return o, nil
}

func (s *opened) close() {
	if s.pidfd >= 0 {
		unix.Close(s.pidfd)
	}
}

func openPID(pid int) (pidfd int, err error) {
	pidfd, err = unix.PidfdOpen(pid, 0)
	switch {
	case errors.Is(err, unix.ESRCH):
		return -1, fmt.Errorf("there is no process %d, as seen from this pid namespace: see ps -e", pid)
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOENT): // ENOENT since 6.15
		return -1, fmt.Errorf("%d is a thread, not a process: give the process's ID, see ps -e", pid)
	case err != nil:
		return -1, fmt.Errorf("process %d: %w", pid, err)
	}
	if err := mayWatch(pid, pidfd); err != nil {
		unix.Close(pidfd)
		return -1, err
	}
	return pidfd, nil
}

// mayWatch says why a process cannot be watched.
func mayWatch(pid, pidfd int) error {
	if os.Geteuid() != 0 && ownerOf(pid) != os.Getuid() { // or nothing is shown of it: proc(5), hidepid
		return fmt.Errorf("process %d belongs to another user: only root can watch it", pid)
	}
	if _, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); errors.Is(err, fs.ErrNotExist) {
		// fs/proc/task_mmu.c, since the task itself has no memory any more
		if threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/exe", pid)); slices.ContainsFunc(threads,
			canRead) {
			return fmt.Errorf("the first thread of process %d has ended while others run: name its control "+
				"group with --cgroup", pid)
		}
		if hasEnded(pidfd) {
			return fmt.Errorf("process %d has ended", pid)
		}
		return fmt.Errorf("process %d runs no program: it is a kernel thread, or about to end", pid)
	}
	return nil
}

// runsForeignProgram tells whether a process runs what is no file in its own root: an engine's,
// which lies on the host, in a mount of its own or in memory.
func runsForeignProgram(pid int) bool {
	exe := executed(pid).path
	path, err := os.Readlink(exe)
	if err != nil {
		return false
	}
	running, err := os.OpenFile(exe, unix.O_PATH, 0)
	if err != nil {
		return false
	}
	defer running.Close()
	return !location{rootOf(pid), path}.has(running)
}

func canRead(link string) bool { _, err := os.Readlink(link); return err == nil }

// ownerOf is the real user id of a process, -1 if it cannot be read.
func ownerOf(pid int) int {
	real, _ := statusOf(pid).users()
	return real
}

func (s *opened) lookUpGroup() error {
	root := cgroup.Root()
	if root == "" {
		return hint.Add(cgroup.ErrNone, cgroup.NoneHint)
	}
	path, err := filepath.Abs(s.Cgroup)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && s.MustExist:
		return hint.Add(fmt.Errorf("there is no control group %s", s.Cgroup), "see systemd-cgls")
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case err == nil && !info.IsDir():
		return fmt.Errorf("control group %s: is not a directory", s.Cgroup)
	case err == nil && !cgroup.Is(path):
		err := fmt.Errorf("%s is no group of cgroup v2, and only such groups can be watched", s.Cgroup)
		return hint.Addf(err, "they are below %s", root)
	}
	within, ok := strings.CutPrefix(path, root)
	if !ok || within != "" && within[0] != '/' {
		return hint.Add(fmt.Errorf("control group %s: is not below %s", s.Cgroup, root),
			"give its directory there")
	}
	s.path = max(within, "/")
	if len(s.path) >= maxPath {
		return fmt.Errorf("control group %.40s...: a path of more than %d bytes cannot be watched", s.Cgroup,
			maxPath-1)
	}
	s.id, err = groupID(path)
	return err
}

// directory of the group.
func (s *opened) directory() string { return filepath.Join(cgroup.Root(), s.path) }

// groupID is the kernel's id of a group: the inode number of its directory
// (fs/kernfs/inode.c, since 5.5); 0 if there is none.
func groupID(path string) (uint64, error) {
	var stat unix.Stat_t
	err := unix.Stat(path, &stat)
	if errors.Is(err, unix.ENOENT) {
		return 0, nil
	}
	return stat.Ino, err
}

// moved reports whether the group was removed or made since it was looked up.
func (s *opened) moved() bool {
	if !s.groups() {
		return false
	}
	id, _ := groupID(s.directory())
	return id != s.id
}

// exists reports whether the group does.
func (s *opened) exists() bool {
	id, err := groupID(s.directory())
	return id != 0 || err != nil
}

// each reports whether groups below it are told apart.
func (s *opened) each() bool { return s != nil && s.EachDepth > 0 }

// groups reports whether a control group is watched.
func (s *opened) groups() bool { return s != nil && s.path != "" }

// programs are those of adoptPrograms that watch it.
func (s *opened) programs() []string {
	switch {
	case s == nil:
		return nil
	case s.groups():
		return []string{"adopt_group", "on_group_made", "on_moved"}
	}
	return []string{"adopt_tree"}
}

// executors are where systemd, since 255, has the program that it runs between
// its fork and the service.
var executors = []string{"/usr/lib/systemd/systemd-executor", "/lib/systemd/systemd-executor"}

// variables are what the kernel half knows of it before it is loaded.
func (s *opened) variables() variables {
	if !s.groups() {
		return variables{}
	}
	var path [maxPath]byte
	copy(path[:], s.path)
	v := variables{
		"by_group":      true,
		"group_id":      s.id,
		"group_path":    path,
		"enter_at_exec": s.Entry != EntryAtOnce,
		"inside_only":   s.Entry == EntryByEngine && s.PID != 0,
	}
	var stat unix.Stat_t
	if s.Entry == EntryByManager && slices.ContainsFunc(executors,
		func(path string) bool { return unix.Stat(path, &stat) == nil }) {
		v["executor_inode"] = stat.Ino
		// include/linux/kdev_t.h, MKDEV
		v["executor_device"] = unix.Major(stat.Dev)<<20 | unix.Minor(stat.Dev)
	}
	if s.each() {
		v["each_depth"] = uint32(s.EachDepth)
		v["chain_buckets"] = uint32(eachChainBuckets)
	}
	return v
}
