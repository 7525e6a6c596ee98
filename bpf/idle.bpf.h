/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks with which the answer cannot matter. */

/* Global: see argument(). */
__noinline __u64 address_of_file(__u32 descriptor)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct files_struct *files = READ_POINTER(task, files);
	struct fdtable *table = READ_POINTER(files, fdt);

	if (descriptor >= READ_NUMBER(table, max_fds))
		return 0;
	return word_at((__u64)(READ_POINTER(table, fd) + descriptor));
}

static __always_inline struct file *own_file(__u32 descriptor)
{
	return (struct file *)address_of_file(descriptor);
}

static __always_inline unsigned long magic_of(__u32 descriptor)
{
	return BPF_CORE_READ(own_file(descriptor), f_inode, i_sb, s_magic);
}

static __always_inline const struct cred *own_cred(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return READ_POINTER(task, cred);
}

/* An argument of the system call under way where the registers are only an address. */
#define READ_ARGUMENT(n, regs) word_at((__u64)&SYSCALL_ARG##n(regs))

/* In the first user namespace, where the kernel's IDs are those of the system call. */
static __always_inline bool at_home(const struct cred *cred)
{
	const struct user_namespace *ns = READ_POINTER(cred, user_ns);

	return !READ_POINTER(ns, parent);
}

static __always_inline bool is_user(const struct cred *cred, __u32 id)
{
	return at_home(cred) && READ_NUMBER(cred, uid.val) == id && READ_NUMBER(cred, euid.val) == id &&
	       READ_NUMBER(cred, suid.val) == id;
}

static __always_inline bool is_group(const struct cred *cred, __u32 id)
{
	return at_home(cred) && READ_NUMBER(cred, gid.val) == id && READ_NUMBER(cred, egid.val) == id &&
	       READ_NUMBER(cred, sgid.val) == id;
}

/*
 * Whether a capset asks to inherit what the caller neither permits itself nor inherits: security/commoncap.c,
 * cap_capset(), 5.10 to 7.3. Who uses the first version of the call is judged by the upper halves of the second, too,
 * which the kernel takes no notice of.
 */
static __always_inline bool inherits_more(const struct cred *cred, __u64 data)
{
	__u32 halves[2] = {};
	__u64 had;

	/* struct __user_cap_data_struct, twice: the third word of each */
	if (bpf_probe_read_user(&halves[0], sizeof(halves[0]), (const void *)(data + 8)) ||
	    bpf_probe_read_user(&halves[1], sizeof(halves[1]), (const void *)(data + 20)))
		return true;
	had = sets_bits(&cred->cap_inheritable) | sets_bits(&cred->cap_permitted);
	return ((__u64)halves[1] << 32 | halves[0]) & ~had;
}

/*
 * Whether a virtual terminal lets everybody do what is requested: drivers/tty/vt/vt_ioctl.c, vt_ioctl() and vt_k_ioctl(),
 * and what these call in keyboard.c, 5.15 to 7.3. The first of them hands on what is requested of any terminal.
 */
static __always_inline bool is_for_everybody(__u32 request)
{
	switch (request) {
	case VT_OPENQRY:
	case VT_GETMODE:
	case VT_GETSTATE:
	case VT_DISALLOCATE:
	case VT_GETHIFONTMASK:
	case VT_WAITEVENT:
	case VT_GETCONSIZECSRPOS:
	case KDGETLED:
	case KDGKBTYPE:
	case KDGETMODE:
	case GIO_SCRNMAP:
	case KDGKBMODE:
	case KDGKBENT:
	case KDGKBSENT:
	case KDGKBDIACR:
	case KDGETKEYCODE:
	case GIO_FONT:
	case KDGKBMETA:
	case KDSKBMETA:
	case KDGKBLED:
	case GIO_UNISCRNMAP:
	case GIO_FONTX:
	case GIO_CMAP:
	case KDGKBDIACRUC:
		return true;
	}
	return (__u8)(request >> 8) == OF_ANY_TERMINAL;
}

/*
 * Whether others than its owner and group may read the file that a path has come to: of mode 0600 are some keys of
 * /proc/sys/net, which nobody but root and who holds NET_ADMIN can open.
 */
static __always_inline bool is_read_by_others(void)
{
	return BPF_CORE_READ(bpf_get_current_task_btf(), nameidata, path.dentry, d_inode, i_mode) & S_IROTH;
}

/* The system calls that is_idle() looks at, by number. To call it takes longer than to look here. */
#define CALLS_LOOKED_AT(word)                                                                                \
	(NUMBERED(word, NR_READ) | NUMBERED(word, NR_PREAD64) | NUMBERED(word, NR_STAT) |                    \
	 NUMBERED(word, NR_NEWFSTATAT) | NUMBERED(word, NR_STATX) | NUMBERED(word, NR_READLINK) |            \
	 NUMBERED(word, NR_READLINKAT) | NUMBERED(word, NR_CHDIR) | NUMBERED(word, NR_ACCESS) |              \
	 NUMBERED(word, NR_FACCESSAT) | NUMBERED(word, NR_FACCESSAT2) | NUMBERED(word, NR_OPEN) |            \
	 NUMBERED(word, NR_OPENAT) | NUMBERED(word, NR_CHOWN) | NUMBERED(word, NR_FCHOWN) |                  \
	 NUMBERED(word, NR_LCHOWN) | NUMBERED(word, NR_FCHOWNAT) | NUMBERED(word, NR_MKDIR) |                \
	 NUMBERED(word, NR_MKDIRAT) | NUMBERED(word, NR_CHMOD) | NUMBERED(word, NR_FCHMOD) |                 \
	 NUMBERED(word, NR_FCHMODAT) | NUMBERED(word, NR_FCHMODAT2) | NUMBERED(word, NR_FSETXATTR) |         \
	 NUMBERED(word, NR_FREMOVEXATTR) | NUMBERED(word, NR_MOUNT) | NUMBERED(word, NR_FSCONFIG) |          \
	 NUMBERED(word, NR_SETUID) | NUMBERED(word, NR_SETGID) | NUMBERED(word, NR_CAPSET) |                 \
	 NUMBERED(word, NR_FANOTIFY_INIT) | NUMBERED(word, NR_FANOTIFY_MARK) | NUMBERED(word, NR_IOCTL))

static const __u64 calls_looked_at[] = NUMBERS(CALLS_LOOKED_AT);

static __always_inline bool may_be_idle(__u32 capability, __u32 number)
{
	return capability == CAP_NET_ADMIN || is_among(calls_looked_at, number);
}

/*
 * Some checks are made whether or not the answer matters: setattr and set_acl ask for
 * FSETID although there is no setgid bit to lose, some files under /proc/sys ask
 * whoever looks them up, opens or reads them for what only writing can need,
 * a file system asks for SYS_NICE on behalf of its own thread,
 * setuid and setgid ask before they look whether the ID is new, capset before it looks what is to be inherited,
 * a virtual terminal asks whatever is requested of it,
 * sysfs asks how much may be read of a PCI device's configuration, and
 * fanotify asks for SYS_ADMIN where it gives out nothing that takes it.
 *
 * Global, so that the verifier looks at it once, and not at what follows on each of its answers: see argument().
 */
__noinline int is_idle(__u32 capability, __s32 number, __u64 registers)
{
	struct pt_regs *regs = (struct pt_regs *)registers;

	/*
	 * Who holds NET_ADMIN opens /proc/sys/net as root does (net/sysctl_net.c, net_ctl_permissions()), and
	 * fs/proc/proc_sysctl.c, test_perm(), knows root by its user ID: 5.10 to 7.3.
	 */
	if (capability == CAP_NET_ADMIN && READ_NUMBER(own_cred(), euid.val) == 0)
		return true;
	switch (number) {
	case NR_READ:
		return magic_of(READ_ARGUMENT(1, regs)) != SYSFS_MAGIC;
	case NR_PREAD64:
		return magic_of(READ_ARGUMENT(1, regs)) != SYSFS_MAGIC ||
		       READ_ARGUMENT(3, regs) + READ_ARGUMENT(4, regs) <= PCI_STD_HEADER_SIZEOF;
	case NR_STAT:
	case NR_NEWFSTATAT:
	case NR_STATX:
	case NR_READLINK:
	case NR_READLINKAT:
	case NR_CHDIR:
		return true;
	case NR_ACCESS:
		return !(READ_ARGUMENT(2, regs) & W_OK);
	case NR_FACCESSAT:
	case NR_FACCESSAT2:
		return !(READ_ARGUMENT(3, regs) & W_OK);
	case NR_OPEN:
		return !(READ_ARGUMENT(2, regs) & O_ACCMODE) && is_read_by_others();
	case NR_OPENAT:
		return !(READ_ARGUMENT(3, regs) & O_ACCMODE) && is_read_by_others();
	/*
	 * The new mode has a setgid bit only where the file's does not stand for one: fs/attr.c,
	 * setattr_should_drop_sgid(), of a mode without S_IXGRP, which meant mandatory locks until 5.15.
	 */
	case NR_CHOWN:
	case NR_FCHOWN:
	case NR_LCHOWN:
	case NR_FCHOWNAT:
		return true;
	/* fs/namei.c, vfs_mkdir(), 6.1 and later: mode_strip_sgid() before the bit is taken off all the same */
	case NR_MKDIR:
	case NR_MKDIRAT:
		return true;
	case NR_CHMOD:
	case NR_FCHMOD:
		return !(READ_ARGUMENT(2, regs) & S_ISGID);
	case NR_FCHMODAT:
	case NR_FCHMODAT2:
		return !(READ_ARGUMENT(3, regs) & S_ISGID);
	case NR_FSETXATTR:
	case NR_FREMOVEXATTR:
		return !(BPF_CORE_READ(own_file(READ_ARGUMENT(1, regs)), f_inode, i_mode) & S_ISGID);
	/* ext4 and f2fs set the priority of a thread of their own, and never mind whether that succeeds */
	case NR_MOUNT:
	case NR_FSCONFIG:
		return true;
	case NR_SETUID:
		return is_user(own_cred(), READ_ARGUMENT(1, regs));
	case NR_SETGID:
		return is_group(own_cred(), READ_ARGUMENT(1, regs));
	case NR_CAPSET:
		return !inherits_more(own_cred(), READ_ARGUMENT(2, regs));
	case NR_IOCTL:
		return capability == CAP_SYS_TTY_CONFIG && is_for_everybody(READ_ARGUMENT(2, regs));
	case NR_FANOTIFY_INIT:
		return (READ_ARGUMENT(1, regs) & FANOTIFY_BY_ID) &&
		       !((__u32)READ_ARGUMENT(1, regs) & ~(FANOTIFY_BY_ID | FANOTIFY_FREE));
	case NR_FANOTIFY_MARK:
		return !(READ_ARGUMENT(2, regs) & FANOTIFY_NOT_INODE);
	}
	return false;
}
