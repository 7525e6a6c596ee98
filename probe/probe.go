// Package probe says what this kernel and these privileges allow.
package probe

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/cap-audit/cap-audit/hint"
	"github.com/cap-audit/cap-audit/output"
	"github.com/cap-audit/cap-audit/tracer"
)

// answer is the document of --probe.
type answer struct {
	Kernel   string    `json:"kernel" yaml:"kernel"`
	BTF      bool      `json:"btf" yaml:"btf"`
	Lockdown string    `json:"lockdown" yaml:"lockdown"`
	Missing  []string  `json:"missing_capabilities" yaml:"missing_capabilities"`
	Backends []backend `json:"backends" yaml:"backends"`
	// Backend is the one that an audit would use, "" if none works.
	Backend string `json:"backend" yaml:"backend"`
	// Untraced: --untraced works, or the reason why not.
	Untraced works `json:"untraced" yaml:"untraced"`
	// Sampled: --outcomes sampled does.
	Sampled works `json:"outcomes_sampled" yaml:"outcomes_sampled"`
}

type works struct {
	Works  bool   `json:"works" yaml:"works"`
	Reason string `json:"reason" yaml:"reason"`
}

type backend struct {
	Name   string `json:"name" yaml:"name"`
	Works  bool   `json:"works" yaml:"works"`
	Reason string `json:"reason" yaml:"reason"`
}

// Run writes what an audit by one of the backends would find here to standard
// output; an error means that none can run.
func Run(backends []tracer.Backend, format output.Format) error {
	system := tracer.DescribeSystem()
	r := answer{
		Kernel:   system.Kernel,
		BTF:      system.BTF,
		Lockdown: system.Lockdown,
		Missing:  append([]string{}, system.MissingPrivileges...),
	}
	for _, trial := range tracer.Probe(backends) {
		r.Backends = append(r.Backends, backend{string(trial.Backend), trial.Works, trial.Reason})
		if trial.Works && r.Backend == "" {
			r.Backend = string(trial.Backend)
		}
	}
	if _, err := tracer.Takeable(); err != nil {
		r.Untraced.Reason = err.Error()
	} else {
		r.Untraced.Works = true
	}
	if err := tracer.CanSample(); err != nil {
		r.Sampled.Reason = err.Error()
	} else {
		r.Sampled.Works = true
	}
	if err := r.write(os.Stdout, format); err != nil {
		return fmt.Errorf("write to standard output: %w", err)
	}
	if r.Backend != "" {
		return nil
	}
	if err := tracer.CheckPrivileges(); err != nil {
		return fmt.Errorf("no audit can run here: %w", err)
	}
	return hint.Add(errors.New("no audit can run here"), "the reasons are on standard output")
}

func (r *answer) write(w io.Writer, format output.Format) error {
	switch format {
	case output.JSON:
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	case output.YAML:
		return yaml.NewEncoder(w).Encode(r)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Kernel: %s\n", r.Kernel)
	fmt.Fprintf(&b, "Type information (BTF): %s\n", yesNo(r.BTF))
	if r.Lockdown != "" {
		fmt.Fprintf(&b, "Lockdown: %s\n", r.Lockdown)
	}
	fmt.Fprintf(&b, "Missing capabilities: %s\n", orNone(r.Missing))
	for _, backend := range r.Backends {
		if backend.Works {
			fmt.Fprintf(&b, "Backend %s: works\n", backend.Name)
		} else {
			fmt.Fprintf(&b, "Backend %s: no: %s\n", backend.Name, backend.Reason)
		}
	}
	if r.Backend != "" {
		fmt.Fprintf(&b, "An audit would use: %s\n", r.Backend)
	}
	fmt.Fprintf(&b, "Without tracing (--untraced): %s\n", r.Untraced)
	fmt.Fprintf(&b, "Outcomes of a sample (--outcomes sampled): %s\n", r.Sampled)
	_, err := io.WriteString(w, b.String())
	return err
}

func (w works) String() string {
	if w.Works {
		return "works"
	}
	return "no: " + w.Reason
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}
