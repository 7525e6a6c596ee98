package main

import (
	"errors"
	"flag"
	"testing"

	"github.com/cap-audit/cap-audit/test/scratch"
)

var update = flag.Bool("update", false, "write testdata/figures.golden anew")

// some are results with a case of all that a cell can be.
func some() *results {
	no := errors.New("there is\n\tnone")
	perf, raw := counters["tracepoint"][0].name, counters["tracepoint"][1].name
	return &results{
		date: "2026-11-26", machine: "Linux 6.18.44, 2 CPUs", backend: "tracepoint", rounds: 5,
		others: []string{perf, raw, original},
		checks: []row{
			{name: "all", medians: map[string]figures{native: {150}, traced: {550}, blindly: {530},
				perf: {950}, raw: {350}, original: {1350}}},
			{name: "no bpftrace", medians: map[string]figures{native: {1150}, traced: {12350}},
				missing: []missing{{perf, no}, {raw, no}, {original, no}}},
			{name: "adds nothing that counts", medians: map[string]figures{native: {150}, traced: {151},
				perf: {149}}},
			{name: "not seen", medians: map[string]figures{native: {150}, perf: {250}},
				missing: []missing{{traced, no}}},
		},
		calls: []row{
			{name: "all", medians: map[string]figures{native: {2e9}, traced: {3e9}, whileRuns: {2.5e9},
				byCommand: {2.1e9}, byProcess: {2e9}, byOriginal: {8e9}, besideIt: {4e9}}},
			{name: "not native", medians: map[string]figures{traced: {3e9}},
				missing: []missing{{native, no}}},
			{name: "none", missing: []missing{{"", no}}},
		},
		groups: []row{{name: "in a group", medians: map[string]figures{native: {1e3}, asOne: {1.2e3},
			eachMany: {1.3e3}}, missing: []missing{{eachOne, no}}}},
		wholes: []row{{name: "`true`", medians: map[string]figures{
			native:   {2e6, 1e6, 1024},
			capAudit: {120e6, 60e6, 20 * 1024},
			perf:     {600e6, 300e6, 80 * 1024},
		}, missing: []missing{{original, no}}}},
	}
}

func TestFigures(t *testing.T) {
	const golden = "testdata/figures.golden"
	got := some().String()
	if *update {
		scratch.Write(t, golden, got)
	}
	if want := scratch.Contents(t, golden); got != want {
		t.Errorf("it is\n%s\nand not\n%s", got, want)
	}
}

// What is written replaces what was in this part, and nothing around it.
func TestReplaceFigures(t *testing.T) {
	part := func(name, text string) string { return firstLine(name) + text + lastLine }
	page := []byte("# Page\n" + part("host", "old\n") + "\ntext\n" + part("6.1:fentry", "old\n") +
		"\n## End\n")
	for _, name := range []string{"6.1:fentry", "6.1:kprobe", "6.1:kprobe", "6.1:fentry"} {
		var err error
		if page, err = replaceFigures(page, name, "of "+name+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	want := "# Page\n" + part("host", "old\n") + "\ntext\n" + part("6.1:fentry", "of 6.1:fentry\n") + "\n" +
		part("6.1:kprobe", "of 6.1:kprobe\n") + "\n## End\n"
	if string(page) != want {
		t.Errorf("the page is\n%s", page)
	}
	for _, broken := range []string{"", firstLine("host"), lastLine + firstLine("host")} {
		if _, err := replaceFigures([]byte(broken), "host", "figures\n"); err == nil {
			t.Errorf("no error for a page %q", broken)
		}
	}
}

func TestUnits(t *testing.T) {
	for n, want := range map[float64]string{0: "0 ns", 999.4: "999 ns", 999.6: "1.00 µs", -1250: "-1.25 µs",
		12345: "12.3 µs", 123456: "123 µs", 999600: "1.00 ms", 2.5e9: "2.50 s"} {
		if got := nanoseconds(n); got != want {
			t.Errorf("%v: %s and not %s", n, got, want)
		}
	}
}
