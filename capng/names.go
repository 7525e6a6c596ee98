// Package capng is the only one that knows libcap-ng: what capabilities are
// called, what a process or a file holds, and how a thread takes on an
// identity. It works with libcap-ng 0.8 and 0.9.
package capng

/*
#cgo pkg-config: libcap-ng
#include <cap-ng.h>

// libcap-ng has no version macro. This one came with 0.8, and so did ambient
// capabilities, without which an identity could not be taken on.
#ifndef CAPNG_SUPPORTS_AMBIENT
#error "libcap-ng 0.8 or newer is needed: install libcap-ng-dev (Debian) or libcap-ng-devel (Fedora)"
#endif
*/
import "C"

import (
	"fmt"
	"strings"
	"sync"
)

// numbers is how many capabilities the kernel's two 32-bit words can hold.
const numbers = 64

type table struct {
	names [numbers]string
	byKey map[string]int
	last  int
}

// read asks libcap-ng once. Its lookup is linear, and for a number that the
// kernel has but the library does not know it returns a buffer that the next
// call frees.
var read = sync.OnceValue(func() *table {
	t := &table{byKey: make(map[string]int, numbers)}
	for n := range numbers {
		if name := C.capng_capability_to_name(C.uint(n)); name != nil {
			t.names[n] = C.GoString(name)
			t.last = n
		} else {
			t.names[n] = fmt.Sprintf("cap_%d", n)
		}
		t.byKey[t.names[n]] = n
	}
	return t
})

// Name is what libcap-ng calls capability n, for example "net_raw", and
// "cap_<n>" where it has no name.
func Name(n int) string {
	if n < 0 || n >= numbers {
		return fmt.Sprintf("cap_%d", n)
	}
	return read().names[n]
}

// Number is the capability called name, in any case and with or without the
// prefix "cap_". It reports false for a name that Name never gives.
func Number(name string) (int, bool) {
	name = strings.ToLower(name)
	if n, ok := read().byKey[name]; ok {
		return n, true
	}
	n, ok := read().byKey[strings.TrimPrefix(name, "cap_")]
	return n, ok
}

// Last is the highest capability of the running kernel
// (/proc/sys/kernel/cap_last_cap, as libcap-ng found it).
func Last() int { return read().last }

// Known reports whether the running kernel has capability n and libcap-ng a
// name for it: only then do other programs understand how we spell it.
func Known(n int) bool {
	return n >= 0 && n <= Last() && !strings.HasPrefix(Name(n), "cap_")
}
