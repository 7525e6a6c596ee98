/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which process a path or an open file of procfs is about, and whether fs/proc guards it. */

enum { PATH_SEEN = 128, NAME_SEEN = 16 };

/* The first bytes of a path, and how far they have been read. */
struct path_reader {
	char bytes[PATH_SEEN];
	__u32 at;
	bool ended_by_slash;	/* the last name: a link is followed then */
};

static __always_inline char byte_at(const struct path_reader *p, __u32 at) { return p->bytes[at & (PATH_SEEN - 1)]; }

/*
 * Goes beyond a slash or `.` where a path's next name is to begin, as fs/namei.c, link_path_walk(), does. Says whether
 * there was one. Global, as those that follow are: see argument().
 */
__noinline int skip_letter(struct path_reader *p)
{
	char c, next;

	if (!p)
		return 0;
	c = byte_at(p, p->at);
	next = byte_at(p, p->at + 1);
	if (c != '/' && (c != '.' || (next && next != '/')))
		return 0;
	p->at++;
	return 1;
}

/* Goes to where the next name begins. */
__noinline int skip_nothing(struct path_reader *p)
{
	if (!p)
		return 0;
	for (__u32 i = 0; i < NAME_SEEN && skip_letter(p); i++)
		;
	return 0;
}

/* The first eight bytes of a path's next name; the reader goes to the name after it. */
__noinline __u64 next_name(struct path_reader *p)
{
	__u64 name = 0;

	if (!p)
		return 0;
	skip_nothing(p);
	for (__u32 i = 0; i < NAME_SEEN; i++) {
		char c = byte_at(p, p->at);

		if (!c || c == '/')
			break;
		p->at++;
		if (i < sizeof(name))
			name |= (__u64)(__u8)c << (8 * i);
	}
	p->ended_by_slash = byte_at(p, p->at) == '/';
	skip_nothing(p);
	return name;
}

/* The number that a name spells, 0 for none. */
__noinline int number_of(__u64 name)
{
	__s32 number = 0;

	for (int i = 0; i < 8 && name; i++, name >>= 8) {
		__u8 digit = (name & 0xff) - '0';

		if (digit > 9)
			return 0;
		number = number * 10 + digit;
	}
	return number;
}

/* A name of up to eight letters as next_name() gives it: a constant, as strings are compared by no helper. */
#define LETTER(text, n) ((__u64)(__u8)(text)[(n) < sizeof(text) ? (n) : sizeof(text) - 1] << 8 * (n))
#define name_of(text)                                                                   \
	(LETTER(text, 0) | LETTER(text, 1) | LETTER(text, 2) | LETTER(text, 3) |        \
	 LETTER(text, 4) | LETTER(text, 5) | LETTER(text, 6) | LETTER(text, 7))

/* What a system call does with a path. */
enum {
	PATH_FOLLOWED = 1,	/* a link at its end is followed, or read */
	PATH_ENTERED = 2,	/* whether a directory at its end may be entered is looked at */
	PATH_OPENED = 4,	/* what is at its end is opened, to do more than to name it (O_PATH) */
	PATH_OF_FILE = 8,	/* if it is empty the file of the descriptor is meant, to which no path leads */
};

/*
 * Whether fs/proc asks whether the caller may ptrace the process when a path leads
 * over a name in /proc/PID. fs/proc/base.c, proc_pid_get_link(), proc_pid_readlink(),
 * map_files_d_revalidate(); fs/proc/fd.c, proc_fdinfo_permission(); tested with 6.18.
 */
static __always_inline bool is_guarded(__u64 name, bool slash, bool more, __u32 how)
{
	if (name == name_of("exe") || name == name_of("cwd") || name == name_of("root"))
		return slash || (how & PATH_FOLLOWED);
	if (name == name_of("fd") || name == name_of("ns"))
		return more && (how & PATH_FOLLOWED);
	if (name == name_of("fdinfo"))
		return more || (how & PATH_ENTERED);
	return name == name_of("map_file") && more;
}

/* Files of /proc/PID that are opened by mm_access() to read: fs/proc/base.c, proc_mem_open(), 6.1 to 7.3. */
static __always_inline bool is_of_mm(__u64 name)
{
	return name == name_of("environ") || name == name_of("auxv") || name == name_of("maps") ||
	       name == name_of("smaps") || name == name_of("smaps_ro") || name == name_of("numa_map") ||
	       name == name_of("pagemap");
}

/*
 * The same for a file of /proc/PID that is opened. fs/proc/base.c, proc_mem_open(), lock_trace() and
 * others, tested with 6.18. Some ask when they are read: who opens them is taken to do that.
 */
static __always_inline bool is_guarded_file(__u64 name)
{
	return is_of_mm(name) || name == name_of("fdinfo") || name == name_of("mem") || name == name_of("stack") ||
	       name == name_of("syscall") || name == name_of("personal") || name == name_of("io");
}

/*
 * The process in whose directory of procfs a file is. Inodes there that belong to
 * none have no pid: fs/proc/inode.c, proc_alloc_inode(), 6.18.
 */
static __always_inline struct pid *pid_of(struct inode *inode)
{
	struct proc_inode *in_proc = (void *)inode - bpf_core_field_offset(struct proc_inode, vfs_inode);
	struct super_block *sb = READ_POINTER(inode, i_sb);

	return READ_POINTER(sb, s_magic) == PROC_SUPER_MAGIC ? READ_POINTER(in_proc, pid) : 0;
}

__noinline __u64 name_at_dentry(__u64 address)
{
	struct dentry *dentry = (struct dentry *)address;
	char name[NAME_SEEN] __attribute__((aligned(8))) = {};

	bpf_probe_read_kernel_str(name, NAME_SEEN, READ_POINTER(dentry, d_name.name));
	return *(__u64 *)name;
}

static __always_inline __u64 name_of_dentry(struct dentry *dentry) { return name_at_dentry((__u64)dentry); }

/* Where a path leads over the directory of a process in procfs. */
struct place {
	__u64 name;	/* the name after it */
	__s32 number;	/* of the process, or its thread; 0 for the caller's own */
	bool first_ns;	/* as the first pid namespace has it, not the caller's */
	bool more;	/* something comes after the name */
	bool slash;
};

/* How far down a path has come. */
enum { AT_ROOT, AT_PROC, AT_PROCESS, AT_TASKS, AT_THREAD, AT_NAME };

enum { STEPS = 10 }; /* more names than a path needs that goes up and down again */

/* The directory that a relative path begins in. It can be below that of a process: then its name is what counts. */
static __always_inline __u32 begin_at(struct task_struct *task, __s32 directory, struct place *place)
{
	struct dentry *dentry = directory == AT_FDCWD ? BPF_CORE_READ(task, fs, pwd.dentry) :
							BPF_CORE_READ(own_file(directory), f_path.dentry);
	struct inode *inode = BPF_CORE_READ(dentry, d_inode);
	struct pid *pid;

	if (BPF_CORE_READ(inode, i_sb, s_magic) != PROC_SUPER_MAGIC)
		return AT_ROOT;
	pid = pid_of(inode);
	if (!pid)
		return AT_PROC;
	place->number = BPF_CORE_READ(pid, numbers[0].nr);
	place->first_ns = true;
	place->name = name_of_dentry(dentry);
	if (place->name == name_of("task"))
		return AT_TASKS;
	if (!number_of(place->name))
		return AT_NAME;
	return name_of_dentry(BPF_CORE_READ(dentry, d_parent)) == name_of("task") ? AT_THREAD : AT_PROCESS;
}

/* Whether a path that does not begin with a slash begins in the root directory all the same. */
static __always_inline bool is_in_root(struct task_struct *task, __s32 directory)
{
	return directory == AT_FDCWD && BPF_CORE_READ(task, fs, pwd.dentry) == BPF_CORE_READ(task, fs, root.dentry);
}

/* The next directory of a path, AT_NAME where it is none that leads to a process or its threads. */
__noinline __u32 step(struct place *place, __u32 at, __u32 more)
{
	__s32 number;

	if (!place)
		return AT_NAME;
	number = number_of(place->name);
	if (place->name == name_of("..")) {
		if (at == AT_PROCESS)
			place->first_ns = false;
		return at == AT_ROOT ? AT_ROOT : at - 1;
	}
	if (at == AT_ROOT)
		return place->name == name_of("proc") ? AT_PROC : AT_NAME;
	if (at == AT_PROC && (number || place->name == name_of("self"))) {
		place->number = number;
		return AT_PROCESS;
	}
	if (at == AT_PROCESS && place->name == name_of("task") && more)
		return AT_TASKS;
	if (at == AT_TASKS && number) {
		/* of a descriptor's process the thread's own number is not the first namespace's: that stands for it */
		if (!place->first_ns)
			place->number = number;
		return AT_THREAD;
	}
	return AT_NAME;
}

static __always_inline bool is_empty(__u64 user_path)
{
	char first;

	return !bpf_probe_read_user(&first, sizeof(first), (const void *)user_path) && !first;
}

/* Most paths begin in the root directory with a letter that does not lead to /proc: then no more is read of it. */
static __always_inline bool leads_elsewhere(__u64 user_path)
{
	char first[2];

	return !bpf_probe_read_user(first, sizeof(first), (const void *)user_path) && first[0] == '/' &&
	       first[1] != 'p' && first[1] != '/' && first[1] != '.';
}

/*
 * Follows a path from /proc, from the root directory or from a directory of procfs: of other
 * paths nobody knows here which file systems they cross.
 */
static __noinline bool find_place(struct task_struct *task, __u64 user_path, __s32 directory, struct place *place)
{
	struct path_reader p = {};
	__u32 at = AT_ROOT, before = AT_ROOT;

	if (!place || leads_elsewhere(user_path) ||
	    bpf_probe_read_user_str(p.bytes, PATH_SEEN, (const void *)user_path) <= 0)
		return false;
	if (byte_at(&p, 0) != '/' && !is_in_root(task, directory)) {
		before = at = begin_at(task, directory, place);
		if (at == AT_ROOT)
			return false;
		skip_nothing(&p);
	}
	for (__u32 i = 0; i < STEPS && at != AT_NAME; i++) {
		before = at;
		place->name = next_name(&p);
		at = step(place, at, byte_at(&p, p.at));
	}
	place->slash = p.ended_by_slash;
	place->more = byte_at(&p, p.at);
	return at == AT_NAME && (before == AT_PROCESS || before >= AT_THREAD);
}

/*
 * Whether the system call under way has the kernel look at how another process's memory is laid out, and no more:
 * mm_access() with PTRACE_MODE_READ, 6.1 to 7.3.
 */
static __noinline bool reads_mm(struct ca_task *t, struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	__u64 path = SYSCALL_ARG2(regs);
	__s32 from = SYSCALL_ARG1(regs);
	struct place place = {};
	__u8 abi;

	switch (current_syscall(task, t, &abi)) {
	case NR_PROCESS_MADVISE:
		return abi == CA_ABI_NATIVE;
	case NR_GETDENTS:
	case NR_GETDENTS64:
		return abi == CA_ABI_NATIVE &&
		       name_of_dentry(BPF_CORE_READ(own_file(from), f_path.dentry)) == name_of("map_file");
	case NR_OPEN:
		path = SYSCALL_ARG1(regs);
		from = AT_FDCWD;
		break;
	case NR_OPENAT:
	case NR_OPENAT2:
		break;
	default:
		return false;
	}
	if (abi != CA_ABI_NATIVE || !find_place(task, path, from, &place))
		return false;
	return place.more ? place.name == name_of("map_file") : is_of_mm(place.name);
}
