package tracer

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/files"
)

// mostAsked is through how many processes of a program a file is looked for.
const mostAsked = 8

// OpenCode opens a file that a program mapped, as the program sees it, with the privileges of the
// caller. It can wait as long as a file system that the program has made lets it.
func (a *Audit) OpenCode(program int, file audit.CodeFile) (*os.File, error) {
	id := fileID{inode: file.Inode, device: file.Device}
	pids := a.code.running(uint32(program))
	if file.Whole {
		if f, err := openFirst(id, seenBy(file.Path, append(pids, a.PID())...)); f != nil {
			return f, err
		}
	}
	var locations []location
	for _, pid := range pids {
		lines, _ := mapsOf(pid)
		for _, l := range lines {
			if l.id == id {
				locations = append(locations, mapFile(pid, l.start, l.end))
				break
			}
		}
	}
	f, err := openFirst(id, locations)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file.Path, err)
	}
	return f, nil
}

// OpenProgram opens a program's own file likewise; of a script it is the interpreter.
func (a *Audit) OpenProgram(program int) (*os.File, error) {
	p, err := a.kernel.program(uint32(program))
	if err != nil {
		return nil, fmt.Errorf("program %d: %w", program, err)
	}
	id := fileID{inode: uint64(p.file.inode), device: uint32(p.file.device)}
	path := a.pathOf(uint32(program), p)
	pids := a.code.running(uint32(program))
	var locations []location
	for _, pid := range pids {
		locations = append(locations, executed(pid))
	}
	if filepath.IsAbs(path) {
		for _, pid := range append(pids, a.PID()) {
			locations = append(locations, interpretersOf(location{rootOf(pid), path})...)
		}
	}
	locations = append(locations, interpretersOf(location{"", absolute(path)})...)
	f, err := openFirst(id, locations)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// OpenExecuted opens what the kernel executes of a path, nil if it cannot be opened: of a script it is the
// interpreter.
func OpenExecuted(path string) *os.File {
	all := interpretersOf(location{"", absolute(path)})
	file, err := all[len(all)-1].open(files.Any)
	if err != nil {
		return nil
	}
	return file
}

// executed is the link to the file of a process's program.
func executed(pid int) location { return location{"", fmt.Sprintf("/proc/%d/exe", pid)} }

// interpretersOf are a program and the interpreters that it names, below the same root.
func interpretersOf(l location) []location {
	list := []location{l}
	for range mostInterpreters {
		l.path = l.interpreter()
		if !filepath.IsAbs(l.path) {
			break
		}
		list = append(list, l)
	}
	return list
}

// running are a few processes that ran the program when it was last looked.
func (c *codeSeen) running(program uint32) []int {
	c.mu.Lock()
	defer c.mu.Unlock()
	var pids []int
	for _, r := range c.living {
		if r.program == program && len(pids) < mostAsked {
			pids = append(pids, r.pid)
		}
	}
	return pids
}
