package audit

// UnitFile is what a unit file said of the process under audit, as far as it
// was carried out. Its strings are the file's: they are to be escaped.
type UnitFile struct {
	// Unit is the unit's name; File and DropIns are where it was read.
	Unit, File string
	DropIns    []string
	// User is "" where the process ran as root for want of a User=, Group where
	// there is no Group=.
	User, Group string
	// Named is what User= says, also where it does not count for the program.
	Named    string
	UID, GID int
	Groups   []int
	Dynamic  bool // DynamicUser=
	// Ambient and Bounding are the sets it ran with, bit n for capability n.
	// Configured are the capabilities that the file names.
	Ambient, Bounding, Configured uint64
	// SetsBounding and SetsAmbient: the file has such a set.
	SetsBounding, SetsAmbient bool
	NoNewPrivileges           bool
	// Full: the prefix "+" gave it all privileges, whatever the settings are.
	Full bool
	// NotSimulated are settings that were not carried out, NotRun commands
	// that systemd runs besides, Warnings what systemd passes over.
	NotSimulated []Omission
	NotRun       []Setting
	Warnings     []string
}

// Setting is an assignment of a unit file.
type Setting struct{ Key, Value string }

// Omission is a setting that was not carried out, and what follows from that.
type Omission struct {
	Setting
	Effect string
}

// Demoted: the settings are for another user than the one that it ran as, since
// the prefix "+" took no notice of them.
func (s *UnitFile) Demoted() bool { return s.Full && s.Named != "" && s.Named != "root" }

// Privileged: it ran as root.
func (s *UnitFile) Privileged() bool { return s.UID == 0 }

// Unused are the capabilities that the file names and that were not needed:
// candidates for removal, which stay in the recommended sets.
func (f *Findings) Unused() uint64 { return f.UnitFile.Configured &^ f.Recommended() }

// UnitFileSets are the sets to write into it. Ambient is empty for
// root, whom the bounding set alone gives its capabilities; another user has
// those that it was given, and programs it executes may have others from
// their files. One that is yet to take the place of root is given all that way.
func (f *Findings) UnitFileSets() (bounding, ambient uint64) {
	bounding = f.Recommended() | f.UnitFile.Configured
	switch {
	case f.UnitFile.Demoted():
		ambient = bounding
	case !f.UnitFile.Privileged():
		ambient = bounding & f.UnitFile.Ambient
	}
	return bounding, ambient
}
