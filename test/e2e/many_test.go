package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Of as many programs as the build of a package runs none is lost.
func TestManyPrograms(t *testing.T) { manyPrograms(t, fewer(3000, 300)) }

// TestLongTwentyThousandPrograms: and of as many as that of a large one.
func TestLongTwentyThousandPrograms(t *testing.T) {
	if os.Getenv("CAP_AUDIT_VM") != "" {
		t.Skip("wanted a machine of real speed, there is an emulated one")
	}
	manyPrograms(t, 20_000)
}

// manyPrograms runs n copies of a program that asks for one capability.
func manyPrograms(t *testing.T, n uint64) {
	for _, c := range []struct {
		names   string
		entries int
		path    string // of the first of them
	}{
		{"temporary", 1, "tmp.*/conftest"},
		{"same", 1, "conftest"},
		{"words", int(n), "aaaaaaaa"},
	} {
		t.Run(c.names, func(t *testing.T) {
			dir := publicDir(t)
			first := filepath.Join(dir, c.path)
			out := filepath.Join(dir, "report.json")
			r := finish(t, capAudit(t, "-j", "-o", out, "--", built("many"), built("tiny"), dir,
				fmt.Sprint(n), c.names))
			raw, err := os.ReadFile(out)
			if err != nil {
				t.Fatalf("status %d, %v: %s", r.status, err, r.stderr)
			}
			d := decode(t, raw)
			d.wholeAndConsistent(t)
			d.counted(t, chroots(n))
			if len(d.Programs) != 1+c.entries || d.Programs[1].Path != first {
				t.Fatalf("%d programs, the first two: %+v", len(d.Programs), d.Programs[:2])
			}
			for _, p := range d.Programs[1:] {
				if each := n / uint64(c.entries); p.StandsFor != each || p.Processes != each ||
					!slices.Equal(p.Required, []string{"sys_chroot"}) ||
					!slices.Equal(p.Syscalls, []string{"chroot"}) {
					t.Fatalf("%+v", p)
				}
			}
			line := fmt.Sprintf("%s (%d programs): %d processes; needs sys_chroot", first, n, 2*n)
			if c.entries > 1 {
				line = fmt.Sprintf("And %d programs more: needs sys_chroot", n-20)
			}
			readAgain(t, out, fmt.Sprintf("Checks: %d granted, 0 denied", 2*n), line)
		})
	}
}

// readAgain reads a report of many programs to compare it with itself, and to join it
// with itself: to a text with these words.
func readAgain(t *testing.T, report string, lines ...string) {
	t.Helper()
	if r := finish(t, command(t, capAuditPath, "--diff", report, report)); r.status != 0 ||
		!strings.Contains(string(r.stdout), "no difference") {
		t.Errorf("--diff: status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	r := finish(t, command(t, capAuditPath, "--merge", report, report))
	if long := bytes.Count(r.stdout, []byte("\n")); r.status != 0 || long > 300 {
		t.Errorf("--merge: status %d, %d lines\n%.4000s%s", r.status, long, r.stdout, r.stderr)
	}
	text := strings.Join(strings.Fields(string(r.stdout)), " ") // long paths are on lines of their own
	for _, line := range lines {
		if !strings.Contains(text, line) {
			t.Errorf("no %q in\n%.4000s", line, text)
		}
	}
}

// TestLongMillionChecks: of a million checks none is lost, whatever asks and however many threads do,
// and it is known in which system call each was.
func TestLongMillionChecks(t *testing.T) {
	t.Parallel()
	million := fewer(1_000_000, 50_000)
	for _, test := range []struct {
		name, capability, syscall string
		threads                   uint64
		target                    []string // and how many checks in each thread
	}{
		{"by threads", "sys_chroot", "chroot", 16, []string{built("tree"), "threads", "16"}},
		{"for a probe", "sys_admin", "mmap", 1, []string{built("cost"), "mmap"}},
		{"refused", "setgid", "setgid", 1, []string{built("cost"), "refused"}},
		{"in a security hook", "setpcap", "prctl", 1, []string{built("cost"), "prctl"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var lost uint64 // audited bears none, but of programs that the kernel skips
			run := func(n uint64) uint64 {
				d := audited(t, append(test.target, fmt.Sprint(n))...)
				if d.Exit.Status != 0 {
					t.Fatalf("status %d", d.Exit.Status)
				}
				lost += d.Losses["checks"]
				return d.checksIn(test.capability, test.syscall)
			}
			// what starting it takes is in both
			each := million / test.threads
			got, want := run(each)-run(1), (each-1)*test.threads
			if got+lost < want || got > want+lost {
				t.Errorf("%d checks of %s in %s, wanted %d", got, test.capability, test.syscall, want)
			}
		})
	}
}

// checksIn are those of a capability in calls of a system call.
func (d document) checksIn(name, syscall string) (n uint64) {
	for _, c := range slices.Concat(d.Required, d.Advisory) {
		if c.Name != name {
			continue
		}
		for _, site := range c.Sites {
			if site.Syscall == syscall {
				n += site.Checks
			}
		}
	}
	return n
}
