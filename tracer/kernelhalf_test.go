package tracer

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	bpflib "github.com/aquasecurity/libbpfgo"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/cap-audit/cap-audit/bpf"
)

var update = flag.Bool("update", false, "write the generated parts of docs/kernel-half.md anew")

const (
	mapPage   = "../docs/kernel-half.md"
	remakeMap = "go test ./tracer -run KernelHalf -update"
)

// The page about the kernel half has graphs and tables that are made from the
// compiled object and this package's source, between comments with their names.
func TestKernelHalfPage(t *testing.T) {
	half, err := readKernelHalf()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(mapPage)
	if err != nil {
		t.Fatal(err)
	}
	if err := half.check(); err != nil {
		t.Error(err)
	}
	page := string(raw)
	for name, text := range map[string]string{
		"following": half.graph(following),
		"counting":  half.graph(counting),
		"adopting":  half.graph(adopting),
		"tracer":    half.tracerGraph(),
		"maps":      half.mapTable(),
		"programs":  half.programTable(),
		"state":     half.stateTable(),
		"settings":  half.settingTable(),
	} {
		begin, end := "<!-- "+name+": made by "+remakeMap+" -->\n", "<!-- end of "+name+" -->\n"
		before, rest, found := strings.Cut(page, begin)
		old, after, ended := strings.Cut(rest, end)
		if !found || !ended {
			t.Errorf("%s wants the lines\n%s%s", mapPage, begin, end)
			continue
		}
		if old != text && !*update {
			t.Errorf("%s is out of date (%s): run %s\n%s", mapPage, name, remakeMap,
				gocmp.Diff(old, text))
		}
		page = before + begin + text + end + after
	}
	if *update && !t.Failed() {
		if err := os.WriteFile(mapPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// dealing is what somebody does with a map or a variable.
type dealing int

const (
	reads dealing = 1 << iota
	writes
)

func (d dealing) String() string { return [...]string{"", "r", "w", "rw"}[d] }

// kernelHalf is what the object and the source say.
type kernelHalf struct {
	maps     []mapInfo
	programs []*function // by name
	// deals of programs with maps and variables, and with the members of state
	deals, members map[string]map[string]dealing
	uses           []use
}

type mapInfo struct {
	name, kind          string
	key, value, entries int
	holds               string
}

// The variable with the single numbers, and the map by which the tracer gets at it.
const stateVariable, stateMap = "state", ".bss"

func readKernelHalf() (*kernelHalf, error) {
	half := &kernelHalf{deals: map[string]map[string]dealing{}, members: map[string]map[string]dealing{}}
	if err := half.readMaps(); err != nil {
		return nil, err
	}
	functions, err := functionsOf(bpf.Object)
	if err != nil {
		return nil, err
	}
	names := []string{stateMap}
	for _, m := range half.maps {
		names = append(names, m.name)
	}
	for _, fn := range functions {
		if !fn.isProgram() {
			continue
		}
		half.programs = append(half.programs, fn)
		if err := half.follow(fn); err != nil {
			return nil, err
		}
		names = slices.AppendSeq(names, maps.Keys(half.deals[fn.name]))
	}
	slices.SortFunc(half.programs, func(a, b *function) int { return cmp.Compare(a.name, b.name) })
	half.uses, err = usesInGo(names)
	return half, err
}

// mapDefinition is that of a map in maps.bpf.h, after its comment.
var mapDefinition = regexp.MustCompile(`/\*((?:[^*]|\*[^/])*)\*/\s*struct \{[^}]*\} (\w+) SEC\("\.maps"\)`)

// readMaps looks at the maps, in the order of their definitions. A comment says
// what the map holds and then, if it can be full, what is counted: "Full: …".
func (half *kernelHalf) readMaps() error {
	captureLibbpfLog()
	// opened, not loaded: that needs no privileges
	module, err := bpflib.NewModuleFromBufferArgs(bpflib.NewModuleArgs{BPFObjBuff: bpf.Object,
		BPFObjName: "cap_audit", SkipMemlockBump: true})
	if err != nil {
		return err
	}
	defer module.Close()
	source, err := os.ReadFile("../bpf/maps.bpf.h")
	if err != nil {
		return err
	}
	there := 0
	for it := module.Iterator(); ; there++ {
		m := it.NextMap()
		if m == nil {
			break
		}
		if strings.Contains(m.Name(), ".") { // variables, which libbpf makes maps of
			there--
		}
	}
	for _, match := range mapDefinition.FindAllStringSubmatch(string(source), -1) {
		m, err := module.GetMap(match[2])
		if err != nil {
			return err
		}
		comment := strings.Join(strings.Fields(strings.ReplaceAll(match[1], "\n *", "\n")), " ")
		if what, full, found := strings.Cut(comment, " Full: "); found {
			lost, _, _ := strings.Cut(full, ". ")
			comment = what + " Full: " + strings.TrimSuffix(lost, ".") + "."
		}
		half.maps = append(half.maps, mapInfo{m.Name(), m.Type().String(), m.KeySize(), m.ValueSize(),
			int(m.MaxEntries()), comment})
	}
	if len(half.maps) != there {
		return fmt.Errorf("the object has %d maps; %d have a comment in bpf/maps.bpf.h that says what they "+
			"hold", there, len(half.maps))
	}
	return nil
}

// follow fills in what a program does.
func (half *kernelHalf) follow(program *function) error {
	f := flow{accesses: map[access]bool{}, results: map[string]value{}}
	if _, err := f.run(program, [5]value{numbered(unknown)}); err != nil {
		return err
	}
	deals, members := map[string]dealing{}, map[string]dealing{}
	for a := range f.accesses {
		d := reads
		if a.write {
			d = writes
		}
		deals[a.name] |= d
		if a.name == stateVariable {
			name, err := memberAt(a.offset)
			if err != nil {
				return fmt.Errorf("%s: %w", program.name, err)
			}
			members[name] |= d
		}
	}
	half.deals[program.name], half.members[program.name] = deals, members
	return nil
}

// memberAt names the member of struct ca_state that lies there.
func memberAt(offset int) (string, error) {
	for _, member := range membersOfState() {
		if start := int(member.Offset); start <= offset && offset < start+int(member.Type.Size()) {
			return member.Name, nil
		}
	}
	return "", fmt.Errorf("it cannot be told which member of %s is at offset %d", stateVariable, offset)
}

// membersOfState are those, and in the place of one that is a group its members.
func membersOfState() []reflect.StructField {
	whole, state := reflect.TypeFor[kernelGroup](), reflect.TypeFor[kernelState]()
	return slices.Concat(membersOf(whole, 0), membersOf(state, 1))
}

func membersOf(layout reflect.Type, first int) (members []reflect.StructField) {
	for i := first; i < layout.NumField(); i++ {
		members = append(members, layout.Field(i))
	}
	return members
}
