package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The system calls of the examples, by x86-64 number.
var (
	sysBrk     = Syscall{Number: 12, Name: "brk"}
	sysAccess  = Syscall{Number: 21, Name: "access"}
	sysSocket  = Syscall{Number: 41, Name: "socket"}
	sysBind    = Syscall{Number: 49, Name: "bind"}
	sysExecve  = Syscall{Number: 59, Name: "execve"}
	sysChmod   = Syscall{Number: 90, Name: "chmod"}
	sysChown   = Syscall{Number: 92, Name: "chown"}
	sysCapset  = Syscall{Number: 126, Name: "capset"}
	sysMount   = Syscall{Number: 165, Name: "mount"}
	sysOpenat  = Syscall{Number: 257, Name: "openat"}
	sysChown32 = Syscall{Number: 212, ABI: "i386", Name: "chown32"}
	noSyscall  = Syscall{Number: -1, Name: "unknown"}
	nameless   = Syscall{Number: 9999, Name: "unknown"}
	examples   = []Syscall{sysBrk, sysAccess, sysSocket, sysExecve, sysChown, sysCapset, sysMount,
		sysChown32, noSyscall, nameless}
	errorsOfAll = []int{0, -1, -4, -5, -13, -22, -512, -513, -514, -516, -4095}
)

// row is n checks alike.
func row(capability int, v Verdict, s Syscall, n uint64, sites ...Site) Checks {
	return Checks{Capability: capability, Verdict: v, Syscall: s, Count: n, Sites: sites}
}

// asked is a call path from function down to cap_capable, through capable().
func asked(function string, samples uint64) Site {
	return through("capable", function, samples)
}

// ofKind is a call path that has a number.
func ofKind(kind int, s Site) Site {
	s.Kind = kind
	return s
}

// through is a call path with a wrapper next to the function that asked.
func through(wrapper, function string, samples uint64) Site {
	return Site{
		Frames: []string{"bpf_trace_run4", "cap_capable", "security_capable", wrapper, function,
			"__x64_sys_any", "do_syscall_64"},
		Samples: samples,
	}
}

// by is a call path that was seen once.
func by(frames ...string) Site { return Site{Frames: frames, Samples: 1} }

// observe is what the tracer makes of rows: with the totals that belong to them.
func observe(rows ...Checks) *Observation {
	o := &Observation{
		OptionsKnown: true, InlinedKnown: true, LSMKnown: true,
		Checks:   rows,
		Totals:   map[int]Total{},
		Programs: []Program{{}, {Path: "/usr/bin/target", Processes: 1}},
	}
	for _, r := range rows {
		t := o.Totals[r.Capability]
		if r.Verdict == Granted {
			t.Granted += r.Count
		} else {
			t.Denied += r.Count
		}
		o.Totals[r.Capability] = t
	}
	return o
}

// places are the lists of the findings that a capability is in.
type places struct {
	Required, Denied, Advisory, Nested []int
}

func placesOf(f *Findings) places {
	var p places
	for _, c := range f.Required {
		p.Required = append(p.Required, c.Number)
	}
	for _, c := range f.Denied {
		p.Denied = append(p.Denied, c.Number)
	}
	for _, c := range f.Advisory {
		p.Advisory = append(p.Advisory, c.Number)
	}
	for _, c := range f.Nested {
		p.Nested = append(p.Nested, c.Number)
	}
	return p
}

func wantPlaces(t *testing.T, o *Observation, want places) {
	t.Helper()
	if diff := cmp.Diff(want, placesOf(Analyze(o))); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}
