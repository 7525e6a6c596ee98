/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel half and the Go half both say. Go sees these types through
 * cgo (tracer/abi.go), so a field moved here moves there too, and the tracer's
 * tests compare the sizes with the ones the loaded maps report.
 *
 * Include a header with __u8 ... __s64 first.
 */
#ifndef CAP_AUDIT_H
#define CAP_AUDIT_H

enum {
	CA_CAPS = 64,		/* kernel_cap_t has 64 bits, 41 are in use as of 7.3 */
	CA_PATH = 256,		/* bytes of a program's path, the NUL included */
	CA_PROGRAMS = 32768,	/* distinct programs told apart; 0 stands for the rest */
	CA_KINDS = 4096,	/* rows, call sites and the like of a group that a program can be noted for; 0 stands for none */
	CA_SYSCALLS = 576,	/* numbers told apart in each table; the last is x32's 547 as of 7.3 */
	CA_COMM = 16,		/* TASK_COMM_LEN */
	CA_FRAMES = 10,		/* kernel functions kept of one call site */
	CA_SYMBOL = 48,		/* bytes of a kernel function's name, the NUL included */
	CA_RETURNS = 1024,	/* system calls whose end is waited for at the same time */
	CA_NOTED = 16,		/* kinds that a task remembers its program to be noted for */
	CA_GROUP_DEPTH = 64,	/* levels of control groups looked at, from a task's upwards */
	CA_GROUPS = 4096,	/* groups told apart with --each; see each.bpf.h */
	CA_EACH_DEPTH = 16,	/* levels below the watched one that have groups of their own, at most */
	CA_GROUP_NAME = 256,	/* bytes of a control group's own name, the NUL included */
	CA_OBJECTS = 8,		/* objects kept of one kind */
	CA_ARGUMENTS = 6,	/* of a system call */
	CA_ARGUMENT_BITS = 4,	/* that what an argument is takes in a word */
	CA_ARGUMENTS_KNOWN = 1 << 24, /* and in which it is said that this call's are known */
	CA_STRUCT = 32,		/* bytes kept of what a pointer among them leads to */
	CA_LAST_CALLS = 128,	/* system calls of a process before its end that are its last: see ends.bpf.h */
	CA_STACKS = 4,		/* user stacks taken of a kind */
	CA_STACKS_DUE = 4,	/* kinds in one system call whose stacks are taken when it ends */
	CA_STACK_LOOKS = 256,	/* checks of a kind, the first, that are looked at for a stack not seen yet */
	/* 32 KiB of a stack wherever in a page it begins: libaudit alone has frames of 18 KiB */
	CA_STACK_PAGES = 9,
	CA_STACK_PAGES_FEW = 3,	/* where what is below main() has room in so many, as most often */
	CA_PAGE = 4096,
	CA_REGISTERS = 33,
	CA_MAPPINGS = 64,	/* mappings of code that are told of a process */
	CA_CODE = 16384,	/* files of code kept, for each program that maps one */
	CA_NAMES = 640,		/* bytes of the names of a file and of the directories above it */
	CA_FOUND = 64,		/* bytes of a file's own name, the NUL included */
};

enum ca_verdict {
	CA_GRANTED,
	CA_DENIED,		/* the capability sets did not hold it */
	CA_LSM_REFUSED,		/* the sets held it, another security module said no */
};

/* Whose system calls a number counts: the table to look the name up in. */
enum ca_abi {
	CA_ABI_NATIVE,
	CA_ABI_COMPAT,		/* i386 on x86-64, arm on arm64 */
	CA_ABI_X32,
	CA_ABIS,
};

/* uapi/asm/unistd.h, __X32_SYSCALL_BIT: in the number of each system call of that table */
enum { CA_X32_BIT = 0x40000000 };

/* Where the user namespace that was asked about lies, seen from the first process's. */
enum ca_scope {
	CA_SCOPE_OWN,		/* the very namespace the command was started in */
	CA_SCOPE_NESTED,	/* below it */
	CA_SCOPE_OUTER,		/* above or beside it */
};

/* Bits of struct ca_check.credentials. */
enum {
	CA_CRED_OVERRIDDEN = 1,	/* task->cred != task->real_cred: the kernel acts for itself */
	CA_CRED_FOREIGN = 2,	/* the credentials asked are not the task's (a file opener's, a tracer's) */
	CA_CRED_OWNER = 4,	/* granted to the owner of the user namespace, whatever the sets hold */
	CA_CRED_NESTED = 8,	/* the credentials belong to a nested user namespace */
};

/* Drops of the first process that are told apart; what comes after one more belongs to the last. */
#define CA_DROPS 15

/*
 * A row of the counts: checks alike in all of this are counted together, whichever program made them. Which
 * programs did is in struct ca_program.
 */
struct ca_check {
	__s32 syscall;		/* -1: outside of a system call, or one that has no number */
	__u32 group;		/* see each.bpf.h; 0 for the whole audit */
	__u8 capability;
	__u8 verdict;
	__u8 options;		/* CAP_OPT_*; 0 where the backend is not shown them */
	__u8 abi;
	__u8 scope;
	__u8 phase;		/* how many drops there had been */
	__u8 credentials;
	__u8 idle;		/* the system call's own arguments show that nothing depends on the answer */
};

/* Totals per group and capability: an array slot each, so that these always add up. */
struct ca_total {
	__u64 granted;
	__u64 denied;		/* CA_LSM_REFUSED included */
};

/* Bits of struct ca_unasked.details. */
enum {
	CA_CONCLUDED = 1,	/* from the system call and its arguments; else the kernel function was seen */
	CA_READS_MM = 2,	/* by mm_access() to read, for which since 6.18 perfmon will do */
};

/* Grants without a check, alike in all of this: see unasked.bpf.h. */
struct ca_unasked {
	__u64 held;		/* the other process's permitted set; 0: there is no other process */
	__u32 group;
	__u32 pad;
	__s32 syscall;
	__u8 capability;	/* the one that would be asked for if the caller held less */
	__u8 abi;
	__u8 phase;		/* as in ca_check */
	__u8 details;
};

struct ca_site_key {
	struct ca_check check;
	__u64 stack;		/* hash of the return addresses */
};

struct ca_site {
	__u64 samples;
	__u64 kind;
	char frames[CA_FRAMES][CA_SYMBOL];
};

/* What is known of a learned chain. */
enum ca_chain_state {
	CA_CHAIN_SEEN,		/* walked, and where its addresses lie was not yet the same twice */
	CA_CHAIN_LEARNING,	/* they are being looked for */
	CA_CHAIN_KNOWN,		/* known again by them */
	CA_CHAIN_LEFT,		/* they lie elsewhere each time: walked for ever */
	CA_CHAIN_WRONG,		/* was once taken for another */
};

/* A call chain that is known again without a walk: see chains.bpf.h. */
struct ca_chain {
	struct ca_check check;
	__u64 stack;		/* as in ca_site_key; 0 while nothing is here */
	__u64 count;		/* checks counted here, in place of checks and sites */
	__u64 last;		/* when the last was, in jiffies */
	__u64 failed;		/* system calls that asked for nothing else and failed so, counted in place of outcomes: */
	__s64 result;		/* what they returned; 0 for none yet */
	__u64 frames[CA_FRAMES]; /* the return addresses */
	/* where they lie on the kernel's stack, in words: up from the program's context; down from the user's
	   registers, where bit n of from_top says so of frame n */
	__u16 up[CA_FRAMES];
	__u16 down[CA_FRAMES];
	__u16 found[CA_FRAMES];	/* while learning: as up; 0 for not yet */
	__u32 kind;		/* of its call site */
	__u32 from_top;
	__u32 depth;		/* how many frames there are */
	__u32 state;
	__u32 walks;
};

enum {
	CA_CHAIN_WAYS = 8,	/* chains that share a bucket */
	CA_CHAIN_BUCKETS = 512,
};

struct ca_chains {
	struct ca_chain chains[CA_CHAIN_WAYS];
};

/* How many checks, or grants without one, were alike. */
struct ca_row {
	__u64 count;
	__u64 kind;		/* of those of a group, the later the greater: which system call asked first */
	/* of checks: when the first was and, but for those that a chain counts, the last, in jiffies */
	__u64 first;
	__u64 last;
};

/* One way that system calls ended: masks of the capabilities asked for, none for an exec that was refused. */
struct ca_outcome {
	__s64 result;		/* what the system call returned; success is 0 */
	__u64 granted;		/* 0 where the call succeeded, unless sampled: else nothing to tell */
	__u64 denied;
	__u64 lsm_refused;
	__s32 syscall;
	__u32 abi;
	__u32 group;
	__u32 kind;		/* as in ca_task.kind */
};

/* What an argument of a system call says of the object that a capability is asked for: objects/arguments.go. */
enum ca_argument {
	CA_ARGUMENT_UNUSED,
	CA_ARGUMENT_NUMBER,
	CA_ARGUMENT_PATH,
	CA_ARGUMENT_DIRECTORY,	/* descriptor of what the next path begins in */
	CA_ARGUMENT_FILE,	/* descriptor */
	CA_ARGUMENT_WORD,	/* a string that is no path */
	CA_ARGUMENT_ADDRESS,	/* struct sockaddr */
	CA_ARGUMENT_MESSAGE,	/* struct msghdr */
	CA_ARGUMENT_REQUEST,	/* what is sent: of netlink, its type is looked at */
	CA_ARGUMENT_PROCESS,
	CA_ARGUMENT_PIDFD,
	CA_ARGUMENT_STRUCT,	/* the first bytes of what is there */
	CA_ARGUMENT_ENTRY,	/* a path, of which the directory is asked about: what is made, removed or renamed */
	CA_ARGUMENT_PEEK,	/* a number of 32 bits, in memory */
};

/* What is known of an object: bits of struct ca_object.has. */
enum {
	CA_HAS_ARGUMENTS = 1,	/* those of the call that are numbers; all, where it is not known what they are */
	CA_HAS_FILE = 2,	/* its owner and mode; path is its own */
	CA_HAS_WALK = 4,	/* found while a path was followed, which texts[0] is */
	CA_HAS_BASE = 8,	/* path is that of the directory that texts[0] begins in */
	CA_HAS_FOUND = 16,	/* owner and mode are of what the kernel found for a path; its name is found */
	CA_HAS_SOCKET = 32,
	CA_HAS_ADDRESS = 64,	/* bytes are one */
	CA_HAS_REQUEST = 128,
	CA_HAS_PROCESS = 256,
	CA_HAS_STRUCT = 512,	/* bytes are its first */
	CA_HAS_SELF = 1024,	/* the process is the caller */
};

/* What the last of some names is in. */
enum {
	CA_NAMES_NOWHERE,	/* nothing that has a name */
	CA_NAMES_MORE,		/* directories whose names are not there */
	CA_NAMES_ROOT,		/* the root of all mounts, or the auditor's own */
};

/* The names of a file and of the directories above it, the innermost first, each with its NUL. */
struct ca_names {
	__u32 size;		/* bytes in use */
	__u32 end;
	char bytes[CA_NAMES];
};

/* What a capability was asked for. Pointers and descriptors are not in it, but what they lead to. */
struct ca_object {
	__u64 checks;		/* of those looked at */
	__u64 arguments[CA_ARGUMENTS];
	__u64 inode;
	__u32 device;		/* as the kernel has it: major << 20 | minor */
	__u32 special;		/* of a device file, which device it stands for */
	__u32 uid;
	__u32 gid;
	__u32 mode;
	__u32 has;
	__s32 pid;		/* of the other process, in the auditor's pid namespace */
	__u32 user;		/* whose that is */
	__u16 family;		/* of a socket */
	__u16 type;
	__u16 protocol;
	__u16 request;		/* type of a netlink message */
	__u8 bytes[CA_STRUCT];
	char comm[CA_COMM];	/* the other process's */
	char found[CA_FOUND];
	char texts[2][CA_PATH];	/* paths or words as given */
	struct ca_names path;
};

struct ca_object_key {
	__u64 kind;
	__u64 hash;		/* of the object */
};

/* How far the checks of a kind have been looked at. */
struct ca_look {
	__u64 next;		/* the one that is looked at next, */
	__u64 next_object;	/* the one whose object is, */
	__u64 next_followed;	/* and, of a sample, the one whose system call's end is */
	__u32 tickets;		/* objects that wanted to be kept */
	__u32 others;		/* checks looked at of objects that were not */
	__u64 stacks[CA_STACKS]; /* fingerprints of those taken, 0 for none */
};

/* What tells a file from all others, and from those that had its number before. */
struct ca_file {
	__u64 inode;
	__u32 device;		/* as the kernel has it: major << 20 | minor */
	__u32 generation;	/* 0 in file systems that do not count them */
};

/*
 * What tells a program from others. One file can be several, as busybox is. Of a script the file is the
 * interpreter. Where it ran before it was watched there is no path.
 */
struct ca_program_key {
	char path[CA_PATH];
	struct ca_file file;
	__u32 group;		/* each has a row of its own */
	__u32 pad;
};

struct ca_program {
	__u32 parent;
	__u32 ran;		/* it ran before it was watched, so that its path is not known here */
	__u64 processes;	/* processes that ran it: by exec, or by fork while running it */
	__u32 mode;		/* of its file, with what ever gave another user or group; 0 where it ran */
	__s32 pid;		/* where it ran: a process that did, in the auditor's pid namespace */
	struct ca_file file;	/* of a script the interpreter */
	__u32 users[2];		/* the first two real user ids but root's that it ran as; 0 for none */
	__u32 group;
	__u32 pad;
	/* the rows of which the call site is not known, call sites and grants without a check that are its: bit n
	   of all words for the group's kind n */
	__u64 kinds[CA_KINDS / 64];
	/* as given to execve, as far as there is room; a script's own path, not its interpreter's; where it ran,
	   the comm */
	char path[CA_PATH];
};

/* The system calls that a program made by the numbers of one table: bit n of all words for number n. */
struct ca_syscalls {
	__u64 made[CA_SYSCALLS / 64];
	/* those of them that the kernel once answered with anything but EPERM and ENOSYS: a filter would have
	 * changed that */
	__u64 answered[CA_SYSCALLS / 64];
	__u64 namespaces;	/* whether clone or clone3 made any */
};

/* A file that a program's processes mapped code of. */
struct ca_code_key {
	struct ca_file file;
	__u32 program;
	__u32 pad;
};

struct ca_code {
	struct ca_names path;
	__u32 named;		/* all of the path is there */
};

/* Bits of struct ca_task.flags. */
enum {
	CA_TASK_ARMED = 1,	/* the stub: recording begins with its next exec */
	CA_TASK_RECORDING = 2,
	CA_TASK_FIRST = 4,	/* belongs to the first process */
	CA_TASK_IO_WORKER = 8,	/* kernel-made thread of a traced process: it makes no system calls */
	CA_TASK_CAPSET = 16,	/* inside capset, sets before are saved */
	CA_TASK_ROOT = 32,	/* the process that an audit of what runs was asked for: not yet adopted */
	/* came into the watched group, still on its way: recording begins with an exec */
	CA_TASK_ENTERING = 64,
	CA_TASK_UNTOLD = 128,	/* adopted, and user space has not been told */
	CA_TASK_LOOKED_AT = 256, /* the end of its system call was, by the first of the twins */
	CA_TASK_FOLLOWED = 512,	/* the end of its system call will be, by on_return() */
	CA_TASK_COMPAT = 1024,	/* runs a program of 32 bits; noted on x86-64 only */
};

struct ca_sets {
	__u64 effective;
	__u64 permitted;
	__u64 inheritable;
};

/* What the words of the kernel's stack are counted from. */
struct ca_anchors {
	__u64 context;		/* address of the program's context */
	__u64 registers;	/* and of the user's registers */
};

/* The last system call of a thread in which checks were refused. */
struct ca_refused {
	__u64 capabilities;	/* mask of those refused; 0: there was no such call */
	__u64 time;		/* when it ended, in jiffies */
	__s64 result;
	__s32 syscall;
	__u32 abi;
	__u32 calls;		/* system calls since, but for those that tell of it and tidy up; 0 if sampled */
	__u32 status;		/* it was a child's, which ended so (wait(2)), and these are the calls since; else 0 */
};

/* How the first process, or one that came into the watched group, ended soon after a call with a refused check. */
struct ca_end {
	__s32 pid;		/* in the auditor's pid namespace */
	__u32 status;		/* as wait(2) has it */
	__u64 time;		/* in jiffies */
	struct ca_refused refused;
};

/* Kept in task storage: a task has this or is none of ours. */
struct ca_task {
	__u32 flags;
	__u32 program;
	/* the system call under way, once it made a check */
	__s32 syscall;
	__u32 abi;
	/* the exec last seen, of this task or a forebear: exec_id_of(); 0 before an exec waited for */
	__u32 exec_id;
	__u32 session;		/* session_of() where its part of the tree began */
	__u64 group_id;		/* of the control group that it was in when that was last seen: see each.bpf.h */
	__u32 group;
	__u64 granted;		/* masks of the capabilities it asked for */
	__u64 denied;
	__u64 lsm_refused;
	struct ca_sets before;	/* sets at the start of capset */
	/* the cap_capable under way: addresses, 0 for none; under kprobes its other arguments, too */
	__u64 cred;
	__u64 ns;
	__s32 capability;
	__u32 options;
	/* the last cap_capable, for security_capable: what it was counted as, and by which call chain: */
	struct ca_check last;
	__u32 last_chain;	/* its number, see chain_of(); 0 if it was walked, */
	__u32 last_kind;
	__u64 last_stack;	/* and then its hash; 0 for one unknown */
	__u64 last_nth;		/* of the kind, from 1; 0 for one without a call site */
	__u64 last_object;	/* the hash of what it was for; 0 for none that is kept */
	__u32 last_noted;	/* the program was noted for the kind by it, and not before */
	struct ca_anchors anchors; /* of the check under way */
	struct ca_refused refused;
	__u64 mapped;		/* what the mappings were like when they were last told */
	__u32 mappings;		/* the list that they are in; 0 for none */
	__u32 walked;		/* and how many were looked at, */
	__u32 listed;		/* and told */
	__u32 stacks_due[CA_STACKS_DUE]; /* kinds whose stack is taken when the system call under way ends: stacks_at_end */
	/* of the call site of the refused checks in the system call under way, or of the granted ones where none was
	   refused; 0 for several */
	__u32 kind;
	__u64 call_ended;	/* when its last system call did, in jiffies, as long as the program does not serve */
	__u64 now;		/* when the check under way was made, in jiffies */
	/* native system calls that its program is noted for, and those of them that nothing more is to be noted of */
	__u64 made[CA_SYSCALLS / 64];
	__u64 settled[CA_SYSCALLS / 64];
	/* numbers, in its group, of kinds that its program is noted for, each at its place modulo how many there are;
	   since no kind was taken back */
	__u16 noted[CA_NOTED];
	__u32 taken_back;	/* as in the state */
	/* native system calls that it has made, and from whose ends nothing is ever concluded: see conclude() */
	__u64 plain[CA_SYSCALLS / 64];
};

/* A task that belongs to the tree and could not be given storage yet: it gets it when it first does
 * something. */
struct ca_newborn {
	__u32 flags;
	__u32 program;
	__u32 exec_id;
	__u32 session;
	__u64 born;		/* task->start_time then: a later task at the same address is younger */
};

/* In doomed: whoever they belong to. */
#define CA_ANYBODY (~0ULL)

/* What the iterator says of a task that has not ended. */
struct ca_living {
	__s32 pid;		/* of its process, in the auditor's pid namespace */
	__u32 exiting;		/* it has begun to */
	__u32 program;
	__u32 group;
};

/* What the iterators say of a task that they adopt. */
struct ca_adopted {
	__s32 pid;		/* of its process, in the auditor's pid namespace */
	__u32 failed;		/* could not be given storage */
};

enum ca_event_kind {
	CA_EVENT_CHECK,
	CA_EVENT_CAPSET,
	CA_EVENT_SYSCALL,
	CA_EVENT_DROP,		/* the first process has made its first drop */
};

/* One line of --verbose, and, of checks, one of --events. */
struct ca_event {
	__u32 kind;
	__s32 pid;		/* in the auditor's pid namespace */
	__s32 syscall;
	__u32 program;
	__u64 time;		/* in nanoseconds, by the monotonic clock */
	struct ca_object_key object; /* what the check was for; the hash is 0 for none that is kept, kind for no call site */
	__s64 result;
	struct ca_sets sets;	/* capset: the new sets; syscall: .effective is the denied mask */
	char comm[CA_COMM];
	__u8 abi;
	__u8 capability;
	__u8 verdict;		/* CA_LSM_REFUSED comes after an event that said CA_GRANTED, and takes that back */
	__u8 pad[5];
};

enum ca_stack_record {
	CA_STACK_MAPPING,
	CA_STACK_TAKEN,
};

/* A mapping of code: one of a list, which comes before the stacks that name it. */
struct ca_mapping {
	__u32 what;		/* CA_STACK_MAPPING */
	__u32 list;
	__u64 start;
	__u64 end;
	__u64 pages;		/* of the file, that come before it */
	struct ca_file file;	/* .inode is 0 where it is of no file */
	struct ca_names path;
};

/* Where a check came from: what user space unwinds. */
struct ca_stack {
	__u32 what;		/* CA_STACK_TAKEN */
	__u32 list;		/* of the process's mappings; 0 where the kernel cannot tell them */
	__u32 kind;
	__s32 pid;		/* in the auditor's pid namespace */
	__u64 born;		/* task->start_boottime of the process's leader */
	__u64 base;		/* address of the first byte of memory */
	__u32 pages;		/* mask of those of memory that could be read */
	__u32 list_before;	/* where there is no list, the last one since the exec; 0 for none */
	__u64 registers[CA_REGISTERS]; /* by DWARF's numbers */
	__u8 memory[CA_STACK_PAGES * CA_PAGE]; /* or that of CA_STACK_PAGES_FEW: then the record is so much shorter */
};

/* What each control group is known by, with --each. */
struct ca_group_key {
	__u32 above;		/* the group that it is in */
	char name[CA_GROUP_NAME];
};

/* Facts that are single numbers, of the whole audit or, with --each, of a control group. */
struct ca_group {
	__u64 first_pid;	/* of the first process, in the auditor's pid namespace */
	__u64 tasks;		/* tasks ever traced, threads included */
	__u64 capset_calls;	/* successful ones */
	struct ca_sets requested; /* union over the successful capset calls */
	__u64 sessions;		/* programs executed in a login session that was opened in the tree */
	/* when, in jiffies: recording began, the program began to serve (0: not seen) */
	__u64 started;
	__u64 serving;
	__s32 serving_syscall;	/* in which it waits; -1: in none of those for that */
	__u32 serving_abi;
	__u64 first_ended;	/* the first process has */
	__u32 phase;		/* how many drops there have been */
	__u32 kinds;		/* distinct rows, call sites and grants without a check so far */
};

/* Facts and losses that are single numbers. */
struct ca_state {
	struct ca_group whole;
	__u64 user_ns;		/* address of the first process's user namespace: compared, never followed */
	__u64 root;		/* address of the auditor's root directory after chroot(2), else 0: likewise */
	__u32 pid_level;	/* depth of the auditor's pid namespace */
	__u32 programs;		/* how many indexes are taken */
	__u32 session;		/* of the first process: see session_of() */
	__u32 groups;		/* how many there are with --each, besides the watched one */
	__u64 entered;		/* kprobe backend: cap_capable calls seen to begin */
	__u64 returned;		/* ... and to end */
	__u64 events;		/* --verbose events handed over */
	__u64 noted;		/* how often a program was noted for a kind */
	__u64 stack_records;	/* handed over */
	__u64 mapping_lists;
	/* audits of what runs */
	__u64 group;		/* id of the watched control group if it was made anew, else 0 */
	__s64 group_level;	/* how many are above it, as far as that is known: see in_group() */
	__u64 pid_ns;		/* address of the root's pid namespace: compared, never followed */
	/* processes of several threads that came into the group: only their leaders were adopted */
	__u64 rescans;
	/* tasks without storage, see struct ca_newborn */
	__u64 waiting;		/* how many there are, some of which may have ended */
	__u32 taken_back;	/* how often a program was no longer noted for a kind */
	__u64 listed;		/* when tasks last were, in jiffies */
	__u64 listed_at;	/* as listed, by the clock of events */
	/* losses */
	__u64 lost_tasks;	/* tasks that are not followed: their checks are missing */
	__u64 lost_checks;	/* checks by tasks that had no storage yet */
	__u64 lost_rows;	/* checks missing from the rows, still in the totals */
	__u64 lost_sites;	/* call sites not recorded */
	__u64 lost_outcomes;	/* syscall outcomes not recorded */
	__u64 lost_programs;	/* execs unseen, or of a program beyond CA_PROGRAMS */
	__u64 lost_events;	/* lines of --verbose or --events that are missing */
	__u64 lost_check_events; /* those of checks, but for what takes another back */
	__u64 lost_stacks;	/* user stacks that were to be taken and could not be handed over */
	__u64 lost_unasked;	/* grants without a check that could not be recorded, or not be judged */
	__u64 lost_objects;	/* looks at a check's object that could not be recorded */
	__u64 lost_code;	/* mappings of code of which the file could not be recorded */
};

#endif
