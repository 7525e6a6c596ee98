/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a file is: its name and those of the directories above it, across mounts. */

enum { NAMES_SEEN = 24 };	/* names and mounts on the way up */

/* Appends the name of a directory entry. Says whether there was room. */
__noinline int add_name(struct ca_names *names, __u64 dentry_address)
{
	struct dentry *dentry = (struct dentry *)dentry_address;
	__u32 at;
	long n;

	if (!names)
		return 0;
	at = names->size;
	barrier_var(at); /* or the compiler reads it again: the verifier wants the one that was compared */
	if (at > CA_NAMES - CA_PATH)
		return 0;
	n = bpf_probe_read_kernel_str(names->bytes + at, CA_PATH, BPF_CORE_READ(dentry, d_name.name));
	if (n <= 0)
		return 0;
	names->size = at + n;
	return 1;
}

/* Whether two words are a mount and an entry of its file system. */
static __always_inline bool is_path(__u64 mount_word, __u64 dentry_word)
{
	struct vfsmount *mount = (struct vfsmount *)mount_word;
	struct dentry *dentry = (struct dentry *)dentry_word;
	struct super_block *sb;

	/* the kernel's half of 57 bits, which is as many as a machine has */
	if (mount_word >> 56 != 0xff || dentry_word >> 56 != 0xff || (mount_word | dentry_word) & 7)
		return false;
	sb = BPF_CORE_READ(mount, mnt_sb);
	return sb && sb == BPF_CORE_READ(dentry, d_sb) && sb == BPF_CORE_READ(mount, mnt_root, d_sb) &&
	       sb == BPF_CORE_READ(dentry, d_inode, i_sb);
}

/* The mount that a part of it is in. */
static __always_inline struct mount *whole_mount(struct vfsmount *mount)
{
	return (void *)mount - bpf_core_field_offset(struct mount, mnt);
}

/* The auditor's root directory, or that of who has it from the auditor. */
static __always_inline void note_root(struct task_struct *task)
{
	struct vfsmount *mount = BPF_CORE_READ(task, fs, root.mnt);
	struct dentry *dentry = BPF_CORE_READ(task, fs, root.dentry);
	struct mount *m = whole_mount(mount);

	if (dentry != BPF_CORE_READ(mount, mnt_root) || BPF_CORE_READ(m, mnt_parent) != m)
		state.root = (__u64)dentry;
}

/* How far up the names have been read: a directory entry, and the mount that it is in. */
struct reached {
	__u64 dentry;
	__u64 mount;
};

/*
 * Goes up by a name or a mount, as fs/d_path.c, prepend_path(), does. Says whether there can be more; if not, names->end
 * says why, unless there is no room. Global, so that the verifier looks at it once, not once for each name: see
 * argument().
 */
__noinline int go_up(struct ca_names *names, struct reached *at)
{
	struct dentry *dentry, *parent;
	struct vfsmount *mount;
	struct mount *m, *above;

	if (!names || !at || !at->dentry)
		return 0;
	dentry = (struct dentry *)at->dentry;
	mount = (struct vfsmount *)at->mount;
	if (at->dentry == state.root) {
		names->end = CA_NAMES_ROOT;
		return 0;
	}
	if (dentry == BPF_CORE_READ(mount, mnt_root)) {
		m = whole_mount(mount);
		above = BPF_CORE_READ(m, mnt_parent);
		if (above == m) {
			names->end = CA_NAMES_ROOT;
			return 0;
		}
		at->dentry = (__u64)BPF_CORE_READ(m, mnt_mountpoint);
		at->mount = (__u64)above + bpf_core_field_offset(struct mount, mnt);
		return 1;
	}
	parent = BPF_CORE_READ(dentry, d_parent);
	if (dentry == parent) {
		names->end = CA_NAMES_NOWHERE;
		return 0;
	}
	at->dentry = (__u64)parent;
	return add_name(names, (__u64)dentry);
}

/*
 * Reads the names from an entry up to the root of all mounts, or to that of an auditor after chroot(2), who finds the
 * files below. By the entry alone: another mount namespace has mounts of its own. What is in no directory (a pipe,
 * memfd_create(2)) has no names.
 */
__noinline int read_names(struct ca_names *names, __u64 dentry, __u64 mount)
{
	struct reached at = { dentry, mount };

	if (!names)
		return 0;
	names->size = 0;
	names->end = CA_NAMES_MORE;
	for (int i = 0; i < NAMES_SEEN && go_up(names, &at); i++)
		;
	return 0;
}
