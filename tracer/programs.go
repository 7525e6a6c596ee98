package tracer

import "github.com/cap-audit/cap-audit/audit"

// Programs are those of the tree so far, by index, as far as it takes to look at their code: what code they
// mapped, and their paths. 0 stands for those beyond the limit. It may be asked at any time, by anybody.
func (a *Audit) Programs() ([]audit.Program, error) {
	if a.kernel == nil {
		return nil, nil
	}
	list, _, err := a.eachProgram(func(i uint32, p kernelProgram) audit.Program {
		return audit.Program{Path: a.pathOf(i, p)}
	})
	return list, err
}

// programs are those of all groups, by index.
type programs struct {
	list []audit.Program
	// groups are of these, nil if there is one.
	groups []uint32
}

// of are those of a group, with indexes of their own. 0 stands for the rest in each.
func (p programs) of(group uint32) []audit.Program {
	if p.groups == nil {
		return p.list
	}
	list, at := []audit.Program{{}}, map[int]int{}
	for i, program := range p.list {
		if i > 0 && p.groups[i] == group {
			at[i] = len(list)
			list = append(list, program)
		}
	}
	for i := range list {
		list[i].Parent = at[list[i].Parent] // 0 in another group
	}
	return list
}

// readPrograms reads all that is known of them. It opens the file of each.
func (a *Audit) readPrograms() (programs, error) {
	list, groups, err := a.eachProgram(a.programOf)
	if err != nil {
		return programs{}, err
	}
	err = each(a.kernel, "syscalls", func(index uint32, row kernelSyscalls) {
		if i := int(index % maxPrograms); i < len(list) {
			list[i].Namespaces = list[i].Namespaces || row.namespaces != 0
			list[i].Made = append(list[i].Made, made(row, uint8(index/maxPrograms))...)
		}
	})
	if !a.kernel.each {
		groups = nil
	}
	return programs{list, groups}, err
}

// eachProgram says of each program what is wanted, and what code it mapped.
func (a *Audit) eachProgram(of func(uint32, kernelProgram) audit.Program) (list []audit.Program,
	groups []uint32, err error) {
	if err := a.lookForCode(mostLooks); err != nil {
		return nil, nil, err
	}
	programs := map[uint32]kernelProgram{}
	last := uint32(0)
	err = each(a.kernel, "programs", func(i uint32, p kernelProgram) {
		programs[i] = p
		last = max(last, i)
	})
	if err != nil {
		return nil, nil, err
	}
	list, groups = make([]audit.Program, last+1), make([]uint32, last+1)
	for i, p := range programs {
		list[i], groups[i] = of(i, p), uint32(p.group)
		list[i].Number = int(i)
	}
	if a.options.Code {
		err = a.addCode(list, programs)
	}
	return list, groups, err
}
