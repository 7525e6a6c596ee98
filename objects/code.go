package objects

import (
	"strconv"
	"strings"
)

// InWords is a system call as code can make it, such as setsockopt(1, 25), with the names of
// what its arguments ask for: those that the kernel decides by, ? for what is not known.
// Where they have none, it is the call alone.
func InWords(call string) string {
	name, rest, _ := strings.Cut(call, "(")
	var arguments []uint64
	for _, word := range strings.Split(strings.TrimSuffix(rest, ")"), ", ") {
		n, err := strconv.ParseUint(word, 0, 64)
		if err != nil {
			break
		}
		arguments = append(arguments, n)
	}
	words := ""
	switch known := len(arguments); {
	case name == "socket" && known == 3:
		s := SocketKind{Family: int(arguments[0]), Type: int(arguments[1] & 0xf), Protocol: int(arguments[2])}
		words = families.of(arguments[0], "family") + ", " + s.protocol()
	case name == "socket" && known > 0:
		words = families.of(arguments[0], "family")
	case name == "setsockopt" && known == 2:
		words = socketOptions[arguments[0]].of(arguments[1], levels.of(arguments[0], "level")+" option")
	case known > 0:
		if as := firstInWords[name]; as != nil {
			words = as(nil, arguments[0])
		}
	}
	if words == "" {
		return name
	}
	return name + "(" + words + ")"
}

// firstInWords is for calls of which the first that is shown says it all.
var firstInWords = map[string]func(*naming, uint64) string{
	"prctl": asPrctl, "keyctl": asKeyctl, "fcntl": asFcntl, "bpf": asBPF, "syslog": asSyslog,
	"ioctl": func(n *naming, value uint64) string { return strings.TrimPrefix(asIoctl(n, value), "ioctl ") },
}
