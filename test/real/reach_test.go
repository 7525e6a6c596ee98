package real

import (
	"cmp"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/reach"
)

// programOf is what a report says of one program.
type programOf struct {
	Path     string
	Required []string `json:"required_capabilities"`
	Refused  []string `json:"refused_capabilities"`
	Syscalls []string
}

// plugins are what the programs here may load by name.
var plugins = sync.OnceValue(func() (list []string) {
	for _, pattern := range []string{"/lib/*/security/pam_*.so", "/lib/*/libnss_*.so.2",
		"/usr/lib/python3*/lib-dynload/_ctypes*.so", "/usr/lib/*/perl-base/auto/*/*.so",
		"/usr/lib/*/perl-base/auto/*/*/*.so", "/usr/lib/*/xtables/*.so", "/usr/lib/*/tc/*.so",
		"/usr/lib/*/engines-3/*.so", "/usr/lib/*/ossl-modules/*.so"} {
		found, _ := filepath.Glob(pattern)
		list = append(list, found...)
	}
	return list
})

// substituted is what the shell puts in for a process.
var substituted = regexp.MustCompile(`\$\(cat (root|daemon)\)|\$\$|\$PPID`)

// analyzed are the results for programs, with plugins and without.
var analyzed sync.Map

func reachOf(t *testing.T, path string, names []string) *reach.Result {
	t.Helper()
	type key struct{ path, names string }
	k := key{path, strings.Join(names, " ")}
	if r, ok := analyzed.Load(k); ok {
		return r.(*reach.Result)
	}
	r, err := reach.Analyze(path, reach.Options{Names: names})
	if err == nil && r.Loads {
		r, err = reach.Analyze(path, reach.Options{Names: names, Extra: plugins()})
	}
	if err != nil {
		t.Fatal(err)
	}
	analyzed.Store(k, r)
	return r
}

// mostInRun is how many command lines are audited at once.
const mostInRun = 12

// inRuns joins command lines that begin with the same: what each of them does is not looked at here.
func inRuns(list []commandLine) []commandLine {
	var runs []commandLine
	type beginning struct{ setup, as, on string }
	open := map[beginning]int{} // runs that have room
	for _, c := range list {
		if !there(c.tool()) && !builtin[c.tool()] {
			continue
		}
		begins := beginning{c.setup, c.as, c.on}
		n, ok := open[begins]
		if !ok || runs[n].joined == mostInRun {
			open[begins] = len(runs)
			c.name = cmp.Or(c.name, c.run) + " and what follows"
			c.run, c.joined = "("+c.run+") </dev/null", 1
			runs = append(runs, c)
			continue
		}
		runs[n].run += "\n(" + c.run + ") </dev/null"
		runs[n].joined++
	}
	return runs
}

// gone are the programs that were compared with their code, and how many command lines ran them.
var gone = struct {
	sync.Mutex
	programs map[string]bool
	lines    int
}{programs: map[string]bool{}}

// tellGone says how many there were when the tests of t have ended.
func tellGone(t *testing.T) {
	t.Cleanup(func() {
		gone.Lock()
		defer gone.Unlock()
		t.Logf("%d command lines, %d programs that are installed: %v", gone.lines, len(gone.programs),
			slices.Sorted(maps.Keys(gone.programs)))
	})
}

// TestLongReach looks whether a program asked for a capability, or made a system
// call, that its code was said not to.
func TestLongReach(t *testing.T) {
	tellGone(t)
	list := corpus(*hunt)
	if *hunt {
		list = append(list, filters.commandLines()...)
	}
	for _, c := range inRuns(list) {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			text := substituted.ReplaceAllString(c.setup+" "+c.run, "1")
			names := slices.DeleteFunc(strings.FieldsFunc(text, func(r rune) bool {
				return strings.ContainsRune(" \t\n'\"<>;()=", r)
			}), func(word string) bool { return !tellsOfKernel(word) })
			slices.Sort(names)
			names = slices.Compact(names)
			for _, p := range c.programs(t) {
				if head := make([]byte, 2); readHead(p.Path, head) && string(head) == "#!" {
					continue // its interpreter is in the list, too
				}
				r := reachOf(t, p.Path, names)
				checkReach(t, p, r)
			}
		})
	}
}

// tellsOfKernel tells whether a path can be of files that ask by themselves, or of a directory above.
func tellsOfKernel(path string) bool {
	return strings.HasPrefix(path, "/") && slices.ContainsFunc([]string{"/dev/", "/proc/", "/sys/"},
		func(tree string) bool { return strings.HasPrefix(path, tree) || strings.HasPrefix(tree, path) })
}

func readHead(path string, head []byte) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	_, err = f.Read(head)
	return err == nil
}

// programs are those that a command line ran, or several, which are counted.
func (c *commandLine) programs(t *testing.T) []programOf {
	t.Helper()
	d := c.audit(t)
	var list []programOf
	if err := json.Unmarshal(d.Programs, &list); err != nil {
		t.Fatal(err)
	}
	gone.Lock()
	defer gone.Unlock()
	if d.Exit.Signal == 0 { // the shell came to the last of them
		gone.lines += max(c.joined, 1)
	}
	return list
}

func checkReach(t *testing.T, p programOf, r *reach.Result) {
	t.Helper()
	gone.Lock()
	if !strings.HasPrefix(p.Path, os.TempDir()) { // where copies are
		gone.programs[p.Path] = true
	}
	gone.Unlock()
	for _, name := range slices.Concat(p.Required, p.Refused) {
		n, ok := capng.Number(name)
		if ok && n < reach.Capabilities && r.Capabilities[n].Class == reach.RuledOut {
			t.Errorf("%s asked for %s, which was ruled out", p.Path, name)
		}
	}
	for _, name := range p.Syscalls {
		if !r.AnySystemCall && len(r.Missing) == 0 && !slices.Contains(r.SystemCalls, name) &&
			!slices.Contains(ofKernel, name) {
			t.Errorf("%s made the system call %s, which it cannot reach", p.Path, name)
		}
	}
}

// ofKernel are system calls that the kernel puts in the place of others.
var ofKernel = []string{"restart_syscall"}
