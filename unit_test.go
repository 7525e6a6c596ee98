package main

import (
	"strings"
	"testing"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/report"
)

func TestWhatKeepsAUnitUnlimited(t *testing.T) {
	complete := &report.Document{Complete: true}
	for name, test := range map[string]struct {
		unit *liveUnit
		doc  *report.Document
		want string
	}{
		"nothing":       {&liveUnit{started: true}, complete, ""},
		"half a start":  {&liveUnit{}, complete, "is started"},
		"a failure":     {&liveUnit{trouble: "it has failed"}, complete, "it has failed"},
		"a later one":   {&liveUnit{started: true, trouble: "it has failed"}, complete, "it has failed"},
		"half a record": {&liveUnit{started: true}, &report.Document{}, "gaps"},
	} {
		got := test.unit.obstacle(&audit.Findings{}, test.doc)
		if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
