package btf

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Functions and what stands for a tracepoint keep their IDs and prototypes.
func TestOutlineKeepsIDs(t *testing.T) {
	whole := raw(t)
	names := map[string]bool{"bpf_iter_task": true, "security_capable": true, "btf_trace_sys_exit": true,
		"no_such_function": true}
	f, err := find(whole, names)
	if err != nil {
		t.Fatal(err)
	}
	isData := func(id uint32) bool { return f.record(id).kind() == kindStruct }
	want := slices.DeleteFunc(slices.Clone(f.named), isData) // struct bpf_iter_task
	if len(want) != len(names)-1 {
		t.Fatalf("%d of %d names are found", len(want), len(names)-1)
	}
	outline, err := f.outline()
	if err != nil {
		t.Fatal(err)
	}
	defer outline.Close()
	after, err := find(outline, names)
	if err != nil {
		t.Fatal(err)
	}
	if last := slices.Max(want); after.count != last {
		t.Errorf("%d types, want %d", after.count, last)
	}
	if len(outline) > len(whole)/2 {
		t.Errorf("%d bytes of %d are left", len(outline), len(whole))
	}
	if diff := cmp.Diff(want, after.named); diff != "" {
		t.Fatalf("IDs (-kernel's +outline's)\n%s", diff)
	}
	for _, id := range want {
		if got, want := prototype(t, after, id, 0), prototype(t, f, id, 0); got != want {
			t.Errorf("%d is %s, not %s", id, got, want)
		}
	}
}

// prototype is what libbpf compares of a function, and the IDs.
func prototype(t *testing.T, f found, id uint32, depth int) string {
	t.Helper()
	if id == 0 {
		return "void"
	}
	r := f.record(id)
	text := fmt.Sprintf("%d:%d", id, r.kind())
	within := []int{}
	switch {
	case r.refers(), r.kind() == kindFunc, r.isPtr():
		within = []int{2}
	case r.kind() == kindFuncProto:
		within = []int{2}
		for n := 4; n < 3+r.follows(); n += 2 {
			within = append(within, n)
		}
	}
	if depth == 0 {
		name, err := f.name(word(r, 0))
		if err != nil {
			t.Fatal(err)
		}
		text = string(name) + " " + text
	}
	for _, n := range within {
		text += "(" + prototype(t, f, word(r, n), depth+1) + ")"
	}
	return text
}
