package reach

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/unwind"
)

// openFlags: nothing is waited for, as with a FIFO.
const openFlags = unix.O_NONBLOCK | unix.O_CLOEXEC | unix.O_NOCTTY

// defaultDirectories are where dynamic linkers look at last, on distributions
// with and without multiarch; musl's own list is among them.
var defaultDirectories = map[elf.Machine][]string{
	elf.EM_X86_64: {"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib",
		"/usr/lib", "/usr/local/lib", "/usr/lib/x86_64-linux-musl", "/lib/x86_64-linux-musl"},
	elf.EM_AARCH64: {"/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64", "/lib",
		"/usr/lib", "/usr/local/lib", "/usr/lib/aarch64-linux-musl", "/usr/aarch64-linux-gnu/lib"},
}

func splitPath(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ':' })
}

// opener opens a file of that path.
type opener func(path string) (*os.File, error)

// finder looks for libraries as the dynamic linker would.
type finder struct {
	root    string // of the file system that the program is for, "" for what open shows
	machine elf.Machine
	cache   map[string][]string
}

// newFinder takes for the root the closest directory above the program in which
// its interpreter is: "" for programs that are installed here, the tree's for
// those of an image or an unpacked package. Of a program that ran it is known.
func newFinder(o *object, open opener, unknown bool) *finder {
	f := &finder{machine: o.machine}
	path, err := filepath.Abs(o.path)
	if err != nil || o.interpreter == "" {
		return f
	}
	for dir := filepath.Dir(path); unknown && dir != "/"; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, o.interpreter)); err == nil && filepath.Base(dir) != "usr" {
			f.root = dir // and not /usr, to where distributions moved /lib64
			break
		}
	}
	f.cache = readCache(open, filepath.Join("/", f.root, "etc/ld.so.cache"))
	return f
}

// candidates are the paths at which an object's library may be, the likely first.
func (f *finder) candidates(o, program *object, name string) []string {
	if strings.Contains(name, "/") {
		return []string{f.root + name}
	}
	var list []string
	add := func(by *object, dirs []string) {
		origin := filepath.Dir(by.path)
		for _, dir := range dirs {
			switch {
			case strings.Contains(dir, "$ORIGIN") || strings.Contains(dir, "${ORIGIN}"):
				dir = strings.NewReplacer("${ORIGIN}", origin, "$ORIGIN", origin).Replace(dir)
			default:
				dir = f.root + dir
			}
			list = append(list, filepath.Join(dir, name))
		}
	}
	if len(o.runpath) == 0 {
		add(o, o.rpath)
		add(program, program.rpath)
	}
	add(o, o.runpath)
	for _, path := range f.cache[name] {
		list = append(list, f.root+path)
	}
	for _, dir := range defaultDirectories[f.machine] {
		list = append(list, filepath.Join(f.root+dir, name))
	}
	return list
}

// readCache reads the dynamic linker's cache, in glibc's new format
// (sysdeps/generic/dl-cache.h): what is in it for a name, "" for none.
func readCache(open opener, path string) map[string][]string {
	file, err := open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil
	}
	b := make([]byte, min(info.Size(), 8<<20))
	_, err = io.ReadFull(file, b)
	at := bytes.Index(b[:min(len(b), 4<<20)], []byte("glibc-ld.so.cache1.1"))
	if err != nil || at < 0 || len(b) < at+48 {
		return nil
	}
	b = b[at:]
	count := binary.LittleEndian.Uint32(b[20:])
	cache := map[string][]string{}
	for n := uint32(0); n < min(count, 1<<16); n++ {
		entry := 48 + int(n)*24
		if len(b) < entry+24 {
			break
		}
		key := unwind.StringAt(b, uint64(binary.LittleEndian.Uint32(b[entry+4:])))
		value := unwind.StringAt(b, uint64(binary.LittleEndian.Uint32(b[entry+8:])))
		if key != "" && strings.HasPrefix(value, "/") {
			cache[key] = append(cache[key], value)
		}
	}
	return cache
}
