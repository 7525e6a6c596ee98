// Runner runs a command for make and leaves nothing of it: see
// machine.Supervise. Of what `go test -json` says, it shows what failed while the
// rest goes on, and at the end how many tests there were:
//
//	runner LOG go test -json ./...
//
// All that the tests said goes to the file LOG.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/cap-audit/cap-audit/test/machine"
)

func main() {
	machine.Supervise()
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: runner LOG COMMAND...")
		os.Exit(2)
	}
	status, err := run(os.Args[1], exec.Command(os.Args[2], os.Args[3:]...))
	if err != nil {
		fmt.Fprintln(os.Stderr, "runner:", err)
		status = 1
	}
	os.Exit(status)
}

func run(name string, cmd *exec.Cmd) (status int, err error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return 0, err
	}
	log, err := os.Create(name)
	if err != nil {
		return 0, err
	}
	defer log.Close()
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	s := newSummary(os.Stdout, log)
	for lines := bufio.NewReader(out); err == nil; {
		var line []byte
		if line, err = lines.ReadBytes('\n'); len(line) > 0 {
			s.take(line)
		}
	}
	if err != io.EOF {
		return 0, err
	}
	_ = cmd.Wait() // the status tells
	s.end(time.Since(begun).Round(time.Second), name)
	return cmd.ProcessState.ExitCode(), nil
}
