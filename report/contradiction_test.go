package report

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/reach"
)

// The capabilities of the property: those that stand in for each other, and two that
// do for none.
var contested = []int{0, 1, 2, 6, 7, 13, 19, 21, 23, 34, 38, 39}

// anyFindings are such as no program may have: what one report can say of them it
// has to say without contradiction.
func anyFindings(random *rand.Rand) *audit.Findings {
	some := func() bool { return random.IntN(4) == 0 }
	classes := []audit.OutcomeClass{audit.PermissionFailure, audit.Success}
	f := &audit.Findings{Application: app("/usr/sbin/daemon"), System: host, Backend: "fentry"}
	f.Application.Status = random.IntN(2)
	f.Application.Held = random.Uint64()
	f.Application.FilePermitted = uint64(random.IntN(2)) << 13
	program := audit.ProgramUse{Index: 1, Path: "/usr/sbin/daemon", Processes: 1}
	for _, n := range contested {
		sites := []audit.CallSite{site("generic_permission", sysOpenat, 1+uint64(random.IntN(2)))}
		granted := some()
		if granted {
			f.Required = append(f.Required, audit.Capability{Number: n, Tally: audit.Tally{Granted: 1},
				Syscall: sysOpenat, CallSites: sites})
		}
		if !granted && some() {
			f.CapsetOnly = append(f.CapsetOnly, audit.CapsetOnly{Number: n, Effective: true})
			f.CapsetCalls = 1
		}
		if !granted && random.IntN(2) == 0 {
			f.Denied = append(f.Denied, audit.Denied{Number: n, Checks: 1, CallSites: sites,
				Syscalls:   []audit.Syscall{sysOpenat},
				Outcomes:   []audit.SyscallOutcome{failed(sysOpenat, classes[random.IntN(2)], -13, 1)},
				Assessment: audit.AssessPermissionFailure})
		}
		if some() {
			f.Advisory = append(f.Advisory, audit.Advisory{Number: n, CallSites: sites})
		}
		if some() {
			f.Nested = append(f.Nested, audit.Nested{Number: n, CallSites: sites})
		}
		if some() {
			f.Unasked = append(f.Unasked, audit.UnaskedCapability{Number: n})
		}
		if some() {
			program.FileCaps = append(program.FileCaps, n)
		}
	}
	for _, c := range f.Required {
		program.Needs = append(program.Needs, c.Number)
	}
	for _, d := range f.Denied {
		program.Refused = append(program.Refused, d.Number)
	}
	f.Programs = []audit.ProgramUse{program}
	f.Bounds = &audit.Bounds{Programs: []audit.ProgramBounds{{Index: 1, Result: &reach.Result{
		Program: program.Path, Objects: []string{program.Path}}}}}
	if some() {
		f.UnitFile = &audit.UnitFile{Unit: "daemon.service", User: "daemon", Named: "daemon",
			UID: random.IntN(2), Bounding: random.Uint64() & (1<<41 - 1), Configured: 1<<1 | 1<<13,
			Ambient: 1 << 13}
	}
	return f
}

// listsOfOthers are what the report says of those that it does not grant.
var listsOfOthers = regexp.MustCompile(`(?:Refused, and a call failed|Refused after the program gave it up, and a call failed|Refused each time, and not added|` +
	`; refused|to CapabilityBoundingSet=|What it used or asked to hold besides, it did without): ([^.;\n]*)`)

var (
	entryLine  = regexp.MustCompile(`^  (\w+) \(#\d+\)$`)
	notGranted = regexp.MustCompile(`Not added|Leave it out|Not needed|audit again`)
)

func TestNoContradiction(t *testing.T) {
	for seed := range uint64(300) {
		f := anyFindings(rand.New(rand.NewPCG(seed, 0)))
		d := NewDocument(f)
		for _, terminal := range []bool{false, true} {
			var b bytes.Buffer
			if err := WriteText(&b, d, Page{1000, terminal}); err != nil {
				t.Fatal(err)
			}
			checkContradiction(t, fmt.Sprintf("seed %d, terminal %v", seed, terminal), d, b.String())
			if t.Failed() {
				t.Fatal(b.String())
			}
		}
	}
}

func checkContradiction(t *testing.T, which string, d *Document, text string) {
	t.Helper()
	for _, list := range listsOfOthers.FindAllStringSubmatch(text, -1) {
		for _, word := range regexp.MustCompile(`\w+`).FindAllString(list[1], -1) {
			n, known := capng.Number(strings.ToLower(strings.TrimPrefix(word, "CAP_")))
			if known && d.granted(n) {
				t.Errorf("%s: %s is granted, and listed in %q", which, word, list[0])
			}
		}
	}
	for _, ruledOut := range d.RuledOut {
		if n, _ := capng.Number(ruledOut); d.exercised(n) {
			t.Errorf("%s: %s was asked for, and is ruled out", which, ruledOut)
		}
	}
	name, unneeded := "", false
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch entry := entryLine.FindStringSubmatch(line); {
		case line == "":
			name, unneeded = "", false
		case entry != nil:
			name = entry[1]
		case strings.HasPrefix(line, "  No grant needed"):
			unneeded = true
		}
		n, known := capng.Number(name)
		if known && d.granted(n) && (unneeded || notGranted.MatchString(line)) {
			t.Errorf("%s: %s is granted, and yet: %s", which, name, line)
		}
	}
	offered := d.harmful()
	for _, greater := range offered {
		for _, lesser := range offered {
			if slices.Contains(audit.Alternatives(greater.Number), lesser.Number) &&
				coveredBy(greater.CallSites, lesser.CallSites) {
				t.Errorf("%s: both of %s and %s are offered", which, greater.Name, lesser.Name)
			}
		}
	}
}
