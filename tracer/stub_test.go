package tracer

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/cap-audit/cap-audit/capng"
)

// sent is the order as the stub reads it.
func sent(t *testing.T, o order) order {
	t.Helper()
	var socket bytes.Buffer
	if err := json.NewEncoder(&socket).Encode(o); err != nil {
		t.Fatal(err)
	}
	read, err := readOrder(&socket)
	if err != nil {
		t.Fatalf("%v in what was sent of %+v", err, o)
	}
	return read
}

// What a stub understands it can hand on; and any bytes as the words of a target
// arrive as they were.
func FuzzOrder(f *testing.F) {
	umask, nice, ignored := 0o27, -5, uint64(1<<14)
	full := newOrder(Target{Path: "/bin/true", Argv: []string{"true", "\xff"}, Env: []string{"A=b"},
		Identity: &capng.Identity{UID: 65534, GID: 65534, Groups: []int{4}}, Surroundings: Surroundings{
			Dir: "/tmp", Umask: &umask, Nice: &nice, Ignored: &ignored, OnlyStandardFiles: true,
			Limits: []Limit{{"LimitNOFILE=", 7, 1024, 1<<64 - 1}}}})
	raw, err := json.Marshal(full)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte("/bin/sh\x00sh\x00-c\x00\xe9\xff\n"))
	same := cmp.Options{cmpopts.EquateEmpty(), cmp.AllowUnexported(order{}),
		cmpopts.IgnoreFields(order{}, "ready")}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if o, err := readOrder(bytes.NewReader(raw)); err == nil {
			if diff := cmp.Diff(o, sent(t, o), same); diff != "" {
				t.Errorf("handed on (-read +read again):\n%s", diff)
			}
		}
		words := strings.Split(string(raw), "\x00")
		o := newOrder(Target{Path: words[0], Argv: words, Env: words,
			Surroundings: Surroundings{Dir: words[0]}})
		got := sent(t, o)
		if diff := cmp.Diff(o, got, same, cmpopts.IgnoreFields(order{}, "Surroundings")); diff != "" {
			t.Errorf("sent (-sent +read):\n%s", diff)
		}
		if diff := cmp.Diff(words, Cooked(got.Argv)); diff != "" || string(got.Dir) != words[0] {
			t.Errorf("words (-meant +read):\n%s%q", diff, got.Dir)
		}
	})
}

// Only one answer says that the program runs, and all others end in an error.
func FuzzAnswer(f *testing.F) {
	for _, answer := range []string{"", ready, "\n\n", "{}", "null", `{"Stage":"execute it","Errno":2}`,
		`{"Stage":"set LimitNOFILE=","Errno":1,"Text":"operation not permitted"}`,
		`{"Stage":"execute it","Errno":18446744073709551615}`} {
		f.Add([]byte(answer))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		err := understand(answer, "/nowhere/tool")
		if runs := string(answer) == "\n"; runs != (err == nil) {
			t.Fatalf("%q: %v", answer, err)
		}
		var start *StartError
		if errors.As(err, &start) && start.Status != 1 && start.Status != 126 && start.Status != 127 {
			t.Errorf("%q: status %d", answer, start.Status)
		}
	})
}
