package report

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
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
