package probe

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/cap-audit/cap-audit/output"
)

var answers = map[string]answer{
	"works": {
		Kernel: "7.3.0", BTF: true, Lockdown: "none", Missing: []string{}, Backend: "tracepoint",
		Backends: []backend{{"fentry", false, "operation not permitted"}, {"tracepoint", true, ""}},
		Untraced: works{Works: true}, Sampled: works{Works: true},
	},
	"does not": {
		Kernel: "5.4.0", Missing: []string{"bpf", "perfmon"},
		Backends: []backend{{"kprobe", false, `"quoted": yes`}},
		Untraced: works{Reason: "not root"}, Sampled: works{Reason: "too old"},
	},
}

func TestProbeDocuments(t *testing.T) {
	for name, want := range answers {
		for kind, c := range map[string]struct {
			format output.Format
			read   func([]byte, any) error
		}{
			"JSON": {output.JSON, json.Unmarshal},
			"YAML": {output.YAML, yaml.Unmarshal},
		} {
			var text strings.Builder
			if err := want.write(&text, c.format); err != nil {
				t.Fatal(err)
			}
			var got answer
			if err := c.read([]byte(text.String()), &got); err != nil {
				t.Fatalf("%s, %s: %v\n%s", name, kind, err, &text)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", name, kind, diff)
			}
			if strings.Contains(text.String(), "null") {
				t.Errorf("%s, %s has null:\n%s", name, kind, &text)
			}
		}
	}
}

func TestProbeText(t *testing.T) {
	for name, want := range map[string]string{
		"works": `Kernel: 7.3.0
Type information (BTF): yes
Lockdown: none
Missing capabilities: none
Backend fentry: no: operation not permitted
Backend tracepoint: works
An audit would use: tracepoint
Without tracing (--untraced): works
Outcomes of a sample (--outcomes sampled): works
`,
		"does not": `Kernel: 5.4.0
Type information (BTF): no
Missing capabilities: bpf, perfmon
Backend kprobe: no: "quoted": yes
Without tracing (--untraced): no: not root
Outcomes of a sample (--outcomes sampled): no: too old
`,
	} {
		report := answers[name]
		var got strings.Builder
		if err := report.write(&got, output.Text); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestProbeSaysThatItCouldNotWrite(t *testing.T) {
	reader, writer := io.Pipe()
	reader.CloseWithError(errors.New("gone"))
	report := answers["works"]
	for _, f := range []output.Format{output.Text, output.JSON, output.YAML} {
		if err := report.write(writer, f); err == nil {
			t.Errorf("%s: no error", f)
		}
	}
}
