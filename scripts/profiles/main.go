// Profiles compares what cap-audit knows of an engine's seccomp profile with
// the profile itself, a JSON file. It lists the system calls for which they
// differ, and exits with 1 if there are any. A profile may be older than the
// newest that the table is about where that says so.
//
//	go run ./scripts/profiles moby github.com/moby/profiles/seccomp/default.json
//	go run ./scripts/profiles containers /usr/share/containers/seccomp.json
package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/elastic/go-seccomp-bpf/arch"

	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/objects"
	"github.com/cap-audit/cap-audit/report/snippets"
)

func main() {
	families := []snippets.Family{snippets.Moby, snippets.Containers}
	if len(os.Args) != 3 || !slices.Contains(families, snippets.Family(os.Args[1])) {
		fmt.Fprintln(os.Stderr, "usage: profiles moby|containers PROFILE.json")
		os.Exit(2)
	}
	differences, err := list(os.Stdout, snippets.Family(os.Args[1]), os.Args[2])
	switch {
	case err != nil:
		fmt.Fprintf(os.Stderr, "profiles: %s: %v\n", os.Args[2], err)
		os.Exit(2)
	case differences > 0:
		os.Exit(1)
	}
}

// machines are those that cap-audit is for, as profiles call them.
var machines = map[string]map[int]string{
	"amd64": arch.X86_64.SyscallNumbers,
	"arm64": objects.ARM64(),
}

// leftOut are calls that the table is not about, for its reasons.
var leftOut = []string{"clone3", "personality", "socket",
	// no kernel that cap-audit is for has these
	"_sysctl", "afs_syscall", "create_module", "get_kernel_syms", "getpmsg", "nfsservctl", "putpmsg",
	"query_module", "security", "tuxcall", "vserver",
	// go-seccomp-bpf's own name
	"arch_specific_syscall",
}

// list writes down where the table and the profile differ, and counts that.
func list(w io.Writer, family snippets.Family, path string) (differences int, err error) {
	p, err := readProfile(path)
	if err != nil {
		return 0, err
	}
	for _, machine := range slices.Sorted(maps.Keys(machines)) {
		table := machines[machine]
		newest := p.newest(table)
		for _, number := range slices.Sorted(maps.Keys(table)) {
			call := table[number]
			if number > newest || slices.Contains(leftOut, call) {
				continue
			}
			there, here := p.sets(call, machine), snippets.Gates(family, call)
			if slices.ContainsFunc(here, func(g snippets.Gate) bool { return same(g.Sets, there) }) {
				continue
			}
			differences++
			fmt.Fprintf(w, "%s: %s: %s; the table has %s\n", machine, call, words(there), words(here[0].Sets))
		}
	}
	return differences, nil
}

func same(a, b []uint64) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// words are sets of capabilities of which one is needed.
func words(sets []uint64) string {
	if len(sets) == 0 {
		return "never"
	}
	var list []string
	for _, set := range sets {
		list = append(list, strings.Join(capng.Names(set), "+"))
	}
	if list[0] == "" {
		return "always"
	}
	return strings.Join(list, " or ")
}
