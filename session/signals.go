package session

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/early"
	"github.com/cap-audit/cap-audit/tracer"
)

// signals passes those that are meant for the subject on to it.
type signals struct {
	course course // of the subject

	mu    sync.Mutex
	run   *tracer.Audit // nil before the first, and while the next one starts
	count int           // requests to end
	// suspended: asked to stop, as by Ctrl-Z, before there was a run.
	suspended bool
	// late counts those that came when the run was over
	late     int
	finished bool
	last     syscall.Signal
	lastAt   time.Time
	// endings and kill get what requests mean beyond what they pass on.
	endings chan ending
	kill    chan struct{}
	// interim gets the requests for an interim report.
	interim chan os.Signal
	// stopped gets SIGTSTP, and continued SIGCONT: one of each, whatever there have been.
	stopped, continued chan os.Signal
}

// sameRequest is how soon after a signal another of its kind is the same
// request: timeout(1) signals its child and then the whole process group.
const sameRequest = 300 * time.Millisecond

// listen begins to take signals.
func listen(to course) *signals {
	s := &signals{course: to, endings: make(chan ending, 1), kill: make(chan struct{}, 1),
		interim: make(chan os.Signal, 1), stopped: make(chan os.Signal, 1),
		continued: make(chan os.Signal, 1)}
	signal.Notify(s.interim, unix.SIGUSR1)
	incoming := make(chan os.Signal, 16)
	signal.Notify(incoming, early.Requests()...)
	early.HandOver()
	for sig, to := range map[syscall.Signal]chan<- os.Signal{unix.SIGTSTP: s.stopped,
		unix.SIGCONT: s.continued} {
		if !tracer.IgnoredAtStart(sig) {
			signal.Notify(to, sig)
		}
	}
	go func() {
		for {
			s.handle(s.next(incoming))
		}
	}()
	return s
}

// sameMoment is how far Go's runtime may put signals apart, on a busy machine, and in
// another order, that were sent at once.
const sameMoment = 50 * time.Millisecond

// next is the next signal, SIGCONT after what was sent in the same moment: who stops and
// continues a process at once has it going on.
func (s *signals) next(incoming <-chan os.Signal) syscall.Signal {
	select {
	case sig := <-incoming:
		return sig.(syscall.Signal)
	case <-s.stopped:
		return unix.SIGTSTP
	case <-s.continued:
	}
	var first syscall.Signal
	select {
	case sig := <-incoming:
		first = sig.(syscall.Signal)
	case <-s.stopped:
		first = unix.SIGTSTP
	case <-time.After(sameMoment):
		return unix.SIGCONT
	}
	select {
	case s.continued <- unix.SIGCONT:
	default: // another has come
	}
	return first
}

// expect says that a run starts: the subject may run before setRun, which passes on what comes meanwhile.
func (s *signals) expect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.run, s.finished = nil, false
}

// setRun says what the signals are for from now on, and passes on what came
// before there was anyone to tell.
func (s *signals) setRun(a *tracer.Audit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.run = a
	select {
	case <-s.endings: // of the run before
	default:
	}
	if s.suspended {
		s.suspended = false
		s.control(unix.SIGTSTP)
	}
	if s.count > 0 {
		s.request(s.last, 0, false)
	}
}

// finish says that the run is over. What is left to do should take no time,
// but a reader that does not read can hold the report up: the first request
// is then answered, and the second obeyed.
func (s *signals) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finished = true
}

// asked reports whether the user wanted an end.
func (s *signals) asked() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count > 0
}

func (s *signals) handle(sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	job := sig == unix.SIGTSTP || sig == unix.SIGCONT
	if !job {
		if sig == s.last && time.Since(s.lastAt) < sameRequest {
			return
		}
		s.last, s.lastAt = sig, time.Now()
		if s.finished {
			s.giveUp(sig)
			return
		}
		s.count++
	}
	if s.run == nil {
		if job {
			s.suspended = sig == unix.SIGTSTP
		}
		return
	}
	if job {
		s.control(sig)
	} else {
		s.request(sig, s.count, typed(sig))
	}
}

// control has the subject stopped or continued, and this process stopped.
func (s *signals) control(sig syscall.Signal) {
	s.course.control(s.run, sig)
	if sig != unix.SIGTSTP {
		return
	}
	select {
	case <-s.continued: // it came before we have stopped, and would never let us go on
		// nor would one of several, on a busy machine all told of as one: a stop from between them is over
		time.Sleep(sameMoment)
		select {
		case <-s.stopped:
		default:
		}
		s.course.control(s.run, unix.SIGCONT)
	case <-time.After(sameMoment):
		// the target has stopped, now we do; SIGCONT finds us here
		unix.Kill(unix.Getpid(), unix.SIGSTOP)
	}
}

// request passes the nth request to end on. What is to be killed is, at once, and
// then seen to: whoever waits for it may be at something else now.
func (s *signals) request(sig syscall.Signal, nth int, delivered bool) {
	e, kill := s.course.request(s.run, sig, nth, delivered)
	if kill {
		select {
		case s.kill <- struct{}{}:
		default:
		}
		s.run.KillCompanions()
		s.run.Kill()
	}
	if e.rest {
		select {
		case s.endings <- e:
		default:
		}
		s.remind(s.run, 1, unheeded)
	}
}

// patient is how long something is waited for without a word.
const patient = 10 * time.Second

// remind says after a while what the run waits for, and how to end that, unless
// it is over then, or was asked to end more often than this.
func (s *signals) remind(run *tracer.Audit, asked int, sentence func(*tracer.Audit) string) {
	time.AfterFunc(patient, func() {
		if s.waits(run, asked) {
			console.Warningf("%s", sentence(run))
		}
	})
}

// unheeded says what was asked to end and has not.
func unheeded(run *tracer.Audit) string {
	what := "the command"
	if run.Ended() {
		what = "what the command has left behind"
	}
	return what + " was asked to end and has not: the report comes when it does; another signal kills it"
}

// waits: the run goes on, and was asked to end that often.
func (s *signals) waits(run *tracer.Audit, asked int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.run == run && !s.finished && s.count == asked
}

// giveUp ends cap-audit by the signal if it is the second one.
func (s *signals) giveUp(sig syscall.Signal) {
	if s.late++; s.late == 1 {
		console.Warningf("the report is being written; another signal gives it up")
		return
	}
	early.Die(sig)
}

// typed guesses whether a signal came from the keyboard: then the terminal
// sent it to the whole foreground process group, the target among it, and to
// pass it on would deliver it twice.
func typed(sig syscall.Signal) bool {
	if sig != unix.SIGINT && sig != unix.SIGQUIT {
		return false
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDONLY|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return false // no controlling terminal, no keyboard
	}
	defer tty.Close()
	foreground, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && foreground == unix.Getpgrp()
}
