package tracer

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/bpf"
	"github.com/cap-audit/cap-audit/btf"
	"github.com/cap-audit/cap-audit/unwind"
)

// kernelTypes are the types of this kernel that the kernel half names. libbpf
// relocates by these, and looks in the outline for what is attached to and called,
// since to look through all types takes longer than all else that loading does. The
// zero value leaves it to libbpf to find the kernel's own.
type kernelTypes struct {
	file    *os.File
	outline btf.Outline
	// anInteger is the kernel's ID of what words are read as, see word_at(); 0 where a helper reads them.
	anInteger uint32
}

// readTypes is for a moment: what it returns is to be closed. A kernel that has
// its types elsewhere, which libbpf may know, is no failure.
func readTypes() (types kernelTypes, err error) {
	names, err := halfNames()
	if err != nil {
		return types, err
	}
	cut, err := btf.OfKernel(names)
	if err != nil {
		return kernelTypes{}, nil
	}
	types.outline = cut.Outline
	lookIn(types.outline)
	fd, err := unix.MemfdCreate("types", unix.MFD_CLOEXEC)
	if err != nil {
		types.close()
		return types, os.NewSyscallError("memfd_create", err)
	}
	types.file = os.NewFile(uintptr(fd), "types")
	if cut.IDs["bpf_rdonly_cast"] != 0 {
		types.anInteger = cut.IDs["timespec64"]
	}
	if _, err := types.file.Write(cut.Types); err != nil {
		types.close()
		return types, err
	}
	return types, nil
}

// openHalf reads the kernel half as an object file.
func openHalf() (*unwind.File, error) { return unwind.NewFile(bytes.NewReader(bpf.Object)) }

// halfTypes are the BTF of the kernel half.
func halfTypes() (raw []byte, half *unwind.File, err error) {
	half, err = openHalf()
	if err != nil {
		return nil, nil, err
	}
	section, _ := half.Section(".BTF")
	raw, ok := half.Bytes(section.Off, section.Size, uint64(len(bpf.Object)))
	if !ok {
		return nil, nil, errors.New("no types in the kernel half")
	}
	return raw, half, nil
}

// halfNames are of the types and functions that the kernel half names.
func halfNames() (map[string]bool, error) {
	raw, half, err := halfTypes()
	if err != nil {
		return nil, err
	}
	names, err := btf.Names(raw)
	if err != nil {
		return nil, err
	}
	for section := range half.SectionNames() {
		if attach, name, ok := strings.Cut(section, "/"); ok {
			names[attachedBy[attach]+name] = true
		}
	}
	return names, nil
}

// attachedBy is how the kernel's name begins of what a program is attached to, by the
// program's kind (libbpf's find_kernel_btf_id(), and bpf_iter_ctx_struct).
var attachedBy = map[string]string{"tp_btf": "btf_trace_", "iter": "bpf_iter_"}

func (t kernelTypes) close() {
	lookIn(nil)
	t.outline.Close()
	if t.file != nil {
		t.file.Close()
	}
}

// path is where libbpf finds them, "" for where it would look otherwise.
func (t kernelTypes) path() string {
	if t.file == nil {
		return ""
	}
	return fmt.Sprintf("/proc/self/fd/%d", t.file.Fd())
}
