package privilege

import (
	"errors"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// on runs f on a thread of its own whose permitted set is that, its effective
// one empty, and which ends with it.
func on(t *testing.T, permitted uint64, f func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good
		var sets [2]unix.CapUserData
		for i := range sets {
			sets[i].Permitted = uint32(permitted >> (32 * i))
		}
		if err := setThread(sets); err != nil {
			done <- err
			return
		}
		f()
	}()
	if err := <-done; err != nil {
		t.Skipf("want root, for the capabilities %#x: %v", permitted, err)
	}
}

func effective(t *testing.T) uint64 {
	t.Helper()
	sets, err := setsOf(0)
	if err != nil {
		t.Error(err)
	}
	return uint64(sets[0].Effective) | uint64(sets[1].Effective)<<32
}

func TestRaise(t *testing.T) {
	const bpf, chown = uint64(1) << unix.CAP_BPF, uint64(1) << unix.CAP_CHOWN
	on(t, bpf|chown, func() {
		wrong := errors.New("x")
		err := Raise(Tracing, func() error {
			if got := effective(t); got != bpf {
				t.Errorf("%#x is effective, want %#x", got, bpf)
			}
			// one within the other lowers nothing
			if err := Raise(Tracing, func() error { return nil }); err != nil || effective(t) != bpf {
				t.Errorf("%#x is effective after another step, %v", effective(t), err)
			}
			return wrong
		})
		if err != wrong || effective(t) != 0 {
			t.Errorf("%v, and %#x is effective afterwards", err, effective(t))
		}
	})
}

func TestPermitted(t *testing.T) {
	const some = uint64(1)<<unix.CAP_PERFMON | 1<<unix.CAP_KILL
	on(t, some, func() {
		if got := Permitted(); got != some {
			t.Errorf("%#x, want %#x", got, some)
		}
	})
}

// This process has made the socket, and is not its own parent.
func TestSocketOfAnother(t *testing.T) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(ends[0])
	defer unix.Close(ends[1])
	if err := FromParent(ends[0]); err == nil {
		t.Error("a socket that the parent has not made is taken for one of its own")
	}
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pipe[0])
	defer unix.Close(pipe[1])
	if err := FromParent(pipe[0]); err == nil {
		t.Error("so is a pipe")
	}
}
