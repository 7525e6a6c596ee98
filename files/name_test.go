package files

import (
	"errors"
	"os"
	"testing"

	"github.com/cap-audit/cap-audit/test/scratch"
)

// However they are spelt, two names of one file are one.
func TestSameFile(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	scratch.Write(t, "there", "")
	scratch.Write(t, "other", "")
	if err := errors.Join(os.Mkdir("folder", 0o755), os.Symlink("folder", "link"),
		os.Symlink("there", "alias"), os.Link("there", "hard")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"x1", "./x1", true},
		{"x1", dir + "/x1", true},
		{"folder/../x1", "x1", true},
		{"folder/x1", "link/x1", true},
		{"there", "alias", true},
		{"there", "hard", true},
		{"nowhere/x1", "./nowhere//x1", true},
		{"x1", "x2", false},
		{"there", "other", false},
		{"folder/x1", "x1", false},
		{"", "", false},
		{"x1", "", false},
	} {
		if Same(c.a, c.b) != c.same || Same(c.b, c.a) != c.same {
			t.Errorf("%q and %q: want %t", c.a, c.b, c.same)
		}
	}
}
