package systemd

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// seeds are the recorded unit files and a few that nobody should have written.
func seeds(f *testing.F) {
	files, err := filepath.Glob(filepath.Join(real, "*.service"))
	if err != nil || len(files) == 0 {
		f.Fatal("no unit files:", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, text := range []string{
		"", "[", "[]", "[Service", "[Service]]", "[Service]\n=\n==\n", "[Service]\nA=\\",
		"[Service]\nA=\\\\\\\n\\\n#\\\n;",
		"\ufeff[Service]\nExecStart=/a", "[Service]\nExecStart=\"", "[Service]\nExecStart=" +
			strings.Repeat("%n", 1000),
		"[Service]\nExecStart=" + strings.Repeat("\\", 4001) + "\nA=B", "[Service]\n\rA=1\n\r\nB=2\r\n\n",
		"[Service]\nA=\x00",
		"[Service]\nUser=%%\nEnvironment='\nLimitNOFILE=1:\nNice=-\nUMask=\nWorkingDirectory=~\n" +
			"ExecStart=@@@",
		"[a=b]\n[Service]\n[=]\nA=]\n",
		"[Service]\nExecStart=" + strings.Repeat("; ", 500) + "/a",
		"[Service]\nCapabilityBoundingSet=~~~ 1e9 -1 64 CAP_\nAmbientCapabilities=~",
	} {
		f.Add([]byte(text))
	}
}

// Any text gives a service or an error, and what go-systemd makes of the
// lines is what they say.
func FuzzService(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		unit := &File{Name: "a-b@c.service", Path: "/a-b@.service"}
		if err := unit.add("unit", text); err != nil {
			return
		}
		lines, _, err := logicalLines(text)
		if err != nil {
			t.Fatalf("%v, though it was taken before", err)
		}
		var want []Setting
		section := ""
		for line := range strings.Lines(lines) {
			line = strings.TrimSpace(line)
			if line[0] == '[' {
				section = line[1 : len(line)-1]
			} else if key, value, _ := strings.Cut(line, "="); section == "Service" {
				want = append(want, Setting{strings.TrimSpace(key), strings.TrimSpace(value)})
			}
		}
		if !slices.Equal(want, unit.settings) {
			t.Errorf("settings %q, the lines say %q", unit.settings, want)
		}
		// nothing from files of this machine
		unit.settings = slices.DeleteFunc(unit.settings,
			func(s Setting) bool { return s.Key == "EnvironmentFile" })
		s, err := unit.Service()
		if err != nil {
			return
		}
		for _, a := range s.Environ {
			if !validAssignment(a) && !strings.Contains(a, "_DIRECTORY=") {
				t.Errorf("environment has %q", a)
			}
		}
		if s.Umask < 0 || s.Umask > 0o7777 || !filepath.IsAbs(s.Dir) {
			t.Errorf("umask %o, directory %q", s.Umask, s.Dir)
		}
		for _, limit := range s.Limits {
			if limit.Soft > limit.Hard {
				t.Errorf("%s", limit)
			}
		}
		if c, err := s.Command(); err == nil {
			argv, err := c.Arguments(s.Environ)
			if err == nil && (len(argv) == 0 || slices.ContainsFunc(argv,
				func(a string) bool { return strings.Contains(a, "\x00") })) {
				t.Errorf("arguments %q", argv)
			}
		}
	})
}

// What is quoted as systemd wants it comes back as one word.
func FuzzWords(f *testing.F) {
	for _, seed := range []string{"", "a b", `\`, `"`, "'", "\n", "\t$%;", "é", "\xff", `\x41`, "a\\", `"\"`, " lead", "trail "} {
		f.Add(seed)
	}
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`)
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(s, "\x00") {
			t.Skip("no argument has a zero byte")
		}
		words, err := allWords(`before "`+escape.Replace(s)+`" after`, quoted|escaped)
		if err != nil || !slices.Equal(words, []string{"before", s, "after"}) {
			t.Errorf("%q becomes %q, %v", s, words, err)
		}
		// anything at all ends
		for rest, ok := s, true; ok; {
			before := len(rest)
			_, rest, ok, err = nextWord(rest)
			if err != nil {
				break
			}
			if ok && len(rest) >= before {
				t.Fatalf("%q does not get shorter", rest)
			}
		}
	})
}

// Variables never make more of an argument than its bound, and only what
// begins with a dollar sign is changed.
func FuzzArguments(f *testing.F) {
	for _, seed := range []string{"$A", "${A}", "$$A", "${A", "${A:-b}", "$", "a$", "${}", "$A$B", "plain",
		"${A}${A}${A}"} {
		f.Add(seed, "value  'of' \"it")
	}
	f.Fuzz(func(t *testing.T, word, value string) {
		c := &Command{Path: "/a", Argv: []string{"a", word}}
		argv, err := c.Arguments([]string{"A=" + value, "B="})
		if err != nil {
			return
		}
		if !strings.Contains(word, "$") && !slices.Equal(argv, c.Argv) {
			t.Errorf("%q becomes %q", word, argv)
		}
		for _, a := range argv {
			if len(a) > maxExpanded {
				t.Errorf("an argument of %d bytes", len(a))
			}
		}
	})
}

func FuzzEnvironmentFile(f *testing.F) {
	for _, file := range []string{"env.conf", "env-a.conf"} {
		text, err := os.ReadFile(filepath.Join(real, file))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		unit := &File{}
		list, err := unit.variables("file", text)
		if err != nil {
			return
		}
		for _, a := range list {
			if !validAssignment(a) || !utf8.ValidString(a) || len(a) > len(text)+1 {
				t.Errorf("%q", a)
			}
		}
	})
}

// Escaping is undone, and nothing else is taken for it.
func FuzzUnescape(f *testing.F) {
	for _, seed := range []string{"a-b", `\x2d`, `\x`, `\xzz`, `\x00`, "-", `a\`, `\xff`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if text, err := unescape(s); err == nil && (len(text) > len(s) || strings.Contains(text, "\x00") &&
			!strings.Contains(s, "\x00")) {
			t.Errorf("%q becomes %q", s, text)
		}
	})
}

// Names of drop-in directories are few, whatever the unit is called.
func FuzzDropInDirs(f *testing.F) {
	for _, seed := range []string{"a.service", "a-b@c-d.service", "-.service", "--.service",
		strings.Repeat("-", 250) + "@x.service",
		strings.Repeat("a-", 124) + "@x.service"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if len(name) > 255 {
			t.Skip("no file has such a name")
		}
		if dirs := dropInDirs(unitName(name)); len(dirs) > 255*255 {
			t.Errorf("%d directories", len(dirs))
		}
	})
}

// The shell of a user is a path, and of the one asked for, whatever else is in the file.
func FuzzPasswd(f *testing.F) {
	for _, text := range []string{"", "root:x:0:0:root:/root:/bin/bash\n", "a:x:1:1:::/usr/sbin/nologin",
		"+::::::\n", "web:x:1:1:a,b:/:\n", "web:x:1:1::/:sh\n", "web:x\n::::::", "\xff:\r\n"} {
		f.Add(text, "web")
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		shell := shellIn(text, name)
		if shell != "" && !filepath.IsAbs(shell) || strings.ContainsAny(shell, "\n:") {
			t.Errorf("%q", shell)
		}
		if strings.ContainsAny(name, ":\n") || strings.Contains("\n"+text, "\n"+name+":") {
			return
		}
		for _, text := range []string{text + "\n" + name + ":x:1:1:::/bin/sh\n",
			name + ":x:1:1:::/bin/sh\n" + text} {
			if got := shellIn(text, name); got != "/bin/sh" {
				t.Errorf("the shell of %q is %q in %q", name, got, text)
			}
		}
	})
}

// A name that is taken is one that systemd takes, stays what it is, and its control
// group is one directory in that of its slice.
func FuzzServiceName(f *testing.F) {
	for _, name := range []string{"nginx", "a@b.service", "a@", "a.socket", "x/y", "-.slice", "a-b-c", "..",
		"@", "é", "cpu.x", "_x", "\\x2d", strings.Repeat("x", 255)} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		full, err := ServiceName(name)
		if err != nil {
			return
		}
		if again, err := ServiceName(full); err != nil || again != full || len(full) > 255 ||
			strings.ContainsAny(full, "/\n\x1b") {
			t.Errorf("%q: %q, %q, %v", name, full, again, err)
		}
		group := filepath.Join("/", slicePath(strings.TrimSuffix(full, ".service")+".slice"),
			cgroupName(full))
		if filepath.Base(group) != cgroupName(full) ||
			strings.Count(group, "/") > strings.Count(full, "-")+2 {
			t.Errorf("%q is in %q", full, group)
		}
	})
}
