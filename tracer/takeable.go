package tracer

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/hint"
)

// Takeable is the set that can be taken, bit by bit, from a command which this
// process starts, or the reason why nothing can.
func Takeable() (uint64, error) {
	if os.Geteuid() != 0 {
		return 0, hint.Add(errors.New("an ordinary user's command has no capabilities to run without"),
			"run it as root, such as that of a container or of unshare -r")
	}
	sets, ok := capng.Current()
	if !ok {
		return 0, errors.New("the capability sets of this process cannot be read")
	}
	set := sets.Bounding & sets.Permitted
	// capabilities(7), "The securebits flags"; include/uapi/linux/securebits.h
	const noRoot = 1 << 0
	bits, err := unix.PrctlRetInt(unix.PR_GET_SECUREBITS, 0, 0, 0, 0)
	switch {
	case err == nil && bits&noRoot != 0:
		return 0, errors.New("root's commands have no capabilities here to run without (SECBIT_NOROOT)")
	case set == 0:
		return 0, errors.New("root has no capabilities here to run a command without")
	case sets.Effective>>unix.CAP_SETPCAP&1 == 0:
		// security/commoncap.c, cap_prctl_drop(); root's programs get all of the bounding set
		return 0, hint.Add(errors.New("to run a command with less takes CAP_SETPCAP, which this process "+
			"lacks"), "a container takes --cap-add=SETPCAP")
	}
	return set, nil
}
