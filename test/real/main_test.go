// Package real proves what cap-audit recommends: for programs that need exactly
// one capability, where the truth is known, and for programs of the system,
// where --verify and --minimize have to find it.
//
//	CAP_AUDIT           the binary, by default ../../cap-audit
//	CAP_AUDIT_PROGRAMS  the C programs, by default in ../../build/programs
//	CAP_AUDIT_BACKEND   the backend to force; empty lets cap-audit choose
//
// It needs root. Programs that are not installed are skipped. Compiled with
// go test -c it runs anywhere, without the tree.
//
//	go test ./test/real -run Table -update
//
// measures anew and writes docs/real-programs.md.
package real

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cap-audit/cap-audit/report"
	"github.com/cap-audit/cap-audit/test/machine"
	"github.com/cap-audit/cap-audit/test/page"
)

// patience bounds every wait for a fact. It only decides how soon a failure is
// seen, so it suits an emulated machine.
const patience = 2 * time.Minute

// What the environment says.
var (
	capAuditPath = machine.Setting("CAP_AUDIT", "../../cap-audit")
	needPath     = filepath.Join(machine.Setting("CAP_AUDIT_PROGRAMS", "../../build/programs"), "need")
	backend      = os.Getenv("CAP_AUDIT_BACKEND")
)

func TestMain(m *testing.M) {
	playRole()
	machine.Supervise()
	machine.Suite("the suite of real programs", machine.CannotTrace(capAuditPath, withBackend(), needPath))
	os.Exit(m.Run())
}

// withBackend puts the forced backend before other arguments, and leaves the code alone, which
// TestLongReach looks at.
func withBackend(arguments ...string) []string {
	if len(arguments) > 0 {
		arguments = append([]string{"--no-static"}, arguments...)
	}
	if backend == "" {
		return arguments
	}
	return append([]string{"--backend", backend}, arguments...)
}

// document is what the tests read of a report.
type document struct {
	Required    []capability `json:"required_capabilities"`
	CapsetOnly  []capability `json:"capset_only_capabilities"`
	Unasked     []capability `json:"unasked_capabilities"`
	Advisory    []capability `json:"advisory_capabilities"`
	Recommended []string     `json:"recommended_capabilities"`
	Programs    json.RawMessage
	Complete    bool
	Verified    *bool
	Proof       *struct {
		Skipped      *string
		Verification *trial
		Minimization []trial
		Minimal      *trial
	}
	Exit struct{ Status, Signal int }
}

type capability struct {
	Name      string
	Checks    struct{ Granted int }
	CallSites []struct {
		Function string
		Syscall  string
		Advisory *string
		Objects  []struct{ Text string }
	} `json:"call_sites"`
}

// trial is a run with fewer capabilities.
type trial struct {
	Capabilities []string
	Without      *string
	Verdict      *string
	Behaved      bool
	Evidence     []struct {
		Capability *string
		Text       string
	}
}

// notNeeded is the verdict on a capability without which the program behaved.
const notNeeded = "not_needed_in_this_run"

// unsupported is the exit status of need, and of a setup, where the host cannot
// do what is wanted of it.
const unsupported = 77

// evidence is what a trial showed, in words.
func (tr *trial) evidence() string {
	var texts []string
	for _, e := range tr.Evidence {
		texts = append(texts, e.Text)
	}
	return strings.Join(texts, "; ")
}

// required are the names under required_capabilities.
func (d document) required() []string {
	names := []string{}
	for _, c := range d.Required {
		names = append(names, c.Name)
	}
	return names
}

// found is what the audited run showed: the set that --verify tries. What is
// recommended after --minimize can be less.
func (d document) found() []string { return d.Proof.Verification.Capabilities }

// unneeded are the capabilities without any one of which the program behaved.
func (d document) unneeded() []string {
	var names []string
	for _, tr := range d.Proof.Minimization {
		if *tr.Verdict == notNeeded {
			names = append(names, *tr.Without)
		}
	}
	return names
}

// documentOf runs a cap-audit -j with a proof to its end. It returns what the
// command wrote to standard error, too: the target's output is there.
func documentOf(t testing.TB, cmd *exec.Cmd) (document, string) {
	t.Helper()
	d, said := parse(t, cmd)
	if d.Proof == nil {
		t.Fatalf("%q: no proof\n%s", cmd.Args, said)
	}
	if d.Proof.Skipped != nil {
		t.Fatalf("%q: not repeated: %s\n%s", cmd.Args, *d.Proof.Skipped, said)
	}
	return d, said
}

// parse runs a cap-audit -j to its end.
func parse(t testing.TB, cmd *exec.Cmd) (document, string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == unsupported {
		t.Skip(strings.TrimSpace(stderr.String()))
	}
	if err != nil {
		t.Fatalf("%q: %v\n%s%s", cmd.Args, err, stdout.Bytes(), stderr.Bytes())
	}
	var d document
	if err := json.Unmarshal(stdout.Bytes(), &d); err != nil {
		t.Fatalf("%q: not a JSON document: %v\n%s", cmd.Args, err, stdout.Bytes())
	}
	for _, line := range page.Wide(asText(t, stdout.Bytes())) {
		t.Errorf("%q: wider than a page: %s", cmd.Args, line)
	}
	if !d.Complete {
		t.Fatalf("%q: not complete\n%s", cmd.Args, stderr.Bytes())
	}
	return d, stderr.String()
}

// asText is the report that people read.
func asText(t testing.TB, document []byte) string {
	t.Helper()
	f, err := report.Read(bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := report.WriteText(&text, report.NewDocument(f), report.Page{Width: 80}); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// command is killed when the test ends. A pipe that a descendant keeps open
// does not keep the test waiting for ever.
func command(t testing.TB, path string, arguments ...string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), path, arguments...)
	cmd.WaitDelay = patience
	return cmd
}
