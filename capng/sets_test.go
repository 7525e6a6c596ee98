package capng

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestText(t *testing.T) {
	for set, want := range map[uint64]string{
		0:            "none",
		1 << 13:      "net_raw",
		1<<13 | 1:    "chown, net_raw",
		1<<63 | 1<<3: "fowner, cap_63",
	} {
		if got := Text(set); got != want {
			t.Errorf("Text(%#x) = %q, want %q", set, got, want)
		}
	}
}

func TestNumeric(t *testing.T) {
	for set, want := range map[uint64]string{0: "0x0", 1 << 10: "0x400",
		math.MaxUint64: "0xffffffffffffffff"} {
		if got := Numeric(set); got != want {
			t.Errorf("Numeric(%d) = %q, want %q", set, got, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	if diff := cmp.Diff([]int{0, 13, 63}, Numbers(1|1<<13|1<<63)); diff != "" {
		t.Error(diff)
	}
	if Numbers(0) == nil || Names(0) == nil {
		t.Error("the empty set gives a nil list")
	}
}
