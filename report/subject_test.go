package report

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cap-audit/cap-audit/audit"
)

// Each kind of subject has its words, is in the schema, and what ran before the
// audit has advice on how to see its start.
func TestKindsOfSubject(t *testing.T) {
	var schema struct {
		Properties struct {
			Target struct {
				Properties struct {
					Kind struct{ Enum []audit.SubjectKind }
				}
			}
		}
	}
	if err := json.Unmarshal(Schema, &schema); err != nil {
		t.Fatal(err)
	}
	known := schema.Properties.Target.Properties.Kind.Enum
	slices.Sort(known)
	if diff := cmp.Diff(audit.SubjectKinds(), known); diff != "" {
		t.Errorf("kinds (-audit +schema):\n%s", diff)
	}
	for _, kind := range audit.SubjectKinds() {
		words, there := wordings[kind]
		if !there || kind.Adopted() != (words.beforehand != "") {
			t.Errorf("%s: %+v", kind, words)
		}
	}
}
