/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a capability is asked for: which file, port, process, option. A check does not say, but the kernel has
 * just read the system call's arguments, and while it follows a path task->nameidata has the file that it has
 * come to. What each argument is, user space tells: `arguments`.
 *
 * Functions are global, so that the verifier looks at each once: see argument().
 */

enum {
	XARRAY_LEVELS = 6,	/* 32 bits by 6 */
};

/* The process that a pid stands for: kernel/pid.c, pid_task(). */
__noinline int note_process(struct ca_object *o, __u64 pid_address)
{
	struct pid *pid = (struct pid *)pid_address;
	struct task_struct *task = bpf_get_current_task_btf(), *other = 0;
	struct hlist_node *node = 0;

	if (!o || !pid)
		return 0;
	bpf_probe_read_kernel(&node, sizeof(node), (void *)pid + bpf_core_field_offset(struct pid, tasks));
	if (!node)
		return 0;
	other = (void *)node - bpf_core_field_offset(struct task_struct, pid_links);
	o->has |= CA_HAS_PROCESS;
	if (BPF_CORE_READ(other, tgid) == task->tgid)
		o->has |= CA_HAS_SELF;
	other = BPF_CORE_READ(other, group_leader);
	o->pid = pid_seen_by_auditor(other);
	o->user = BPF_CORE_READ(other, real_cred, uid.val);
	bpf_probe_read_kernel_str(o->comm, CA_COMM, &other->comm);
	return 0;
}

/* The pid of a number in the caller's pid namespace: lib/xarray.c, xas_load(), 6.1 to 7.3. */
__noinline __u64 pid_numbered(__u32 number)
{
	struct pid *own = BPF_CORE_READ(bpf_get_current_task_btf(), thread_pid);
	__u64 level = BPF_CORE_READ(own, level), entry;
	struct pid_namespace *ns = 0;
	struct xa_node *node;

	bpf_probe_read_kernel(&ns, sizeof(ns), (void *)own + bpf_core_field_offset(struct pid, numbers) +
			      level * bpf_core_type_size(struct upid) + bpf_core_field_offset(struct upid, ns));
	entry = (__u64)BPF_CORE_READ(ns, idr.idr_rt.xa_head);
	/* include/linux/xarray.h, xa_is_node(), xa_to_node(): a node's address is marked in its lowest bits */
	for (int i = 0; i < XARRAY_LEVELS && (entry & 3) == 2; i++) {
		node = (struct xa_node *)(entry - 2);
		level = BPF_CORE_READ(node, shift) & 31;
		if (!i && number >> level > 63)
			return 0;
		entry = 0;
		bpf_probe_read_kernel(&entry, sizeof(entry), (void *)node + bpf_core_field_offset(struct xa_node, slots) +
				      8 * (number >> level & 63));
	}
	return entry & 3 ? 0 : entry;
}

/* What tells a file, and whose it is. Where it is in the directory of a process in procfs, that one, too. */
__noinline int note_inode(struct ca_object *o, __u64 inode_address)
{
	struct inode *inode = (struct inode *)inode_address;

	if (!o || !inode)
		return 0;
	o->has |= CA_HAS_FILE;
	o->inode = BPF_CORE_READ(inode, i_ino);
	o->device = BPF_CORE_READ(inode, i_sb, s_dev);
	o->special = BPF_CORE_READ(inode, i_rdev);
	o->uid = BPF_CORE_READ(inode, i_uid.val);
	o->gid = BPF_CORE_READ(inode, i_gid.val);
	o->mode = BPF_CORE_READ(inode, i_mode);
	return note_process(o, (__u64)pid_of(inode));
}

/*
 * A path on its way: fs/namei.c, link_path_walk(), walk_component() and do_open() keep in nd->path what it has come
 * to, a directory or the file itself, and ask with that.
 */
static __always_inline bool note_walk(struct ca_object *o, struct task_struct *task)
{
	struct nameidata *nd = BPF_CORE_READ(task, nameidata);
	struct dentry *dentry = nd ? BPF_CORE_READ(nd, path.dentry) : 0;

	if (!dentry)
		return false;
	o->has |= CA_HAS_WALK;
	bpf_probe_read_kernel_str(o->texts[0], CA_PATH, BPF_CORE_READ(nd, name, name));
	read_names(&o->path, (__u64)dentry, (__u64)BPF_CORE_READ(nd, path.mnt));
	note_inode(o, (__u64)BPF_CORE_READ(dentry, d_inode));
	return true;
}

static __always_inline bool is_absolute(const struct ca_object *o) { return o->texts[0][0] == '/'; }

/* What bpf_loop() takes: 0 or 1, which clang 19 knows of a function, and the verifier does not. */
static __always_inline long ends_loop(int last)
{
	barrier_var(last);
	return last != 0;
}

/* Where the last two names of a path begin, and how many there are. */
struct last_names {
	__u32 last;
	__u32 above;
	__u32 count;
	__u32 slash;		/* there is one before */
};

/* Takes in a letter of a path. Says whether it was the last. */
__noinline int take_letter(struct last_names *names, const struct ca_object *o, __u32 at)
{
	char c, next;

	if (!names || !o)
		return 1;
	c = o->texts[0][at & (CA_PATH - 1)];
	next = o->texts[0][(at + 1) & (CA_PATH - 1)];
	if (!c)
		return 1;
	if (c != '/' && names->slash && !(c == '.' && (!next || next == '/'))) {
		names->above = names->last;
		names->last = at;
		names->count++;
	}
	names->slash = c == '/';
	return 0;
}

struct letters {
	const struct ca_object *object;
	struct last_names names;
};

static long look_for_names(__u64 index, void *data)
{
	struct letters *letters = data;

	return ends_loop(take_letter(&letters->names, letters->object, index));
}

/* The first bytes of a name of a path, as name_of_dentry() has those of a name. */
__noinline __u64 name_at(const struct ca_object *o, __u32 at)
{
	__u64 name = 0;

	for (__u32 i = 0; o && i < sizeof(name); i++) {
		char c = o->texts[0][(at + i) & (CA_PATH - 1)];

		if (!c || c == '/')
			break;
		name |= (__u64)(__u8)c << (8 * i);
	}
	return name;
}

/* A struct path on the kernel's stack: looked for from the outermost function inwards. */
struct path_search {
	__u64 word;		/* that was looked at before */
	__u64 bottom;
	__u64 top;
	__u64 base;		/* to be found: where the path begins, */
	__u64 name;		/* or what has this name */
	__u64 dentry;		/* what was found */
};

/* Looks at the next word. Says whether it was the last. */
__noinline int look_at_path(struct path_search *search, __u64 index)
{
	__u64 address, mount, dentry;

	if (!search)
		return 1;
	address = search->top - 8 * (index + 1);
	if (address <= search->bottom)
		return 1;
	dentry = search->word;
	mount = word_at(address);
	search->word = mount;
	if (!is_path(mount, dentry))
		return 0;
	if (search->base ? dentry != search->base : name_of_dentry((struct dentry *)dentry) != search->name)
		return 0;
	search->dentry = dentry;
	return 1;
}

static long look_for_path(__u64 index, void *search)
{
	return ends_loop(look_at_path(search, index));
}

/*
 * Who changes a file by its name has found it before it is asked for a capability, and keeps it in a struct path on the
 * stack: fs/open.c, do_fchownat() and others, 6.1 to 7.3. Who makes or removes one keeps the directory, which is what
 * is asked about: fs/namei.c, do_unlinkat(). What lies there can be left over from another call: the name
 * decides, all of which user space compares.
 */
__noinline int find_path(struct ca_object *o, __u64 base, __u32 is)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ca_task *t = task_of(task);
	__u32 up = is == CA_ARGUMENT_ENTRY;
	struct path_search search = {};
	struct letters letters = { .object = o, .names.slash = 1 };
	struct dentry *dentry;

	/* the helper came with 5.17 */
	if (!o || !t || !bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop))
		return 0;
	/* Before 6.7 the verifier follows only the first call of a callback (kernel/bpf/verifier.c, __check_func_call()), and
	 * what is never done then is cut off. So each does all in a function that is looked at by itself. */
	bpf_loop(CA_PATH, look_for_names, &letters, 0);
	if (letters.names.count <= up)
		search.base = base;
	else
		search.name = name_at(o, up ? letters.names.above : letters.names.last);
	search.word = t->anchors.registers; /* no entry */
	search.top = t->anchors.registers;
	search.bottom = t->anchors.context;
	bpf_loop(STACK_WORDS, look_for_path, &search, 0);
	if (!search.dentry)
		return 0;
	dentry = (struct dentry *)search.dentry;
	note_inode(o, (__u64)BPF_CORE_READ(dentry, d_inode));
	bpf_probe_read_kernel_str(o->found, CA_FOUND, BPF_CORE_READ(dentry, d_name.name));
	o->has |= CA_HAS_FOUND;
	return 0;
}

/* What is being read: an argument, and what was learned of those before it. */
struct reading {
	__u64 value;
	__u64 base;		/* the entry that a path by name begins in */
	__s32 directory;
	__u32 compat;
	__u32 walked;
	__u32 path_is;		/* of the first path, CA_ARGUMENT_PATH or _ENTRY; 0 before it */
};

/* Where a path by name begins: the directory, or the root of who is in another one. */
static __always_inline int note_base(struct ca_object *o, struct reading *r)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct file *file = r->directory == AT_FDCWD ? 0 : own_file(r->directory);
	struct dentry *dentry;
	struct vfsmount *mount;

	if (is_absolute(o)) {
		dentry = BPF_CORE_READ(task, fs, root.dentry);
		mount = BPF_CORE_READ(task, fs, root.mnt);
	} else if (file) {
		dentry = BPF_CORE_READ(file, f_path.dentry);
		mount = BPF_CORE_READ(file, f_path.mnt);
		if (!o->texts[0][0]) /* AT_EMPTY_PATH */
			note_inode(o, (__u64)BPF_CORE_READ(file, f_inode));
	} else {
		dentry = BPF_CORE_READ(task, fs, pwd.dentry);
		mount = BPF_CORE_READ(task, fs, pwd.mnt);
	}
	o->has |= CA_HAS_BASE;
	r->base = (__u64)dentry;
	return read_names(&o->path, (__u64)dentry, (__u64)mount);
}

__noinline int note_path(struct ca_object *o, struct reading *r, __u32 is)
{
	const void *path;

	if (!o || !r)
		return 0;
	path = (const void *)r->value;
	if (r->path_is) {
		bpf_probe_read_user_str(o->texts[1], CA_PATH, path);
		return 0;
	}
	r->path_is = is;
	if (bpf_probe_read_user_str(o->texts[0], CA_PATH, path) <= 0)
		return 0;
	return note_base(o, r);
}

__noinline int note_word(struct ca_object *o, __u64 word)
{
	return o ? bpf_probe_read_user_str(o->texts[1], CA_PATH, (const void *)word) : 0;
}

/* The file behind a descriptor, and if that is a socket, which. */
__noinline int note_file(struct ca_object *o, __u32 descriptor)
{
	struct file *file = own_file(descriptor);
	struct socket *socket;

	if (!o || !file)
		return 0;
	note_inode(o, (__u64)BPF_CORE_READ(file, f_inode));
	if ((o->mode & S_IFMT) != S_IFSOCK)
		return read_names(&o->path, (__u64)BPF_CORE_READ(file, f_path.dentry), (__u64)BPF_CORE_READ(file, f_path.mnt));
	/* each socket is another inode, of the user who made it */
	o->inode = 0;
	o->device = 0;
	socket = BPF_CORE_READ(file, private_data);
	o->has = (o->has & ~CA_HAS_FILE) | CA_HAS_SOCKET;
	o->family = BPF_CORE_READ(socket, sk, __sk_common.skc_family);
	o->type = BPF_CORE_READ(socket, sk, sk_type);
	o->protocol = BPF_CORE_READ(socket, sk, sk_protocol);
	return 0;
}

/*
 * Whether the descriptor is one of a process. fs/pidfs.c, pidfd_pid(), since 6.9; before, kernel/fork.c,
 * pidfd_create()
 */
__noinline int note_pidfd(struct ca_object *o, __u32 descriptor)
{
	struct file *file = own_file(descriptor);
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	if (!o || !file)
		return 0;
	if (BPF_CORE_READ(inode, i_sb, s_magic) == PID_FS_MAGIC)
		note_process(o, (__u64)BPF_CORE_READ(inode, i_private));
	else if (name_of_dentry(BPF_CORE_READ(file, f_path.dentry)) == name_of("[pidfd]"))
		note_process(o, (__u64)BPF_CORE_READ(file, private_data));
	else
		return 0;
	return 1;
}

/* As much of an address as its family has. A socket's path is text. */
__noinline int note_address(struct ca_object *o, __u64 address)
{
	__u16 family = 0;
	__u32 size = 16;

	if (!o || bpf_probe_read_user(&family, sizeof(family), (const void *)address))
		return 0;
	o->has |= CA_HAS_ADDRESS;
	if (family == AF_UNIX) {
		bpf_probe_read_user(o->bytes, 3, (const void *)address);
		/* one that begins with a NUL is a name */
		bpf_probe_read_user_str(o->texts[1], 108, (const void *)(address + 2 + !o->bytes[2]));
		o->bytes[2] = !o->bytes[2];
		return 0;
	}
	if (family == AF_INET6)
		size = 28;
	else if (family == AF_NETLINK)
		size = 12;
	if (bpf_probe_read_user(o->bytes, size, (const void *)address))
		bpf_probe_read_user(o->bytes, sizeof(family), (const void *)address);
	return 0;
}

/* What is sent to netlink begins with a length and a type: struct nlmsghdr. */
__noinline int note_request(struct ca_object *o, __u64 buffer)
{
	if (o && o->family == AF_NETLINK &&
	    !bpf_probe_read_user(&o->request, sizeof(o->request), (const void *)(buffer + 4)))
		o->has |= CA_HAS_REQUEST;
	return 0;
}

/* struct msghdr: an address, its length, vectors, whose first word is an address */
__noinline int note_message(struct ca_object *o, __u64 message, __u32 compat)
{
	__u64 address = 0, vectors = 0, buffer = 0;
	__u32 size = compat ? 4 : 8;

	if (!o || bpf_probe_read_user(&address, size, (const void *)message) ||
	    bpf_probe_read_user(&vectors, size, (const void *)(message + 2 * size)))
		return 0;
	if (address)
		note_address(o, address);
	if (!bpf_probe_read_user(&buffer, size, (const void *)vectors))
		note_request(o, buffer);
	return 0;
}

/* Less where there is no more memory: by words, of which there are two at least. */
__noinline int note_struct(struct ca_object *o, __u64 address)
{
	if (!o || !address)
		return 0;
	if (bpf_probe_read_user(o->bytes, CA_STRUCT, (const void *)address)) {
		if (bpf_probe_read_user(o->bytes, 8, (const void *)address))
			return 0;
		for (__u32 i = 8; i < CA_STRUCT; i += 4)
			if (bpf_probe_read_user(o->bytes + i, 4, (const void *)(address + i)))
				break;
	}
	o->has |= CA_HAS_STRUCT;
	return 0;
}

__noinline int note_argument(struct ca_object *o, struct reading *r, __u32 is)
{
	if (!o || !r)
		return 0;
	switch (is) {
	case CA_ARGUMENT_PATH:
	case CA_ARGUMENT_ENTRY:
		return r->walked ? 0 : note_path(o, r, is);
	case CA_ARGUMENT_DIRECTORY:
		r->directory = r->value;
		return 0;
	case CA_ARGUMENT_FILE:
		return r->walked || note_pidfd(o, r->value) ? 0 : note_file(o, r->value);
	case CA_ARGUMENT_WORD:
		return note_word(o, r->value);
	case CA_ARGUMENT_ADDRESS:
		return r->value ? note_address(o, r->value) : 0;
	case CA_ARGUMENT_MESSAGE:
		return note_message(o, r->value, r->compat);
	case CA_ARGUMENT_REQUEST:
		return note_request(o, r->value);
	case CA_ARGUMENT_PROCESS:
		return (__s32)r->value > 0 ? note_process(o, pid_numbered(r->value)) : 0;
	case CA_ARGUMENT_PIDFD:
		return note_pidfd(o, r->value);
	case CA_ARGUMENT_STRUCT:
		return note_struct(o, r->value);
	}
	return 0;
}

/* An address differs each time: what is kept of it is that it is one. */
static __always_inline bool is_address(__u64 value, bool compat)
{
	return compat ? value >> 24 && value >> 28 != 0xf : value >> 32 && value >> 48 != 0xffff;
}

/* The argument by its number; what they all are is in a word. */
__noinline int look_at_argument(struct ca_object *o, struct reading *r, __u32 what, __u32 i)
{
	__u32 is = what >> (i * CA_ARGUMENT_BITS) & ((1 << CA_ARGUMENT_BITS) - 1);

	if (!o || !r || i >= CA_ARGUMENTS)
		return 0;
	r->value = argument(i, r->compat);
	if (!(what & CA_ARGUMENTS_KNOWN))
		o->arguments[i] = is_address(r->value, r->compat) ? 1ULL << 63 : r->value;
	else if (is == CA_ARGUMENT_NUMBER || is == CA_ARGUMENT_PROCESS)
		o->arguments[i] = r->value;
	else if (is == CA_ARGUMENT_PEEK)
		bpf_probe_read_user(&o->arguments[i], sizeof(__u32), (const void *)r->value);
	else
		note_argument(o, r, is);
	if (is == CA_ARGUMENT_PROCESS)
		note_argument(o, r, is);
	return 0;
}

/* The arguments of the system call under way. */
static __always_inline int note_arguments(struct ca_object *o, __s32 number, __u32 abi)
{
	struct reading r = { .directory = AT_FDCWD, .compat = abi == CA_ABI_COMPAT };
	__u32 n = number & ~CA_X32_BIT, index = abi * CA_SYSCALLS + n, what;

	barrier_var(index); /* or the verifier loses its bound */
	if (n >= CA_SYSCALLS || index >= CA_ABIS * CA_SYSCALLS)
		return 0;
	what = arguments[index];
	r.walked = o->has & CA_HAS_WALK;
	if (!(what & CA_ARGUMENTS_KNOWN) && r.walked)
		return 0;
	o->has |= CA_HAS_ARGUMENTS;
	/* no loop: where its end falls through to its beginning, 6.1 refuses it (kernel/bpf/verifier.c, visit_insn()) */
	look_at_argument(o, &r, what, 0);
	look_at_argument(o, &r, what, 1);
	look_at_argument(o, &r, what, 2);
	look_at_argument(o, &r, what, 3);
	look_at_argument(o, &r, what, 4);
	look_at_argument(o, &r, what, 5);
	return r.base && !(o->has & CA_HAS_FILE) ? find_path(o, r.base, r.path_is) : 0;
}

/* Goes on with a hash over the words of an object from one to another. Without a branch: see differ(). */
static __always_inline __u64 hash_words(__u64 hash, const struct ca_object *o, __u32 from, __u32 to)
{
#pragma unroll 8
	for (__u32 i = from; i < to; i++)
		hash = (hash ^ ((const __u64 *)o)[i]) * 0x100000001b3;
	return hash;
}

/* A directory on the way is the same one, whatever is looked for in it. */
__noinline __u64 hash_of(struct ca_object *o)
{
	const __u32 texts = offsetof(struct ca_object, texts) / sizeof(__u64);
	const __u32 path = offsetof(struct ca_object, path) / sizeof(__u64);
	__u64 hash;

	if (!o)
		return 0;
	hash = hash_words(0xcbf29ce484222325, o, 0, texts);
	if (!(o->has & CA_HAS_WALK) || (o->mode & S_IFMT) != S_IFDIR)
		hash = hash_words(hash, o, texts, path);
	return hash_words(hash, o, path, sizeof(*o) / sizeof(__u64));
}

/*
 * Counts a look at an object, this CPU's draft, which is kept if it is one of the first. For 6.1 the argument of
 * a global function is nothing that bpf_map_update_elem() takes (kernel/bpf/verifier.c, map_value_types).
 */
__noinline int keep_object(__u64 kind, __u64 hash)
{
	struct ca_object_key key = { .kind = kind, .hash = hash };
	struct ca_object *known = bpf_map_lookup_elem(&objects, &key);
	__u32 index = kind, zero = 0;
	struct ca_look *look = bpf_map_lookup_elem(&looks, &index);
	struct ca_draft *draft = bpf_map_lookup_elem(&drafts, &zero);

	if (!draft || !look)
		return 0;
	if (!known) {
		if (look->tickets >= CA_OBJECTS || __sync_fetch_and_add(&look->tickets, 1) >= CA_OBJECTS) {
			__sync_fetch_and_add(&look->others, 1);
			return 0;
		}
		bpf_map_update_elem(&objects, &key, &draft->object, BPF_NOEXIST);
		/* another CPU may have been first */
		known = bpf_map_lookup_elem(&objects, &key);
	}
	add(known ? &known->checks : &state.lost_objects);
	return known != 0;
}

/* Looks at what the check under way is for. Says whether that is kept, and by which hash. */
__noinline __u64 look_at_object(__u64 kind, __s32 number, __u32 abi)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 zero = 0;
	struct ca_draft *draft = bpf_map_lookup_elem(&drafts, &zero);
	__u64 hash;

	if (!draft)
		return 0;
	/* two programs can be at it on one CPU, where they can be preempted */
	if (__sync_lock_test_and_set(&draft->busy, 1)) {
		add(&state.lost_objects);
		return 0;
	}
	bpf_probe_read_kernel(&draft->object, sizeof(draft->object), &no_object);
	note_walk(&draft->object, task);
	if (number >= 0)
		note_arguments(&draft->object, number, abi);
	hash = hash_of(&draft->object);
	if (!keep_object(kind, hash))
		hash = 0;
	__sync_lock_test_and_set(&draft->busy, 0);
	return hash;
}
