package session

import (
	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/report"
	"github.com/cap-audit/cap-audit/tracer"
)

// onEvent is what becomes of each event, nil where nobody wants any.
func (s *session) onEvent() func(tracer.Event) {
	stream := s.out.Stream
	if stream == nil && !s.Verbose {
		return nil
	}
	return func(e tracer.Event) {
		if s.Verbose {
			showEvent(s.lines, e)
		}
		if stream != nil && e.Kind == tracer.EventCheck {
			row := audit.Checks{Capability: e.Capability, Verdict: e.Verdict, Syscall: e.Syscall}
			stream.Add(report.NewEvent(e.Time, e.PID, e.Program, e.Comm, row, e.Site, e.Object))
		}
	}
}

// finishEvents returns when all have been heeded. Those of repetitions are not wanted.
func (s *session) finishEvents(a *tracer.Audit, at attempt) error {
	if err := a.FinishEvents(); err != nil || at.repetition || s.out.Stream == nil {
		return err
	}
	lost, err := a.LostChecks()
	s.out.Stream.End(lost)
	return err
}
