package audit

import "slices"

// UserNamespace says where a capability has to be held for what was done with it.
type UserNamespace string

// The answers; "" is not known.
const (
	// Inside: in a user namespace that the process is in, which owns its other namespaces and
	// has the users of its files, as that of a container.
	Inside UserNamespace = "inside"
	// OnHost: in the initial one.
	OnHost UserNamespace = "host"
)

// join is of two uses of a capability.
func (u UserNamespace) join(other UserNamespace) UserNamespace {
	switch {
	case u == other:
		return u
	case u == OnHost || other == OnHost:
		return OnHost
	}
	return ""
}

// onHost are wrappers that ask of the initial namespace, kernel/capability.c unless said otherwise, 5.15 to
// 7.3. One that ends by calling another may not be on the stack: see machines.
var onHost = []string{
	"capable", "capable_noaudit", // 7.3
	"has_capability", "has_capability_noaudit",
	"has_cap_mac_admin",             // security/selinux/hooks.c
	"bpf_token_capable",             // kernel/bpf/token.c: without a token
	"netlink_capable",               // net/netlink/af_netlink.c
	"sk_capable", "sockopt_capable", // net/core/sock.c
}

// inside are those that ask of the namespace which they are told, or which the process is in. None is
// ns_capable_common(), which capable() may end by calling, too.
var inside = []string{
	"ns_capable", "ns_capable_noaudit", "ns_capable_setid", "file_ns_capable",
	"capable_wrt_inode_uidgid",
	"inode_owner_or_capable", // fs/inode.c
}

// machines are functions that have these ask of the initial namespace all the same, or of the one
// that a file system was mounted in, mostly a container's by the host. Names as of 6.1 and 6.18.
var machines = []string{
	// by netlink_capable(): kernel/audit.c, which nobody else reaches; crypto/crypto_user_base.c,
	// since 6.11 crypto_user.c; net/sched/act_api.c; net/can/gw.c; net/dcb/dcbnl.c;
	// drivers/infiniband/core/netlink.c; drivers/scsi/scsi_netlink.c and scsi_transport_iscsi.c
	"audit_receive_msg", "audit_netlink_ok",
	"crypto_update_alg", "crypto_del_alg", "crypto_add_alg", "crypto_del_rng",
	"tc_ctl_action", "cgw_create_job", "cgw_remove_job", "dcb_doit",
	"rdma_nl_rcv_msg", "scsi_nl_rcv_msg", "iscsi_if_recv_msg",
	// &init_user_ns is named: fs/proc/base.c, kernel/seccomp.c, kernel/resource.c,
	// kernel/cgroup/cgroup-v1.c, drivers/pci, net/core/skbuff.c, security/safesetid
	"proc_map_files_get_link", "proc_pid_stack", "proc_pid_seccomp_cache", "r_show",
	"cgroup_release_agent_write", "pci_read_config", "proc_bus_pci_read", "skb_may_tx_timestamp",
	"handle_policy_update", "safesetid_uid_file_write", "safesetid_gid_file_write",
	// security/apparmor/policy.c: a namespace's policy is its own only with a namespace of AppArmor's
	"aa_policy_admin_capable", "policy_admin_capable", "aa_policy_view_capable", "policy_view_capable",
	// of s_user_ns: fs/ioctl.c, fs/namespace.c, fs/fsopen.c, security/commoncap.c
	"ioctl_fsfreeze", "ioctl_fsthaw", "do_vfs_ioctl", "do_remount", "vfs_fsconfig_locked",
	"vfs_cmd_reconfigure", "cap_inode_setxattr", "cap_inode_removexattr",
}

// either are functions that ask of both, by the same wrapper: net/netlink/genetlink.c.
var either = []string{"genl_rcv_msg", "genl_family_rcv_msg"}

// userNamespace is that of a call path.
func (s Site) userNamespace() UserNamespace {
	switch function := s.Function(); {
	case function == "" || slices.Contains(either, function):
		return ""
	case slices.ContainsFunc(onHost, s.through) || slices.Contains(machines, function):
		return OnHost
	case slices.ContainsFunc(inside, s.through):
		return Inside
	}
	return ""
}

// userNamespaceOf joins those of the granted checks, as far as their sites are known.
func userNamespaceOf(rows []Checks) UserNamespace {
	var joined UserNamespace
	first := true
	for _, row := range rows {
		if row.Verdict != Granted {
			continue
		}
		if len(row.Sites) == 0 {
			row.Sites = []Site{{}}
		}
		for _, site := range row.Sites {
			if u := site.userNamespace(); first {
				joined, first = u, false
			} else {
				joined = joined.join(u)
			}
		}
	}
	return joined
}
