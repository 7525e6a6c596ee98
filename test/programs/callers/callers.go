// Callers is callers.c in Go: callers apart FILE.
package main

import (
	"os"
	"syscall"
)

//go:noinline
func first(file string) error { return os.Chown(file, 1, -1) }

//go:noinline
func second(file string) error { return syscall.Chown(file, 2, -1) }

func main() {
	if len(os.Args) != 3 || first(os.Args[2]) != nil || second(os.Args[2]) != nil {
		os.Exit(2)
	}
}
