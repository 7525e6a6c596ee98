package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// A report begins with the refusal that the command ended after, and blames none
// that had nothing to do with the end.
func TestEndAfterRefusal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		arguments string
		want      string // "" where nothing is to blame
	}{
		"at once": {"alone 0 1", "exited with status 1 after chroot was refused (sys_chroot). " +
			"It had given that up by itself."},
		"after some calls":       {"alone 100 3", "It exited with status 3 after chroot was refused"},
		"long after":             {"alone 300 1", ""},
		"with success":           {"alone 0 0", ""},
		"by a signal":            {"alone 0 SIG6", "It was ended by SIGABRT after chroot was refused"},
		"as people end it":       {"alone 0 SIG15", ""},
		"of a thread":            {"thread 0 5", "It exited with status 5 after chroot was refused"},
		"of a child":             {"child 0 4", "It exited with status 4 after chroot was refused"},
		"of a child, by signal":  {"child 0 SIG6", "It exited with status 134 after chroot was refused"},
		"of a child, long after": {"child 300 4", ""},
		"not as the child":       {"other-child 0 4", ""},
		"of the next program":    {"exec 0 1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command := append([]string{"--", built("ends")}, strings.Fields(c.arguments)...)
			r := finish(t, capAudit(t, command...))
			if r.status != 0 {
				t.Fatalf("status %d: %s", r.status, r.stderr)
			}
			title, _, _ := strings.Cut(string(r.stdout), "SYSTEM CONTEXT:")
			title = strings.Join(strings.Fields(title), " ") // lines are as wide as the page
			if c.want == "" && strings.Contains(title, "was refused") || !strings.Contains(title, c.want) {
				t.Errorf("the report begins with %s, wanted %q", title, c.want)
			}
			d := documentOf(t, capAudit(t, append([]string{"-j"}, command...)...))
			switch end := d.RefusedEnd; {
			case (end != nil) != strings.Contains(title, "was refused"):
				t.Errorf("the document has %v", end)
			case end != nil && (end.Syscall != "chroot" || end.RawReturn != -1 ||
				end.Status != d.Exit.Status || end.Signal != d.Exit.Signal || end.PID != d.Application.PID):
				t.Errorf("the document has %+v, %+v", end, d.Exit)
			}
		})
	}
}

// How a process ended that ran before the audit, the kernel half knows.
func TestAdoptedEndsAfterRefusal(t *testing.T) {
	t.Parallel()
	for _, which := range []string{"all", "sampled"} {
		if which == "sampled" {
			needSampling(t)
		}
		shell := command(t, tool(t, "sh"), "-c", `read line; "$0" alone 0 3`, built("ends"))
		gate, err := shell.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := shell.Start(); err != nil {
			t.Fatal(err)
		}
		r := attachedTo(t, "--outcomes", which, "-p", fmt.Sprint(shell.Process.Pid))
		fmt.Fprintln(gate, "go")
		shell.Wait()
		end := r.document().RefusedEnd
		if end == nil || end.PID != shell.Process.Pid || end.Status != 3 || end.Syscall != "chroot" {
			t.Errorf("outcomes %s: %+v", which, end)
		}
	}
}

// What the unit lacked is told with the line that it needs.
func TestUnitEndsAfterRefusal(t *testing.T) {
	t.Parallel()
	setpriv := tool(t, "setpriv")
	const ambient, bounding = "  AmbientCapabilities=CAP_SETGID\n", "  CapabilityBoundingSet=CAP_SETGID\n"
	for lines, settings := range map[string]string{
		ambient:            "User=nobody",
		ambient + bounding: "User=nobody\nCapabilityBoundingSet=CAP_CHOWN",
		bounding:           "CapabilityBoundingSet=CAP_CHOWN",
	} {
		unit := unitFile(t, t.TempDir(), "refused.service", settings,
			"ExecStart="+setpriv+" --clear-groups true")
		r := finish(t, capAudit(t, "--service", unit))
		want := "after setgroups was refused (setgid). To grant it:\n" + lines + "\n"
		if !strings.Contains(string(r.stdout), want) {
			t.Errorf("status %d, wanted %q: %s%s", r.status, want, r.stdout, r.stderr)
		}
	}
}
