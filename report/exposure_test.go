package report

import (
	"bytes"
	"strings"
	"testing"
)

// What systemd thinks of a service is a line of the text, and of a document that the schema knows.
func TestExposure(t *testing.T) {
	now, granted, hardened := 9.6, 9.2, 7.0
	for want, e := range map[string]*Exposure{
		"security: 9.6 now, 9.2 with these lines, 7.0 with --emit hardening's, too.": {&now, &granted,
			&hardened},
		"security: 9.6 now, 9.2 with these lines. 10 is worst.": {&now, &granted, nil},
		// a unit that no line hardens
		"9.6 now, 9.2 with these lines. 10 is worst.": {&now, &granted, &granted},
		"": {&now, nil, nil},
	} {
		d := NewDocument(examples["service"])
		d.Exposure = e
		var b bytes.Buffer
		if err := WriteText(&b, d, Page{Width: 132}); err != nil {
			t.Fatal(err)
		}
		if text := b.String(); !strings.Contains(text, want) ||
			strings.Contains(text, "analyze") != (want != "") {
			t.Errorf("want %q\n%s", want, text)
		}
		validate(t, schema(t), d)
	}
}
