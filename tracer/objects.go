package tracer

import (
	"cmp"
	"math/bits"
	"os/user"
	"slices"
	"strconv"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/objects"
)

// argumentTable tells the kernel half what the arguments of system calls are, by ABI and
// number.
func argumentTable() (table [abis * maxSyscalls]uint32) {
	for abi, calls := range syscallTables() {
		for number, name := range calls.names {
			arguments, known := objects.ArgumentsOf(name, calls.abi)
			number &^= x32Bit
			if !known || number >= maxSyscalls {
				continue
			}
			word := uint32(argumentsKnown)
			for i, is := range arguments {
				word |= argumentNumbers[is] << (i * argumentBits)
			}
			table[int(abi)*maxSyscalls+number] = word
		}
	}
	return table
}

// keptObject is one with the system call that it was asked for in, which its row has.
type keptObject struct {
	object kernelObject
	hash   uint64
}

// readObjects reads the objects by kind.
func (k *kernel) readObjects() (map[int][]keptObject, map[int]uint64, error) {
	kept, others := map[int][]keptObject{}, map[int]uint64{}
	err := each(k, "objects", func(key kernelObjectKey, o kernelObject) {
		if kind := int(key.kind); o.checks > 0 { // not taken back
			kept[kind] = append(kept[kind], keptObject{o, uint64(key.hash)})
		}
	})
	if err != nil {
		return nil, nil, err
	}
	m, err := k.module.GetMap("looks")
	if err != nil {
		return nil, nil, err
	}
	for kind := range kept {
		look, err := lookUp[kernelLook](m, uint32(kind))
		if err != nil {
			return nil, nil, err
		}
		others[kind] = uint64(look.others)
	}
	return kept, others, nil
}

// addObjects gives each call site what was asked for there.
func (k *kernel) addObjects(rows []audit.Checks) error {
	kept, others, err := k.readObjects()
	if err != nil {
		return err
	}
	accounts := accounts{}
	for i := range rows {
		row := &rows[i]
		for j := range row.Sites {
			site := &row.Sites[j]
			list := kept[site.Kind]
			// a map has no order: the hash makes one of those that were seen as often
			slices.SortFunc(list, func(a, b keptObject) int {
				return cmp.Or(cmp.Compare(b.object.checks, a.object.checks), cmp.Compare(a.hash, b.hash))
			})
			seen := audit.Objects{Others: others[site.Kind]}
			for _, o := range list {
				s := audit.SeenObject{Object: askedOf(o.object, row.Syscall).Object(accounts),
					Checks: uint64(o.object.checks)}
				seen.Seen = append(seen.Seen, s)
			}
			site.Objects.Join(seen)
		}
	}
	return nil
}

// askedOf takes apart what the kernel half saw.
func askedOf(o kernelObject, call audit.Syscall) objects.Asked {
	has := func(what uint32) bool { return uint32(o.has)&what != 0 }
	a := objects.Asked{
		Syscall: call.Name, ABI: call.ABI, Known: has(hasArguments), Walk: has(hasWalk), Base: has(hasBase),
		Names: namesOf((*kernelNames)(&o.path)), More: o.path.end == namesMore, Root: o.path.end == namesRoot,
		Message: -1,
		Found:   has(hasFound), FoundName: cString(o.found[:]),
	}
	for i := range a.Arguments {
		a.Arguments[i] = uint64(o.arguments[i])
	}
	for i := range a.Texts {
		a.Texts[i] = cString(o.texts[i][:])
	}
	if has(hasFile) {
		a.File = &objects.Inode{UID: uint32(o.uid), GID: uint32(o.gid), Mode: uint32(o.mode),
			Special: uint32(o.special)}
	}
	if has(hasSocket) {
		a.Socket = &objects.SocketKind{Family: int(o.family), Type: int(o._type), Protocol: int(o.protocol)}
	}
	if has(hasRequest) {
		a.Message = int(o.request)
	}
	if has(hasProcess) {
		a.Process = &objects.Task{PID: int(o.pid), Program: cString(o.comm[:]), User: uint32(o.user),
			Self: has(hasSelf)}
	}
	raw := make([]byte, len(o.bytes))
	for i, b := range o.bytes {
		raw[i] = byte(b)
	}
	switch {
	case has(hasAddress):
		a.Address = raw
	case has(hasStruct):
		a.Struct = raw
	}
	return a
}

// accounts are objects.Names. They remember those of users and groups: to look one up can take long.
type accounts map[accountKey]string

type accountKey struct {
	group bool
	id    uint32
}

func (a accounts) User(uid uint32) string {
	return a.of(accountKey{false, uid}, func(id string) (string, error) {
		u, err := user.LookupId(id)
		if err != nil {
			return "", err
		}
		return u.Username, nil
	})
}

func (a accounts) Group(gid uint32) string {
	return a.of(accountKey{true, gid}, func(id string) (string, error) {
		g, err := user.LookupGroupId(id)
		if err != nil {
			return "", err
		}
		return g.Name, nil
	})
}

// Capabilities are all, all but a few, or those in the set.
func (accounts) Capabilities(set uint64) string {
	all := uint64(1)<<(capng.Last()+1) - 1
	switch missing := all &^ set; {
	case set == 0:
		return "none"
	case set == all:
		return "all"
	case set&^all == 0 && bits.OnesCount64(missing) < bits.OnesCount64(set):
		return "all but " + strings.Join(capng.Names(missing), " ")
	}
	return strings.Join(capng.Names(set), " ")
}

// of is the name, or the number where there is none.
func (a accounts) of(key accountKey, lookUp func(id string) (string, error)) string {
	if name, ok := a[key]; ok {
		return name
	}
	id := strconv.FormatUint(uint64(key.id), 10)
	name, err := lookUp(id)
	if err != nil || name == "" {
		name = id
	}
	a[key] = name
	return name
}
