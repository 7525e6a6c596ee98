package session

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/tracer"
)

// startTest runs --test beside the subject. Its status comes once it has ended;
// without a test none ever comes.
func (s *session) startTest(a *tracer.Audit) (<-chan unix.WaitStatus, error) {
	if s.Test == "" {
		return nil, nil
	}
	environ := append(os.Environ(), fmt.Sprintf("CAP_AUDIT_PID=%d", s.subject.mainPID(a)))
	tested, err := a.RunBeside("/bin/sh", []string{"sh", "-c", s.Test}, environ)
	if err != nil {
		s.subject.abandon(a)
		return nil, fmt.Errorf("--test: %w", err)
	}
	return tested, nil
}

// testFailed says what went wrong with --test, "" for nothing.
func (s *session) testFailed(r *result) string {
	switch {
	case s.Test == "":
		return ""
	case r.test == nil:
		return "the test had not ended when the audit did"
	case r.test.Signaled():
		return fmt.Sprintf("the test was ended by signal %d", r.test.Signal())
	case r.test.ExitStatus() != 0:
		return fmt.Sprintf("the test exited with status %d", r.test.ExitStatus())
	}
	return ""
}
