package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// build is what make does with a small C project, two compilers at a time.
func (b *bench) build(dir string, list []surroundings) ([]way, error) {
	if err := writeProject(dir, b.scaled(24)); err != nil {
		return nil, err
	}
	// all anew, without a word
	ways := runs(b.program("spent", "make", "-B", "-s", "-j2", "-C", dir), spent, list...)
	return ways, nil
}

// writeProject makes the project: the same bytes whoever makes it.
func writeProject(dir string, modules int) error {
	var objects, declarations, calls strings.Builder
	write := func(name, text string) error {
		return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644)
	}
	for i := range modules {
		fmt.Fprintf(&objects, " m%d.o", i)
		fmt.Fprintf(&declarations, "long m%d(long);\n", i)
		fmt.Fprintf(&calls, "\tn = m%d(n);\n", i)
		if err := write(fmt.Sprintf("m%d.c", i), module(i)); err != nil {
			return err
		}
	}
	main := declarations.String() + "int main(int n, char **v)\n{\n" + calls.String() + "\treturn n & 1;\n}\n"
	if err := write("main.c", main); err != nil {
		return err
	}
	return write("Makefile",
		"CC = gcc\nCFLAGS = -O2\nproject: main.o"+objects.String()+"\n\t$(CC) -o $@ $^\n")
}

// module is the text of one of its files: enough for the compiler to do.
func module(number int) string {
	const functions = 40
	text := "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\n"
	for i := range functions {
		text += fmt.Sprintf("static long f%d(long n)\n{\n\tchar text[64];\n\tlong sum = %d;\n\n"+
			"\tfor (long i = 0; i < n %% %d; i++)\n\t\tsum += i * sum + strlen(text + i %% 2);\n"+
			"\tsnprintf(text, sizeof(text), \"%%ld\", sum);\n\treturn sum ^ atol(text);\n}\n",
			i, number*functions+i, i+7)
	}
	text += fmt.Sprintf("long m%d(long n)\n{\n", number)
	for i := range functions {
		text += fmt.Sprintf("\tn += f%d(n);\n", i)
	}
	return text + "\treturn n;\n}\n"
}
