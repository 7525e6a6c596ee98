package tracer

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/files"
	"github.com/cap-audit/cap-audit/unwind"
)

const (
	// mostOpen files of code are open at a time.
	mostOpen = 64
	// mostMaps is how much of /proc/PID/maps is read.
	mostMaps = 4 << 20
)

// codeFiles are the files that programs' code came from. They are opened with the privileges that
// the caller has.
type codeFiles struct {
	root int // a process that sees files as the programs do, while it lives
	pid  int // the one whose stack is unwound
	open map[fileID]openCode
}

// fileID tells a file from others, as the kernel half does.
type fileID struct {
	inode              uint64
	device, generation uint32
}

type openCode struct {
	file *os.File
	code *unwind.File
}

func newCodeFiles(root int) *codeFiles { return &codeFiles{root: root, open: map[fileID]openCode{}} }

// of says whose stack comes next.
func (c *codeFiles) of(pid int) { c.pid = pid }

// mapping is one as the kernel half tells of it.
func (c *codeFiles) mapping(m *kernelMapping) unwind.Mapping {
	id := fileID{uint64(m.file.inode), uint32(m.file.device), uint32(m.file.generation)}
	name, whole := pathOf((*kernelNames)(&m.path))
	return c.lazily(id, name, whole, uint64(m.start), uint64(m.end),
		uint64(m.pages)*uint64(os.Getpagesize()))
}

func (c *codeFiles) lazily(id fileID, name string, whole bool, start, end, offset uint64) unwind.Mapping {
	open := func() *unwind.File { return nil }
	if id.inode != 0 {
		open = func() *unwind.File { return c.file(id, name, whole, start, end) }
	}
	return unwind.Mapping{Start: start, End: end, Offset: offset, Module: name, File: open}
}

// pathOf puts the parts of a path together. Where some could not be read, it is only its end.
func pathOf(names *kernelNames) (name string, whole bool) {
	for _, part := range namesOf(names) {
		name = "/" + part + name
	}
	if names.end == namesMore && name != "" {
		return "..." + name, false
	}
	return name, names.end == namesRoot && name != ""
}

// mapFile is the link to the file of a process's mapping.
func mapFile(pid int, start, end uint64) location {
	return location{"", fmt.Sprintf("/proc/%d/map_files/%x-%x", pid, start, end)}
}

// file is what lies at a mapping, nil if it cannot be read.
func (c *codeFiles) file(id fileID, name string, whole bool, start, end uint64) *unwind.File {
	if known, ok := c.open[id]; ok {
		return known.code
	}
	locations := []location{mapFile(c.pid, start, end)}
	if whole {
		locations = append(seenBy(name, c.pid, c.root), locations...)
	}
	f, err := openFirst(id, locations)
	if err != nil {
		return nil
	}
	code, err := unwind.NewFile(f)
	if err != nil {
		f.Close()
		return nil
	}
	c.addDebugFile(code, name)
	c.keep(id, openCode{f, code})
	return code
}

// is: btrfs and overlayfs give stat(2) devices of their own, which have no major number.
func (id fileID) is(info unix.Stat_t) bool {
	device := unix.Major(info.Dev)<<20 | unix.Minor(info.Dev)
	return info.Ino == id.inode && (device == id.device || unix.Major(info.Dev) == 0)
}

func (c *codeFiles) keep(id fileID, f openCode) {
	if len(c.open) == mostOpen {
		for _, old := range c.open {
			old.file.Close()
		}
		clear(c.open)
	}
	c.open[id] = f
}

// addDebugFile gives a file that was stripped the symbols that were installed beside it, if they
// are of the same build.
func (c *codeFiles) addDebugFile(code *unwind.File, name string) {
	id := code.BuildID()
	if code.HasSymbols() || len(id) < 2 {
		return
	}
	const debug = "/usr/lib/debug"
	hexed := hex.EncodeToString(id)
	candidates := []string{path.Join(debug, ".build-id", hexed[:2], hexed[2:]+".debug")}
	if link := code.DebugLink(); link != "" && link == path.Base(link) {
		in := path.Dir(name)
		candidates = append(candidates, path.Join(in, link), path.Join(in, ".debug", link),
			path.Join(debug, in, link))
	}
	for _, candidate := range candidates {
		if addSymbols(code, candidate, id) {
			return
		}
	}
}

func addSymbols(code *unwind.File, name string, id []byte) bool {
	f, err := files.OpenRegular(name, files.Any)
	if err != nil {
		return false
	}
	defer f.Close() // symbols are read at once
	symbols, err := unwind.NewFile(f)
	if err != nil || !bytes.Equal(symbols.BuildID(), id) {
		return false
	}
	code.AddSymbols(symbols)
	return true
}

// mappings are those of a process that lives and began then, where the kernel half could not tell them.
func (c *codeFiles) mappings(pid int, born uint64) []unwind.Mapping {
	lines, err := mapsOf(pid)
	if err != nil || !begunAt(pid, born) {
		return nil
	}
	var list []unwind.Mapping
	for _, l := range lines[:min(len(lines), mostMappings)] {
		list = append(list, c.lazily(l.id, l.name, l.name != "", l.start, l.end, l.offset))
	}
	return list
}

// begunAt: the process is the one that was meant, not a later one of its number.
// fs/proc/array.c, do_task_stat(): field 22 is in ticks of USER_HZ, which is 100.
func begunAt(pid int, born uint64) bool {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	text := string(raw)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	const startTime, tick = 22 - 3, 10_000_000
	return len(fields) > startTime && fields[startTime] == strconv.FormatUint(born/tick, 10)
}

// mapsLine is a line of /proc/PID/maps that is of code.
type mapsLine struct {
	start, end, offset uint64
	id                 fileID // its inode is 0 where it is of no file
	name               string
}

// mapsOf are those of a process, as far as they are read.
func mapsOf(pid int) ([]mapsLine, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var list []mapsLine
	for lines := bufio.NewReader(io.LimitReader(f, mostMaps)); ; {
		// of any length: directories can lie in each other as deep as they like
		line, err := lines.ReadString('\n')
		if l, ok := parseMaps(line); ok {
			list = append(list, l)
		}
		if err == io.EOF {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// parseMaps takes a line apart, if it is of code: fs/proc/task_mmu.c, show_vma_header_prefix().
func parseMaps(line string) (l mapsLine, ok bool) {
	_, rest, _ := strings.Cut(line, " ")
	if len(rest) < 3 || rest[2] != 'x' {
		return l, false
	}
	var rights string
	var major, minor uint32
	n, _ := fmt.Sscanf(line, "%x-%x %s %x %x:%x %d", &l.start, &l.end, &rights, &l.offset, &major, &minor,
		&l.id.inode)
	if n < 7 {
		return l, false
	}
	l.id.device = major<<20 | minor
	if at := strings.IndexByte(line, '/'); at >= 0 && l.id.inode != 0 {
		l.name = strings.TrimSuffix(strings.TrimSuffix(line[at:], "\n"), " (deleted)")
	}
	return l, true
}
