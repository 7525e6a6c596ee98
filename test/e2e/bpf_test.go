package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// bpfOf are the ids of what a process holds of BPF, by the kernel's word for the kind: prog, map.
func bpfOf(t *testing.T, pid int, kind string) []uint32 {
	t.Helper()
	infos, err := filepath.Glob(fmt.Sprintf("/proc/%d/fdinfo/*", pid))
	if err != nil {
		t.Fatal(err)
	}
	var ids []uint32
	for _, info := range infos {
		raw, _ := os.ReadFile(info)
		for line := range strings.Lines(string(raw)) {
			var id uint32
			if _, err := fmt.Sscanf(line, kind+"_id: %d", &id); err == nil {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// bpf makes the system call with the part of uapi/linux/bpf.h's union bpf_attr that a command reads.
func bpf[T any](command uintptr, attr *T) (int, error) {
	result, _, errno := unix.Syscall(unix.SYS_BPF, command, uintptr(unsafe.Pointer(attr)),
		unsafe.Sizeof(*attr))
	if errno != 0 {
		return -1, errno
	}
	return int(result), nil
}

// bpfByID opens what the kernel knows by an id: command is the one for its kind.
func bpfByID(command uintptr, id uint32) (int, error) {
	return bpf(command, &struct{ id, next, flags uint32 }{id: id})
}

// bpfProgramExists asks the kernel for a program by id.
func bpfProgramExists(id uint32) bool {
	fd, err := bpfByID(unix.BPF_PROG_GET_FD_BY_ID, id)
	if err == nil {
		unix.Close(fd)
	}
	return err == nil
}

// kernelMap is a map of the kernel half, while an audit runs.
type kernelMap struct {
	fd   int
	info mapInfo
}

// mapInfo is the beginning of the kernel's struct bpf_map_info.
type mapInfo struct {
	kind, id, keySize, valueSize, entries, flags uint32
	name                                         [16]byte
}

// mapOf is the map of that name which a cap-audit holds.
func mapOf(t *testing.T, auditor int, name string) kernelMap {
	t.Helper()
	for _, id := range bpfOf(t, auditor, "map") {
		fd, err := bpfByID(unix.BPF_MAP_GET_FD_BY_ID, id)
		if err != nil {
			t.Fatalf("map %d of cap-audit: %v", id, err)
		}
		m := kernelMap{fd: fd}
		_, err = bpf(unix.BPF_OBJ_GET_INFO_BY_FD, &struct {
			fd, size uint32
			info     unsafe.Pointer
		}{uint32(fd), uint32(unsafe.Sizeof(m.info)), unsafe.Pointer(&m.info)})
		if err != nil {
			t.Fatalf("map %d of cap-audit: %v", id, err)
		}
		if unix.ByteSliceToString(m.info.name[:]) == name {
			t.Cleanup(func() { unix.Close(fd) })
			return m
		}
		unix.Close(fd)
	}
	t.Fatalf("cap-audit holds no map %q", name)
	return kernelMap{}
}

// each goes through a map that nobody writes to.
func (m kernelMap) each(t *testing.T, visit func(key, value []byte)) {
	t.Helper()
	type attr struct {
		fd, _    uint32
		key, out unsafe.Pointer
	}
	key, value := make([]byte, m.info.keySize), make([]byte, m.info.valueSize)
	var last unsafe.Pointer // nil for the first
	for {
		next := make([]byte, m.info.keySize)
		_, err := bpf(unix.BPF_MAP_GET_NEXT_KEY, &attr{uint32(m.fd), 0, last, unsafe.Pointer(&next[0])})
		if err == unix.ENOENT {
			return
		}
		if err == nil {
			copy(key, next)
			last = unsafe.Pointer(&key[0])
			_, err = bpf(unix.BPF_MAP_LOOKUP_ELEM, &attr{uint32(m.fd), 0, last, unsafe.Pointer(&value[0])})
		}
		if err != nil {
			t.Fatalf("map %s: %v", m.info.name, err)
		}
		visit(key, value)
	}
}
