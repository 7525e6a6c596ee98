package reach

import (
	"testing"

	"golang.org/x/sys/unix"
)

// However many functions of a library make a call, those of the program are named, and first.
func TestOwnMakersFirst(t *testing.T) {
	library := compiled(t, `#include <unistd.h>
#define F(name) int name(int id) { return setuid(id) + setuid(id + 1); }
F(one) F(two) F(three) F(four) F(five)
int all(int id) { return one(id) + two(id) + three(id) + four(id) + five(id); }`, "-shared", "-fPIC", "-O1")
	program := compiled(t, `#include <unistd.h>
int all(int id);
__attribute__((noipa)) int second(int id) { return setuid(id) + setuid(id + 1); }
__attribute__((noipa)) int first(int id) { return second(id) + 1; }
int main(int argc, char **argv) { return all(argc) + first(argc); }`, "-O1", library)
	operations := analyzed(t, program, Options{}).Capabilities[unix.CAP_SETUID].Operations
	if len(operations) != 5 || operations[0].Function != "second" || operations[1].Object != library {
		t.Errorf("%+v, want that of second() and four of the library", operations)
	}
}
