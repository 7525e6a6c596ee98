package output

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/report"
	"github.com/cap-audit/cap-audit/test/scratch"
)

func checked(verdict audit.Verdict) report.Event {
	row := audit.Checks{Capability: 13, Verdict: verdict, Syscall: audit.Syscall{Number: 41, Name: "socket"}}
	return report.NewEvent(time.Unix(0, 0), 1, "/bin/ping", "ping", row, "inet_create", "")
}

// lastLine is what the file ends with.
func lastLine(t *testing.T, file string) (lines int, end report.EventsEnd) {
	t.Helper()
	list := strings.Split(strings.TrimSuffix(scratch.Contents(t, file), "\n"), "\n")
	if err := json.Unmarshal([]byte(list[len(list)-1]), &end); err != nil {
		t.Fatal(err)
	}
	return len(list) - 1, end
}

// Each check is a line, in pieces or one by one, and what takes another one back is no
// check of its own.
func TestEvents(t *testing.T) {
	file := filepath.Join(t.TempDir(), "events")
	e, err := openEvents(file)
	if err != nil {
		t.Fatal(err)
	}
	const many = 2000 // which are more than a piece
	var all sync.WaitGroup
	for range many {
		all.Add(1)
		go func() {
			defer all.Done()
			e.Add(checked(audit.Granted))
		}()
	}
	all.Wait()
	e.Add(checked(audit.LSMRefused))
	e.End(7)
	e.Add(checked(audit.Granted)) // of a process that goes on
	e.flush()
	lines, end := lastLine(t, file)
	if lines != many+1 || end != (report.EventsEnd{Lines: many, Lost: 7}) {
		t.Errorf("%d lines, and the last is %+v", lines, end)
	}
}

// A line does not wait for others to come.
func TestEventsComeSoon(t *testing.T) {
	file := filepath.Join(t.TempDir(), "events")
	e, err := openEvents(file)
	if err != nil {
		t.Fatal(err)
	}
	e.Add(checked(audit.Granted))
	for deadline := time.Now().Add(time.Minute); scratch.Contents(t, file) == ""; {
		if time.Now().After(deadline) {
			t.Fatal("nothing is in the file after a minute")
		}
		time.Sleep(10 * time.Millisecond)
	}
	e.End(0)
}

// A full disk costs the lines, not the count of them.
func TestEventsOnFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skipf("wanted /dev/full: %v", err)
	}
	e, err := openEvents("/dev/full")
	if err != nil {
		t.Fatal(err)
	}
	e.Add(checked(audit.Granted))
	e.flush()
	e.Add(checked(audit.Refused))
	e.End(3)
	if e.lines != 0 || e.lost != 2 || e.failed == nil {
		t.Errorf("%d lines, %d lost: %v", e.lines, e.lost, e.failed)
	}
}

// What is at the end of a link is not written to.
func TestEventsReplaceLink(t *testing.T) {
	dir := t.TempDir()
	other := scratch.Write(t, filepath.Join(dir, "other"), "as it was")
	link := filepath.Join(dir, "link")
	if err := os.Symlink(other, link); err != nil {
		t.Fatal(err)
	}
	e, err := openEvents(link)
	if err != nil {
		t.Fatal(err)
	}
	e.End(0)
	if got := scratch.Contents(t, other); got != "as it was" {
		t.Errorf("the file at the end of the link has %q", got)
	}
	if info, err := os.Lstat(link); err != nil || !info.Mode().IsRegular() {
		t.Errorf("%v, %v: wanted a file in the place of the link", info, err)
	}
}
