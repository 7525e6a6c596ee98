/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel types we read, and of each only the members we read. CO-RE finds
 * the members in the running kernel by name, so these need not match its
 * layout, and no kernel headers or BTF are needed to build.
 */
#ifndef CAP_AUDIT_KERNEL_H
#define CAP_AUDIT_KERNEL_H

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;
enum { false, true };

/* Tells bpf_tracing.h that registers have their in-kernel names. */
#define __VMLINUX_H__

/* uapi/linux/bpf.h */
enum {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};
enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_F_NO_PREALLOC = 1,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1,
};

/* include/linux/sched.h */
enum {
	PF_EXITING = 0x00000004,
	/* threads the kernel makes inside a process, for io_uring and vhost */
	PF_IO_WORKER = 0x00000010,	/* 5.12 */
	PF_USER_WORKER = 0x00004000,	/* 6.4; the bit was unused before */
	PF_KTHREAD = 0x00200000,
};

/* uapi/linux/capability.h */
enum {
	CAP_SETPCAP = 8,
	CAP_NET_ADMIN = 12,
	CAP_SYS_PTRACE = 19,
	CAP_SYS_ADMIN = 21,
	CAP_SYS_NICE = 23,
	CAP_SYS_RESOURCE = 24,
	CAP_SYS_TTY_CONFIG = 26,
	CAP_SETFCAP = 31,
};

/* uapi/linux/ptrace.h */
enum {
	PTRACE_ATTACH = 16,
	PTRACE_SEIZE = 0x4206,
};

/* include/linux/ptrace.h */
enum {
	PTRACE_MODE_READ = 1,
	PTRACE_MODE_NOAUDIT = 4,
	PTRACE_MODE_FSCREDS = 8,
};

/* uapi/linux/resource.h, uapi/linux/ioprio.h: whose priority is meant */
enum {
	PRIO_PROCESS,
	PRIO_PGRP,
	PRIO_USER,
	IOPRIO_WHO_PROCESS = 1,
};

/* include/linux/socket.h */
enum {
	AF_UNIX = 1,
	AF_INET = 2,
	AF_INET6 = 10,
	AF_NETLINK = 16,
};

/* uapi/linux/fcntl.h, uapi/linux/magic.h */
enum {
	AT_FDCWD = -100,
	AT_SYMLINK_NOFOLLOW = 0x100,
	AT_EMPTY_PATH = 0x1000,
	PROC_SUPER_MAGIC = 0x9fa0,
	CGROUP2_SUPER_MAGIC = 0x63677270,
	PID_FS_MAGIC = 0x50494446,
	SYSFS_MAGIC = 0x62656572,
};

/*
 * uapi/linux/sched.h: CLONE_NEWNS, _NEWCGROUP, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID and _NEWNET. In clone3()
 * CLONE_NEWTIME is possible, too.
 */
#define CLONE_NEW_NAMESPACES 0x7e020000
/* include/linux/mm.h, uapi/asm-generic/mman-common.h */
#define VM_EXEC 0x4
#define PROT_EXEC 0x4
#define MAP_FIXED 0x10
#define MAP_ANONYMOUS 0x20

/* uapi/linux/prctl.h, uapi/linux/pidfd.h: the first and the last that are about a namespace */
enum {
	PR_SCHED_CORE = 62,
	PIDFD_GET_CGROUP_NAMESPACE = 0xff01,
	PIDFD_GET_UTS_NAMESPACE = 0xff0a,
};

/* uapi/asm-generic/errno.h, uapi/linux/stat.h, uapi/asm-generic/fcntl.h */
#define EPERM 1
#define EACCES 13
#define EBUSY 16
#define ENOSYS 38
#define S_ISUID 04000
#define SIGKILL 9
#define S_ISGID 02000
#define S_IXGRP 00010
#define S_IROTH 00004
#define S_IFMT 00170000
#define S_IFDIR 0040000
#define S_IFSOCK 0140000
#define O_ACCMODE 3
#define W_OK 2 /* access(2) */
#define PCI_STD_HEADER_SIZEOF 64 /* uapi/linux/pci_regs.h */
#if defined(__TARGET_ARCH_arm64)
#define O_NOFOLLOW 0100000
#else
#define O_NOFOLLOW 0400000
#endif
#define O_PATH 010000000

/*
 * uapi/linux/vt.h, uapi/linux/kd.h: requests to a virtual terminal that tell something, or that nobody is refused. The
 * type of those to any terminal (uapi/asm-generic/ioctls.h).
 */
enum {
	VT_OPENQRY = 0x5600, VT_GETMODE, VT_GETSTATE = 0x5603, VT_DISALLOCATE = 0x5608, VT_GETHIFONTMASK = 0x560d,
	VT_WAITEVENT, VT_GETCONSIZECSRPOS = 0x80085610, /* 6.16 */
	KDGETLED = 0x4b31, KDGKBTYPE = 0x4b33, KDGETMODE = 0x4b3b, GIO_SCRNMAP = 0x4b40, KDGKBMODE = 0x4b44,
	KDGKBENT = 0x4b46, KDGKBSENT = 0x4b48, KDGKBDIACR = 0x4b4a, KDGETKEYCODE = 0x4b4c, GIO_FONT = 0x4b60,
	KDGKBMETA = 0x4b62, KDSKBMETA, KDGKBLED, GIO_UNISCRNMAP = 0x4b69, GIO_FONTX = 0x4b6b, GIO_CMAP = 0x4b70,
	KDGKBDIACRUC = 0x4bfa,
	OF_ANY_TERMINAL = 'T', /* the second byte; those above it are 0, or have direction and size as TCGETS2's do */
};

/* uapi/linux/mount.h: what is mounted is a file that is there already; unless a mount is changed alone. */
#define MS_REMOUNT 32
#define MS_BIND 4096
#define MS_MOVE 8192

/*
 * uapi/linux/fanotify.h, and FANOTIFY_USER_INIT_FLAGS of linux/fanotify.h in its parts: how files are
 * reported without a descriptor (FAN_REPORT_FID, _DIR_FID, _NAME, _TARGET_FID and, since 6.14, _MNT), and
 * what else is free (FAN_CLOEXEC, FAN_NONBLOCK). Then the types of marks but for an inode's, which is 0
 * (mount, file system and, since 6.14, mount namespace).
 */
#define FANOTIFY_BY_ID 0x5e00
#define FANOTIFY_FREE 0x3
#define FANOTIFY_NOT_INODE 0x110

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* u32[2] before 6.3, u64 since; the same eight bytes on a little-endian machine. */
typedef struct {
	__u64 val;
} kernel_cap_t;

typedef struct {
	__u32 val;
} kuid_t;

typedef struct {
	unsigned int val;
} kgid_t;

struct uid_gid_extent {
	__u32 first;
	__u32 lower_first;
	__u32 count;
};

enum { UID_GID_MAP_MAX_BASE_EXTENTS = 5 };

struct uid_gid_map {
	__u32 nr_extents;
	struct uid_gid_extent extent[UID_GID_MAP_MAX_BASE_EXTENTS];
	/* in the same place where there are more of them: sorted by lower_first */
	struct uid_gid_extent *reverse;
};

struct user_namespace {
	struct uid_gid_map uid_map;
	struct user_namespace *parent;
	kuid_t owner;
};

struct cred {
	kuid_t uid;
	kgid_t gid;
	kuid_t suid;
	kgid_t sgid;
	kuid_t euid;
	kgid_t egid;
	kernel_cap_t cap_inheritable;
	kernel_cap_t cap_permitted;
	kernel_cap_t cap_effective;
	kernel_cap_t cap_bset;
	struct user_namespace *user_ns;
};

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct xa_node {
	unsigned char shift;
	void *slots[1];
};

struct xarray {
	void *xa_head;
};

struct idr {
	struct xarray idr_rt;
};

struct pid_namespace {
	struct idr idr;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct hlist_head tasks[1];
	struct upid numbers[1];
};

struct thread_info {
	unsigned long flags;
#if defined(__TARGET_ARCH_x86)
	__u32 status;
#endif
};

struct super_block {
	__u32 s_dev;
	unsigned long s_magic;
};

struct inode {
	unsigned int i_nlink;
	unsigned short i_mode;
	kuid_t i_uid;
	kgid_t i_gid;
	__u32 i_rdev;
	struct super_block *i_sb;
	unsigned long i_ino;
	__u32 i_generation;
	void *i_private;
};

struct proc_inode {
	struct pid *pid;
	struct inode vfs_inode;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct filename {
	const char *name;
};

/* fs/namei.c: a path on its way */
struct nameidata {
	struct path path;
	struct filename *name;
};

struct file {
	struct inode *f_inode;
	struct path f_path;
	void *private_data;
};

/* fs/file_table.c, since 6.8: what overlayfs maps of a layer, and the file that it is mapped for */
struct backing_file {
	struct file file;
	struct path user_path;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

/* include/net/sock.h: of a socket's file, its private_data */
struct sock_common {
	unsigned short skc_family;
};

struct sock {
	struct sock_common __sk_common;
	__u16 sk_type;
	__u16 sk_protocol;
};

struct socket {
	struct sock *sk;
};

struct files_struct {
	struct fdtable *fdt;
};

struct fs_struct {
	struct path root;
	struct path pwd;
};

typedef struct {
	long counter;
} atomic_long_t;

struct rw_semaphore {
	atomic_long_t count;
};

struct mm_struct {
	struct file *exe_file;
	struct rw_semaphore mmap_lock;
	int map_count;
	unsigned long exec_vm;	/* pages of code */
	unsigned long start_code;
	unsigned long end_code;
	unsigned long start_stack;
};

struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	unsigned long vm_flags;
	unsigned long vm_pgoff;	/* in pages of 4 KiB or what the machine has */
	struct file *vm_file;
};

enum pid_type { PIDTYPE_TGID = 1, PIDTYPE_PGID = 2 };

struct signal_struct {
	int nr_threads;
	struct pid *pids[PIDTYPE_PGID + 1];
};

struct kernfs_node {
	const char *name;
	__u64 id;
};

struct cgroup;

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};

struct cgroup_root;

struct cgroup {
	struct cgroup_subsys_state self;
	int level;
	struct kernfs_node *kn;
	struct cgroup_root *root;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct bpf_local_storage {
	struct hlist_head list;
};

struct bpf_local_storage_map;

struct bpf_local_storage_data {
	struct bpf_local_storage_map *smap;
	__u8 data[0];
};

struct bpf_local_storage_elem {
	struct hlist_node snode;
	struct bpf_local_storage_data sdata;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	int exit_state;
	int exit_code;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct mm_struct *mm;
	struct signal_struct *signal;
	struct fs_struct *fs;
	struct files_struct *files;
	struct css_set *cgroups;
	struct nameidata *nameidata;
	struct pid *thread_pid;
	struct hlist_node pid_links[1];
	const struct cred *real_cred;
	const struct cred *cred;
	struct bpf_local_storage *bpf_storage;
	__u64 start_time;
	__u64 start_boottime;
	__u32 self_exec_id;
	__u32 sessionid; /* CONFIG_AUDIT */
	char comm[16];
};

struct seq_file {
	void *private;
};

/* defined, since libbpf finds a function of the kernel's only where its types are of the same kinds */
struct bpf_map {
	__u32 id;
};

/* uapi/linux/bpf.h, 6.18: the kernel knows it by its name */
struct bpf_task_work {
	__u64 opaque;
} __attribute__((aligned(8)));

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

/* stands for any word of memory: its first member is one */
struct timespec64 {
	__s64 tv_sec;
};

/* of the helpers, those that older kernels lack */
enum bpf_func_id {
	BPF_FUNC_find_vma = 180,
	BPF_FUNC_loop = 181,
};

struct linux_binprm {
	struct file *file;
	const char *filename;
	const char *fdpath;	/* "/dev/fd/N...", where that is how the file was named; else 0 */
};

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r15;
	unsigned long r14;
	unsigned long r13;
	unsigned long r12;
	unsigned long bp;
	unsigned long bx;
	unsigned long r11;
	unsigned long r10;
	unsigned long r9;
	unsigned long r8;
	unsigned long ax;
	unsigned long cx;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax;
	unsigned long ip;
	__u16 cs;
	unsigned long sp;
};
#elif defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	__u64 regs[31];
};
struct pt_regs {
	__u64 regs[31];
	__u64 sp;
	__u64 pc;
	__u64 pstate;
	__u64 orig_x0;
	__s32 syscallno;
};
#else
#error "cap-audit: tell kernel.h where this architecture keeps the syscall number"
#endif

#pragma clang attribute pop

/* How the number and the table of the system call under way are found. */
#if defined(__TARGET_ARCH_x86)
#define SYSCALL_NR_MEMBER orig_ax
/* arch/x86/include/asm/thread_info.h: set by the 32-bit entries, int $0x80 included */
#define TS_COMPAT 2
/* arch/x86/include/asm/segment.h: the user's code is in segment 0x33, that of 32 bits in 0x23 */
#define CS_NATIVE 0x10
#define SYSCALL_X32_BIT CA_X32_BIT
#define NR_CAPSET 126
#define NR_CAPSET_COMPAT 185
#define NR_EXECVE 59
#define NR_EXECVEAT 322
#define NR_EXECVE_COMPAT 11
#define NR_EXECVEAT_COMPAT 358
#define SYSCALL_RESULT(regs) ((long)(regs)->ax)
#define SYSCALL_ARG1(regs) ((regs)->di)
#define SYSCALL_ARG2(regs) ((regs)->si)
#define SYSCALL_ARG3(regs) ((regs)->dx)
#define SYSCALL_ARG4(regs) ((regs)->r10)
#define SYSCALL_ARG5(regs) ((regs)->r8)
#define SYSCALL_ARG6(regs) ((regs)->r9)
/* arch/x86/include/asm/syscall_wrapper.h, SC_IA32_REGS_TO_ARGS() */
#define COMPAT_ARG1(regs) ((__u32)(regs)->bx)
#define COMPAT_ARG2(regs) ((__u32)(regs)->cx)
#define COMPAT_ARG3(regs) ((__u32)(regs)->dx)
#define COMPAT_ARG4(regs) ((__u32)(regs)->si)
#define COMPAT_ARG5(regs) ((__u32)(regs)->di)
#define COMPAT_ARG6(regs) ((__u32)(regs)->bp)
#define NR_CLONE 56
#define NR_READ 0
#define NR_PREAD64 17
#define NR_OPEN 2
#define NR_OPENAT 257
#define NR_CHMOD 90
#define NR_FCHMOD 91
#define NR_FCHMODAT 268
#define NR_FCHMODAT2 452
#define NR_FANOTIFY_INIT 300
#define NR_FANOTIFY_MARK 301
#define NR_WRITE 1
#define NR_WRITEV 20
#define NR_PWRITE64 18
#define NR_STAT 4
#define NR_ACCESS 21
#define NR_CHDIR 80
#define NR_READLINK 89
#define NR_PTRACE 101
#define NR_IOCTL 16
#define NR_PRCTL 157
#define NR_SETNS 308
#define NR_SETPRIORITY 141
#define NR_SCHED_SETPARAM 142
#define NR_SCHED_SETSCHEDULER 144
#define NR_SCHED_SETAFFINITY 203
#define NR_IOPRIO_SET 251
#define NR_MIGRATE_PAGES 256
#define NR_NEWFSTATAT 262
#define NR_READLINKAT 267
#define NR_FACCESSAT 269
#define NR_GET_ROBUST_LIST 274
#define NR_MOVE_PAGES 279
#define NR_PROCESS_VM_READV 310
#define NR_PROCESS_VM_WRITEV 311
#define NR_KCMP 312
#define NR_SCHED_SETATTR 314
#define NR_STATX 332
#define NR_GETDENTS 78
#define NR_GETDENTS64 217
#define NR_FSETXATTR 190
#define NR_FREMOVEXATTR 199
#define NR_SETUID 105
#define NR_SETGID 106
#define NR_CHOWN 92
#define NR_FCHOWN 93
#define NR_LCHOWN 94
#define NR_FCHOWNAT 260
#define NR_MOUNT 165
#define NR_CHROOT 161
#define NR_STATFS 137
#define NR_MKDIR 83
#define NR_MKDIRAT 258
#define NR_ACCEPT 43
#define NR_ACCEPT4 288
#define NR_EPOLL_WAIT 232
#define NR_EPOLL_PWAIT 281
#define NR_EPOLL_PWAIT2 441
#define NR_POLL 7
#define NR_PPOLL 271
#define NR_SELECT 23
#define NR_PSELECT6 270
#define NR_PAUSE 34
#define NR_RT_SIGSUSPEND 130
#define NR_RT_SIGTIMEDWAIT 128
#define NR_CLOSE 3
#define NR_MUNMAP 11
#define NR_MMAP 9
#define NR_MPROTECT 10
#define NR_PKEY_MPROTECT 329
#define NR_PKEY_MPROTECT_COMPAT 380
#define NR_RT_SIGACTION 13
#define NR_RT_SIGPROCMASK 14
#elif defined(__TARGET_ARCH_arm64)
#define SYSCALL_NR_MEMBER syscallno
/* arch/arm64/include/uapi/asm/ptrace.h */
#define PSR_MODE32_BIT 0x10
#define NR_CAPSET 91
#define NR_CAPSET_COMPAT 185
#define NR_EXECVE 221
#define NR_EXECVEAT 281
#define NR_EXECVE_COMPAT 11
#define NR_EXECVEAT_COMPAT 387
#define SYSCALL_RESULT(regs) ((long)(regs)->regs[0])
#define SYSCALL_ARG1(regs) ((regs)->orig_x0) /* regs[0] has the result when the call ends */
#define SYSCALL_ARG2(regs) ((regs)->regs[1])
#define SYSCALL_ARG3(regs) ((regs)->regs[2])
#define SYSCALL_ARG4(regs) ((regs)->regs[3])
#define SYSCALL_ARG5(regs) ((regs)->regs[4])
#define SYSCALL_ARG6(regs) ((regs)->regs[5])
#define COMPAT_ARG1(regs) ((__u32)SYSCALL_ARG1(regs))
#define COMPAT_ARG2(regs) ((__u32)SYSCALL_ARG2(regs))
#define COMPAT_ARG3(regs) ((__u32)SYSCALL_ARG3(regs))
#define COMPAT_ARG4(regs) ((__u32)SYSCALL_ARG4(regs))
#define COMPAT_ARG5(regs) ((__u32)SYSCALL_ARG5(regs))
#define COMPAT_ARG6(regs) ((__u32)SYSCALL_ARG6(regs))
#define NR_OPEN (-2)	/* these two are not there; case labels must differ */
#define NR_CHMOD (-3)
#define NR_CLONE 220
#define NR_OPENAT 56
#define NR_READ 63
#define NR_PREAD64 67
#define NR_FCHMOD 52
#define NR_FCHMODAT 53
#define NR_FCHMODAT2 452
#define NR_FANOTIFY_INIT 262
#define NR_FANOTIFY_MARK 263
#define NR_WRITE 64
#define NR_WRITEV 66
#define NR_PWRITE64 68
#define NR_STAT (-4)	/* these are not there either */
#define NR_ACCESS (-5)
#define NR_READLINK (-6)
#define NR_GETDENTS (-7)
#define NR_CHOWN (-8)
#define NR_LCHOWN (-9)
#define NR_MKDIR (-10)
#define NR_CHDIR 49
#define NR_PTRACE 117
#define NR_IOCTL 29
#define NR_PRCTL 167
#define NR_SETNS 268
#define NR_SETPRIORITY 140
#define NR_SCHED_SETPARAM 118
#define NR_SCHED_SETSCHEDULER 119
#define NR_SCHED_SETAFFINITY 122
#define NR_IOPRIO_SET 30
#define NR_MIGRATE_PAGES 238
#define NR_NEWFSTATAT 79
#define NR_READLINKAT 78
#define NR_FACCESSAT 48
#define NR_GET_ROBUST_LIST 100
#define NR_MOVE_PAGES 239
#define NR_PROCESS_VM_READV 270
#define NR_PROCESS_VM_WRITEV 271
#define NR_KCMP 272
#define NR_SCHED_SETATTR 274
#define NR_STATX 291
#define NR_GETDENTS64 61
#define NR_FSETXATTR 7
#define NR_FREMOVEXATTR 16
#define NR_SETUID 146
#define NR_SETGID 144
#define NR_FCHOWN 55
#define NR_FCHOWNAT 54
#define NR_MOUNT 40
#define NR_CHROOT 51
#define NR_STATFS 43
#define NR_MKDIRAT 34
#define NR_EPOLL_WAIT (-11)
#define NR_POLL (-12)
#define NR_SELECT (-13)
#define NR_PAUSE (-14)
#define NR_ACCEPT 202
#define NR_ACCEPT4 242
#define NR_EPOLL_PWAIT 22
#define NR_EPOLL_PWAIT2 441
#define NR_PPOLL 73
#define NR_PSELECT6 72
#define NR_RT_SIGSUSPEND 133
#define NR_RT_SIGTIMEDWAIT 137
#define NR_CLOSE 57
#define NR_MUNMAP 215
#define NR_MMAP 222
#define NR_MPROTECT 226
#define NR_PKEY_MPROTECT 288
#define NR_PKEY_MPROTECT_COMPAT 394
#define NR_RT_SIGACTION 134
#define NR_RT_SIGPROCMASK 135
#endif
#define SYSCALL_NR(regs) ((__s32)(regs)->SYSCALL_NR_MEMBER)
/* the same for i386 and arm */
#define NR_MMAP2_COMPAT 192
#define NR_MPROTECT_COMPAT 125
/* the same in all tables */
#define NR_IO_URING_ENTER 426
#define NR_CLONE3 435
#define NR_OPEN_TREE 428
#define NR_FSCONFIG 431
#define NR_OPENAT2 437
#define NR_PIDFD_GETFD 438
#define NR_FACCESSAT2 439
#define NR_PROCESS_MADVISE 440

#endif
