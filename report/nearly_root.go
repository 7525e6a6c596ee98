package report

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/capng"
)

// nearlyRoot is what whoever takes a program over can do with a capability that
// leads to most others: a clause. The functions are those of Linux 6.1 to 7.3.
//
// Not here: setpcap, which gives nothing that the bounding set lacks (cap_capset()
// in security/commoncap.c); mac_admin and mac_override, which give nothing that
// modes and owners of files withhold; sys_chroot, since a root directory of one's own
// is of use only with a link to a set-user-ID file in it, and fs.protected_hardlinks
// forbids that; net_admin and perfmon, which change or show a lot and run nothing.
var nearlyRoot = map[int]string{
	unix.CAP_CHOWN:           "makes any file its own", // setattr_prepare()
	unix.CAP_DAC_OVERRIDE:    "writes any file",        // generic_permission()
	unix.CAP_DAC_READ_SEARCH: "reads any file, password hashes too",
	unix.CAP_FOWNER:          "changes any file's mode",                     // inode_owner_or_capable()
	unix.CAP_SETGID:          "joins any group, disk too",                   // ns_capable_setid()
	unix.CAP_SETUID:          "becomes root",                                // ns_capable_setid()
	unix.CAP_SYS_MODULE:      "loads code into the kernel",                  // may_init_module()
	unix.CAP_SYS_RAWIO:       "reaches devices and memory past the kernel",  // ksys_ioperm(), open_port()
	unix.CAP_SYS_PTRACE:      "takes any process over, root's too",          // __ptrace_may_access()
	unix.CAP_SYS_ADMIN:       "mounts, enters namespaces, and much besides", // may_mount(), ...
	unix.CAP_SYS_BOOT:        "starts another kernel",                       // kexec_load_permitted()
	unix.CAP_MKNOD:           "makes itself the device node of any disk",    // vfs_mknod()
	unix.CAP_SETFCAP:         "gives a file any capability",                 // cap_convert_nscap()
	unix.CAP_BPF:             "loads programs into the kernel, which read all memory with perfmon",
}

// Dangers name the recommended capabilities that are nearly as good as root, each
// with the reason: sentences.
func (d *Document) Dangers() []string {
	return d.dangers("%s is nearly as good as root to whoever takes the program over: it %s.")
}

// dangers has the form for a name and a clause.
func (d *Document) dangers(form string) []string {
	var list []string
	for _, n := range d.advice.Grant {
		if reason := nearlyRoot[n]; reason != "" {
			list = append(list, fmt.Sprintf(form, capng.Name(n), reason))
		}
	}
	return list
}
