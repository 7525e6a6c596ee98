package session

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/cap-audit/cap-audit/analyst"
	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/reach"
	"github.com/cap-audit/cap-audit/test/scratch"
)

// What was mapped is covered where it was handed over, or found besides.
func TestCovers(t *testing.T) {
	one, two, three := audit.CodeFile{Path: "/lib/1", Inode: 1}, audit.CodeFile{Path: "/lib/2", Inode: 2},
		audit.CodeFile{Path: "/lib/3", Inode: 3}
	c := &code{at: map[audit.CodeFile]int{}}
	if c.settled() {
		t.Error("settled before anybody looked")
	}
	if !c.note(1, []audit.CodeFile{one}) || c.note(2, []audit.CodeFile{one}) {
		t.Error("new is what none of the programs mapped before")
	}
	c.note(2, []audit.CodeFile{two})
	c.settle(&analyst.Answer{Result: &reach.Result{Files: []reach.FileID{{Inode: 9}, {Inode: 2}}}}, 1)
	if !c.settled() || !c.coversAll([]audit.CodeFile{two, one}) {
		t.Error("not settled, though one was handed over and the other found")
	}
	c.note(1, []audit.CodeFile{three})
	if c.settled() || c.coversAll([]audit.CodeFile{one, three}) {
		t.Error("settled without what came later")
	}
	c.settle(&analyst.Answer{Failed: "is cut short"}, 3)
	if !c.settled() {
		t.Error("what failed is looked at again, with the same files")
	}
}

// Programs are one where their files have the same bytes, whatever their names.
func TestSameBytes(t *testing.T) {
	dir := t.TempDir()
	b := &bounding{seen: map[fileState]*code{}}
	open := func(name, text string) *os.File {
		f, err := os.Open(scratch.Write(t, filepath.Join(dir, name), text))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	one := b.codeIn(open("one", "bytes"), "one", 1)
	if again := b.codeIn(open("two", "bytes"), "two", 1); again != one {
		t.Error("the same bytes, and another program")
	}
	for n := range mostCodes {
		name := string(rune('A' + n))
		c := b.codeIn(open(name, name), name, 1)
		if c == one || (c == nil) != (n == mostCodes-1) {
			t.Errorf("the program %d besides: %v", n+1, c)
		}
	}
	if again := b.codeIn(open("three", "bytes"), "three", 1); again != one {
		t.Error("known bytes are too many")
	}
}

func TestKnown(t *testing.T) {
	looked := &code{at: map[audit.CodeFile]int{}}
	looked.settle(&analyst.Answer{Result: &reach.Result{Program: "/bin/x"}}, 0)
	failed := &code{at: map[audit.CodeFile]int{}}
	failed.settle(&analyst.Answer{Failed: "is cut short"}, 0)
	b := &bounding{files: fewestFiles, of: map[int]*code{1: looked, 2: failed, 3: nil, 5: {}, 6: looked},
		failed: map[int]string{4: "is gone"}}
	programs := make([]audit.Program, 8)
	for n := range programs {
		programs[n].Number = n
	}
	programs[6].Code = []audit.CodeFile{{Path: "/lib/late", Inode: 1}}
	for n, one := range b.known(programs, notYet).Programs {
		want := []string{"", "is cut short", tooMany, "is gone", notYet, notYet, notYet}[n]
		if one.Index != n+1 || one.Failed != want || (one.Result != nil) != (n == 0) {
			t.Errorf("%+v, want %q of %d", one, want, n+1)
		}
	}
	programs[0].Processes = 1
	if all := b.known(programs, notYet).Programs; len(all) != 8 || all[0].Failed != notApart {
		t.Errorf("%+v", all)
	}
	b.files--
	if all := b.known(programs[:2], notYet).Programs; all[1].Failed != noFiles {
		t.Errorf("%+v", all)
	}
	if (*bounding)(nil).known(programs, notYet) != nil {
		t.Error("known without a look")
	}
}
