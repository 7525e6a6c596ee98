package real

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// spare is a capability that is recommended though the program does without, and
// why.
type spare struct {
	// asker is the kernel's function that asked, "nobody" where none did.
	capability, asker string
	// programs are first words of command lines; nil is for all.
	programs []string
	// instead is a capability that does, too, and is recommended as well.
	instead string
	reason  string
}

// What several programs have in common.
const (
	looksAround = "it looks at other users' processes or files, and leaves out what it cannot see"
	failsAnyway = "what it asked for is not to be had in any case"
)

// lookers are the programs that look around, makers those that open with O_CREAT
// what can be there.
var (
	lookers = []string{"blkid", "btrfs", "fuser", "gcore", "gdb", "ip6tables", "iptables", "iptables-save",
		"lsns", "lsof", "netstat", "pidstat", "ps", "pstree", "ss", "systemd-detect-virt", "tune2fs",
		"userdel", "usermod", "xfs_fsr", "xfs_info", "xfs_io", "xfs_quota", "xfs_spaceman"}
	makers = []string{"dd", "echo", "fallocate", "flock", "touch", "truncate"}
)

// spares are the known ones. Where the kernel's question never decides, it is a
// row of probes in audit/advisory.go, and none here.
var spares = []spare{
	{capability: "dac_read_search", asker: "generic_permission", instead: "dac_override",
		reason: "the kernel takes dac_override in its place"},
	{capability: "fowner", asker: "may_setattr", instead: "dac_override",
		reason: "who may write to a file may set its times to now"},
	{capability: "dac_override", asker: "generic_permission", instead: "fowner", programs: []string{"touch"},
		reason: "it sets the times also of a file that it cannot open"},
	// fs/namei.c, lookup_open(), where the directory entry is not in the cache
	{capability: "dac_override", asker: "generic_permission", programs: makers,
		reason: "the kernel asks whether the file could be made, and then sees that it is there"},
	{capability: "dac_override", asker: "generic_permission", programs: []string{"systemd-machine-id-setup"},
		reason: "where it cannot open its file for writing, it reads it"},
	{capability: "fsetid", asker: "posix_acl_update_mode",
		reason: "the kernel asks whether a setgid bit can stay, and there is none"},
	{capability: "sys_admin", asker: "xattr_permission",
		reason: "a trusted attribute that is not there is not found by anyone"},
	{capability: "sys_admin", asker: "vfs_dedupe_file_range_one",
		reason: "the kernel asks before it looks whether the file is open for writing"},
	{capability: "net_admin", asker: "__inet_diag_dump_start", programs: []string{"ss"},
		reason: "the kernel asks who filters sockets; only a filter by mark takes it"},
	{capability: "net_admin", asker: "cn_bind",
		reason: "since 6.6 events of processes are for everybody; the kernel asks first"},
	{capability: "net_admin", asker: "do_tcp_setsockopt",
		reason: "the kernel asks whoever chooses a way to control congestion; this one is for everybody"},
	{capability: "net_admin", asker: "sk_setsockopt", programs: []string{"lsusb", "udevadm"},
		reason: "where SO_RCVBUFFORCE is refused, the smaller buffer has to do"},
	{capability: "net_admin", asker: "nobody", programs: []string{"ping"}, reason: ownDropped},
	{capability: "ipc_lock", asker: "shmctl_do_lock",
		reason: "who owns the segment may lock it, up to a limit; the kernel asks first"},
	{capability: "sys_nice", asker: "kernel_migrate_pages",
		reason: "pages that other processes use, too, stay where they are"},
	{capability: "dac_read_search", asker: "generic_permission", programs: lookers, reason: looksAround},
	{capability: "sys_ptrace", asker: "call_proc_get_link", programs: lookers, reason: looksAround},
	{capability: "sys_ptrace", asker: "proc_ns_get_link", programs: lookers, reason: looksAround},
	{capability: "sys_ptrace", asker: "proc_fdinfo_permission", programs: lookers, reason: looksAround},
	{capability: "sys_ptrace", asker: "proc_pid_wchan", programs: lookers, reason: looksAround},
	{capability: "sys_ptrace", asker: "pid_maps_open", programs: lookers, reason: looksAround},
	{capability: "sys_ptrace", asker: "environ_open", programs: lookers, reason: looksAround},
	{capability: "sys_ptrace", asker: "nobody", programs: lookers, reason: looksAround},
	{capability: "perfmon", asker: "nobody", programs: lookers, reason: looksAround},
	{capability: "audit_write", asker: "audit_receive_msg", reason: notAudited},
	{capability: "sys_admin", asker: "btrfs_ioctl_defrag",
		reason: "who may write to a file may defragment it; the kernel asks first"},
	{capability: "sys_admin", asker: "xfs_ioc_bulkstat", programs: []string{"xfs_fsr"},
		reason: failsAnyway},
	{capability: "sys_admin", asker: "xfs_open_by_handle", programs: []string{"xfs_fsr"},
		reason: failsAnyway},
	{capability: "fowner", asker: "setattr_prepare", programs: []string{"busybox"},
		reason: "it goes on where it cannot set what it has given away"},
	{capability: "fsetid", asker: "setattr_should_drop_suidgid", programs: []string{"busybox"},
		reason: "a set-user-ID bit that is lost is set again by its next step"},
}

// short are sets that are recommended and not enough: the program looks itself
// at what it holds, which is no check of the kernel's. Proofs find these.
var short = []spare{
	{capability: "net_admin", programs: []string{"ip"},
		reason: "as an ordinary user it gives up all capabilities unless this one is inheritable"},
}

// why is the reason why a program does without a capability of the set.
func why(capability, asker, program string, set []string) *spare {
	for i, s := range spares {
		if s.capability == capability && s.asker == asker &&
			(s.programs == nil || slices.Contains(s.programs, program)) &&
			(s.instead == "" || slices.Contains(set, s.instead)) {
			return &spares[i]
		}
	}
	return nil
}

// lacking are capabilities that a set of the program's is known to lack.
func lacking(program string) []string {
	var names []string
	for _, s := range short {
		if slices.Contains(s.programs, program) {
			names = append(names, s.capability)
		}
	}
	return names
}

const spareHead = "| capability | the kernel's function | programs | why it was not needed |\n" +
	"|---|---|---|---|\n"

// The document has a row for each spare.
func TestSpares(t *testing.T) {
	text, err := os.ReadFile(tablePath)
	if os.IsNotExist(err) {
		t.Skipf("wanted the source tree: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), spareHead)
	if !found {
		t.Fatalf("%s has no table that begins with:\n%s", tablePath, spareHead)
	}
	var rows strings.Builder
	for _, s := range spares {
		programs := "any"
		if s.programs != nil {
			programs = strings.Join(s.programs, " ")
		}
		fmt.Fprintf(&rows, "| %s | `%s` | %s | %s |\n", s.capability, s.asker, programs, s.reason)
	}
	after := strings.TrimLeft(rest, " ")
	for strings.HasPrefix(after, "|") {
		_, after, _ = strings.Cut(after, "\n")
	}
	want := before + spareHead + rows.String() + after
	if *update {
		if err := os.WriteFile(tablePath, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(text) {
		t.Errorf("%s is not up to date; run go test ./test/real -run Spares -update", tablePath)
	}
}
