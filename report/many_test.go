package report

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/cap-audit/cap-audit/audit"
)

// manyPrograms are as many as an audit tells apart, of which no two are alike.
func manyPrograms() *audit.Findings {
	var calls []string
	for i := range 12 {
		calls = append(calls, fmt.Sprintf("system_call_%d", i+10))
	}
	f := &audit.Findings{Application: app("/usr/bin/build-all"), System: host,
		Required: []audit.Capability{{Number: 0, Tally: granted(40000), Syscall: sysChown}}}
	for i := range 32766 {
		f.Programs = append(f.Programs, audit.ProgramUse{Index: i + 1, Parent: min(i, 1), Processes: 1,
			Path: fmt.Sprintf("/usr/lib/%x/%d", i*7919, i), StandsFor: 1, Needs: []int{0}, Syscalls: calls,
			RefusedSyscalls: []string{}})
	}
	return f
}

// What is written of them is read again, compared and joined.
func TestManyProgramsAreReadAgain(t *testing.T) {
	f := manyPrograms()
	var b bytes.Buffer
	if err := WriteJSON(&b, NewDocument(f)); err != nil {
		t.Fatal(err)
	}
	read, err := Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(f.Programs, read.Programs) { // cmp takes minutes
		t.Errorf("%d programs, the tenth is %+v; wanted %d, %+v", len(read.Programs), read.Programs[9],
			len(f.Programs), f.Programs[9])
	}
	if d := NewDifference("a", f, "b", read); len(d.Came)+len(d.Went) > 0 {
		t.Errorf("a report and itself: %+v", d)
	}
	u := audit.NewUnion()
	u.Add("a", f)
	u.Add("b", read)
	joined := u.Findings()
	if got := joined.Programs; len(got) != len(f.Programs) || got[9].Processes != 2 || got[9].StandsFor != 1 {
		t.Errorf("%d programs in the union, %+v", len(got), got[9])
	}
}

// A text for people does not get longer with each.
func TestManyProgramsInText(t *testing.T) {
	var b strings.Builder
	d := NewDocument(manyPrograms())
	if err := WriteText(&b, d, Page{Width: 80}); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(b.String(), "\n"); lines > 300 ||
		!strings.Contains(b.String(), "And 32745 programs more: needs chown\n") {
		t.Errorf("%d lines:\n%.3000s", lines, b.String())
	}
	if got := d.whoAsked("chown"); len(got) != 21 || got[20] != "by 32746 programs more" {
		t.Errorf("%d askers: %q", len(got), got)
	}
}
