// Package analyst looks at the code of programs while they run: in a process of ours that has
// no privileges, is bounded in memory and time and yields to all others, since the files are
// anybody's and made to be read by nobody but a dynamic linker.
package analyst

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/early"
	"github.com/cap-audit/cap-audit/files"
	"github.com/cap-audit/cap-audit/reach"
	"github.com/cap-audit/cap-audit/tracer"
)

// The descriptors that it is handed.
const (
	socketFD = 3
	filesFD  = 4
)

// Bounds of the process. The runtime collects garbage often enough to stay within heap; threads'
// stacks and what it does not use are above that.
const (
	mostHeap    = 256 << 20
	mostMemory  = 512 << 20
	mostSeconds = 60
)

// MaybeAnalyze looks at a program's code when this process was started for that, and does not
// return then. main calls it before anything else but the stub.
func MaybeAnalyze() {
	if !early.IsAnalyst {
		return
	}
	socket := os.NewFile(socketFD, "cap-audit")
	if socket == nil || confine() != nil {
		os.Exit(1)
	}
	decoder := json.NewDecoder(io.LimitReader(socket, mostAnswer))
	var r request
	if decoder.Decode(&r) != nil {
		os.Exit(1)
	}
	p := newPace()
	go func() {
		var word string
		for decoder.Decode(&word) == nil {
			p.hurry()
		}
		os.Exit(1) // whoever asked does not want to know any more, or is gone
	}()
	json.NewEncoder(socket).Encode(r.answer(p.yield))
	os.Exit(0)
}

// confine bounds what this process takes. It began without privileges: see privilege.
func confine() error {
	debug.SetMemoryLimit(mostHeap)
	early.LetCodeGo()
	runtime.GOMAXPROCS(1)
	// the first to go where memory is short; not ours to write if this file has capabilities
	os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0)
	var err error
	for resource, most := range map[int]uint64{unix.RLIMIT_CPU: mostSeconds, unix.RLIMIT_DATA: mostMemory,
		unix.RLIMIT_CORE: 0, unix.RLIMIT_FSIZE: 0} {
		var now unix.Rlimit
		err = errors.Join(err, unix.Getrlimit(resource, &now))
		now.Max = min(now.Max, most)
		now.Cur = min(now.Cur, now.Max)
		err = errors.Join(err, unix.Setrlimit(resource, &now))
	}
	return err
}

// answer does what is asked.
func (r *request) answer(yield func()) (a Answer) {
	defer func() {
		if wrong := recover(); wrong != nil {
			a = Answer{Failed: fmt.Sprintf("the analysis failed: %.200v", wrong)}
		}
	}()
	options := reach.Options{Names: tracer.Cooked(r.Names), Mapped: tracer.Cooked(r.Handed), Open: r.opener(),
		Yield: yield}
	for _, m := range r.Failed {
		options.Mapped = append(options.Mapped, string(m.Path))
	}
	result, err := reach.Analyze(string(r.Program), options)
	if file := (*reach.FileError)(nil); errors.As(err, &file) {
		err = file.Err // of the program itself
	}
	if err != nil {
		return Answer{Failed: err.Error()}
	}
	return Answer{Result: result}
}

// opener opens what was handed over, and other files by their paths below the program's root.
func (r *request) opener() func(path string) (*os.File, error) {
	handed, failed := map[string]int{}, map[string]string{}
	for n, path := range append([][]byte{r.Program}, r.Handed...) {
		handed[string(path)] = filesFD + n
	}
	for _, m := range r.Failed {
		failed[string(m.Path)] = m.Why
	}
	root := os.NewFile(uintptr(filesFD+len(handed)), "root")
	return func(path string) (*os.File, error) {
		if fd, ok := handed[path]; ok {
			again, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
			return os.NewFile(uintptr(again), path), err
		}
		if why, ok := failed[path]; ok {
			return nil, errors.New(why)
		}
		if !r.HasRoot {
			return nil, os.ErrNotExist
		}
		return files.OpenRegularBelow(root, path, files.Any)
	}
}
