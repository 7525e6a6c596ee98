package btf

import (
	"bytes"
	"io"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// File is where the running kernel has its own.
const File = "/sys/kernel/btf/vmlinux"

// Cut is what is left of the running kernel's, see Trim for the first two.
type Cut struct {
	Types []byte
	IDs   map[string]uint32
	Outline
}

// OfKernel cuts down what the running kernel has.
func OfKernel(names map[string]bool) (cut Cut, err error) {
	err = withKernel(func(raw []byte) error {
		f, err := find(raw, names)
		if err == nil {
			cut.Types, cut.IDs, err = f.trim()
		}
		if err == nil {
			cut.Outline, err = f.outline()
		}
		return err
	})
	return cut, err
}

// KernelHas reports whether the running kernel describes anything by one of the
// names.
func KernelHas(names ...string) (has bool, err error) {
	err = withKernel(func(raw []byte) (err error) {
		has, err = hasName(raw, names)
		return err
	})
	return has, err
}

// hasName looks for names where all of them are, without a look at what has them.
func hasName(raw []byte, names []string) (bool, error) {
	d, err := parse(raw)
	return slices.ContainsFunc(names, func(name string) bool {
		return bytes.Contains(d.strings, []byte("\x00"+name+"\x00"))
	}), err
}

// withKernel shows the kernel's. Its 6 MB are not on Go's heap, which would keep them.
func withKernel(look func(raw []byte) error) error {
	file, err := os.Open(File)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	size := int(info.Size())
	// from 6.16 on (kernel/bpf/sysfs_btf.c, btf_sysfs_vmlinux_mmap())
	raw, err := unix.Mmap(int(file.Fd()), 0, size, unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		raw, err = unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
		if err != nil {
			return os.NewSyscallError("mmap", err)
		}
		_, err = io.ReadFull(file, raw)
	}
	defer unix.Munmap(raw)
	if err != nil {
		return err
	}
	return look(raw)
}
