package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/cap-audit/cap-audit/objects"
	"github.com/cap-audit/cap-audit/report"
)

// coverage is what was looked at of a program's code.
type coverage struct {
	Path     string
	Analysed bool
	Failed   string
	Objects  []string
	Missing  []string
}

// document is what the tests read of the report: the keys that callers rely
// on, spelt out here, so that renaming one in the program fails.
type document struct {
	Application struct {
		PID  int
		Comm string
	}
	SystemContext struct {
		KernelVersion string `json:"kernel_version"`
	} `json:"system_context"`
	Dropped      bool         `json:"capability_drop_observed"`
	CapsetCalls  int          `json:"successful_capset_calls"`
	Required     []capability `json:"required_capabilities"`
	CapsetOnly   []capability `json:"capset_only_capabilities"`
	Init         []capability `json:"initialization_capabilities"`
	Operational  []capability `json:"operational_capabilities"`
	Denied       []denied     `json:"denied_capabilities"`
	Backend      string
	Limits       []string
	TotalChecks  uint64       `json:"total_checks"`
	Advisory     []capability `json:"advisory_capabilities"`
	Nested       []capability `json:"nested_capabilities"`
	Programs     []program
	Tasks        uint64
	StillRunning int `json:"still_running"`
	Losses       map[string]uint64
	Complete     bool
	Recommended  []string `json:"recommended_capabilities"`
	AtLeast      bool     `json:"at_least"`
	Exit         struct {
		Status, Signal int
		Ended          bool
	}
	Unasked []struct {
		Name  string
		Calls []struct {
			Syscall   string
			Count     uint64
			Concluded bool
		}
	} `json:"unasked_capabilities"`
	NewPrivileges []string `json:"new_privileges"`
	Without       []struct {
		Name string
		Ways []string
	}
	Possible []capability `json:"possible_capabilities"`
	RuledOut []string     `json:"ruled_out_capabilities"`
	Coverage *struct{ Programs []coverage }
	Interim  bool
	Outcomes string
	Watched  float64 `json:"watched_seconds"`
	Serving  *struct {
		After   float64 `json:"after_seconds"`
		Syscall string
	}
	RefusedEnd *struct {
		PID, Status, Signal int
		Syscall             string
		RawReturn           int `json:"raw_return"`
	} `json:"ended_after_refusal"`
	TestFailed string `json:"test_failed"`
	Held       *report.Held
	Target     target
}

type target struct {
	Kind, Name, Cgroup, Engine, Image string
	ContainerID                       string `json:"container_id"`
	ImageDigest                       string `json:"image_digest"`
	Namespace, Pod                    string
	PodUID                            string `json:"pod_uid"`
	UserNamespace                     bool   `json:"user_namespace"`
}

type capability struct {
	Number int
	Name   string
	Checks struct{ Total, Granted, Denied uint64 }
	Reason string
	Sites  []callSite `json:"call_sites"`
	// LookedAt is nil where all calls were.
	LookedAt     *uint64 `json:"calls_looked_at"`
	FailedAnyway []struct {
		Errno int
		Count uint64
	} `json:"failed_anyway"`
	First         float64 `json:"first_seconds"`
	Last          float64 `json:"last_seconds"`
	BeforeServing *bool   `json:"before_serving"`
	UserNamespace *string `json:"user_namespace"`
}

type callSite struct {
	Function, Syscall string
	Checks            uint64
	Sampled           bool
	Advisory          *string
	Stacks            []stack
	Objects           []object
	Others            uint64 `json:"checks_for_others"`
}

type object struct {
	Kind, Text, Path, Given, Owner, Group, Mode, Protocol, Address string
	Port, PID                                                      int
	Checks                                                         uint64
}

type denied struct {
	Number     int
	Name       string
	NotGranted uint64 `json:"not_granted_checks"`
	Syscalls   []struct {
		Number int
		Name   string
	} `json:"denied_syscalls"`
	LSMRefused uint64 `json:"lsm_refused_checks"`
	Assessment string
	Outcomes   []outcome  `json:"syscall_outcomes"`
	Sites      []callSite `json:"call_sites"`
	LookedAt   *uint64    `json:"calls_looked_at"`
}

type outcome struct {
	Syscall    string
	Class      string  `json:"outcome_class"`
	RawReturn  int     `json:"raw_return"`
	ReturnName *string `json:"return_name"`
	Errno      *int
	Count      uint64
}

type program struct {
	Path      string
	Processes uint64
	Required  []string `json:"required_capabilities"`
	Refused   []string `json:"refused_capabilities"`

	Syscalls        []string
	RefusedSyscalls []string `json:"refused_syscalls"`
	Namespaces      bool     `json:"made_namespaces"`
	StandsFor       uint64   `json:"stands_for"`
}

// decode reads one document, after which there must be nothing more.
func decode(t testing.TB, raw []byte) document {
	t.Helper()
	var d document
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if err := decoder.Decode(&d); err != nil {
		t.Fatalf("not a JSON document: %v\n%s", err, raw)
	}
	if _, err := decoder.Token(); err != io.EOF {
		t.Fatalf("more than one document (%v):\n%s", err, raw)
	}
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if err := reportSchema().Validate(tree); err != nil {
		t.Errorf("not as the schema describes it: %v", err)
	}
	return d
}

// reportSchema is that of the report.
var reportSchema = sync.OnceValue(func() *jsonschema.Schema { return compiled(report.Schema) })

func compiled(schema []byte) *jsonschema.Schema {
	compiler := jsonschema.NewCompiler()
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err == nil {
		err = compiler.AddResource("schema.json", tree)
	}
	if err != nil {
		panic(err) // it is compiled in
	}
	return compiler.MustCompile("schema.json")
}

// tally is granted and refused checks by name of the capability.
type tally map[string][2]uint64

func granted(list []capability) tally {
	all := tally{}
	for _, c := range list {
		all[c.Name] = [2]uint64{c.Checks.Granted, c.Checks.Denied}
	}
	return all
}

func refused(list []denied) tally {
	all := tally{}
	for _, c := range list {
		all[c.Name] = [2]uint64{0, c.NotGranted}
	}
	return all
}

// sum is of all checks in the document's four lists, which share out what
// total_checks counts.
func (d document) sum() uint64 {
	var n uint64
	for _, list := range [][]capability{d.Required, d.Advisory, d.Nested} {
		for _, c := range list {
			n += c.Checks.Total
		}
	}
	for _, c := range d.Denied {
		n += c.NotGranted
	}
	return n
}

// preemptible: this kernel can take the CPU away from a task in the midst of
// what it does for it.
var preemptible = sync.OnceValue(func() bool {
	model, err := os.ReadFile("/sys/kernel/debug/sched/preempt")
	if err != nil { // not to be known, unless it was built without
		version, _ := os.ReadFile("/proc/version")
		return bytes.Contains(version, []byte("PREEMPT"))
	}
	return !regexp.MustCompile(`\((none|voluntary)\)`).Match(model)
})

// missesChecks tells whether checks were lost in the one way that a test has
// to bear: on preemptible kernels a task can be preempted inside of fentry
// programs, since Linux 7.0 of tracepoint programs, too, and the kernel skips
// the program for whoever runs next on that CPU. It counts them, of any task on
// the machine. Kprobes run with preemption off, and are what cap-audit picks
// there.
func (d document) missesChecks() bool { return d.Losses["checks"] != 0 && d.skipsPrograms() }

// missesUnasked likewise, for what the tracepoint backend concludes at the end of
// system calls.
func (d document) missesUnasked() bool { return d.Losses["unasked"] != 0 && d.skipsPrograms() }

// skipsPrograms: the backend's programs can be preempted on this kernel.
func (d document) skipsPrograms() bool {
	switch d.Backend {
	case "fentry":
		return preemptible()
	case "tracepoint":
		major, _, _ := strings.Cut(d.SystemContext.KernelVersion, ".")
		n, err := strconv.Atoi(major)
		return err == nil && n >= 7
	}
	return false
}

// counted compares the granted checks with the truth.
func (d document) counted(t testing.TB, want tally) {
	t.Helper()
	d.compare(t, want, granted(d.Required), d.missesChecks())
}

// countedRefused compares the checks of capabilities that were always refused.
func (d document) countedRefused(t testing.TB, want tally) {
	t.Helper()
	d.compare(t, want, refused(d.Denied), d.missesChecks())
}

// compare compares checks with the truth. Where the kernel may have missed
// some, the report must say so, and say of no fewer than are missing.
func (d document) compare(t testing.TB, want, got tally, mayMiss bool) {
	t.Helper()
	if !mayMiss {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("checks (-want +got):\n%s", diff)
		}
		return
	}
	var missing uint64
	for name, truth := range want {
		for i := range truth {
			missing += truth[i] - min(truth[i], got[name][i])
		}
	}
	for name, n := range got {
		if _, ok := want[name]; !ok && d.Losses["sites"] > 0 {
			continue // not known to be advisory
		}
		if n[0] > want[name][0] || n[1] > want[name][1] {
			t.Errorf("%s: %d checks granted, %d refused, wanted %v at most", name, n[0], n[1], want[name])
		}
	}
	if missing > d.Losses["checks"] || d.Complete && missing > 0 {
		t.Errorf("%d checks are missing, the report tells of %d; complete %t", missing, d.Losses["checks"],
			d.Complete)
	}
	t.Logf("%d checks missing, %d reported as lost", missing, d.Losses["checks"])
}

// wholeAndConsistent checks what holds of every audit that went to its end.
func (d document) wholeAndConsistent(t testing.TB) {
	t.Helper()
	for kind, n := range d.Losses {
		// nothing that was observed depends on these, which take time that a busy machine may not have
		if kind == "code" || kind == "stacks" {
			continue
		}
		borne := (kind == "checks" || kind == "sites") && d.missesChecks() || kind == "unasked" &&
			d.missesUnasked()
		if n != 0 && !borne {
			t.Errorf("%d %s lost", n, kind)
		}
	}
	if d.Complete == (d.missesChecks() || d.missesUnasked()) || d.StillRunning != 0 || !d.Exit.Ended {
		t.Errorf("complete %t, still running %d, ended %t", d.Complete, d.StillRunning, d.Exit.Ended)
	}
	if d.sum() != d.TotalChecks {
		t.Errorf("the lists have %d checks, total_checks says %d", d.sum(), d.TotalChecks)
	}
	d.saysWhatFor(t)
	for _, c := range d.Denied {
		calls := uint64(0)
		for _, o := range c.Outcomes {
			calls += o.Count
		}
		if calls > c.NotGranted {
			t.Errorf("%s: %d calls had outcomes, and %d checks were refused", c.Name, calls, c.NotGranted)
		}
	}
	for _, c := range d.Required {
		if c.Checks.Total != c.Checks.Granted+c.Checks.Denied {
			t.Errorf("%s: total %d is not the sum of granted %d and denied %d",
				c.Name, c.Checks.Total, c.Checks.Granted, c.Checks.Denied)
		}
		var sites uint64
		for _, site := range c.Sites {
			sites += site.Checks
			if site.Sampled && d.Losses["sites"] == 0 {
				t.Errorf("%s: the call site %s rests on samples", c.Name, site.Function)
			}
		}
		if sites != c.Checks.Total && d.Losses["sites"] == 0 {
			t.Errorf("%s: %d checks at call sites, %d in all", c.Name, sites, c.Checks.Total)
		}
	}
}

// asksFirst are calls whose name the kernel reads after it has asked (kernel/acct.c, SYSCALL_DEFINE1(acct)):
// it need not be in memory by then.
var asksFirst = []string{"acct"}

// saysWhatFor: of each call site in a system call there is an object, and of what is needed one that says
// more than the numbers of its arguments, where it is known what these are.
func (d document) saysWhatFor(t testing.TB) {
	t.Helper()
	if d.missesChecks() {
		return
	}
	looked := func(name string, sites []callSite, needed bool) {
		for _, site := range sites {
			onlyNumbers := func(o object) bool { return o.Kind == "arguments" }
			_, known := objects.ArgumentsOf(site.Syscall, "")
			known = known && !slices.Contains(asksFirst, site.Syscall)
			switch {
			case site.Syscall == "" || site.Function == "":
			case len(site.Objects) == 0:
				t.Errorf("%s: nothing says what %s asked for in %s", name, site.Function, site.Syscall)
			case needed && known && slices.ContainsFunc(site.Objects, onlyNumbers):
				t.Errorf("%s: asked for in %s for %+v", name, site.Syscall, site.Objects)
			}
		}
	}
	for _, c := range d.Required {
		looked(c.Name, c.Sites, true)
	}
	for _, c := range d.Denied {
		looked(c.Name, c.Sites, true)
	}
	for _, c := range d.Advisory {
		looked(c.Name, c.Sites, false)
	}
}

// required is a capability that is needed, nil for one that is not.
func (d document) required(name string) *capability {
	i := slices.IndexFunc(d.Required, func(c capability) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return &d.Required[i]
}

// ran is the program of the tree whose path ends so.
func (d document) ran(t testing.TB, suffix string) program {
	t.Helper()
	for _, p := range d.Programs {
		if strings.HasSuffix(p.Path, suffix) {
			return p
		}
	}
	t.Fatalf("no program %q among %+v", suffix, d.Programs)
	return program{}
}
