package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func overridden(r Checks) Checks {
	r.Credentials.Overridden = true
	return r
}

func TestOverriddenCredentials(t *testing.T) {
	compat := sysAccess
	compat.ABI = "i386"
	advisory := places{Advisory: []int{unix.CAP_DAC_OVERRIDE}}
	required := places{Required: []int{unix.CAP_DAC_OVERRIDE}}
	for name, c := range map[string]struct {
		syscall Syscall
		want    places
	}{
		"overlayfs opens for the mounter":           {sysOpenat, advisory},
		"access asks with the real user id":         {sysAccess, required},
		"so does it in another ABI":                 {compat, required},
		"faccessat":                                 {Syscall{Number: 269, Name: "faccessat"}, required},
		"faccessat2":                                {Syscall{Number: 439, Name: "faccessat2"}, required},
		"io_uring has personalities":                {Syscall{Number: 426, Name: "io_uring_enter"}, required},
		"io_uring's workers have no system call":    {noSyscall, required},
		"a system call without a name could be any": {nameless, required},
		"an overlay is mounted for the caller":      {sysMount, required},
		"fsconfig mounts, too":                      {Syscall{Number: 431, Name: "fsconfig"}, required},
	} {
		t.Run(name, func(t *testing.T) {
			wantPlaces(t, observe(overridden(row(unix.CAP_DAC_OVERRIDE, Granted, c.syscall, 1,
				asked("inode_permission", 1)))), c.want)
		})
	}
}

// What lies below an overlay is asked for its attributes (xattr_permission()) with the mounter's credentials.
func TestAttributesBelowOverlay(t *testing.T) {
	for _, syscall := range []Syscall{sysAccess, sysMount} {
		wantPlaces(t, observe(overridden(row(unix.CAP_SYS_ADMIN, Granted, syscall, 3,
			asked("xattr_permission", 3)))), places{Advisory: []int{unix.CAP_SYS_ADMIN}})
	}
}

// Who mounts from below an overlay, or asks with access(2), has its directories searched in his own name, and
// its layers' in the mounter's.
func TestSearchBelowOverlay(t *testing.T) {
	const n = unix.CAP_DAC_READ_SEARCH
	own := by("capable_wrt_inode_uidgid", "generic_permission", "ovl_permission", "inode_permission")
	layers := by("capable_wrt_inode_uidgid", "generic_permission", "inode_permission", "ovl_permission",
		"inode_permission")
	found := by("capable_wrt_inode_uidgid", "generic_permission", "inode_permission", "lookup_one_unlocked",
		"ovl_lookup_single", "ovl_lookup_layer", "ovl_lookup", "__lookup_slow")
	for _, syscall := range []Syscall{sysAccess, sysMount} {
		wantPlaces(t, observe(overridden(row(n, Granted, syscall, 1, own))), places{Required: []int{n}})
		wantPlaces(t, observe(overridden(row(n, Granted, syscall, 1, layers))), places{Advisory: []int{n}})
		f := Analyze(observe(overridden(row(n, Granted, syscall, 3, own, layers, found))))
		if f.Required[0].Granted != 1 || f.Advisory[0].CallSites[0].Advisory != KernelsOwn {
			t.Errorf("%s: needed %+v, not needed %+v", syscall.Name, f.Required, f.Advisory)
		}
	}
}

func TestOverriddenRefusals(t *testing.T) {
	wantPlaces(t, observe(overridden(row(unix.CAP_DAC_OVERRIDE, Refused, sysOpenat, 1))),
		places{Advisory: []int{unix.CAP_DAC_OVERRIDE}})
	wantPlaces(t, observe(overridden(row(unix.CAP_DAC_OVERRIDE, Refused, sysAccess, 1))),
		places{Denied: []int{unix.CAP_DAC_OVERRIDE}})
}

// A file opener's credentials are not the task's either, but the program
// had to hold them when it opened the file.
func TestForeignCredentialsAreNeeds(t *testing.T) {
	r := row(unix.CAP_DAC_OVERRIDE, Granted, sysOpenat, 1)
	r.Credentials.Foreign = true
	wantPlaces(t, observe(r), places{Required: []int{unix.CAP_DAC_OVERRIDE}})
}

// Every advisory call site says why.
func TestOverriddenCredentialsAreExplained(t *testing.T) {
	f := Analyze(observe(overridden(row(unix.CAP_DAC_OVERRIDE, Granted, sysOpenat, 2,
		asked("ovl_permission", 2)))))
	want := []CallSite{{Function: "ovl_permission", Syscall: sysOpenat, Checks: 2,
		Advisory: KernelsOwn}}
	if diff := cmp.Diff(want, f.Advisory[0].CallSites); diff != "" {
		t.Errorf("call sites (-want +got):\n%s", diff)
	}
}
