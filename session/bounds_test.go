package session

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/cap-audit/cap-audit/analyst"
	"github.com/cap-audit/cap-audit/test/scratch"
	"github.com/cap-audit/cap-audit/tracer"
)

func TestMain(m *testing.M) {
	analyst.MaybeAnalyze()
	os.Exit(m.Run())
}

// What is to be launched is looked at before the audit begins, a script's interpreter in its place, and
// is the code of the program that then runs from that file.
func TestExpected(t *testing.T) {
	script := scratch.Write(t, filepath.Join(t.TempDir(), "script"), "#!/bin/true\n")
	b := (&session{}).bound(attempt{})
	if b.files < fewestFiles {
		t.Skipf("wanted %d files that may be open, there can be %d", fewestFiles, b.files)
	}
	b.expect(tracer.Target{Path: script, Argv: []string{script, "/srv/one", "two"}})
	if len(b.names) != 1 || b.names[0] != "/srv/one" {
		t.Errorf("the names are %q", b.names)
	}
	close(b.begun)
	<-b.done
	if len(b.codes) != 1 || b.codes[0].answer == nil || b.codes[0].answer.Result == nil {
		t.Fatalf("not one program was looked at: %+v", b.codes)
	}
	expected := b.codes[0]
	file, err := os.Open("/bin/true")
	if err != nil {
		t.Fatal(err)
	}
	if c := b.codeIn(file, "/bin/true", 3); c != expected || c.by != 3 {
		t.Errorf("what ran is not what was expected: %+v", c)
	}
}
