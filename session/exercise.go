package session

import (
	"fmt"
	"os"
)

// startTest runs --test beside the subject. Where it cannot be started, the run ends.
func (w *watching) startTest() {
	if w.Test == "" {
		return
	}
	environ := append(os.Environ(), fmt.Sprintf("CAP_AUDIT_PID=%d", w.subject.mainPID(w.audit)))
	if w.tested, w.result.testError = w.audit.RunBeside("/bin/sh", []string{"sh", "-c", w.Test},
		environ); w.result.testError != nil {
		w.end()
	}
}

// testFailed says what went wrong with --test, "" for nothing.
func (s *session) testFailed(r *result) string {
	switch {
	case s.Test == "":
		return ""
	case r.testError != nil:
		return fmt.Sprintf("the test could not be started: %v", r.testError)
	case r.test == nil:
		return "the test had not ended when the audit did"
	case r.test.Signaled():
		return fmt.Sprintf("the test was ended by signal %d", r.test.Signal())
	case r.test.ExitStatus() != 0:
		return fmt.Sprintf("the test exited with status %d", r.test.ExitStatus())
	}
	return ""
}
