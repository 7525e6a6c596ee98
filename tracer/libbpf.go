package tracer

/*
#cgo LDFLAGS: -Wl,--wrap=libbpf_set_print -ldl
#include "libbpf.h"
*/
import "C"

import (
	"unsafe"

	"github.com/cap-audit/cap-audit/btf"
)

// lookIn has libbpf look in an outline for the kernel's functions, nil for in what the
// kernel has.
func lookIn(outline btf.Outline) {
	C.look_in(unsafe.Pointer(unsafe.SliceData(outline)), C.size_t(len(outline)))
}
