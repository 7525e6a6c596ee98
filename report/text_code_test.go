package report

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cap-audit/cap-audit/audit"
)

// ways are stacks of one frame each.
func ways(module string, functions ...string) (list []audit.Stack) {
	for i, f := range functions {
		list = append(list, audit.Stack{Frames: []audit.Frame{
			{Module: "/lib/libc.so.6", Function: "chown"},
			{Module: module, Function: f, Offset: uint64(i + 16)},
		}})
	}
	return list
}

// calledBy are findings of one call site.
func calledBy(stacks []audit.Stack) *audit.Findings {
	return &audit.Findings{System: host, Required: []audit.Capability{{Tally: granted(1), Syscall: sysChown,
		CallSites: []audit.CallSite{{Function: "setattr_prepare", Syscall: sysChown, Stacks: stacks}}}}}
}

// The text names the callers, as many as a reader wants to see, and says why where it cannot.
func TestCalledBy(t *testing.T) {
	why := audit.Stack{Frames: ways("", "")[0].Frames[:1], Ended: "more of the stack was not copied"}
	for want, stacks := range map[string][]audit.Stack{
		"":             nil,
		"give in till": ways("/opt/till", "give", "give"),
		"give, take in till; put in other.so": append(ways("/opt/till", "give", "take"),
			ways("/x/other.so", "put")...),
		"0x10, 0x11 in till (stripped)":     ways("/opt/till", "", ""),
		" ":                                 ways("", ""), // of which there is nothing to name
		"give in till  ":                    append(ways("/opt/till", "give"), ways("/opt/till", "")...),
		"a, b, c, d, e in till; and 2 more": ways("/opt/till", "a", "b", "c", "d", "e", "f", "g"),
		"unknown: more of the stack was not copied.": {why},
		"give in till ":     append(ways("/opt/till", "give"), why),
		`g\x1b[31m in till`: ways("/opt/till", "g\x1b[31m"),
	} {
		t.Run(want, func(t *testing.T) {
			var b bytes.Buffer
			if err := WriteText(&b, NewDocument(calledBy(stacks)), Page{Width: 132}); err != nil {
				t.Fatal(err)
			}
			got := ""
			if line := regexp.MustCompile(`(?m)^    Called by: (.*)$`).FindSubmatch(b.Bytes()); line != nil {
				got = string(line[1])
			}
			if got != strings.TrimSpace(want) {
				t.Errorf("called by %q, wanted %q", got, want)
			}
		})
	}
}

// deepStack is one of so many frames.
func deepStack(frames int) (s audit.Stack) {
	for i := range frames {
		s.Frames = append(s.Frames, audit.Frame{Module: "x", Function: fmt.Sprint("f", i)})
	}
	return s
}

// A report with more stacks or frames than any has is refused.
func TestReadTooManyStacks(t *testing.T) {
	for what, stacks := range map[string][]audit.Stack{
		"stacks": slices.Repeat([]audit.Stack{deepStack(1)}, audit.MaxStacks+1),
		"frames": {deepStack(audit.MaxFrames + 1)},
	} {
		var b bytes.Buffer
		if err := WriteJSON(&b, NewDocument(calledBy(stacks))); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(&b); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("a report with too many %s was read: %v", what, err)
		}
	}
}

// The stacks of a program that asks in many ways are no reason to refuse its report.
func TestReadManyStacks(t *testing.T) {
	f := calledBy(slices.Repeat([]audit.Stack{deepStack(audit.MaxFrames)}, audit.MaxStacks))
	f.Required[0].CallSites = slices.Repeat(f.Required[0].CallSites, 100)
	var b bytes.Buffer
	if err := WriteJSON(&b, NewDocument(f)); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(&b); err != nil {
		t.Error(err)
	}
}
