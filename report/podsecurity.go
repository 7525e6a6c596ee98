package report

import "github.com/cap-audit/cap-audit/report/snippets"

// PodSecurity is the strictest of Kubernetes' Pod Security Standards that admits the recommended
// set, and what stricter ones do not admit of it.
type PodSecurity struct {
	Standard   string   `json:"standard"`
	Baseline   []string `json:"not_in_baseline"`
	Restricted []string `json:"not_in_restricted"`
	// Escalates: allowPrivilegeEscalation has to be true.
	Escalates bool `json:"escalates"`
}

func podSecurity(a snippets.Advice) PodSecurity {
	p := snippets.PodSecurityOf(a)
	return PodSecurity{p.Standard, names(p.Baseline), names(p.Restricted), p.Escalates}
}
