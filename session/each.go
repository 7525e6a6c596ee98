package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/container"
	"github.com/cap-audit/cap-audit/report"
	"github.com/cap-audit/cap-audit/tracer"
)

// eachPause is how often it is seen which groups have ended, lastNames how long engines have at the end
// to name those that are new.
const (
	eachPause = time.Second
	lastNames = 2 * time.Second
)

// each writes a report on each control group below the one that is watched.
type each struct {
	*session
	path string // of the watched one

	mu    sync.Mutex
	audit *tracer.Audit
	// first are those in which something ran when the audit began.
	first map[string]bool
	// told are those that had ended when the last report on them was written, by how many
	// tasks they had had.
	told map[string]uint64
	// failed are those, told of in the same way, whose last report could not be written.
	failed map[string]uint64
	// losses are what the first report told as lost.
	losses *audit.Losses
	names  *groupNames
}

// tellApart has each control group below the watched one reported on, if that is wanted.
func (s *session) tellApart(watched *tracer.Running, path string) bool {
	if s.EachDepth == 0 {
		return false
	}
	watched.EachDepth = s.EachDepth
	s.each = &each{session: s, path: path, first: map[string]bool{}, told: map[string]uint64{},
		failed: map[string]uint64{}, names: newGroupNames()}
	if os.Geteuid() == 0 { // engines are found by the caller's environment
		s.each.names.ask = container.Named
	}
	return true
}

// follow writes the report on each group that ends, until the function that it returns is called. No
// engine is waited for then.
func (e *each) follow(a *tracer.Audit) func() {
	if e == nil {
		return func() {}
	}
	e.audit = a
	if groups, err := a.Groups(); err == nil {
		for _, g := range groups {
			e.first[g.Path] = true
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(eachPause):
			}
			if err := e.write(ctx, onlyEnded, ""); err != nil {
				console.Warningf("%v: it is tried again at the end of the audit", err)
			}
		}
	}()
	return func() { stop(); <-finished }
}

// Which groups a report is written on, of those that have something to tell that was not told.
const (
	onlyEnded = iota
	interim   // those that go on are told so
	final
)

// write writes reports, all of the same moment. testFailed is for the last ones.
func (e *each) write(ctx context.Context, which int, testFailed string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	groups, err := e.audit.Groups()
	if err != nil {
		return err
	}
	e.name(ctx, groups, which)
	var wanted []tracer.Group
	for _, g := range groups {
		if e.isWanted(g, which) {
			wanted = append(wanted, g)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	observations, err := e.audit.ObserveEach(wanted)
	if err != nil {
		return err
	}
	if e.losses != nil && *e.losses != observations[0].Losses && which == final {
		clear(e.told) // something was lost since: it may be theirs
	}
	var failed error
	for i, g := range wanted {
		o := observations[i]
		ended := o.Application.Ended && o.Tasks == g.Tasks // or somebody came meanwhile
		if isIn(e.told, g) || !ended && which == onlyEnded {
			continue
		}
		o.Interim = which == interim && !ended
		err := e.report(g, o, which, testFailed)
		switch {
		case err != nil:
			failed = errors.Join(failed, fmt.Errorf("control group %s: %w", console.Printable(g.Path), err))
			if ended {
				e.failed[g.Path] = g.Tasks
			}
		case ended:
			e.told[g.Path] = g.Tasks
			e.losses = cmp.Or(e.losses, &o.Losses)
		}
	}
	return failed
}

// isWanted tells whether there may be something to tell of a group that was not told. Of the last reports
// that is seen when it is known what was lost.
func (e *each) isWanted(g tracer.Group, which int) bool {
	switch which {
	case final:
		return true
	case onlyEnded:
		return !isIn(e.told, g) && !isIn(e.failed, g) && !g.Inhabited()
	}
	return !isIn(e.told, g)
}

// isIn tells whether a group is one of these, and nobody has come into it since.
func isIn(groups map[string]uint64, g tracer.Group) bool {
	tasks, ok := groups[g.Path]
	return ok && tasks == g.Tasks
}

// name has engines say what groups are. At the end of the audit they are not waited for where one did not
// answer before, else shortly.
func (e *each) name(ctx context.Context, groups []tracer.Group, which int) {
	if which == final {
		if e.names.silent {
			return
		}
		var stop func()
		ctx, stop = context.WithTimeout(ctx, lastNames)
		defer stop()
	}
	paths := make([]string, len(groups))
	for i, g := range groups {
		paths[i] = g.Path
	}
	e.names.learn(ctx, paths, time.Now())
}

func (e *each) report(g tracer.Group, o *audit.Observation, which int, testFailed string) error {
	f := audit.Analyze(o)
	otherwise := notYet
	if which == final {
		otherwise = notInTime
	}
	f.Bounds = e.bounding.known(o.Programs, otherwise)
	f.TestFailed = testFailed
	f.Subject = e.names.subject(g.Path)
	f.Subject.FromStart = !e.first[g.Path]
	doc := report.NewDocument(f)
	doc.Tool.Version = e.Output.Version
	below, err := filepath.Rel(e.path, g.Path)
	if err != nil {
		return err
	}
	if below == "." {
		below = ""
	}
	err = e.out.WriteOf(below, doc)
	if err == nil || which != final || errors.Is(err, unix.EPIPE) { // whose reader has seen what it wanted
		return err
	}
	if saved, failed := e.out.SaveOf(doc); failed == nil {
		return fmt.Errorf("%w; it is in %s instead", err, saved)
	}
	return err
}

// conclude writes the last reports.
func (e *each) conclude(r *result) error {
	e.lines.Print("[*] Analyzing results...")
	failed := e.testFailed(r)
	if failed != "" {
		console.Warningf("%s: what it was to exercise may be missing", failed)
	}
	return e.write(context.Background(), final, failed)
}
