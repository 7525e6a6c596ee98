package cli

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/cap-audit/cap-audit/session"
)

// job is what a command line asks for.
type job string

// The jobs, by the option that asks for them.
const (
	auditing  job = ""
	probing   job = "probe"
	merging   job = "merge"
	comparing job = "diff"
	reverting job = "revert-dropin"
	bounding  job = "static"
)

// scope is which subjects an option is for.
type scope int

const (
	all     scope = iota
	started       // what cap-audit starts
	units         // services of the running system
	grouped       // control groups that are watched
)

// option is one that the command line can have.
type option struct {
	cli.Flag
	// with are the jobs that it goes with.
	with []job
	// of the subjects; what names one is for that alone.
	of scope
}

// Which jobs there are for an option.
var (
	anAudit  = []job{auditing}
	aReport  = []job{auditing, merging}                               // of capabilities
	aText    = []job{auditing, merging, comparing, bounding}          // written somewhere
	anAnswer = []job{auditing, probing, merging, comparing, bounding} // in a format
	anything = []job{auditing, probing, merging, comparing, reverting, bounding}
)

// options are all of them, in the order of the usage text.
var options = []option{
	{text("service", "s"), anAudit, all},
	{text("unit"), []job{auditing, reverting}, all},
	{yes("restart"), anAudit, units},
	{text("pid", "p"), anAudit, all},
	{text("cgroup"), anAudit, all},
	{yes("each"), anAudit, grouped},
	{text("each-depth"), anAudit, grouped},
	{text("container"), anAudit, all},
	{text("pod"), anAudit, all},

	{yes("follow", "f"), anAudit, started},
	{text("as"), anAudit, started},
	{text("as-environment"), anAudit, started},
	{yes("if-possible"), anAudit, started},

	{text("duration", "d"), anAudit, all},
	{text("until-idle"), anAudit, all},
	{text("test"), anAudit, all},

	{yes("verify"), anAudit, started},
	{yes("minimize"), anAudit, started},
	{yes("untraced"), anAudit, started},
	{text("check"), aReport, all},
	{yes("check-unused"), aReport, all},

	{text("output", "o"), aText, all},
	{yes("json", "j"), anAnswer, all},
	{yes("yaml", "y"), anAnswer, all},
	{text("format"), anAnswer, all},
	{text("emit"), aReport, all},
	{text("policy-out"), aReport, all},
	{yes("write-dropin"), anAudit, units},
	{yes("revert-dropin"), []job{reverting}, all},
	{yes("propagate"), anAudit, started},
	{text("events"), anAudit, all},
	{yes("verbose", "v"), anAudit, all},
	{yes("quiet", "q"), []job{auditing, reverting}, all},

	{yes("merge"), []job{merging}, all},
	{yes("diff"), []job{comparing}, all},

	{yes("static"), []job{bounding}, all},

	{text("backend"), []job{auditing, probing}, all},
	{text("outcomes"), anAudit, all},
	{yes("no-objects"), anAudit, all},
	{yes("no-static"), anAudit, all},
	{yes("probe"), []job{probing}, all},
	{yes("help", "h"), anything, all},
	{yes("version", "V"), anything, all},
}

// subjects are the options that name what is audited.
var subjects = func() (names []string) {
	for _, kind := range session.Kinds[1:] { // a command has none
		names = append(names, kind.Option)
	}
	return names
}()

// exclusion: these exclude those, or each other if there are no others.
type exclusion struct {
	these, those []string
	because      string
}

var exclusions = []exclusion{
	{subjects, nil, "audit one at a time"},
	// --json and --yaml do not, as in the C cap-audit: see parseFormat
	{[]string{"json", "yaml"}, []string{"emit", "format"}, "choose one"},
	{[]string{"emit", "format"}, nil, "choose one"},
	{[]string{"as", "as-environment"}, []string{"service"}, "the unit says who runs it, with User="},
	// untraced, the command is executed in our place: nobody could end it or
	// change who it is
	{[]string{"if-possible"},
		[]string{"service", "cgroup", "as", "as-environment", "test", "duration", "until-idle"},
		"an untraced command is only run"},
	{[]string{"untraced"}, []string{"service", "cgroup"}, "it is for a command alone"},
	{[]string{"untraced"}, []string{"duration", "until-idle"},
		"only a run to its own end, or to that of --test, can be compared with the next"},
	{[]string{"untraced"}, []string{"events", "verbose", "backend", "outcomes", "no-objects",
		"if-possible"},
		"nothing is to be traced"},
	{[]string{"verbose", "quiet"}, nil, "choose one"},
	{[]string{"each", "each-depth"}, []string{"check", "check-unused", "policy-out"},
		"each control group has needs of its own: hold its report against a policy with --merge"},
	{[]string{"each", "each-depth"}, []string{"events", "verbose"},
		"what all groups do would be in one stream"},
}

// need is an option that means nothing without another.
type need struct{ option, other, sentence string }

var needs = []need{
	{"write-dropin", "restart", "--write-dropin needs --restart: a drop-in without what the " +
		"service's start needs would keep it from starting"},
	{"each-depth", "each", "--each-depth says how far below the control group --each looks: give that, " +
		"too"},
	{"as-environment", "as", "--as-environment says in whose environment --as runs the command: name the " +
		"user with that"},
	{"check-unused", "check", "--check-unused adds to --check: name the policy with that"},
}

func text(name string, alias ...string) cli.Flag { return &cli.StringFlag{Name: name, Aliases: alias} }

func yes(name string, alias ...string) cli.Flag { return &cli.BoolFlag{Name: name, Aliases: alias} }

func (o option) name() string { return o.Names()[0] }

func (o option) takesArgument() bool { _, ok := o.Flag.(*cli.StringFlag); return ok }

// flags are the options as the library has them.
func flags() []cli.Flag {
	list := make([]cli.Flag, len(options))
	for i, o := range options {
		list[i] = o.Flag
	}
	return list
}

// given are the names of the options on a command line, in the order of options.
func given(c *cli.Context) []string {
	set := c.FlagNames() // once: IsSet looks through all of them for each
	var names []string
	for _, o := range options {
		if name := o.name(); slices.Contains(set, name) && (o.takesArgument() || c.Bool(name)) {
			names = append(names, name)
		}
	}
	return names
}

// firstOf is the first of the names that is in a list, "" for none.
func firstOf(names, list []string) string {
	if i := slices.IndexFunc(names, func(name string) bool { return slices.Contains(list, name) }); i >= 0 {
		return names[i]
	}
	return ""
}

// firstFor is the first of the names whose option is for such subjects alone.
func firstFor(subjects scope, names []string) string {
	i := slices.IndexFunc(options, func(o option) bool {
		return o.of == subjects && slices.Contains(names, o.name())
	})
	if i < 0 {
		return ""
	}
	return options[i].name()
}
