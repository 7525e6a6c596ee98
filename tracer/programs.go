package tracer

import "github.com/cap-audit/cap-audit/audit"

// Programs are those of the tree so far, by index, as far as it takes to look at their code: what code they
// mapped, and their paths. 0 stands for those beyond the limit. It may be asked at any time, by anybody.
func (a *Audit) Programs() ([]audit.Program, error) {
	if a.kernel == nil {
		return nil, nil
	}
	return a.eachProgram(func(i uint32, p kernelProgram) audit.Program {
		return audit.Program{Path: a.pathOf(i, p)}
	})
}

// readPrograms reads all that is known of them. It opens the file of each.
func (a *Audit) readPrograms() ([]audit.Program, error) {
	list, err := a.eachProgram(a.programOf)
	if err != nil {
		return nil, err
	}
	err = each(a.kernel, "syscalls", func(index uint32, row kernelSyscalls) {
		if i := int(index % maxPrograms); i < len(list) {
			list[i].Namespaces = list[i].Namespaces || row.namespaces != 0
			list[i].Made = append(list[i].Made, made(row, uint8(index/maxPrograms))...)
		}
	})
	return list, err
}

// eachProgram says of each program what is wanted, and what code it mapped.
func (a *Audit) eachProgram(of func(uint32, kernelProgram) audit.Program) ([]audit.Program, error) {
	if err := a.lookForCode(mostLooks); err != nil {
		return nil, err
	}
	programs := map[uint32]kernelProgram{}
	last := uint32(0)
	err := each(a.kernel, "programs", func(i uint32, p kernelProgram) {
		programs[i] = p
		last = max(last, i)
	})
	if err != nil {
		return nil, err
	}
	list := make([]audit.Program, last+1)
	for i, p := range programs {
		list[i] = of(i, p)
	}
	if a.options.Code {
		err = a.addCode(list, programs)
	}
	return list, err
}
