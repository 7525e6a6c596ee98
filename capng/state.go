package capng

/*
#include <cap-ng.h>
*/
import "C"

import "runtime"

// libcap-ng works on a state of its own that each OS thread has one of. In 0.9
// a file with malformed capabilities leaves it in error for good, and every
// later call on that thread fails. So whoever uses the state does it between
// borrow and the function that borrow returns, which keeps the goroutine on
// its thread meanwhile and puts the state back.
func borrow() (giveBack func()) {
	runtime.LockOSThread()
	state := C.capng_save_state()
	return func() {
		C.capng_restore_state(&state)
		runtime.UnlockOSThread()
	}
}

// mask reads one set out of the state, bit n for capability n.
func mask(which C.capng_type_t) uint64 {
	var set uint64
	for n := range numbers {
		if C.capng_have_capability(which, C.uint(n)) != 0 {
			set |= 1 << n
		}
	}
	return set
}

// add puts the capabilities of set into one set of the state. Those above Last
// cannot be held by anything and are passed over.
func add(which C.capng_type_t, set uint64) {
	for _, n := range Numbers(set) {
		if n <= Last() {
			C.capng_update(C.CAPNG_ADD, which, C.uint(n))
		}
	}
}
