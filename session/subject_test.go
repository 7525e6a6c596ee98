package session

import (
	"slices"
	"testing"

	"github.com/cap-audit/cap-audit/audit"
)

// The option that names a kind is what the document calls it.
func TestKindsAreKnown(t *testing.T) {
	for _, kind := range Kinds {
		name := audit.SubjectKind(kind.Option)
		if kind.Option == "" {
			name = audit.SubjectCommand
		}
		if !slices.Contains(audit.SubjectKinds(), name) {
			t.Errorf("audit knows no kind of subject %q", name)
		}
		if kind.Launched && name.Adopted() {
			t.Errorf("%q is launched and adopted", name)
		}
	}
}
