package objects

import (
	"fmt"
	"slices"
	"strings"
)

// Argument is what an argument of a system call says of the object that a capability is
// asked for: enum ca_argument in the kernel half.
type Argument uint8

// What an argument can be.
const (
	IsUnused Argument = iota
	IsNumber
	IsPath
	IsDirectory // descriptor of what the next path begins in
	IsFile      // descriptor
	IsWord      // a string that is no path
	IsAddress   // struct sockaddr
	IsMessage   // struct msghdr
	IsRequest   // what is sent: of netlink, its type is looked at
	IsProcess
	IsPidfd
	IsStruct // the first bytes of what is there
	IsEntry  // a path, of which the directory is asked about
	IsPeek   // a number of 32 bits, in memory
)

// argument is one of a system call's. words name the value of a number, or what is
// in a struct; label comes before the second path or word.
type argument struct {
	is    Argument
	words func(n *naming, value uint64) string
	label string
}

// Those that say all by themselves.
var (
	unused  = argument{}
	name    = argument{is: IsPath}
	entry   = argument{is: IsEntry}
	dir     = argument{is: IsDirectory}
	file    = argument{is: IsFile}
	address = argument{is: IsAddress}
	message = argument{is: IsMessage}
	request = argument{is: IsRequest}
	pidfd   = argument{is: IsPidfd}
	process = argument{is: IsProcess, words: aProcess}
	mode    = number(asMode)
	toUser  = number(asOwner)
	toGroup = number(asOwningGroup)
	to      = argument{is: IsPath, label: "to"}
	// of System V, by their numbers
	segment    = number(func(_ *naming, id uint64) string { return fmt.Sprintf("shared memory %d", id) })
	queue      = number(func(_ *naming, id uint64) string { return fmt.Sprintf("message queue %d", id) })
	semaphores = number(func(_ *naming, id uint64) string { return fmt.Sprintf("semaphores %d", id) })
)

func number(words func(*naming, uint64) string) argument {
	return argument{is: IsNumber, words: words}
}

func memory(words func(*naming, uint64) string) argument {
	return argument{is: IsStruct, words: words}
}

// says is for a call whose object is always the same.
func says(what string) argument {
	return argument{words: func(*naming, uint64) string { return what }}
}

func word(label string) argument { return argument{is: IsWord, label: label} }

// calls are the arguments of the system calls that ask for capabilities, by name, which is the
// same on all machines. Of those that are left out at the end nothing is kept; of what is not
// here, all numbers are.
var calls = map[string][]argument{
	// files by name
	"open": {name}, "openat": {dir, name}, "openat2": {dir, name}, "creat": {name},
	"access": {name}, "faccessat": {dir, name}, "faccessat2": {dir, name},
	"stat": {name}, "lstat": {name}, "newfstatat": {dir, name}, "statx": {dir, name}, "statfs": {name},
	"readlink": {name}, "readlinkat": {dir, name}, "chdir": {name}, "chroot": {name},
	"execve": {name}, "execveat": {dir, name},
	"chmod": {name, mode}, "fchmodat": {dir, name, mode}, "fchmodat2": {dir, name, mode},
	"chown": {name, toUser, toGroup}, "lchown": {name, toUser, toGroup},
	"fchownat": {dir, name, toUser, toGroup},
	"mkdir":    {entry}, "mkdirat": {dir, entry}, "rmdir": {entry},
	"unlink": {entry}, "unlinkat": {dir, entry},
	"mknod": {entry, number(asNode)}, "mknodat": {dir, entry, number(asNode)},
	"rename": {entry, to}, "renameat": {dir, entry, unused, to}, "renameat2": {dir, entry, unused, to},
	"link": {name, to}, "linkat": {dir, name, unused, to},
	"symlink": {word("to"), entry}, "symlinkat": {word("to"), dir, entry},
	"truncate": {name}, "utime": {name}, "utimes": {name}, "futimesat": {dir, name}, "utimensat": {dir, name},
	"setxattr": {name, word("attribute")}, "lsetxattr": {name, word("attribute")},
	"removexattr": {name, word("attribute")}, "lremovexattr": {name, word("attribute")},
	"getxattr": {name, word("attribute")}, "lgetxattr": {name, word("attribute")},
	"listxattr": {name}, "llistxattr": {name},
	"setxattrat":    {dir, name, unused, word("attribute")},
	"removexattrat": {dir, name, unused, word("attribute")},
	"getxattrat":    {dir, name, unused, word("attribute")}, "listxattrat": {dir, name},
	"name_to_handle_at": {dir, name}, "inotify_add_watch": {unused, name},
	"fanotify_mark": {unused, number(asHex), unused, dir, name},
	"acct":          {name}, "swapon": {name}, "swapoff": {name}, "quotactl": {number(asHex), name},
	"mount":  {word("from"), name, unused, number(asMountFlags)},
	"umount": {name}, "umount2": {name}, "pivot_root": {name, to},
	"open_tree": {dir, name}, "move_mount": {dir, name, unused, to}, "fspick": {dir, name},
	"mount_setattr": {dir, name}, "open_tree_attr": {dir, name},

	// files by descriptor
	"read": {file}, "pread64": {file}, "readv": {file}, "write": {file, request}, "pwrite64": {file},
	"writev": {file}, "pwritev": {file}, "pwritev2": {file}, "sendfile": {file}, "vmsplice": {file},
	"fchmod": {file, mode}, "fchown": {file, toUser, toGroup}, "fchdir": {file},
	"fsetxattr": {file, word("attribute")}, "fremovexattr": {file, word("attribute")},
	"fgetxattr": {file, word("attribute")}, "ftruncate": {file}, "fallocate": {file},
	"getdents": {file}, "getdents64": {file}, "fstat": {file}, "fstatfs": {file},
	"ioctl": {file, number(asIoctl)}, "fcntl": {file, number(asFcntl)},
	"fsconfig": {file, number(asFsconfig), word("key")}, "fsmount": {file}, "finit_module": {file},
	"open_by_handle_at": {file}, "setns": {file, number(asNamespaces)}, "quotactl_fd": {file},
	"epoll_ctl": {unused, unused, file}, "copy_file_range": {file, unused, file}, "splice": {file},
	"mmap": {unused, unused, number(asProtection), unused, file}, "flock": {file}, "flistxattr": {file},

	// sockets
	"socket": {number(asFamily), number(asSocketType), number(asSocketProtocol)},
	"bind":   {file, address}, "connect": {file, address}, "listen": {file}, "accept": {file},
	"accept4": {file}, "sendto": {file, request, unused, unused, address}, "sendmsg": {file, message},
	"sendmmsg": {file, message}, "recvmsg": {file}, "recvfrom": {file},
	"setsockopt": {file, number(asLevel), number(asSocketOption)},
	"getsockopt": {file, number(asLevel), number(asSocketOption)},

	// processes
	"kill": {process, number(asSignal)}, "tkill": {process, number(asSignal)},
	"tgkill": {unused, process, number(asSignal)}, "rt_sigqueueinfo": {process, number(asSignal)},
	"rt_tgsigqueueinfo": {unused, process, number(asSignal)},
	"pidfd_send_signal": {pidfd, number(asSignal)}, "pidfd_open": {process}, "pidfd_getfd": {pidfd},
	"ptrace":             {number(asPtrace), process},
	"setpriority":        {number(nothing), {is: IsProcess, words: asWhosePriority}, number(asNice)},
	"ioprio_set":         {number(nothing), {is: IsProcess, words: asWhoseIOPriority}, number(asIOPriority)},
	"sched_setscheduler": {process, number(asPolicy), memory(asPriority)},
	"sched_setparam":     {process, memory(asPriority)}, "sched_setattr": {process, memory(asAttributes)},
	"sched_setaffinity": {process}, "getpgid": {process}, "setpgid": {process},
	"prlimit64":        {process, number(asResource), memory(asLimits)},
	"process_vm_readv": {process}, "process_vm_writev": {process}, "kcmp": {process, process},
	"move_pages": {process}, "migrate_pages": {process}, "get_robust_list": {process},
	"process_madvise": {pidfd}, "process_mrelease": {pidfd},
	"perf_event_open": {memory(asPerfEvent), process},

	// users and groups
	"setuid": {number(asUser)}, "setgid": {number(asGroup)}, "setfsuid": {number(asUser)},
	"setfsgid": {number(asGroup)}, "setreuid": {number(asUser), number(asUser)},
	"setregid": {number(asGroup), number(asGroup)}, "setgroups": {number(asGroupCount), memory(asGroups)},
	"setresuid": {number(asUser), number(asUser), number(asUser)},
	"setresgid": {number(asGroup), number(asGroup), number(asGroup)},

	// options
	"prctl": {number(asPrctl), number(asPrctlArgument)}, "arch_prctl": {number(asHex)},
	"seccomp": {number(asHex)}, "capset": {{is: IsPeek, words: nothing}, memory(asSets)},
	"keyctl": {number(asKeyctl)}, "add_key": {word("type")}, "request_key": {word("type")},
	"bpf": {number(asBPF)}, "setrlimit": {number(asResource), memory(asLimits)},
	"unshare": {number(asNamespaces)}, "clone": {number(asClone)}, "clone3": {memory(asClone3)},
	"sethostname": {says("the host's name")}, "setdomainname": {says("the domain's name")},
	"vhangup": {says("the terminal")},
	"reboot":  {unused, unused, number(asReboot)}, "syslog": {number(asSyslog)}, "iopl": {number(asDecimal)},
	"ioperm": {number(asHex)}, "settimeofday": {says("the clock")},
	"stime": {says("the clock")}, "clock_settime": {number(asClock)},
	"adjtimex": {says("the clock")}, "clock_adjtime": {number(asClock)}, "timer_create": {number(asClock)},
	"timerfd_create": {number(asClock)}, "clock_nanosleep": {number(asClock)},
	"mlock": {unused, number(asSize)}, "mlock2": {unused, number(asSize)},
	"mlockall": {says("all memory")}, "mremap": {says("memory")}, "brk": {says("memory")},
	"mprotect": {unused, unused, number(asProtection)}, "madvise": {unused, unused, number(asAdvice)},
	"shmget": {unused, number(asSize)}, "shmctl": {segment, number(asIPC)}, "shmat": {segment},
	"msgctl": {queue, number(asIPC)}, "msgrcv": {queue}, "msgsnd": {queue},
	"semctl": {semaphores, unused, number(asIPC)}, "semop": {semaphores}, "semtimedop": {semaphores},
	"mq_open": {word("queue")}, "mq_unlink": {word("queue")},
	"fanotify_init": {number(asHex)}, "userfaultfd": {number(asHex)},
	"init_module": {says("a module")}, "delete_module": {word("module")},
	"kexec_load": {says("another kernel")}, "kexec_file_load": {file},
	"personality": {number(asHex)}, "fsopen": {word("type")}, "pipe": {says("a pipe")},
	"pipe2": {says("a pipe")}, "fork": {says("a process")}, "vfork": {says("a process")},
	"modify_ldt": {number(asHex)}, "landlock_restrict_self": {says("rules of Landlock")},
}

// ArgumentsOf says what the arguments of a system call are, by its name and its ABI where
// that is a foreign one; false if it is not known.
func ArgumentsOf(call, abi string) (list []Argument, known bool) {
	arguments, known := argumentsOf(call, abi)
	for _, a := range arguments {
		list = append(list, a.is)
	}
	return list, known
}

// argumentsOf takes a call of 32-bit machines for the one that it came after: chown32,
// fcntl64. Their mmap(2) has its arguments in memory.
func argumentsOf(call, abi string) (arguments []argument, known bool) {
	if call == "mmap" && abi != "" {
		return nil, false
	}
	for _, name := range []string{call, strings.TrimSuffix(call, "32"), strings.TrimSuffix(call, "64")} {
		if arguments, known = calls[name]; known {
			break
		}
	}
	return arguments, known
}

// known: the call is in the table.
func (n *naming) known() bool {
	_, known := argumentsOf(n.Syscall, n.ABI)
	return known && n.Known
}

// isEntry: the call's path is one.
func (n *naming) isEntry() bool {
	arguments, _ := argumentsOf(n.Syscall, n.ABI)
	return slices.ContainsFunc(arguments, func(a argument) bool { return a.is == IsEntry })
}

// options are the words for the call's numbers, structs and what else it names.
func (n *naming) options() string {
	arguments, _ := argumentsOf(n.Syscall, n.ABI)
	var list []string
	for i, a := range arguments {
		switch {
		case a.words != nil && n.Known && (a.is != IsStruct || n.Struct != nil):
			list = append(list, a.words(n, n.Arguments[i]))
		case a.label != "" && n.Texts[1] != "":
			list = append(list, a.label+" "+n.Texts[1])
		}
	}
	return listed(slices.Compact(list)...)
}
