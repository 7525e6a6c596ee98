package tracer

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// What a script has a name for is found where the script is run, and where its interpreter is.
func TestMentions(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	python := "import os, time\nos.setuid(1); os.chroot(d)\nos.getpid(); chroot\nos.setuid(2)\n"
	shell := "set -e\nif mount /x; then\n\tsudo chroot /x true\nfi; echo swapon; getpid\n( sethostname x )\n"
	elf, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	inPython, inShell := []string{"os.chroot", "os.setuid"}, []string{"chroot", "mount", "sethostname"}
	for name, c := range map[string]struct {
		target Target
		want   []string
	}{
		"python": {Target{Path: write("a.py", "#!/usr/bin/env python3\n"+python)}, inPython},
		"interpreter": {Target{Path: "/usr/bin/python3.11", Argv: []string{"python3", "-u",
			write("b", python)}}, inPython},
		"shell":      {Target{Path: write("a.sh", "#!/bin/bash -e\n"+shell)}, inShell},
		"by env":     {Target{Path: write("b.sh", "#!/usr/bin/env bash\n"+shell)}, inShell},
		"no #! line": {Target{Path: write("c.sh", shell)}, inShell},
		"a word":     {Target{Path: "/bin/sh", Argv: []string{"sh", "-c", "mount x"}}, nil},
		"no word":    {Target{Path: "/bin/sh", Argv: []string{"sh"}}, nil},
		"perl":       {Target{Path: write("a.pl", "#!/usr/bin/perl\nchroot x;\n")}, nil},
		"a program":  {Target{Path: elf, Argv: []string{"x", write("d", shell)}}, nil},
		"nothing":    {Target{Path: write("e.sh", "#!/bin/sh\n:\n")}, nil},
	} {
		if c.target.Argv == nil {
			c.target.Argv = []string{c.target.Path}
		}
		if got := c.target.mentions(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
