package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/cap-audit/cap-audit/audit"
)

// A status is stated where it is known, there and in a union, and nowhere else.
func TestExit(t *testing.T) {
	three := audit.Application{Ended: true, Status: 3}
	of := func(kind audit.SubjectKind, a audit.Application) *audit.Findings {
		return &audit.Findings{Application: a, Subject: audit.Subject{Kind: kind}}
	}
	union := func(all ...*audit.Findings) *audit.Findings {
		u := audit.NewUnion()
		for _, f := range all {
			u.Add("report", f)
		}
		return u.Findings()
	}
	const known, untold = `{"status":3,"signal":0,"ended":true}`, `{"status":null,"signal":null,"ended":true}`
	command, process := of(audit.SubjectCommand, three), of(audit.SubjectPID, audit.Application{Ended: true})
	well := of(audit.SubjectCommand, audit.Application{Ended: true})
	for name, c := range map[string]struct {
		f    *audit.Findings
		want string
	}{
		"command":         {command, known},
		"process":         {process, untold},
		"unit":            {of(audit.SubjectUnit, audit.Application{Ended: true}), untold},
		"container":       {of(audit.SubjectContainer, audit.Application{Ended: true}), untold},
		"still running":   {of(audit.SubjectCommand, audit.Application{}), `{"status":null,"signal":null,"ended":false}`},
		"alike":           {union(command, command), known},
		"not alike":       {union(command, well), untold},
		"with a process":  {union(well, process), untold},
		"after a process": {union(process, well), untold},
	} {
		t.Run(name, func(t *testing.T) {
			f := c.f
			for range 2 { // a document that is read says the same
				var b bytes.Buffer
				if err := WriteJSON(&b, NewDocument(f)); err != nil {
					t.Fatal(err)
				}
				_, rest, _ := strings.Cut(strings.Join(strings.Fields(b.String()), ""), `"exit":`)
				if got := rest[:strings.Index(rest, "}")+1]; got != c.want {
					t.Errorf("exit: %s, not %s", got, c.want)
				}
				read, err := Read(&b)
				if err != nil {
					t.Fatal(err)
				}
				f = read
			}
		})
	}
}

// Whoever shows a status shows none where it is not known.
func TestExitUnknown(t *testing.T) {
	d := NewDocument(&audit.Findings{Application: audit.Application{Path: "/usr/bin/x", Ended: true},
		Subject: audit.Subject{Kind: audit.SubjectPID}})
	var b bytes.Buffer
	if err := WritePrometheus(&b, d); err != nil || strings.Contains(b.String(), "exit_status") {
		t.Errorf("%v:\n%s", err, b.String())
	}
	b.Reset()
	if err := WriteHTML(&b, d); err != nil || strings.Contains(b.String(), "Exit status") {
		t.Errorf("%v:\n%s", err, b.String())
	}
}

// The document of the C cap-audit does not say how the program ended.
func TestExitOfTheOriginal(t *testing.T) {
	f, err := Read(strings.NewReader(`{"application": {"pid": 1, "comm": "/usr/bin/x"}, "required_capabilities": []}`))
	if err != nil {
		t.Fatal(err)
	}
	if e := exit(f); !e.Ended || e.Status != nil {
		t.Errorf("%+v", e)
	}
}
