// cap-audit finds out which Linux capabilities a program really needs.
package main

import (
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/cap-audit/cap-audit/analyst"
	"github.com/cap-audit/cap-audit/cli"
	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/output"
	"github.com/cap-audit/cap-audit/privilege"
	"github.com/cap-audit/cap-audit/tracer"
)

// version is set by the Makefile.
var version = "unreleased"

func main() {
	tracer.MaybeStub()
	analyst.MaybeAnalyze()
	// A reader of ours that goes away is an error like any other, not our
	// death: the target is still running. Notify, since ignoring the signal
	// would be handed down to the target.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)

	err := privilege.CheckFile()
	if err == nil {
		err = cli.Run(os.Args, version)
	}
	if err != nil {
		if err.Error() != "" {
			console.Errorf("%v", err)
		}
		os.Exit(exitStatus(err))
	}
}

// exitStatus maps an error to what the command exits with: 126 and 127 for
// commands that could not be started, what an answer has, 1 for everything else.
func exitStatus(err error) int {
	if answer, ok := err.(*output.Answer); ok { // alone: a failure of ours weighs more
		return answer.Status
	}
	var start *tracer.StartError
	if errors.As(err, &start) {
		return start.Status
	}
	return 1
}
