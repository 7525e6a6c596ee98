package tracer

import (
	"bytes"
	"strings"
	"testing"
	"unsafe"

	"github.com/cap-audit/cap-audit/btf"
)

// The kernel half says in its BTF how large its types are: those of maps, while
// a ring buffer's records (ca_event) have none there.
func TestTypesAreThoseOfTheKernelHalf(t *testing.T) {
	raw, _, err := halfTypes()
	if err != nil {
		t.Fatal(err)
	}
	sizes, err := btf.Sizes(raw)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]uintptr{
		"ca_state":       unsafe.Sizeof(kernelState{}),
		"ca_task":        unsafe.Sizeof(kernelTask{}),
		"ca_check":       unsafe.Sizeof(kernelCheck{}),
		"ca_row":         unsafe.Sizeof(kernelRow{}),
		"ca_site_key":    unsafe.Sizeof(kernelSiteKey{}),
		"ca_site":        unsafe.Sizeof(kernelSite{}),
		"ca_outcome":     unsafe.Sizeof(kernelOutcome{}),
		"ca_program_key": unsafe.Sizeof(kernelKey{}),
		"ca_program":     unsafe.Sizeof(kernelProgram{}),
		"ca_syscalls":    unsafe.Sizeof(kernelSyscalls{}),
		"ca_code_key":    unsafe.Sizeof(kernelCodeKey{}),
		"ca_code":        unsafe.Sizeof(kernelCode{}),
		"ca_unasked":     unsafe.Sizeof(kernelUnasked{}),
		"ca_total":       unsafe.Sizeof(kernelTotal{}),
		"ca_end":         unsafe.Sizeof(kernelEnd{}),
	} {
		if got, ok := sizes[name]; !ok || uintptr(got) != want {
			t.Errorf("struct %s: %d bytes in the BPF object (there: %t), %d here", name, got, ok, want)
		}
	}
}

// Keys of maps are compared byte by byte, so holes in them would hold anything.
func TestKeysHaveNoHoles(t *testing.T) {
	var (
		check   kernelCheck
		site    kernelSiteKey
		outcome kernelOutcome
		unasked kernelUnasked
		program kernelKey
		code    kernelCodeKey
		group   kernelGroupKey
	)
	for name, c := range map[string]struct{ size, end uintptr }{
		"ca_check":       {unsafe.Sizeof(check), unsafe.Offsetof(check.idle) + 1},
		"ca_site_key":    {unsafe.Sizeof(site), unsafe.Offsetof(site.stack) + 8},
		"ca_outcome":     {unsafe.Sizeof(outcome), unsafe.Offsetof(outcome.kind) + 4},
		"ca_program_key": {unsafe.Sizeof(program), unsafe.Offsetof(program.pad) + 4},
		"ca_group_key":   {unsafe.Sizeof(group), unsafe.Offsetof(group.name) + unsafe.Sizeof(group.name)},
		"ca_code_key":    {unsafe.Sizeof(code), unsafe.Offsetof(code.pad) + 4},
		"ca_unasked":     {unsafe.Sizeof(unasked), unsafe.Offsetof(unasked.details) + 1},
	} {
		if c.size != c.end {
			t.Errorf("struct %s: %d bytes, its members end at %d", name, c.size, c.end)
		}
	}
	if got, want := unsafe.Offsetof(site.stack), unsafe.Sizeof(check); got != want {
		t.Errorf("struct ca_site_key: a hole from %d to %d", want, got)
	}
}

func TestDecode(t *testing.T) {
	raw := make([]byte, unsafe.Sizeof(kernelTotal{}))
	raw[0], raw[8] = 3, 5 // little endian, as every machine that we build for
	total, err := decode[kernelTotal](raw)
	if err != nil || total.granted != 3 || total.denied != 5 {
		t.Errorf("decode = %+v, %v", total, err)
	}
	for name, record := range map[string][]byte{"empty": nil, "short": raw[:len(raw)-1],
		"long": append(raw, 0)} {
		if _, err := decode[kernelTotal](record); err == nil || !strings.Contains(err.Error(), "make clean") {
			t.Errorf("a record that is %s: %v", name, err)
		}
	}
}

func TestCString(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "",
		"cat":                     "cat",
		"a\x00b":                  "a",
		"exactly 16 bytes":        "exactly 16 bytes",
		"\xff\n":                  "\xff\n",
		strings.Repeat("\x00", 8): "",
	} {
		var e kernelEvent
		for i := range text {
			*(*byte)(unsafe.Pointer(&e.comm[i])) = text[i]
		}
		if got := cString(e.comm[:]); got != want {
			t.Errorf("cString(%q) = %q", text, got)
		}
	}
	if got := cString(nil); got != "" {
		t.Errorf("cString(nil) = %q", got)
	}
}

// recorded decodes what the kernel half may have written, into what this process
// reads it as.
func recorded[T comparable](t *testing.T, raw []byte) (v T) {
	t.Helper()
	size := int(unsafe.Sizeof(v))
	record := make([]byte, size)
	copy(record, raw)
	v, err := decode[T](record)
	if err != nil {
		t.Fatal(err)
	}
	if again := unsafe.Slice((*byte)(unsafe.Pointer(&v)), size); !bytes.Equal(again, record) {
		t.Errorf("%T: %x becomes %x", v, record, again)
	}
	if _, err := decode[T](raw); (err == nil) != (len(raw) == size) {
		t.Errorf("%T of %d bytes: %v", v, len(raw), err)
	}
	return v
}

// Names and paths in what the kernel half records are the target's; and records of
// another build's may be of any size.
func FuzzRecords(f *testing.F) {
	for _, kind := range []byte{eventCheck, eventCapset, eventSyscall, eventDrop} {
		raw := make([]byte, unsafe.Sizeof(kernelEvent{}))
		raw[0] = kind
		f.Add(raw)
		f.Add(bytes.Repeat([]byte{kind}, len(raw)))
	}
	f.Add(bytes.Repeat([]byte{0xff}, int(unsafe.Sizeof(kernelEvent{}))))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		texts := []string{}
		e := event(recorded[kernelEvent](t, raw))
		if e.Syscall.Name == "" {
			t.Errorf("%+v: a call without a name", e)
		}
		texts = append(texts, e.Comm)
		program := recorded[kernelProgram](t, raw)
		texts = append(texts, cString(program.path[:]))
		for _, frame := range recorded[kernelSite](t, raw).frames {
			texts = append(texts, cString(frame[:]))
		}
		for _, text := range texts {
			if strings.Contains(text, "\x00") || len(text) > maxPath {
				t.Errorf("a text of %d bytes, %q", len(text), text)
			}
		}
		recorded[kernelState](t, raw)
		recorded[kernelCheck](t, raw)
		recorded[kernelRow](t, raw)
		recorded[kernelSiteKey](t, raw)
		recorded[kernelOutcome](t, raw)
		recorded[kernelUnasked](t, raw)
		recorded[kernelSyscalls](t, raw)
		recorded[kernelCodeKey](t, raw)
		code := recorded[kernelCode](t, raw)
		if path, _ := pathOf((*kernelNames)(&code.path)); strings.Contains(path, "\x00") {
			t.Errorf("a path with a NUL, %q", path)
		}
		recorded[kernelTotal](t, raw)
		recorded[kernelAdopted](t, raw)
		recorded[kernelLiving](t, raw)
		recorded[kernelLook](t, raw)
		recorded[kernelObjectKey](t, raw)
		object := askedOf(recorded[kernelObject](t, raw), e.Syscall).Object(accounts{})
		if text := object.Text(); strings.Contains(text, "\x00") || len(text) > 8*maxPath {
			t.Errorf("an object of %d bytes, %q", len(text), text)
		}
	})
}
