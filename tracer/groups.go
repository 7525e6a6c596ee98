package tracer

import (
	"fmt"
	"path"
	"slices"
	"strings"

	bpflib "github.com/aquasecurity/libbpfgo"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/cgroup"
)

// MaxEachDepth is how many levels below the watched group can have groups with a
// report of their own.
const MaxEachDepth = deepestEach

// Group is a control group that has a report of its own. Those made one after the
// other by the same name are one.
type Group struct {
	Path string // from the root of the hierarchy
	// Tasks that were ever in it: if there are no more than before, nobody has come.
	Tasks uint64
	index uint32
}

// Inhabited reports whether processes are in it or below it.
func (g Group) Inhabited() bool { return isInhabited(path.Join(cgroup.Root(), g.Path)) }

// Groups are those in which something ran under the audit, by path.
func (a *Audit) Groups() ([]Group, error) {
	tasks := map[uint32]uint64{}
	err := a.kernel.eachGroup(func(index uint32, g kernelGroup) {
		if g.tasks > 0 {
			tasks[index] = uint64(g.tasks)
		}
	})
	if err != nil {
		return nil, err
	}
	if err := a.kernel.nameGroups(); err != nil {
		return nil, err
	}
	var list []Group
	for index, tasks := range tasks {
		if below, ok := a.kernel.pathOfGroup(index); ok {
			list = append(list, Group{path.Join(a.adopted.running.path, below), tasks, index})
		}
	}
	slices.SortFunc(list, func(a, b Group) int { return strings.Compare(a.Path, b.Path) })
	return list, nil
}

// ObserveEach reads out the counts of groups, all at the same moment.
func (a *Audit) ObserveEach(groups []Group) ([]*audit.Observation, error) {
	r, err := a.read()
	if err != nil {
		return nil, err
	}
	list := make([]*audit.Observation, len(groups))
	for i, g := range groups {
		o := r.of(g.index)
		o.Application = audit.Application{PID: int(r.groups[g.index].first_pid), Ended: !g.Inhabited()}
		if len(o.Programs) > 1 {
			o.Application.Path = o.Programs[1].Path
		}
		list[i] = o
	}
	return list, nil
}

// groupName is what the kernel half knows a group by: its own name, and the group that it is in.
type groupName struct {
	above uint32
	name  string
}

// How much is kept of all groups together.
const (
	eachRows         = 1 << 17
	eachChainBuckets = 1 << 12
)

// eachSizes are how many entries maps have for many groups.
var eachSizes = map[string]uint32{
	"checks": eachRows, "sites": eachRows, "unasked": eachRows, "objects": eachRows, "looks": eachRows,
	"outcomes": eachRows, "code_files": eachRows, "chains": eachChainBuckets,
	"group_index": maxGroups, "groups": maxGroups, "ends": maxGroups, "totals": maxGroups * maxCaps,
}

// enlarge makes room for many groups.
func enlarge(module *bpflib.Module) error {
	for name, size := range eachSizes {
		m, err := module.GetMap(name)
		if err == nil {
			err = m.SetMaxEntries(size)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	looks, err := module.GetMap("looks")
	if err != nil {
		return err
	}
	return looks.SetType(bpflib.MapTypeHash) // kinds of many groups are far apart
}

// watchedGroup is the index of what is directly in the watched group.
const watchedGroup = 1

// nameGroups reads the names of groups, if there are some that are not known.
func (k *kernel) nameGroups() error {
	state, err := k.state()
	if err != nil {
		return err
	}
	k.naming.Lock()
	defer k.naming.Unlock()
	if len(k.groupNames) >= int(state.groups) {
		return nil
	}
	names := map[uint32]groupName{}
	err = each(k, "group_index", func(key kernelGroupKey, index uint32) {
		names[index] = groupName{uint32(key.above), cString(key.name[:])}
	})
	k.groupNames = names
	return err
}

// pathOfGroup is where it is below the watched one.
func (k *kernel) pathOfGroup(index uint32) (below string, ok bool) {
	k.naming.Lock()
	defer k.naming.Unlock()
	for index != watchedGroup {
		name, known := k.groupNames[index]
		if !known {
			return "", false
		}
		below = path.Join(name.name, below)
		index = name.above
	}
	return below, true
}

// eachGroup reads what is counted of each group.
func (k *kernel) eachGroup(visit func(uint32, kernelGroup)) error {
	n, err := k.groups()
	if err != nil || n == 1 {
		return err
	}
	index := uint32(0)
	return eachOfArray(k, "groups", n, func(g kernelGroup) {
		if index > 0 {
			visit(index, g)
		}
		index++
	})
}

// groups is how many indexes of groups there are.
func (k *kernel) groups() (uint32, error) {
	if !k.each {
		return 1, nil
	}
	state, err := k.state()
	return min(uint32(state.groups)+watchedGroup+1, maxGroups), err
}
