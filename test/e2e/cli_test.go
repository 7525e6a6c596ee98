package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cap-audit/cap-audit/test/scratch"
)

// A command that cannot be started is told apart by the exit status that
// shells use, and the one line on standard error says what to do.
func TestCannotExecute(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		err := scratch.Executable(func() error { return os.WriteFile(path, []byte(text), mode) })
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	plain := write("plain", "#!/bin/sh\n", 0o644)
	for _, test := range []struct {
		name, command string
		status        int
		advice        string
	}{
		{"not in PATH", "no-such-program-anywhere", 127, "PATH"},
		{"no such file", filepath.Join(dir, "none"), 127, "no such file"},
		{"below a file", filepath.Join(plain, "none"), 127, "no such file"},
		{"directory", dir, 126, "directory"},
		{"not executable", plain, 126, "chmod"},
		{"bad interpreter", write("bad", "#!/no/such/interpreter -x\n", 0o755), 126, "/no/such/interpreter"},
		{"for another machine", write("binary", "\x7fELF\x00\x00", 0o755), 126, "another machine"},
		{"unit file", write("x.service", "[Service]\nExecStart=/bin/true\n", 0o644), 126, "--service"},
		{"empty name", "", 127, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := finish(t, capAudit(t, "--", test.command))
			if r.status != test.status {
				t.Errorf("status %d, wanted %d", r.status, test.status)
			}
			if line := oneError(t, r.stderr); !strings.Contains(line, test.advice) ||
				!strings.Contains(line, test.command) {
				t.Errorf("%q does not have %q and %q", line, test.command, test.advice)
			}
			if strings.Contains(string(r.stdout), "Analyzing") {
				t.Errorf("a report on nothing:\n%s", r.stdout)
			}
			// -j: no document may look like a result
			if r := finish(t, capAudit(t, "-j", "--", test.command)); r.status != test.status ||
				len(r.stdout) != 0 {
				t.Errorf("-j: status %d, on standard output %q", r.status, r.stdout)
			}
		})
	}
}

func TestUsageErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		arguments []string
		advice    string
	}{
		{"no command", nil, "--help"},
		{"no command after --", []string{"-j", "--"}, "--help"},
		{"two formats", []string{"-j", "--format", "yaml", "--", "true"}, "choose"},
		{"unknown option", []string{"--frobnicate", "--", "true"}, "--help"},
		{"unknown letter", []string{"-x", "--", "true"}, "--help"},
		{"unknown letter among others", []string{"-vx", "--", "true"}, "--help"},
		{"unknown backend", []string{"--backend", "magic", "--", "true"}, "tracepoint"},
		{"missing argument", []string{"-o"}, "--help"},
		{"probe and command", []string{"--probe", "--", "true"}, "no command"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := finish(t, command(t, capAuditPath, test.arguments...))
			if r.status != 1 || len(r.stdout) != 0 {
				t.Errorf("status %d, on standard output %q", r.status, r.stdout)
			}
			if line := oneError(t, r.stderr); !strings.Contains(line, test.advice) {
				t.Errorf("%q does not say %q", line, test.advice)
			}
		})
	}
}

// probeDocument is --probe -j.
type probeDocument struct {
	Kernel, Backend string
	BTF             bool
	Backends        []struct {
		Name, Reason string
		Works        bool
	}
}

func probed(t *testing.T) probeDocument {
	t.Helper()
	r := finish(t, command(t, capAuditPath, "--probe", "-j"))
	var p probeDocument
	if err := json.Unmarshal(r.stdout, &p); err != nil {
		t.Fatalf("%v: %s", err, r.stdout)
	}
	if r.status != 0 || p.Backend == "" || p.Kernel == "" {
		t.Fatalf("status %d, %+v", r.status, p)
	}
	return p
}

// What --probe says of a backend is what --backend finds.
func TestBackends(t *testing.T) {
	t.Parallel()
	p := probed(t)
	if len(p.Backends) != 3 {
		t.Errorf("%+v, there are three backends", p.Backends)
	}
	for _, b := range p.Backends {
		t.Run(b.Name, func(t *testing.T) {
			r := finish(t, command(t, capAuditPath, "-j", "--backend", b.Name, "--", built("tree"), "fork",
				"20"))
			if b.Works {
				if r.status != 0 {
					t.Fatalf("status %d: %s", r.status, r.stderr)
				}
				d := decode(t, r.stdout)
				if d.Backend != b.Name || granted(d.Required)["sys_chroot"] != [2]uint64{20, 0} {
					t.Errorf("backend %s, required %+v", d.Backend, d.Required)
				}
				return
			}
			if b.Reason == "" {
				t.Error("--probe gives no reason")
			}
			var failures []string
			for line := range strings.Lines(string(r.stderr)) {
				if !strings.HasPrefix(line, "[*] ") {
					failures = append(failures, line)
				}
			}
			if r.status != 1 || len(r.stdout) != 0 || len(failures) != 1 ||
				!strings.HasPrefix(failures[0], "Error: ") || !strings.Contains(failures[0], b.Name) {
				t.Errorf("status %d, on standard output %q, on standard error %q", r.status, r.stdout,
					r.stderr)
			}
		})
	}
	offered := strings.Split(os.Getenv("CAP_AUDIT_BACKENDS"), ",")
	if offered[0] == "" {
		return
	}
	// where it is known what the kernel offers, that has to work, and no other
	works := []string{}
	for _, b := range p.Backends {
		if b.Works {
			works = append(works, b.Name)
		}
	}
	if strings.Join(works, ",") != strings.Join(offered, ",") || p.Backend != offered[0] {
		t.Errorf("%v work and %s is chosen; this kernel offers %v", works, p.Backend, offered)
	}
}

func TestProbeText(t *testing.T) {
	t.Parallel()
	p := probed(t)
	r := finish(t, command(t, capAuditPath, "--probe"))
	if r.status != 0 || len(r.stderr) != 0 || !strings.Contains(string(r.stdout),
		"An audit would use: "+p.Backend+"\n") {
		t.Errorf("status %d: %s%s", r.status, r.stdout, r.stderr)
	}
	r = finish(t, command(t, capAuditPath, "--probe", "-y"))
	if r.status != 0 || len(yamlDocuments(t, r.stdout)) != 1 {
		t.Errorf("status %d: %s%s", r.status, r.stdout, r.stderr)
	}
}

// There are no subcommands, so that programs of every name can be audited.
func TestProgramsNamedLikeSubcommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"help", "h", "version", "completion"} {
		t.Run(name, func(t *testing.T) {
			path := script(t, filepath.Join(dir, name), "#!/bin/sh\necho this is "+name+" \"$@\"\n")
			for _, arguments := range [][]string{{"-j", name, "x"}, {"-j", "--", name, "x"}} {
				cmd := capAudit(t, arguments...)
				cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
				r := finish(t, cmd)
				if r.status != 0 || decode(t, r.stdout).Application.Comm != path ||
					!strings.Contains(string(r.stderr), "\nthis is "+name+" x\n") {
					t.Errorf("%q: status %d: %s", arguments, r.status, r.stderr)
				}
			}
		})
	}
}

// Options end at the first word that is not one: what follows is the target's.
func TestWhereOptionsEnd(t *testing.T) {
	t.Parallel()
	path := roleProgram(t, "argv")
	for _, test := range []struct {
		arguments []string
		seen      string // by the target
	}{
		{[]string{"-j", path, "-v", "--json", "-h", "-V"}, `"-v" "--json" "-h" "-V"`},
		{[]string{"-j", "--", path, "--", "x", "--"}, `"--" "x" "--"`},
		{[]string{"-j", path, "--", "-y"}, `"--" "-y"`},
		{[]string{"-j", "--", path, "-o", "x"}, `"-o" "x"`},
		{[]string{"-vj", path, "a"}, `"a"`},
		{[]string{"-fvj", "--", path, "b"}, `"b"`},
		{[]string{"-j", "--follow", "--verbose", "--", path}, ``},
	} {
		r := finish(t, capAudit(t, test.arguments...))
		if r.status != 0 {
			t.Errorf("%q: status %d: %s", test.arguments, r.status, r.stderr)
			continue
		}
		decode(t, r.stdout)
		var words []string
		for line := range strings.Lines(string(r.stderr)) {
			if strings.HasPrefix(line, `"`) {
				words = append(words, strings.TrimSpace(line))
			}
		}
		if got := strings.Join(words, " "); got != test.seen {
			t.Errorf("%q: the target saw %s, wanted %s", test.arguments, got, test.seen)
		}
		if combined := strings.Contains(test.arguments[0],
			"v"); combined != strings.Contains(string(r.stderr), "[CAP] ") && test.seen != "" {
			t.Errorf("%q: verbose lines: %t", test.arguments, !combined)
		}
	}
}

func TestHelpAndVersion(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ option, begins string }{
		{"-h", "Usage: cap-audit "}, {"--help", "Usage: cap-audit "}, {"-V", "cap-audit "},
		{"--version", "cap-audit "},
	} {
		r := finish(t, command(t, capAuditPath, test.option))
		if r.status != 0 || len(r.stderr) != 0 || !strings.HasPrefix(string(r.stdout), test.begins) {
			t.Errorf("%s: status %d, %q, %q", test.option, r.status, r.stdout, r.stderr)
		}
	}
}
