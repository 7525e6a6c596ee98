package audit

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var (
	bind = Syscall{Number: 49, Name: "bind"}
	open = Syscall{Number: 257, Name: "openat"}
)

func union(reports ...*Findings) *Findings {
	u := NewUnion()
	for i, f := range reports {
		u.Add(fmt.Sprintf("%d.json", i), f)
	}
	return u.Findings()
}

// One capability, required in two reports and refused in a third.
func TestUnionOfACapability(t *testing.T) {
	required := func(granted uint64, s Syscall) *Findings {
		return &Findings{
			Application: ended(), TotalChecks: granted,
			Required: []Capability{{
				Number: 10, Tally: Tally{Granted: granted}, Syscall: s,
				CallSites:    []CallSite{{Function: "inet_bind", Syscall: s, Checks: granted}},
				FailedAnyway: []SyscallOutcome{{s, OtherFailure, -98, 1}},
			}},
		}
	}
	refused := &Findings{
		Application: ended(), TotalChecks: 3,
		Denied: []Denied{{
			Number: 10, Checks: 3, Syscalls: []Syscall{bind}, Assessment: AssessPermissionFailure,
			CallSites: []CallSite{{Function: "inet_bind", Syscall: bind, Checks: 3}},
			Outcomes:  []SyscallOutcome{{bind, PermissionFailure, -13, 3}},
		}},
	}
	f := union(required(2, bind), required(5, open), refused)
	want := []Capability{{
		Number: 10, Tally: Tally{Granted: 7, Denied: 3}, Syscall: open,
		CallSites: []CallSite{
			{Function: "inet_bind", Syscall: bind, Checks: 5},
			{Function: "inet_bind", Syscall: open, Checks: 5},
		},
		FailedAnyway: []SyscallOutcome{{bind, OtherFailure, -98, 1}, {open, OtherFailure, -98, 1}},
	}}
	if diff := cmp.Diff(want, f.Required); diff != "" {
		t.Errorf("required, -want +got:\n%s", diff)
	}
	if f.TotalChecks != 10 || len(f.Denied) != 0 || f.Recommended() != 1<<10 {
		t.Errorf("%d checks, denied %v, recommended %x", f.TotalChecks, f.Denied, f.Recommended())
	}
	provenance := []Provenance{{Number: 10, Required: Reports{2, []string{"0.json", "1.json"}},
		Denied: Reports{1, []string{"2.json"}}}}
	if diff := cmp.Diff(provenance, f.Merged.Capabilities); diff != "" {
		t.Errorf("provenance, -want +got:\n%s", diff)
	}
	// refused everywhere, it stays so, with what the outcomes say together
	f = union(refused, refused)
	if len(f.Denied) != 1 || f.Denied[0].Checks != 6 || f.Denied[0].Assessment != AssessPermissionFailure ||
		f.Denied[0].Outcomes[0].Count != 6 {
		t.Errorf("%+v", f.Denied)
	}
}

// Where each run dropped, so did the union. Where one did not, all that any
// needed is needed throughout.
func TestUnionOfPhases(t *testing.T) {
	need := func(n int) []Capability { return []Capability{{Number: n, Tally: Tally{Granted: 1}}} }
	dropped := &Findings{Application: ended(), Dropped: true, Required: need(6), Init: need(6)}
	late := &Findings{Application: ended(), Dropped: true, Required: need(7), Operational: need(7)}
	plain := &Findings{Application: ended(), Required: need(0)}

	f := union(dropped, late)
	if !f.Dropped || len(f.Init) != 1 || f.Init[0].Number != 6 || len(f.Operational) != 1 ||
		f.Operational[0].Number != 7 {
		t.Errorf("dropped %t, before %v, after %v", f.Dropped, f.Init, f.Operational)
	}
	if f.Recommended() != 1<<6|1<<7 || f.RecommendedOperational() != 1<<7 {
		t.Errorf("recommended %x, to keep %x", f.Recommended(), f.RecommendedOperational())
	}
	for order, mixed := range map[string]*Findings{
		"first": union(plain, dropped, late), "last": union(dropped, late, plain),
		"of unions": union(union(dropped, plain), union(late, dropped)),
	} {
		if mixed.Dropped || len(mixed.Init)+len(mixed.Operational) != 0 {
			t.Errorf("%s: dropped %t, before %v, after %v", order, mixed.Dropped, mixed.Init,
				mixed.Operational)
		}
		want := uint64(1<<0 | 1<<6 | 1<<7)
		if numbers(mixed.Required) != want || mixed.Recommended() != want ||
			mixed.RecommendedOperational() != want {
			t.Errorf("%s: required %v, recommended %x, to keep %x", order, mixed.Required,
				mixed.Recommended(), mixed.RecommendedOperational())
		}
	}
	if union().Dropped {
		t.Error("a union of nothing dropped")
	}
}

// What failed although it was granted stays with the phase that it was in.
func TestUnionOfFailuresByPhase(t *testing.T) {
	failing := func(ret int) []Capability {
		return []Capability{{Number: 6, FailedAnyway: []SyscallOutcome{{bind, OtherFailure, ret, 1}}}}
	}
	f := &Findings{Application: ended(), Dropped: true, Init: failing(-5), Operational: failing(-6)}
	got := union(f, f)
	for ret, list := range map[int][]Capability{-5: got.Init, -6: got.Operational} {
		want := []SyscallOutcome{{bind, OtherFailure, ret, 2}}
		if diff := cmp.Diff(want, list[0].FailedAnyway); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

// What reports say of themselves.
func TestUnionOfCompleteness(t *testing.T) {
	whole := &Findings{Application: ended()}
	failed := &Findings{Application: Application{Path: "/usr/bin/x", Ended: true, Status: 1}}
	lost := &Findings{Application: ended(), Losses: Losses{Checks: 1}}
	untold := &Findings{Application: ended(), Untold: true}
	asked := &Findings{Application: Application{Path: "/usr/bin/x", Ended: true, Signal: 15}}
	if m := union(whole, asked).Merged; m.Failed.Count != 0 {
		t.Errorf("who ends as asked has failed: %+v", m)
	}
	f := union(whole, failed, lost, untold)
	m := f.Merged
	if m.Reports != 4 || m.Failed.Count != 1 || m.Incomplete.Count != 1 || m.Untold.Count != 1 ||
		m.Incomplete.Names[0] != "2.json" {
		t.Errorf("%+v", m)
	}
	if f.Unsure() == "" || union(whole, untold).Unsure() != "" || union(whole, failed).Unsure() != "" {
		t.Errorf("unsure: %q", f.Unsure())
	}
	if f.Application.Path != "/usr/bin/x" || f.Application.Status != 0 {
		t.Errorf("%+v", f.Application)
	}
}

// The settings of hosts that do not agree are none.
func TestUnionOfHosts(t *testing.T) {
	on := func(kernel string, setting int) *Findings {
		return &Findings{Application: ended(), System: SystemContext{kernel,
			map[string]int{"kptr_restrict": setting, "dmesg_restrict": 1}}}
	}
	f := union(on("6.1", 1), on("6.12", 2), on("6.1", 1))
	if diff := cmp.Diff(map[string]int{"dmesg_restrict": 1}, f.System.Sysctls); diff != "" {
		t.Errorf("settings, -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]Share{{"6.1", 2}, {"6.12", 1}}, f.Merged.Kernels); diff != "" ||
		f.System.KernelVersion != "6.1, 6.12" {
		t.Errorf("kernel %q, -want +got:\n%s", f.System.KernelVersion, diff)
	}
}

// Programs are joined by path, and the tree stays one.
func TestUnionOfPrograms(t *testing.T) {
	a := &Findings{Application: ended(), Programs: []ProgramUse{
		{Index: 1, Path: "/bin/sh", Processes: 1, Refused: []int{0}},
		{Index: 2, Path: "/bin/chown", Parent: 1, Processes: 2, Needs: []int{0}},
	}}
	b := &Findings{Application: ended(), Programs: []ProgramUse{
		{Index: 1, Path: "/bin/chown", Processes: 1, Needs: []int{3}},
		{Index: 2, Path: "/bin/sh", Parent: 1, Processes: 1, Needs: []int{0}},
	}}
	want := []ProgramUse{
		{Index: 1, Path: "/bin/chown", Parent: 2, Processes: 3, Needs: []int{0, 3}},
		{Index: 2, Path: "/bin/sh", Processes: 2, Needs: []int{0}},
	}
	if diff := cmp.Diff(want, union(a, b).Programs); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A call is only refused where no report has it answered.
func TestUnionOfCalls(t *testing.T) {
	program := func(namespaces bool, refused []string, made ...string) *Findings {
		return &Findings{Application: ended(), Programs: []ProgramUse{{Index: 1, Path: "/bin/sh",
			Syscalls: made, RefusedSyscalls: refused, Namespaces: namespaces}}}
	}
	want := []ProgramUse{{Index: 1, Path: "/bin/sh", Syscalls: []string{"bpf", "mount", "read"},
		RefusedSyscalls: []string{"bpf"}, Namespaces: true}}
	got := union(program(false, []string{"bpf", "mount"}, "bpf", "mount"),
		program(true, nil, "mount", "read"), program(false, []string{"mount"}, "mount")).Programs
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A union of unions is the union of all.
func TestUnionOfUnions(t *testing.T) {
	part := func(n int) *Findings {
		return &Findings{
			Application: Application{Path: fmt.Sprint("/opt/", n%3), Ended: true, Status: n % 2},
			TotalChecks: 1, Tasks: 2, CapsetCalls: 3,
			Required: []Capability{{Number: n, Tally: Tally{Granted: uint64(n)}, Syscall: bind}},
			Advisory: []Advisory{{Number: 21, Tally: Tally{Denied: 1},
				CallSites: []CallSite{{Function: "f", Syscall: open, Checks: 1, Sampled: true}}}},
			Nested:   []Nested{{Number: 22, Tally: Tally{Granted: 1}}},
			Programs: []ProgramUse{{Index: 1, Path: fmt.Sprint("/opt/", n%3), Processes: 1, Needs: []int{n}}},
		}
	}
	name := func(n int) string { return fmt.Sprint(n, ".json") }
	all, left, right, both := NewUnion(), NewUnion(), NewUnion(), NewUnion()
	for n := range 6 {
		all.Add(name(n), part(n))
		if n < 3 {
			left.Add(name(n), part(n))
		} else {
			right.Add(name(n), part(n))
		}
	}
	both.Add("left", left.Findings())
	both.Add("right", right.Findings())
	if diff := cmp.Diff(all.Findings(), both.Findings(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("-all at once +in two parts:\n%s", diff)
	}
}

// manyPrograms make 40 system calls each.
func manyPrograms(n int) (list []ProgramUse) {
	var names []string
	for i := range 40 {
		names = append(names, fmt.Sprint("call", i))
	}
	for i := range n {
		list = append(list, ProgramUse{Index: i + 1, Path: fmt.Sprint("/usr/", i), StandsFor: 1,
			Syscalls: names})
	}
	return append(list, ProgramUse{Index: n + 1, Path: "/bin/sh"})
}

// allCalls is how many system calls all programs made.
func allCalls(f *Findings) (n int) {
	for _, p := range f.Programs {
		n += len(p.Syscalls)
	}
	return n
}

// Whatever the reports hold, a union stays as small as its bounds.
func TestUnionIsBounded(t *testing.T) {
	u := NewUnion()
	u.Add("", &Findings{Application: Application{Ended: true}, Programs: manyPrograms(maxPrograms + 1000)})
	for i := range 3000 {
		path := fmt.Sprint("/opt/", i)
		s := Syscall{Number: i, Name: fmt.Sprint("call", i)}
		u.Add(path, &Findings{
			Application: Application{Path: path, Ended: true, Status: 1},
			System:      SystemContext{KernelVersion: path},
			Backend:     path, BlindSpots: []BlindSpot{{Told: path}},
			TotalChecks: math.MaxUint64, StillRunning: math.MaxInt32,
			Required: []Capability{{
				Number: 1, Tally: Tally{Granted: math.MaxUint64, Denied: math.MaxUint64}, Syscall: s,
				CallSites:    []CallSite{{Function: path, Syscall: s, Checks: math.MaxUint64}},
				FailedAnyway: []SyscallOutcome{{Syscall: s, Return: -5}},
			}},
			Denied: []Denied{{
				Number: 2, Syscalls: []Syscall{s}, CallSites: []CallSite{{Function: path, Syscall: s}},
				Outcomes: []SyscallOutcome{{Syscall: s, Return: -1}},
			}},
			Programs: []ProgramUse{{Index: 1, Path: path, Processes: math.MaxUint64},
				{Index: 2, Path: "/bin/sh", Syscalls: []string{path}}},
		})
	}
	f := u.Findings()
	for what, n := range map[string]int{
		"programs":        len(f.Programs) - 32767,
		"calls":           len(f.Programs[0].Syscalls) - 512,
		"calls of all":    allCalls(f) - 1<<20,
		"call sites":      len(f.Required[0].CallSites) - 256,
		"outcomes":        len(f.Required[0].FailedAnyway) - 256,
		"refused sites":   len(f.Denied[0].CallSites) - 256,
		"refused calls":   len(f.Denied[0].Syscalls) - 256,
		"applications":    len(f.Merged.Applications) - 65, // with that of the rest
		"kernels":         len(f.Merged.Kernels) - 65,
		"names":           len(f.Merged.Failed.Names) - 8,
		"blind spots":     len(f.BlindSpots) - 8,
		"provenance":      len(f.Merged.Capabilities[0].Required.Names) - 8,
		"kernels in text": len(f.System.KernelVersion) - 100,
	} {
		if n > 0 {
			t.Errorf("%d %s too many", n, what)
		}
	}
	if f.Merged.LeftOut == 0 || f.Merged.Failed.Count != 3000 {
		t.Errorf("left out %d, failed %d", f.Merged.LeftOut, f.Merged.Failed.Count)
	}
	if c := f.Required[0]; f.TotalChecks != math.MaxUint64 || c.Granted != math.MaxUint64 ||
		c.Total() != math.MaxUint64 || f.StillRunning <= 0 {
		t.Errorf("counts went around: %d, %+v, %d", f.TotalChecks, c.Tally, f.StillRunning)
	}
}

// Of how many programs an entry is, the report with most of them says: they may be the
// same in each.
func TestUnionOfEntries(t *testing.T) {
	u := NewUnion()
	u.Add("a", &Findings{Programs: []ProgramUse{{Index: 1, Path: "/tmp/*/x", StandsFor: 5, Processes: 6},
		{Index: 2, Path: "/tmp/*/x", StandsFor: 2, Processes: 2, Needs: []int{1}}}})
	u.Add("b", &Findings{Programs: []ProgramUse{{Index: 1, Path: "/tmp/*/x", StandsFor: 6, Processes: 6}}})
	want := []ProgramUse{{Index: 1, Path: "/tmp/*/x", StandsFor: 7, Processes: 14, Needs: []int{1}}}
	if diff := cmp.Diff(want, u.Findings().Programs, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What all reports are on stays known: containers of one image on two machines have a kind, an
// engine and a namespace.
func TestUnionOfSubjects(t *testing.T) {
	front := func(node string) Subject {
		return Subject{Kind: SubjectContainer, Name: "web", Engine: "containerd", Image: "shop/web:2",
			ImageDigest: "sha256:12", Namespace: "shop", Pod: "front-" + node, PodUID: "uid-" + node,
			ContainerID: "id-" + node, Cgroup: "/kubepods/" + node, FromStart: node == "a"}
	}
	both := Subject{Kind: SubjectContainer, Name: "web", Engine: "containerd", Image: "shop/web:2",
		ImageDigest: "sha256:12", Namespace: "shop", FromStart: true}
	for name, c := range map[string]struct {
		of   []Subject
		want Subject
	}{
		"one":                {[]Subject{front("a")}, front("a")},
		"the same":           {[]Subject{front("a"), front("a")}, front("a")},
		"nodes":              {[]Subject{front("a"), front("b"), front("c")}, both},
		"not from the start": {[]Subject{front("b"), front("b")}, front("b")},
		"kinds": {[]Subject{front("a"), {Kind: SubjectCommand}, front("a")},
			Subject{Kind: SubjectMerged}},
		"earlier versions": {[]Subject{{}, {}}, Subject{Kind: SubjectMerged}},
		"a user namespace": {[]Subject{{Kind: SubjectPod, UserNamespace: true}, {Kind: SubjectPod}},
			Subject{Kind: SubjectPod}},
		"cut short": {[]Subject{{Kind: SubjectUnit, Name: "a", CutShort: "killed"},
			{Kind: SubjectUnit, Name: "a"}},
			Subject{Kind: SubjectUnit, Name: "a", CutShort: "killed"}},
	} {
		t.Run(name, func(t *testing.T) {
			u := NewUnion()
			for _, s := range c.of {
				u.Add("report", &Findings{Subject: s, Application: ended()})
			}
			if got := u.Findings().Subject; got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

// What could not be seen at all is known of a union, whatever else its reports could not see.
func TestUnionKeepsKindsOfBlindSpots(t *testing.T) {
	u := NewUnion()
	for n := range uint64(2 * maxNames) {
		u.Add("report", &Findings{Application: ended(), BlindSpots: []BlindSpot{
			{Kind: BlindMoved, Count: n + 1}, {Told: fmt.Sprint("in words of another version ", n)}}})
	}
	u.Add("report", &Findings{Application: ended(), BlindSpots: []BlindSpot{{Kind: BlindUntraced}}})
	if f := u.Findings(); !f.Untraced() {
		t.Errorf("no word of the one that was not traced: %v", f.BlindSpots)
	}
}
