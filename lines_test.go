package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/tracer"
)

func TestPrintable(t *testing.T) {
	for path, want := range map[string]string{
		"/usr/bin/ping":     "/usr/bin/ping",
		"/tmp/a b":          "/tmp/a b",
		"/tmp/été":          "/tmp/été",
		"":                  "",
		"/tmp/\x1b]0;own\a": `"/tmp/\x1b]0;own\a"`,
		"/tmp/a\nb":         `"/tmp/a\nb"`,
		"/tmp/\r[*] fake":   `"/tmp/\r[*] fake"`,
		"/tmp/\xff\xfe":     `"/tmp/\xff\xfe"`,
		"/tmp/\u009b2J":     `"/tmp/\u009b2J"`,
		"/tmp/\u202egnp":    `"/tmp/\u202egnp"`,
		"/tmp/\u2028":       `"/tmp/\u2028"`,
		"/tmp/\x00\x7f":     `"/tmp/\x00\x7f"`,
		"/tmp/\u00a0":       `"/tmp/\u00a0"`, // looks like a blank, and is none
		`/tmp/"quoted"`:     `/tmp/"quoted"`,
		`/tmp/\x1b`:         `/tmp/\x1b`,
	} {
		if got := printable(path); got != want {
			t.Errorf("printable(%q) = %s, want %s", path, got, want)
		}
	}
}

// Whatever a path is made of, it harms no terminal, and plain ones stay as they are.
func FuzzPrintable(f *testing.F) {
	for _, path := range []string{"/usr/bin/ping", "\x1b[2J", "\xff", `"a"`, "\u2066"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		shown := printable(path)
		plain := true
		for _, r := range path {
			plain = plain && unicode.IsPrint(r)
		}
		for _, r := range shown {
			if !unicode.IsPrint(r) {
				t.Errorf("printable(%q) = %q", path, shown)
			}
		}
		if plain && utf8.ValidString(path) && shown != path {
			t.Errorf("printable(%q) = %s", path, shown)
		}
	})
}

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
	} {
		if got := statusLine(65*time.Second+400*time.Millisecond, c.p, c.needed); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	all := make([]int, 64)
	for i := range all {
		all[i] = i
	}
	for _, b := range []byte(statusLine(time.Hour, tracer.Progress{}, all)) {
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
		(&lines{out: &out}).ending(status)
		if out.String() != want {
			t.Errorf("%q, want %q", &out, want)
		}
	}
}

func TestVerboseLines(t *testing.T) {
	var out bytes.Buffer
	l := &lines{out: &out}
	l.event(tracer.Event{Kind: tracer.EventCheck, PID: 4242, Capability: 13, Verdict: audit.Granted,
		Syscall: audit.Syscall{Number: 41, Name: "socket"}, Comm: "ping"})
	l.event(tracer.Event{Kind: tracer.EventCheck, PID: 4242, Capability: 13, Verdict: audit.LSMRefused,
		Syscall: audit.Syscall{Number: 41, Name: "socket"}, Comm: "100%s"})
	l.event(tracer.Event{Kind: tracer.EventCapset, PID: 4242,
		Sets: audit.Sets{Effective: 0x400, Permitted: 0x400}})
	l.event(tracer.Event{Kind: tracer.EventSyscall, PID: 4242,
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

// The status line is taken off before anything else is written, and once.
func TestStatusLineDoesNotMix(t *testing.T) {
	got := captured(t, &os.Stderr, func() {
		l := &lines{out: os.Stderr}
		l.print("before")
		l.setStatus("one")
		l.setStatus("two")
		l.print("%s", "after")
		l.print("last")
		l.setStatus("three")
		l.setStatus("")
		l.setStatus("")
	})
	const erase = "\r\x1b[K"
	if want := "before\none" + erase + "two" + erase + "after\nlast\nthree" + erase; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestUnwritableProgressHarmsNothing(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	var after strings.Builder
	l := &lines{out: full}
	l.print("lost")
	l.out = &after
	l.print("kept")
	if after.String() != "kept\n" {
		t.Errorf("%q", &after)
	}
}
