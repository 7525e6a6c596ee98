package tracer

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/test/machine"
	"github.com/cap-audit/cap-audit/test/scratch"
)

// compiled makes a program that needs library b, which needs a; both lie in lib,
// and b is linked with options of its own.
func compiled(t *testing.T, ofProgram, ofLibrary []string) string {
	t.Helper()
	cc := machine.Program(t, "cc")
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "lib"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		out, source string
		options     []string
	}{
		{"lib/liba.so", "int a(void) { return 0; }", []string{"-shared", "-fPIC"}},
		{"lib/libb.so", "int a(void); int b(void) { return a(); }",
			append([]string{"-shared", "-fPIC", "-Llib", "-la"}, ofLibrary...)},
		{"program", "int b(void); int main(void) { return b(); }",
			append([]string{"-Llib", "-lb", "-Wl,-rpath-link,lib"}, ofProgram...)},
	} {
		scratch.Write(t, filepath.Join(dir, "source.c"), c.source)
		common := []string{"-Wl,--no-as-needed", "-o", c.out, "source.c"}
		cmd := exec.Command(cc, append(common, c.options...)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	return filepath.Join(dir, "program")
}

// What a run would lose in secure mode is told. The loader agrees: without what is
// lost it finds no longer what is said to have been found by that, and all else.
func TestSecureLosses(t *testing.T) {
	const oldTags = "-Wl,--disable-new-dtags"
	type losses = []audit.SecureLoss
	for name, c := range map[string]struct {
		program, library, environ []string
		want                      losses
	}{
		"a search path of the environment": {nil, nil, []string{"A=1", "LD_LIBRARY_PATH=/nowhere:HERE/lib"},
			losses{{What: "LD_LIBRARY_PATH", Libraries: []string{"libb.so", "liba.so"}}}},
		"semicolons, and set twice": {nil, nil,
			[]string{"LD_LIBRARY_PATH=/nowhere", "LD_LIBRARY_PATH=;HERE/lib;"},
			losses{{What: "LD_LIBRARY_PATH", Libraries: []string{"libb.so", "liba.so"}}}},
		"RUNPATH, of each file alone": {[]string{"-Wl,-rpath,$ORIGIN/lib"},
			[]string{"-Wl,-rpath,${ORIGIN}"}, nil,
			losses{{What: "$ORIGIN", Libraries: []string{"libb.so", "liba.so"}}}},
		"RPATH, of the program for all": {[]string{oldTags, "-Wl,-rpath,$ORIGIN/lib"}, nil, nil,
			losses{{What: "$ORIGIN", Libraries: []string{"libb.so", "liba.so"}}}},
		"RUNPATH and the environment": {[]string{"-Wl,-rpath,$ORIGIN/lib"}, nil,
			[]string{"LD_LIBRARY_PATH=HERE/lib"},
			losses{{What: "LD_LIBRARY_PATH", Libraries: []string{"libb.so", "liba.so"}}}},
		"a fixed directory": {[]string{"-Wl,-rpath,HERE/lib"}, []string{"-Wl,-rpath,HERE/lib"}, nil, nil},
		"variables that do not change what it does": {[]string{"-Wl,-rpath,HERE/lib"},
			[]string{"-Wl,-rpath,HERE/lib"},
			[]string{"LD_DEBUG_OUTPUT=/dev/null", "LD_BIND_NOW=1", "TMPDIR="}, nil},
		"other variables": {[]string{"-Wl,-rpath,HERE/lib"}, []string{"-Wl,-rpath,HERE/lib"},
			[]string{"TMPDIR=/x", "GCONV_PATH=/x"}, losses{{What: "GCONV_PATH"}, {What: "TMPDIR"}}},
	} {
		t.Run(name, func(t *testing.T) {
			// what is compiled does not know yet where it will be: a link stands for that
			link := filepath.Join(t.TempDir(), "link")
			inDir := func(list []string) (with []string) {
				for _, s := range list {
					with = append(with, strings.ReplaceAll(s, "HERE", link))
				}
				return with
			}
			program := compiled(t, inDir(c.program), inDir(c.library))
			if err := os.Symlink(filepath.Dir(program), link); err != nil {
				t.Fatal(err)
			}
			environ := inDir(c.environ)
			if diff := cmp.Diff(c.want, secureLosses(program, environ)); diff != "" {
				t.Errorf("losses (-want +got):\n%s", diff)
			}
			cmd := exec.Command(program)
			cmd.Env = append(environ, "A=1")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
			kept := !cmp.Equal(c.want, losses(nil)) && len(c.want[0].Libraries) > 0
			cmd = exec.Command(program)
			// as in secure mode: no variable, and another origin
			cmd.Path, cmd.Env = filepath.Join(t.TempDir(), "program"), []string{"A=1"}
			if err := os.Link(program, cmd.Path); err != nil {
				t.Fatal(err)
			}
			if out, err := cmd.CombinedOutput(); (err != nil) != kept {
				t.Errorf("without what is lost: %v: %s", err, out)
			}
		})
	}
}

// A program without a loader loses nothing, and neither does a script.
func TestNoSecureLosses(t *testing.T) {
	dir := t.TempDir()
	script := scratch.Write(t, filepath.Join(dir, "script"), "#!/bin/sh\n")
	static := filepath.Join(dir, "static")
	source := scratch.Write(t, filepath.Join(dir, "source.c"), "void _start(void) { for (;;); }")
	cmd := exec.Command(machine.Program(t, "cc"), "-static", "-nostdlib", "-o", static, source)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, path := range []string{static, script, filepath.Join(dir, "none"), dir} {
		if got := secureLosses(path, []string{"LD_LIBRARY_PATH=/lib"}); got != nil {
			t.Errorf("%s: %v", path, got)
		}
	}
}

// Where a library should be there can be anything: a FIFO does not keep us.
func TestSecureLossesOfStrangeFiles(t *testing.T) {
	program := compiled(t, nil, nil)
	lib := filepath.Join(filepath.Dir(program), "lib", "libb.so")
	if err := os.Remove(lib); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(lib, 0o644); err != nil {
		t.Fatal(err)
	}
	want := []audit.SecureLoss{{What: "LD_LIBRARY_PATH"}}
	got := secureLosses(program, []string{"LD_LIBRARY_PATH=" + filepath.Dir(lib)})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("losses (-want +got):\n%s", diff)
	}
}

// Nobody has to have made these files in good faith.
func FuzzReadObject(f *testing.F) {
	f.Add(elfFile("/lib64/ld-linux-x86-64.so.2"))
	path := filepath.Join(f.TempDir(), "object")
	f.Fuzz(func(t *testing.T, raw []byte) {
		if err := os.WriteFile(path, raw, 0o644); err != nil {
			t.Fatal(err)
		}
		o, ok := readObject(path)
		if !ok && (o.dynamic || len(o.needed) > 0) || len(o.needed) > maxObjects {
			t.Errorf("%t, %+v", ok, o)
		}
	})
}
