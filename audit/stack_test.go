package audit

import (
	"fmt"
	"testing"
)

// The caller is the innermost function that did not only hand on what another asked for.
func TestCaller(t *testing.T) {
	const libc, program = "/usr/lib/x86_64-linux-gnu/libc.so.6", "/opt/program"
	for name, c := range map[string]struct {
		frames []Frame
		want   string
		found  bool
	}{
		"C":         {frames(libc, "chown", program, "give", program, "main"), "give", true},
		"musl":      {frames("/lib/ld-musl-x86_64.so.1", "chown", program, "main"), "main", true},
		"old glibc": {frames("/lib/libpthread-2.31.so", "sendmsg", program, "main"), "main", true},
		"static":    {frames(program, "__chown", program, "give"), "give", true},
		"by number": {frames(program, "syscall", program, "give"), "give", true},
		"a library": {frames(libc, "capset", "/usr/lib/libcap.so.2.66", "cap_set_proc", program, "main"),
			"cap_set_proc", true},
		"no names":     {frames(libc, "chown", program, ""), "", true},
		"nobody":       {nil, "", false},
		"the loader":   {frames("/lib64/ld-linux-x86-64.so.2", "mmap", "", ""), "", true},
		"only library": {frames(libc, "chown", libc, "start"), "chown", false},
		"Go": {frames(program, "internal/runtime/syscall/linux.Syscall6", program, "syscall.Chown", program,
			"os.(*File).Chown", program, "main.give"), "main.give", true},
		"Go's module": {frames(program, "golang.org/x/sys/unix.Mount", program, "net.(*Dialer).Dial", program,
			"os/exec.(*Cmd).Run", program, "github.com/moby/sys/mount.Mount", program, "main.main"),
			"github.com/moby/sys/mount.Mount", true},
		"Rust": {frames(libc, "chown", program, "std::sys::fs::unix::chown", program,
			"<std::fs::File as std::io::Read>::read", program, "shop::till::give"), "shop::till::give", true},
		"C++": {frames(libc, "chmod", program, "std::filesystem::permissions", program, "shop::Till::give"),
			"shop::Till::give", true},
		"like a library": {frames(libc, "chown", program, "osmium", program, "main"), "osmium", true},
	} {
		t.Run(name, func(t *testing.T) {
			got, found := Stack{Frames: c.frames}.Caller("chown")
			if got.Function != c.want || found != c.found {
				t.Errorf("%s asked, %t, wanted %s, %t", got.Function, found, c.want, c.found)
			}
		})
	}
}

// A static program's C library has functions by the names of calls that newer ones took the place of.
func TestCallerOfNewerCalls(t *testing.T) {
	const program = "/opt/program"
	for _, c := range []struct{ calling, function, want string }{
		{"fchownat", "chown", "give"}, {"openat", "__open", "give"}, {"renameat2", "rename", "give"},
		{"fchownat", "own", "own"}, {"chown", "own", "own"},
	} {
		got, _ := Stack{Frames: frames(program, c.function, program, "give")}.Caller(c.calling)
		if got.Function != c.want {
			t.Errorf("%s: %s asked, wanted %s", c.calling, got.Function, c.want)
		}
	}
}

// frames are given by pairs of module and function.
func frames(pairs ...string) (list []Frame) {
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, Frame{Module: pairs[i], Function: pairs[i+1]})
	}
	return list
}

// Of one call site each way to it is kept once, and not more of them than anybody looks at.
func TestJoinStacks(t *testing.T) {
	var list []Stack
	for i := range 3 * MaxStacks {
		for range 2 {
			list = joinStacks(list, []Stack{{Frames: frames("program", fmt.Sprint("f", i))}})
		}
	}
	if len(list) != MaxStacks || list[1].Frames[0].Function != "f1" {
		t.Errorf("%d stacks, wanted %d: %v", len(list), MaxStacks, list)
	}
}

// Stacks are kept where the answer matters, and nowhere else.
func TestStacksOfCallSites(t *testing.T) {
	stacks := []Stack{{Frames: frames("program", "give")}}
	site := func(function string) Site {
		return Site{Frames: []string{"cap_capable", function}, Samples: 1, Stacks: stacks}
	}
	f := Analyze(&Observation{Checks: []Checks{
		{Capability: 0, Count: 2, Sites: []Site{site("setattr_prepare"), site("setattr_prepare")}},
		{Capability: 21, Count: 1, Sites: []Site{site("cap_vm_enough_memory")}},
	}})
	if got := f.Required[0].CallSites[0].Stacks; len(got) != 1 {
		t.Errorf("the site that matters has the stacks %v", got)
	}
	if got := f.Advisory[0].CallSites[0].Stacks; len(got) != 0 {
		t.Errorf("the site that does not matter has the stacks %v", got)
	}
}
