package report

import (
	"cmp"
	"fmt"

	"github.com/cap-audit/cap-audit/audit"
)

// Subject is what was audited; what does not apply is null.
type Subject struct {
	Kind        audit.SubjectKind `json:"kind"`
	Name        *string           `json:"name"`
	Cgroup      *string           `json:"cgroup"`
	Engine      *string           `json:"engine"`
	Image       *string           `json:"image"`
	ContainerID *string           `json:"container_id"`
	// ImageDigest is of a container's image. The others are of what is a pod, or in one.
	ImageDigest *string `json:"image_digest,omitempty"`
	Namespace   *string `json:"namespace,omitempty"`
	Pod         *string `json:"pod,omitempty"`
	PodUID      *string `json:"pod_uid,omitempty"`
	// UserNamespace: it has one of its own.
	UserNamespace bool `json:"user_namespace,omitempty"`
	// FromStart: what ran before the audit was seen from its start.
	FromStart bool `json:"from_start,omitempty"`
}

func subject(s audit.Subject) Subject {
	if s.Kind == "" {
		s.Kind = audit.SubjectCommand
	}
	return Subject{
		Kind:        s.Kind,
		Name:        optional(s.Name),
		Cgroup:      optional(s.Cgroup),
		Engine:      optional(s.Engine),
		Image:       optional(s.Image),
		ContainerID: optional(s.ContainerID),
		ImageDigest: optional(s.ImageDigest),
		Namespace:   optional(s.Namespace),
		Pod:         optional(s.Pod),
		PodUID:      optional(s.PodUID),

		UserNamespace: s.UserNamespace,
		FromStart:     s.FromStart,
	}
}

// wording is what the text says of a kind of subject.
type wording struct {
	// heading names one, where that is more than a command or a process; nil else.
	heading func(Subject) string
	// beforehand says how its start is seen, too.
	beforehand string
}

const auditTheStart = "To see it, audit the command that starts it."

// wordings has a row for each kind.
var wordings = map[audit.SubjectKind]wording{
	audit.SubjectCommand:  {},
	audit.SubjectUnitFile: {},
	audit.SubjectUnit: {
		func(s Subject) string { return "Service: " + shown(s.Name) },
		"With --restart it would be seen.",
	},
	audit.SubjectPID: {nil, auditTheStart},
	audit.SubjectCgroup: {
		func(s Subject) string { return "Control group: " + shown(s.Cgroup) },
		auditTheStart,
	},
	audit.SubjectContainer: {
		func(s Subject) string {
			return fmt.Sprintf("Container: %s (%s), image %s", shown(s.Name), shown(s.Engine), shown(s.Image))
		},
		"To see it, begin between podman init and podman start (see CONTAINERS in the manual).",
	},
	audit.SubjectPod: {
		func(s Subject) string { return fmt.Sprintf("Pod: %s (%s)", shown(s.Name), shown(s.Engine)) },
		"A container of it that starts under the audit is seen from its start.",
	},
	audit.SubjectMerged: {},
}

// headings name the subject under the report's first line, none for a command.
func (d *Document) headings() (lines []string) {
	s := d.Subject
	if d.Merged != nil {
		s = s.several()
	}
	if heading := wordings[s.Kind].heading; heading != nil {
		lines = append(lines, heading(s))
	}
	if s.Pod != nil && s.Kind != audit.SubjectPod {
		lines = append(lines, fmt.Sprintf("Pod: %s/%s", shown(s.Namespace), shown(s.Pod)))
	}
	if s.ImageDigest != nil {
		lines = append(lines, "Digest: "+shown(s.ImageDigest))
	}
	return lines
}

// late is what had started before the audit, where something had.
func (d *Document) late() string {
	if m := d.Merged; m != nil && m.Late.Count < m.Reports {
		return fmt.Sprintf("In %d of %d reports, what was audited", m.Late.Count, m.Reports)
	}
	return "What was audited"
}

// beforehand says after a sentence how the start is seen, too.
func (d *Document) beforehand() string {
	if how := wordings[d.Subject.Kind].beforehand; how != "" {
		return " " + how
	}
	return ""
}

// several says so where the reports that were joined differ in what a heading names.
func (s Subject) several() Subject {
	word := "several"
	for _, of := range []**string{&s.Name, &s.Cgroup, &s.Engine, &s.Image} {
		*of = cmp.Or(*of, &word)
	}
	return s
}

// shown is an optional word for a terminal.
func shown(s *string) string {
	if s == nil {
		return ""
	}
	return printable(*s)
}
