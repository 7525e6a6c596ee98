package session

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/analyst"
	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/reach"
	"github.com/cap-audit/cap-audit/tracer"
)

const (
	// mostNames are given to the analysis, mostMapped files of code handed over.
	mostNames, mostMapped = 256, 512
	// mostCompared is how large files may be of which the bytes are compared.
	mostCompared = 16 << 20
)

var errTooMapped = errors.New("is more than can be handed over")

// code is that of a program, or of several whose files have the same bytes: scripts of one
// interpreter, copies under names made up.
type code struct {
	file *os.File
	name string // the path by which one was executed, and the index of that: 0 before
	by   int
	size int64
	// mapped are files of code that its programs mapped, and at where these are in it; the first
	// of them were given with what the answer is for.
	mapped []mapped
	at     map[audit.CodeFile]int
	given  int
	answer *analyst.Answer // nil before it was looked at
}

// mapped is a file of code, and the index of a program that mapped it.
type mapped struct {
	audit.CodeFile
	by int
}

// fileState tells a file apart as long as nobody writes to it.
type fileState struct {
	device, inode uint64
	size          int64
	changed       unix.Timespec
}

func stateOf(file *os.File) (s fileState) {
	var info unix.Stat_t
	if unix.Fstat(int(file.Fd()), &info) == nil {
		s = fileState{info.Dev, info.Ino, info.Size, info.Ctim}
	}
	return s
}

// isIn tells whether a file of some size has the same bytes.
func (c *code) isIn(file *os.File, size int64) bool {
	if c.size != size || size > mostCompared {
		return false
	}
	one, two := make([]byte, 64<<10), make([]byte, 64<<10)
	for at := int64(0); at < size; at += int64(len(one)) {
		n, _ := c.file.ReadAt(one, at)
		m, _ := file.ReadAt(two, at)
		if n == 0 || !bytes.Equal(one[:n], two[:m]) {
			return false
		}
	}
	return true
}

// path is where the file is: of a script that of its interpreter, and links are followed, as
// the dynamic linker has it for $ORIGIN.
func (c *code) path() string {
	path, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", c.file.Fd()))
	if err != nil {
		return c.name
	}
	return strings.TrimSuffix(path, " (deleted)")
}

// note tells whether a program mapped what none did before.
func (c *code) note(index int, files []audit.CodeFile) (changed bool) {
	for _, f := range files {
		if _, ok := c.at[f]; !ok {
			c.at[f] = len(c.mapped)
			c.mapped = append(c.mapped, mapped{f, index})
			changed = true
		}
	}
	return changed
}

// settled: nothing was mapped that was not looked at.
func (c *code) settled() bool {
	return c.answer != nil && !slices.ContainsFunc(c.mapped[c.given:], func(m mapped) bool {
		return !c.covers(m.CodeFile)
	})
}

// covers: what is known is known with this file of code.
func (c *code) covers(f audit.CodeFile) bool {
	if at, ok := c.at[f]; ok && at < c.given {
		return true
	}
	result := c.answer.Result
	return result != nil && slices.ContainsFunc(result.Files, func(id reach.FileID) bool {
		return tracer.IsFile(f, id.Device, id.Inode)
	})
}

// coversAll: it is known with all of these.
func (c *code) coversAll(files []audit.CodeFile) bool {
	return c.answer != nil && !slices.ContainsFunc(files, func(f audit.CodeFile) bool { return !c.covers(f) })
}

// program is what the analyst is to look at, with so many files of code open, which are to be closed.
func (c *code) program(a *tracer.Audit, most int) analyst.Program {
	p := analyst.Program{Path: c.path(), File: c.file}
	if a == nil { // what is to be launched sees what we do
		p.Root = tracer.OpenOwnRoot()
	} else {
		p.Root = a.OpenRoot(c.by, c.name, c.file)
	}
	for n, f := range c.mapped {
		m := analyst.Mapped{Path: f.Path, Err: errTooMapped}
		if n < most {
			m.File, m.Err = a.OpenCode(f.by, f.CodeFile)
		}
		p.Mapped = append(p.Mapped, m)
	}
	return p
}

// settle keeps the answer that was given for it with the first so many files of code.
func (c *code) settle(answer *analyst.Answer, given int) {
	c.answer, c.given = answer, given
}
