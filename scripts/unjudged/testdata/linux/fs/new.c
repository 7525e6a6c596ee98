/* What nobody has judged, in the shapes that functions have. */
extern bool capable_noaudit(int cap);

#define MODE (PTRACE_MODE_READ | PTRACE_MODE_NOAUDIT)

static int one_line(void)
{
	return capable_noaudit(CAP_FOWNER);
}

STATIC struct file *
type_apart(
	struct inode		*inode)
{
	if (!has_capability_noaudit(current,
				    CAP_SYS_ADMIN))
		return NULL;
out:
	return file;
}
EXPORT_SYMBOL_GPL(type_apart);

SYSCALL_DEFINE2(newcall, int, fd,
		unsigned int, flags)
{
	const char *url = "http://example.org/*";

	return ptrace_may_access(task, PTRACE_MODE_READ_FSCREDS | PTRACE_MODE_NOAUDIT);
}

bool by_capable_of_the_tracer(struct task_struct *tsk)
{
	return ptracer_capable(tsk, &init_user_ns);
}

/* These ask nothing. */
static int only_told(int opts)
{
	/* ns_capable_noaudit(ns, CAP_SYS_ADMIN) would be wrong here, */
	// and so would capable_noaudit(CAP_SYS_ADMIN)
	pr_info("not by capable_noaudit()");
	return opts & CAP_OPT_NOAUDIT;
}
