package audit

import (
	"cmp"
	"maps"
	"slices"
)

// SubjectKind is a kind of what an audit is about.
type SubjectKind string

// The kinds of subjects, as the document has them.
const (
	SubjectCommand   SubjectKind = "command"
	SubjectUnitFile  SubjectKind = "service"
	SubjectUnit      SubjectKind = "unit"
	SubjectPID       SubjectKind = "pid"
	SubjectCgroup    SubjectKind = "cgroup"
	SubjectContainer SubjectKind = "container"
	SubjectPod       SubjectKind = "pod"
	SubjectMerged    SubjectKind = "merged" // earlier reports, of several kinds
)

// traits are what tells kinds apart for whoever reads findings.
type traits struct{ adopted, service, contained bool }

// subjectKinds has a row for each.
var subjectKinds = map[SubjectKind]traits{
	SubjectCommand:   {},
	SubjectUnitFile:  {service: true},
	SubjectUnit:      {adopted: true, service: true},
	SubjectPID:       {adopted: true},
	SubjectCgroup:    {adopted: true},
	SubjectContainer: {adopted: true, contained: true},
	SubjectPod:       {adopted: true, contained: true},
	SubjectMerged:    {},
}

// SubjectKinds are all of them, in order of their names.
func SubjectKinds() []SubjectKind { return slices.Sorted(maps.Keys(subjectKinds)) }

// Adopted: it ran before the audit, and may go on after it.
func (k SubjectKind) Adopted() bool { return subjectKinds[k].adopted }

// Service: it is systemd that runs it, by a unit.
func (k SubjectKind) Service() bool { return subjectKinds[k].service }

// Known: it is one of them, and not a later version's.
func (k SubjectKind) Known() bool { _, known := subjectKinds[k]; return known }

// Contained: it has a file system of its own, and an engine that starts it.
func (k SubjectKind) Contained() bool { return subjectKinds[k].contained }

// Subject says what was audited. Its strings are the users' or the engines':
// they are to be escaped.
type Subject struct {
	Kind SubjectKind
	// Name is the unit's, the container's or the pod's; "" for all others.
	Name string
	// Cgroup is the path of the control group watched, "" for none.
	Cgroup string
	// Engine is what runs a container or a pod; Image, its digest and ContainerID are a
	// container's.
	Engine, Image, ImageDigest, ContainerID string
	// Namespace, Pod and PodUID are the pod's, which Kubernetes has them for; of a
	// container, those of the pod that it is in.
	Namespace, Pod, PodUID string
	// Ambient is the set of a unit's AmbientCapabilities=.
	Ambient uint64
	// Limited: an earlier drop-in of cap-audit's counts, which may have emptied
	// that set. The next takes its place.
	Limited bool
	// UserNamespace: it has one of its own, within which it holds its
	// capabilities.
	UserNamespace bool
	// FromStart: of what ran before the audit nothing was missed, since it was
	// restarted, or only began, under the audit.
	FromStart bool
	// CutShort says why that start was not seen to its end, "" if it was or was
	// not to be.
	CutShort string
}

// join is what holds for both: containers of one image have that in common, whichever machines
// they are on.
func (s Subject) join(other Subject) Subject {
	if s.Kind != other.Kind {
		return Subject{Kind: SubjectMerged, CutShort: cmp.Or(s.CutShort, other.CutShort)}
	}
	return Subject{
		Kind:          s.Kind,
		Name:          common(s.Name, other.Name),
		Cgroup:        common(s.Cgroup, other.Cgroup),
		Engine:        common(s.Engine, other.Engine),
		Image:         common(s.Image, other.Image),
		ImageDigest:   common(s.ImageDigest, other.ImageDigest),
		ContainerID:   common(s.ContainerID, other.ContainerID),
		Namespace:     common(s.Namespace, other.Namespace),
		Pod:           common(s.Pod, other.Pod),
		PodUID:        common(s.PodUID, other.PodUID),
		Ambient:       s.Ambient | other.Ambient,
		Limited:       s.Limited || other.Limited,
		UserNamespace: s.UserNamespace && other.UserNamespace,
		FromStart:     s.FromStart || other.FromStart, // what it needs is in one of them
		CutShort:      cmp.Or(s.CutShort, other.CutShort),
	}
}

// common is what both are, "" where they differ.
func common(a, b string) string {
	if a != b {
		return ""
	}
	return a
}
