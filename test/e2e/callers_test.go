package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/test/machine"
)

// stack is how a program came to a check.
type stack struct {
	Frames []struct {
		Module, Function *string
		Offset           uint64
	}
	Ended *string
}

// functions are those of a stack that are in a module, the innermost first; "?" for one without a name.
func (s stack) functions(module string) (list []string) {
	for _, f := range s.Frames {
		switch {
		case f.Module == nil || path.Base(*f.Module) != module:
		case f.Function == nil:
			list = append(list, "?")
		default:
			list = append(list, *f.Function)
		}
	}
	return list
}

// tellsMappings is for programs that have ended before anybody can look at their mappings: the kernel has to
// tell them.
func tellsMappings(t *testing.T) {
	t.Helper()
	if lacking := untoldMappings(t); lacking != "" {
		t.Skip(lacking)
	}
}

// untoldMappings is why the kernel does not tell a process's mappings, "" where it does:
// kernel/bpf/task_iter.c, bpf_iter_task_vma_new(), is from 6.7.
func untoldMappings(t *testing.T) string {
	t.Helper()
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		t.Fatal(err)
	}
	var major, minor int
	release := unix.ByteSliceToString(name.Release[:])
	fmt.Sscanf(release, "%d.%d", &major, &minor)
	if major < 6 || major == 6 && minor < 7 {
		return "wanted a kernel that tells the mappings of a process, from 6.7 on, there is " + release
	}
	return ""
}

// chowned is a file that a program changes the owner of, and the stacks by which that came to ask.
func chowned(t *testing.T, program, way string) (stacks []stack) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tellsMappings(t)
	if c := audited(t, program, way, file).required("chown"); c != nil {
		for _, site := range c.Sites {
			stacks = append(stacks, site.Stacks...)
		}
	}
	return stacks
}

// wantStacks wants those that lead through these functions of the program, outwards, without others in
// between, and each to have its end. What they call is as their language's library has it.
func wantStacks(t *testing.T, stacks []stack, module string, want ...[]string) {
	t.Helper()
	var got [][]string
	for _, s := range stacks {
		got = append(got, s.functions(module))
		if s.Ended != nil {
			t.Errorf("%v: %s", s.functions(module), *s.Ended)
		}
	}
	for _, w := range want {
		leads := func(g []string) bool {
			g = g[max(slices.Index(g, w[0]), 0):]
			return slices.Equal(g[:min(len(w), len(g))], w)
		}
		if !slices.ContainsFunc(got, leads) {
			t.Errorf("no stack leads through %v: %v", w, got)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d stacks, wanted %d: %v", len(got), len(want), got)
	}
}

// Two functions that lead to one kernel function are told apart, in programs that keep no
// frame pointers, and those above them are known.
func TestCallers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		build func(t *testing.T) string
		want  [][]string
	}{
		"C": {of("callers"), [][]string{{"first", "main", "_start"},
			{"second", "between", "main", "_start"}}},
		"C, static": {of("callers-static"), [][]string{{"chown", "first", "main"},
			{"chown", "second", "between", "main"}}},
		"Go": {of("callers-go"), goCallers},
		"Go, stripped": {func(t *testing.T) string {
			return stripped(t, "callers-go", "--strip-all")
		}, goCallers},
		"C++": {compiler("c++", "callers.cc", "-O2"), [][]string{{"shop::Till::give", "main"},
			{"operator+=", "main"}}},
		"Rust": {compiler("rustc", "callers.rs", "-O"), [][]string{
			{"callers::inner::first", "callers::main"}, {"callers::second", "callers::main"}}},
		"without symbols": {func(t *testing.T) string { return stripped(t, "callers", "--strip-all") },
			[][]string{{"?", "?", "?"}, {"?", "?", "?", "?"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program := c.build(t)
			wantStacks(t, chowned(t, program, "apart"), filepath.Base(program), c.want...)
		})
	}
}

// goCallers are the stacks of callers.go.
var goCallers = [][]string{
	{"main.first", "main.main", "runtime.main", "runtime.goexit"},
	{"main.second", "main.main", "runtime.main", "runtime.goexit"},
}

func of(name string) func(*testing.T) string { return func(*testing.T) string { return built(name) } }

// compiler compiles a program that is not among those in C.
func compiler(name, source string, arguments ...string) func(*testing.T) string {
	return func(t *testing.T) string {
		out := filepath.Join(t.TempDir(), "program")
		source := filepath.Join("../programs", source)
		if _, err := os.Stat(source); err != nil {
			t.Skipf("wanted the source of the program: %v", err)
		}
		machine.Works(t, command(t, tool(t, name), append(arguments, "-o", out, source)...))
		return out
	}
}

// stripped is a program without its symbols.
func stripped(t *testing.T, name string, arguments ...string) string {
	out := filepath.Join(t.TempDir(), "stripped")
	machine.Works(t, command(t, tool(t, "strip"), append(arguments, "-o", out, built(name))...))
	return out
}

// The names of a stripped program come from the file that its symbols were put into.
func TestCallersDebugFile(t *testing.T) {
	t.Parallel()
	program := stripped(t, "callers", "--strip-all")
	debug := filepath.Join(filepath.Dir(program), ".debug", "callers.debug")
	if err := os.Mkdir(filepath.Dir(debug), 0o755); err != nil {
		t.Fatal(err)
	}
	objcopy := tool(t, "objcopy")
	machine.Works(t, command(t, objcopy, "--only-keep-debug", built("callers"), debug))
	machine.Works(t, command(t, objcopy, "--add-gnu-debuglink="+debug, program))
	wantStacks(t, chowned(t, program, "apart"), "stripped", []string{"first", "main", "_start"},
		[]string{"second", "between", "main", "_start"})
	// that of another build has the symbols of another build
	machine.Works(t, command(t, objcopy, "--only-keep-debug", built("sites"), debug))
	wantStacks(t, chowned(t, program, "apart"), "stripped", []string{"?", "?", "?"},
		[]string{"?", "?", "?", "?"})
}

// What cannot be unwound says so, and what comes before is there.
func TestCallersEnd(t *testing.T) {
	t.Parallel()
	aboveSignal := "more of the stack was not copied"
	if runtime.GOARCH == "arm64" { // where the kernel's own code, in no file, is above
		aboveSignal = "its code is in no file that could be read"
	}
	for way, c := range map[string]struct {
		begins []string
		ended  string
	}{
		"deep":   {[]string{"first", "deeper", "deeper", "deeper"}, "more of the stack was not copied"},
		"hollow": {[]string{"first", "hollow", "main", "_start"}, ""},
		"forked": {[]string{"first", "main", "_start"}, ""},
		"signal": {[]string{"second", "on_signal"}, aboveSignal},
		"thread": {[]string{"first", "on_thread"}, ""},
	} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			stacks := chowned(t, built("callers"), way)
			if len(stacks) != 1 {
				t.Fatalf("%d stacks, wanted 1", len(stacks))
			}
			got, ended := stacks[0].functions("callers"), ""
			if stacks[0].Ended != nil {
				ended = *stacks[0].Ended
			}
			if !slices.Equal(got[:min(len(got), len(c.begins))], c.begins) || ended != c.ended {
				t.Errorf("it came through %v, and %q; wanted %v, and %q", got, ended, c.begins, c.ended)
			}
		})
	}
}

// The report names the function that is neither the C library's nor the language's.
func TestCallersText(t *testing.T) {
	t.Parallel()
	tellsMappings(t)
	for program, want := range map[string]string{
		"callers":        "Called by: first, second in callers\n",
		"callers-static": "Called by: first, second in callers-static\n",
		"callers-go":     "Called by: main.first, main.second in callers-go\n",
	} {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			r := finish(t, capAudit(t, "--", built(program), "apart", file))
			if !bytes.Contains(r.stdout, []byte("    "+want)) {
				t.Errorf("the report lacks %q:\n%s", want, r.stdout)
			}
		})
	}
}

// setrlimit(2) asks under a lock without which nobody can look at the mappings of a process: those are taken
// that it had when it last asked for something.
func TestCallersUnderLock(t *testing.T) {
	t.Parallel()
	tellsMappings(t)
	// to open the file the shell asks for something: to mmap(2), too, but that is unseen by some before 6.14
	d := audited(t, tool(t, "setpriv"), "--bounding-set=-sys_resource", tool(t, "sh"), "-c",
		`: <"$0"; ulimit -n 64; ulimit -n 128; exit 0`, filepath.Join(preparedDir(t), "owned"))
	i := slices.IndexFunc(d.Denied, func(c denied) bool { return c.Name == "sys_resource" })
	if i < 0 || len(d.Denied[i].Sites) != 1 || len(d.Denied[i].Sites[0].Stacks) != 1 {
		t.Fatalf("denied were %+v, wanted sys_resource with one stack", d.Denied)
	}
	if s := d.Denied[i].Sites[0].Stacks[0]; s.Ended != nil || len(s.Frames) == 0 {
		t.Errorf("it came to ask by %+v, wanted all of the stack", s)
	}
}

// A program may put something else where its file was: nobody waits for that.
func TestCallersFileReplaced(t *testing.T) {
	t.Parallel()
	stacks := chowned(t, installed(t, t.TempDir(), built("callers"), 0o755), "replaced")
	if len(stacks) != 1 || len(stacks[0].Frames) == 0 {
		t.Fatalf("it came to ask by %v", stacks)
	}
	for _, f := range stacks[0].functions("callers") {
		if !slices.Contains([]string{"first", "main", "_start", "?"}, f) {
			t.Errorf("%s is no function of the program", f)
		}
	}
}

// Code in a file that is in no directory has the name of that file, once.
func TestCallersOfNowhere(t *testing.T) {
	t.Parallel()
	stacks := chowned(t, built("callers"), "nowhere")
	if len(stacks) != 2 {
		t.Fatalf("%d stacks, wanted 2: %v", len(stacks), stacks)
	}
	for _, s := range stacks {
		if len(s.functions("libc.so.6")) == 0 || len(s.Frames) < 2 || s.Frames[1].Module == nil ||
			*s.Frames[1].Module != "/memfd:callers" {
			t.Errorf("what called the C library is not in /memfd:callers: %v", s)
		}
	}
}
