package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/report"
	"github.com/cap-audit/cap-audit/tracer"
)

// runAudit is the main job: run the command, report what it needs.
func runAudit(cfg *config) error {
	path, err := tracer.Resolve(cfg.command[0])
	if err != nil {
		return err
	}
	out, err := openOutput(cfg)
	if err != nil {
		return err
	}
	lines := newLines(cfg)
	target := tracer.Target{Path: path, Argv: cfg.command}
	if cfg.machineOutput() {
		target.Stdout = os.Stderr
	}
	options := tracer.Options{
		Backends:    cfg.backends,
		WalkAlways:  audit.ProbeMask(),
		IdleMatters: audit.IdleMask(),
		Follow:      cfg.follow,
		OnReady: func(pid int) {
			lines.print("[*] Capability auditor started")
			lines.print("[*] Tracing application: %s (PID %d)", printable(path), pid)
			lines.print("[*] Press Ctrl-C to stop")
		},
	}
	if cfg.verbose {
		options.OnEvent = lines.event
	}
	a, err := tracer.Start(target, options)
	if err != nil {
		return explain(err)
	}
	interrupted := forwardSignals(a)
	stopStatus := lines.showStatus(a)
	waited := make(chan error, 1)
	go func() {
		waited <- a.Wait(func(status unix.WaitStatus) {
			if status.Signaled() {
				lines.print("[*] Application terminated by signal %d", status.Signal())
			} else {
				lines.print("[*] Application exited with status %d", status.ExitStatus())
			}
		})
	}()
	select {
	case err = <-waited:
	case <-interrupted:
	}
	stopStatus()
	if err != nil {
		return err
	}
	if err := a.FinishEvents(); err != nil {
		return err
	}
	lines.print("[*] Analyzing results...")
	observation, err := a.Observe()
	if err != nil {
		return fmt.Errorf("read the audit out of the kernel: %w", err)
	}
	doc := report.NewDocument(audit.Analyze(observation))
	doc.Tool.Version = version
	return out.write(doc)
}

// forwardSignals passes signals that are meant for the target on to it. The
// second request to end kills it. The channel is closed when the target has
// ended already and the user does not want to wait for its descendants.
func forwardSignals(a *tracer.Audit) <-chan struct{} {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGQUIT, unix.SIGHUP, unix.SIGTSTP, unix.SIGCONT)
	stop := make(chan struct{})
	go func() {
		asked := false
		for s := range signals {
			sig := s.(syscall.Signal)
			switch sig {
			case unix.SIGTSTP:
				// the target stops, then we do; SIGCONT finds us here
				a.Signal(sig)
				unix.Kill(unix.Getpid(), unix.SIGSTOP)
				continue
			case unix.SIGCONT:
				a.Signal(sig)
				continue
			}
			switch {
			case a.Ended():
				close(stop)
				return
			case asked:
				a.Signal(unix.SIGKILL)
			case !typed(sig):
				a.Signal(sig)
			}
			asked = true
		}
	}()
	return stop
}

// typed guesses whether a signal came from the keyboard: then the terminal
// sent it to the whole foreground process group, the target among it, and to
// pass it on would deliver it twice.
func typed(sig syscall.Signal) bool {
	if sig != unix.SIGINT && sig != unix.SIGQUIT {
		return false
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDONLY|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return false // no controlling terminal, no keyboard
	}
	defer tty.Close()
	foreground, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && foreground == unix.Getpgrp()
}

// explain turns errors of the tracer into one that says what to do.
func explain(err error) error {
	if d := tracer.Diagnose(err); d != "" {
		return fmt.Errorf("%s", d)
	}
	return err
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
					l.setStatus(statusLine(time.Since(start), p))
				}
				timer.Reset(statusEvery)
			}
		}
	}()
	return func() { close(done); <-finished }
}
