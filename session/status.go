package session

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/report"
	"github.com/cap-audit/cap-audit/tracer"
)

// showEvent prints one event of --verbose.
func showEvent(l *console.Lines, e tracer.Event) {
	switch e.Kind {
	case tracer.EventCheck:
		l.Print("%s", report.VerboseCheck(e.PID, e.Capability, e.Verdict == audit.Granted, e.Syscall.Name,
			e.Comm))
	case tracer.EventDrop:
		l.Print("%s", report.VerboseDrop)
	case tracer.EventCapset:
		l.Print("%s", report.VerboseCapset(e.PID, e.Sets))
	case tracer.EventSyscall:
		l.Print("%s", report.VerboseSyscall(e.PID, e.Syscall.Name, e.Return, e.Denied))
	}
}

// showEnding tells how the target ended, whose own last line may not have.
func showEnding(l *console.Lines, status unix.WaitStatus) {
	l.Print("")
	if status.Signaled() {
		l.Print("[*] Application terminated by signal %d", status.Signal())
	} else {
		l.Print("[*] Application exited with status %d", status.ExitStatus())
	}
}

// statusDelay is after how long a run is long, and statusEvery how often its
// line is renewed.
const (
	statusDelay = 2 * time.Second
	statusEvery = time.Second
)

// showStatus keeps one line about the run on a terminal's last line until the
// function that it returns is called.
func showStatus(l *console.Lines, a *tracer.Audit) (stop func()) {
	if !l.HasStatus() {
		return func() {}
	}
	start := time.Now()
	done := make(chan struct{})
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		timer := time.NewTimer(statusDelay)
		for {
			select {
			case <-done:
				timer.Stop()
				l.SetStatus("")
				return
			case <-timer.C:
				if p, err := a.Progress(); err == nil {
					l.SetStatus(statusLine(time.Since(start), p, func() []int { return neededSoFar(a) }))
				}
				timer.Reset(statusEvery)
			}
		}
	}()
	return func() { close(done); <-finished }
}

// statusLine is ASCII, as console.Lines wants it.
func statusLine(elapsed time.Duration, p tracer.Progress, neededSoFar func() []int) string {
	switch {
	case p.Untraced:
		return fmt.Sprintf("[%s] processes: %d", elapsed.Round(time.Second), p.Processes)
	case p.Groups > 0:
		return fmt.Sprintf("[%s] processes: %d  checks: %d  groups: %d",
			elapsed.Round(time.Second), p.Processes, p.Checks, p.Groups)
	}
	needed := neededSoFar()
	names := make([]string, len(needed))
	for i, n := range needed {
		names[i] = capng.Name(n)
	}
	return fmt.Sprintf("[%s] processes: %d  checks: %d  needed: %s",
		elapsed.Round(time.Second), p.Processes, p.Checks, strings.Join(names, " "))
}

// neededSoFar judges as the report will: what was granted is more than that.
func neededSoFar(a *tracer.Audit) []int {
	o, err := a.Observe()
	if err != nil {
		return nil
	}
	var needed []int
	for _, c := range audit.Analyze(o).Required {
		needed = append(needed, c.Number)
	}
	return needed
}
