package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mode is a line of need --list.
type mode struct {
	name, function, checks, alternative string
}

func modes(t *testing.T) []mode {
	t.Helper()
	r := finish(t, command(t, built("need"), "--list"))
	if r.status != 0 {
		t.Fatalf("need --list: status %d: %s", r.status, r.stderr)
	}
	var list []mode
	for line := range strings.Lines(string(r.stdout)) {
		words := strings.Fields(line)
		if len(words) != 4 {
			t.Fatalf("need --list: %q has not four words", line)
		}
		list = append(list, mode{words[0], words[1], words[2], words[3]})
	}
	if len(list) < 39 {
		t.Fatalf("need --list has %d modes, 39 capabilities can be exercised", len(list))
	}
	return list
}

// needEnv is the environment of need.
func needEnv(t *testing.T) []string {
	t.Helper()
	return append(os.Environ(), "NEED_DIR="+preparedDir(t))
}

// unsupported skips where the kernel or the host cannot exercise a capability.
func unsupported(t *testing.T, d document, r result) {
	t.Helper()
	if d.Exit.Status == 77 {
		for line := range strings.Lines(string(r.stderr)) {
			if strings.HasPrefix(line, "need: ") {
				t.Skip(strings.TrimSpace(line))
			}
		}
		t.Skip("need says that this host cannot exercise it")
	}
}

// A program that does what one capability allows is found to need that one and
// no other, and the checks are counted one and all.
func TestEachCapability(t *testing.T) {
	t.Parallel()
	const rounds = 7
	for _, m := range modes(t) {
		t.Run(m.name, func(t *testing.T) {
			cmd := capAudit(t, "-j", "--", built("need"), m.name, strconv.Itoa(rounds))
			cmd.Env = needEnv(t)
			r := finish(t, cmd)
			if r.status != 0 {
				t.Fatalf("status %d: %s", r.status, r.stderr)
			}
			d := decode(t, r.stdout)
			unsupported(t, d, r)
			d.wholeAndConsistent(t)
			if d.Exit.Status != 0 {
				t.Fatalf("need %s: status %d, though root holds it: %s", m.name, d.Exit.Status, r.stderr)
			}
			want := tally{m.name: {rounds, 0}}
			if least, more := strings.CutSuffix(m.checks, "+"); more {
				n, _ := strconv.ParseUint(least, 10, 64)
				got := granted(d.Required)[m.name][0]
				want[m.name] = [2]uint64{max(got, n*rounds), 0}
			} else if m.checks != "1" {
				n, _ := strconv.ParseUint(m.checks, 10, 64)
				want[m.name] = [2]uint64{n * rounds, 0}
			}
			d.counted(t, want)
			if diff := cmp.Diff(tally{}, refused(d.Denied)); diff != "" {
				t.Errorf("refused capabilities (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{m.name}, d.Recommended); diff != "" {
				t.Errorf("recommended capabilities (-want +got):\n%s", diff)
			}
		})
	}
}

// TestCapabilitiesTogether: the same, and what is refused, in one audit each, for machines on which each
// takes seconds.
func TestCapabilitiesTogether(t *testing.T) {
	t.Parallel()
	dir := privileged(t)
	auditor := unprivilegedCapAudit(t, dir)
	all := []string{"-j", "--", tool(t, "sh"), "-c",
		`need=$1; shift; for mode; do "$need" "$mode" 7; echo "$mode: $?" >&2; done`, "sh",
		installed(t, dir, built("need"), 0o755)}
	for _, m := range modes(t) {
		all = append(all, m.name)
	}
	t.Run("granted", func(t *testing.T) {
		d, has := together(t, capAudit(t, all...), 0)
		want, got := tally{}, granted(d.Required)
		for _, m := range modes(t) {
			switch n, asked := got[m.name]; {
			case has[m.name] && m.checks == "1":
				want[m.name] = [2]uint64{7, 0}
			case has[m.name]:
				want[m.name] = [2]uint64{max(7, n[0]), 0}
			case asked:
				want[m.name] = n
			}
		}
		d.counted(t, want)
	})
	t.Run("refused", func(t *testing.T) {
		d, has := together(t, as(command(t, auditor, withBackend(all...)...), nobody), 1)
		want, got := tally{}, refused(d.Denied)
		for _, m := range modes(t) {
			switch n, asked := got[m.name]; {
			case has[m.name] && m.checks == "1" && m.name != "sys_admin": // which others ask for, too
				want[m.name] = [2]uint64{0, 1}
			case has[m.name]:
				want[m.name] = [2]uint64{0, max(1, n[1])}
			case asked:
				want[m.name] = n
			}
		}
		d.countedRefused(t, want)
	})
}

// together runs the audit of all modes, and tells which the machine has: they end with that status.
func together(t *testing.T, cmd *exec.Cmd, status int) (document, map[string]bool) {
	t.Helper()
	cmd.Dir = "/" // dash looks at where it is, which can be below what nobody may look at
	cmd.Env = append(needEnv(t), "PWD=/")
	r := finish(t, cmd)
	d := decode(t, r.stdout)
	d.wholeAndConsistent(t)
	has := map[string]bool{}
	for _, m := range modes(t) {
		switch said := "\n" + string(r.stderr); {
		case strings.Contains(said, fmt.Sprintf("\n%s: %d\n", m.name, status)):
			has[m.name] = true
		case strings.Contains(said, "\n"+m.name+": 77\n"):
			t.Logf("this machine has nothing for %s", m.name)
		default:
			t.Errorf("need %s did not end with status %d:\n%s", m.name, status, said)
		}
	}
	return d, has
}

// silent are the modes in which the kernel refuses without failing the system
// call: it drops a bit or a flag, or answers by a message.
var silent = map[string]bool{"fsetid": true, "block_suspend": true, "audit_write": true,
	"audit_control": true}

// The same by a user who may do nothing. That user's cap-audit has its
// privileges from the file, and the target none at all.
func TestEachCapabilityRefused(t *testing.T) {
	t.Parallel()
	dir := privileged(t)
	auditor := unprivilegedCapAudit(t, dir)
	need := installed(t, dir, built("need"), 0o755)
	for _, m := range modes(t) {
		t.Run(m.name, func(t *testing.T) {
			cmd := as(command(t, auditor, withBackend("-j", "--", need, m.name, "7")...), nobody)
			cmd.Env = needEnv(t)
			r := finish(t, cmd)
			if r.status != 0 {
				t.Fatalf("status %d: %s", r.status, r.stderr)
			}
			d := decode(t, r.stdout)
			unsupported(t, d, r)
			d.wholeAndConsistent(t)
			if d.Exit.Status != 1 {
				t.Fatalf("need %s: status %d, wanted 1, refused: %s", m.name, d.Exit.Status, r.stderr)
			}
			if diff := cmp.Diff(tally{}, granted(d.Required)); diff != "" {
				t.Errorf("required capabilities (-want +got):\n%s", diff)
			}
			// it stops at the first refusal
			got := refused(d.Denied)
			want := tally{m.name: {0, max(1, got[m.name][1])}}
			if m.checks == "1" {
				want[m.name] = [2]uint64{0, 1}
			}
			// what some kernels take in its place they ask for as well
			if n, asked := got[m.alternative]; asked {
				want[m.alternative] = n
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("refused capabilities (-want +got):\n%s", diff)
			}
			assessment := "permission_failure"
			if silent[m.name] {
				assessment = "succeeded_despite_denial"
			}
			for _, c := range d.Denied {
				if c.Assessment != assessment {
					t.Errorf("%s: assessment %s, wanted %s; outcomes %+v", c.Name, c.Assessment, assessment,
						c.Outcomes)
				}
				if c.Name != m.name || silent[m.name] {
					continue
				}
				// need prints the name of the errno that it got
				if !strings.Contains(string(r.stderr), fmt.Sprintf("%s\n", value(c.Outcomes[0].ReturnName))) {
					t.Errorf("outcome %s, the target saw:\n%s", value(c.Outcomes[0].ReturnName), r.stderr)
				}
			}
			if len(d.Recommended) != 0 {
				t.Errorf("recommended %v: what was refused is never added", d.Recommended)
			}
		})
	}
}

func value(s *string) string {
	if s == nil {
		return "null"
	}
	return *s
}
