package audit

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// End is how the first process ended, or one that came into the watched group,
// after a system call with a refused check.
type End struct {
	// PID of the process; Status and Signal as in Application.
	PID, Status, Signal int
	// Syscall is the last with a refused check in it, of the process or of a child, and
	// Return what it returned; Refused are the capabilities, bit n for number n.
	Syscall Syscall
	Return  int
	Refused uint64
	// Since is how long before the end that was.
	Since time.Duration
	// Child: it was a child's, which then ended with ChildStatus or ChildSignal.
	Child                    bool
	ChildStatus, ChildSignal int
}

// RefusedEnd is an end with a failure for which a refusal is to blame, as far as
// that can be seen: it was the last thing that the program tried.
type RefusedEnd struct {
	PID, Status, Signal int
	Syscall             Syscall
	Return              int
	// Capabilities are those refused of which each would have done.
	Capabilities []int
}

// A program that gives up does so soon. The kernel half counts the calls in
// between, and leaves out those with too many, unless outcomes are a sample.
const soon, soonIfSampled = 5 * time.Second, time.Second

// refusedEnd is nil where nothing is to blame, or that is not known.
func (a *analysis) refusedEnd() *RefusedEnd {
	end := a.o.End
	if end == nil || end.Status == 0 && end.Signal == 0 || !end.blamable() {
		return nil
	}
	if end.Since > soon || a.o.Sampled && end.Since > soonIfSampled {
		return nil
	}
	r := &RefusedEnd{PID: end.PID, Status: end.Status, Signal: end.Signal, Syscall: end.Syscall,
		Return: end.Return}
	for _, n := range members(end.Refused) {
		lesser := func(lesser int) bool { return end.Refused>>lesser&1 == 1 }
		if a.refusedNeed(n, end.Syscall) && !a.onlyTried(n, end.Syscall) &&
			!slices.ContainsFunc(Alternatives(n), lesser) {
			r.Capabilities = append(r.Capabilities, n)
		}
	}
	if len(r.Capabilities) == 0 {
		return nil
	}
	return r
}

// blamable: the call failed for want of permission, or told of it by a message, as
// netlink does (net/netlink/af_netlink.c, netlink_ack()); and whoever ended for a
// child's sake ended as the child did.
func (e *End) blamable() bool {
	answered := e.Return >= 0 && slices.Contains([]string{"sendto", "sendmsg", "sendmmsg"}, e.Syscall.Name)
	refused := func(n int) bool { return ForWant(n, e.Syscall.Name, e.Return) }
	if !answered && !slices.ContainsFunc(members(e.Refused), refused) {
		return false
	}
	if !e.Child {
		return true
	}
	same := e.Status == e.ChildStatus && e.Signal == e.ChildSignal
	// as shells have it
	return same || e.Signal == 0 && e.ChildSignal != 0 && e.Status == 128+e.ChildSignal
}

// refusedNeed: the capability was refused in that call where it was no probe.
func (a *analysis) refusedNeed(n int, s Syscall) bool {
	l := a.caps[n]
	return l != nil && slices.ContainsFunc(l.needRows, func(row Checks) bool {
		return row.Verdict != Granted && row.Syscall == s
	})
}

// onlyTried: whoever has become another user tries whether the way back to root is barred, as tor
// does, and goes on because it is.
func (a *analysis) onlyTried(n int, s Syscall) bool {
	l := a.caps[n]
	if n != unix.CAP_SETUID && n != unix.CAP_SETGID || l.need.Granted == 0 {
		return false
	}
	tried := false
	for _, row := range l.needRows {
		if row.Verdict == Granted || row.Syscall != s {
			continue
		}
		for _, site := range row.Sites {
			if !onlyRoot(site.Objects) {
				return false
			}
			tried = true
		}
	}
	return tried
}

// onlyRoot: nobody else was to be become.
func onlyRoot(o Objects) bool {
	return len(o.Seen) > 0 && o.Others == 0 && !slices.ContainsFunc(o.Seen, func(s SeenObject) bool {
		return s.Option != "user root" && s.Option != "group root"
	})
}

// Waited takes a status of wait(2) apart.
func Waited(status unix.WaitStatus) (exit, signal int) {
	if status.Signaled() {
		return 0, int(status.Signal())
	}
	return status.ExitStatus(), 0
}
