package real

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os/exec"
	"os/user"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var hunt = flag.Bool("hunt", false, "hunt through all command lines, not only through a part of them")

// commandLine is one that the hunt audits.
type commandLine struct {
	// run is a shell script, its first word the program. It is also the name
	// where that is "", together with the account and the file system.
	name, run string
	// as is the account, "" for root.
	as string
	// on is the file system that the files are on, "" where that is all one.
	on string
	// joined is how many are in it, 0 for one.
	joined int
	// setup is run before, by root, and after it a script that shows what no
	// file does. A setup that exits with 77 says why this host cannot run it.
	setup, after string
}

func (c *commandLine) String() string {
	account, on := c.as, c.on
	if account == "" {
		account = "root"
	}
	if on != "" {
		on = " on " + on
	}
	// a slash would part the name of the test
	name := strings.ReplaceAll(cmp.Or(c.name, c.run), "/", ":")
	return fmt.Sprintf("%s, as %s%s", name, account, on)
}

// tool is the program that must be installed.
func (c *commandLine) tool() string {
	tool, _, _ := strings.Cut(c.run, " ")
	return tool
}

// ownMounts keep a command line from the machine: it has processes of its own,
// and writes to nothing that is not a copy.
const ownMounts = `
mount -t proc proc /proc
mount -o remount,bind,ro /
# over PLACE...: what is written there is seen here alone. Relative, as the test's directory has a comma.
over() {
	for place; do
		mkdir -p "over$place" "work.img$place"
		mount -t overlay -o "lowerdir=$place,upperdir=over$place,workdir=work.img$place" overlay "$place" || exit 77
	done
}
`

// sandbox is a command, in the sandbox of this command line.
func (c *commandLine) sandbox(t *testing.T, words ...string) *exec.Cmd {
	t.Helper()
	cmd := sandboxed(t, ownMounts+c.setup, words...)
	cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWPID
	return cmd
}

// script becomes the program, in the same environment whoever starts it.
func (c *commandLine) script() []string {
	return []string{"sh", "-c", `export HOME="$DIR" TMPDIR="$DIR" PATH=` + searchPath + "; " + c.run}
}

// audit is a plain one: no proof, no repetition.
func (c *commandLine) audit(t *testing.T) document {
	t.Helper()
	arguments := []string{"-j", "--duration", (longest * time.Duration(max(c.joined, 1))).String()}
	if c.as != "" {
		arguments = append(arguments, "--as", c.as)
	}
	arguments = append(withBackend(arguments...), "--")
	d, _ := parse(t, c.sandbox(t, append([]string{capAuditPath}, append(arguments, c.script()...)...)...))
	return d
}

// with is what the command does when it has these capabilities. It is setpriv
// that takes the others away: nothing of cap-audit's has a part in it.
func (c *commandLine) with(t *testing.T, capabilities []string) observation {
	t.Helper()
	set := "-all"
	for _, name := range capabilities {
		set += ",+" + name
	}
	words := []string{"setpriv", "--bounding-set", set}
	if c.as != "" {
		account, err := user.Lookup(c.as)
		if err != nil {
			t.Fatal(err)
		}
		words = append(words, "--reuid", account.Uid, "--regid", account.Gid, "--init-groups",
			"--inh-caps", set, "--ambient-caps", set)
	}
	input, err := json.Marshal(append(words, c.script()...))
	if err != nil {
		t.Fatal(err)
	}
	cmd := c.sandbox(t, "client/real:observe", c.after)
	cmd.Stdin = bytes.NewReader(input)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == unsupported {
		t.Skip(strings.TrimSpace(stderr.String()))
	}
	if err != nil {
		t.Fatalf("%q: %v\n%s", cmd.Args, err, stderr.Bytes())
	}
	var seen observation
	if err := json.Unmarshal(stdout.Bytes(), &seen); err != nil {
		t.Fatalf("%q: %v", cmd.Args, err)
	}
	return seen
}

// wanted is what a command does with all capabilities, and what of that is not
// the same twice.
type wanted struct {
	seen     observation
	unsteady []string
}

// differs lists what is not the same in another observation, but for some.
func (seen observation) differs(other observation, but []string) []string {
	differs := func(what string) bool {
		text, known := seen[what]
		otherText, otherKnown := other[what]
		return (text != otherText || known != otherKnown) && !slices.Contains(but, what)
	}
	list := slices.Collect(maps.Keys(seen))
	list = slices.AppendSeq(list, maps.Keys(other))
	list = slices.DeleteFunc(list, func(what string) bool { return !differs(what) })
	slices.Sort(list)
	return slices.Compact(list)
}

// missed is what the command does not do as it should with these capabilities.
func (c *commandLine) missed(t *testing.T, capabilities []string, want wanted) []string {
	t.Helper()
	got := c.with(t, capabilities)
	var list []string
	for _, what := range want.seen.differs(got, want.unsteady) {
		list = append(list, fmt.Sprintf("%s: %q, not %q", what, got[what], want.seen[what]))
	}
	if len(list) > 5 {
		list = append(list[:5], fmt.Sprintf("and %d more", len(list)-5))
	}
	return list
}

// held are the capabilities that there are to be had here, as setpriv takes them.
func held(t *testing.T) []string {
	t.Helper()
	var names []string
	for number := range allCapabilities {
		held, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(number), 0, 0, 0)
		if err == nil && held == 1 {
			names = append(names, fmt.Sprintf("cap_%d", number))
		}
	}
	return names
}

// TestLongHunt looks for capabilities that are recommended although the program does
// without, and for those that it needs and are not recommended. It judges by
// what the command does, without cap-audit, when it has exactly such a set. A
// capability that it does without has a reason in spares, or is an error.
func TestLongHunt(t *testing.T) {
	all := held(t)
	var lock sync.Mutex
	met, counts := map[*spare]int{}, map[string]int{}
	count := func(what string) {
		lock.Lock()
		defer lock.Unlock()
		counts[what]++
	}
	t.Cleanup(func() {
		t.Logf("command lines and what was found: %v", counts)
		for i := range spares {
			if *hunt && counts["skipped"] == 0 && met[&spares[i]] == 0 {
				t.Errorf("no command line met with the reason %+v", spares[i])
			}
		}
	})
	for _, c := range corpus(*hunt) {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			count("command lines")
			defer func() {
				if t.Skipped() {
					count("skipped")
				}
			}()
			if !there(c.tool()) && !builtin[c.tool()] {
				t.Skipf("wanted %s, which is not installed", c.tool())
			}
			for _, r := range c.hunt(t, all, count) {
				lock.Lock()
				met[r]++
				lock.Unlock()
			}
		})
	}
}

// builtin are first words that the shell knows itself.
var builtin = map[string]bool{"cd": true, "echo": true, "test": true, "read": true, ":": true}

// hunt goes through what is recommended for one command line. It returns the
// reasons that were met.
func (c *commandLine) hunt(t *testing.T, all []string, count func(string)) []*spare {
	t.Helper()
	d := c.audit(t)
	want := wanted{seen: c.with(t, all)}
	t.Logf("%s; recommended: %v", want.seen["command: status"], d.Recommended)
	count(want.seen["command: status"])
	if missed := c.missed(t, d.Recommended, want); missed != nil {
		// it may be that it never does the same twice
		want.unsteady = want.seen.differs(c.with(t, all), nil)
		// and what the report says that is lost without is no surprise
		for _, more := range [][]string{nil, d.advised(), lacking(c.tool())} {
			if missed = c.missed(t, slices.Concat(more, d.Recommended), want); missed == nil {
				break
			}
		}
		if missed != nil {
			count("too small")
			t.Errorf("%v is not enough:\n\t%s", d.Recommended, strings.Join(missed, "\n\t"))
		}
	}
	var met []*spare
	if want.seen["command: status"] != "exit status 0" {
		// what fails in any case does without everything
		return met
	}
	for _, name := range d.Recommended {
		less := slices.DeleteFunc(slices.Clone(d.Recommended), func(n string) bool { return n == name })
		if c.missed(t, less, want) != nil {
			continue
		}
		count("does without")
		for _, asker := range d.askers(name) {
			if r := why(name, asker, c.tool(), d.Recommended); r != nil {
				met = append(met, r)
			} else {
				t.Errorf("it does without %s, for which %s asked", name, asker)
			}
		}
	}
	return met
}

// advised are the capabilities that were granted where it does not matter much. Of
// those of the kernel's own credentials no grant takes anything away.
func (d document) advised() []string {
	var names []string
	for _, c := range d.Advisory {
		for _, site := range c.CallSites {
			if c.Checks.Granted > 0 && !strings.HasPrefix(*site.Advisory, "no grant would help") {
				names = append(names, c.Name)
				break
			}
		}
	}
	return names
}

// askers are the kernel's functions that asked for a capability in earnest.
func (d document) askers(name string) []string {
	var functions []string
	for _, c := range slices.Concat(d.Required, d.CapsetOnly, d.Unasked) {
		for _, site := range c.CallSites {
			if c.Name == name && site.Advisory == nil && !slices.Contains(functions, site.Function) {
				functions = append(functions, site.Function)
			}
		}
	}
	if functions == nil {
		// capset, or what is granted unasked
		functions = []string{"nobody"}
	}
	return functions
}
