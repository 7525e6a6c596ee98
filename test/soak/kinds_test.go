package soak

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// storm: as many processes as fast as can be, and not one check is missed.
func (a *audit) storm() {
	n := uint64(200 + a.random(3000))
	a.begin("-j", "-o", a.report(), "--", tree, "storm", fmt.Sprint(n))
	if !a.over(patience) {
		a.Errorf("%q does not end", a.cmd.Args)
	}
	if d := a.end(); d != nil && d.Complete && d.chroots() != n {
		a.Errorf("%q: %d checks", a.cmd.Args, d.chroots())
	}
}

// relay: a tree that forks on and heeds nothing is ended all the same.
func (a *audit) relay() {
	a.begin("-j", "-o", a.report(), "--", tree, "relay", fmt.Sprint(1+a.random(6)))
	a.moment(800)
	if d := a.end(); d != nil && d.Running > 0 {
		a.Errorf("%q: %d processes are left", a.cmd.Args, d.Running)
	}
}

// signals: any, at any moment.
func (a *audit) signals() {
	targets := [][]string{{"sleep", "600"}, {tree, "storm", "3000"}, {tree, "loop", "1000000"}}
	a.begin(append([]string{"-j", "-o", a.report(), "--"}, targets[a.random(len(targets))]...)...)
	for range 1 + a.random(5) {
		a.moment(300)
		kinds := []syscall.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGQUIT, unix.SIGHUP, unix.SIGUSR1,
			unix.SIGTSTP}
		sig := kinds[a.random(len(kinds))]
		a.signal(sig)
		if sig == unix.SIGTSTP {
			a.moment(50)
			a.signal(unix.SIGCONT)
		}
	}
	a.signal(unix.SIGCONT)
	a.end()
	a.leaves = true // the children of a target that was killed
}

// killed: SIGKILL, at any moment.
func (a *audit) killed() {
	a.leaves = true
	a.begin("-j", "-v", "-o", a.report(), "--", tree, "relay", "2")
	a.moment(800)
	a.signal(unix.SIGKILL)
	a.end()
}

// fullDisk: neither the file nor TMPDIR takes the report.
func (a *audit) fullDisk() {
	os.Remove(a.dir)
	a.dir = a.full
	a.begin("-j", "-o", a.report(), "--", tree, "storm", "100")
	if !a.over(patience) {
		a.Errorf("%q does not end", a.cmd.Args)
	}
	if d := a.end(); d != nil && d.Complete && d.chroots() != 100 {
		a.Errorf("%q: %d checks", a.cmd.Args, d.chroots())
	}
}

// attached: to a group in which processes come and go, and which goes on.
func (a *audit) attached() {
	churn := filepath.Join(a.group, "churn")
	if err := os.Mkdir(churn, 0o755); err != nil {
		a.Error(err)
	}
	a.leaves, a.adopts = true, true
	shell := a.in(churn, "/bin/sh", "-c", `while "$0" storm 20 && "$0" threads 3 5; do :; done`, tree)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		shell.Wait()
	}()
	what := [][]string{{"--cgroup", churn}, {"-p", fmt.Sprint(shell.Process.Pid)}}
	a.begin(append([]string{"-j", "-o", a.report(), "-d", "0.5"}, what[a.random(2)]...)...)
	if !a.over(patience) {
		a.Errorf("%q does not end", a.cmd.Args)
	}
	a.end()
	select {
	case <-ended:
		a.Errorf("%q: what was watched has ended", a.cmd.Args)
	case <-time.After(0):
	}
	a.killGroups()
	<-ended
}
