package real

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/test/scratch"
)

// compilers of programs that make one system call, and do little else.
var compilers = []struct{ name, command, file, source string }{
	{"C", "cc -O2", "a.c", inC},
	{"C, static", "cc -O2 -static", "a.c", inC},
	{"C, static, anywhere", "cc -O2 -static-pie", "a.c", inC},
	{"musl", "musl-gcc -O2", "a.c", inC},
	{"musl, static", "musl-gcc -O2 -static", "a.c", inC},
	{"Go, static", "go build", "a.go", inGo},
	{"Rust", "rustc -O", "a.rs", inRust},
	{"Rust, static", "rustc -O -C target-feature=+crt-static", "a.rs", inRust},
}

const (
	inC = `#include <stdio.h>
#include <unistd.h>
int main(void) { return printf("%ld\n", syscall(NUMBER, FIRST, SECOND, THIRD)) < 0; }`
	inGo = `package main
import ("fmt"; "syscall")
func main() { fmt.Println(syscall.Syscall(NUMBER, FIRST, SECOND, THIRD)) }`
	inRust = `extern "C" { fn syscall(number: i64, ...) -> i64; }
fn main() { println!("{}", unsafe { syscall(NUMBER, FIRSTi64, SECONDi64, THIRDi64) }); }`
)

// privileged are system calls that ask for a capability, and change nothing outside of the process.
var privileged = map[string][4]int{
	"setuid":       {unix.SYS_SETUID, 1},
	"setgid":       {unix.SYS_SETGID, 1},
	"setgroups":    {unix.SYS_SETGROUPS},
	"socket":       {unix.SYS_SOCKET, unix.AF_PACKET, unix.SOCK_RAW},
	"acct":         {unix.SYS_ACCT, 1},
	"setpriority":  {unix.SYS_SETPRIORITY, unix.PRIO_PROCESS, 0, 1<<32 - 5}, // an int of -5
	"settimeofday": {unix.SYS_SETTIMEOFDAY},
	"unshare":      {unix.SYS_UNSHARE, unix.CLONE_NEWUTS},
	"prctl":        {unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, unix.CAP_AUDIT_READ},
}

// TestLongReachLanguages is TestLongReach for programs of each compiler.
func TestLongReachLanguages(t *testing.T) {
	for _, c := range compilers {
		for name, numbers := range privileged {
			t.Run(c.name+", "+name, func(t *testing.T) {
				t.Parallel()
				values := []string{}
				for n, word := range []string{"NUMBER", "FIRST", "SECOND", "THIRD"} {
					values = append(values, word, fmt.Sprint(numbers[n]))
				}
				path := scratch.Built(t, c.command, c.file, strings.NewReplacer(values...).Replace(c.source))
				for _, account := range both {
					line := commandLine{run: path, as: account}
					met := false
					for _, p := range line.programs(t) {
						met = met || p.Path == path && len(p.Required)+len(p.Refused) > 0
						checkReach(t, p, reachOf(t, p.Path, nil))
					}
					if !met {
						t.Errorf("%s as %q asked for nothing", name, account)
					}
				}
			})
		}
	}
}
