package audit

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"
)

// dice makes choices out of fuzzed bytes, the first always when they run out.
type dice []byte

func (d *dice) upTo(n int) int {
	if len(*d) == 0 {
		return 0
	}
	b := int((*d)[0])
	*d = (*d)[1:]
	return b % n
}

func (d *dice) yes() bool { return d.upTo(2) == 1 }

func (d *dice) mask() uint64 { return uint64(d.upTo(256)) << (8 * d.upTo(8)) }

// fuzzCapabilities are those of the table, some that are in none of its rows,
// and the bounds of kernel_cap_t.
var fuzzCapabilities = []int{unix.CAP_SYS_ADMIN, unix.CAP_FSETID, unix.CAP_SETPCAP, unix.CAP_NET_ADMIN,
	unix.CAP_SYS_RESOURCE, unix.CAP_SYSLOG, unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, 63}

var fuzzFunctions = []string{"path_mount", "cap_vm_enough_memory", "setattr_prepare", "cap_capset",
	"net_ctl_permissions",
	"__set_oom_adj", "alloc_pipe_info", "kallsyms_show_value", "security_bprm_creds_from_file", "capable", ""}

const fuzzKinds = 30

func (d *dice) row() Checks {
	r := Checks{
		Capability: fuzzCapabilities[d.upTo(len(fuzzCapabilities))],
		Verdict:    Verdict(d.upTo(3)),
		Syscall:    examples[d.upTo(len(examples))],
		Options:    uint8(d.upTo(8)),
		Scope:      Scope(d.upTo(3)),
		Phase:      Phase(d.upTo(2)),
		Credentials: Credentials{
			Overridden: d.yes(), Foreign: d.yes(), Owner: d.yes(), Nested: d.yes(),
		},
		Idle:  d.yes(),
		Count: uint64(d.upTo(20)),
		Kinds: []int{d.upTo(fuzzKinds)},
	}
	for range d.upTo(4) {
		wrapper := []string{"capable", "has_capability_noaudit"}[d.upTo(2)]
		site := through(wrapper, fuzzFunctions[d.upTo(len(fuzzFunctions))], uint64(d.upTo(20)))
		site.Kind = d.upTo(fuzzKinds)
		r.Sites = append(r.Sites, site)
	}
	return r
}

// fuzzPaths are those of programs, some of which are shown together.
var fuzzPaths = []string{"", "/bin/sh", "/tmp/cc1/a", "/tmp/cc2/a", "/tmp/cc30/a"}

func (d *dice) observation() *Observation {
	programs := []Program{{}}
	for range d.upTo(4) {
		p := Program{Path: fuzzPaths[d.upTo(len(fuzzPaths))], Parent: d.upTo(len(programs) + 1), Processes: 1}
		for range d.upTo(4) {
			p.Kinds = append(p.Kinds, d.upTo(fuzzKinds))
		}
		programs = append(programs, p)
	}
	var rows []Checks
	for range d.upTo(20) {
		rows = append(rows, d.row())
	}
	o := observe(rows...)
	o.Programs = programs
	for range d.upTo(10) {
		o.Outcomes = append(o.Outcomes, Outcome{
			Capability: fuzzCapabilities[d.upTo(len(fuzzCapabilities))],
			Verdict:    Verdict(d.upTo(3)),
			Syscall:    examples[d.upTo(len(examples))],
			Return:     errorsOfAll[d.upTo(len(errorsOfAll))],
			Count:      uint64(d.upTo(9)),
		})
	}
	o.Dropped = d.yes()
	o.Requested = Sets{d.mask(), d.mask(), d.mask()}
	o.Application.FilePermitted = d.mask()
	o.OptionsKnown, o.InlinedKnown, o.LSMKnown = d.yes(), d.yes(), d.yes()
	return o
}

func FuzzAnalyze(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{3, 1, 0, 1, 0, 1, 2, 19, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 1, 5, 2, 0, 1, 3, 0, 0, 2})
	f.Add(slices.Repeat([]byte{1, 2, 3, 5, 7, 11, 13, 17, 19, 23}, 40))
	f.Add(slices.Repeat([]byte{255, 254, 128, 9, 0, 1}, 90))
	f.Fuzz(checkAnalysis)
}

// The fuzzer takes its time to find long inputs; these are long.
func TestAnalyzeRandom(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 0))
		raw := make([]byte, 600)
		for i := range raw {
			raw[i] = byte(random.Uint32())
		}
		checkAnalysis(t, raw)
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
}

func checkAnalysis(t *testing.T, raw []byte) {
	d, again := dice(raw), dice(raw)
	o := d.observation()
	findings := Analyze(o)
	if diff := cmp.Diff(again.observation(), o); diff != "" {
		t.Errorf("the observation was changed (-was +is):\n%s", diff)
	}
	checkSums(t, o, findings)
	checkLists(t, o, findings)
	checkPhases(t, o, findings)
	checkOrder(t, o, findings)
}

// checkSums: every check is in exactly one tally, and no grant is forgotten.
func checkSums(t *testing.T, o *Observation, f *Findings) {
	want, got := map[int]Tally{}, map[int]Tally{}
	for _, r := range o.Checks {
		sum := want[r.Capability]
		sum.add(r.Verdict, r.Count)
		want[r.Capability] = sum
	}
	add := func(n int, part Tally) {
		got[n] = Tally{got[n].Granted + part.Granted, got[n].Denied + part.Denied}
	}
	somewhere := map[int]bool{}
	for _, c := range f.Required {
		add(c.Number, c.Tally)
		somewhere[c.Number] = true
	}
	for _, c := range f.Denied {
		add(c.Number, Tally{Denied: c.Checks})
		if c.LSMRefused > c.Checks {
			t.Errorf("capability %d: %d refused, %d of them by a security module", c.Number, c.Checks,
				c.LSMRefused)
		}
	}
	for _, c := range f.Advisory {
		add(c.Number, c.Tally)
		somewhere[c.Number] = true
	}
	for _, c := range f.Nested {
		add(c.Number, c.Tally)
		somewhere[c.Number] = true
	}
	none := cmpopts.IgnoreMapEntries(func(_ int, sum Tally) bool { return sum == Tally{} })
	if diff := cmp.Diff(want, got, none); diff != "" {
		t.Errorf("sums of the rows and of the findings (-rows +findings):\n%s", diff)
	}
	for n, sum := range want {
		if sum.Granted > 0 && !somewhere[n] {
			t.Errorf("capability %d was granted and is nowhere", n)
		}
	}
	var total uint64
	for _, sum := range want {
		total += sum.Total()
	}
	if f.TotalChecks != total {
		t.Errorf("TotalChecks = %d, want %d", f.TotalChecks, total)
	}
}

// checkLists: each by number and without duplicates; what is in one is not in
// those it excludes.
func checkLists(t *testing.T, o *Observation, f *Findings) {
	p := placesOf(f)
	var capsetOnly []int
	for _, c := range f.CapsetOnly {
		capsetOnly = append(capsetOnly, c.Number)
	}
	for name, list := range map[string][]int{
		"required": p.Required, "denied": p.Denied, "advisory": p.Advisory, "nested": p.Nested,
		"capset-only": capsetOnly,
	} {
		if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) {
			t.Errorf("%s: %v", name, list)
		}
	}
	var set uint64
	for _, c := range f.Required {
		if c.Granted == 0 || slices.Contains(p.Denied, c.Number) || slices.Contains(capsetOnly, c.Number) {
			t.Errorf("capability %d is required with %d grants; denied %v, capset-only %v", c.Number,
				c.Granted, p.Denied, capsetOnly)
		}
		set |= 1 << c.Number
	}
	for _, c := range f.Denied {
		if c.Checks == 0 || c.Assessment == AssessNone {
			t.Errorf("denied: %+v", c)
		}
	}
	for _, n := range capsetOnly {
		set |= 1 << n
	}
	if held := o.Application.FilePermitted; held != 0 && held>>unix.CAP_SETPCAP&1 == 0 {
		set &^= 1 << unix.CAP_SETPCAP
	}
	if f.Recommended() != set {
		t.Errorf("Recommended() = %#x, want %#x", f.Recommended(), set)
	}
}

// checkPhases: the two parts make up the whole.
func checkPhases(t *testing.T, o *Observation, f *Findings) {
	if !o.Dropped && len(f.Init)+len(f.Operational) > 0 {
		t.Error("phases without a drop")
	}
	granted := map[int]uint64{}
	for _, c := range slices.Concat(f.Init, f.Operational) {
		granted[c.Number] += c.Granted
	}
	for _, c := range f.Required {
		if o.Dropped && granted[c.Number] != c.Granted {
			t.Errorf("capability %d: %d granted, but %d in the phases", c.Number, c.Granted,
				granted[c.Number])
		}
		delete(granted, c.Number)
	}
	if o.Dropped && len(granted) > 0 {
		t.Errorf("in a phase, and not required: %v", granted)
	}
}

// checkOrder: the kernel's hash tables have none, so it must not show.
func checkOrder(t *testing.T, o *Observation, f *Findings) {
	backwards := *o
	backwards.Checks, backwards.Outcomes = slices.Clone(o.Checks), slices.Clone(o.Outcomes)
	slices.Reverse(backwards.Checks)
	slices.Reverse(backwards.Outcomes)
	if diff := cmp.Diff(f, Analyze(&backwards), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the order of the rows matters (-one way +the other):\n%s", diff)
	}
}
