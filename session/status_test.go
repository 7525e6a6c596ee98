package session

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/tracer"
)

func TestStatusLine(t *testing.T) {
	for want, c := range map[string]struct {
		p      tracer.Progress
		needed []int
	}{
		"[1m5s] processes: 0  checks: 0  needed: ": {},
		"[1m5s] processes: 3  checks: 1234567  needed: chown net_raw": {tracer.Progress{Processes: 3,
			Checks: 1234567}, []int{0, 13}},
		"[1m5s] processes: 1  checks: 18446744073709551615  needed: bpf": {tracer.Progress{Processes: 1,
			Checks: 1<<64 - 1}, []int{39}},
		"[1m5s] processes: 2  checks: 7  groups: 5": {tracer.Progress{Processes: 2, Checks: 7,
			Groups: 5}, nil},
	} {
		needed := func() []int { return c.needed }
		if got := statusLine(65*time.Second+400*time.Millisecond, c.p, needed); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	all := make([]int, 64)
	for i := range all {
		all[i] = i
	}
	for _, b := range []byte(statusLine(time.Hour, tracer.Progress{}, func() []int { return all })) {
		if b < ' ' || b > '~' {
			t.Fatalf("byte %#x is not ASCII: the line is cut by bytes", b)
		}
	}
}

func TestEnding(t *testing.T) {
	for want, status := range map[string]unix.WaitStatus{ // as wait(2) encodes it
		"[*] Application exited with status 0\n":    0,
		"[*] Application exited with status 255\n":  255 << 8,
		"[*] Application terminated by signal 15\n": 15,
		"[*] Application terminated by signal 11\n": 11 | 0x80, // with a core dump
	} {
		var out bytes.Buffer
		showEnding(console.NewLines(&out), status)
		// whatever the target printed last, it begins a line
		if want = "\n" + want; out.String() != want {
			t.Errorf("%q, want %q", &out, want)
		}
	}
}

func TestVerboseLines(t *testing.T) {
	var out bytes.Buffer
	l := console.NewLines(&out)
	showEvent(l, tracer.Event{Kind: tracer.EventCheck, PID: 4242, Capability: 13, Verdict: audit.Granted,
		Syscall: audit.Syscall{Number: 41, Name: "socket"}, Comm: "ping"})
	showEvent(l, tracer.Event{Kind: tracer.EventCheck, PID: 4242, Capability: 13, Verdict: audit.LSMRefused,
		Syscall: audit.Syscall{Number: 41, Name: "socket"}, Comm: "100%s"})
	showEvent(l, tracer.Event{Kind: tracer.EventCapset, PID: 4242,
		Sets: audit.Sets{Effective: 0x400, Permitted: 0x400}})
	showEvent(l, tracer.Event{Kind: tracer.EventSyscall, PID: 4242,
		Syscall: audit.Syscall{Number: 257, Name: "openat"}, Return: -13, Denied: 6})
	want := `[CAP] pid=4242 cap=net_raw result=GRANTED syscall=socket comm=ping
[CAP] pid=4242 cap=net_raw result=DENIED syscall=socket comm=100%s
[CAPSET] pid=4242 effective=0x400 permitted=0x400 inheritable=0x0
[SYSCALL] pid=4242 syscall=openat return=-13 denied_caps=0x6
`
	if out.String() != want {
		t.Errorf("%s\nwant\n%s", &out, want)
	}
}

// What a process calls itself does no harm on a terminal, and makes no second line.
func FuzzEvent(f *testing.F) {
	for _, comm := range []string{"ping", "", "100%s", "\x1b[2J", "a\nb", "\xff", "\u202e", "\r"} {
		f.Add(int(tracer.EventCheck), comm, 13, "socket")
	}
	f.Add(int(tracer.EventSyscall), "x", -1, "unknown")
	f.Add(int(tracer.EventCapset), "x", 255, "unknown")
	f.Add(int(tracer.EventDrop), "x", 64, "unknown")
	f.Fuzz(func(t *testing.T, kind int, comm string, capability int, call string) {
		var out bytes.Buffer
		showEvent(console.NewLines(&out), tracer.Event{Kind: tracer.EventKind(kind), Comm: comm,
			Capability: capability, Syscall: audit.Syscall{Name: call}})
		line, ended := strings.CutSuffix(out.String(), "\n")
		if console.Escape(line) != line || ended != (line != "") {
			t.Errorf("%q", out.String())
		}
	})
}
