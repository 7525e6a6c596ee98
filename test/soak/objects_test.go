package soak

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// object is a BPF object of the kernel's.
type object struct {
	kind string // prog, map, link
	id   uint32
}

// byID are the commands of bpf(2) that open one (uapi/linux/bpf.h).
var byID = map[string]uintptr{"prog": 13, "map": 14, "link": 30}

// objects are those that audits were seen to have.
type objects struct {
	mu   sync.Mutex
	seen map[object]bool
}

// note takes down what a process has.
func (o *objects) note(pid int) {
	infos, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fdinfo/*", pid))
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, info := range infos {
		raw, _ := os.ReadFile(info)
		for line := range strings.Lines(string(raw)) {
			name, value, _ := strings.Cut(line, ":")
			kind, isID := strings.CutSuffix(name, "_id")
			var id uint32
			if _, err := fmt.Sscan(value, &id); err == nil && isID && byID[kind] != 0 {
				o.seen[object{kind, id}] = true
			}
		}
	}
}

// left are those that still exist.
func (o *objects) left() []object {
	o.mu.Lock()
	defer o.mu.Unlock()
	var left []object
	for object := range o.seen {
		attr := struct{ id, next, flags uint32 }{id: object.id}
		fd, _, errno := unix.Syscall(unix.SYS_BPF, byID[object.kind], uintptr(unsafe.Pointer(&attr)),
			unsafe.Sizeof(attr))
		if errno == 0 {
			unix.Close(int(fd))
			left = append(left, object)
		}
	}
	return left
}

func (o *objects) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	count := map[string]int{}
	for object := range o.seen {
		count[object.kind]++
	}
	return fmt.Sprintf("%d programs, %d maps, %d links", count["prog"], count["map"], count["link"])
}
