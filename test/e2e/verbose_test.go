package e2e

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The contract's formats.
var verboseForms = map[string]*regexp.Regexp{
	"[CAP]":     regexp.MustCompile(`^\[CAP\] pid=[0-9]+ cap=[a-z_]+ result=(GRANTED|DENIED) syscall=[a-z0-9_]+ comm=.+$`),
	"[CAPSET]":  regexp.MustCompile(`^\[CAPSET\] pid=[0-9]+ effective=0x[0-9a-f]+ permitted=0x[0-9a-f]+ inheritable=0x[0-9a-f]+$`),
	"[SYSCALL]": regexp.MustCompile(`^\[SYSCALL\] pid=[0-9]+ syscall=[a-z0-9_]+ return=-?[0-9]+ denied_caps=0x[0-9a-f]+$`),
	"[*]": regexp.MustCompile(`^\[\*\] (Capability auditor started|Registered PID [0-9]+ for tracing|Tracing application: .+ \(PID [0-9]+\)|Press Ctrl-C to stop|` +
		`Application exited with status [0-9]+|Analyzing results\.\.\.)$`),
}

// dropLine comes at the first drop.
const dropLine = "[CAP] Capability drop detected (capset from initial PID); switching to operational phase"

// verboseLines counts the lines of each kind; each has to be of its form.
func verboseLines(t *testing.T, text string) map[string][]string {
	t.Helper()
	kinds := map[string][]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		kind, _, _ := strings.Cut(line, " ")
		form, known := verboseForms[kind]
		if !known {
			continue
		}
		if line == dropLine {
			kinds["drop"] = append(kinds["drop"], line)
			continue
		}
		if !form.MatchString(line) {
			t.Errorf("%q is not of the form %s", line, form)
		}
		kinds[kind] = append(kinds[kind], line)
	}
	return kinds
}

func TestVerbose(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		target []string
		line   string // one that must be there, as a regular expression
	}{
		{"granted", []string{built("tree"), "fork", "500"},
			`\[CAP\] pid=\d+ cap=sys_chroot result=GRANTED syscall=chroot comm=tree`},
		{"many", []string{built("tree"), "loop", "20000"},
			`\[CAP\] pid=\d+ cap=sys_chroot result=GRANTED syscall=chroot comm=tree`},
		{"capset", []string{built("tree"), "drop", "2", "3"},
			`\[CAPSET\] pid=\d+ effective=0x40000 permitted=0x40000 inheritable=0x0`},
		{"refused", asNobody(t, built("tree"), "loop", "10"),
			`\[SYSCALL\] pid=\d+ syscall=chroot return=-1 denied_caps=0x40000`},
		{"refused-check", asNobody(t, built("tree"), "loop", "10"),
			`\[CAP\] pid=\d+ cap=sys_chroot result=DENIED syscall=chroot comm=tree`},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := finish(t, capAudit(t, append([]string{"-v", "-j", "--"}, test.target...)...))
			if r.status != 0 {
				t.Fatalf("status %d: %s", r.status, r.stderr)
			}
			d := decode(t, r.stdout)
			kinds := verboseLines(t, string(r.stderr))
			lost := d.Losses["events"]
			if n := uint64(len(kinds["[CAP]"])); n > d.TotalChecks || n+lost < d.TotalChecks {
				t.Errorf("%d [CAP] lines and %d lost, total_checks is %d", n, lost, d.TotalChecks)
			}
			if n := len(kinds["[CAPSET]"]); n > d.CapsetCalls || n+int(lost) < d.CapsetCalls {
				t.Errorf("%d [CAPSET] lines and %d lost, there were %d calls", n, lost, d.CapsetCalls)
			}
			if !regexp.MustCompile(`(?m)^` + test.line + `$`).Match(r.stderr) {
				t.Errorf("no line like %q", test.line)
			}
			if lost > 0 {
				t.Logf("%d lines lost of %d", lost, d.TotalChecks)
			}
		})
	}
}

// In a text report they are on standard output, before it, and as many as its
// summary says.
func TestVerboseText(t *testing.T) {
	t.Parallel()
	r := finish(t, capAudit(t, "--verbose", "--", built("tree"), "fork", "20"))
	if r.status != 0 || len(r.stderr) != 0 {
		t.Fatalf("status %d, on standard error %q", r.status, r.stderr)
	}
	total := regexp.MustCompile(`(?m)^  Total capability checks: (\d+)$`).FindStringSubmatch(string(r.stdout))
	if total == nil {
		t.Fatalf("no summary:\n%s", r.stdout)
	}
	want, _ := strconv.Atoi(total[1])
	kinds := verboseLines(t, string(r.stdout))
	if got := len(kinds["[CAP]"]); got != want {
		t.Errorf("%d [CAP] lines, %d checks", got, want)
	}
	if got := len(kinds["[*]"]); got != 6 {
		t.Errorf("progress lines %q", kinds["[*]"])
	}
	last := strings.LastIndex(string(r.stdout), "[CAP] ")
	if heading := strings.Index(string(r.stdout), "CAPABILITY ANALYSIS FOR:"); heading < last {
		t.Error("a [CAP] line comes after the report's beginning")
	}
}

// Each process is named by the pid that it has.
func TestVerbosePIDs(t *testing.T) {
	t.Parallel()
	r := finish(t, capAudit(t, "-v", "-j", "--", built("tree"), "fork", "5"))
	first := strconv.Itoa(decode(t, r.stdout).Application.PID)
	pids := map[string]bool{}
	for _, line := range verboseLines(t, string(r.stderr))["[CAP]"] {
		if strings.Contains(line, "cap=sys_chroot") {
			pids[strings.TrimPrefix(strings.Fields(line)[1], "pid=")] = true
		}
	}
	if len(pids) != 5 || pids[first] || pids["0"] || pids[strconv.Itoa(os.Getpid())] {
		t.Errorf("pids %v, wanted those of five children of %s", pids, first)
	}
}
