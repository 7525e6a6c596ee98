package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
)

// run is one of another program's or the same, that did nothing else than what is changed.
func run(change func(*audit.Findings)) *audit.Findings {
	f := &audit.Findings{Application: app("/usr/sbin/daemon"), System: host, Backend: "fentry",
		Subject: audit.Subject{Kind: audit.SubjectCommand}}
	f.Application.Ended = true
	change(f)
	return f
}

// refusedRun failed with that status after it was refused to read a file.
func refusedRun(status int) *audit.Findings {
	return run(func(f *audit.Findings) {
		f.Application.Status = status
		f.Denied = []audit.Denied{{Number: unix.CAP_DAC_READ_SEARCH, Checks: 1,
			Syscalls: []audit.Syscall{sysOpenat}, Assessment: audit.AssessPermissionFailure,
			Outcomes: []audit.SyscallOutcome{failed(sysOpenat, audit.PermissionFailure, -13, 1)}}}
	})
}

func needyRun(capability int) *audit.Findings {
	return run(func(f *audit.Findings) {
		f.Required = []audit.Capability{
			{Number: capability, Tally: audit.Tally{Granted: 1}, Syscall: sysOpenat}}
	})
}

func lateRun(kind audit.SubjectKind, path string) *audit.Findings {
	return run(func(f *audit.Findings) {
		f.Subject.Kind, f.Application.Path, f.Application.Ended = kind, path, false
	})
}

func written(t *testing.T, d *Document) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	if err := WriteJSON(&b, d); err != nil {
		t.Fatal(err)
	}
	return &b
}

// mergedAgain are reports written, read and joined, as --merge has them.
func mergedAgain(t *testing.T, list ...*audit.Findings) *audit.Findings {
	u := audit.NewUnion()
	for i, f := range list {
		read, err := Read(written(t, NewDocument(f)))
		if err != nil {
			t.Fatal(err)
		}
		u.Add(fmt.Sprintf("%d.json", i), read)
	}
	return u.Findings()
}

// Reports that say only what is needed at least do not come to a whole answer by being joined.
func TestMergedLowerBounds(t *testing.T) {
	const daemon = "/usr/sbin/daemon"
	ended := func(signal int) *audit.Findings {
		return run(func(f *audit.Findings) { f.Application.Signal = signal })
	}
	status := func(status int) *audit.Findings {
		return run(func(f *audit.Findings) { f.Application.Status = status })
	}
	for name, c := range map[string]struct {
		reports []*audit.Findings
		answer  string
		atLeast bool
		snippet bool
	}{
		"all were refused, and ended alike": {[]*audit.Findings{refusedRun(1), refusedRun(1)},
			"Grant: not known yet; it exited with status 1; refused: dac_read_search", true, false},
		"all were refused, and did not": {[]*audit.Findings{refusedRun(1), refusedRun(2)},
			"Grant: not known yet; it ended well in none of its runs; refused: dac_read_search", true, false},
		"all failed": {[]*audit.Findings{status(1), status(2)},
			"Grant: none; but it ended well in none of its runs", false, true},
		"one was refused": {[]*audit.Findings{refusedRun(1), needyRun(unix.CAP_CHOWN)},
			"Grant at least: chown; 1 of 2 reports may need more; 1 more was refused", true, true},
		"one was refused, the other needs nothing": {[]*audit.Findings{refusedRun(1), status(0)},
			"Grant: none; 1 of 2 reports may need more; 1 was refused", true, true},
		"one was refused what another was granted": {
			[]*audit.Findings{refusedRun(1), needyRun(unix.CAP_DAC_READ_SEARCH)},
			"Grant: dac_read_search", false, true},
		"ended by people": {[]*audit.Findings{ended(15), status(143)}, "Grant: none", false, true},
		"late": {[]*audit.Findings{lateRun(audit.SubjectPID, daemon), lateRun(audit.SubjectPID, daemon)},
			"Grant: not known yet; none while it was watched; its start was not seen", true, false},
		"late, of several kinds": {
			[]*audit.Findings{lateRun(audit.SubjectPID, daemon), lateRun(audit.SubjectCgroup, daemon)},
			"Grant: not known yet; none while it was watched; its start was not seen", true, false},
		"late, and from its start": {[]*audit.Findings{lateRun(audit.SubjectPID, daemon), status(0)},
			"Grant: none", false, true},
		"another was late": {[]*audit.Findings{lateRun(audit.SubjectPID, "/usr/sbin/other"),
			needyRun(unix.CAP_CHOWN)},
			"Grant at least: chown; 1 of 2 reports may need more; its start was not seen", true, true},
		"refused, and late": {[]*audit.Findings{refusedRun(1), lateRun(audit.SubjectPID, daemon)},
			"Grant: not known yet; 1 was refused", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := mergedAgain(t, c.reports...)
			// as good as that: a union of unions
			for _, f := range []*audit.Findings{f, mergedAgain(t, f, f)} {
				d := NewDocument(f)
				validate(t, schema(t), d)
				answer := strings.ReplaceAll(d.answer(), " 2 of 4 reports", " 1 of 2 reports")
				snippet := d.Blocked() == nil && d.Unfounded("docker") == nil
				if answer != c.answer || d.AtLeast != c.atLeast || snippet != c.snippet {
					t.Errorf("%q, at least %t, snippet %t", answer, d.AtLeast, snippet)
				}
			}
		})
	}
}

// What a program of merged runs has given up is not known, so that nobody is told to grant it.
func TestRefusalsOfMergedRunsThatWentOn(t *testing.T) {
	d := NewDocument(mergedAgain(t, refusedRun(0), refusedRun(0)))
	const want = "Refused, and a call failed: dac_read_search. If something was missing, the reports say " +
		"what helps."
	if got := d.Doubts(); len(got) != 1 || got[0] != want {
		t.Errorf("it says %q", got)
	}
}

// Unions of versions that did not count these reports say it all the same, of themselves.
func TestMergedUnionsOfEarlierVersions(t *testing.T) {
	for name, c := range map[string]struct {
		report *audit.Findings
		answer string
	}{
		"refused": {refusedRun(1), "Grant: none; 2 of 3 reports may need more; 1 was refused"},
		"late": {lateRun(audit.SubjectPID, "/usr/sbin/other"),
			"Grant: not known yet; none while it was watched; its start was not seen"},
	} {
		t.Run(name, func(t *testing.T) {
			d := NewDocument(mergedAgain(t, c.report, c.report))
			d.Merged.AtLeast, d.Merged.Late = Reports{}, Reports{}
			u := audit.NewUnion()
			for _, d := range []*Document{d, NewDocument(run(func(*audit.Findings) {}))} {
				f, err := Read(written(t, d))
				if err != nil {
					t.Fatal(err)
				}
				u.Add("report", f)
			}
			if answer := NewDocument(u.Findings()).answer(); answer != c.answer {
				t.Errorf("it says %q", answer)
			}
		})
	}
}
