package report

import "fmt"

// Exposure is what systemd-analyze security thinks of a service, from 0 to 10: as it is, with what
// --emit systemd prints, and with what --emit hardening does, too. Nil is not known.
type Exposure struct {
	Now      *float64 `json:"now"`
	Granted  *float64 `json:"granted"`
	Hardened *float64 `json:"hardened"`
}

// words are "" where it is not known.
func (e *Exposure) words() string {
	if e == nil || e.Now == nil || e.Granted == nil {
		return ""
	}
	text := fmt.Sprintf("%.1f now, %.1f with these lines", *e.Now, *e.Granted)
	if e.Hardened != nil && *e.Hardened < *e.Granted {
		text += fmt.Sprintf(", %.1f with --emit hardening's, too", *e.Hardened)
	}
	return text + ". 10 is worst."
}

// exposure is one line.
func (t *text) exposure() {
	if words := t.d.Exposure.words(); words != "" {
		t.line("")
		t.prose("  ", "systemd-analyze security: "+words)
	}
}
