package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
)

// Bounds of what Read takes, far beyond any report that an audit can write:
// files come from anywhere, and 100,000 of them are read in a row.
const (
	maxDocument = 4 << 20 // bytes
	maxValues   = 200_000 // objects, lists and what is in them
	maxDepth    = 32
	maxWord     = 512      // bytes of a function, a system call, a version
	maxPath     = 4 * 4096 // bytes of a path, each of which can be escaped
)

// Read reads a report that was written before, as JSON or YAML, by this
// version, a newer or an older one, or by the C cap-audit, whose documents end
// with denied_capabilities. Keys that it does not know are passed over. The
// error says what is wrong with the document.
func Read(r io.Reader) (*audit.Findings, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxDocument {
		return nil, fmt.Errorf("larger than %d bytes, which no report is", maxDocument)
	}
	if !utf8.Valid(raw) {
		return nil, errors.New("not UTF-8")
	}
	// The C cap-audit has its progress on the same stream as its document.
	if at := bytes.LastIndex(raw, []byte("[*] ")); at == 0 || at > 0 && raw[at-1] == '\n' {
		_, raw, _ = bytes.Cut(raw[at:], []byte("\n"))
	}
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0:
		return nil, errors.New("empty")
	case raw[0] != '{':
		if raw, err = jsonFromYAML(raw); err != nil {
			return nil, err
		}
	default:
		if err := checkJSON(raw); err != nil {
			return nil, err
		}
	}
	d := earlier{}
	d.SystemContext = unreadSettings
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, explainJSON(err)
	}
	return d.findings()
}

// earlier is a Document as it is read: the lists that make it a report, and
// the keys that the C cap-audit does not have, are told apart from absent ones.
type earlier struct {
	Document
	HasRequired json.RawMessage `json:"-"`
	Recommended *[]string       `json:"recommended_capabilities"`
	Complete    *bool           `json:"complete"`
	Exit        *Exit           `json:"exit"`
	Required    *[]Capability   `json:"required_capabilities"`
	Application *Application    `json:"application"`
}

func explainJSON(err error) error {
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return fmt.Errorf("%s is a %s where the report has %s", wrong.Field, wrong.Value, wrong.Type)
	case strings.Contains(err.Error(), "unexpected end"):
		return errors.New("it ends in the middle")
	case strings.Contains(err.Error(), "after top-level value"):
		return errors.New("something follows the document")
	}
	return fmt.Errorf("not JSON: %w", err)
}

// checkJSON refuses what encoding/json would take: keys that are there twice,
// and more or deeper than a report has. Syntax is left to that.
func checkJSON(raw []byte) error {
	type collection struct {
		keys map[string]bool // nil for a list
		key  bool            // a key comes next
	}
	var open []collection
	values := 0
	for i := 0; i < len(raw); i++ {
		var top *collection
		if len(open) > 0 {
			top = &open[len(open)-1]
		}
		switch raw[i] {
		case '{', '[':
			if len(open) == maxDepth {
				return fmt.Errorf("more than %d levels deep, which no report is", maxDepth)
			}
			values++
			c := collection{}
			if raw[i] == '{' {
				c = collection{map[string]bool{}, true}
			}
			open = append(open, c)
		case '}', ']':
			if top != nil {
				open = open[:len(open)-1]
			}
		case ',':
			values++
			if top != nil {
				top.key = top.keys != nil
			}
		case '"':
			end := i + 1
			for end < len(raw) && raw[end] != '"' {
				if raw[end] == '\\' {
					end++
				}
				end++
			}
			if top != nil && top.key && end < len(raw) {
				key := string(raw[i+1 : end])
				if strings.Contains(key, `\`) && json.Unmarshal(raw[i:end+1], &key) != nil {
					return errors.New("not JSON: a key has an escape that is none")
				}
				if top.keys[key] {
					return fmt.Errorf("the key %s is there twice", quoted(key))
				}
				top.keys[key], top.key = true, false
			}
			i = end
		}
		if values > maxValues {
			return fmt.Errorf("more than %d values, which no report has", maxValues)
		}
	}
	return nil
}

// quoted is a short form of a word of the file.
func quoted(s string) string {
	if runes := []rune(s); len(runes) > 40 {
		s = string(runes[:40]) + "..."
	}
	return fmt.Sprintf("%q", s)
}

// reader turns the parts of an earlier document into findings. It keeps the
// first thing that is wrong.
type reader struct {
	numbers map[string]int // of the document's own names
	err     error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

// word is a string that is as short as such strings are.
func (r *reader) word(s string) string {
	if len(s) > maxWord {
		r.fail("a word of %d bytes, which none in a report has", len(s))
	}
	return s
}

func (r *reader) path(s string) string {
	if len(s) > maxPath {
		r.fail("a path of %d bytes, which none in Linux has", len(s))
	}
	return s
}

func (r *reader) optional(s *string) string {
	if s == nil {
		return ""
	}
	return r.path(*s)
}

// capability is a number that can be one, with the document's name for it.
func (r *reader) capability(n int, name string) int {
	if n < 0 || n > 63 {
		r.fail("%d is no number of a capability", n)
		return 0
	}
	if known, ok := capng.Number(name); ok && known != n {
		r.fail("%s has the number %d, not %d", quoted(name), known, n)
	}
	r.numbers[name] = n
	return n
}

// named are capabilities by name. One that this machine has no name for is
// known by the lists of the same document, which have the number, too.
func (r *reader) named(names []string) []int {
	var list []int
	for _, name := range names {
		n, ok := r.numbers[name]
		if !ok {
			n, ok = capng.Number(name)
		}
		if !ok {
			r.fail("%s is no capability", quoted(name))
			continue
		}
		list = append(list, n)
	}
	return list
}

func (r *reader) syscall(number int, name, abi string) audit.Syscall {
	switch abi {
	case "native", "":
		abi = ""
	case "i386", "x32", "arm":
	default:
		r.fail("%s is no ABI", quoted(abi))
	}
	return audit.Syscall{Number: max(number, -1), ABI: abi, Name: r.word(name)}
}

func (r *reader) sites(list []CallSite) []audit.CallSite {
	return each(list, func(c CallSite) audit.CallSite {
		return audit.CallSite{
			Function: r.word(c.Function),
			Syscall:  r.syscall(c.SyscallNumber, c.Syscall, c.ABI),
			Checks:   c.Checks,
			Sampled:  c.Sampled,
			Advisory: r.word(r.optional(c.Advisory)),
		}
	})
}

func (r *reader) outcomes(list []Outcome) []audit.SyscallOutcome {
	return each(list, func(o Outcome) audit.SyscallOutcome {
		if o.RawReturn > 0 || o.RawReturn < -4095 { // MAX_ERRNO of include/linux/err.h
			r.fail("%d is no return value of a system call", o.RawReturn)
		}
		return audit.SyscallOutcome{
			Syscall: r.syscall(o.SyscallNumber, o.Syscall, o.ABI),
			Class:   audit.Classify(o.RawReturn),
			Return:  o.RawReturn,
			Count:   o.Count,
		}
	})
}

func (r *reader) capabilities(list []Capability) []audit.Capability {
	return each(list, func(c Capability) audit.Capability {
		return audit.Capability{
			Number:       r.capability(c.Number, c.Name),
			Tally:        audit.Tally{Granted: c.Checks.Granted, Denied: c.Checks.Denied},
			Syscall:      r.reason(c),
			CallSites:    r.sites(c.CallSites),
			FailedAnyway: r.outcomes(c.FailedAnyway),
		}
	})
}

// reason finds the system call that a capability's reason names. The C
// cap-audit has its name and not its number.
func (r *reader) reason(c Capability) audit.Syscall {
	var name string
	if _, err := fmt.Sscanf(c.Reason, "Used by %s", &name); err != nil {
		return audit.Syscall{Number: -1}
	}
	for _, s := range c.CallSites {
		if s.Syscall == name {
			return r.syscall(s.SyscallNumber, name, s.ABI)
		}
	}
	return r.syscall(-1, name, "")
}

// findings are those that the document was made from, as far as it tells.
func (d *earlier) findings() (*audit.Findings, error) {
	if d.Required == nil || d.Application == nil {
		return nil, errors.New("not a report of cap-audit: it has no application and required_capabilities")
	}
	r := &reader{numbers: map[string]int{}}
	f := &audit.Findings{
		Application: audit.Application{PID: d.Application.PID, Path: r.path(d.Application.Comm)},
		Subject: audit.Subject{
			Kind:        audit.SubjectKind(r.word(string(d.Subject.Kind))),
			Name:        r.optional(d.Subject.Name),
			Cgroup:      r.optional(d.Subject.Cgroup),
			Engine:      r.optional(d.Subject.Engine),
			Image:       r.optional(d.Subject.Image),
			ContainerID: r.optional(d.Subject.ContainerID),

			UserNamespace: d.Subject.UserNamespace,
		},
		Interim:    d.Interim,
		TestFailed: r.optional(d.TestFailed),
		System: audit.SystemContext{KernelVersion: r.word(d.SystemContext.KernelVersion),
			Sysctls: d.SystemContext.sysctls()},
		Backend:      r.word(d.Backend),
		BlindSpots:   each(d.Limits, func(limit string) audit.BlindSpot { return toldBlindSpot(r.word(limit)) }),
		Dropped:      d.Dropped,
		CapsetCalls:  d.CapsetCalls,
		TotalChecks:  d.TotalChecks,
		Required:     r.capabilities(*d.Required),
		RunAs:        r.optional(d.RunAs),
		Tasks:        d.Tasks,
		StillRunning: d.StillRunning,
		MissedExits:  d.MissedExits,
		Losses:       d.Losses,
		// a later version can know of losses that this one does not
		Untold: d.Complete == nil || !*d.Complete && d.SchemaVersion > SchemaVersion,
	}
	if d.StillRunning < 0 {
		r.fail("still_running is negative")
	}
	f.CapsetOnly = each(d.CapsetOnly, func(c CapsetOnly) audit.CapsetOnly {
		to := audit.CapsetOnly{Number: r.capability(c.Number, c.Name)}
		for _, set := range c.RequestedSets {
			to.Effective = to.Effective || set == "effective"
			to.Permitted = to.Permitted || set == "permitted"
			to.Inheritable = to.Inheritable || set == "inheritable"
		}
		return to
	})
	if d.Initialization != nil && d.Dropped {
		f.Init = r.capabilities(*d.Initialization)
	}
	if d.Operational != nil && d.Dropped {
		f.Operational = r.capabilities(*d.Operational)
	}
	f.Denied = each(d.Denied, func(c Denied) audit.Denied {
		return audit.Denied{
			Number: r.capability(c.Number, c.Name),
			Checks: c.NotGrantedChecks, LSMRefused: c.LSMRefused,
			Syscalls: each(c.Syscalls, func(s Syscall) audit.Syscall {
				return r.syscall(s.Number, s.Name,
					s.ABI)
			}),
			CallSites:  r.sites(c.CallSites),
			Outcomes:   r.outcomes(c.Outcomes),
			Assessment: c.Assessment,
		}
	})
	f.Advisory = each(d.Advisory, func(u Unneeded) audit.Advisory {
		return audit.Advisory{Number: r.capability(u.Number, u.Name), Tally: u.tally(),
			CallSites: r.sites(u.CallSites)}
	})
	f.Nested = each(d.Nested, func(u Unneeded) audit.Nested {
		return audit.Nested{Number: r.capability(u.Number, u.Name), Tally: u.tally(),
			CallSites: r.sites(u.CallSites)}
	})
	f.Programs = each(d.Programs, func(p Program) audit.ProgramUse {
		return audit.ProgramUse{
			Index: p.Index, Parent: p.Parent, Path: r.path(p.Path), Processes: p.Processes,
			Needs: r.named(p.Needs), Refused: r.named(p.Refused),
		}
	})
	if d.Exit != nil {
		f.Application.Ended, f.Application.Status, f.Application.Signal = d.Exit.Ended, d.Exit.Status,
			d.Exit.Signal
	} else {
		f.Application.Ended = true // the C cap-audit reports at the end only
	}
	if f.Application.Signal < 0 {
		r.fail("exit.signal is negative")
	}
	if d.Recommended != nil {
		var stated uint64
		for _, n := range r.named(*d.Recommended) {
			stated |= 1 << n
		}
		f.Stated = &stated
	}
	f.Merged = r.merged(d.Merged)
	if f.TotalChecks == 0 {
		f.TotalChecks = countChecks(f)
	}
	return f, r.err
}

// countChecks is the total where the document, of the C cap-audit, has none.
func countChecks(f *audit.Findings) uint64 {
	var total uint64
	for _, c := range f.Required {
		total = audit.Sum(total, c.Total())
	}
	for _, d := range f.Denied {
		total = audit.Sum(total, d.Checks)
	}
	return total
}

func (u Unneeded) tally() audit.Tally {
	return audit.Tally{Granted: u.Checks.Granted, Denied: u.Checks.Denied}
}

func (r *reader) merged(m *Merged) *audit.Merged {
	if m == nil {
		return nil
	}
	reports := func(from Reports) audit.Reports {
		if uint64(len(from.Names)) > from.Count {
			r.fail("%d reports have %d names", from.Count, len(from.Names))
		}
		return audit.Reports{Count: from.Count, Names: each(from.Names, r.path)}
	}
	share := func(from Share) audit.Share {
		return audit.Share{Name: r.optional(from.Name), Reports: from.Reports}
	}
	return &audit.Merged{
		Reports:      m.Reports,
		Incomplete:   reports(m.Incomplete),
		Untold:       reports(m.Untold),
		Failed:       reports(m.Failed),
		Applications: each(m.Applications, share),
		Kernels:      each(m.Kernels, share),
		Capabilities: each(m.Capabilities, func(p Provenance) audit.Provenance {
			return audit.Provenance{
				Number: r.capability(p.Number, p.Name), Required: reports(p.Required),
				CapsetOnly: reports(p.CapsetOnly), Denied: reports(p.Denied),
			}
		}),
		LeftOut: m.LeftOut,
	}
}

// unreadSettings are those of a document that has none.
var unreadSettings = systemContext(audit.SystemContext{})

// sysctls has the settings by key of audit.SysctlKeys.
func (s SystemContext) sysctls() map[string]int {
	return map[string]int{
		"yama_ptrace_scope":         s.YamaPtraceScope,
		"kptr_restrict":             s.KptrRestrict,
		"dmesg_restrict":            s.DmesgRestrict,
		"modules_disabled":          s.ModulesDisabled,
		"perf_event_paranoid":       s.PerfEventParanoid,
		"unprivileged_bpf_disabled": s.UnprivilegedBPFDisabled,
		"bpf_jit_enable":            s.BPFJITEnable,
		"bpf_jit_harden":            s.BPFJITHarden,
		"bpf_jit_kallsyms":          s.BPFJITKallsyms,
		"vm_mmap_min_addr":          s.VMMmapMinAddr,
		"fs_protected_hardlinks":    s.FSProtectedHardlinks,
		"fs_protected_symlinks":     s.FSProtectedSymlinks,
		"fs_suid_dumpable":          s.FSSuidDumpable,
	}
}
