package early

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// What the caller had ignored decides what the auditor and the stub heed.
func TestRequests(t *testing.T) {
	if os.Getenv("EARLY_REQUESTS") != "" {
		var names []string
		for _, sig := range Requests() {
			names = append(names, sig.String())
		}
		os.Stdout.WriteString("heeds " + strings.Join(names, ", ") + "\n")
		return
	}
	for ignored, want := range map[string]string{
		"":              "interrupt, terminated, quit, hangup",
		"INT QUIT":      "interrupt, terminated, quit, hangup",
		"TERM HUP":      "interrupt, terminated, quit",
		"INT QUIT HUP ": "interrupt, terminated, quit",
	} {
		trap := ":"
		if ignored != "" {
			trap = "trap '' " + ignored
		}
		cmd := exec.Command("/bin/sh", "-c", trap+`; exec "$0" -test.run '^TestRequests$'`, os.Args[0])
		cmd.Env = append(os.Environ(), "EARLY_REQUESTS=1")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "heeds "+want+"\n") {
			t.Errorf("ignored %q: %v: %s; wanted %s", ignored, err, out, want)
		}
	}
}

// There is room for a few threads, and not for more than anybody may have.
func TestRoomFor(t *testing.T) {
	if err := RoomFor(1); err != nil {
		t.Error(err)
	}
	if err := RoomFor(1 << 20); err == nil {
		t.Error("room for a million threads")
	}
}

// A process dies by the signal, without the runtime's word, and with its handlers in
// place by then.
func TestDie(t *testing.T) {
	if os.Getenv("EARLY_DIE") != "" {
		Die(syscall.SIGQUIT)
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestDie$")
	cmd.Env = append(os.Environ(), "EARLY_DIE=1")
	out, _ := cmd.CombinedOutput()
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !status.Signaled() || status.Signal() != syscall.SIGQUIT || len(out) != 0 {
		t.Errorf("status %#x: %s", status, out)
	}
	if !slices.Contains(Requests(), os.Signal(syscall.SIGTERM)) {
		t.Error("SIGTERM is not heeded")
	}
}
