package objects

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/sys/unix"
)

// numbered are accounts of which one has a name.
type numbered struct{}

func (numbered) User(uid uint32) string {
	if uid == 0 {
		return "root"
	}
	return "u" + string(rune('0'+uid))
}

func (numbered) Group(gid uint32) string { return "g" + string(rune('0'+gid)) }

func (numbered) Capabilities(set uint64) string { return fmt.Sprintf("%#x", set) }

func TestText(t *testing.T) {
	file := &Inode{UID: 0, GID: 4, Mode: unix.S_IFREG | 0o640}
	directory := &Inode{UID: 0, GID: 0, Mode: unix.S_IFDIR | 0o700}
	for name, c := range map[string]struct {
		asked Asked
		kind  Kind
		want  string
	}{
		"a path on its way": {Asked{Syscall: "openat", Walk: true, File: file,
			Names: []string{"shadow", "etc"}, Texts: [2]string{"/etc/shadow"}},
			File, "/etc/shadow (root:g4 0640)"},
		"a directory on the way": {Asked{Syscall: "openat", Walk: true, File: directory,
			Names: []string{"root"}, Texts: [2]string{"/root/x"}},
			File, "/root (root:g0 0700, directory) for /root/x"},
		"a link": {Asked{Syscall: "openat", Walk: true, File: file, Names: []string{"y"},
			Texts: [2]string{"/x"}}, File, "/y (root:g4 0640)"},
		"what was found": {Asked{Syscall: "chown", Known: true, Base: true, Found: true, FoundName: "x",
			File: file, Names: []string{"b", "a"}, Texts: [2]string{"x"},
			Arguments: [6]uint64{0, 1, 1<<64 - 1}}, File, "/a/b/x (root:g4 0640), to user u1"},
		"the directory of what is removed": {Asked{Syscall: "unlink", Known: true, Base: true, Found: true,
			FoundName: "d", File: directory, Texts: [2]string{"/d/x"}}, File,
			"/d (root:g0 0700, directory) for /d/x"},
		"the directory that a path begins in": {Asked{Syscall: "unlink", Known: true, Base: true, Found: true,
			FoundName: "d", File: directory, Names: []string{"d"}, Texts: [2]string{"x"}},
			File, "/d (root:g0 0700, directory) for /d/x"},
		"a path with dots": {Asked{Syscall: "mknod", Known: true, Base: true, Found: true,
			FoundName: "d", File: directory, Names: []string{"d"}, Texts: [2]string{".//x/"},
			Arguments: [6]uint64{0, unix.S_IFIFO}}, File, "/d (root:g0 0700, directory) for /d/x, a pipe"},
		"a directory by its dot": {Asked{Syscall: "chown", Known: true, Base: true, Found: true,
			FoundName: "d", File: directory, Names: []string{"d"}, Texts: [2]string{"."}},
			File, "/d (root:g0 0700, directory), to user root, to group g0"},
		"above": {Asked{Syscall: "chown", Known: true, Base: true, Names: []string{"d"},
			Texts: [2]string{"../x"}}, File, "/d/../x, to user root, to group g0"},
		"the root directory": {Asked{Syscall: "chroot", Known: true, Base: true, Found: true,
			FoundName: "/", File: directory, Texts: [2]string{"/"}}, File, "/ (root:g0 0700, directory)"},
		"what lay about": {Asked{Syscall: "chown", Known: true, Base: true, Found: true, FoundName: "other",
			File: file, Texts: [2]string{"/a/x"}, Arguments: [6]uint64{0, 1, 2}}, File,
			"/a/x, to user u1, to group g2"},
		"a long path": {Asked{Syscall: "fchdir", More: true, File: directory, Names: []string{"z"}}, File,
			"/…/z (root:g0 0700, directory)"},
		"a pipe": {Asked{Syscall: "fcntl", Known: true, File: &Inode{Mode: unix.S_IFIFO | 0o600},
			Arguments: [6]uint64{0, unix.F_SETPIPE_SZ}}, File,
			"a file without a path (root:g0 0600, pipe), F_SETPIPE_SZ"},
		"the clock": {Asked{Syscall: "settimeofday", Known: true}, Option, "the clock"},
		"a device": {Asked{Syscall: "ioctl", Known: true, Root: true, File: &Inode{Mode: unix.S_IFCHR | 0o620,
			Special: 4<<20 | 1}, Names: []string{"tty1", "dev"}, Arguments: [6]uint64{0, unix.TIOCSTI}}, File,
			"/dev/tty1 (root:g0 0620, character device, 4:1), TIOCSTI"},
		"a port": {Asked{Syscall: "bind", Known: true, Socket: &SocketKind{unix.AF_INET, unix.SOCK_STREAM, 0},
			Address: inet(80)}, Socket, "port 80/tcp of 127.0.0.1"},
		"a socket": {Asked{Syscall: "socket", Known: true,
			Arguments: [6]uint64{unix.AF_INET, unix.SOCK_RAW | unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP}},
			Socket, "IPv4 socket (raw icmp)"},
		"an option": {Asked{Syscall: "setsockopt", Known: true,
			Socket:    &SocketKind{unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_UDP},
			Arguments: [6]uint64{0, unix.SOL_SOCKET, unix.SO_MARK}}, Socket,
			"IPv4 socket (udp), SOL_SOCKET, SO_MARK"},
		"a message": {Asked{Syscall: "sendmsg", Known: true, Message: unix.RTM_NEWADDR,
			Socket: &SocketKind{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE}}, Socket,
			"netlink socket (route), RTM_NEWADDR"},
		"a process": {Asked{Syscall: "kill", Known: true, Process: &Task{PID: 7, Program: "sshd"},
			Arguments: [6]uint64{7, uint64(unix.SIGTERM)}}, Process, "process 7 (sshd, root), SIGTERM"},
		"a process group": {Asked{Syscall: "kill", Known: true,
			Arguments: [6]uint64{1<<32 - 7, uint64(unix.SIGHUP)}}, Option, "process group 7, SIGHUP"},
		"whose priority": {Asked{Syscall: "setpriority", Known: true, Process: &Task{PID: 1},
			Arguments: [6]uint64{unix.PRIO_USER, 1, 1<<64 - 5}}, Option, "user u1, nice -5"},
		"users": {Asked{Syscall: "setresuid", Known: true, Arguments: [6]uint64{1<<32 - 1, 3, 3}}, Option,
			"user u3"},
		"no groups": {Asked{Syscall: "setgroups", Known: true}, Option, "no groups"},
		"groups": {Asked{Syscall: "setgroups", Known: true, Arguments: [6]uint64{9},
			Struct: append([]byte{1, 0, 0, 0, 2}, make([]byte, 27)...)}, Option,
			"groups g1 g2 g0 g0 g0 g0 g0 g0 and 1 more"},
		"groups that cannot be read": {Asked{Syscall: "setgroups", Known: true,
			Arguments: [6]uint64{9}}, Option, "9 groups"},
		"groups of 16 bits": {Asked{Syscall: "setgroups", ABI: "i386", Known: true, Arguments: [6]uint64{2},
			Struct: make([]byte, 32)}, Option, "2 groups"},
		"sets": {Asked{Syscall: "capset", Known: true, Arguments: [6]uint64{unix.LINUX_CAPABILITY_VERSION_3},
			Struct: words(1, 3, 0, 0, 4, 0, 0, 0)}, Option,
			"effective: 0x1, permitted: 0x400000003, inheritable: 0x0"},
		"sets of the first version": {Asked{Syscall: "capset", Known: true,
			Arguments: [6]uint64{unix.LINUX_CAPABILITY_VERSION_1}, Struct: words(1, 3, 2, 9, 9, 9, 9, 9)},
			Option, "effective: 0x1, permitted: 0x3, inheritable: 0x2"},
		"a capability": {Asked{Syscall: "prctl", Known: true,
			Arguments: [6]uint64{unix.PR_CAPBSET_DROP, 3}}, Option, "PR_CAPBSET_DROP, 0x8"},
		"no capability": {Asked{Syscall: "prctl", Known: true,
			Arguments: [6]uint64{unix.PR_CAPBSET_DROP, 64}}, Option, "PR_CAPBSET_DROP, capability 64"},
		"a process that is made": {Asked{Syscall: "clone", Known: true,
			Arguments: [6]uint64{uint64(unix.SIGCHLD)}}, Option, "a process"},
		"a thread": {Asked{Syscall: "clone3", Known: true, Struct: words(unix.CLONE_THREAD, 0)}, Option,
			"a thread"},
		"of System V": {Asked{Syscall: "msgctl", Known: true, Arguments: [6]uint64{7, 2}}, Option,
			"message queue 7, IPC_STAT"},
		"a mount whose first path is empty": {Asked{Syscall: "move_mount", Known: true,
			Texts: [2]string{"", "/mnt"}}, Option, "to /mnt"},
		"memory that nobody may read": {Asked{Syscall: "mprotect", Known: true}, Option, "PROT_NONE"},
		"what could not be read": {Asked{Syscall: "delete_module", Known: true}, Arguments,
			"arguments that could not be read"},
		"a 32-bit call": {Asked{Syscall: "setuid32", ABI: "i386", Known: true, Arguments: [6]uint64{5}},
			Option, "user u5"},
		"namespaces": {Asked{Syscall: "unshare", Known: true,
			Arguments: [6]uint64{unix.CLONE_NEWNS | unix.CLONE_FS}}, Option, "CLONE_NEWNS"},
		"what has no name": {Asked{Syscall: "ioctl", Known: true, Arguments: [6]uint64{3, 0x1234}}, Option,
			"ioctl 0x1234"},
		"an unknown call": {Asked{Syscall: "socketcall", Known: true,
			Arguments: [6]uint64{3, AnAddress, 5}}, Arguments,
			"arguments 0x3, an address, 0x5, 0x0, 0x0, 0x0"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.asked.Syscall != "sendmsg" {
				c.asked.Message = -1
			}
			o := c.asked.Object(numbered{})
			if o.Kind != c.kind || o.Text() != c.want {
				t.Errorf("%s %q, wanted %s %q", o.Kind, o.Text(), c.kind, c.want)
			}
		})
	}
}

// words of 32 bits, in memory.
func words(list ...uint32) (raw []byte) {
	for _, word := range list {
		raw = binary.NativeEndian.AppendUint32(raw, word)
	}
	return raw
}

func inet(port byte) []byte {
	return append([]byte{unix.AF_INET, 0, 0, port, 127, 0, 0, 1}, make([]byte, 24)...)
}

// Each row is of a call that there is, and has what the kernel half can take.
func TestArguments(t *testing.T) {
	there := map[string]bool{}
	for _, info := range []*arch.Info{arch.X86_64, arch.AARCH64, arch.I386, arch.ARM} {
		for _, name := range info.SyscallNumbers {
			there[name] = true
		}
	}
	for call, arguments := range calls {
		if !there[call] {
			t.Errorf("%s: there is no such system call", call)
		}
		if len(arguments) > 6 {
			t.Errorf("%s: %d arguments", call, len(arguments))
		}
		texts, isStruct, isMessage := 0, false, false
		for i, a := range arguments {
			needsWords := a.is == IsNumber || a.is == IsStruct || a.is == IsProcess || a.is == IsPeek
			if needsWords && a.words == nil || a.words != nil && !needsWords && a.is != IsUnused {
				t.Errorf("%s: argument %d has words: %t", call, i, a.words != nil)
			}
			if a.is == IsWord || a.label != "" {
				texts++
			}
			isStruct = isStruct || a.is == IsStruct || a.is == IsAddress
			isMessage = isMessage || a.is == IsMessage
		}
		if texts > 1 {
			t.Errorf("%s: there is room for one second path or word", call)
		}
		if isStruct && isMessage {
			t.Errorf("%s: there is room for one struct", call)
		}
	}
}

// Whatever the arguments are, something is said of them.
func FuzzObject(f *testing.F) {
	names := slices.Sorted(maps.Keys(calls))
	for i := range names {
		f.Add(uint16(i), uint64(1), uint64(1<<63), "x", "/a\nb", true)
	}
	f.Fuzz(func(t *testing.T, call uint16, one, two uint64, text, name string, has bool) {
		a := Asked{Syscall: names[int(call)%len(names)], Known: true,
			Arguments: [6]uint64{one, two, one, two}, Texts: [2]string{text, name}, Names: []string{name},
			Base: has, Found: has, File: &Inode{Mode: uint32(one)}, Struct: make([]byte, 32),
			Message: int(uint16(two)), Socket: &SocketKind{Family: int(uint16(one))}}
		if !has {
			a.File, a.Socket, a.Process = nil, nil, &Task{PID: 1, Program: name}
			a.Struct, a.Address = nil, append([]byte{byte(one)}, make([]byte, 31)...)
		}
		o := a.Object(numbered{})
		if o.Kind == "" || o.Text() == "" || o.Kind == File && !strings.Contains(o.Text(), o.Path) {
			t.Errorf("%+v becomes %+v", a, o)
		}
	})
}
