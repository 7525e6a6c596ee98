package session

import (
	"slices"
	"strings"
	"testing"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/report"
	"github.com/cap-audit/cap-audit/systemd"
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

func TestLaterDropins(t *testing.T) {
	const ours = "/etc/systemd/system/a.service.d/50-cap-audit.conf"
	for name, test := range map[string]struct {
		now  systemd.Unit
		want []string
	}{
		"as written": {systemd.Unit{Bounding: 3, Ambient: 1, DropIns: []string{ours, "z"}}, nil},
		"more": {systemd.Unit{Bounding: 7, Ambient: 1, DropIns: []string{"a", ours, "y", "z"}},
			[]string{"y", "z"}},

		"less": {systemd.Unit{Bounding: 1, Ambient: 1, DropIns: []string{ours, "z"}},
			[]string{"z"}},
		"ambient": {systemd.Unit{Bounding: 3, Ambient: 3, DropIns: []string{ours, "z"}},
			[]string{"z"}},
		"by the unit's own": {systemd.Unit{Bounding: 1, Ambient: 1, DropIns: []string{"a", ours}}, nil},
		"in the place of ours": {systemd.Unit{Bounding: 7,
			DropIns: []string{"/run/systemd/system.control/a.service.d/50-cap-audit.conf"}},
			[]string{"/run/systemd/system.control/a.service.d/50-cap-audit.conf"}},
	} {
		if got := undone(&test.now, ours, 3, 1); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}
