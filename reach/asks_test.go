package reach

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAsks(t *testing.T) {
	for call, want := range map[string][]int{
		"chroot": {unix.CAP_SYS_CHROOT}, "setresuid": {unix.CAP_SETUID}, "chown": {unix.CAP_CHOWN},
		"openat": nil, "socket": nil, "bind": nil, "getpid": nil, "": nil,
	} {
		if got := Asks(call); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", call, got, want)
		}
	}
}
