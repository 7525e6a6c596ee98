// Package style keeps functions short and lines of Go narrow.
package style

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	maxLines   = 60 // of a function, without its tables
	maxColumns = 110
	tab        = 4 // columns
)

func TestTree(t *testing.T) {
	files := 0
	root := os.DirFS("../..")
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{".git", "build", "vendor"}, path):
			return fs.SkipDir
		case entry.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		text, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		complaints, err := check(path, text)
		for _, complaint := range complaints {
			t.Error(complaint)
		}
		files++
		return err
	})
	if err != nil || files == 0 {
		t.Fatalf("%d files: %v", files, err)
	}
}

func TestCheck(t *testing.T) {
	calls := func(n int) string { return strings.Repeat("\tf()\n", n) }
	items := func(n int) string { return strings.Repeat("\t\t1: 1,\n", n) }
	wide := strings.Repeat("x ", 60)
	for name, test := range map[string]struct{ text, want string }{
		"60 lines":      {"func f() {\n" + calls(58) + "}", ""},
		"61 lines":      {"func f() {\n" + calls(59) + "}", "3: a function of 61 lines"},
		"60 and a list": {"func f() {\n" + calls(56) + "\t_ = []int{\n" + items(99) + "\t}\n}", ""},
		"60 and a map":  {"func f() {\n" + calls(56) + "\t_ = map[int]int{\n" + items(99) + "\t}\n}", ""},
		"61 and a list": {"func f() {\n" + calls(57) + "\t_ = []int{\n" + items(99) + "\t}\n}",
			"3: a function of 61 lines"},
		"61 with a struct": {"func f() {\n\t_ = T{\n" + items(57) + "\t}\n}", "3: a function of 61 lines"},
		"61 within a list": {"var l = []func(){\n\tfunc() {\n" + calls(59) + "\t},\n}",
			"4: a function of 61 lines"},
		"110 columns":      {"\t// " + strings.Repeat("é", 103), ""},
		"111 columns":      {"\t// " + strings.Repeat("é", 104), "3: 111 columns"},
		"a text":           {`var s = "` + wide + `"`, "3: 130 columns"},
		"a URL":            {`var s = "https://` + wide + `"`, ""},
		"a raw text":       {"var s = `\n" + wide + "`", ""},
		"below a raw text": {"var s = `\n`\n//" + wide, "5: 122 columns"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := check("x.go", []byte("package x\n\n"+test.text+"\n"))
			said := strings.Join(got, "\n")
			if err != nil || (said == "") != (test.want == "") || !strings.Contains(said, test.want) {
				t.Errorf("%q, %v; want %q", got, err, test.want)
			}
		})
	}
}

// check says what is too long in a file that a person wrote.
func check(path string, text []byte) ([]string, error) {
	positions := token.NewFileSet()
	file, err := parser.ParseFile(positions, path, text, parser.ParseComments)
	if err != nil || ast.IsGenerated(file) {
		return nil, err
	}
	s := source{line: func(p token.Pos) int { return positions.Position(p).Line }}
	ast.Inspect(file, s.note)
	var complaints []string
	complain := func(line int, format string, args ...any) {
		complaints = append(complaints, fmt.Sprintf("%s:%d: %s", path, line, fmt.Sprintf(format, args...)))
	}
	for _, function := range s.functions {
		if lines := function.length(s.tables); lines > maxLines {
			complain(function.first, "a function of %d lines without its tables, over %d", lines, maxLines)
		}
	}
	for i, line := range strings.Split(string(text), "\n") {
		columns := utf8.RuneCountInString(strings.ReplaceAll(line, "\t", strings.Repeat(" ", tab)))
		if columns > maxColumns && !within(s.unbreakable, i+1) {
			complain(i+1, "%d columns, over %d", columns, maxColumns)
		}
	}
	return complaints, nil
}

// lines are those from the first to the last of something.
type lines struct{ first, last int }

// length is how many lines a function has, those of tables in it not counted.
func (l lines) length(tables []lines) int {
	own := slices.DeleteFunc(slices.Clone(tables), func(table lines) bool { return table.first <= l.first })
	n := 0
	for line := l.first; line <= l.last; line++ {
		if !within(own, line) {
			n++
		}
	}
	return n
}

func within(list []lines, line int) bool {
	return slices.ContainsFunc(list, func(l lines) bool { return l.first <= line && line <= l.last })
}

// source says where things stand in a file.
type source struct {
	line func(token.Pos) int
	// tables are what stands between the braces of lists and maps.
	functions, tables []lines
	// unbreakable literals are raw ones and URLs.
	unbreakable []lines
}

func (s *source) note(node ast.Node) bool {
	switch n := node.(type) {
	case *ast.FuncDecl, *ast.FuncLit:
		s.functions = append(s.functions, lines{s.line(n.Pos()), s.line(n.End())})
	case *ast.CompositeLit:
		switch n.Type.(type) {
		case *ast.ArrayType, *ast.MapType:
			s.tables = append(s.tables, lines{s.line(n.Lbrace) + 1, s.line(n.Rbrace) - 1})
		}
	case *ast.BasicLit:
		if n.Kind == token.STRING && (n.Value[0] == '`' || strings.Contains(n.Value, "://")) {
			s.unbreakable = append(s.unbreakable, lines{s.line(n.Pos()), s.line(n.End())})
		}
	}
	return true
}
