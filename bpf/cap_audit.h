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
	CA_PROGRAMS = 1024,	/* distinct programs told apart; 0 stands for the rest */
	CA_SYSCALLS = 576,	/* numbers told apart in each table; the last is x32's 547 as of 7.3 */
	CA_COMM = 16,		/* TASK_COMM_LEN */
	CA_FRAMES = 10,		/* kernel functions kept of one call site */
	CA_SYMBOL = 48,		/* bytes of a kernel function's name, the NUL included */
	CA_GROUP_DEPTH = 64,	/* levels of control groups looked at, from a task's upwards */
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

/* A row of the counts: checks alike in all of this are counted together. */
struct ca_check {
	__s32 syscall;		/* -1: outside of a system call, or one that has no number */
	__u32 program;		/* index into the programs, 0 if they ran out */
	__u8 capability;
	__u8 verdict;
	__u8 options;		/* CAP_OPT_*; 0 where the backend is not shown them */
	__u8 abi;
	__u8 scope;
	__u8 phase;		/* how many drops there had been */
	__u8 credentials;
	__u8 idle;		/* the system call's own arguments show that nothing depends on the answer */
};

/* Totals per capability: an array slot each, so that these always add up. */
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
	__s32 syscall;
	__u32 program;
	__u8 capability;	/* the one that would be asked for if the caller held less */
	__u8 abi;
	__u8 phase;		/* as in ca_check */
	__u8 details;
	__u8 pad[4];
};

struct ca_site_key {
	struct ca_check check;
	__u64 stack;		/* hash of the return addresses */
};

struct ca_site {
	__u64 samples;
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
	__u64 frames[CA_FRAMES]; /* the return addresses */
	/* where they lie on the kernel's stack, in words: up from the program's context; down from the user's
	   registers, where bit n of from_top says so of frame n */
	__u16 up[CA_FRAMES];
	__u16 down[CA_FRAMES];
	__u16 found[CA_FRAMES];	/* while learning: as up; 0 for not yet */
	__u16 pad[2];
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

/* How many checks were alike. */
struct ca_row {
	__u64 count;
	__u64 order;		/* rows made before it: which system call asked first */
};

/* One way that system calls ended: masks of the capabilities asked for, none for an exec that was refused. */
struct ca_outcome {
	__s64 result;		/* what the system call returned; success is 0 */
	__u64 granted;		/* 0 where the call succeeded: nothing to tell */
	__u64 denied;
	__u64 lsm_refused;
	__s32 syscall;
	__u32 abi;
};

struct ca_program {
	__u32 parent;
	__u32 ran;		/* it ran before it was watched, so that its path is not known here */
	__u64 processes;	/* processes that ran it: by exec, or by fork while running it */
	__u32 mode;		/* of the file that was executed first, a script's interpreter; 0 where it ran. With
				   what gives another user or group, of all files that were executed by this path */
	__s32 pid;		/* where it ran: a process that did, in the auditor's pid namespace */
	__u64 inode;		/* of that file */
	__u32 users[2];		/* the first two real user ids but root's that it ran as; 0 for none */
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
	__u32 last_way;		/* where that is in its bucket, from 1; 0 if it was walked, */
	__u32 pad;
	__u64 last_stack;	/* and then its hash; 0 for one unknown */
	struct ca_anchors anchors; /* of the check under way */
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

/* One line of --verbose. */
struct ca_event {
	__u32 kind;
	__s32 pid;		/* in the auditor's pid namespace */
	__s32 syscall;
	__u8 abi;
	__u8 capability;
	__u8 verdict;
	__u8 pad;
	__s64 result;
	struct ca_sets sets;	/* capset: the new sets; syscall: .effective is the denied mask */
	char comm[CA_COMM];
};

/* Facts and losses that are single numbers. */
struct ca_state {
	__u64 user_ns;		/* address of the first process's user namespace: compared, never followed */
	__u64 first_pid;	/* of the first process, in the auditor's pid namespace */
	__u32 pid_level;	/* depth of the auditor's pid namespace */
	__u32 phase;		/* how many drops there have been */
	__u32 programs;		/* how many indexes are taken */
	__u32 session;		/* of the first process: see session_of() */
	__u64 tasks;		/* tasks ever traced, threads included */
	__u64 capset_calls;	/* successful ones */
	struct ca_sets requested; /* union over the successful capset calls */
	__u64 entered;		/* kprobe backend: cap_capable calls seen to begin */
	__u64 returned;		/* ... and to end */
	__u64 events;		/* --verbose events handed over */
	__u64 kinds;		/* distinct checks and call sites so far */
	__u64 sessions;		/* programs executed in a login session that was opened in the tree */
	/* audits of what runs */
	__u64 group;		/* id of the watched control group if it was made anew, else 0 */
	__u64 pid_ns;		/* address of the root's pid namespace: compared, never followed */
	/* processes of several threads that came into the group: only their leaders were adopted */
	__u64 rescans;
	/* tasks without storage, see struct ca_newborn */
	__u64 waiting;		/* how many there are, some of which may have ended */
	/* losses */
	__u64 lost_tasks;	/* tasks that are not followed: their checks are missing */
	__u64 lost_checks;	/* checks by tasks that had no storage yet */
	__u64 lost_rows;	/* checks missing from the rows, still in the totals */
	__u64 lost_sites;	/* call sites not recorded */
	__u64 lost_outcomes;	/* syscall outcomes not recorded */
	__u64 lost_programs;	/* execs unseen, or of a program beyond CA_PROGRAMS */
	__u64 lost_events;	/* --verbose lines not printed */
	__u64 lost_unasked;	/* grants without a check that could not be recorded, or not be judged */
};

#endif
