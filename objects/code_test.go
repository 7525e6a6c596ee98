package objects

import "testing"

func TestInWords(t *testing.T) {
	for call, want := range map[string]string{
		"chroot":               "chroot",
		"kill(0)":              "kill",
		"socket(16, 3, 9)":     "socket(netlink, audit)",
		"socket(2, 3, 1)":      "socket(IPv4, raw icmp)",
		"socket(2, 524290, 0)": "socket(IPv4, udp)",
		"socket(17, ?, ?)":     "socket(packet)",
		"socket(?, 2|0|1, 0)":  "socket",
		"setsockopt(1, 25)":    "setsockopt(SO_BINDTODEVICE)",
		"setsockopt(41, 200)":  "setsockopt(IPPROTO_IPV6 option 200)",
		"setsockopt(1, ?)":     "setsockopt",
		"prctl(22)":            "prctl(PR_SET_SECCOMP)",
		"prctl(35)":            "prctl(PR_SET_MM)",
		"ioctl(0x5412, ?)":     "ioctl(TIOCSTI)",
		"ioctl(0x400454ca, ?)": "ioctl(TUNSETIFF)",
		"ioctl(0xffff, ?)":     "ioctl(0xffff)",
		"fcntl(4, ?)":          "fcntl(F_SETFL)",
		"keyctl(22)":           "keyctl(KEYCTL_GET_PERSISTENT)",
		"any system call":      "any system call",
		"/proc/%d/attr/%s":     "/proc/%d/attr/%s",
		"prctl(1|2)":           "prctl",
		"(":                    "",
	} {
		if got := InWords(call); got != want {
			t.Errorf("%s: %q, want %q", call, got, want)
		}
	}
}
