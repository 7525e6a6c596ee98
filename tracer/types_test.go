package tracer

import (
	"errors"
	"os"
	"testing"

	"github.com/cap-audit/cap-audit/btf"
	"github.com/cap-audit/cap-audit/test/machine"
)

// The kernel half has to know what it reads words as, or takes a slower way.
func TestTypesOfThisKernel(t *testing.T) {
	if _, err := os.Stat(btf.File); err != nil {
		t.Skipf("wanted a kernel that describes its types: %v", err)
	}
	types, err := readTypes()
	if err != nil {
		t.Fatal(err)
	}
	defer types.close()
	if types.anInteger == 0 {
		t.Error("no struct timespec64")
	}
	info, err := os.Stat(types.path())
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() == 0 {
		t.Error("no types for libbpf")
	}
}

// libbpf looks where it is told to: it finds nothing in an outline of nothing, and
// all it wants where the kernel has it, with another one's outline or none.
func TestLibbpfLooksInTheOutline(t *testing.T) {
	if missing := MissingPrivileges(); len(missing) > 0 {
		machine.Lacks(t, "wanted privileges to trace, %v are missing", missing)
	}
	captureLibbpfLog()
	nothing, err := btf.OfKernel(nil)
	if err != nil {
		t.Skipf("wanted a kernel that describes its types: %v", err)
	}
	defer nothing.Outline.Close()
	load := func(types kernelTypes) error {
		var failures error
		for _, backend := range autoOrder() {
			k, _, err := tryBackend(backend, settings{}, types)
			if err == nil {
				k.close()
				return nil
			}
			failures = errors.Join(failures, err)
		}
		return failures
	}
	if err := load(kernelTypes{}); err != nil {
		t.Errorf("without an outline: %v", err)
	}
	types, err := readTypes()
	if err != nil {
		t.Fatal(err)
	}
	defer types.close()
	if err := load(types); err != nil {
		t.Errorf("with an outline: %v", err)
	}
	lookIn(nothing.Outline)
	if load(types) == nil {
		t.Error("loaded without a function to attach to")
	}
}
