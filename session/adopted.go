package session

import (
	"syscall"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/report"
	"github.com/cap-audit/cap-audit/tracer"
)

// adopted is what ran before the audit and goes on after it: it is sent no
// signal, and what asks for its end is for the audit.
type adopted struct {
	running tracer.Running
}

func (r *adopted) start(_ *session, _ attempt, options tracer.Options) (*tracer.Audit, error) {
	return tracer.Adopt(r.running, options)
}

func (*adopted) control(*tracer.Audit, syscall.Signal) {}

func (r *adopted) request(a *tracer.Audit, _ syscall.Signal, _ int, _ bool) (e ending, kill bool) {
	e, _ = r.end(a)
	return e, false
}

func (*adopted) end(a *tracer.Audit) (ending, error) {
	a.KillCompanions()
	a.Stop()
	return ending{}, nil
}

func (*adopted) unitFiles() (unit string, files []string) { return "", nil }

func (*adopted) mainPID(a *tracer.Audit) int { return a.PID() }

func (*adopted) setUp() (tearDown func(), err error) { return func() {}, nil }

func (*adopted) conclude(*session, *audit.Findings, *report.Document) error { return nil }
