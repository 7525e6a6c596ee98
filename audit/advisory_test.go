package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// example is a row of n checks that fall under the probe: through its wrapper,
// and idle where only idle ones do.
func (p probe) example(function string, v Verdict, n uint64) Checks {
	wrapper := "capable"
	if p.through != "" {
		wrapper = p.through
	}
	r := row(p.capability, v, sysOpenat, n, through(wrapper, function, n))
	r.Idle = p.onlyIdle
	return r
}

// idle is such a row where the call's arguments show that the answer does not matter.
func idle(r Checks) Checks { r.Idle = true; return r }

func TestEachProbe(t *testing.T) {
	for _, p := range probes {
		for _, function := range p.functions {
			t.Run(function, func(t *testing.T) {
				n := p.capability
				probed := places{Advisory: []int{n}}
				needed := places{Required: []int{n}}

				wantPlaces(t, observe(p.example(function, Granted, 1)), probed)
				wantPlaces(t, observe(p.example(function, Refused, 1)), probed)

				r := p.example("some_other_function", Granted, 1)
				wantPlaces(t, observe(r), needed)
				r = p.example("some_other_function", Refused, 1)
				wantPlaces(t, observe(r), places{Denied: []int{n}})

				r = p.example(function, Granted, 1)
				r.Capability = unix.CAP_KILL // which nothing asks for in vain
				wantPlaces(t, observe(r), places{Required: []int{unix.CAP_KILL}})

				if p.onlyIdle {
					r = p.example(function, Granted, 1)
					r.Idle = false
					wantPlaces(t, observe(r), needed)
				}
				if p.through != "" {
					r = p.example(function, Granted, 1)
					r.Sites = []Site{through("capable", function, 1)}
					wantPlaces(t, observe(r), needed)
				}

				f := Analyze(observe(p.example(function, Granted, 3)))
				want := []Advisory{{Number: n, Tally: Tally{Granted: 3}, CallSites: []CallSite{
					{Function: function, Syscall: sysOpenat, Checks: 3, Advisory: p.consequence}}}}
				if diff := cmp.Diff(want, f.Advisory); diff != "" {
					t.Errorf("advisory (-want +got):\n%s", diff)
				}
				if f.Recommended() != 0 {
					t.Errorf("recommended %#x", f.Recommended())
				}
			})
		}
	}
}

// A row of the table that no call path can match, or that says nothing, is a mistake.
func TestProbesCanMatch(t *testing.T) {
	type place struct {
		capability int
		function   string
	}
	seen := map[place]bool{}
	for _, p := range probes {
		if len(p.functions) == 0 || p.consequence == "" {
			t.Errorf("%+v: no function or no consequence", p)
		}
		if p.through != "" && !isPlumbing(p.through) {
			t.Errorf("%s is no plumbing: the asker would never be looked for above it", p.through)
		}
		for _, function := range p.functions {
			if isPlumbing(function) || trimVariant(function) != function {
				t.Errorf("%s can never be the asker", function)
			}
			if seen[place{p.capability, function}] {
				t.Errorf("%s is there twice for capability %d", function, p.capability)
			}
			seen[place{p.capability, function}] = true
		}
	}
}

// What the issue and the contract name, whatever the table says.
func TestKnownProbes(t *testing.T) {
	for name, r := range map[string]Checks{
		"overcommit": row(21, Granted, sysBrk, 1,
			by("cap_capable", "cap_vm_enough_memory")),
		"overcommit, inlined": row(21, Granted, sysBrk, 1,
			by("security_vm_enough_memory_mm")),
		"exec's credentials":        row(7, Granted, sysExecve, 1, asked("cap_bprm_creds_from_file", 1)),
		"exec's credentials, LSM's": row(7, Refused, sysExecve, 1, asked("security_bprm_creds_from_file", 1)),
		"capset's look at SETPCAP":  idle(row(8, Granted, sysCapset, 1, asked("cap_capset", 1))),
		"kallsyms":                  row(34, Granted, sysOpenat, 1, asked("kallsyms_show_value", 1)),
		"%pK": row(34, Granted, sysOpenat, 1,
			through("has_capability_noaudit", "restricted_pointer", 1)),
		"setgid, none at stake": idle(row(4, Granted, sysChmod, 1,
			through("capable_wrt_inode_uidgid", "setattr_prepare", 1))),
		"an ACL, no setgid bit": idle(row(4, Granted, sysOpenat, 1,
			through("capable_wrt_inode_uidgid", "posix_acl_update_mode", 1))),
		"setgid to the same": idle(row(6, Granted, sysOpenat, 1,
			through("ns_capable_setid", "__sys_setgid", 1))),
		"the header of a PCI device": idle(row(21, Granted, sysOpenat, 1, asked("pci_read_config", 1))),
		"an overlay reads a layer": row(3, Granted, sysMount, 1,
			through("inode_owner_or_capable", "ovl_path_open", 1)),
		"a mount of ext4": idle(row(23, Granted, sysMount, 1, asked("cap_safe_nice", 1))),
		"reserved blocks": row(24, Granted, sysOpenat, 1, asked("ext4_has_free_clusters", 1)),
		"OOM's lower bound": row(24, Granted, sysOpenat, 1,
			through("has_capability_noaudit", "__set_oom_adj", 1)),
		"chmod by the owner, XFS": row(3, Granted, sysChmod, 1,
			through("has_capability_noaudit", "xfs_setattr_nonsize", 1)),
		"chattr by the owner, XFS": row(3, Granted, sysOpenat, 1,
			through("capable_noaudit", "xfs_ioctl_setattr_get_trans", 1)),
		"MSG_ZEROCOPY": row(14, Granted, sysOpenat, 1, asked("mm_account_pinned_pages", 1)),
		"a label's name": row(33, Granted, sysOpenat, 1,
			by("cap_capable", "has_cap_mac_admin", "selinux_inode_getsecurity")),
		"fanotify by handles": idle(row(21, Granted, sysOpenat, 1, asked("__do_sys_fanotify_init", 1))),
	} {
		t.Run(name, func(t *testing.T) {
			wantPlaces(t, observe(r), places{Advisory: []int{r.Capability}})
		})
	}
}

func TestKnownNeeds(t *testing.T) {
	for name, r := range map[string]Checks{
		"mount": row(21, Granted, sysMount, 1, asked("path_mount", 1)),
		"a set-user-ID program, traced": row(19, Granted, sysExecve, 1,
			through("ptracer_capable", "cap_bprm_creds_from_file", 1)),
		"a setgid bit at stake": row(4, Granted, sysChmod, 1,
			through("capable_wrt_inode_uidgid", "setattr_prepare", 1)),
		"an ACL, a setgid bit": row(4, Granted, sysOpenat, 1,
			through("capable_wrt_inode_uidgid", "posix_acl_update_mode", 1)),
		"setgid to another": row(6, Granted, sysOpenat, 1,
			through("ns_capable_setid", "__sys_setgid", 1)),
		"the registers of a PCI device": row(21, Granted, sysOpenat, 1, asked("pci_read_config", 1)),
		"renice of another":             row(23, Granted, sysOpenat, 1, asked("cap_safe_nice", 1)),
		"fanotify by descriptors":       row(21, Granted, sysOpenat, 1, asked("__do_sys_fanotify_init", 1)),
		"a new label, SELinux": row(33, Granted, sysOpenat, 1,
			by("cap_capable", "has_cap_mac_admin", "selinux_inode_setxattr")),
		"a lower OOM score":     row(24, Granted, sysOpenat, 1, asked("__set_oom_adj", 1)),
		"a site without frames": row(21, Granted, sysBrk, 1, by()),
		"a walk that ended in plumbing": row(21, Granted, sysBrk, 1,
			by("cap_capable", "capable")),
		"no site at all": row(21, Granted, sysBrk, 1),
		"the probe's function further up": row(21, Granted, sysBrk, 1,
			by("cap_capable", "capable", "new_function", "cap_vm_enough_memory")),
	} {
		t.Run(name, func(t *testing.T) {
			wantPlaces(t, observe(r), places{Required: []int{r.Capability}})
		})
	}
}

// Compilers clone and inline, and modules are named after their functions.
func TestProbesUnderVariants(t *testing.T) {
	for _, frame := range []string{
		"cap_vm_enough_memory.isra.0", "cap_vm_enough_memory.constprop.0.cold",
		"cap_vm_enough_memory.part.0.llvm.123 [module]",
		"cap_vm_enough_memory [lsm]",
	} {
		t.Run(frame, func(t *testing.T) {
			r := row(unix.CAP_SYS_ADMIN, Granted, sysBrk, 1, by("cap_capable.isra.0", frame))
			wantPlaces(t, observe(r), places{Advisory: []int{unix.CAP_SYS_ADMIN}})
		})
	}
}

// One row can have both: the same capability, system call and program.
func TestRowWithNeedsAndProbes(t *testing.T) {
	for name, c := range map[string]struct {
		probed, needed, count    uint64
		wantAdvisory, wantNeeded uint64
	}{
		"all sites known":        {7, 3, 10, 7, 3},
		"the unknown are needs":  {7, 1, 10, 7, 3},
		"no need known":          {7, 0, 10, 7, 3},
		"no probe":               {0, 10, 10, 0, 10},
		"all probes":             {10, 0, 10, 10, 0},
		"sites ahead of the row": {12, 0, 10, 10, 0},
		// the row was read first, its sites a moment later: a need that
		// was seen stays one
		"sites ahead of the row, a need among them": {10, 1, 10, 9, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := row(unix.CAP_SYS_ADMIN, Granted, sysMount, c.count)
			if c.probed > 0 {
				r.Sites = append(r.Sites, asked("cap_vm_enough_memory", c.probed))
			}
			if c.needed > 0 {
				r.Sites = append(r.Sites, asked("path_mount", c.needed))
			}
			f := Analyze(observe(r))
			var advisory, needed uint64
			for _, a := range f.Advisory {
				advisory += a.Granted
			}
			for _, c := range f.Required {
				needed += c.Granted
				for _, site := range c.CallSites {
					if site.Function != "path_mount" {
						t.Errorf("%s is a call site of the need", site.Function)
					}
				}
			}
			if advisory != c.wantAdvisory || needed != c.wantNeeded {
				t.Errorf("%d advisory, %d needed; want %d, %d", advisory, needed, c.wantAdvisory,
					c.wantNeeded)
			}
		})
	}
}

func TestIdleMask(t *testing.T) {
	var probe, idle uint64
	for _, p := range probes {
		probe |= 1 << p.capability
		if p.onlyIdle {
			idle |= 1 << p.capability
		}
	}
	if IdleMask() != idle {
		t.Errorf("IdleMask() = %#x; want %#x", IdleMask(), idle)
	}
	// overcommit is a matter of SYS_ADMIN, setgid bits of FSETID
	if probe>>unix.CAP_SYS_ADMIN&1 == 0 || idle>>unix.CAP_FSETID&1 == 0 || idle&^probe != 0 {
		t.Errorf("probed for are %#x, idle of these %#x", probe, idle)
	}
}

// A probe that was refused is a need where a call failed as one does that it is too much for, and where
// that call came from there, as far as that is known.
func TestProbesThatHinder(t *testing.T) {
	const n = unix.CAP_SYS_RESOURCE
	probed, refused := places{Advisory: []int{n}}, places{Denied: []int{n}}
	for name, c := range map[string]struct {
		function string
		verdict  Verdict
		errno    unix.Errno
		kind     int // of the outcome; that of the site is 1
		want     places
	}{
		"no more blocks":              {"ext4_has_free_clusters", Refused, unix.ENOSPC, 1, refused},
		"from one of several sites":   {"ext4_has_free_clusters", Refused, unix.ENOSPC, 0, refused},
		"from another site":           {"ext4_has_free_clusters", Refused, unix.ENOSPC, 2, probed},
		"it was granted":              {"ext4_has_free_clusters", Granted, unix.ENOSPC, 1, probed},
		"it succeeded":                {"ext4_has_free_clusters", Refused, 0, 1, probed},
		"it failed otherwise":         {"ext4_has_free_clusters", Refused, unix.EFBIG, 1, probed},
		"another permission was none": {"ext4_has_free_clusters", Refused, unix.EACCES, 1, probed},
		"nothing can fail for it":     {"set_permissions", Refused, unix.ENOSPC, 1, probed},
	} {
		t.Run(name, func(t *testing.T) {
			r := idle(row(n, c.verdict, sysOpenat, 3, asked(c.function, 3)))
			r.Sites[0].Kind = 1
			o := observe(r)
			o.Outcomes = []Outcome{{Capability: n, Verdict: c.verdict, Syscall: sysOpenat,
				Return: -int(c.errno), Count: 1, Kind: c.kind}}
			wantPlaces(t, o, c.want)
			f := Analyze(o)
			if len(f.Denied) > 0 && (f.Denied[0].Checks != 3 || f.Denied[0].CallSites[0].Advisory != "" ||
				len(f.Denied[0].Outcomes) != 1) {
				t.Errorf("%+v", f.Denied[0])
			}
		})
	}
}
