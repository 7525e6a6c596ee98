package snippets

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/cap-audit/cap-audit/capng"
)

// Made are the system calls of a program that a filter would have to let through:
// clone only where it made namespaces, and none that the kernel itself refused
// each time, since a filter's refusal is the same.
type Made struct {
	Path  string
	Calls []string
}

// engine is something whose seccomp profile the snippet's reader meets.
type engine struct {
	name   string
	family Family
}

var (
	docker     = engine{"Docker", Moby}
	podman     = engine{"Podman", Containers}
	containerd = engine{"containerd", Moby}
	crio       = engine{"CRI-O", Containers}
)

// Refusals are the calls of the run that seccomp profiles of Docker and Podman
// refuse to a container with the grant: each with the program and the condition.
func Refusals(a Advice) []string { return a.refusals(a.dockerOrPodman()...) }

// refusals joins calls by the same programs, refused under the same conditions.
func (a Advice) refusals(engines ...engine) []string {
	type reason struct{ who, when string }
	var reasons []reason
	refused := map[reason][]string{}
	for _, call := range a.calls() {
		var when []string
		for _, e := range engines {
			if condition := e.refuses(call, a.Grant); condition != "" {
				when = append(when, condition)
			}
		}
		if len(when) == 0 {
			continue
		}
		r := reason{a.callers(call), strings.Join(when, "; ")}
		if refused[r] == nil {
			reasons = append(reasons, r)
		}
		if call == "clone" {
			call = "clone of namespaces"
		}
		refused[r] = append(refused[r], call)
	}
	var list []string
	for _, r := range reasons {
		list = append(list, fmt.Sprintf("%s (%s): %s", strings.Join(refused[r], ", "), r.who, r.when))
	}
	return list
}

// calls are those of all programs.
func (a Advice) calls() []string {
	var all []string
	for _, p := range a.Made {
		all = append(all, p.Calls...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// maxName is what of a program's name gets into a comment, in bytes.
const maxName = 32

// callers names the first of the programs that made a call.
func (a Advice) callers(call string) string {
	var names []string
	for _, p := range a.Made {
		if !slices.Contains(p.Calls, call) {
			continue
		}
		name := path.Base(p.Path)
		if len(name) > maxName {
			name = name[:maxName] + "..."
		}
		if p.Path == "" {
			name = "others"
		}
		word, ok := shellQuote(name)
		if !ok {
			word = strconv.QuoteToASCII(name)
		}
		names = append(names, word)
	}
	if more := len(names) - 1; more > 0 {
		return fmt.Sprintf("%s and %d more", names[0], more)
	}
	return names[0]
}

// refuses says under which condition the engine refuses a call, "" if it does not.
func (e engine) refuses(call string, grant []int) string {
	held := bits(grant)
	for _, g := range Gates(e.family, call) {
		// versions are Docker's and Podman's
		if g.Before != "" && e != docker && e != podman ||
			slices.ContainsFunc(g.Sets, func(set uint64) bool { return set&^held == 0 }) {
			continue
		}
		condition := e.name
		if g.Before != "" {
			condition += " before " + g.Before
		}
		if len(g.Sets) == 0 {
			return condition + " in any case"
		}
		return condition + " without " + lacking(g.Sets, held)
	}
	return ""
}

// bits are those of a set.
func bits(list []int) (set uint64) {
	for _, n := range list {
		set |= 1 << n
	}
	return set
}

// lacking are the capabilities to choose from.
func lacking(sets []uint64, held uint64) string {
	var words []string
	for _, set := range sets {
		words = append(words, strings.Join(spell(capng.Numbers(set&^held), capng.Upper), " and "))
	}
	return strings.Join(words, " or ")
}

// seccompHint is a comment about the calls that the engines' own profiles
// refuse. bring is how to give the consumer another profile.
func (a Advice) seccompHint(bring string, engines ...engine) string {
	refusals := a.refusals(engines...)
	if len(refusals) == 0 {
		return ""
	}
	whose := "Seccomp profiles of engines refuse"
	if slices.Contains(engines, containerd) {
		whose = "With seccompProfile RuntimeDefault engines refuse"
	}
	head := whose + " calls that the run made, with EPERM or ENOSYS. If the program needs them: add the " +
		"capability, or bring a profile (" + bring + ")."
	text := fill("# ", strings.Fields(head), " ", "\n# ") + "\n"
	for _, r := range refusals {
		text += fill("#   ", strings.Fields(r), " ", "\n#     ") + "\n"
	}
	return text
}
