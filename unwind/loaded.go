package unwind

import "golang.org/x/sys/unix"

// Loaded are the bytes of a segment. Many are not on Go's heap: its collector lets as much garbage gather as
// there is of what is used, which these would double.
type Loaded []byte

// fewest bytes are worth a mapping of their own, of which a process has 65,530.
const fewest = 64 << 10

func apart(size uint64) []byte {
	if size < fewest {
		return make([]byte, size)
	}
	b, err := unix.Mmap(-1, 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return make([]byte, size)
	}
	return b
}

// Unload gives them back. Names that lie in them are lost.
func (l Loaded) Unload() {
	if len(l) >= fewest {
		unix.Munmap(l) // refused where it is on the heap: unix knows what it has mapped
	}
}
