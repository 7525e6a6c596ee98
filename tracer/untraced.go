package tracer

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Exec makes this process the target, started as an audit would start it but
// watched by nobody. It returns only if that failed, with a StartError.
func Exec(t Target) error {
	for fd, file := range []*os.File{t.Stdin, t.Stdout, t.Stderr} {
		if file == nil || int(file.Fd()) == fd {
			continue
		}
		if err := unix.Dup3(int(file.Fd()), fd, 0); err != nil {
			return fmt.Errorf("redirect the target's descriptor %d: %w", fd, err)
		}
	}
	o := newOrder(t)
	o.ready = func() {}
	return o.execute().explain(t.Path)
}
