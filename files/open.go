// Package files opens and replaces the files that a command line names. They
// are anybody's: nothing is waited for, and no link is followed into a write.
package files

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Open opens a file to be read. A FIFO that somebody put in its place would be
// waited for for ever: only those that the shell made for us are read. The
// error does not name the file.
func Open(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = unix.EISDIR
	}
	if err == nil && !info.Mode().IsRegular() {
		if _, ok := descriptor(name); !ok {
			err = errors.New("is no file")
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
