package main

import (
	"os"

	"github.com/cap-audit/cap-audit/report"
	"github.com/cap-audit/cap-audit/tracer"
)

// cannotTrace says why no audit can run here, "" if one can.
func cannotTrace(cfg *config) string {
	if err := tracer.Possible(cfg.backends); err != nil {
		return explain(err).Error()
	}
	return ""
}

// runUntraced becomes the command, for --if-possible. What was to be written is
// not: a report of nothing would look like one of a program that needs nothing.
// Only JUnit has a word for a test that did not take place.
func runUntraced(cfg *config, reason string) error {
	path, err := tracer.Resolve(cfg.command[0])
	if err != nil {
		return err
	}
	out, err := openOutput(cfg)
	if err != nil {
		return err
	}
	consequence := ""
	if cfg.check != "" {
		consequence = "; whether it fits the policy " + printable(cfg.check) + " is not known"
	}
	warningf("the command runs untraced: %s%s", reason, consequence)
	for _, file := range []string{cfg.output, cfg.policyOut} {
		if _, err := os.Stat(file); file != "" && err == nil &&
			!(file == cfg.output && cfg.format == formatJUnit) {
			warningf("%s is of an earlier run and stays as it is", printable(file))
		}
	}
	if cfg.format == formatJUnit {
		if err := out.writeText(report.SkippedJUnit(path, "the command ran untraced: "+reason)); err != nil {
			return err
		}
	}
	target := tracer.Target{Path: path, Argv: cfg.command}
	if cfg.machineOutput() {
		target.Stdout = os.Stderr
	}
	return tracer.Exec(target)
}
