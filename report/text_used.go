package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/lazy"
)

// required has what was granted, in two parts if there was a drop.
func (t *text) required() {
	t.heading("REQUIRED CAPABILITIES:")
	if t.d.Initialization == nil {
		t.capabilities(t.d.Required)
		return
	}
	t.heading("INITIALIZATION CAPABILITIES (before capability drop):")
	t.capabilities(*t.d.Initialization)
	t.heading("OPERATIONAL CAPABILITIES (after capability drop):")
	t.capabilities(*t.d.Operational)
}

func (t *text) capabilities(list []Capability) {
	if len(list) == 0 {
		t.none()
	}
	for _, c := range list {
		t.capability(c.Name, c.Number)
		t.line("    Checks: %d granted, %d denied", c.Checks.Granted, c.Checks.Denied)
		t.line("    Reason: %s", printable(c.Reason))
		if asked := functions(c.CallSites, c.syscall); len(asked) > 0 {
			t.labelled("    ", "Asked in:", strings.Join(asked, ", "))
		}
		if others := otherSyscalls(c); others != "" {
			t.labelled("    ", "Also used by:", others)
		}
		t.objects(c.CallSites, c.syscall)
		t.callers(c.CallSites)
		t.when(c)
		t.maybeProbes(c.CallSites)
		if len(c.FailedAnyway) > 0 {
			failures := strings.Join(each(c.FailedAnyway, ended), ", ")
			label := "Granted, yet the call failed" + ofSample(c.LookedAt, c.Checks.Granted) + ":"
			t.labelled("    ", label, failures)
		}
	}
}

// functions are the kernel functions that asked during one system call and
// whose answer mattered, the most frequent first. One that only is that call says
// nothing more.
func functions(sites []CallSite, s Syscall) []string {
	var list []string
	for _, site := range sites {
		if site.Advisory == nil && site.syscall() == s {
			list = append(list, printable(site.Function))
		}
	}
	if len(list) == 1 && entryOf().ReplaceAllString(list[0], "") == s.Name {
		return nil
	}
	return list
}

// entryOf is what the kernel puts before the name of a system call, for the functions
// that it begins in: SYSCALL_DEFINEx() of include/linux/syscalls.h and of
// arch/*/include/asm/syscall_wrapper.h, and those that kernel/sys.c calls from there.
var entryOf = lazy.Regexp(`^(__(do|se|x64|arm64|ia32)_(compat_)?sys_|__sys_|ksys_)`)

// maybeProbes points out the sites that nobody has judged and that the kernel
// asks at without audit, as it does for most probes.
func (t *text) maybeProbes(sites []CallSite) {
	for _, site := range sites {
		if site.MaybeProbe {
			t.labelled("    ", "Note:", printable(site.Function)+" in "+inSyscall(site)+
				": the kernel did not want this check audited: it may be a probe.")
		}
	}
}

// otherSyscalls are the ones that asked, but for that of the reason; with the functions that asked in them
// alone.
func otherSyscalls(c Capability) string {
	var list []string
	seen := []Syscall{c.syscall}
	said := functions(c.CallSites, c.syscall)
	for _, site := range c.CallSites {
		s := site.syscall()
		if site.Advisory != nil || slices.Contains(seen, s) {
			continue
		}
		seen = append(seen, s)
		name := printable(s.Name)
		if s.unknown() {
			name = "an unknown system call"
		}
		asked := slices.DeleteFunc(functions(c.CallSites, s), func(f string) bool {
			return slices.Contains(said, f)
		})
		list = append(list, name+inParens(asked))
	}
	return strings.Join(list, ", ")
}

func inParens(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return " (" + strings.Join(list, ", ") + ")"
}

// unasked shows what is needed although the kernel did not ask for it.
func (t *text) unasked() {
	if len(t.d.Unasked) == 0 {
		return
	}
	t.heading("CAPABILITIES NEEDED WITHOUT A CHECK:")
	t.prose("  ", "Not asked for in these calls, since the caller held enough: with only the rest of the "+
		"recommended set they fail.")
	for _, c := range t.d.Unasked {
		t.capability(c.Name, c.Number)
		t.labelled("    ", "Reason:", printable(c.Reason)+".")
		for _, call := range c.Calls {
			t.labelled("    ", "Used by:", call.text())
		}
	}
}

func (c UnaskedCall) text() string {
	known := "seen in the kernel function that compares"
	if c.Concluded {
		known = "concluded from the call and its arguments"
	}
	return fmt.Sprintf("%s, %s, %s", printable(c.Syscall), count(c.Count, "time", "times"), known)
}

func (t *text) capsetOnly() {
	t.heading("CAPSET-ONLY CAPABILITIES:")
	if len(t.d.CapsetOnly) == 0 {
		t.noneSeen()
	}
	for _, c := range t.d.CapsetOnly {
		t.capability(c.Name, c.Number)
		t.line("    Requested by successful capset in: %s", strings.Join(c.RequestedSets, ", "))
		t.line("    Granted use observed: no")
		t.labelled("    ", "Assessment:", "It asked to hold it, and this run made no use of it.")
		t.labelled("    ", "Recommendation:", t.capsetOnlyAdvice(c))
	}
}

func (t *text) capsetOnlyAdvice(c CapsetOnly) string {
	if t.d.granted(c.Number) {
		return "Granted below, in case it insists on it: --minimize tells."
	}
	return "Not needed: see PROOF BY REPETITION."
}
