package audit

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// shown is a line for each entry: its path, and how many programs it stands for.
func shown(list []ProgramUse) (lines []string) {
	for _, p := range list {
		lines = append(lines, fmt.Sprintf("%s %d", p.Path, p.StandsFor))
	}
	return lines
}

// children are programs of these paths that the first one ran.
func children(paths ...string) []Program {
	list := []Program{{}, {Path: "/bin/sh"}}
	for _, path := range paths {
		list = append(list, Program{Path: path, Parent: 1, Processes: 2})
	}
	return list
}

func TestProgramsShownTogether(t *testing.T) {
	temporary := []string{"/tmp/tmp.0aB9xYz/conftest", "/tmp/tmp.Q1w2E3r/conftest",
		"/tmp/tmp.zzzzzzz/conftest", "/tmp/tmp.k_3pQ0s/conftest", "/tmp/tmp.9YuIoP1/conftest"}
	for name, c := range map[string]struct{ paths, want []string }{
		"made by mktemp": {temporary, []string{"/tmp/tmp.*/conftest 5"}},
		"too few to tell": {temporary[:3],
			[]string{temporary[0] + " 1", temporary[1] + " 1", temporary[2] + " 1"}},
		"other files of one path": {[]string{"./conftest", "./a", "./conftest"},
			[]string{"./conftest 2", "./a 1"}},
		"several files in each directory": {
			slices.Concat(temporary, []string{"/tmp/tmp.0aB9xYz/a"}, temporary),
			[]string{"/tmp/tmp.*/conftest 10", "/tmp/tmp.0aB9xYz/a 1"}},
		"the last component": {[]string{"/tmp/ccXy1", "/tmp/cc9Kk", "/tmp/ccaB2", "/tmp/ccPo0"},
			[]string{"/tmp/cc* 4"}},
		"a suffix": {[]string{"aX1q.sh", "a9ks.sh", "aB27.sh", "ao0p.sh"}, []string{"a*.sh 4"}},
		"numbers of any length": {[]string{"/b/conf99/t", "/b/conf100/t", "/b/conf1/t", "/b/conf123456/t"},
			[]string{"/b/conf*/t 4"}},
		"words": {[]string{"/bin/cat", "/bin/sed", "/bin/awk", "/bin/cut", "/bin/tee"},
			[]string{"/bin/cat 1", "/bin/sed 1", "/bin/awk 1", "/bin/cut 1", "/bin/tee 1"}},
		"words of other lengths": {[]string{"/bin/Ab1", "/bin/Ab12x", "/bin/X", "/bin/Yy"},
			[]string{"/bin/Ab1 1", "/bin/Ab12x 1", "/bin/X 1", "/bin/Yy 1"}},
		"a name within the others": {[]string{"/a", "/a1", "/a12", "/a123"},
			[]string{"/a 1", "/a1 1", "/a12 1", "/a123 1"}},
		"two components": {[]string{"/1/1", "/2/2", "/3/3", "/4/4"},
			[]string{"/1/1 1", "/2/2 1", "/3/3 1", "/4/4 1"}},
		"a slash more": {[]string{"/1/", "/2/", "/3", "/4"}, []string{"/1/ 1", "/2/ 1", "/3 1", "/4 1"}},
		"names of stars and control characters": {
			[]string{"/*/\n1", "/*/\n2", "/*/\n3", "/*/\n4", "/\xff\x1b[2J*", "/\xff\x1b[2J?"},
			[]string{"/*/\n* 4", "/\xff\x1b[2J* 1", "/\xff\x1b[2J? 1"}},
		"no names": {[]string{"/", "//", "///", "////"}, []string{"/ 1", "// 1", "/// 1", "//// 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := observe()
			o.Programs = children(c.paths...)
			got := Analyze(o).Programs
			if diff := cmp.Diff(c.want, shown(got[1:])); diff != "" {
				t.Fatalf("(-want +got):\n%s", diff)
			}
			for _, p := range got[1:] {
				if p.Processes != 2*p.StandsFor || p.Parent != 1 {
					t.Errorf("%+v", p)
				}
			}
		})
	}
}

// Paths that may go on otherwise are not known to be alike.
func TestPathsThatMayBeCut(t *testing.T) {
	cut := "/" + strings.Repeat("a", cutAt-1)
	whole := cut[:cutAt-1]
	o := observe()
	o.Programs = children(cut, cut, whole, whole)
	got := shown(Analyze(o).Programs)
	if diff := cmp.Diff([]string{"/bin/sh 1", cut + " 1", cut + " 1", whole + " 2"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Where they differ in anything but what they are called, programs stay apart.
func TestProgramsNotShownTogether(t *testing.T) {
	for name, differ := range map[string]func(p *Program){
		"what it needs":       func(p *Program) { p.Kinds = []int{1} },
		"what it was refused": func(p *Program) { p.Kinds = []int{2} },
		"its users":           func(p *Program) { p.Users = []int{1000} },
		"what its file has":   func(p *Program) { p.FileCaps = 1 },
		"who ran it":          func(p *Program) { p.Parent = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			o := observe(kind(1, row(unix.CAP_CHOWN, Granted, sysChown, 1)),
				kind(2, row(unix.CAP_KILL, Refused, sysChown, 1)))
			o.Programs = children("/bin/make", "/t/1", "/t/2", "/t/3", "/t/4", "/t/5")
			differ(&o.Programs[5])
			want := []string{"/bin/sh 1", "/bin/make 1", "/t/* 4", "/t/3 1"}
			if diff := cmp.Diff(want, shown(Analyze(o).Programs)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What such programs execute is alike, too, and its parent is their entry. Their
// calls are those of all.
func TestEntryOfSeveral(t *testing.T) {
	write, read := Syscall{Number: 1, Name: "write"}, Syscall{Number: 2, Name: "read"}
	o := observe()
	o.Programs = children()
	for i := range 4 {
		o.Programs = append(o.Programs,
			Program{Path: fmt.Sprintf("/t/%d/configure", i), Parent: 1, Processes: 1, Namespaces: i == 3,
				Made: []Made{{Syscall: write, Refused: i != 2}, {Syscall: read, Refused: true}}},
			Program{Path: fmt.Sprintf("/t/%d/conftest", i), Parent: 2 + 2*i, Processes: 1})
	}
	want := []ProgramUse{
		{Index: 1, Path: "/bin/sh", StandsFor: 1},
		{Index: 2, Path: "/t/*/configure", StandsFor: 4, Parent: 1, Processes: 4, Namespaces: true,
			Members: []int{4, 6, 8}, Syscalls: []string{"read", "write"}, RefusedSyscalls: []string{"read"}},
		{Index: 3, Path: "/t/*/conftest", StandsFor: 4, Parent: 2, Processes: 4,
			Members: []int{5, 7, 9}},
	}
	if diff := cmp.Diff(want, Analyze(o).Programs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// As many as there can be, of the names that take longest to compare.
func TestTogetherTakesLittleTime(t *testing.T) {
	slashes := strings.Repeat("/", 240)
	list := []Program{{}}
	for i := range maxPrograms {
		list = append(list, Program{Path: fmt.Sprintf("%sa%xz", slashes, i*7919), Parent: i % 3})
	}
	o := observe()
	o.Programs = list
	begin := time.Now()
	got := Analyze(o).Programs
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	if len(got) == 0 || len(got) > maxPrograms {
		t.Errorf("%d entries", len(got))
	}
}
