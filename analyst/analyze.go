package analyst

import (
	"encoding/json"
	"io"
	"os"

	"github.com/cap-audit/cap-audit/early"
	"github.com/cap-audit/cap-audit/tracer"
)

// Mapped is a file that a program mapped code of, or why it could not be opened.
type Mapped struct {
	Path string
	File *os.File
	Err  error
}

// Program is one to be looked at.
type Program struct {
	Path string
	File *os.File
	// Names are paths that it was given.
	Names  []string
	Mapped []Mapped
	// Root is its root directory, nil where that is not known.
	Root *os.File
}

// Analysis is one under way.
type Analysis struct {
	aside *tracer.Aside
	path  string
}

// Start begins to look at a program. Its files are not needed any more then.
func Start(p Program) (*Analysis, error) {
	r := request{Program: []byte(p.Path), Names: tracer.Raw(p.Names), HasRoot: p.Root != nil}
	handed := []*os.File{p.File}
	taken := map[string]bool{p.Path: true}
	for _, m := range p.Mapped {
		for taken[m.Path] { // files can have been at one path one after the other
			m.Path += " (another)"
		}
		taken[m.Path] = true
		if m.Err != nil {
			r.Failed = append(r.Failed, failed{[]byte(m.Path), m.Err.Error()})
		} else {
			r.Handed = append(r.Handed, []byte(m.Path))
			handed = append(handed, m.File)
		}
	}
	if p.Root != nil {
		handed = append(handed, p.Root)
	}
	aside, err := tracer.StartAside(early.AnalystName, handed)
	if err != nil {
		return nil, err
	}
	if err := json.NewEncoder(aside.Socket).Encode(r); err != nil {
		aside.End()
	}
	return &Analysis{aside, p.Path}, nil
}

// Hurry has it rest no more, and yield to others no more where that may be.
func (a *Analysis) Hurry() {
	a.aside.Hurry()
	a.aside.Tell(hurry)
}

// End ends it, without a result.
func (a *Analysis) End() { a.aside.End() }

// Answer waits for what came of it. It is to be called once.
func (a *Analysis) Answer() *Answer {
	text, _ := io.ReadAll(io.LimitReader(a.aside.Socket, mostAnswer+1))
	a.aside.End()
	a.aside.Wait()
	return read(text, a.path)
}
