package btf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// running are names of types of every kernel, of all kinds that have names.
var running = map[string]bool{"task_struct": true, "cred": true, "kernel_cap_t": true, "timespec64": true,
	"bpf_func_id": true, "pid_type": true, "int": true, "sock": true, "kuid_t": true, "no_such_type": true}

// raw is the running kernel's.
func raw(t testing.TB) []byte {
	t.Helper()
	raw, err := os.ReadFile(File)
	if err != nil {
		t.Skipf("wanted a kernel that describes its types: %v", err)
	}
	return raw
}

// layout is what a type is as a value, down to the last bit.
type layout struct {
	description
	types map[uint32]record
}

func layoutOf(t *testing.T, raw []byte) layout {
	t.Helper()
	d, err := parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	l := layout{d, map[uint32]record{}}
	if err := d.each(func(id uint32, r record) error { l.types[id] = r; return nil }); err != nil {
		t.Fatal(err)
	}
	return l
}

// text writes it out.
func (l layout) text(out *strings.Builder, id uint32) {
	r := l.types[id]
	if r == nil {
		out.WriteString("void")
		return
	}
	name := func(n int) string {
		name, err := l.name(word(r, n))
		if err != nil {
			return err.Error()
		}
		return string(name)
	}
	fmt.Fprintf(out, "%d %q", word(r, 1), name(0))
	switch r.kind() {
	case kindPtr:
	case kindInt, kindEnum, kindEnum64, kindFwd, kindFloat:
		fmt.Fprintf(out, " %d", word(r, 2))
		for n := 3; n < 3+r.follows(); n++ {
			if words := r.follows() / max(r.count(), 1); r.count() > 0 && (n-3)%words == 0 {
				fmt.Fprintf(out, " %q", name(n))
			} else {
				fmt.Fprintf(out, " %d", word(r, n))
			}
		}
	case kindArray:
		fmt.Fprintf(out, "[%d] of ", word(r, 5))
		l.text(out, word(r, 3))
	case kindStruct, kindUnion:
		fmt.Fprintf(out, " %d {\n", word(r, 2))
		for n := 3; n < 3+r.follows(); n += 3 {
			fmt.Fprintf(out, "%d %q: ", word(r, n+2), name(n))
			l.text(out, word(r, n+1))
			out.WriteString("\n")
		}
		out.WriteString("}")
	default:
		out.WriteString(" as ")
		l.text(out, word(r, 2))
	}
}

func (l layout) named(t *testing.T, name string, kind uint32) string {
	t.Helper()
	for id, r := range l.types {
		if got, _ := l.name(word(r, 0)); string(got) == name && r.kind() == kind {
			var out strings.Builder
			l.text(&out, id)
			return out.String()
		}
	}
	t.Fatalf("no %s of kind %d", name, kind)
	return ""
}

func TestTrimKeepsLayouts(t *testing.T) {
	whole := raw(t)
	trimmed, ids, err := Trim(whole, running)
	if err != nil {
		t.Fatal(err)
	}
	if len(trimmed) > len(whole)/20 {
		t.Errorf("%d bytes of %d are left", len(trimmed), len(whole))
	}
	before, after := layoutOf(t, whole), layoutOf(t, trimmed)
	for name := range running {
		if name == "no_such_type" {
			if _, there := ids[name]; there {
				t.Error("found what is not there")
			}
			continue
		}
		var want strings.Builder
		before.text(&want, ids[name])
		if !strings.Contains(want.String(), name) {
			t.Errorf("%s has the ID of %.60s", name, &want)
		}
		got := after.named(t, name, before.types[ids[name]].kind())
		if diff := cmp.Diff(want.String(), got); diff != "" {
			t.Errorf("%s (-kernel's +trimmed)\n%s", name, diff)
		}
	}
}

// small is BTF as the kernel half could have it: a struct with a flavour that
// points to itself, and holds two integers.
func small() []byte {
	text := []byte("\x00pair___old\x00first\x00second\x00self\x00int\x00")
	at := func(name string) uint32 { return uint32(bytes.Index(text, []byte(name+"\x00"))) }
	var types []byte
	for _, n := range []uint32{
		at("int"), kindInt << 24, 4, 0x20, // 1
		at("pair___old"), kindStruct<<24 | 3, 16, // 2
		at("self"), 3, 0, at("first"), 1, 64, at("second"), 1, 96,
		0, kindPtr << 24, 2, // 3
	} {
		types = binary.NativeEndian.AppendUint32(types, n)
	}
	return (&trimmer{types: types, strings: text}).bytes()
}

func TestNamesHaveNoFlavour(t *testing.T) {
	names, err := Names(small())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]bool{"pair": true, "int": true}, names); diff != "" {
		t.Error(diff)
	}
}

func TestSizes(t *testing.T) {
	sizes, err := Sizes(small())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]uint32{"pair___old": 16}, sizes); diff != "" {
		t.Error(diff)
	}
}

// A name counts where it stands alone.
func TestHasName(t *testing.T) {
	for name, want := range map[string]bool{"first": true, "self": true, "pair": false, "old": false,
		"firs": false, "no_such_name": false} {
		if got, err := hasName(small(), []string{"nobody", name}); got != want || err != nil {
			t.Errorf("%s: %t, %v", name, got, err)
		}
	}
	if _, err := hasName([]byte("\x00self\x00"), []string{"self"}); err == nil {
		t.Error("what is no BTF is accepted")
	}
}

func TestMalformed(t *testing.T) {
	whole := small()
	if _, err := Names(whole); err != nil {
		t.Fatal(err)
	}
	for length := range whole {
		if _, err := Names(whole[:length]); err == nil {
			t.Errorf("%d of %d bytes are accepted", length, len(whole))
		}
	}
}

func FuzzTrim(f *testing.F) {
	f.Add(small(), "pair___old")
	f.Fuzz(func(t *testing.T, raw []byte, name string) {
		trimmed, _, err := Trim(raw, map[string]bool{name: true})
		if err != nil {
			return
		}
		if _, err := Names(trimmed); err != nil {
			t.Errorf("what is left cannot be read: %v", err)
		}
	})
}
