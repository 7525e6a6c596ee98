package container

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// most is how many bytes of an answer are read. An inspection has some ten
// thousand.
const most = 4 << 20

var errTooLong = errors.New("its answer is longer than 4 MiB")

// bounded keeps what is written to it. Beyond what is read of an answer it
// calls overflow, once.
type bounded struct {
	kept     bytes.Buffer // not embedded: io.Copy would find its ReadFrom, which has no bound
	overflow func()
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.kept.Len()+len(p) > most {
		b.overflow()
		return 0, errTooLong
	}
	return b.kept.Write(p)
}

// truncated keeps the beginning of what is written to it.
type truncated struct{ kept bytes.Buffer }

func (t *truncated) Write(p []byte) (int, error) {
	t.kept.Write(p[:min(len(p), 4096-t.kept.Len())])
	return len(p), nil
}

// commandError is that an engine's program failed.
type commandError struct {
	err     error
	message string // the last line that it wrote to standard error
}

func (e *commandError) Error() string {
	if e.message == "" {
		return e.err.Error()
	}
	return e.message
}

func (e *commandError) Unwrap() error { return e.err }

// output runs an engine's program, without a shell and without an input, and
// returns what it writes to standard output. The variables that would make it
// ask another machine's engine are kept from it.
func output(ctx context.Context, program string, arguments ...string) ([]byte, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, arguments...)
	// with what it has started, where it is a script
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	for _, variable := range os.Environ() {
		switch name, _, _ := strings.Cut(variable, "="); name {
		case "CONTAINER_HOST", "CONTAINER_CONNECTION":
		default:
			cmd.Env = append(cmd.Env, variable)
		}
	}
	cmd.WaitDelay = time.Second
	tooLong := false
	stdout, stderr := &bounded{overflow: func() { tooLong = true; cancel() }}, &truncated{}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err := cmd.Run()
	switch {
	case tooLong:
		return nil, errTooLong
	case err != nil:
		lines := strings.Split(strings.TrimSpace(stderr.kept.String()), "\n")
		return nil, &commandError{err, clip(lines[len(lines)-1])}
	}
	return stdout.kept.Bytes(), nil
}
