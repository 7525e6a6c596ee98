package btf

import (
	"bytes"
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
	if len(after.begins) != len(f.begins) || len(after.strings) != len(f.strings) {
		t.Errorf("%d types and %d bytes of strings, of %d and %d", len(after.begins), len(after.strings),
			len(f.begins), len(f.strings))
	}
	if len(after.types) > len(f.types)/2 {
		t.Errorf("%d bytes of %d are left", len(after.types), len(f.types))
	}
	if diff := cmp.Diff(want, after.named); diff != "" {
		t.Fatalf("IDs (-kernel's +outline's)\n%s", diff)
	}
	for _, id := range want {
		for kind := uint32(0); kind != kindFuncProto; id = word(f.record(id), 2) {
			if kind = f.record(id).kind(); !bytes.Equal(after.record(id), f.record(id)) {
				t.Errorf("type %d is %x, not %x", id, after.record(id), f.record(id))
			}
		}
	}
}
