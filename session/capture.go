package session

import (
	"crypto/sha256"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
)

// mostKept is how much of a stream is kept, of each of the few runs that are
// compared.
const mostKept = 1 << 20

// capture reads what a repetition writes to one stream.
type capture struct {
	write, read *os.File
	stream      chan audit.Stream
}

func newCapture() (*capture, error) {
	var ends [2]int
	err := unix.Pipe2(ends[:], unix.O_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("pipe for the output: %w", err)
	}
	c := &capture{write: os.NewFile(uintptr(ends[1]), "output"), stream: make(chan audit.Stream, 1)}
	// so that the reading can be given a deadline
	err = unix.SetNonblock(ends[0], true)
	c.read = os.NewFile(uintptr(ends[0]), "output")
	if err == nil {
		// a program of another user may open /dev/stderr, as it could /dev/null
		err = unix.Fchmod(ends[1], 0o666)
	}
	if err != nil {
		c.write.Close()
		c.read.Close()
		return nil, fmt.Errorf("pipe for the output: %w", err)
	}
	go func() { c.stream <- readStream(c.read) }()
	return c, nil
}

// readStream reads until nobody can write any more, or to the deadline.
func readStream(f *os.File) audit.Stream {
	var s audit.Stream
	sum := sha256.New()
	buffer := make([]byte, 64<<10)
	for {
		n, err := f.Read(buffer)
		sum.Write(buffer[:n])
		s.Head = append(s.Head, buffer[:min(n, mostKept-len(s.Head))]...)
		if err != nil {
			sum.Sum(s.Sum[:0])
			return s
		}
	}
}

// finish returns what was written. A descendant that lives on, and could write
// more, is not waited for.
func (c *capture) finish() audit.Stream {
	c.write.Close()
	c.read.SetReadDeadline(time.Now().Add(time.Second))
	s := <-c.stream
	c.read.Close()
	return s
}

// captured is the output of a repetition.
type captured struct{ stdout, stderr *capture }

// capture sends the output of an attempt where it can be compared.
func (at *attempt) capture() (*captured, error) {
	stdout, err := newCapture()
	if err != nil {
		return nil, err
	}
	stderr, err := newCapture()
	if err != nil {
		stdout.finish()
		return nil, err
	}
	at.stdout, at.stderr = stdout.write, stderr.write
	return &captured{stdout, stderr}, nil
}

func (c *captured) finish() audit.Output {
	return audit.Output{Stdout: c.stdout.finish(), Stderr: c.stderr.finish()}
}
