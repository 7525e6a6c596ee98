package tracer

import (
	"testing"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/objects"
)

// What an argument can be has a number of its own in the kernel half.
func TestArgumentNumbers(t *testing.T) {
	seen := map[uint32]bool{}
	for is, number := range argumentNumbers {
		if seen[number] || number >= 1<<argumentBits {
			t.Errorf("argument %d: number %d is another's, or too large", is, number)
		}
		seen[number] = true
	}
	if len(argumentNumbers) != int(objects.IsPeek)+1 {
		t.Errorf("%d kinds of arguments have a number", len(argumentNumbers))
	}
	if keptObjects != audit.MaxObjects {
		t.Errorf("%d objects are kept in the kernel, %d here", keptObjects, audit.MaxObjects)
	}
}

// The words that the kernel half is told have what each argument is.
func TestArgumentTable(t *testing.T) {
	table := argumentTable()
	for abi, calls := range syscallTables() {
		for number, name := range calls.names {
			if name != "fchownat" {
				continue
			}
			word := table[int(abi)*maxSyscalls+number&^x32Bit]
			want := uint32(argumentsKnown | 3 | 2<<argumentBits | 1<<(2*argumentBits) | 1<<(3*argumentBits))
			if word != want {
				t.Errorf("%s of ABI %d: %#x, wanted %#x", name, abi, word, want)
			}
		}
	}
}
