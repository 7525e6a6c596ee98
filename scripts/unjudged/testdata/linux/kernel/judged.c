/* What the tables know: a probe, a decision, and a wrapper. */
int kallsyms_show_value(const struct cred *cred)
{
	return security_capable(cred, &init_user_ns, CAP_SYSLOG,
				CAP_OPT_NOAUDIT) == 0;
}

static struct seccomp_filter *seccomp_prepare_filter(struct sock_fprog *fprog)
{
	if (!ns_capable_noaudit(current_user_ns(), CAP_SYS_ADMIN))
		return ERR_PTR(-EACCES);
	return NULL;
}

bool capable_noaudit(int cap)
{
	return ns_capable_noaudit(&init_user_ns, cap);
}
