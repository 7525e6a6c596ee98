package report

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func TestWidthWithoutTerminal(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	for columns, want := range map[string]int{
		"": 80, "100": 100, " 100 ": 100, "40": 40, "400": 400, "39": 80, "401": 80, "0": 80, "-100": 80,
		"wide": 80, "100x": 80, "99999999999999999999": 80,
	} {
		if got := PageOf(w, columns); got != (Page{Width: want}) {
			t.Errorf("PageOf(pipe, %q) = %+v, want a width of %d", columns, got, want)
		}
	}
}

func TestWidthOfTerminal(t *testing.T) {
	terminal := pty(t)
	for _, c := range []struct{ width, want int }{{133, 133}, {20, 20}, {0, 100}} {
		if err := unix.IoctlSetWinsize(int(terminal.Fd()), unix.TIOCSWINSZ,
			&unix.Winsize{Row: 24, Col: uint16(c.width)}); err != nil {
			t.Fatal(err)
		}
		if got := PageOf(terminal, "100"); got != (Page{c.want, true}) {
			t.Errorf("terminal %d wide with COLUMNS=100: %+v, want a width of %d", c.width, got, c.want)
		}
	}
}

// pty opens the terminal end of a new pseudo-terminal.
func pty(t *testing.T) *os.File {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("want a pseudo-terminal:", err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Skip("want a pseudo-terminal:", err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Skip("want a pseudo-terminal:", err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("want a pseudo-terminal:", err)
	}
	t.Cleanup(func() { slave.Close() })
	return slave
}
