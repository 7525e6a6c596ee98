package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/objects"
	"github.com/cap-audit/cap-audit/reach"
	"github.com/cap-audit/cap-audit/report/snippets"
)

func TestMet(t *testing.T) {
	asked := func(capability int, seen ...objects.Object) audit.Capability {
		c := audit.Capability{Number: capability, CallSites: []audit.CallSite{{}}}
		for _, o := range seen {
			c.CallSites[0].Objects.Seen = append(c.CallSites[0].Objects.Seen, audit.SeenObject{Object: o})
		}
		return c
	}
	many := ran("/usr/bin/x*")
	many.StandsFor = 2
	got := met(&audit.Findings{
		Programs: []audit.ProgramUse{ran("/usr/bin/b"), ran("/usr/bin/a"), many},
		Bounds:   boundsOf(nil, &reach.Result{Objects: []string{"/usr/bin/a", "/opt/x.so"}}),
		Required: []audit.Capability{
			asked(unix.CAP_DAC_READ_SEARCH, objects.Object{Kind: objects.File, Path: "/etc/shadow"},
				objects.Object{Kind: objects.File}),
			asked(unix.CAP_CHOWN, objects.Object{Kind: objects.File, Path: "/srv", Type: "directory"},
				objects.Object{Kind: objects.File, Path: "/srv/x"},
				objects.Object{Kind: objects.File, Path: "/srv/x"}),
			asked(unix.CAP_NET_RAW, objects.Object{Kind: objects.Socket, Family: "IPv4"},
				objects.Object{Kind: objects.Socket, Family: "family 99"},
				objects.Object{Kind: objects.Option, Option: "x"}),
		},
	})
	want := snippets.Met{
		Programs: []string{"/usr/bin/a", "/usr/bin/b"}, Code: []string{"/opt/x.so", "/usr/bin/a"},
		Files: []string{"/srv/", "/srv/x"}, Read: []string{"/etc/shadow"}, Families: []string{"inet"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
