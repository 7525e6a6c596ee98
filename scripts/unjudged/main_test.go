package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestList(t *testing.T) {
	var out strings.Builder
	unjudged, err := list(&out, os.DirFS("testdata/linux"))
	want := `arch/x86/here.c:3: on_x86
fs/new.c:8: one_line
fs/new.c:15: type_apart
fs/new.c:28: __do_sys_newcall
fs/new.c:33: by_capable_of_the_tracer
`
	if diff := cmp.Diff(want, out.String()); diff != "" || unjudged != 5 || err != nil {
		t.Errorf("%d, error %v; -want +got:\n%s", unjudged, err, diff)
	}
}

func TestListJudged(t *testing.T) {
	var out strings.Builder
	unjudged, err := list(&out, os.DirFS("testdata/linux/kernel"))
	if unjudged != 0 || err != nil || out.Len() > 0 {
		t.Errorf("%d, error %v:\n%s", unjudged, err, &out)
	}
}

// A tree in which nothing is found may not be one.
func TestListOtherTrees(t *testing.T) {
	for _, tree := range []string{"testdata/none", "testdata/missing"} {
		if _, err := list(&strings.Builder{}, os.DirFS(tree)); err == nil {
			t.Errorf("%s: no error", tree)
		}
	}
}
