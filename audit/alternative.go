package audit

import "golang.org/x/sys/unix"

// Alternatives are the lesser capabilities that the kernel takes in the place of
// one in some functions, and asks for beside it where both are refused:
// generic_permission() in fs/namei.c to read; perfmon_capable(), bpf_capable() and
// checkpoint_restore_ns_capable() in include/linux/capability.h;
// check_syslog_permissions() in kernel/printk/printk.c of 6.1; and choices.
func Alternatives(greater int) []int {
	list := map[int][]int{
		unix.CAP_DAC_OVERRIDE: {unix.CAP_DAC_READ_SEARCH},
		unix.CAP_SYS_ADMIN: {unix.CAP_PERFMON, unix.CAP_BPF, unix.CAP_CHECKPOINT_RESTORE,
			unix.CAP_SYSLOG},
	}[greater]
	for _, ch := range choices {
		if ch.asked == greater {
			list = append(list, ch.enough)
		}
	}
	return list
}
