package without

import (
	"strconv"
	"strings"
)

// lowPort: net/ipv4/af_inet.c, __inet_bind(), with include/net/ip.h, inet_port_requires_bind_service(). IPv6
// has the same.
func lowPort(_ *asking, u Use) (way, bool) {
	if u.Object.Port == 0 {
		return none()
	}
	return with("sysctl net.ipv4.ip_unprivileged_port_start=%, for everybody; or a .socket unit, if it "+
		"takes sockets from systemd", strconv.Itoa(u.Object.Port), lowest)
}

// rawSocket: net/ipv4/ping.c, ping_init_sock(); net/core/sock.c, sk_setsockopt(); net/ipv4/ip_sockglue.c,
// do_ip_setsockopt().
func rawSocket(_ *asking, u Use) (way, bool) {
	switch o := u.Object; {
	case strings.HasPrefix(o.Protocol, "raw icmp") && u.by("socket"):
		return plainly(`sysctl net.ipv4.ping_group_range="0 2147483647", for everybody, if it also takes ` +
			"SOCK_DGRAM, as ping does")
	case u.has("IP_TRANSPARENT"):
		return plainly("IP_FREEBIND in the place of IP_TRANSPARENT, if it only binds")
	case u.has("IPV6_TRANSPARENT"):
		return plainly("IPV6_FREEBIND in the place of IPV6_TRANSPARENT, if it only binds")
	case u.has("SO_PRIORITY"):
		return plainly("no more than 6 for SO_PRIORITY")
	}
	return none()
}

// network: net/core/sock.c, sk_setsockopt(); drivers/net/tun.c, tun_permitted().
func network(a *asking, u Use) (way, bool) {
	switch {
	case u.has("SO_RCVBUFFORCE"):
		return plainly("SO_RCVBUF in the place of SO_RCVBUFFORCE, and sysctl net.core.rmem_max=SIZE")
	case u.has("SO_SNDBUFFORCE"):
		return plainly("SO_SNDBUF in the place of SO_SNDBUFFORCE, and sysctl net.core.wmem_max=SIZE")
	case u.has("TUNSETIFF"):
		return with("ip tuntap add NAME mode tun user %, before it starts", a.account(), only)
	}
	return none()
}
