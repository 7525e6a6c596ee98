package capng

/*
#include <cap-ng.h>
*/
import "C"

// Sets are the capability sets of a thread, bit n for capability n.
type Sets struct {
	Effective, Permitted, Inheritable, Bounding, Ambient uint64
}

// Current reads the sets of the calling thread. It reports false when the
// kernel would not tell.
func Current() (Sets, bool) {
	defer borrow()()
	return current()
}

// current leaves what it read in the state, for callers that go on from there.
func current() (Sets, bool) {
	if C.capng_get_caps_process() != 0 {
		return Sets{}, false
	}
	return Sets{
		Effective:   mask(C.CAPNG_EFFECTIVE),
		Permitted:   mask(C.CAPNG_PERMITTED),
		Inheritable: mask(C.CAPNG_INHERITABLE),
		Bounding:    mask(C.CAPNG_BOUNDING_SET),
		Ambient:     mask(C.CAPNG_AMBIENT),
	}, true
}

// Effective is the set that the kernel asks when this process wants something,
// 0 if it cannot be read.
func Effective() uint64 {
	sets, _ := Current()
	return sets.Effective
}

// Bounding is the set that no program started from here can get beyond, 0 if
// it cannot be read.
func Bounding() uint64 {
	sets, _ := Current()
	return sets.Bounding
}
