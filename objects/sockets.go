package objects

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

var families = names{unix.AF_UNIX: "unix", unix.AF_INET: "IPv4", unix.AF_INET6: "IPv6",
	unix.AF_NETLINK: "netlink", unix.AF_PACKET: "packet", unix.AF_KEY: "key", unix.AF_BLUETOOTH: "bluetooth",
	unix.AF_CAN: "CAN", unix.AF_VSOCK: "vsock", unix.AF_ALG: "alg", unix.AF_XDP: "XDP", unix.AF_TIPC: "TIPC"}

var socketTypes = names{unix.SOCK_STREAM: "stream", unix.SOCK_DGRAM: "datagram", unix.SOCK_RAW: "raw",
	unix.SOCK_SEQPACKET: "seqpacket", unix.SOCK_RDM: "rdm"}

var netlinks = names{unix.NETLINK_ROUTE: "route", unix.NETLINK_SOCK_DIAG: "sock_diag",
	unix.NETLINK_XFRM: "xfrm", unix.NETLINK_AUDIT: "audit", unix.NETLINK_CONNECTOR: "connector",
	unix.NETLINK_NETFILTER: "netfilter", unix.NETLINK_KOBJECT_UEVENT: "uevent",
	unix.NETLINK_GENERIC: "generic", unix.NETLINK_CRYPTO: "crypto"}

var protocols = names{unix.IPPROTO_ICMP: "icmp", unix.IPPROTO_TCP: "tcp", unix.IPPROTO_UDP: "udp",
	unix.IPPROTO_ICMPV6: "icmpv6", unix.IPPROTO_SCTP: "sctp", unix.IPPROTO_UDPLITE: "udplite",
	unix.IPPROTO_MPTCP: "mptcp", unix.IPPROTO_RAW: "raw", unix.IPPROTO_GRE: "gre", unix.IPPROTO_ESP: "esp"}

func asFamily(n *naming, value uint64) string {
	if n.Socket == nil {
		n.Socket = &SocketKind{Family: int(value)}
	}
	return ""
}

// asSocketType takes off SOCK_NONBLOCK and SOCK_CLOEXEC.
func asSocketType(n *naming, value uint64) string {
	n.Socket.Type = int(value & 0xf)
	return ""
}

func asSocketProtocol(n *naming, value uint64) string {
	n.Socket.Protocol = int(value)
	return ""
}

// protocol of a socket in words: what it is by its type, where it has no number.
func (s SocketKind) protocol() string {
	kind := socketTypes.of(uint64(s.Type), "type")
	number := uint64(s.Protocol)
	switch {
	case s.Family == unix.AF_NETLINK:
		return netlinks.of(number, "protocol")
	case s.Family == unix.AF_PACKET:
		// include/uapi/linux/if_ether.h, as it goes over the wire
		if ether := uint16(number)<<8 | uint16(number)>>8; ether != 0 {
			return fmt.Sprintf("%s, protocol %#04x", kind, ether)
		}
		return kind
	case s.Family != unix.AF_INET && s.Family != unix.AF_INET6:
		return kind
	case s.Type == unix.SOCK_RAW:
		return "raw " + protocols.of(number, "protocol")
	case number != 0:
		return protocols.of(number, "protocol")
	case s.Type == unix.SOCK_STREAM:
		return "tcp"
	case s.Type == unix.SOCK_DGRAM:
		return "udp"
	}
	return kind
}

func (n *naming) socket(o *Object) {
	if s := n.Socket; s != nil {
		o.Family, o.Protocol = families.of(uint64(s.Family), "family"), s.protocol()
	} else if n.Address != nil {
		o.Family = families.of(uint64(binary.NativeEndian.Uint16(n.Address)), "family")
	}
	o.Address, o.Port = n.endpoint()
	if n.Message >= 0 && n.Socket != nil && n.Socket.Family == unix.AF_NETLINK {
		o.Message = fmt.Sprintf("message type %d", n.Message)
		if name := messages[n.Socket.Protocol][uint64(n.Message)]; name != "" {
			o.Message = name
		}
	}
}

// messages are those that ask for capabilities, by protocol of netlink. Those of audit are from
// uapi/linux/audit.h and the audit library, which PAM sends them by.
var messages = map[int]names{unix.NETLINK_ROUTE: routes, unix.NETLINK_AUDIT: {unix.AUDIT_GET: "AUDIT_GET",
	unix.AUDIT_SET: "AUDIT_SET", unix.AUDIT_ADD_RULE: "AUDIT_ADD_RULE",
	unix.AUDIT_DEL_RULE:   "AUDIT_DEL_RULE",
	unix.AUDIT_LIST_RULES: "AUDIT_LIST_RULES", unix.AUDIT_USER: "AUDIT_USER",
	1100: "AUDIT_USER_AUTH", 1101: "AUDIT_USER_ACCT", 1102: "AUDIT_USER_MGMT", 1103: "AUDIT_CRED_ACQ",
	1104: "AUDIT_CRED_DISP", 1105: "AUDIT_USER_START", 1106: "AUDIT_USER_END", 1107: "AUDIT_USER_AVC",
	1108: "AUDIT_USER_CHAUTHTOK", 1109: "AUDIT_USER_ERR", 1110: "AUDIT_CRED_REFR", 1112: "AUDIT_USER_LOGIN",
	1113: "AUDIT_USER_LOGOUT", 1114: "AUDIT_ADD_USER", 1115: "AUDIT_DEL_USER", 1116: "AUDIT_ADD_GROUP",
	1117: "AUDIT_DEL_GROUP", 1119: "AUDIT_CHGRP_ID", 1122: "AUDIT_USER_SELINUX_ERR", 1125: "AUDIT_CHUSER_ID",
	1126: "AUDIT_GRP_AUTH", 1128: "AUDIT_SYSTEM_SHUTDOWN", 1129: "AUDIT_SYSTEM_RUNLEVEL",
	1132: "AUDIT_GRP_MGMT", 1133: "AUDIT_GRP_CHAUTHTOK", 1135: "AUDIT_ACCT_LOCK", 1136: "AUDIT_ACCT_UNLOCK",
	1123: "AUDIT_USER_CMD", 1127: "AUDIT_SYSTEM_BOOT", 1130: "AUDIT_SERVICE_START",
	1131: "AUDIT_SERVICE_STOP"}}

var routes = names{unix.RTM_NEWLINK: "RTM_NEWLINK", unix.RTM_DELLINK: "RTM_DELLINK",
	unix.RTM_GETLINK: "RTM_GETLINK", unix.RTM_SETLINK: "RTM_SETLINK", unix.RTM_NEWADDR: "RTM_NEWADDR",
	unix.RTM_DELADDR: "RTM_DELADDR", unix.RTM_NEWROUTE: "RTM_NEWROUTE", unix.RTM_DELROUTE: "RTM_DELROUTE",
	unix.RTM_NEWNEIGH: "RTM_NEWNEIGH", unix.RTM_DELNEIGH: "RTM_DELNEIGH", unix.RTM_NEWRULE: "RTM_NEWRULE",
	unix.RTM_DELRULE: "RTM_DELRULE", unix.RTM_NEWQDISC: "RTM_NEWQDISC", unix.RTM_DELQDISC: "RTM_DELQDISC",
	unix.RTM_NEWTCLASS: "RTM_NEWTCLASS", unix.RTM_NEWTFILTER: "RTM_NEWTFILTER",
	unix.RTM_NEWNSID: "RTM_NEWNSID", unix.RTM_NEWNEXTHOP: "RTM_NEWNEXTHOP"}

var levels = names{unix.SOL_SOCKET: "SOL_SOCKET", unix.SOL_IP: "IPPROTO_IP", unix.SOL_IPV6: "IPPROTO_IPV6",
	unix.SOL_TCP: "IPPROTO_TCP", unix.SOL_UDP: "IPPROTO_UDP", unix.SOL_RAW: "IPPROTO_RAW",
	unix.SOL_PACKET: "SOL_PACKET", unix.SOL_NETLINK: "SOL_NETLINK"}

func asLevel(_ *naming, value uint64) string { return levels.of(value, "level") }

// asSocketOption is by the level, the argument before.
func asSocketOption(n *naming, value uint64) string {
	return socketOptions[n.Arguments[1]].of(value, "option")
}

// socketOptions are those that ask for capabilities, by level.
var socketOptions = map[uint64]names{
	unix.SOL_SOCKET: {unix.SO_DEBUG: "SO_DEBUG", unix.SO_PRIORITY: "SO_PRIORITY", unix.SO_MARK: "SO_MARK",
		unix.SO_BINDTODEVICE: "SO_BINDTODEVICE", unix.SO_BINDTOIFINDEX: "SO_BINDTOIFINDEX",
		unix.SO_SNDBUFFORCE: "SO_SNDBUFFORCE", unix.SO_RCVBUFFORCE: "SO_RCVBUFFORCE",
		unix.SO_BUSY_POLL: "SO_BUSY_POLL", unix.SO_PREFER_BUSY_POLL: "SO_PREFER_BUSY_POLL",
		unix.SO_BUSY_POLL_BUDGET: "SO_BUSY_POLL_BUDGET", unix.SO_TXTIME: "SO_TXTIME",
		unix.SO_ATTACH_REUSEPORT_EBPF: "SO_ATTACH_REUSEPORT_EBPF", unix.SO_ATTACH_BPF: "SO_ATTACH_BPF",
		unix.SO_LOCK_FILTER: "SO_LOCK_FILTER", unix.SO_DETACH_FILTER: "SO_DETACH_FILTER",
		unix.SO_PEERPIDFD: "SO_PEERPIDFD", unix.SO_RESERVE_MEM: "SO_RESERVE_MEM"},
	unix.SOL_IP: {unix.IP_TRANSPARENT: "IP_TRANSPARENT", unix.IP_HDRINCL: "IP_HDRINCL",
		unix.IP_OPTIONS: "IP_OPTIONS", unix.IP_TOS: "IP_TOS", unix.IP_IPSEC_POLICY: "IP_IPSEC_POLICY",
		unix.IP_XFRM_POLICY: "IP_XFRM_POLICY",
		// uapi/linux/netfilter_ipv4/ip_tables.h
		64: "IPT_SO_SET_REPLACE", 65: "IPT_SO_SET_ADD_COUNTERS"},
	unix.SOL_IPV6: {unix.IPV6_TRANSPARENT: "IPV6_TRANSPARENT", unix.IPV6_HOPOPTS: "IPV6_HOPOPTS",
		unix.IPV6_DSTOPTS: "IPV6_DSTOPTS", unix.IPV6_RTHDR: "IPV6_RTHDR",
		unix.IPV6_RTHDRDSTOPTS: "IPV6_RTHDRDSTOPTS", unix.IPV6_HDRINCL: "IPV6_HDRINCL",
		unix.IPV6_IPSEC_POLICY: "IPV6_IPSEC_POLICY", unix.IPV6_XFRM_POLICY: "IPV6_XFRM_POLICY",
		64: "IP6T_SO_SET_REPLACE", 65: "IP6T_SO_SET_ADD_COUNTERS"},
	unix.SOL_TCP: {unix.TCP_CONGESTION: "TCP_CONGESTION", unix.TCP_REPAIR: "TCP_REPAIR",
		unix.TCP_ULP: "TCP_ULP", unix.TCP_MD5SIG: "TCP_MD5SIG", unix.TCP_FASTOPEN_KEY: "TCP_FASTOPEN_KEY"},
	unix.SOL_NETLINK: {unix.NETLINK_ADD_MEMBERSHIP: "NETLINK_ADD_MEMBERSHIP",
		unix.NETLINK_LISTEN_ALL_NSID: "NETLINK_LISTEN_ALL_NSID",
		unix.NETLINK_BROADCAST_ERROR: "NETLINK_BROADCAST_ERROR",
		unix.NETLINK_NO_ENOBUFS:      "NETLINK_NO_ENOBUFS"},
}
