package capng

import (
	"fmt"
	"math/bits"
	"strings"
)

// Numbers are the capabilities of a set, in order.
func Numbers(set uint64) []int {
	list := make([]int, 0, bits.OnesCount64(set))
	for ; set != 0; set &= set - 1 {
		list = append(list, bits.TrailingZeros64(set))
	}
	return list
}

// Names are the names of the capabilities of a set, by number.
func Names(set uint64) []string {
	list := make([]string, 0, bits.OnesCount64(set))
	for _, n := range Numbers(set) {
		list = append(list, Name(n))
	}
	return list
}

// Text is a set as capng_print_caps_text writes it: "chown, net_raw", or
// "none". Unlike there, bits above Last are not left out: a set that came from
// a file or from another kernel may have them.
func Text(set uint64) string {
	if set == 0 {
		return "none"
	}
	return strings.Join(Names(set), ", ")
}

// Numeric is a set as one hexadecimal number, for example 0x400.
func Numeric(set uint64) string { return fmt.Sprintf("%#x", set) }
