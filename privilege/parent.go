package privilege

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// FromParent says why what comes through one end of a socket pair was not
// written by the cap-audit that started this stub: the other end has to be of
// its parent's making, and the parent to have the privileges that their common
// file gives. The kernel says who made it and what he has (unix(7), SO_PEERCRED;
// capget(2) may ask of any process).
func FromParent(socket int) error {
	maker, err := unix.GetsockoptUcred(socket, unix.SOL_SOCKET, unix.SO_PEERCRED)
	switch parent := os.Getppid(); {
	case err != nil:
		return err
	case int(maker.Pid) != parent || int(maker.Uid) != os.Geteuid():
		return errors.New("it is not of the parent's making")
	case Given()&^permitted(parent) != 0:
		return errors.New("the parent is not cap-audit")
	}
	return nil
}
