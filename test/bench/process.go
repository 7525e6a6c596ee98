package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// process is a program under way. Its standard input is open until it is to end.
type process struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	errs bytes.Buffer
}

// start starts a command line. It is killed when the context ends.
func start(ctx context.Context, line ...string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, line[0], line[1:]...)}
	p.cmd.Stderr = &p.errs
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.in, p.out = in, bufio.NewReader(out)
	return p, p.cmd.Start()
}

// await reads what it prints up to a line.
func (p *process) await(wanted string) error {
	for {
		line, err := p.out.ReadString('\n')
		if strings.TrimSuffix(line, "\n") == wanted {
			return nil
		}
		if err != nil {
			_, err = p.finish()
			return errors.Join(fmt.Errorf("%s ended before it printed %q", p.cmd.Args[0], wanted), err)
		}
	}
}

// echo waits until the program cat is under way, alone or below another.
func (p *process) echo() error {
	const word = "ready"
	if _, err := io.WriteString(p.in, word+"\n"); err != nil {
		return err
	}
	return p.await(word)
}

// finish waits for its end, and returns the last line that it printed, or that what it
// ran printed: the lines of a run of cap-audit go to the same place.
func (p *process) finish() (last string, err error) {
	p.in.Close()
	lines := bufio.NewScanner(p.out)
	for lines.Scan() {
		if text := strings.TrimSpace(lines.Text()); text != "" && !strings.HasPrefix(text, "[*] ") {
			last = text
		}
	}
	if err := errors.Join(lines.Err(), p.cmd.Wait()); err != nil {
		said := strings.Split(strings.TrimSpace(p.errs.String()), "\n")
		return "", fmt.Errorf("%q: %w: it says %q", p.cmd.Args, err, said[len(said)-1])
	}
	return last, nil
}
