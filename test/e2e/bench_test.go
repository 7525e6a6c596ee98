package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The benchmarks compare within one run of one machine: what counts is the
// ratio, and nothing fails by it. make bench runs each once.

// checksToMeasure is long enough that starting the loop does not matter.
const checksToMeasure = 1000000

// nsPerCall is what a role of this binary says that one of its calls takes:
// the median of a few runs of the command line that the role's is part of.
func nsPerCall(b *testing.B, line []string) float64 {
	b.Helper()
	var all []float64
	for range 5 {
		cmd := command(b, line[0], line[1:]...)
		out, err := cmd.Output()
		if err != nil {
			b.Fatalf("%q: %v", line, err)
		}
		var ns float64
		found := false
		for text := range strings.Lines(string(out)) {
			if n, err := strconv.ParseFloat(strings.TrimSpace(text), 64); err == nil {
				ns, found = n, true
			}
		}
		if !found {
			b.Fatalf("%q: no figure in %s", line, out)
		}
		all = append(all, ns)
	}
	return median(all)
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

// auditOf is the command line of an audit whose report is of no interest.
func auditOf(line ...string) []string {
	return append(append([]string{capAuditPath}, withBackend("-o", "/dev/null", "--")...), line...)
}

// bystand runs an audit of something idle while it calls measure: what the
// rest of the machine pays.
func bystand(b *testing.B, measure func()) {
	b.Helper()
	line := auditOf(roleProgram(b, "listen"))
	r := begin(b, command(b, line[0], line[1:]...))
	r.await("^ready$")
	measure()
	r.stdin.Close()
	if end := r.end(); end.status != 0 {
		b.Fatalf("the audit beside: %s", end.stderr)
	}
}

// What a capability check costs: native, traced, beside an audit, and counted
// by bpftrace.
func BenchmarkCheck(b *testing.B) {
	line := []string{roleProgram(b, "loop"), fmt.Sprint(checksToMeasure)}
	for b.Loop() {
		native := nsPerCall(b, line)
		traced := nsPerCall(b, auditOf(line...))
		b.ReportMetric(native, "native-ns/check")
		b.ReportMetric(traced, "traced-ns/check")
		b.ReportMetric(traced-native, "added-ns/check")
		bystand(b, func() { b.ReportMetric(nsPerCall(b, line)-native, "bystander-added-ns/check") })
		if counted, ok := underBpftrace(b, line); ok {
			b.ReportMetric(counted-native, "bpftrace-added-ns/check")
			b.ReportMetric((traced-native)/(counted-native), "added/bpftrace's")
		}
	}
}

// underBpftrace measures while bpftrace counts all checks of the machine.
func underBpftrace(b *testing.B, line []string) (float64, bool) {
	b.Helper()
	bpftrace, err := exec.LookPath("bpftrace")
	if err != nil {
		b.Logf("without a comparison: wanted bpftrace: %v", err)
		return 0, false
	}
	// bpftrace looks tracepoints up in tracefs, which need not be mounted
	cmd := command(b, "unshare", "-m", "sh", "-c",
		`mount -t tracefs tracefs /sys/kernel/tracing; exec "$0" -e 'BEGIN { printf("ready\n"); } tracepoint:capability:cap_capable { @[args->cap] = count(); }'`,
		bpftrace)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() && lines.Text() != "ready" {
	}
	if lines.Text() != "ready" {
		cmd.Wait()
		b.Logf("without a comparison: wanted bpftrace on the tracepoint cap_capable: %s", &errs)
		return 0, false
	}
	ns := nsPerCall(b, line)
	cmd.Process.Signal(syscall.SIGINT)
	io.Copy(io.Discard, stdout)
	cmd.Wait()
	return ns, true
}

// What a system call without any check costs.
func BenchmarkOtherSyscall(b *testing.B) {
	line := []string{roleProgram(b, "getppid"), "3000000"}
	for b.Loop() {
		native := nsPerCall(b, line)
		traced := nsPerCall(b, auditOf(line...))
		b.ReportMetric(native, "native-ns/call")
		b.ReportMetric(traced, "traced-ns/call")
		b.ReportMetric(traced/native, "traced/native")
		bystand(b, func() { b.ReportMetric(nsPerCall(b, line)/native, "bystander/native") })
	}
}

// wall is how long a command takes, the median of some runs, and the largest
// peak of its memory in KiB.
func wall(b *testing.B, runs int, line []string) (milliseconds float64, peak int64) {
	b.Helper()
	var all []float64
	for range runs {
		cmd := command(b, line[0], line[1:]...)
		cmd.Env = append(os.Environ(), "COLUMNS=80")
		start := time.Now()
		r := finish(b, cmd)
		all = append(all, time.Since(start).Seconds()*1000)
		if r.status != 0 {
			b.Fatalf("%q: status %d: %s", line, r.status, r.stderr)
		}
		peak = max(peak, r.maxRSS)
	}
	return median(all), peak
}

// A whole audit of a program that does nothing. The peak is that of cap-audit
// and its stub.
func BenchmarkTrue(b *testing.B) {
	for b.Loop() {
		native, _ := wall(b, 20, []string{"true"})
		milliseconds, peak := wall(b, 20, append(append([]string{capAuditPath}, withBackend("--")...),
			"true"))
		b.ReportMetric(native, "native-ms")
		b.ReportMetric(milliseconds, "ms")
		b.ReportMetric(float64(peak)/1024, "peak-MiB")
	}
}

// Making a process and its end, with one check in it. What starting the audit
// takes is taken off.
func BenchmarkFork(b *testing.B) {
	const forks = 10000
	tree := built("tree")
	for b.Loop() {
		start, _ := wall(b, 5, []string{tree, "fork", "1"})
		native, _ := wall(b, 5, []string{tree, "fork", fmt.Sprint(forks)})
		auditStart, _ := wall(b, 5, auditOf(tree, "fork", "1"))
		traced, _ := wall(b, 5, auditOf(tree, "fork", fmt.Sprint(forks)))
		native, traced = native-start, traced-auditStart
		b.ReportMetric(native*1000/forks, "native-µs/fork")
		b.ReportMetric(traced*1000/forks, "traced-µs/fork")
		b.ReportMetric(traced/native, "traced/native")
	}
}
