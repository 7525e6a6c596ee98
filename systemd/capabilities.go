package systemd

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/capng"
)

// everything is the set of all capabilities of the running kernel.
func everything() uint64 { return 1<<(capng.Last()+1) - 1 }

// Grants is what the settings of a unit let its processes have. Sets have bit n
// for capability n.
type Grants struct {
	// Root: no other user is named, so that the processes begin with the
	// bounding set. Those of another user begin with the ambient one.
	Root              bool
	Bounding, Ambient uint64
	// SetsBounding and SetsAmbient: the settings have a set, to which another
	// assignment would only add.
	SetsBounding, SetsAmbient bool
	NoNewPrivileges           bool
	// Filtering are settings for which systemd before 255 sets no_new_privs all
	// the same: those that filter system calls, which it does without
	// CAP_SYS_ADMIN for another user than root (src/core/execute.c of 252,
	// context_has_no_new_privileges).
	Filtering []Setting

	configured uint64 // named by the settings
}

// Grants reads the settings that bear on capabilities, and no other, so that it
// does not matter whether the unit could run on this machine.
func (f *File) Grants() Grants {
	var g Grants
	var bounding, ambient uint64
	g.Bounding, bounding = f.capabilitySet("CapabilityBoundingSet", everything())
	g.Ambient, ambient = f.capabilitySet("AmbientCapabilities", 0)
	g.SetsBounding = len(f.values("CapabilityBoundingSet")) > 0
	g.SetsAmbient = len(f.values("AmbientCapabilities")) > 0
	for key, names := range takenAway {
		if f.on(key) {
			for _, name := range names {
				if n, ok := capng.Number(name); ok {
					g.Bounding &^= 1 << n
				}
			}
		}
	}
	g.configured = (bounding | ambient) & g.Bounding
	dynamic := f.on("DynamicUser")
	g.NoNewPrivileges = f.on("NoNewPrivileges") || dynamic
	user := f.last("User")
	g.Root = !dynamic && (user == "" || user == "root" || user == "0")
	if !g.Root && !g.NoNewPrivileges && g.Ambient&g.Bounding>>unix.CAP_SYS_ADMIN&1 == 0 {
		g.Filtering = f.filtering()
	}
	return g
}

// capabilitySet reads AmbientCapabilities= or CapabilityBoundingSet= (man
// systemd.exec; src/core/load-fragment.c, config_parse_capability_set). named
// are the capabilities that the settings ask for, not those that they leave.
func (f *File) capabilitySet(key string, initial uint64) (set, named uint64) {
	set = initial
	for _, s := range f.settings {
		if s.Key != key {
			continue
		}
		list, inverted := strings.CutPrefix(s.Value, "~")
		given := f.capabilities(key, list)
		switch {
		case given == 0 || set == initial:
			set, named = given, given
			if inverted {
				set, named = everything()&^given, 0
			}
		case inverted:
			set &^= given
			named &^= given
		default:
			set |= given
			named |= given
		}
	}
	return set & everything(), named & set
}

// capabilities are those that a list names. systemd passes over the others.
func (f *File) capabilities(key, list string) uint64 {
	var set uint64
	words, _ := allWords(list, quoted|lenient)
	for _, word := range words {
		n, ok := capabilityNumber(word)
		if !ok {
			f.warn("%s=: %q is no capability; systemd wants it spelt as in CAP_NET_RAW, and ignores it", key,
				shortened(word))
			continue
		}
		set |= 1 << n
	}
	return set
}

func capabilityNumber(word string) (int, bool) {
	if n, err := strconv.Atoi(word); err == nil {
		return n, n >= 0 && n <= 62
	}
	if !strings.HasPrefix(strings.ToLower(word), "cap_") {
		return 0, false
	}
	return capng.Number(word)
}

// takenAway are the capabilities that sandboxing settings take out of the
// bounding set (src/core/unit.c, unit_patch_contexts).
var takenAway = map[string][]string{
	"PrivateDevices":       {"mknod", "sys_rawio"},
	"ProtectKernelModules": {"sys_module"},
	"ProtectKernelLogs":    {"syslog"},
	"ProtectClock":         {"sys_time", "wake_alarm"},
}

// filtering are the settings in force that systemd carries out by seccomp
// filters, of those that 252 knows.
func (f *File) filtering() []Setting {
	var list []Setting
	for _, key := range []string{
		"SystemCallFilter", "SystemCallArchitectures", "SystemCallLog", "RestrictAddressFamilies",
		"RestrictNamespaces", "RestrictRealtime",
		"RestrictSUIDSGID", "LockPersonality", "MemoryDenyWriteExecute", "PrivateDevices",
		"ProtectKernelTunables", "ProtectKernelModules",
		"ProtectKernelLogs", "ProtectClock", "ProtectHostname",
	} {
		if value := inForce(f.values(key)); value != "" {
			list = append(list, Setting{key, cut(value, maxShown)})
		}
	}
	return list
}

// secureBits are the names of SecureBits= by bit of uapi/linux/securebits.h.
var secureBits = map[string]int{
	"noroot": 1 << 0, "noroot-locked": 1 << 1, "no-setuid-fixup": 1 << 2, "no-setuid-fixup-locked": 1 << 3,
	"keep-caps": 1 << 4, "keep-caps-locked": 1 << 5,
}

func (f *File) secureBits() int {
	bits := 0
	for _, value := range f.values("SecureBits") {
		words, _ := allWords(value, quoted)
		for _, word := range words {
			bit, ok := secureBits[word]
			if !ok {
				f.warn("SecureBits=: %q is none; systemd ignores it", shortened(word))
			}
			bits |= bit
		}
	}
	return bits
}
