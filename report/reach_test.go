package report

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/reach"
)

// reachable has an operation of each class, and hostile names.
func reachable() *reach.Result {
	r := &reach.Result{Program: "/bin/x\x1b[2J", Architecture: "arm64", Objects: []string{"/bin/x",
		"/lib/\xff.so"},
		SystemCalls: []string{"chown", "socket"}, Executes: true, Loads: true,
		Missing: []string{"lib\ny.so: gone"}}
	r.Capabilities[unix.CAP_NET_RAW] = reach.Verdict{Class: reach.Possible, Operations: []reach.Operation{
		{Call: "socket(17)", Object: "/lib/\xff.so", Function: "open\x07", Asks: "packet_create()"}}}
	r.Capabilities[unix.CAP_CHOWN] = reach.Verdict{Class: reach.OnFiles, Operations: []reach.Operation{
		{Call: "chown", Object: "/bin/x", Function: "+0x10", Asks: "chown_ok()", Files: true}}}
	return r
}

func TestReachSchema(t *testing.T) {
	s := compiled(t, ReachSchema)
	for _, r := range []*reach.Result{reachable(), {Architecture: "x86-64", Objects: []string{"/bin/x"}}} {
		validateWritten(t, s, NewReach(r).WriteJSON)
	}
}

// Where there are as many as are kept there can have been more.
func TestReachMany(t *testing.T) {
	for many, want := range map[int]string{4: "and 1 other\n", 5: "and 2 others\n",
		reach.MaxOperations: "and at least 61 others\n"} {
		r := reachable()
		for n := range many {
			v := &r.Capabilities[unix.CAP_SETUID]
			v.Class = reach.Possible
			v.Operations = append(v.Operations, reach.Operation{Call: "setuid", Object: "/bin/x",
				Function: strconv.Itoa(n)})
		}
		var b bytes.Buffer
		if err := NewReach(r).WriteText(&b, Page{Width: 80}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), " "+want) {
			t.Errorf("%d operations: no %q in\n%s", many, want, b.String())
		}
	}
}

func TestReachText(t *testing.T) {
	var b bytes.Buffer
	if err := NewReach(reachable()).WriteText(&b, Page{Width: 80}); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{"possible 1, depends on files 1,", "ruled out 39", "net_raw (#13)",
		"socket(17) in ",
		"chown in /bin/x +0x10", "can execute other programs", "could not be read"} {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
			t.Errorf("%q is missing from:\n%s", want, text)
		}
	}
	if strings.ContainsAny(text, "\x1b\x07") || !utf8.ValidString(text) {
		t.Errorf("not printable: %q", text)
	}
}
