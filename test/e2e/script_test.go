package e2e

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"github.com/cap-audit/cap-audit/policy"
	"github.com/cap-audit/cap-audit/report"
)

//go:embed testdata/script
var scripts embed.FS

// The scripts of testdata/script: command lines, with what they say and exit
// with. Two commands are ours:
//
//	exits STATUS COMMAND...    run it, as exec does, and want that exit status
//	valid KIND FILE...         hold files against the schema of report, diff or policy
func TestScripts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files, err := fs.Sub(scripts, "testdata/script")
	if err == nil {
		err = os.CopyFS(dir, files)
	}
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	for name, path := range map[string]string{"cap-audit": capAuditPath, "need": built("need"),
		"tiny": built("tiny"), "calls-static": built("calls-static")} {
		if err := os.Symlink(path, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", bin+":"+os.Getenv("PATH")+":/usr/sbin:/sbin")
			env.Setenv("NEED_DIR", preparedDir(t))
			env.Setenv("TMPDIR", env.WorkDir)
			// as somebody else, cap-audit must be within reach
			return os.Chmod(env.WorkDir, 0o755)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": exits, "valid": valid,
		},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		if exit.ExitCode() != want {
			ts.Fatalf("exit status %d, wanted %d", exit.ExitCode(), want)
		}
	case err != nil:
		ts.Check(err)
	case want != 0:
		ts.Fatalf("exit status 0, wanted %d", want)
	}
}

func valid(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: valid KIND FILE...")
	}
	text, ok := map[string][]byte{"report": report.Schema, "diff": report.DifferenceSchema,
		"reach": report.ReachSchema, "policy": policy.Schema}[args[0]]
	if !ok {
		ts.Fatalf("no schema of a %s", args[0])
	}
	schema := compiled(text)
	for _, name := range args[1:] {
		var tree any
		ts.Check(yaml.Unmarshal([]byte(ts.ReadFile(name)), &tree)) // JSON is YAML, too
		again, err := json.Marshal(tree)
		ts.Check(err)
		tree, err = jsonschema.UnmarshalJSON(bytes.NewReader(again))
		ts.Check(err)
		if err := schema.Validate(tree); err != nil {
			ts.Fatalf("%s: %v", name, err)
		}
	}
}
