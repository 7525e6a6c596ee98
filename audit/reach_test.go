package audit

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/reach"
)

// codeOf is of a program that can do what is given, by capability, and nothing else.
func codeOf(program string, can map[int][]reach.Operation) *reach.Result {
	r := &reach.Result{Program: program, Objects: []string{program, "/lib/libc.so"},
		SystemCalls: []string{"chroot", "kill", "read"}}
	for n, operations := range can {
		v := &r.Capabilities[n]
		v.Operations = operations
		for _, o := range operations {
			class := reach.Possible
			if o.Files {
				class = reach.OnFiles
			}
			v.Class = max(v.Class, class)
		}
	}
	return r
}

func does(call, object string) reach.Operation {
	return reach.Operation{Call: call, Object: object, Function: "f"}
}

// daemon needs setuid, and can do more.
func daemon() *Findings {
	return &Findings{
		Required: []Capability{{Number: unix.CAP_SETUID, Tally: Tally{Granted: 1}}},
		Programs: []ProgramUse{{Index: 1, Path: "/sbin/d", Members: []int{2},
			Syscalls:        []string{"chroot", "i386:kill", "read"},
			RefusedSyscalls: []string{"chroot"}}},
		Bounds: &Bounds{[]ProgramBounds{{Index: 2, Result: codeOf("/fd/9", map[int][]reach.Operation{
			unix.CAP_SETUID: {does("setuid", "/fd/9")},
			unix.CAP_KILL:   {does("kill(0)", "/lib/libc.so")},
			unix.CAP_SYS_CHROOT: {does("chroot", "/fd/9"), does("setns", "/lib/libc.so"),
				{Call: "open", Files: true}},
			unix.CAP_SYSLOG: {does("/dev/kmsg", "/lib/libc.so")},
			unix.CAP_CHOWN:  {{Call: "chown", Object: "/lib/libc.so", Files: true}},
		})}}},
	}
}

func TestReachOfARun(t *testing.T) {
	got := daemon().Reach()
	made := uint64(3)
	want := &Reach{
		Possible: []Reachable{
			{Number: unix.CAP_KILL, Operations: []Operation{
				{"kill(0)", "/lib/libc.so", "f", "", "/fd/9", MadeYes}}},
			{Number: unix.CAP_SYS_CHROOT, Operations: []Operation{
				{"setns", "/lib/libc.so", "f", "", "/fd/9", MadeNot},
				{"chroot", "/fd/9", "f", "", "/fd/9", MadeRefused}}},
			{Number: unix.CAP_SYSLOG, Operations: []Operation{
				{"/dev/kmsg", "/lib/libc.so", "f", "", "/fd/9", ""}}},
		},
		OnFiles: []Reachable{{Number: unix.CAP_CHOWN, Operations: []Operation{
			{"chown", "/lib/libc.so", "", "", "/fd/9", MadeNot}}}},
		RuledOut: 1<<reach.Capabilities - 1 - 1<<unix.CAP_SETUID - 1<<unix.CAP_KILL -
			1<<unix.CAP_SYS_CHROOT - 1<<unix.CAP_SYSLOG - 1<<unix.CAP_CHOWN,
		Programs: []Coverage{{Path: "/sbin/d", Objects: []string{"/fd/9", "/lib/libc.so"}, Reachable: 3,
			Made: &made}},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What asks by itself is opened by programs that do not name it: cat is told to.
func TestAskedIsNotRuledOut(t *testing.T) {
	open := func(function string) []CallSite {
		return []CallSite{{Function: function, Syscall: sysOpenat, Checks: 1}}
	}
	f := &Findings{
		Required: []Capability{{Number: unix.CAP_SYS_PTRACE, Tally: Tally{Granted: 1},
			CallSites: open("environ_open")}},
		Denied:  []Denied{{Number: unix.CAP_SYSLOG, Checks: 1, CallSites: open("check_syslog_permissions")}},
		Unasked: []UnaskedCapability{{Number: unix.CAP_SYS_NICE, Calls: []UnaskedCall{{Syscall: sysOpenat}}}},
		Programs: []ProgramUse{{Index: 1, Path: "/bin/cat", Refused: []int{unix.CAP_SYSLOG},
			Needs: []int{unix.CAP_SYS_PTRACE, unix.CAP_SYS_NICE}}, {Path: "/bin/sh"}},
		Bounds: &Bounds{[]ProgramBounds{{Index: 1, Result: codeOf("/bin/cat", nil)}}},
	}
	// as where perfmon is recommended in its place
	f.Stated = new(uint64)
	opened := func(n int, function string) Reachable {
		return Reachable{Number: n, Operations: []Operation{
			{"openat", "/bin/cat", "", function, "/bin/cat", MadeYes}}}
	}
	r := f.Reach()
	want := []Reachable{opened(unix.CAP_SYS_PTRACE, "environ_open"), opened(unix.CAP_SYS_NICE, ""),
		opened(unix.CAP_SYSLOG, "check_syslog_permissions")}
	if diff := cmp.Diff(want, r.Possible); diff != "" {
		t.Errorf("possible (-want +got):\n%s", diff)
	}
	if bits := r.RuledOut & (1<<unix.CAP_SYS_PTRACE | 1<<unix.CAP_SYS_NICE | 1<<unix.CAP_SYSLOG); bits != 0 {
		t.Errorf("ruled out: %#x", bits)
	}
}

// What a program did not do is known only where nothing is missing.
func TestMadeIsNotKnown(t *testing.T) {
	for name, change := range map[string]func(*Findings){
		"sampled": func(f *Findings) { f.Sampled = true },
		"lost":    func(f *Findings) { f.Losses.Programs = 1 },
		"nobody":  func(f *Findings) { f.Programs = nil },
	} {
		f := daemon()
		change(f)
		r := f.Reach()
		for _, o := range r.Possible[1].Operations {
			if o.Made == MadeNot {
				t.Errorf("%s: %+v", name, o)
			}
		}
		if r.Programs[0].Made != nil {
			t.Errorf("%s: made %d", name, *r.Programs[0].Made)
		}
	}
}

// A capability is of the same class whether the report is at hand or was read, and in a
// union of the greatest; ruled out only where all reports say so.
func TestClassInUnion(t *testing.T) {
	f := daemon()
	stated := &Findings{Required: f.Required, StatedReach: f.Reach()}
	other := &Findings{Bounds: &Bounds{[]ProgramBounds{{Result: codeOf("/bin/x", map[int][]reach.Operation{
		unix.CAP_CHOWN:  {does("chown", "/bin/x")},
		unix.CAP_SETUID: {does("setuid", "/bin/x")},
		unix.CAP_FOWNER: {{Call: "chmod", Files: true}},
	})}}}}
	failed := &Findings{Bounds: &Bounds{[]ProgramBounds{{Failed: "it is gone"}}}}
	lost := daemon()
	lost.Losses.Code = 1
	idle := &Findings{Bounds: &Bounds{}}
	silent := &Findings{}
	type classes [5]Class
	unknown := classes{ClassUnknown, ClassUnknown, ClassUnknown, ClassUnknown, ClassUnknown}
	alone := classes{ClassOnFiles, ClassRuledOut, ClassPossible, ClassNeeded, ClassRuledOut}
	unsure := classes{ClassOnFiles, ClassUnknown, ClassPossible, ClassNeeded, ClassUnknown}
	for name, c := range map[string]struct {
		f *Findings
		classes
	}{
		"run":  {f, alone},
		"read": {stated, alone},
		"union": {union(f, other),
			classes{ClassPossible, ClassOnFiles, ClassPossible, ClassNeeded, ClassRuledOut}},
		"failed": {union(f, failed), unsure},
		"lost":   {lost, unsure},
		"idle":   {idle, unknown},
		"silent": {union(f, silent), unsure},
		"of unions": {union(union(silent, other), union(f)),
			classes{ClassPossible, ClassOnFiles, ClassPossible, ClassNeeded, ClassUnknown}},
		"nobody": {union(silent), unknown},
	} {
		var got classes
		for i, n := range []int{unix.CAP_CHOWN, unix.CAP_FOWNER, unix.CAP_KILL, unix.CAP_SETUID,
			unix.CAP_SYS_MODULE} {
			got[i] = c.f.ClassOf(n)
		}
		if got != c.classes {
			t.Errorf("%s: %v, want %v", name, got, c.classes)
		}
	}
	if r := union(f, silent).Reach(); r.Untold != 1 {
		t.Errorf("%d reports are untold", r.Untold)
	}
	if union(silent).Reach() != nil {
		t.Error("nobody looked at any code, and the union says so of some")
	}
}

// As much as there can be takes no more room than a report has.
func TestReachIsBounded(t *testing.T) {
	u := NewUnion()
	for i := range 2 * maxCovered {
		program := fmt.Sprint("/bin/", i)
		u.Add("r", &Findings{Bounds: &Bounds{[]ProgramBounds{{Result: codeOf(program,
			map[int][]reach.Operation{unix.CAP_KILL: {does("kill", program)}})}}}})
	}
	r := u.Findings().Reach()
	kill := r.Possible[0]
	if len(kill.Operations) != maxOperations || kill.Others != 2*maxCovered-maxOperations ||
		len(r.Programs) != maxCovered || r.Others != maxCovered {
		t.Errorf("%d operations and %d others, %d programs and %d others", len(kill.Operations), kill.Others,
			len(r.Programs), r.Others)
	}
}

// What code has come to ask for differs only where the code of both was looked at.
func TestDiffReach(t *testing.T) {
	older, newer := daemon(), daemon()
	r := newer.Bounds.Programs[0].Result
	r.Capabilities[unix.CAP_SYS_TIME].Class = reach.Possible
	r.Capabilities[unix.CAP_SYSLOG] = reach.Verdict{}
	r.Capabilities[unix.CAP_KILL].Class = reach.OnFiles
	came, went := DiffReach(older, newer)
	if diff := cmp.Diff([][]int{{unix.CAP_SYS_TIME}, {unix.CAP_SYSLOG}}, [][]int{came, went}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	newer.Bounds = nil
	if came, went := DiffReach(older, newer); len(came)+len(went) != 0 {
		t.Errorf("without the code of one: %v, %v", came, went)
	}
}
