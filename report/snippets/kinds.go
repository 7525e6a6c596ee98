package snippets

import (
	"path"
	"regexp"
	"slices"

	"github.com/cap-audit/cap-audit/audit"
)

// consumer is something that can give a program its capabilities.
type consumer struct {
	kind string
	// heading is the text report's.
	heading string
	write   func(Advice) string
	// alone writes it for --emit, where that is not the same.
	alone func(Advice) string
	// outside: it starts programs of the machine itself, so that it has no hold
	// on what runs in a container.
	outside bool
}

var consumers = []consumer{
	{kind: "systemd", heading: "For systemd service:", write: Systemd, outside: true},
	{kind: "docker", heading: "For Docker/Podman:", write: Docker, alone: DockerOptions},
	{kind: "compose", heading: "For Docker Compose:", write: Compose},
	{kind: "kubernetes", heading: "For Kubernetes:", write: Kubernetes},
	{kind: "quadlet", heading: "For Podman Quadlet:", write: Quadlet},
	{kind: "filecap", heading: "For file capabilities (via filecap):", write: Filecap},
	{kind: "setcap", heading: "For file capabilities (via setcap):", write: Setcap},
	{kind: "c", heading: "Programmatic solution (C with libcap-ng):", write: C},
	{kind: "python", heading: "Programmatic solution (Python with python3-libcap-ng):", write: Python},
	{kind: "go", heading: "Programmatic solution (Go):", write: Go},
	{kind: "rust", heading: "Programmatic solution (Rust):", write: Rust},
	{kind: "apparmor", heading: "For AppArmor:", write: AppArmor},
	{kind: "bwrap", heading: "For bubblewrap:", write: Bwrap, outside: true},
}

// Kinds are the consumers that Emit writes for.
var Kinds = kinds(func(consumer) bool { return true })

// KindsFor are those of Kinds that make sense for such a subject.
func KindsFor(subject audit.SubjectKind) []string {
	return kinds(func(c consumer) bool { return !c.outside || !subject.Contained() })
}

func kinds(of func(consumer) bool) []string {
	var list []string
	for _, c := range consumers {
		if of(c) {
			list = append(list, c.kind)
		}
	}
	return list
}

// Emit is the snippet of one of Kinds alone, ready to be pasted or piped; "" if
// there is no such kind.
func Emit(kind string, a Advice) string {
	c := find(kind)
	switch {
	case c == nil:
		return ""
	case c.alone != nil:
		return c.alone(a)
	}
	return c.write(a)
}

func find(kind string) *consumer {
	i := slices.IndexFunc(consumers, func(c consumer) bool { return c.kind == kind })
	if i < 0 {
		return nil
	}
	return &consumers[i]
}

// Snippet is advice for one consumer.
type Snippet struct {
	Kind string
	// Heading names the consumer, as the text report does.
	Heading string
	Text    string
}

// All are the snippets that the text report has for what was audited, in its
// order. For a command that is the C cap-audit's.
func All(a Advice) []Snippet {
	var list []Snippet
	for _, kind := range shown(a) {
		c := find(kind)
		list = append(list, Snippet{c.kind, c.heading, c.write(a)})
	}
	return list
}

// python is what the interpreter is called.
var python = regexp.MustCompile(`^python[0-9.]*$`)

func shown(a Advice) []string {
	switch {
	case a.Subject.Contained():
		return []string{"docker", "compose", "kubernetes", "quadlet"}
	case a.Subject.Service():
		return []string{"systemd"}
	}
	programmatic := "c"
	if a.Python || python.MatchString(path.Base(a.Path)) {
		programmatic = "python"
	}
	return []string{programmatic, "systemd", "filecap", "docker", "kubernetes"}
}

// Others are the kinds that Emit has besides those of All.
func Others(a Advice) []string {
	shown := shown(a)
	return slices.DeleteFunc(KindsFor(a.Subject), func(kind string) bool {
		return slices.Contains(shown, kind)
	})
}
