// Package console owns the terminal: standard error, and the lines that tell
// how an audit goes on.
package console

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
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
	out    io.Writer // nil: nobody wants them
	status bool      // a status line stands on the terminal
}

// NewLines writes to out; the status line is always standard error's.
func NewLines(out io.Writer) *Lines { return &Lines{out: out} }

// NoLines are written nowhere.
func NoLines() *Lines { return &Lines{} }

// Print writes a line.
func (l *Lines) Print(format string, args ...any) {
	if l.out == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clear()
	fmt.Fprintf(l.out, format+"\n", args...)
}

// HasStatus tells whether there is a terminal for the status line.
func (l *Lines) HasStatus() bool { return l.out != nil && term.IsTerminal(int(os.Stderr.Fd())) }

// SetStatus replaces the status line, which has to be ASCII: it is cut by
// bytes. "" takes it away. A terminal that another uses is left alone.
func (l *Lines) SetStatus(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clear()
	if text == "" || taken() {
		return
	}
	if width, _, err := term.GetSize(int(os.Stderr.Fd())); err == nil && len(text) >= width && width > 0 {
		text = text[:width-1]
	}
	fmt.Fprint(os.Stderr, text)
	l.status = true
}

// clear takes the status line off the terminal: carriage return, erase line. One
// that has been taken gives the cursor back where the line stands.
func (l *Lines) clear() {
	if l.status && !taken() {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
		l.status = false
	}
}

// taken tells whether a program draws on the terminal or asks for a password, for
// which it has it take keys as they come or not show them, or whether another job
// than ours is in front of it.
func taken() bool {
	const asLeftByShells = unix.ICANON | unix.ECHO
	terminal := int(os.Stderr.Fd())
	mode, err := unix.IoctlGetTermios(terminal, unix.TCGETS)
	if err != nil {
		return false // it is none
	}
	// refused where it is not the terminal of our session (drivers/tty/tty_jobctrl.c, tiocgpgrp())
	foreground, err := unix.IoctlGetInt(terminal, unix.TIOCGPGRP)
	return mode.Lflag&asLeftByShells != asLeftByShells || err == nil && foreground != unix.Getpgrp()
}
