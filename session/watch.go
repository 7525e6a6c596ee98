package session

import (
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/tracer"
)

// noteEnding keeps how the first process ended for the last line of the run. With
// --follow it is told at once, since its descendants may go on for hours.
func (s *session) noteEnding(a *tracer.Audit, r *result, status unix.WaitStatus) {
	r.ending.Store(&status)
	if !s.Follow {
		return
	}
	showEnding(s.lines, status)
	if s.endless() {
		s.signals.remind(a, 0, leftBehind)
	}
}

func leftBehind(*tracer.Audit) string {
	return "the command has ended, and what it started has not: the report comes when it does; " +
		"Ctrl-C asks it to end"
}

// killGrace is how long what was killed may take to be gone, before the report is
// written without it.
const killGrace = 5 * time.Second

// lasting is how long a run takes for which it is worth it to give back what was needed to
// load the kernel half: the runtime else lets what it needs grow to twice as much.
const lasting = 5 * time.Second

// watching is a run until it is over: all waiting for it is in one place, so that
// nothing is waited for that the user cannot cut short.
type watching struct {
	*session
	audit  *tracer.Audit
	result *result
	// waited tells that the run has ended, nil once it has; tested how the test has.
	waited <-chan error
	tested <-chan unix.WaitStatus
	enough <-chan struct{}
	ending
	// look is when to see what is left of a tree that was asked to end, or killed, and
	// pause how long after that the next time is.
	look  <-chan time.Time
	pause time.Duration
	// giveUp is when not to wait any longer for it, nil as long as nothing was killed.
	giveUp <-chan time.Time
	// interim gets requests for an interim report, nil while one is being written.
	interim <-chan os.Signal
	written chan struct{}
	// trouble is why something could not be signalled.
	trouble error
	over    bool
}

// watch returns when the run is over.
func (s *session) watch(a *tracer.Audit, at attempt, r *result) error {
	w := &watching{session: s, audit: a, result: r,
		interim: s.signals.interim, written: make(chan struct{}, 1)}
	defer time.AfterFunc(lasting, debug.FreeOSMemory).Stop()
	w.startTest()
	ended := func(unix.WaitStatus) {}
	if !at.repetition {
		ended = func(status unix.WaitStatus) { s.noteEnding(a, r, status) }
		defer showStatus(s.lines, a)()
		defer s.each.follow(a)()
		var stop func()
		w.enough, stop = s.enough(a)
		defer stop()
	}
	if at.limit > 0 {
		w.deadline = time.After(at.limit)
	}
	waited := make(chan error, 1)
	go func() { waited <- a.Wait(ended) }()
	w.waited = waited
	for !w.over {
		if err := w.next(); err != nil {
			return err
		}
	}
	return nil
}

// next waits for whatever comes next.
func (w *watching) next() error {
	select {
	case err := <-w.waited:
		if err != nil {
			return err
		}
		w.waited = nil
		w.catchUp()
		w.settle()
	case status := <-w.tested:
		w.result.test, w.tested = &status, nil
		w.result.identities = w.audit.Identities()
		if w.waited != nil {
			w.end()
		}
		w.settle()
	case <-w.enough:
		w.result.cut, w.enough = true, nil
		w.end()
	case <-w.tell:
		w.tell = nil
		w.tellRest()
	case <-w.deadline:
		w.expire()
	case <-w.look:
		w.lookAfter()
	case <-w.giveUp:
		w.abandon()
	case <-w.signals.kill:
		if w.giveUp == nil {
			w.kill()
		}
	case e := <-w.signals.endings:
		w.heed(e)
	case stop := <-w.audit.Stopped():
		w.audit.Resume(stop)
	case <-w.interim:
		w.interim = nil
		w.interims.Add(1)
		go w.writeInterim()
	case <-w.written:
		w.interim = w.signals.interim
	}
	return nil
}

// end asks the subject to end.
func (w *watching) end() {
	w.ending, w.trouble = w.subject.end(w.audit)
}

// heed sees to the end of what the user asked to end.
func (w *watching) heed(e ending) {
	if w.rest {
		return // it was to end before
	}
	w.tell, w.rest = e.tell, true
	if e.deadline != nil {
		w.deadline = e.deadline
	}
}

// catchUp: a request that has ended the run is for what is left, too. One to the whole
// process group can have ended the command before it is seen here.
func (w *watching) catchUp() {
	if alive, _ := w.audit.Alive(); alive > 0 && !w.signals.asked() {
		time.Sleep(sameMoment)
	}
	w.signals.asked() // returns when the request has been passed on
	select {
	case <-w.signals.kill:
		w.kill()
	case e := <-w.signals.endings:
		w.heed(e)
	default:
	}
}

// settle: the run has ended, or the test has. A test may have seen to that end, and
// what was asked to end can have left descendants, which are not our children, so
// that nothing announces their end.
func (w *watching) settle() {
	switch {
	case w.waited != nil:
	case w.tested != nil && w.giveUp == nil:
		w.deadline = time.After(endGrace)
	case w.rest:
		w.pause = lookAgain
		w.lookAfter()
	default:
		w.over = true
	}
}

// expire: the time for an end is over.
func (w *watching) expire() {
	w.deadline = nil
	if w.waited == nil && !w.rest { // only the test is left
		w.audit.KillCompanions()
		w.over = true
		return
	}
	w.result.killed = true
	w.result.timedOut = !w.result.cut && w.result.test == nil
	w.kill()
}

// lookAgain is how often to see whether all has ended, lookSeldom where that takes its
// time: each look goes through all tasks of the machine.
const lookAgain, lookSeldom = 10 * time.Millisecond, 250 * time.Millisecond

// lookAfter sees whether something is left, and kills it if that is due.
func (w *watching) lookAfter() {
	var alive int
	var err error
	if w.giveUp != nil {
		alive, err = w.audit.Kill()
	} else {
		alive, err = w.audit.Alive()
	}
	w.note(err)
	if err != nil && w.giveUp == nil { // there is no seeing when they have ended
		w.kill()
		return
	}
	if alive == 0 && err == nil && w.waited == nil && w.tested == nil {
		w.over = true
	}
	w.look = time.After(w.pause)
	if w.giveUp == nil {
		w.pause = min(2*w.pause, lookSeldom)
	}
}

// tellRest tells descendants to end that are left. Where the user wants an end, a test does
// not hold that up either.
func (w *watching) tellRest() {
	if w.signals.asked() {
		w.audit.KillCompanions()
	}
	told, err := w.audit.EndTree()
	w.note(err)
	w.result.told = w.result.told || told > 0
}

// kill ends what was launched, with the test, and sees to it that it stays so.
func (w *watching) kill() {
	w.audit.KillCompanions()
	_, err := w.audit.Kill()
	w.note(err)
	w.tell, w.deadline, w.rest = nil, nil, true
	w.giveUp = time.After(killGrace)
	w.pause, w.look = lookAgain, time.After(lookAgain)
}

// abandon leaves what cannot be ended.
func (w *watching) abandon() {
	w.over = true
	alive, err := w.audit.Alive()
	w.note(err)
	if alive == 0 && w.waited == nil {
		return
	}
	w.result.abandoned = true
	reason := "the kernel has not ended what it killed"
	if w.trouble != nil {
		reason = w.trouble.Error()
	}
	console.Warningf("%s of the command could not be ended: %s", processes(max(alive, 1)), reason)
}

func processes(n int) string {
	if n == 1 {
		return "1 process"
	}
	return fmt.Sprintf("%d processes", n)
}

// writeInterim may take as long as its reader does.
func (w *watching) writeInterim() {
	defer w.interims.Done()
	if err := w.reportInterim(w.audit); err != nil {
		console.Warningf("interim report: %v", err)
	}
	w.written <- struct{}{}
}

func (w *watching) note(err error) {
	if err != nil {
		w.trouble = err
	}
}
