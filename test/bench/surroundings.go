package main

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// surroundings are a way to run a command line, such as below an audit.
type surroundings struct {
	name  string
	begin func(ctx context.Context, line []string) (*running, error)
}

// The names of surroundings; more are in bpftrace.go.
const (
	native    = "natively"
	traced    = "audited"
	blindly   = "`--no-objects`"
	whileRuns = "audited while it runs"
	byCommand = "beside the audit of a command"
	byProcess = "beside the audit of a process"

	byOriginal = "audited by the C original"
	besideIt   = "beside the C original"
)

// running is a command line that runs in its surroundings.
type running struct {
	*process
	beside []*process // those that end after it, in this order
}

// end waits for the end of all, and returns the last line of the one that counts.
func (r *running) end() (last string, err error) {
	last, err = r.finish()
	for _, p := range r.beside {
		_, failed := p.finish()
		err = errors.Join(err, failed)
	}
	return last, err
}

// idle is a program that waits, and shows by echo that it does. By its path: bpftrace
// wants one that is unique in PATH.
const idle = "/bin/cat"

// watching is the line by which an audit of what runs already says that it watches.
const watching = "[*] Press Ctrl-C to stop"

// audit is the command line of one whose report is of no interest.
func (b *bench) audit(arguments ...string) []string {
	return append(b.capAudit("-o", "/dev/null"), arguments...)
}

// capAudit is a command line of it, with the backend that is forced.
func (b *bench) capAudit(arguments ...string) []string {
	line := []string{b.cap}
	if b.forced != "" {
		line = append(line, "--backend", b.forced)
	}
	return append(line, arguments...)
}

func natively(ctx context.Context, line []string) (*running, error) {
	p, err := start(ctx, line...)
	return &running{process: p}, err
}

// audited is a command that is audited from its start on.
func (b *bench) audited(ctx context.Context, line []string) (*running, error) {
	return natively(ctx, append(b.audit("--"), line...))
}

// withoutObjects is the same, and no check is looked at for what it is.
func (b *bench) withoutObjects(ctx context.Context, line []string) (*running, error) {
	return natively(ctx, append(b.audit("--no-objects", "--"), line...))
}

// adopted is a process that is audited while it runs: a shell that waits for the audit
// and then becomes the program.
func (b *bench) adopted(ctx context.Context, line []string) (*running, error) {
	waiting, err := start(ctx, append([]string{"sh", "-c", `read go && exec "$@"`, "sh"}, line...)...)
	if err != nil {
		return nil, err
	}
	audit, err := b.watch(ctx, waiting)
	if err != nil {
		return nil, err
	}
	_, err = io.WriteString(waiting.in, "go\n")
	return &running{waiting, []*process{audit}}, err
}

// watch begins an audit of a process.
func (b *bench) watch(ctx context.Context, p *process) (*process, error) {
	audit, err := start(ctx, b.audit("--pid", fmt.Sprint(p.cmd.Process.Pid))...)
	if err != nil {
		return nil, err
	}
	return audit, audit.await(watching)
}

// besideCommand is beside an audit of a command that waits.
func (b *bench) besideCommand(ctx context.Context, line []string) (*running, error) {
	return besideIdle(ctx, line, b.audit("--", idle)...)
}

// belowOriginal is audited by the C original, whose report has no place of its own: the
// program writes elsewhere than it does.
func (b *bench) belowOriginal(ctx context.Context, line []string) (*running, error) {
	const apart = `exec 3>&1 >/dev/null; exec "$0" -- sh -c 'exec "$0" "$@" >&3' "$@"`
	return natively(ctx, append([]string{"sh", "-c", apart, b.original}, line...))
}

func (b *bench) besideOriginal(ctx context.Context, line []string) (*running, error) {
	return besideIdle(ctx, line, b.original, "--", idle)
}

// besideIdle is beside a program that runs the idle one.
func besideIdle(ctx context.Context, line []string, other ...string) (*running, error) {
	p, err := start(ctx, other...)
	if err != nil {
		return nil, err
	}
	if err := p.echo(); err != nil {
		return nil, err
	}
	r, err := natively(ctx, line)
	r.beside = []*process{p}
	return r, err
}

// besideProcess is beside an audit of a process that waits.
func (b *bench) besideProcess(ctx context.Context, line []string) (*running, error) {
	p, err := start(ctx, idle)
	if err != nil {
		return nil, err
	}
	audit, err := b.watch(ctx, p)
	if err != nil {
		return nil, err
	}
	r, err := natively(ctx, line)
	r.beside = []*process{p, audit}
	return r, err
}
