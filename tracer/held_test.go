package tracer

import (
	"os"
	"testing"

	"github.com/cap-audit/cap-audit/capng"
)

func TestHeld(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skipf("want root, have user %d", os.Geteuid())
	}
	all, some, none, noRoot := capng.Bounding(), uint64(1<<0|1<<7|1<<63), uint64(0), secbitNoRoot
	for name, c := range map[string]struct {
		id   *capng.Identity
		want uint64
	}{
		"the caller":               {nil, all},
		"root":                     {&capng.Identity{UID: -1, GID: -1}, all},
		"root with less":           {&capng.Identity{UID: 0, Bounding: &some, Ambient: &none}, some & all},
		"root that is like others": {&capng.Identity{UID: 0, SecureBits: &noRoot}, 0},
		"another user":             {&capng.Identity{UID: 1}, 0},
		"another user with some":   {&capng.Identity{UID: 1, Ambient: &some}, some & all},
	} {
		if got := (Target{Identity: c.id}).held(); got != c.want {
			t.Errorf("%s: %#x, want %#x", name, got, c.want)
		}
	}
}
