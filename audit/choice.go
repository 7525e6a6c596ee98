package audit

import (
	"cmp"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// choice is a place where the kernel is content with either of two
// capabilities and asks for the greater one first. A program that holds that
// one never shows that the other would do.
type choice struct {
	asked, enough int
	functions     []string
	// readsMM: it is made in mm_access(), to read.
	readsMM bool
	// since is the first kernel that is content with the lesser one, the zero
	// value where all are.
	since release
}

// release is the number of a kernel, such as 6.18.
type release struct{ major, minor int }

var choices = []choice{
	{
		// block/ioprio.c, ioprio_check_cap(), asked for the real-time class by
		// ioprio_set(2), aio and io_uring. CAP_SYS_NICE is enough since 5.14;
		// CAP_SYS_ADMIN comes first since 5.16 and in most of 5.15.y.
		asked:  unix.CAP_SYS_ADMIN,
		enough: unix.CAP_SYS_NICE,
		functions: []string{"ioprio_check_cap", "__do_sys_ioprio_set", "__se_sys_ioprio_set",
			"__x64_sys_ioprio_set", "__arm64_sys_ioprio_set"},
	},
	{
		// kernel/fork.c, may_access_mm(): asked for SYS_PTRACE, then for PERFMON,
		// by all that only read of another process's memory how it is laid out:
		// maps and their kin, environ and auxv under /proc/PID, and
		// process_madvise(2). It is in 6.18 and not in 6.12. /proc/PID/mem and
		// process_vm_readv(2) want PTRACE_MODE_ATTACH: mem_open() and
		// process_vm_rw_core() are not to be listed here.
		asked:  unix.CAP_SYS_PTRACE,
		enough: unix.CAP_PERFMON,
		functions: []string{"proc_maps_open", "pid_maps_open", "pid_smaps_open", "pid_numa_maps_open",
			"smaps_rollup_open", "pagemap_open", "environ_open", "auxv_open",
			"map_files_d_revalidate", "proc_map_files_lookup", "proc_map_files_readdir",
			"__do_sys_process_madvise", "__se_sys_process_madvise", "__x64_sys_process_madvise",
			"__arm64_sys_process_madvise"},
		readsMM: true,
		since:   release{6, 18},
	},
	{
		// net/caif/caif_socket.c, until 6.18.
		asked:     unix.CAP_SYS_ADMIN,
		enough:    unix.CAP_NET_ADMIN,
		functions: []string{"caif_create"},
	},
}

// Lesser says that Enough does for all that Asked was required for.
type Lesser struct{ Asked, Enough int }

// Lessers are the needed capabilities that a lesser one can take the place
// of. There are none once a capset succeeded: it may have asked for the greater
// one by name.
func (f *Findings) Lessers() []Lesser {
	if f.CapsetCalls > 0 {
		return nil
	}
	var list []Lesser
	for _, ch := range choices {
		needed := (numbers(f.Required)|unaskedNumbers(f.Unasked))>>ch.asked&1 == 1
		if needed && f.ranSince(ch.since) && !f.otherwise(ch) {
			list = append(list, Lesser{ch.asked, ch.enough})
		}
	}
	return list
}

// otherwise: the greater capability is needed, too, where the lesser is not enough.
func (f *Findings) otherwise(ch choice) bool {
	return slices.ContainsFunc(f.Required, func(c Capability) bool {
		return c.Number == ch.asked && !c.onlyBy(ch.functions)
	}) || slices.ContainsFunc(f.Unasked, func(c UnaskedCapability) bool {
		elsewhere := func(call UnaskedCall) bool { return !ch.readsMM || !call.ReadsMM }
		return c.Number == ch.asked && (len(c.Calls) == 0 || slices.ContainsFunc(c.Calls, elsewhere))
	})
}

// ranSince tells whether the kernel, each one of a union, is that one or a later.
func (f *Findings) ranSince(least release) bool {
	kernels := []Share{{Name: f.System.KernelVersion}}
	if f.Merged != nil {
		kernels = f.Merged.Kernels
	}
	return !slices.ContainsFunc(kernels, func(kernel Share) bool { return !least.reachedBy(kernel.Name) })
}

// reachedBy tells whether a kernel's version, such as 6.18.5+deb13-amd64, is
// that release or a later one. One that cannot be read is taken for neither.
func (r release) reachedBy(version string) bool {
	var v release
	_, err := fmt.Sscanf(version, "%d.%d", &v.major, &v.minor)
	return r == release{} || err == nil &&
		cmp.Or(cmp.Compare(r.major, v.major), cmp.Compare(r.minor, v.minor)) <= 0
}

// onlyBy tells whether every single check is known to come from one of these.
func (c Capability) onlyBy(functions []string) bool {
	var known uint64
	for _, site := range c.CallSites {
		if site.Sampled || !slices.Contains(functions, site.Function) {
			return false
		}
		known += site.Checks
	}
	return known > 0 && known >= c.Total()
}
