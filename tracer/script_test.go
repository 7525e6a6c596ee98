package tracer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestInterpreterOfScript(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "",
		"#":                    "",
		"#!":                   "",
		"#!\n/bin/sh":          "",
		"#! \t\r\n":            "",
		"#!/bin/sh":            "/bin/sh",
		"#!/bin/sh\n":          "/bin/sh",
		"#! /bin/sh -e\necho":  "/bin/sh",
		"#!\t/bin/sh\t-e":      "/bin/sh",
		"#!/bin/sh\r\n":        "/bin/sh", // the kernel keeps the \r, and its reader wants to know of /bin/sh
		" #!/bin/sh":           "",
		"\n#!/bin/sh":          "",
		"\xef\xbb\xbf#!sh":     "",
		"#!\xff\xfe /bin":      "\xff\xfe",
		"#!/bin/\x00sh\n":      "/bin/\x00sh",
		"echo no first line\n": "",
		"#!" + strings.Repeat(" ", 1<<20) + "/bin/sh": "",
		"#!/" + strings.Repeat("x", 1<<20):            "/" + strings.Repeat("x", firstLine-3),
		strings.Repeat("\x00", 1<<20):                 "",
	} {
		if got := interpreterOf(newScript(t, text)); got != want {
			t.Errorf("interpreterOf %.40q = %.60q, want %.60q", text, got, want)
		}
	}
	if got := interpreterOf("/nowhere/script"); got != "" {
		t.Errorf("interpreterOf a file that is not there = %q", got)
	}
	if got := interpreterOf(t.TempDir()); got != "" {
		t.Errorf("interpreterOf a directory = %q", got)
	}
}

func TestIsPython(t *testing.T) {
	for text, want := range map[string]bool{
		"#!/usr/bin/python":                         true,
		"#!/usr/bin/python3\nimport os":             true,
		"#! /usr/local/bin/python3.13 -u\n":         true,
		"#!/usr/bin/env python3":                    true,
		"#!/usr/bin/env -S python3 -u":              true,
		"#!/usr/bin/env -i LANG=C python3":          true,
		"#!python3":                                 true,
		"#!/usr/bin/env bash":                       false,
		"#!/usr/bin/env -S bash python3":            false,
		"#!/bin/sh\n#!/usr/bin/python3\n":           false,
		"#!/opt/python/bin/ruby":                    false,
		"#!/usr/bin/perl -w":                        false,
		"#!":                                        false,
		"":                                          false,
		"import os":                                 false,
		"#!/usr/bin/env":                            false,
		"#!/bin/" + strings.Repeat("x/", 9999):      false,
		"#!" + strings.Repeat(" ", 300) + "python3": false, // nor does the kernel look that far
		string(elfFile("/usr/bin/python3")):         false,
	} {
		if got := isPython(newScript(t, text)); got != want {
			t.Errorf("isPython %.60q = %t", text, got)
		}
	}
	if isPython("/nowhere/script") || isPython(t.TempDir()) {
		t.Error("something that is no script is Python")
	}
}

// The file is looked at when the program has ended, and by then it may have
// put anything in its own place.
func TestIsPythonDoesNotWaitForAFifo(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "program")
	if err := unix.Mkfifo(fifo, 0o755); err != nil {
		t.Fatal(err)
	}
	answer := make(chan bool, 1)
	go func() { answer <- isPython(fifo) }()
	select {
	case python := <-answer:
		if python {
			t.Error("a FIFO is Python")
		}
	case <-time.After(3 * time.Second):
		t.Error("waits for somebody to write")
		writer, err := os.OpenFile(fifo, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		writer.Close()
		<-answer
	}
}

func FuzzScript(f *testing.F) {
	for _, text := range []string{
		"", "#!", "#!/bin/sh", "#!/usr/bin/env -S python3 -u\n", "#! \x00\n", "#!\xc2\x85 \xa0 x", "\x7fELF",
		string(elfFile("/lib/ld.so")),
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		path := newScript(t, string(raw))
		interpreter := interpreterOf(path)
		if len(interpreter) > firstLine {
			t.Errorf("an interpreter of %d bytes", len(interpreter))
		}
		script := strings.HasPrefix(string(raw), "#!")
		if isPython(path) && (!script || interpreter == "") {
			t.Errorf("a Python script without #!: %q", raw)
		}
	})
}
