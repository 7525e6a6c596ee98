// Package hint keeps what to try beside what went wrong.
package hint

import "fmt"

// Error is an error with a hint: what its reader can try. As text it is one
// line, the hint last.
type Error struct {
	Err  error
	Hint string
}

// Add gives an error a hint; nil stays nil, and "" adds none.
func Add(err error, hint string) error {
	if err == nil || hint == "" {
		return err
	}
	return &Error{err, hint}
}

// Addf gives an error a hint that is made as by fmt.Sprintf.
func Addf(err error, format string, args ...any) error {
	return Add(err, fmt.Sprintf(format, args...))
}

func (e *Error) Error() string { return e.Err.Error() + "; " + e.Hint }

func (e *Error) Unwrap() error { return e.Err }
