package session

import (
	"fmt"

	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/report/snippets"
	"github.com/cap-audit/cap-audit/tracer"
)

// Outcomes says of which system calls with a check in them it is to be seen how
// they end.
type Outcomes string

// What there is to choose from; the default depends on what is audited.
const (
	OutcomesDefault Outcomes = ""
	OutcomesAll     Outcomes = "all"
	OutcomesSampled Outcomes = "sampled"
)

// ParseOutcomes reads the argument of --outcomes; "" is the default.
func ParseOutcomes(name string) (Outcomes, error) {
	switch o := Outcomes(name); o {
	case OutcomesDefault, OutcomesAll, OutcomesSampled:
		return o, nil
	}
	return "", fmt.Errorf("--outcomes %s: there are all, sampled", console.Printable(name))
}

// checkOutcomes refuses what this kernel cannot do.
func (o *Options) checkOutcomes() error {
	if o.Outcomes != OutcomesSampled {
		return nil
	}
	if err := tracer.CanSample(); err != nil {
		return fmt.Errorf("--outcomes sampled: %w", err)
	}
	return nil
}

// sampled: what cap-audit starts has the machine's attention, and all is counted. What
// runs already is watched for long, on a machine that has other work. But where a policy,
// a drop-in or a filter is made or judged, nobody reads first what was not looked for.
func (o *Options) sampled() bool {
	if o.Outcomes != OutcomesDefault {
		return o.Outcomes == OutcomesSampled
	}
	judged := o.WriteDropin || o.Output.Check != "" || o.Output.PolicyOut != "" ||
		snippets.IsFilter(o.Output.Emit)
	return !o.Launches() && !judged && tracer.CanSample() == nil
}
