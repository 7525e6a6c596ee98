package report

import (
	"strings"

	"golang.org/x/sys/unix"
)

// kernelErrnos are codes that system calls return inside the kernel and that
// user space is not meant to see (include/linux/errno.h, Linux 6.12). The
// ERESTART ones become EINTR or a restarted call.
var kernelErrnos = map[int]string{
	512: "ERESTARTSYS",
	513: "ERESTARTNOINTR",
	514: "ERESTARTNOHAND",
	515: "ENOIOCTLCMD",
	516: "ERESTART_RESTARTBLOCK",
	517: "EPROBE_DEFER",
	518: "EOPENSTALE",
	519: "ENOPARAM",
	524: "ENOTSUPP",
}

// errnoName is the name of a positive error code, "" if it has none.
func errnoName(code int) string {
	if name, ok := kernelErrnos[code]; ok {
		return name
	}
	return unix.ErrnoName(unix.Errno(code))
}

// kernelOnly tells the codes of the contract that have no errno. The others of
// kernelErrnos do leak to user space, as the errno they are.
func kernelOnly(code int) bool {
	return strings.HasPrefix(kernelErrnos[code], "ERESTART")
}

// strerror is what strerror(3) says of a code, "" if it says nothing. Go has
// the same texts, begun in lower case.
func strerror(code int) string {
	if unix.ErrnoName(unix.Errno(code)) == "" {
		return ""
	}
	text := unix.Errno(code).Error()
	return strings.ToUpper(text[:1]) + text[1:]
}
