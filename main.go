// cap-audit finds out which Linux capabilities a program really needs.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/cap-audit/cap-audit/tracer"
)

func main() {
	tracer.MaybeStub()
	// A reader of ours that goes away is an error like any other, not our
	// death: the target is still running. Notify, since ignoring the signal
	// would be handed down to the target.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)

	if err := newApp().Run(os.Args); err != nil {
		if err.Error() != "" {
			errorf("%v", err)
		}
		os.Exit(exitStatus(err))
	}
}

// statusDiffers is the exit status where a policy is not met or something came.
const statusDiffers = 3

// statusError is an answer and no failure of ours. Text is "" where there is
// nothing to say.
type statusError struct {
	status int
	text   string
}

func (e *statusError) Error() string { return e.text }

// exitStatus maps an error to what the command exits with: 126 and 127 for
// commands that could not be started, what an answer has, 1 for everything else.
func exitStatus(err error) int {
	if answer, ok := err.(*statusError); ok { // alone: a failure of ours weighs more
		return answer.status
	}
	var start *tracer.StartError
	if errors.As(err, &start) {
		return start.Status
	}
	return 1
}

// errorf and warningf are the only ones that write to stderr, a line each.
func errorf(format string, args ...any)   { complain("Error: ", format, args) }
func warningf(format string, args ...any) { complain("Warning: ", format, args) }

func complain(kind, format string, args []any) {
	line := strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "; ")
	fmt.Fprintln(os.Stderr, kind+escape(line))
}
