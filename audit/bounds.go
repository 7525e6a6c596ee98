package audit

import "github.com/cap-audit/cap-audit/reach"

// CodeFile is a file whose code a process mapped.
type CodeFile struct {
	// Path is as the tree's first process sees it, or the end of it: see Whole.
	Path  string
	Whole bool
	// Inode and Device tell files of one path apart.
	Inode  uint64
	Device uint32
}

// Bounds are what the code of the programs that ran can ask for.
type Bounds struct {
	Programs []ProgramBounds
}

// ProgramBounds are those of one program.
type ProgramBounds struct {
	// Index is the program's in Observation.Programs.
	Index int
	// Result is nil where there is none, and Failed then says why.
	Result *reach.Result
	Failed string
}

// Class is what is known of how a capability may be needed. Of several programs the
// greatest holds.
type Class int

// The classes.
const (
	// ClassRuledOut: no code that was found asks for it.
	ClassRuledOut Class = iota
	// ClassUnknown: the code was not looked at, or not all of it.
	ClassUnknown
	// ClassOnFiles: whether it is asked for depends on whose files are met.
	ClassOnFiles
	// ClassPossible: the code can ask for it, and this run did not need it.
	ClassPossible
	// ClassNeeded: it is in the recommended set.
	ClassNeeded
)

// ClassOf tells it of a capability. What is needed is so whatever the code says.
func (f *Findings) ClassOf(capability int) Class {
	if f.Recommended()>>capability&1 != 0 {
		return ClassNeeded
	}
	if r := f.Reach(); r != nil {
		return r.classOf(capability)
	}
	return ClassUnknown
}
