package session

import (
	"slices"
	"syscall"
	"time"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/report"
	"github.com/cap-audit/cap-audit/tracer"
)

// subject is what is audited. Each kind has a file of its own, and a row in
// Kinds.
type subject interface {
	course

	// title names it in the progress lines; pid is its first process's.
	title(pid int) string
	// describe tells the findings what only it knows.
	describe(f *audit.Findings)
	// unitFiles are those by which systemd runs it, the unit's own first; "" and none where it
	// does not.
	unitFiles() (unit string, files []string)
	// mainPID is the process that a test is told of, 0 for none.
	mainPID(a *tracer.Audit) int
	// setUp makes what it needs in order to run. tearDown takes that away, and
	// is to be called after an error, too.
	setUp() (tearDown func(), err error)
	// conclude does what is to be done once the report is written.
	conclude(s *session, f *audit.Findings, doc *report.Document) error
}

// course is how a run begins and ends. There are two: what cap-audit starts is
// launched, what ran before is adopted, and goes on.
type course interface {
	// start begins a run under audit.
	start(s *session, at attempt, options tracer.Options) (*tracer.Audit, error)
	// control passes on that the user wants it stopped or continued.
	control(a *tracer.Audit, sig syscall.Signal)
	// request passes on the user's nth request to end, unless it was delivered
	// by other ways; 0 is for one that came before the run. kill: what was launched
	// is to be killed, until it is gone.
	request(a *tracer.Audit, sig syscall.Signal, nth int, delivered bool) (e ending, kill bool)
	// end asks it to end. The error says that some of it could not be asked.
	end(a *tracer.Audit) (ending, error)
}

// Kind is a kind of subject.
type Kind struct {
	// Option names it on a command line; "" is a command alone.
	Option string
	// TakesCommand: it can have a command. Launched: it is started without one,
	// too.
	TakesCommand, Launched bool
	find                   func(*session) (subject, error)
}

// Kinds has a row for each.
var Kinds = []Kind{
	{"", true, false, newCommand},
	{"service", true, true, newUnitFile},
	{"unit", false, false, newLiveUnit},
	{"pid", false, false, newProcess},
	{"cgroup", true, false, newControlGroup},
	{"container", false, false, newContainer},
	{"pod", false, false, newPod},
}

// KindOf is the kind that an option names; it has to be one of Kinds.
func KindOf(option string) Kind {
	return Kinds[slices.IndexFunc(Kinds, func(k Kind) bool { return k.Option == option })]
}

// ending is how what was asked to end is seen to its end.
type ending struct {
	// tell is closed when descendants that are left are to be told as well.
	tell <-chan struct{}
	// deadline is when what is left is to be killed, nil for never.
	deadline <-chan time.Time
	// rest: what it leaves behind is to end, too.
	rest bool
}

// endGrace is how long a target that was told to end may take: then it is killed.
const endGrace = 10 * time.Second

// restGrace is how long its descendants may outlive it before they are told.
const restGrace = time.Second
