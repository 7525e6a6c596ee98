package tracer

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// effects of functions and methods on the map or the variable that they are
// given the name of, or that GetMap has found by it.
var effects = map[string]dealing{
	"each":             reads,
	"eachOfArray":      reads,
	"readRing":         reads,
	"GetValue":         reads,
	"lookUp":           reads,
	"Iterator":         reads,
	"Update":           writes,
	"UpdateValueFlags": writes,
	"SetMaxEntries":    0,
	"SetType":          0,
}

// namers of libbpfgo take the name of a map or a variable first.
var namers = []string{"GetMap", "InitRingBuf"}

// takeNames are the functions that have the name from who calls them, or from
// a map of the values to set.
var takeNames = []string{"each", "eachOfArray", "kernel.readRing", "enlarge"}

// use is what a function of this package does with a map or a variable of the kernel half.
type use struct {
	function, name string
	dealing        dealing
}

// usesInGo finds them by string literals with one of the names.
func usesInGo(names []string) (uses []use, err error) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		syntax, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, declaration := range syntax.Decls {
			fn, ok := declaration.(*ast.FuncDecl)
			if !ok {
				continue
			}
			found, err := usesIn(fn, names)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", file, functionName(fn), err)
			}
			uses = append(uses, found...)
		}
	}
	return uses, nil
}

func usesIn(fn *ast.FuncDecl, names []string) (uses []use, err error) {
	note := func(where ast.Expr, d dealing) {
		if name := literal(where); slices.Contains(names, name) && d != 0 {
			uses = append(uses, use{functionName(fn), name, d})
		}
	}
	explained := map[ast.Node]bool{}
	ast.Inspect(fn, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			explained[n.Key] = true
			note(n.Key, writes)
		case *ast.IndexExpr:
			explained[n.Index] = true
			note(n.Index, writes)
		case *ast.CallExpr:
			d, known := effectOf(fn, n)
			if !known {
				break
			}
			if slices.Contains(namers, called(n)) && literal(n.Args[0]) == "" &&
				!slices.Contains(takeNames, functionName(fn)) {
				err = fmt.Errorf("the name that %s gets comes from elsewhere: put this function into "+
					"takeNames, and, if its callers pass the name, into effects", called(n))
			}
			for _, argument := range n.Args {
				explained[argument] = true
				note(argument, d)
			}
		case *ast.BasicLit:
			if slices.Contains(names, literal(n)) && !explained[n] {
				err = fmt.Errorf("%s names a map or a variable: say in effects what is done with it", n.Value)
			}
		}
		return true
	})
	return uses, err
}

// effectOf a call on what its arguments name.
func effectOf(fn *ast.FuncDecl, call *ast.CallExpr) (effect dealing, known bool) {
	if called(call) != "GetMap" {
		effect, known = effects[called(call)]
		return effect, known
	}
	var found string // the variable that has the map from then on
	ast.Inspect(fn, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Rhs[0] == call {
				found = n.Lhs[0].(*ast.Ident).Name
			}
		case *ast.CallExpr:
			of := n.Fun // a method of it, or a function that takes it first
			if method, ok := of.(*ast.SelectorExpr); ok {
				of = method.X
			} else if len(n.Args) > 0 {
				of = n.Args[0]
			}
			if of, ok := of.(*ast.Ident); ok && found != "" && of.Name == found {
				d, ok := effects[called(n)]
				effect, known = effect|d, known || ok
			}
		}
		return true
	})
	return effect, known
}

// called is the name of the function or the method.
func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	case *ast.IndexExpr: // of a generic function with its type
		return called(&ast.CallExpr{Fun: f.X})
	}
	return ""
}

func literal(n ast.Expr) string {
	if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
		text, _ := strconv.Unquote(l.Value)
		return text
	}
	return ""
}

// functionName is the name, after its receiver's type.
func functionName(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return fn.Name.Name
	}
	receiver := fn.Recv.List[0].Type
	if pointer, ok := receiver.(*ast.StarExpr); ok {
		receiver = pointer.X
	}
	return fmt.Sprint(receiver) + "." + fn.Name.Name
}
