package output

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/files"
	"github.com/cap-audit/cap-audit/report"
)

// Events is the file of --events, which grows while the audit runs. What cannot be
// written is lost, and told: the audit does not depend on it.
type Events struct {
	name string
	file *os.File

	mu      sync.Mutex
	pending []byte
	// lines are in the file, waiting are in pending, and lost are in neither.
	lines, waiting, lost uint64
	failed               error
	ended                bool
}

// openEvents makes the file, nil where none is wanted.
func openEvents(name string) (*Events, error) {
	if name == "" {
		return nil, nil
	}
	file, err := files.Create(name)
	if err != nil {
		return nil, fmt.Errorf("--events %s: %w", console.Printable(name), err)
	}
	return &Events{name: name, file: file}, nil
}

// Lines go to the file in pieces of that size, and what is less after that time.
const (
	eventPiece = 64 << 10
	eventDelay = time.Second
)

// Add writes a check.
func (e *Events) Add(event report.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return // of a process that goes on after the audit
	}
	if len(e.pending) == 0 {
		time.AfterFunc(eventDelay, e.flush)
	}
	e.pending = append(e.pending, report.Line(event)...)
	if !event.TakesBack() {
		e.waiting++
	}
	if len(e.pending) >= eventPiece {
		e.write()
	}
}

func (e *Events) flush() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.write()
}

// write is for who holds the lock. After a failure nothing more is written: half a line
// may be there, which another one would go on.
func (e *Events) write() {
	if e.failed == nil && len(e.pending) > 0 {
		_, e.failed = e.file.Write(e.pending)
	}
	if e.failed == nil {
		e.lines += e.waiting
	} else {
		e.lost += e.waiting
	}
	e.pending, e.waiting = e.pending[:0], 0
}

// End writes the last line, which counts those lost, also of what the kernel half
// could not hand over, and says what went wrong.
func (e *Events) End(lost uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return
	}
	e.write()
	e.ended = true
	if e.failed == nil {
		_, e.failed = e.file.Write(report.Line(report.EventsEnd{Lines: e.lines, Lost: e.lost + lost}))
	}
	if err := e.file.Close(); e.failed == nil {
		e.failed = err
	}
	if e.failed != nil {
		console.Warningf("--events %s: %v: %d checks are missing there, and the last line",
			console.Printable(e.name), e.failed, e.lost+lost)
	}
}
