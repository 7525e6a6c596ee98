package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/report"
	"github.com/cap-audit/cap-audit/tracer"
)

// lines writes progress, verbose lines and the status line, so that they do
// not run into each other. What cannot be written is not worth the audit.
type lines struct {
	mu     sync.Mutex
	out    io.Writer
	status bool // a status line stands on the terminal
}

func newLines(cfg *config) *lines { return &lines{out: cfg.humans()} }

func (l *lines) print(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clear()
	fmt.Fprintf(l.out, format+"\n", args...)
}

// event prints one event of --verbose.
func (l *lines) event(e tracer.Event) {
	switch e.Kind {
	case tracer.EventCheck:
		l.print("%s", report.VerboseCheck(e.PID, e.Capability, e.Verdict == audit.Granted, e.Syscall.Name,
			e.Comm))
	case tracer.EventCapset:
		l.print("%s", report.VerboseCapset(e.PID, e.Sets))
	case tracer.EventSyscall:
		l.print("%s", report.VerboseSyscall(e.PID, e.Syscall.Name, e.Return, e.Denied))
	}
}

// setStatus replaces the status line; "" takes it away.
func (l *lines) setStatus(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clear()
	if text == "" {
		return
	}
	if width, _, err := term.GetSize(int(os.Stderr.Fd())); err == nil && len(text) >= width && width > 0 {
		text = text[:width-1]
	}
	fmt.Fprint(os.Stderr, text)
	l.status = true
}

// clear takes the status line off the terminal: carriage return, erase line.
func (l *lines) clear() {
	if l.status {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
		l.status = false
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
func (l *lines) showStatus(a *tracer.Audit) (stop func()) {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
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
				l.setStatus("")
				return
			case <-timer.C:
				if p, err := a.Progress(); err == nil {
					l.setStatus(statusLine(time.Since(start), p, neededSoFar(a)))
				}
				timer.Reset(statusEvery)
			}
		}
	}()
	return func() { close(done); <-finished }
}

// ending tells how the target ended.
func (l *lines) ending(status unix.WaitStatus) {
	if status.Signaled() {
		l.print("[*] Application terminated by signal %d", status.Signal())
	} else {
		l.print("[*] Application exited with status %d", status.ExitStatus())
	}
}

// statusLine is ASCII: it is cut by bytes.
func statusLine(elapsed time.Duration, p tracer.Progress, needed []int) string {
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

// printable shows a path on a terminal: quoted where it holds control
// characters, which could move the cursor or worse, or bytes that are no text.
func printable(path string) string {
	if escape(path) == path {
		return path
	}
	return strconv.Quote(path)
}

// escape writes control characters and bytes that are no text as \n, \x1b.
func escape(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && size == 1 || !unicode.IsPrint(r) {
			quoted := strconv.Quote(text[:size])
			b.WriteString(quoted[1 : len(quoted)-1])
		} else {
			b.WriteString(text[:size])
		}
		text = text[size:]
	}
	return b.String()
}
