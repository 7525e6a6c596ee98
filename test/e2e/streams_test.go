package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/sys/unix"
	"gopkg.in/yaml.v3"
)

// talkative writes to both of its streams and makes three checks.
func talkative(t *testing.T) []string {
	t.Helper()
	return []string{tool(t, "sh"), "-c", "echo to stdout; echo to stderr >&2; exec " + built("tree") +
		" loop 3"}
}

// yamlDocuments reads all documents of a YAML stream.
func yamlDocuments(t *testing.T, raw []byte) []any {
	t.Helper()
	var all []any
	for decoder := yaml.NewDecoder(bytes.NewReader(raw)); ; {
		var v any
		err := decoder.Decode(&v)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("not YAML: %v\n%s", err, raw)
		}
		all = append(all, v)
	}
}

// With --quiet there is the report, what the command writes, and what went wrong.
func TestQuiet(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		for _, option := range []string{"-q", "--quiet"} {
			said := filepath.Join(t.TempDir(), "said")
			r := finish(t, capAudit(t, "--format", format, option, "--test",
				"until test -e "+said+"; do sleep 0.01; done; exit 7",
				"--", "sh", "-c", "echo command >&2; : >"+said+"; exec sleep 60"))
			begins := map[string]string{"text": "====", "json": "{"}[format]
			want := "command\nWarning: the test exited with status 7: what it was to exercise may be " +
				"missing\n"
			if r.status != 0 || !strings.HasPrefix(string(r.stdout), begins) ||
				strings.Contains(string(r.stdout), "[*]") || string(r.stderr) != want {
				t.Errorf("%s %s: status %d\n%s\n%s", option, format, r.status, r.stdout, r.stderr)
			}
		}
	}
}

// Standard output carries one document and nothing else; all that people read
// is on standard error.
func TestMachineOutput(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"-j", "-y", "--json", "--yaml"} {
		t.Run(format, func(t *testing.T) {
			r := finish(t, capAudit(t, append([]string{format, "-v", "--"}, talkative(t)...)...))
			if r.status != 0 {
				t.Fatalf("status %d: %s", r.status, r.stderr)
			}
			if strings.HasSuffix(format, "y") || strings.HasSuffix(format, "yaml") {
				if n := len(yamlDocuments(t, r.stdout)); n != 1 {
					t.Errorf("%d documents:\n%s", n, r.stdout)
				}
			} else {
				decode(t, r.stdout)
			}
			if bytes.Contains(r.stdout, []byte("[*]")) || bytes.Contains(r.stdout, []byte("[CAP]")) {
				t.Errorf("lines for people on standard output:\n%s", r.stdout)
			}
			for _, want := range []string{"to stdout\n", "to stderr\n", "[*] Capability auditor started\n",
				"[*] Analyzing results...\n", "[CAP] "} {
				if !strings.Contains(string(r.stderr), want) {
					t.Errorf("%q is missing on standard error:\n%s", want, r.stderr)
				}
			}
		})
	}
}

// Where a file takes the document, standard output is everybody's.
func TestStreamsWithFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "report")
	r := finish(t, capAudit(t, append([]string{"-j", "-o", file, "--"}, talkative(t)...)...))
	if r.status != 0 || string(r.stderr) != "to stderr\n" {
		t.Errorf("status %d, on standard error %q", r.status, r.stderr)
	}
	if out := string(r.stdout); !strings.Contains(out, "to stdout\n") ||
		!strings.Contains(out, "[*] Analyzing results...\n") {
		t.Errorf("on standard output %q", out)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(chroots(3), granted(decode(t, raw).Required)); diff != "" {
		t.Errorf("required capabilities (-want +got):\n%s", diff)
	}
}

// settled is a document's tree without what differs from run to run.
func settled(t *testing.T, tree any) any {
	t.Helper()
	top, ok := tree.(map[string]any)
	if !ok {
		t.Fatalf("the document is a %T", tree)
	}
	delete(top["application"].(map[string]any), "pid")
	leaveOut(top)
	// numbers as JSON has them, of whatever type YAML made them
	raw, err := json.Marshal(top)
	if err != nil {
		t.Fatal(err)
	}
	var same any
	if err := json.Unmarshal(raw, &same); err != nil {
		t.Fatal(err)
	}
	return same
}

// ofOneRun are the keys of what differs from one run to the next: times, which stacks a short program leaves
// time to look at, and objects named after processes.
var ofOneRun = []string{"watched_seconds", "first_seconds", "last_seconds", "before_serving", "serving",
	"stacks", "objects", "checks_for_others"}

// leaveOut takes them out of a document.
func leaveOut(tree any) {
	switch node := tree.(type) {
	case []any:
		for _, below := range node {
			leaveOut(below)
		}
	case map[string]any:
		for _, key := range ofOneRun {
			delete(node, key)
		}
		for _, below := range node {
			leaveOut(below)
		}
	}
}

// keysInOrder are what an expression finds, in the order of the text.
func keysInOrder(t *testing.T, raw []byte, line string) []string {
	t.Helper()
	var keys []string
	for _, found := range regexp.MustCompile(line).FindAllSubmatch(raw, -1) {
		keys = append(keys, string(found[1]))
	}
	return keys
}

// YAML and JSON are two spellings of one tree.
func TestYAMLIsTheSameTree(t *testing.T) {
	t.Parallel()
	targets := map[string][]string{
		"granted": {built("tree"), "loop", "5"},
		"dropped": {built("tree"), "drop", "5", "6"},
		"refused": append([]string{}, asNobody(t, built("tree"), "loop", "5")...),
		"nothing": {built("show"), "exit", "4"},
	}
	for name, target := range targets {
		t.Run(name, func(t *testing.T) {
			j := finish(t, capAudit(t, append([]string{"-j", "--"}, target...)...))
			y := finish(t, capAudit(t, append([]string{"-y", "--"}, target...)...))
			if j.status != 0 || y.status != 0 {
				t.Fatalf("status %d and %d: %s%s", j.status, y.status, j.stderr, y.stderr)
			}
			var fromJSON any
			if err := json.Unmarshal(j.stdout, &fromJSON); err != nil {
				t.Fatal(err)
			}
			documents := yamlDocuments(t, y.stdout)
			if len(documents) != 1 {
				t.Fatalf("%d YAML documents", len(documents))
			}
			if diff := cmp.Diff(settled(t, fromJSON), settled(t, documents[0])); diff != "" {
				t.Errorf("(-JSON +YAML):\n%s", diff)
			}
			want := keysInOrder(t, j.stdout, `(?m)^  "(\w+)":`)
			if diff := cmp.Diff(want, keysInOrder(t, y.stdout, `(?m)^(\w+):`)); diff != "" {
				t.Errorf("order of the keys (-JSON +YAML):\n%s", diff)
			}
		})
	}
}

// Real documents are what the shipped schema describes.
func TestSchema(t *testing.T) {
	t.Parallel()
	const file = "../../report/schema.json"
	if _, err := os.Stat(file); err != nil {
		t.Skipf("wanted the tree: %v", err)
	}
	schema, err := jsonschema.NewCompiler().Compile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range [][]string{
		{built("tree"), "drop", "5", "6"}, {built("tree"), "pidns", "2"},
		asNobody(t, built("tree"), "loop", "5"), {built("show"), "kill", "TERM"},
	} {
		r := finish(t, capAudit(t, append([]string{"-j", "--"}, target...)...))
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(r.stdout))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%q: %v", target, err)
		}
	}
}

// filesIn are the names in a directory: no temporary file may be left.
func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// A new report takes the place of the old one whole: who has that open keeps it.
// Its mode is what the umask leaves, and no wider than the old one's.
func TestOutputFile(t *testing.T) {
	t.Parallel()
	for before, after := range map[os.FileMode]os.FileMode{0o644: 0o640, 0o600: 0o600} {
		t.Run(before.String(), func(t *testing.T) { testOutputFile(t, before, after) })
	}
}

func testOutputFile(t *testing.T, before, after os.FileMode) {
	dir := t.TempDir()
	file := filepath.Join(dir, "report.json")
	if err := errors.Join(os.WriteFile(file, []byte("old"), 0o600), os.Chmod(file, before)); err != nil {
		t.Fatal(err)
	}
	old, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	l := launch{Path: capAuditPath, Umask: 0o027, Env: raws(os.Environ()...),
		Argv: raws(append([]string{capAuditPath}, withBackend("-j", "-o", file, "--", built("tree"), "loop",
			"2")...)...)}
	r := finish(t, launched(t, l))
	if r.status != 0 {
		t.Fatalf("status %d: %s", r.status, r.stderr)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	decode(t, raw)
	if text, err := io.ReadAll(old); string(text) != "old" {
		t.Errorf("the old report reads %q now (%v)", text, err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != after {
		t.Errorf("mode %v with a umask of 027, want %v", info.Mode(), after)
	}
	if diff := cmp.Diff([]string{"report.json"}, filesIn(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// oneError is the single line on standard error, which says what went wrong
// and what to do.
func oneError(t *testing.T, stderr []byte) string {
	t.Helper()
	text := string(stderr)
	if !strings.HasPrefix(text, "Error: ") || strings.Count(text, "\n") != 1 ||
		!strings.HasSuffix(text, "\n") {
		t.Errorf("on standard error %q, wanted one line that begins with Error:", text)
	}
	return text
}

// withoutProgress leaves out the [*] lines.
func withoutProgress(stderr []byte) []byte {
	var rest []byte
	for line := range bytes.Lines(stderr) {
		if !bytes.HasPrefix(line, []byte("[*] ")) {
			rest = append(rest, line...)
		}
	}
	return rest
}

// A report that will have nowhere to go is found out before the command runs.
func TestOutputFileRefusedBeforehand(t *testing.T) {
	t.Parallel()
	dir := publicDir(t)
	locked := filepath.Join(dir, "locked")
	if err := os.Mkdir(locked, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{
		"no such directory": filepath.Join(dir, "none", "report"),
		"a directory":       locked,
		"below a file":      filepath.Join(built("tree"), "report"),
		"empty":             "",
	} {
		t.Run(name, func(t *testing.T) {
			marker := filepath.Join(t.TempDir(), "ran")
			r := finish(t, capAudit(t, "-o", file, "--", "touch", marker))
			if r.status != 1 || len(r.stdout) != 0 {
				t.Errorf("status %d, on standard output %.200q", r.status, r.stdout)
			}
			if line := oneError(t, r.stderr); file != "" && !strings.Contains(line, file) {
				t.Errorf("%q does not name %s", line, file)
			}
			if _, err := os.Stat(marker); err == nil {
				t.Error("the command was run")
			}
		})
	}
	t.Run("not permitted", func(t *testing.T) {
		auditor := unprivilegedCapAudit(t, privileged(t))
		file := filepath.Join(locked, "report")
		r := finish(t, as(command(t, auditor, withBackend("-o", file, "--", "true")...), nobody))
		if r.status != 1 || len(r.stdout) != 0 || !strings.Contains(oneError(t, r.stderr), file) {
			t.Errorf("status %d, on standard output %q, on standard error %q", r.status, r.stdout, r.stderr)
		}
	})
}

// Who has no standard output gets the report all the same.
func TestStandardOutputClosed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	line := append([]string{"-c", `exec "$@" >&-`, "sh", capAuditPath}, withBackend("-j", "--", "true")...)
	cmd := command(t, tool(t, "sh"), line...)
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	r := finish(t, cmd)
	saved, err := filepath.Glob(filepath.Join(dir, "cap-audit-*.json"))
	if r.status != 1 || err != nil || len(saved) != 1 || !strings.Contains(string(r.stderr), saved[0]) {
		t.Fatalf("status %d, saved in %q: %s", r.status, saved, r.stderr)
	}
	raw, err := os.ReadFile(saved[0])
	if err != nil {
		t.Fatal(err)
	}
	decode(t, raw).wholeAndConsistent(t)
}

// A file system that fills up during the run costs neither the old report nor
// the new one.
func TestOutputFileFails(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "small")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("small", dir, "tmpfs", 0, "size=4k"); err != nil {
		t.Skipf("wanted to mount a tmpfs: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	file := filepath.Join(dir, "report")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := finish(t, capAudit(t, "-j", "-o", file, "--", built("tree"), "loop", "2"))
	if r.status != 1 || !strings.Contains(oneError(t, r.stderr), "standard output") {
		t.Errorf("status %d: %s", r.status, r.stderr)
	}
	_, text, _ := bytes.Cut(r.stdout, []byte("[*] Analyzing results...\n"))
	decode(t, text)
	if raw, err := os.ReadFile(file); string(raw) != "old" {
		t.Errorf("the old report reads %q (%v)", raw, err)
	}
	if diff := cmp.Diff([]string{"report"}, filesIn(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// A command that cannot be executed leaves the old report alone, too.
func TestOutputFileKeptOnFailure(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "report")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	noInterpreter := script(t, filepath.Join(dir, "script"), "#!/no/such/interpreter\n")
	r := finish(t, capAudit(t, "-o", file, "--", noInterpreter))
	if raw, err := os.ReadFile(file); string(raw) != "old" || r.status != 126 {
		t.Errorf("status %d; the old report reads %q (%v)", r.status, raw, err)
	}
}

// A device is written to, not replaced.
func TestOutputDevice(t *testing.T) {
	t.Parallel()
	r := finish(t, capAudit(t, "-j", "-o", "/dev/stderr", "--", built("tree"), "loop", "2"))
	if r.status != 0 {
		t.Fatalf("status %d: %s", r.status, r.stderr)
	}
	decode(t, r.stderr)
}

// Standard output that takes nothing is a failure, and the report is saved.
func TestStdoutFull(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("wanted /dev/full: %v", err)
	}
	defer full.Close()
	for _, format := range []string{"-j", "-y", "-v"} {
		t.Run(format, func(t *testing.T) {
			dir := t.TempDir()
			cmd := capAudit(t, format, "--", built("tree"), "loop", "2")
			cmd.Env = append(os.Environ(), "TMPDIR="+dir)
			cmd.Stdout = full
			r := finish(t, cmd)
			if r.status != 1 {
				t.Errorf("status %d", r.status)
			}
			var failure string
			for line := range strings.Lines(string(r.stderr)) {
				if strings.HasPrefix(line, "Error: ") {
					failure += line
				}
			}
			names := filesIn(t, dir)
			if len(names) != 1 || strings.Count(failure, "\n") != 1 ||
				!strings.Contains(failure, filepath.Join(dir, names[0])) {
				t.Fatalf("files %q, and the error says %q", names, failure)
			}
			raw, err := os.ReadFile(filepath.Join(dir, names[0]))
			if err != nil {
				t.Fatal(err)
			}
			if format == "-j" {
				decode(t, raw)
			} else if !bytes.Contains(raw, []byte("sys_chroot")) {
				t.Errorf("the report that was saved:\n%s", raw)
			}
		})
	}
}

// A reader that goes away does not take the audit with it while the target
// still runs.
func TestReaderGoesAway(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"-j", "-v"} {
		t.Run(format, func(t *testing.T) {
			reader, writer, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			reader.Close()
			cmd := capAudit(t, format, "--", tool(t, "sh"), "-c", "echo alive >&2; read x; echo on >&2")
			cmd.Stdout = writer
			r := begin(t, cmd)
			writer.Close()
			r.await("^alive$")
			r.stdin.Close()
			r.await("^on$")
			end := r.end()
			if end.status != 1 || end.signal != 0 || !strings.Contains(string(end.stderr), "\nError: ") {
				t.Errorf("status %d, signal %d: %s", end.status, end.signal, end.stderr)
			}
		})
	}
}

// Names that would write in another place and colour of a terminal. The
// second is not UTF-8 either.
const (
	obeyed  = "na me\n\x1b[31m\x07\r\u009b31m\u202e"
	hostile = "na\xffme\n\x1b[31m\x07\r\u009b31m\u202e"
)

// unclean finds what a terminal would obey.
func unclean(text []byte) string {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1, r < ' ' && r != '\n', r >= 0x7f && r < 0xa0, r == '\u202e':
			return string(text[:min(len(text), 40)])
		}
		text = text[size:]
	}
	return ""
}

// Names are data: in no output can they be more.
func TestHostileName(t *testing.T) {
	t.Parallel()
	dir := publicDir(t)
	path := installedAs(t, filepath.Join(dir, hostile), built("tree"), 0o755)
	for name, path := range map[string]string{"text": installedAs(t, filepath.Join(dir, obeyed),
		built("tree"), 0o755), "bytes": path} {
		for _, arguments := range [][]string{{"-j"}, {"-y"}, {}, {"-v"}, {"-v", "-j"}} {
			t.Run(strings.Join(append([]string{name}, arguments...), " "), func(t *testing.T) {
				r := finish(t, capAudit(t, append(arguments, "--", path, "fork", "3")...))
				if r.status != 0 {
					t.Fatalf("status %d: %q", r.status, r.stderr)
				}
				switch {
				case slices.Contains(arguments, "-j"):
					if d := decode(t, r.stdout); granted(d.Required)["sys_chroot"] != [2]uint64{3, 0} {
						t.Errorf("required %+v", d.Required)
					}
				case slices.Contains(arguments, "-y"):
					if n := len(yamlDocuments(t, r.stdout)); n != 1 {
						t.Errorf("%d documents", n)
					}
				}
				people := r.stderr
				if len(arguments) == 0 || arguments[len(arguments)-1] == "-v" {
					people = append(people, r.stdout...)
				}
				if at := unclean(people); at != "" {
					t.Errorf("what people read has %q", at)
				}
			})
		}
	}
	t.Run("errors", func(t *testing.T) {
		for _, arguments := range [][]string{
			{"--", hostile}, {"--", "./" + hostile}, {"-o", "/no/" + hostile, "--", path},
			{"--backend", hostile, "--", path}, {"--" + hostile},
		} {
			r := finish(t, command(t, capAuditPath, arguments...))
			oneError(t, r.stderr)
			if at := unclean(r.stderr); r.status == 0 || at != "" {
				t.Errorf("%q: status %d, on standard error %q", arguments, r.status, at)
			}
		}
	})
}
