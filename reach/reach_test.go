package reach

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/test/machine"
	"github.com/cap-audit/cap-audit/test/scratch"
)

// written is a file with these bytes.
func written(t *testing.T, b []byte) string {
	t.Helper()
	return scratch.Write(t, filepath.Join(t.TempDir(), "program"), string(b))
}

func analyzed(t *testing.T, path string, options Options) *Result {
	t.Helper()
	r, err := Analyze(path, options)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func possible(r *Result) (list []int) {
	for n, v := range r.Capabilities {
		if v.Class == Possible {
			list = append(list, n)
		}
	}
	return list
}

func TestMachineCode(t *testing.T) {
	const x, a = elf.EM_X86_64, elf.EM_AARCH64
	for name, test := range map[string]struct {
		machine elf.Machine
		code    string
		want    []int
	}{
		"setuid":                 {x, "\xb8\x69\x00\x00\x00\x0f\x05\xc3", []int{unix.CAP_SETUID}},
		"number by push and pop": {x, "\x6a\x69\x58\x0f\x05\xc3", []int{unix.CAP_SETUID}},
		"packet socket": {x, "\xbf\x11\x00\x00\x00\xb8\x29\x00\x00\x00\x0f\x05\xc3",
			[]int{unix.CAP_NET_RAW}},
		"Unix socket": {x, "\xbf\x01\x00\x00\x00\xb8\x29\x00\x00\x00\x0f\x05\xc3", nil},
		"prctl, one of two options": {x,
			"\xbf\x18\x00\x00\x00\x74\x05\xbf\x0f\x00\x00\x00\xb8\x9d\x00\x00\x00\x0f\x05\xc3",
			[]int{unix.CAP_SETPCAP}},
		"prctl, harmless option": {x, "\xbf\x0f\x00\x00\x00\xb8\x9d\x00\x00\x00\x0f\x05\xc3", nil},
		"ioctl, settings of a pulse": {x, "\xbe\xa2\x70\x08\x40\xb8\x10\x00\x00\x00\x0f\x05\xc3",
			[]int{unix.CAP_SYS_TIME}},
		"ioctl, a pulse": {x, "\xbe\xa4\x70\x08\xc0\xb8\x10\x00\x00\x00\x0f\x05\xc3", nil},
		"ioctl, a command for an NVMe disk": {x, "\xbe\x41\x4e\x48\xc0\xb8\x10\x00\x00\x00\x0f\x05\xc3",
			[]int{unix.CAP_SYS_RAWIO, unix.CAP_SYS_ADMIN}},
		"ioctl, a command for an Adaptec RAID": {x, "\xbe\x4c\x20\x04\x00\xb8\x10\x00\x00\x00\x0f\x05\xc3",
			[]int{unix.CAP_SYS_RAWIO, unix.CAP_SYS_ADMIN}},
		"number of the caller's": {x, "\xbf\x69\x00\x00\x00\xe8\x01\x00\x00\x00\xc3\x89\xf8\x0f\x05\xc3",
			[]int{unix.CAP_SETUID}},
		"low byte of the number":  {x, "\x31\xc0\xb0\x69\x0f\x05\xc3", []int{unix.CAP_SETUID}},
		"number that is not read": {x, "\x8b\x07\x0f\x05\xc3", all()},
		"arm64: setuid": {a, "\x48\x12\x80\xd2\x01\x00\x00\xd4\xc0\x03\x5f\xd6",
			[]int{unix.CAP_SETUID}},
		"arm64: setgid, by a copy": {a, "\x00\x12\x80\xd2\xe8\x03\x00\xaa\x01\x00\x00\xd4\xc0\x03\x5f\xd6",
			[]int{unix.CAP_SETGID}},
	} {
		t.Run(name, func(t *testing.T) {
			r := analyzed(t, written(t, small(test.machine, []byte(test.code))), Options{})
			if got := possible(r); !slices.Equal(got, test.want) {
				t.Errorf("possible %v, want %v", got, test.want)
			}
		})
	}
}

func all() (list []int) {
	for n := range Capabilities {
		list = append(list, n)
	}
	return list
}

func TestNotAProgram(t *testing.T) {
	for name, b := range map[string]string{"script": "#!/bin/sh\n", "empty": "",
		"cut short": string(small(elf.EM_X86_64, make([]byte, 100))[:130])} {
		if _, err := Analyze(written(t, []byte(b)), Options{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := Analyze(t.TempDir(), Options{}); err == nil || !strings.Contains(err.Error(), "regular") {
		t.Errorf("directory: %v", err)
	}
}

// compiled is a C program, linked as the flags say.
func compiled(t *testing.T, source string, flags ...string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	// what is linked comes after the source: linkers look in that order
	arguments := append([]string{"-o", path, scratch.Write(t, filepath.Join(dir, "a.c"), source)}, flags...)
	if out, err := exec.Command(machine.Program(t, "cc"), arguments...).CombinedOutput(); err != nil {
		t.Fatalf("cc: %v: %s", err, out)
	}
	return path
}

// Programs, by how they come to their system call.
const (
	pointerWay = `#include <unistd.h>
static int (*const way[])(const char *) = { chroot };
int main(int argc, char **argv) { return way[argc - 1](argv[0]); }`
	// by movhps, where there is no procedure linkage table
	vectorWay = `#include <unistd.h>
struct ways { int (*there)(const char *), (*back)(const char *); };
__attribute__((noipa)) void fill(struct ways *w) { w->there = chroot; w->back = chdir; }
int main(int argc, char **argv) { struct ways w; fill(&w); return w.there(argv[0]); }`
	deadWay = `#include <unistd.h>
__attribute__((used)) static int never(void) { return chroot("/"); }
int main(void) { return 0; }`
	directWay = `#include <unistd.h>
#include <sys/syscall.h>
int main(void) { return syscall(SYS_acct, "/x"); }`
	pathsWay = `#include <fcntl.h>
static const char *const path[] = { "/etc/hosts", "/dev/kmsg" };
int main(int argc, char **argv) { return open(path[argc - 1], O_RDONLY); }`
	// as glibc has it from 2.41 on (__internal_syscall_cancel())
	seventhWay = `#include <unistd.h>
#include <sys/syscall.h>
#define ARGUMENTS long a, long b, long c, long d, long e, long f, long number
__attribute__((noipa)) static long inner(ARGUMENTS) { return syscall(number, a, b, c, d, e, f); }
__attribute__((noipa)) static long outer(ARGUMENTS) { return inner(a, b, c, d, e, f, number) + 1; }
int main(int argc, char **argv) { return outer((long)argv[0], 0, 0, 0, 0, 0, SYS_acct); }`
	// at the offsets of struct addrinfo
	familyWay = `#include <stdlib.h>
#include <sys/socket.h>
struct settings { int verbose, family, type, protocol; } *volatile settings;
int main(int argc, char **argv) {
	struct settings *s = settings = malloc(sizeof(*s));
	s->family = atoi(argv[1]), s->type = atoi(argv[2]), s->protocol = 0;
	s = settings;
	return socket(s->family, s->type, s->protocol); }`
	// in a static program these are the linker's own
	namedWay = `#include <dlfcn.h>
#include <unistd.h>
#ifdef STATIC
#define dlsym(handle, name) ((void *)chroot)
#endif
static __attribute__((noipa)) void *look(const char *name) { return dlsym((void *)0, name); }
int main(int argc, char **argv) { return ((int (*)(char *))look("chroot"))(argv[argc - 1]); }`
)

func TestCompiled(t *testing.T) {
	for name, test := range map[string]struct {
		source string
		yes    int
		no     int
	}{
		"by a vector of two":      {vectorWay, unix.CAP_SYS_CHROOT, unix.CAP_SYS_PACCT},
		"by a pointer in data":    {pointerWay, unix.CAP_SYS_CHROOT, unix.CAP_SYS_PACCT},
		"by syscall(2)":           {directWay, unix.CAP_SYS_PACCT, unix.CAP_SYS_CHROOT},
		"a path, by data":         {pathsWay, unix.CAP_SYSLOG, unix.CAP_SYS_CHROOT},
		"by the stack":            {seventhWay, unix.CAP_SYS_PACCT, unix.CAP_SYS_CHROOT},
		"a family from settings":  {familyWay, unix.CAP_NET_RAW, unix.CAP_SYS_CHROOT},
		"by a name":               {namedWay, unix.CAP_SYS_CHROOT, unix.CAP_SYS_PACCT},
		"in a function not taken": {deadWay, -1, unix.CAP_SYS_CHROOT},
	} {
		for _, flags := range [][]string{{"-O2"}, {"-O0"}, {"-O2", "-no-pie"},
			{"-O2", "-static", "-DSTATIC"}, {"-O2", "-s"}, {"-O2", "-fno-plt"}} {
			t.Run(name+" "+strings.Join(flags, " "), func(t *testing.T) {
				r := analyzed(t, compiled(t, test.source, flags...), Options{})
				if r.AnySystemCall || len(r.Missing) > 0 {
					t.Fatalf("any system call: %v, missing: %v", r.AnySystemCall, r.Missing)
				}
				got := possible(r)
				if test.yes >= 0 && !slices.Contains(got, test.yes) || slices.Contains(got, test.no) {
					t.Errorf("possible %v, want %d and not %d", got, test.yes, test.no)
				}
			})
		}
	}
}

// What is found does not depend on the order in which a map gives what is in it.
func TestSameTwice(t *testing.T) {
	var library, program, table strings.Builder
	library.WriteString("#include <unistd.h>\n")
	for n := range 20 {
		fmt.Fprintf(&library, "int f%d(char *path) { return chroot(path) + 1; }\n", n)
		fmt.Fprintf(&program, "int f%d(char *);\n", n)
		fmt.Fprintf(&table, "f%d, ", n)
	}
	fmt.Fprintf(&program, "int (*all[])(char *) = {%s};\nint main(void) { return 0; }\n", table.String())
	libf := compiled(t, library.String(), "-shared", "-fPIC", "-Wl,-soname,libf.so")
	dir := filepath.Dir(libf)
	if err := os.Rename(libf, filepath.Join(dir, "libf.so")); err != nil {
		t.Fatal(err)
	}
	path := compiled(t, program.String(), "-L"+dir, "-lf", "-Wl,-rpath,"+dir)
	first := analyzed(t, path, Options{})
	if len(first.Capabilities[unix.CAP_SYS_CHROOT].Operations) == 0 || len(first.Missing) > 0 {
		t.Fatalf("nothing asks for sys_chroot; missing: %v", first.Missing)
	}
	for range 3 {
		if diff := cmp.Diff(first, analyzed(t, path, Options{})); diff != "" {
			t.Fatalf("- first, + again:\n%s", diff)
		}
	}
}

// What asks whoever's files it is comes first, and of that what the program does itself.
func TestOrder(t *testing.T) {
	const program, library = "/bin/x", "/lib/y.so"
	a := analysis{result: &Result{Objects: []string{program, library}}, seen: map[seenOperation]bool{}}
	for n := range 2 * MaxOperations {
		a.add(unix.CAP_FOWNER, Operation{Call: "openat", Object: program, Function: strconv.Itoa(n),
			Files: true})
	}
	a.add(unix.CAP_FOWNER, Operation{Call: "ioctl", Object: library})
	a.add(unix.CAP_FOWNER, Operation{Call: "ioctl", Object: program})
	a.order()
	var first []string
	for _, o := range a.result.Capabilities[unix.CAP_FOWNER].Operations[:3] {
		first = append(first, o.Call+" "+o.Object)
	}
	want := []string{"ioctl " + program, "ioctl " + library, "openat " + program}
	if got := a.result.Capabilities[unix.CAP_FOWNER]; !slices.Equal(first, want) ||
		got.Class != Possible || len(got.Operations) != MaxOperations {
		t.Errorf("%d operations, class %d, first %q, want %q", len(got.Operations), got.Class, first, want)
	}
}

// Who has it yield is asked often, and finds the same.
func TestYield(t *testing.T) {
	const path = "/bin/ls"
	asked := 0
	got := analyzed(t, path, Options{Yield: func() { asked++ }})
	if diff := cmp.Diff(analyzed(t, path, Options{}), got); diff != "" {
		t.Error(diff)
	}
	if asked < 1000 {
		t.Errorf("it yields %d times", asked)
	}
}

// A library that is not there can need anything.
func TestMissingLibrary(t *testing.T) {
	path := compiled(t, "int main(void) { return 0; }", "-Wl,--no-as-needed", "-lc")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b = []byte(strings.Replace(string(b), "libc.so.6", "libx.so.9", 1))
	r := analyzed(t, written(t, b), Options{})
	if len(r.Missing) != 1 || len(possible(r)) != Capabilities {
		t.Errorf("missing %v, possible %v", r.Missing, possible(r))
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string][]int{
		"/dev/mem":                           {unix.CAP_SYS_RAWIO},
		"/proc/1/oom_score_adj":              {unix.CAP_SYS_PTRACE, unix.CAP_SYS_RESOURCE},
		"/proc/self/loginuid":                {unix.CAP_AUDIT_CONTROL},
		"/proc/self/maps":                    nil,
		"/proc/1/maps":                       {unix.CAP_SYS_PTRACE, unix.CAP_PERFMON},
		"/proc/1/task":                       {unix.CAP_SYS_PTRACE, unix.CAP_PERFMON},
		"/proc/%d/task/%d/smaps_rollup":      {unix.CAP_SYS_PTRACE, unix.CAP_PERFMON},
		"/proc/%d/task/%d/comm":              {unix.CAP_SYS_PTRACE},
		"/proc/%d/attr/%s":                   {unix.CAP_SYS_PTRACE, unix.CAP_MAC_ADMIN},
		"/proc/%d/fd/%d":                     {unix.CAP_SYS_PTRACE},
		"/proc/%s/stat":                      {unix.CAP_SYS_PTRACE},
		"/proc/meminfo":                      nil,
		"/proc/sys/user/max_user_namespaces": {unix.CAP_SYS_RESOURCE},
		"/proc/sys/kernel/pid_max":           {unix.CAP_SYS_ADMIN},
		"/proc/self/timens_offsets":          {unix.CAP_SYS_TIME},
		"/proc/self/autogroup":               {unix.CAP_SYS_NICE, unix.CAP_SYS_ADMIN},
		"/proc/pressure/memory":              {unix.CAP_SYS_RESOURCE},
		"/dev/ppp":                           {unix.CAP_NET_ADMIN},
	} {
		var got []int
		for _, s := range asksFor(name, true) {
			got = append(got, s.asks...)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s asks for %v, want %v", name, got, want)
		}
	}
}

// Files of /proc are named from an open directory on, too.
func TestNamesRelativeToProc(t *testing.T) {
	for text, want := range map[string]string{
		"self/uid_map\x00":               "/proc/self/uid_map",
		"self/uid_mapself/gid_map":       "/proc/self/uid_map", // as Go has it
		"%d/gid_map\x00":                 "/proc/%d/gid_map",
		"oom_score_adj\x00":              "/proc/%d/oom_score_adj",
		"oom_score_adj is not there\x00": "",
		"oom_score_adj":                  "",
		"stack\x00":                      "",
		"setgroups\x00":                  "",
		"self/setgroups\x00":             "/proc/self/setgroups",
		"%d/%d\x00":                      "",
		"self/exe\x00":                   "",
		"":                               "",
	} {
		if got := relativeToProc([]byte(text)); got != want {
			t.Errorf("%q is %q, wanted %q", text, got, want)
		}
	}
}

// Each capability but those that no code decides can be asked for by a row.
func TestRowsForAll(t *testing.T) {
	var seen [Capabilities]bool
	for _, r := range rows {
		for _, n := range r.asks {
			seen[n] = true
		}
		if len(r.asks) == 0 || r.in == "" || (len(r.notBy) > 0) != (r.because != "") {
			t.Errorf("row of %v: asks %v in %q, because %q", r.calls, r.asks, r.in, r.because)
		}
		for _, name := range r.calls {
			if !known(name) {
				t.Errorf("there is no system call %s", name)
			}
		}
	}
	for n, ok := range seen {
		if !ok && n != unix.CAP_MAC_OVERRIDE { // Smack's alone
			t.Errorf("no row asks for %d", n)
		}
	}
}

func known(name string) bool {
	for _, c := range conventions() {
		for _, other := range c.names {
			if other == name {
				return true
			}
		}
	}
	return false
}
