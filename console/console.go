// Package console owns the terminal: standard error, and the lines that tell
// how an audit goes on.
package console

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"
)

// Errorf and Warningf are the only ones that complain on standard error, in a
// line each.
func Errorf(format string, args ...any)   { complain("Error: ", format, args) }
func Warningf(format string, args ...any) { complain("Warning: ", format, args) }

func complain(kind, format string, args []any) {
	line := strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "; ")
	fmt.Fprintln(os.Stderr, kind+Escape(line))
}

// Lines writes progress, verbose lines and the status line, so that they do not
// run into each other. What cannot be written is not worth the audit.
type Lines struct {
	mu     sync.Mutex
	out    io.Writer
	status bool // a status line stands on the terminal
}

// NewLines writes to out; the status line is always standard error's.
func NewLines(out io.Writer) *Lines { return &Lines{out: out} }

// Print writes a line.
func (l *Lines) Print(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clear()
	fmt.Fprintf(l.out, format+"\n", args...)
}

// HasStatus tells whether there is a terminal for the status line.
func (l *Lines) HasStatus() bool { return term.IsTerminal(int(os.Stderr.Fd())) }

// SetStatus replaces the status line, which has to be ASCII: it is cut by
// bytes. "" takes it away.
func (l *Lines) SetStatus(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clear()
	if text == "" {
		return
	}
	if width, _, err := term.GetSize(int(os.Stderr.Fd())); err == nil && len(text) >= width && width > 0 {
		text = text[:width-1]
	}
	fmt.Fprint(os.Stderr, text)
	l.status = true
}

// clear takes the status line off the terminal: carriage return, erase line.
func (l *Lines) clear() {
	if l.status {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
		l.status = false
	}
}
