package report

import (
	"strings"
	"testing"

	"github.com/cap-audit/cap-audit/audit"
)

// Of a container the report says whether a user namespace would do, where that is known.
func TestUserNamespace(t *testing.T) {
	required := func(n int, u audit.UserNamespace) audit.Capability {
		return audit.Capability{Number: n, Tally: audit.Tally{Granted: 1}, UserNamespace: u}
	}
	container := audit.Subject{Kind: audit.SubjectContainer}
	for want, f := range map[string]audit.Findings{
		"hostUsers: false) all of it is enough,": {Subject: container,
			Required:   []audit.Capability{required(0, audit.Inside)},
			CapsetOnly: []audit.CapsetOnly{{Number: 5}}},
		"Not enough within a user namespace (--userns=auto, hostUsers: false): sys_time, which": {
			Subject:  container,
			Required: []audit.Capability{required(0, ""), required(25, audit.OnHost)}},
		"": {Subject: container, Required: []audit.Capability{required(0, ""), required(13, audit.Inside)}},
		// whose set has nothing to do with the host
		"It runs in a user namespace of its own": {
			Subject:  audit.Subject{Kind: audit.SubjectContainer, UserNamespace: true},
			Required: []audit.Capability{required(0, audit.Inside)}},
		// which no engine starts
		"Use each feature": {Subject: audit.Subject{Kind: audit.SubjectCommand},
			Required: []audit.Capability{required(0, audit.Inside)}},
	} {
		text := strings.Join(NewDocument(&f).caveats(), "\n")
		if !strings.Contains(text, want) || strings.Contains(text, "hostUsers") != strings.Contains(want,
			"hostUsers") {
			t.Errorf("want %q\n%s", want, text)
		}
	}
}
