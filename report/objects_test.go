package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/objects"
)

// What capabilities are asked for is a difference, though both reports need the same ones.
func TestDifferenceOfObjects(t *testing.T) {
	older, newer := *examples["objects"], *examples["objects"]
	keys := older.Required[1]
	site := keys.CallSites[0]
	port := site.Objects.Seen[0]
	port.Port = 443
	site.Objects = audit.Objects{Seen: []audit.SeenObject{port}}
	keys.CallSites = []audit.CallSite{site}
	newer.Required = []audit.Capability{older.Required[0], keys}
	d := NewDifference("old", &older, "new", &newer)
	if len(d.Came)+len(d.Went) > 0 || len(d.Objects) != 1 {
		t.Fatalf("came %v, went %v, objects %v", d.Came, d.Went, d.Objects)
	}
	var b strings.Builder
	if err := d.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	want := "  net_bind_service (#10): came for port 443/tcp of 0.0.0.0\n" +
		"  net_bind_service (#10): went for port 80/tcp of 0.0.0.0\n"
	if !strings.Contains(b.String(), want) || strings.Contains(b.String(), "no difference") {
		t.Errorf("no %q in\n%s", want, &b)
	}
}

// Where it is not known of all that a capability was asked for, nobody is told how to do without.
func TestDoWithoutAll(t *testing.T) {
	if d := NewDocument(examples["without"]); len(d.Without) == 0 {
		t.Fatal("there is no way around anything")
	}
	lost := *examples["without"]
	lost.Losses.Objects = 1
	if d := NewDocument(&lost); len(d.Without) > 0 {
		t.Errorf("some objects are lost, and yet: %+v", d.Without)
	}
}

// A directory is named once, whatever was looked for in it; another one is not taken for it by its name.
func TestDirectoriesOfObjects(t *testing.T) {
	directory := func(path, given string) Object {
		o := objects.Object{Kind: objects.File, Type: "directory", Path: path, Given: given}
		return seenObject(audit.SeenObject{Object: o})
	}
	site := CallSite{Objects: []Object{directory("/a", "/a/1"), directory("/a", "/a/2"),
		directory("/for ever", "/for ever/1"), directory("/x for a", "/y"), directory("/x for b", "/y")}}
	got, _ := objectLines([]CallSite{site}, Syscall{})
	want := []string{"/a (directory) for /a/1", "/for ever (directory) for /for ever/1",
		"/x for a (directory) for /y", "/x for b (directory) for /y"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
