package capng

import "strings"

// Upper is capability n as Kubernetes and Docker spell it: NET_RAW.
func Upper(n int) string {
	return strings.ToUpper(strings.TrimPrefix(Name(n), "cap_"))
}

// Constant is capability n as the kernel's headers and systemd spell it:
// CAP_NET_RAW.
func Constant(n int) string { return "CAP_" + Upper(n) }
