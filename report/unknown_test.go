package report

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/objects"
)

// Nobody is told to grant nothing to what needed nothing while it was watched, where its start was
// not seen; of any other set the answer says as much.
func TestStartNotSeen(t *testing.T) {
	chown := []audit.Capability{{Number: unix.CAP_CHOWN, Tally: audit.Tally{Granted: 1}, Syscall: sysOpenat}}
	snippet := regexp.MustCompile(`(?m)^  For (systemd service|Docker/Podman):$`)
	for _, kind := range slices.DeleteFunc(audit.SubjectKinds(), isLaunched) {
		for name, c := range map[string]struct {
			required  []audit.Capability
			fromStart bool
			answer    string
			unknown   bool
		}{
			"idle": {nil, false,
				"Grant: not known yet; none while it was watched; its start was not seen", true},
			"not idle":        {chown, false, "Grant: chown; its start was not seen", false},
			"from its start":  {nil, true, "Grant: none", false},
			"all that it did": {chown, true, "Grant: chown", false},
		} {
			t.Run(string(kind)+" "+name, func(t *testing.T) {
				d := NewDocument(&audit.Findings{Application: app("/usr/sbin/daemon"), System: host,
					Subject: audit.Subject{Kind: kind, FromStart: c.fromStart}, Required: c.required})
				var text, page bytes.Buffer
				if err := WriteText(&text, d, Page{Width: 100}); err != nil {
					t.Fatal(err)
				}
				if err := WriteHTML(&page, d); err != nil {
					t.Fatal(err)
				}
				if got := text.String(); !strings.HasSuffix(got, "\n"+c.answer+"\n") {
					t.Errorf("no %q at the end of\n%s", c.answer, got)
				}
				if strings.Contains(page.String(), `<section id="grant">`) == c.unknown ||
					snippet.MatchString(text.String()) == c.unknown {
					t.Errorf("snippets, or none, in\n%s\n%s", text.String(), page.String())
				}
				for _, snippet := range []string{"docker", "c"} {
					if err := d.Unfounded(snippet); (err != nil) != c.unknown || d.AtLeast != c.unknown {
						t.Errorf("%s is withheld: %v; at_least: %t", snippet, err, d.AtLeast)
					}
				}
				if err := d.Unfounded("seccomp"); err != nil {
					t.Errorf("what refuses system calls is withheld: %v", err)
				}
			})
		}
	}
}

func isLaunched(kind audit.SubjectKind) bool { return !kind.Adopted() }

// What is made to log users in, and logged none in while it was watched, needs more than it showed: also
// where it becomes users by itself, and where it became the one account that is its own.
func TestNoSession(t *testing.T) {
	const daemon = "/usr/sbin/daemon"
	becoming := func(users ...string) []audit.Capability {
		s := site("__sys_setresuid", sysSetresuid, 1)
		for _, user := range users {
			asked := objects.Object{Kind: objects.Option, Option: "user root, user " + user}
			s.Objects.Seen = append(s.Objects.Seen, audit.SeenObject{Object: asked, Checks: 1})
		}
		return []audit.Capability{{Number: unix.CAP_SETUID, Tally: audit.Tally{Granted: 1},
			Syscall: sysSetresuid, CallSites: []audit.CallSite{s}}}
	}
	itself := audit.ProgramUse{Index: 1, Path: daemon}
	job := audit.ProgramUse{Index: 2, Path: "/bin/sh", Parent: 1}
	for name, c := range map[string]struct {
		logsIn   bool
		required []audit.Capability
		programs []audit.ProgramUse
		want     bool
	}{
		"nothing happened":         {true, nil, []audit.ProgramUse{itself}, true},
		"its own account":          {true, becoming("daemon"), []audit.ProgramUse{itself}, true},
		"a job of one user":        {true, becoming("joe"), []audit.ProgramUse{itself, job}, false},
		"a user besides its own":   {true, becoming("nobody", "joe"), []audit.ProgramUse{itself}, false},
		"not known which":          {true, becoming(), []audit.ProgramUse{itself}, false},
		"it is not made for users": {false, becoming("daemon"), []audit.ProgramUse{itself}, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := NewDocument(&audit.Findings{Application: app(daemon), System: host, LogsIn: c.logsIn,
				Required: c.required, Programs: c.programs})
			if d.noSession() != c.want || strings.Contains(d.answer(), "no session") != c.want {
				t.Errorf("%t: %s", d.noSession(), d.answer())
			}
			said := strings.Join(d.caveats(), " ")
			if len(c.required) > 0 && strings.Contains(said, "setuid, setgid") {
				t.Errorf("what is granted is said to be missing: %s", said)
			}
		})
	}
}
