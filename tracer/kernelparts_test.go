package tracer

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// node of a graph: programs that are shown as one.
type node struct {
	title    string // above their hooks; their names if empty
	programs []string
}

// The graphs. Each program is in one.
var (
	following = []node{
		{programs: []string{"on_fork"}},
		{programs: []string{"on_newtask"}},
		{programs: []string{"on_wakeup_new"}},
		{programs: []string{"on_exec", "on_exec" + twin}},
		{programs: []string{"list_tasks"}},
	}
	counting = []node{
		{title: "backend fentry", programs: checkPrograms[Fentry]},
		{title: "backend tracepoint", programs: checkPrograms[Tracepoint]},
		{title: "backend kprobe", programs: checkPrograms[Kprobe]},
		{programs: []string{"on_sys_exit", "on_sys_exit" + twin}},
		{programs: []string{"on_exit"}},
	}
	adopting = []node{
		{programs: []string{"adopt_tree"}},
		{programs: []string{"adopt_group"}},
		{programs: []string{"on_group_made"}},
		{programs: []string{"on_moved"}},
	}
)

// check sees to it that the graphs have all programs, and nothing else, and that settings are set.
func (half *kernelHalf) check() error {
	var shown, there []string
	for _, n := range slices.Concat(following, counting, adopting) {
		shown = append(shown, n.programs...)
	}
	for _, fn := range half.programs {
		there = append(there, fn.name)
	}
	slices.Sort(shown)
	if !slices.Equal(shown, there) {
		return fmt.Errorf("the graphs have the programs %v, the object has %v: add to following, counting "+
			"or "+
			"adopting", shown, there)
	}
	for _, name := range half.settings() {
		if half.setters(name) == "" {
			return fmt.Errorf("%s is read by BPF programs, and nothing in this package sets it", name)
		}
	}
	return nil
}

// drawing is a graph in the language of Mermaid.
type drawing struct{ boxes, arrows []string }

func (d *drawing) box(line string) {
	if !slices.Contains(d.boxes, line) {
		d.boxes = append(d.boxes, line)
	}
}

// arrow points to where the data go.
func (d *drawing) arrow(who, what string, how dealing) {
	d.box(fmt.Sprintf("    %s[(%s)]", what, what))
	line := fmt.Sprintf("    %s <--> %s", who, what)
	switch how {
	case reads:
		line = fmt.Sprintf("    %s --> %s", what, who)
	case writes:
		line = fmt.Sprintf("    %s --> %s", who, what)
	}
	if !slices.Contains(d.arrows, line) {
		d.arrows = append(d.arrows, line)
	}
}

func (d *drawing) String() string {
	return "```mermaid\nflowchart LR\n" + strings.Join(slices.Concat(d.boxes, d.arrows), "\n") + "\n```\n"
}

// graph draws programs and what they read and write, but no settings. Those
// that do the same are in one frame and share its arrows.
func (half *kernelHalf) graph(nodes []node) string {
	var d drawing
	var frames []string // what is done, in order of the nodes
	inside := map[string][]string{}
	for _, n := range nodes {
		label := n.title
		if label == "" {
			label = strings.Join(n.programs, ", ")
		}
		deals := map[string]dealing{}
		for _, name := range n.programs {
			for what, how := range half.deals[name] {
				if slices.Contains(half.stores(), what) {
					deals[what] |= how
				}
			}
			if hook := half.program(name).section; !strings.Contains(label, hook) {
				label += "<br/>" + hook
			}
		}
		frame := fmt.Sprint(deals)
		if inside[frame] == nil {
			frames = append(frames, frame)
			for _, what := range half.stores() {
				if how := deals[what]; how != 0 {
					d.arrow(fmt.Sprint("frame", len(frames)), what, how)
				}
			}
		}
		inside[frame] = append(inside[frame], fmt.Sprintf("        %s[\"%s\"]", n.programs[0], label))
	}
	for i, frame := range frames {
		d.box(fmt.Sprintf("    subgraph frame%d [\" \"]\n        direction LR\n%s\n    end", i+1,
			strings.Join(inside[frame], "\n")))
	}
	return d.String()
}

// tracerGraph draws the functions of this package that read and write maps.
func (half *kernelHalf) tracerGraph() string {
	var d drawing
	for _, u := range half.uses {
		what := u.name
		if what == stateMap {
			what = stateVariable
		} else if !slices.Contains(half.stores(), what) {
			what = "settings"
		}
		function := strings.ReplaceAll(u.function, ".", "_")
		d.box(fmt.Sprintf("    %s([%s])", function, u.function))
		d.arrow(function, what, u.dealing)
	}
	return d.String()
}

// stores are where the kernel half keeps what it has seen.
func (half *kernelHalf) stores() []string {
	var names []string
	for _, m := range half.maps {
		names = append(names, m.name)
	}
	return append(names, stateVariable)
}

func (half *kernelHalf) program(name string) *function {
	for _, fn := range half.programs {
		if fn.name == name {
			return fn
		}
	}
	return &function{name: name}
}

func table(head []string, rows [][]string) string {
	var text strings.Builder
	rule := slices.Repeat([]string{"---"}, len(head))
	for _, row := range append([][]string{head, rule}, rows...) {
		text.WriteString("| " + strings.Join(row, " | ") + " |\n")
	}
	return text.String()
}

func (half *kernelHalf) mapTable() string {
	var rows [][]string
	for _, m := range half.maps {
		kind := strings.ToLower(strings.TrimPrefix(m.kind, "BPF_MAP_TYPE_"))
		row := []string{m.name, strings.ReplaceAll(kind, "_", " ")}
		for _, n := range []int{m.key, m.value, m.entries} {
			text := "–"
			if n != 0 {
				text = strconv.Itoa(n)
			}
			row = append(row, text)
		}
		rows = append(rows, append(row, m.holds))
	}
	return table([]string{"map", "type", "key", "value", "entries", "what it holds"}, rows)
}

func (half *kernelHalf) programTable() string {
	var rows [][]string
	for _, fn := range half.programs {
		row := []string{fn.name, fn.section}
		for _, what := range half.stores() {
			row = append(row, half.deals[fn.name][what].String())
		}
		rows = append(rows, row)
	}
	return table(append([]string{"program", "hook"}, half.stores()...), rows)
}

// who lists the programs that deal with something in that way. A twin is left
// out where it does what its twin does.
func (half *kernelHalf) who(deals map[string]map[string]dealing, what string, d dealing) string {
	var names, others []string
	for _, fn := range half.programs {
		first, isTwin := strings.CutSuffix(fn.name, twin)
		does := deals[fn.name][what]&d != 0
		switch {
		case isTwin && does == (deals[first][what]&d != 0):
		case does:
			names = append(names, fn.name)
		default:
			others = append(others, fn.name)
		}
	}
	if len(others) > 0 && len(others) < len(names) {
		return "all but " + strings.Join(others, ", ")
	}
	return strings.Join(names, ", ")
}

func (half *kernelHalf) stateTable() string {
	var rows [][]string
	for _, member := range membersOfState() {
		if !strings.HasPrefix(member.Name, "pad") {
			rows = append(rows, []string{member.Name, half.who(half.members, member.Name, writes),
				half.who(half.members, member.Name, reads)})
		}
	}
	return table([]string{"member", "written by", "read by"}, rows)
}

// settings are the variables that the tracer sets before it loads the kernel half.
func (half *kernelHalf) settings() []string {
	names := map[string]bool{}
	for _, deals := range half.deals {
		for what := range deals {
			if !slices.Contains(half.stores(), what) {
				names[what] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func (half *kernelHalf) setters(setting string) string {
	var names []string
	for _, u := range half.uses {
		if u.name == setting && !slices.Contains(names, u.function) {
			names = append(names, u.function)
		}
	}
	return strings.Join(names, ", ")
}

func (half *kernelHalf) settingTable() string {
	var rows [][]string
	for _, name := range half.settings() {
		rows = append(rows, []string{name, half.setters(name), half.who(half.deals, name, reads)})
	}
	return table([]string{"setting", "set by", "read by"}, rows)
}
