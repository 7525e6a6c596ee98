package report

import (
	"bytes"
	"io"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func schema(t testing.TB) *jsonschema.Schema { return compiled(t, Schema) }

func compiled(t testing.TB, text []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSchemaDescribesEveryDocument(t *testing.T) {
	s := schema(t)
	for name, f := range examples {
		t.Run(name, func(t *testing.T) {
			validate(t, s, NewDocument(f))
		})
	}
}

// validate holds a document, as it is written, against the schema.
func validate(t testing.TB, s *jsonschema.Schema, d *Document) {
	t.Helper()
	validateWritten(t, s, func(w io.Writer) error { return WriteJSON(w, d) })
}

func validateWritten(t testing.TB, s *jsonschema.Schema, write func(io.Writer) error) {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(&b)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(doc); err != nil {
		t.Error(err)
	}
}

// A schema that allowed anything would pass the test above.
func TestSchemaRefuses(t *testing.T) {
	s := schema(t)
	for name, change := range map[string]func(doc map[string]any){
		"an unknown key":         func(doc map[string]any) { doc["extra"] = true },
		"a missing key":          func(doc map[string]any) { delete(doc, "complete") },
		"null for a list":        func(doc map[string]any) { doc["limits"] = nil },
		"a drop without phases":  func(doc map[string]any) { doc["capability_drop_observed"] = true },
		"phases without a drop":  func(doc map[string]any) { doc["operational_capabilities"] = []any{} },
		"a text for a number":    func(doc map[string]any) { doc["tasks"] = "1" },
		"another schema version": func(doc map[string]any) { doc["schema_version"] = 2 },
		"a name in capitals": func(doc map[string]any) {
			doc["recommended_capabilities"] = []any{"CAP_CHOWN"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := WriteJSON(&b, NewDocument(examples["granted"])); err != nil {
				t.Fatal(err)
			}
			doc, err := jsonschema.UnmarshalJSON(&b)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Validate(doc); err != nil {
				t.Fatal("before the change:", err)
			}
			change(doc.(map[string]any))
			if s.Validate(doc) == nil {
				t.Error("the schema accepts it")
			}
		})
	}
}
