package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// event is a line of `go test -json`; see go doc test2json.
type event struct {
	Action, Package, Test, Output string
	ImportPath                    string // of what is being built
	Elapsed                       float64
}

// summary is made of the events as they come.
type summary struct {
	out, log io.Writer
	packages map[string]*tests
	failed   []string // the names of tests, or of packages where it was none
	passed   int
	skipped  int
}

// tests are those of a package, under way.
type tests struct {
	output          map[string][]string // of each test that has not ended; "" is the package
	passed, skipped int
	failed          bool // a test
}

func newSummary(out, log io.Writer) *summary {
	return &summary{out: out, log: log, packages: map[string]*tests{}}
}

// take shows what does not come from go test as it is.
func (s *summary) take(line []byte) {
	var e event
	if json.Unmarshal(line, &e) != nil || e.Action == "" {
		s.out.Write(line)
		s.log.Write(line)
		return
	}
	io.WriteString(s.log, e.Output)
	if e.Package == "" { // a package that cannot be built
		io.WriteString(s.out, e.Output)
		return
	}
	p := s.packages[e.Package]
	if p == nil {
		p = &tests{output: map[string][]string{}}
		s.packages[e.Package] = p
	}
	if e.Action == "output" {
		p.output[e.Test] = append(p.output[e.Test], e.Output)
	}
	if e.Test == "" {
		s.ofPackage(p, e)
	} else {
		s.ofTest(p, e)
	}
}

// ofTest shows what a test said that has failed.
func (s *summary) ofTest(p *tests, e event) {
	name := short(e.Package) + " " + e.Test
	switch e.Action {
	case "pass":
		p.passed++
	case "skip":
		p.skipped++
	case "fail":
		p.failed = true
		s.failed = append(s.failed, name)
		fmt.Fprintf(s.out, "FAIL %s (%.1f s)\n%s", name, e.Elapsed, said(p.output[e.Test]))
	default:
		return
	}
	delete(p.output, e.Test)
}

// ofPackage shows how a package ended, and what it said outside of its tests.
func (s *summary) ofPackage(p *tests, e event) {
	word := map[string]string{"pass": "ok  ", "fail": "FAIL", "skip": "none"}[e.Action]
	if word == "" {
		return
	}
	s.passed += p.passed
	s.skipped += p.skipped
	if word == "none" { // no tests
		return
	}
	if word == "FAIL" {
		for test, output := range p.output { // that was cut off
			if test != "" {
				p.failed = true
				s.failed = append(s.failed, short(e.Package)+" "+test)
				fmt.Fprintf(s.out, "FAIL %s %s did not end\n%s", short(e.Package), test, said(output))
			}
		}
		if !p.failed {
			s.failed = append(s.failed, short(e.Package))
		}
	}
	io.WriteString(s.out, said(p.output[""]))
	fmt.Fprintf(s.out, "%s %-28s %4d passed %3d skipped %6.1f s\n", word, short(e.Package), p.passed,
		p.skipped, e.Elapsed)
}

func (s *summary) end(took time.Duration, log string) {
	if len(s.packages) == 0 {
		return
	}
	slices.Sort(s.failed)
	var failed []string
	for i, name := range s.failed {
		// of a test with others within, what failed is one of those
		if i+1 == len(s.failed) || !strings.HasPrefix(s.failed[i+1], name+"/") {
			failed = append(failed, "FAIL "+name+"\n")
		}
	}
	fmt.Fprintf(s.out, "\n%d passed, %d skipped, %d failed in %v; all that was said is in %s\n%s",
		s.passed, s.skipped, len(failed), took, log, strings.Join(failed, ""))
}

// short is a package's path in the tree.
func short(path string) string {
	const module = "github.com/cap-audit/cap-audit"
	if path == module {
		return "."
	}
	return strings.TrimPrefix(path, module+"/")
}

// said leaves out what go test adds, and of a crash all stacks but the first:
// that of who panicked. Of a test that takes too long, none tells anything.
func said(output []string) string {
	var text strings.Builder
	stacks := 0
	for _, line := range output {
		word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case strings.HasPrefix(line, "panic: test timed out"):
			stacks++
		case strings.HasPrefix(line, "goroutine "):
			stacks++
		case stacks == 0 && (slices.Contains([]string{"===", "---", "PASS", "FAIL"}, word) ||
			strings.HasPrefix(line, "ok  \t") || strings.HasPrefix(line, "FAIL\t")):
			continue
		}
		if stacks <= 1 {
			text.WriteString(line)
		}
	}
	return text.String()
}
