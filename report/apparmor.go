package report

import (
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/objects"
	"github.com/cap-audit/cap-audit/report/snippets"
)

// met is what is known of what the programs met.
func met(f *audit.Findings) snippets.Met {
	var m snippets.Met
	for _, p := range f.Programs {
		if p.StandsFor == 1 {
			m.Programs = append(m.Programs, p.Path)
		}
	}
	if f.Bounds != nil {
		for _, p := range f.Bounds.Programs {
			if p.Result != nil {
				m.Code = append(m.Code, p.Result.Objects...)
			}
		}
	}
	for _, c := range f.Required {
		for _, site := range c.CallSites {
			for _, o := range site.Objects.Seen {
				meet(&m, c.Number, o.Object)
			}
		}
	}
	m.Programs, m.Code, m.Files = distinct(m.Programs), distinct(m.Code), distinct(m.Files)
	m.Read, m.Families, m.Devices = distinct(m.Read), distinct(m.Families), distinct(m.Devices)
	return m
}

// meet adds an object.
func meet(m *snippets.Met, capability int, o objects.Object) {
	name := o.Path
	switch o.Type {
	case "directory":
		name += "/"
	case "character device", "block device":
		if strings.HasPrefix(name, "/dev/") {
			m.Devices = append(m.Devices, name)
		}
	}
	switch family, known := families[o.Family]; {
	case o.Kind == objects.Socket && known:
		m.Families = append(m.Families, family)
	case o.Kind != objects.File || o.Path == "":
	case capability == unix.CAP_DAC_READ_SEARCH:
		m.Read = append(m.Read, name)
	default:
		m.Files = append(m.Files, name)
	}
}

// families are what AppArmor calls those that objects name (apparmor.d(5), network rules).
var families = map[string]string{"unix": "unix", "IPv4": "inet", "IPv6": "inet6", "netlink": "netlink",
	"packet": "packet", "key": "key", "bluetooth": "bluetooth", "CAN": "can", "vsock": "vsock", "alg": "alg",
	"XDP": "xdp", "TIPC": "tipc"}
