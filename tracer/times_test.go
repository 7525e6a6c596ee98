package tracer

import (
	"testing"
	"time"

	"github.com/cap-audit/cap-audit/audit"
)

// It was watched for as long as any check of it says.
func TestLastedCoversTheChecks(t *testing.T) {
	o := audit.Observation{Checks: []audit.Checks{{}, {Span: &audit.Span{Last: 8 * time.Millisecond}}}}
	readTimes(&o, kernelGroup{}, 101, clock{began: 100, tick: 4 * time.Millisecond})
	if o.Lasted != 8*time.Millisecond {
		t.Errorf("lasted %v", o.Lasted)
	}
	o.Checks = nil
	readTimes(&o, kernelGroup{}, 101, clock{began: 100, tick: 4 * time.Millisecond})
	if o.Lasted != 4*time.Millisecond {
		t.Errorf("lasted %v without checks", o.Lasted)
	}
}
