package scratch

import (
	"fmt"
	"os"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Terminal is a new pseudo-terminal: the keyboard's side, and the other.
func Terminal(t testing.TB) (keyboard, tty *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("wanted a pseudo-terminal: %v", err)
	}
	t.Cleanup(func() { keyboard.Close() })
	unlocked := 0
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, keyboard.Fd(), unix.TIOCSPTLCK,
		uintptr(unsafe.Pointer(&unlocked))); errno != 0 {
		t.Skipf("wanted a pseudo-terminal: %v", errno)
	}
	number, err := unix.IoctlGetInt(int(keyboard.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("wanted a pseudo-terminal: %v", err)
	}
	t.Cleanup(func() { tty.Close() })
	return keyboard, tty
}
