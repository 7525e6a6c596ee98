package reach

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/test/scratch"
)

// sources are programs that act, and do little else.
var sources = map[string]string{
	".c": `#include <stdio.h>
#include <unistd.h>
int main(void) { ACT return puts("done"); }`,
	".go": `package main
import "os"
import "syscall"
var id = syscall.Getuid()
func main() { ACT; os.Stdout.WriteString("done") }`,
	".rs": `extern "C" { fn chroot(path: *const u8) -> i32; fn setuid(id: u32) -> i32; }
#[allow(dead_code)] unsafe fn all() { chroot(std::ptr::null()); setuid(1); }
fn main() { unsafe { ACT } println!("{:?}", std::fs::read_to_string("/etc/hosts")); }`,
}

var acts = map[string]map[string]string{
	"chroot":  {".c": `chroot("/");`, ".go": `syscall.Chroot("/")`, ".rs": `chroot(b"/\0".as_ptr());`},
	"setuid":  {".c": `setuid(1);`, ".go": `syscall.Setuid(id)`, ".rs": `setuid(1);`},
	"neither": {},
}

var asked = map[string]int{"chroot": unix.CAP_SYS_CHROOT, "setuid": unix.CAP_SETUID}

// compilers leave out what nobody calls.
var compilers = []struct{ name, kind, command string }{
	{"C", ".c", "cc -O2"},
	{"C, its own stubs", ".c", "cc -O2 -fno-plt"},
	{"C, static", ".c", "cc -O2 -static"},
	{"C, static, anywhere", ".c", "cc -O2 -static-pie"},
	{"musl", ".c", "musl-gcc -O2"},
	{"musl, static", ".c", "musl-gcc -O2 -static"},
	{"Go", ".go", "go build"},
	{"Go, stripped", ".go", "go build -ldflags=-s"},
	{"Rust", ".rs", "rustc -O"},
	{"Rust, not optimized", ".rs", "rustc"},
	{"Rust, stripped", ".rs", "rustc -O -C strip=symbols"},
	{"Rust, static", ".rs", "rustc -O -C target-feature=+crt-static"},
}

// What a program does is possible, and what it does not is ruled out, whatever compiled it.
func TestLanguages(t *testing.T) {
	for _, c := range compilers {
		for act, text := range acts {
			t.Run(c.name+" "+act, func(t *testing.T) {
				t.Parallel()
				source := strings.ReplaceAll(sources[c.kind], "ACT", text[c.kind])
				r := analyzed(t, scratch.Built(t, c.command, "a"+c.kind, source), Options{})
				if r.AnySystemCall || len(r.Missing) > 0 {
					t.Fatalf("any system call: %v, missing: %v", r.AnySystemCall, r.Missing)
				}
				if !slices.Contains(r.SystemCalls, "exit_group") || c.kind == ".c" &&
					!slices.Contains(r.SystemCalls, "set_tid_address") { // for the first thread
					t.Errorf("only %v", r.SystemCalls)
				}
				got := possible(r)
				for name, n := range asked {
					if slices.Contains(got, n) != (act == name) {
						t.Errorf("%s is possible: %v", name, act != name)
					}
				}
				if slices.Contains(got, unix.CAP_SYS_MODULE) {
					t.Error("sys_module is possible")
				}
			})
		}
	}
}
