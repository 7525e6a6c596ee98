// Package unwind finds out which functions of a program were under way, from its
// registers, the top of its stack and the files that its code came from. Programs are
// built without frame pointers: the rules for the caller's frame are in .eh_frame, and
// in what Go's runtime knows of its functions. File has these tables, and all else that is
// read of ELF files.
//
// All that it reads was made by others. Nothing is read that has no bound, no
// reading takes longer for what is written there, and what cannot be told is not guessed.
package unwind

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
)

// Machine is the architecture of the program.
type Machine = elf.Machine

// The machines whose stacks can be unwound.
const (
	AMD64 = elf.EM_X86_64
	ARM64 = elf.EM_AARCH64
)

// MaxFrames are told of one stack.
const MaxFrames = 64

// End says why there are no more frames.
type End string

// Ends of stacks.
const (
	// Whole: the outermost frame has no caller.
	Whole End = ""
	// Cut: the caller's frame lies beyond what was copied of the stack, or on another one.
	Cut End = "more of the stack was not copied"
	// Long: there are more than MaxFrames.
	Long End = "there are more frames"
	// NoRule: nothing tells where the caller's frame is.
	NoRule End = "the file does not tell where the caller is"
	// Foreign: the code is for another machine.
	Foreign End = "its code is of 32 bits, or of another machine"
	// NoFile: the code is in memory that is of no file, or of one that could not be read.
	NoFile End = "its code is in no file that could be read"
	// Nowhere: the caller's address is one where there is no code.
	Nowhere End = "there is no code where the caller should be"
)

// Registers are a thread's, by DWARF's numbers for its machine.
type Registers [33]uint64

// Stack is what is known of a thread.
type Stack struct {
	Machine   Machine
	Registers Registers
	// Memory was copied from the address Base on, but for the pages that are Missing: bit n for the nth.
	Base    uint64
	Memory  []byte
	Missing uint64
}

// Page is the size of a page. Base is where one begins.
const Page = 4096

// Mapping is code in memory. File is nil where it could not be read.
type Mapping struct {
	Start, End uint64
	// Offset of Start in the file.
	Offset uint64
	// Module names the file, "" where there is none.
	Module string
	// File opens the file, nil for none that could be read: most are never asked for.
	File func() *File
}

// Frame is one function under way, from the innermost outwards.
type Frame struct {
	// Module is the file, "" for none.
	Module string
	// Function is "" where the file does not name it.
	Function string
	// Offset is that of the address from the function's beginning, or where that has no name
	// in the module: where it would lie if that was loaded as its file says. Of a caller
	// it is the address that will be returned to.
	Offset uint64
}

// layout is what differs between the architectures.
type layout struct {
	sp, pc, fp, ra int
	registers      int
}

var layouts = map[Machine]layout{
	AMD64: {sp: 7, pc: 16, fp: 6, ra: 16, registers: 17},
	ARM64: {sp: 31, pc: 32, fp: 29, ra: 30, registers: 33},
}

// walker goes from frame to frame.
type walker struct {
	layout
	kind     Machine
	stack    *Stack
	mappings []Mapping
	regs     Registers
	known    uint64 // mask of the registers whose values are
	// called: the address is one that is returned to, behind the call
	called bool
}

// Unwind goes from the innermost function outwards.
func Unwind(s *Stack, mappings []Mapping) ([]Frame, End, error) {
	m, ok := layouts[s.Machine]
	if !ok {
		return nil, NoRule, fmt.Errorf("stacks of machine %d cannot be unwound", s.Machine)
	}
	w := &walker{layout: m, kind: s.Machine, stack: s, mappings: mappings, regs: s.Registers,
		known: 1<<m.registers - 1}
	var frames []Frame
	for len(frames) < MaxFrames {
		mapping := w.find(w.regs[w.pc])
		if mapping == nil {
			return frames, Nowhere, nil
		}
		file := mapping.File()
		if file == nil {
			return append(frames, Frame{Module: mapping.Module, Offset: w.regs[w.pc] - mapping.Start +
				mapping.Offset}), NoFile, nil
		}
		if file.Machine != s.Machine {
			return frames, Foreign, nil
		}
		address, ok := file.address(w.regs[w.pc] - mapping.Start + mapping.Offset)
		if !ok {
			return frames, Nowhere, nil
		}
		frames = append(frames, w.frame(mapping.Module, file, address))
		more, end := w.up(file, address)
		if !more {
			return frames, end, nil
		}
	}
	return frames, Long, nil
}

func (w *walker) find(pc uint64) *Mapping {
	for i := range w.mappings {
		if m := &w.mappings[i]; m.Start <= pc && pc < m.End {
			return m
		}
	}
	return nil
}

// lookup is the address to look up: a call can be a function's last instruction.
func (w *walker) lookup(address uint64) uint64 {
	if w.called {
		return address - 1
	}
	return address
}

func (w *walker) frame(module string, file *File, address uint64) Frame {
	f := Frame{Module: module, Offset: address}
	if name, start, ok := file.function(w.lookup(address)); ok {
		f.Function, f.Offset = name, address-start
	}
	return f
}

// up makes the registers those of the caller. Where there is none, it says why.
func (w *walker) up(f *File, address uint64) (more bool, end End) {
	sp, leaf := w.regs[w.sp], !w.called
	found, end := w.byRules(f, w.lookup(address))
	if !found {
		found, end = w.byGo(f, w.lookup(address))
	}
	if at := w.lookup(address) - f.Entry; !found && at < maxEntry {
		return false, Whole
	}
	if !found {
		found, end = w.byFramePointer()
	}
	switch {
	case !found || end != Whole:
		return false, end
	case w.regs[w.pc] == 0: // what begins a thread pushes that
		return false, Whole
	case !w.called: // a signal came in between, and may have had a stack of its own
		return true, Whole
	case w.regs[w.sp] < sp, w.regs[w.sp] == sp && !leaf:
		return false, NoRule // frames that go round in a circle
	}
	return true, Whole
}

// read reads a word of the stack.
func (w *walker) read(address uint64) (uint64, bool) {
	at := address - w.stack.Base
	if address < w.stack.Base || at > uint64(len(w.stack.Memory)) || uint64(len(w.stack.Memory))-at < 8 ||
		(w.stack.Missing>>(at/Page)|w.stack.Missing>>((at+7)/Page))&1 != 0 {
		return 0, false
	}
	return binary.LittleEndian.Uint64(w.stack.Memory[at:]), true
}

// byFramePointer takes the caller's frame from where the frame pointer points,
// if that is where the stack can be.
func (w *walker) byFramePointer() (found bool, end End) {
	fp := w.regs[w.fp]
	if w.known>>w.fp&1 == 0 || fp < w.regs[w.sp] || fp%8 != 0 || fp == 0 {
		return false, NoRule
	}
	caller, ok := w.read(fp)
	back, ok2 := w.read(fp + 8)
	if !ok || !ok2 {
		if fp-w.stack.Base < maxStack {
			return true, Cut
		}
		return false, NoRule
	}
	back = w.strip(back)
	if back != 0 && w.find(back) == nil {
		return false, NoRule // the register was used for something else
	}
	w.known &= 1<<w.fp | 1<<w.sp | 1<<w.pc
	w.regs[w.fp], w.regs[w.sp], w.regs[w.pc] = caller, fp+16, back
	w.called = true
	return true, Whole
}

// maxEntry is how far from where a program begins there is no caller, where nothing is told of its code: the
// loader's is so.
const maxEntry = 64

// maxStack is how far up from the copied part a frame is taken to lie on the stack.
const maxStack = 64 << 20

// strip takes off an address what signs it, on arm64, in the bits that no address has.
func (w *walker) strip(address uint64) uint64 {
	if w.kind == ARM64 {
		return address & (1<<48 - 1)
	}
	return address
}
