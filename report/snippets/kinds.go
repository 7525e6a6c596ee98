package snippets

import (
	"path"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/lazy"
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
	// inFile: it puts capabilities into the program's file.
	inFile bool
	// refuses: it refuses system calls, so that it has to know all of the programs'.
	refuses bool
	// comments are how it has any: what is for one line of a command has none.
	comments commenting
}

var consumers = []consumer{
	{kind: "systemd", heading: "For systemd service:", write: Systemd, alone: UnitLines, outside: true,
		comments: hashed(capng.Constant)},
	{kind: "docker", heading: "For Docker/Podman:", write: Docker, alone: DockerOptions},
	{kind: "compose", heading: "For Docker Compose:", write: Compose, comments: hashed(capng.Upper)},
	{kind: "kubernetes", heading: "For Kubernetes:", write: Kubernetes, comments: hashed(capng.Upper)},
	{kind: "kustomize", heading: "For Kustomize:", write: Kustomize, comments: hashed(capng.Upper)},
	{kind: "helm", heading: "For Helm:", write: Helm, comments: hashed(capng.Upper)},
	{kind: "quadlet", heading: "For Podman Quadlet:", write: Quadlet, comments: hashed(capng.Constant)},
	{kind: "lxc", heading: "For LXC:", write: LXC, comments: hashed(capng.Name)},
	{kind: "nspawn", heading: "For systemd-nspawn:", write: Nspawn, comments: hashed(capng.Constant)},
	{kind: "nomad", heading: "For Nomad:", write: Nomad, comments: hashed(capng.Name)},
	{kind: "filecap", heading: "For file capabilities (via filecap):", write: Filecap,
		inFile: true, comments: hashed(capng.Name)},
	{kind: "setcap", heading: "For file capabilities (via setcap):", write: Setcap,
		inFile: true, comments: hashed(lower)},
	{kind: "rpm-caps", heading: "For an RPM package:", write: RPM, inFile: true, comments: hashed(lower)},
	{kind: "ansible", heading: "For Ansible:", write: Ansible, inFile: true, comments: hashed(lower)},
	{kind: "nixos", heading: "For NixOS:", write: NixOS, outside: true, comments: hashed(capng.Constant)},
	{kind: "c", heading: "Programmatic solution (C with libcap-ng):", write: C,
		comments: commenting{capng.Constant, "/* ", " */"}},
	{kind: "python", heading: "Programmatic solution (Python with python3-libcap-ng):", write: Python,
		comments: hashed(capng.Constant)},
	{kind: "go", heading: "Programmatic solution (Go):", write: Go,
		comments: commenting{capng.Upper, "// ", ""}},
	{kind: "rust", heading: "Programmatic solution (Rust):", write: Rust,
		comments: commenting{capng.Constant, "// ", ""}},
	{kind: "apparmor", heading: "For AppArmor:", write: AppArmor, comments: hashed(capng.Name)},
	{kind: "selinux", heading: "For SELinux:", write: SELinux, comments: hashed(capng.Name)},
	{kind: "setpriv", heading: "For setpriv:", write: Setpriv, outside: true, comments: hashed(capng.Name)},
	{kind: "bwrap", heading: "For bubblewrap:", write: Bwrap, outside: true},
	{kind: "seccomp", heading: "For a seccomp profile:", write: Seccomp, refuses: true},
	{kind: "systemcallfilter", heading: "For SystemCallFilter=:", write: SystemCallFilter, outside: true,
		refuses: true},
	{kind: "hardening", heading: "For more of a unit's settings:", write: Hardening, outside: true,
		refuses: true},
}

// InFile tells whether a kind puts capabilities into the program's file.
func InFile(kind string) bool {
	c := find(kind)
	return c != nil && c.inFile
}

// IsFilter tells whether a kind needs all system calls of the programs: it refuses some.
func IsFilter(kind string) bool {
	c := find(kind)
	return c != nil && c.refuses
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

// Fitting are the snippets for what was audited: first that of what starts it, then
// for the program itself, where whoever reads it is likely to have the source. A user
// who starts what needs nothing has nothing to do.
func Fitting(a Advice) []Snippet {
	kind := fitting(a)
	if (kind == "filecap" || kind == "setpriv") && len(a.Grant) == 0 {
		return nil
	}
	list := []Snippet{of(kind, a)}
	if a.HasSource() {
		list = append(list, of(programmatic(a), a))
	}
	return list
}

// All are for scripts that look for what the C cap-audit has for a command, in its
// order: with notes only those of Fitting.
func All(a Advice) []Snippet {
	list := Fitting(a)
	if a.Subject.Contained() || a.Subject.Service() {
		return list
	}
	var all []Snippet
	for _, kind := range []string{programmatic(a), "systemd", "filecap", "docker", "kubernetes"} {
		s := of(kind, a)
		switch fits := slices.Contains(list, s); {
		case fits:
		case kind == programmatic(a):
			s.Text = "# For the source, if you have it: --emit " + kind + "; other kinds: --help"
		default:
			s = s.bare()
		}
		all = append(all, s)
	}
	return all
}

// notes are comments, and what is to be filled in as they say.
var notes = lazy.Regexp(`(?m)^#.*(\n|\z)`)

// bare is without notes, where it is more than these, but for those that warn.
func (s Snippet) bare() Snippet {
	text := strings.TrimSuffix(notes().ReplaceAllString(s.Text, ""), "\n")
	if text == "" {
		return s
	}
	for _, warning := range []string{otherUsers, everybodys} {
		if strings.Contains(s.Text, warning) {
			text = warning + text
		}
	}
	s.Text = text
	return s
}

// Notes are what is to be heeded with a kind that stands alone without, "" for nothing.
func Notes(kind string, a Advice) string {
	if kind != "docker" {
		return ""
	}
	return strings.TrimSpace(strings.NewReplacer("# ", "", "\n", " ").Replace(a.dockerHint()))
}

func of(kind string, a Advice) Snippet {
	c := find(kind)
	return Snippet{Kind: c.kind, Heading: c.heading, Text: c.write(a)}
}

// fitting is what starts such a program: the engine its container, systemd what
// serves, root's setpriv what cannot have capabilities in its file, and a user what has.
func fitting(a Advice) string {
	switch {
	case a.Subject.Contained() && a.Kubernetes():
		return "kubernetes"
	case a.Subject.Contained():
		return "docker"
	case a.Daemon || a.Subject.Service():
		return "systemd"
	case a.cannotHaveFileCaps():
		return "setpriv"
	}
	return "filecap"
}

// Kubernetes: that starts the containers.
func (a Advice) Kubernetes() bool { return a.Pod || a.Engine == "containerd" }

// python is what the interpreter is called.
var python = lazy.Regexp(`^python[0-9.]*$`)

func programmatic(a Advice) string {
	if a.Python || python().MatchString(path.Base(a.Path)) {
		return "python"
	}
	return "c"
}

// ofPackages is where programs lie that came without their source.
var ofPackages = lazy.Regexp(`^/(usr|bin|sbin|lib|lib64|opt|snap|nix|gnu)/`)

// HasSource: it is likely at hand. An interpreter is run on a source.
func (a Advice) HasSource() bool {
	if a.Subject.Contained() || a.Subject.Service() || a.Script && !a.Python || !path.IsAbs(a.Path) {
		return false
	}
	return !ofPackages().MatchString(a.Path) || !a.Python && programmatic(a) == "python"
}
