package tracer

import (
	"strings"
	"unsafe"
)

// namesOf are the names of a file and of the directories above it, the innermost first.
func namesOf(names *kernelNames) []string {
	raw := unsafe.String((*byte)(unsafe.Pointer(&names.bytes)), len(names.bytes))
	raw = raw[:min(int(names.size), len(raw))]
	return strings.FieldsFunc(strings.Clone(raw), func(r rune) bool { return r == 0 })
}
