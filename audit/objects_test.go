package audit

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/objects"
)

func seenFile(path, owner string, checks uint64) SeenObject {
	o := objects.Object{Kind: objects.File, Path: path, Owner: owner, Group: "g", Mode: "0600"}
	return SeenObject{o, checks}
}

// objectFindings are of a run in which one function asked for these.
func objectFindings(others uint64, seen ...SeenObject) *Findings {
	var checks uint64 = 1
	for _, s := range seen {
		checks += s.Checks
	}
	site := through("capable_wrt_inode_uidgid", "generic_permission", checks)
	site.Objects = Objects{seen, others}
	o := observe(row(unix.CAP_DAC_OVERRIDE, Granted, sysOpenat, checks, site))
	o.Application.Ended = true
	return Analyze(o)
}

// Objects of sites that are reported as one are joined, and those of runs in a union.
func TestObjectsAreJoined(t *testing.T) {
	u := NewUnion()
	u.Add("one", objectFindings(0, seenFile("/a", "root", 1), seenFile("/b", "root", 5)))
	u.Add("two", objectFindings(2, seenFile("/a", "root", 3), seenFile("/a", "daemon", 1)))
	want := Objects{[]SeenObject{seenFile("/b", "root", 5), seenFile("/a", "root", 4),
		seenFile("/a", "daemon", 1)}, 2}
	if diff := cmp.Diff(want, u.Findings().Required[0].CallSites[0].Objects); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for i := range MaxObjects {
		u.Add(fmt.Sprint(i), objectFindings(0, seenFile(fmt.Sprint("/", i), "root", 2)))
	}
	got := u.Findings().Required[0].CallSites[0].Objects
	if len(got.Seen) != MaxObjects || got.Others != 2+1+2*2 { // the one seen once, and two of the others
		t.Errorf("%d objects, %d checks for others, wanted %d and 7", len(got.Seen), got.Others, MaxObjects)
	}
}

// Which call chain comes first is by chance: what is kept of two does not hang on it, and has what was asked
// for most often.
func TestMostFrequentObjectsAreKept(t *testing.T) {
	var libraries Objects
	for i := range MaxObjects {
		libraries.Seen = append(libraries.Seen, seenFile(fmt.Sprint("/lib", i), "root", 1))
	}
	memory := Objects{[]SeenObject{seenFile("/memory", "root", 35)}, 2}
	one, other := libraries, memory
	one.Join(memory)
	other.Join(libraries)
	want := Objects{append(slices.Clone(memory.Seen), libraries.Seen[:MaxObjects-1]...), 3}
	for name, got := range map[string]Objects{"libraries first": one, "memory first": other} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

// What both runs need can be needed for something else. Whose a file was makes no difference, and
// where a run had more than it kept it is not known what it lacks.
func TestDiffObjects(t *testing.T) {
	a, b := seenFile("/a", "root", 1), seenFile("/b", "root", 1)
	lost := objectFindings(0, a)
	lost.Losses.Objects = 1
	for name, c := range map[string]struct {
		was, is    *Findings
		came, went []objects.Object
	}{
		"the same":       {objectFindings(0, a), objectFindings(0, seenFile("/a", "daemon", 9)), nil, nil},
		"came":           {objectFindings(0, a), objectFindings(0, a, b), []objects.Object{b.Object}, nil},
		"went":           {objectFindings(0, a, b), objectFindings(0, a), nil, []objects.Object{b.Object}},
		"one had others": {objectFindings(1, a), objectFindings(0, b), nil, []objects.Object{a.Object}},
		"one lost some":  {lost, objectFindings(0, b), nil, []objects.Object{a.Object}},
		"without":        {objectFindings(0), objectFindings(0, a), nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var want []ObjectChange
			if c.came != nil || c.went != nil {
				want = []ObjectChange{{unix.CAP_DAC_OVERRIDE, c.came, c.went}}
			}
			if diff := cmp.Diff(want, DiffObjects(c.was, c.is)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// manySites are call sites that each have as much as one can have.
func manySites(number int) (list []CallSite) {
	var stack Stack
	for i := range MaxFrames {
		stack.Frames = append(stack.Frames, Frame{Module: "/bin/true", Function: fmt.Sprint("f", i)})
	}
	for i := range number {
		site := CallSite{Function: fmt.Sprint("asks", i), Checks: 3 * MaxObjects}
		for j := range MaxObjects {
			site.Objects.Seen = append(site.Objects.Seen, seenFile(fmt.Sprint("/", j), "root", 3))
		}
		for j := range MaxStacks {
			stack.Ended = fmt.Sprint("for reason ", j)
			site.Stacks = append(site.Stacks, stack)
		}
		list = append(list, site)
	}
	return list
}

// A union has room for so many objects and frames. Of what it has no room for it knows that it was there: who
// reads it must not take what is left for all.
func TestUnionOfManyObjects(t *testing.T) {
	u, f := NewUnion(), &Findings{Application: Application{Ended: true}}
	for n := range 10 {
		f.Required = append(f.Required, Capability{Number: n, Tally: Tally{Granted: 1},
			CallSites: manySites(200)})
	}
	u.Add("one", f)
	u.Add("two", f)
	kept, frames := 0, 0
	for _, c := range u.Findings().Required {
		for _, site := range c.CallSites {
			kept += len(site.Objects.Seen)
			for _, s := range site.Stacks {
				frames += len(s.Frames)
			}
			if all := site.Objects.checks(); all != 2*3*MaxObjects {
				t.Fatalf("%s for %d: %d checks, wanted %d", site.Function, c.Number, all, 2*3*MaxObjects)
			}
		}
	}
	if kept > 8192 || frames > 32768 {
		t.Errorf("%d objects and %d frames, wanted 8192 and 32768 at most", kept, frames)
	}
	if u.Findings().Merged.LeftOut == 0 {
		t.Error("nothing was left out")
	}
}
