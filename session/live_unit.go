package session

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/cgroup"
	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/hint"
	"github.com/cap-audit/cap-audit/systemd"
	"github.com/cap-audit/cap-audit/tracer"
)

// liveUnit is a service of the running system.
type liveUnit struct {
	adopted
	*systemd.Unit
	// ended is closed when the unit has stopped.
	ended chan struct{}
	// restart: it is to be restarted under the audit, and then to be limited by
	// a drop-in if dropin.
	restart, dropin bool

	mu sync.Mutex
	// started: systemd has said that the restart is done.
	started bool
	// trouble says what went wrong with the unit, "" for nothing.
	trouble string
}

// newLiveUnit finds the service on the running system.
func newLiveUnit(s *session) (subject, error) {
	unit, err := lookUpUnit(s.Name)
	if err == nil {
		err = cannotWatch(unit, s.Restart, s.WriteDropin)
	}
	if err != nil {
		return nil, fmt.Errorf("--unit %s: %w", console.Printable(s.Name), err)
	}
	u := &liveUnit{Unit: unit, restart: s.Restart, dropin: s.WriteDropin, ended: make(chan struct{})}
	u.running = tracer.Running{Cgroup: unit.Cgroup, Entry: tracer.EntryByManager, Ended: u.ended}
	if !u.restart {
		u.running.PID = unit.MainPID
	}
	return u, nil
}

func lookUpUnit(name string) (unit *systemd.Unit, err error) {
	if name, err = systemd.ServiceName(name); err != nil {
		return nil, err
	}
	err = ask(func(m *systemd.Manager) (err error) {
		unit, err = m.Unit(context.Background(), name)
		return err
	})
	return unit, err
}

// cannotWatch says why a unit cannot be audited so.
func cannotWatch(unit *systemd.Unit, restart, dropin bool) error {
	switch {
	case !unit.Active() && !restart:
		return hint.Addf(errors.New("does not run"),
			"--restart starts it under the audit, or systemctl start %s", unit.Name)
	case runsIn(unit.Cgroup):
		return hint.Add(errors.New("cap-audit itself is one of its processes"),
			"run it from elsewhere, such as a login at the console")
	case dropin && unit.Transient:
		return hint.Add(errors.New("is transient, and no drop-in outlives it"),
			"give the set to what makes it, as in systemd-run -p CapabilityBoundingSet=...")
	}
	return nil
}

// runsIn reports whether this process is in a control group or below it.
func runsIn(group string) bool {
	path, err := cgroup.Of(0)
	return err == nil && strings.HasPrefix(filepath.Join(cgroup.Root(), path)+"/", group+"/")
}

// start watches the unit's control group, restarts the unit if that is wanted,
// and has the audit end when it stops. The time of --duration and a --test
// begin once the service says that it is up; one of Type=oneshot says so when
// it is done.
func (u *liveUnit) start(s *session, at attempt, options tracer.Options) (*tracer.Audit, error) {
	a, err := u.adopted.start(s, at, options)
	if err == nil {
		if err = u.begin(s); err != nil {
			a.Close()
		}
	}
	return a, err
}

// begin returns once the service is up, or the user does not want to wait.
func (u *liveUnit) begin(s *session) error {
	ctx := context.Background()
	manager, err := systemd.Connect(ctx)
	var restart *systemd.Job
	if u.restart && err == nil {
		s.lines.Print("[*] Restarting %s", u.Name)
		restart, err = manager.Restart(ctx, u.Name)
	}
	if u.restart && err != nil {
		return fmt.Errorf("--unit %s: %w", u.Name, err)
	}
	up := make(chan struct{})
	go u.follow(ctx, manager, restart, up)
	if u.Type == "oneshot" {
		return nil
	}
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-up:
			return nil
		case <-ticker.C:
			if s.signals.asked() {
				return nil
			}
		}
	}
}

// follow waits for the restart and then for the unit's end. manager is nil
// where it could not be reached yet.
func (u *liveUnit) follow(ctx context.Context, manager *systemd.Manager, restart *systemd.Job,
	up chan<- struct{}) {
	defer close(u.ended)
	if restart != nil {
		switch result, err := restart.Wait(ctx); {
		case err != nil: // without an answer the unit's state has to tell
		case result == "done":
			u.mu.Lock()
			u.started = true
			u.mu.Unlock()
		default:
			u.fail("the restart of %s ended with %q; journalctl -u %s says why", u.Name, result, u.Name)
		}
	}
	close(up)
	var state string
	for {
		if manager != nil {
			var err error
			if state, err = manager.WaitStopped(ctx, u.Name); err == nil {
				break
			}
			manager.Close()
		}
		// systemd executes itself anew when it is upgraded; the unit goes on
		time.Sleep(time.Second)
		manager, _ = systemd.Connect(ctx)
	}
	if state == "failed" {
		u.fail("%s has failed; journalctl -u %s says why", u.Name, u.Name)
	}
}

// ask has a connection to systemd of its own: an audit can outlive one.
func ask(question func(*systemd.Manager) error) error {
	manager, err := systemd.Connect(context.Background())
	if err != nil {
		return err
	}
	defer manager.Close()
	return question(manager)
}

// fail keeps the first trouble and tells of it.
func (u *liveUnit) fail(format string, args ...any) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.trouble == "" {
		u.trouble = fmt.Sprintf(format, args...)
		console.Warningf("%s", u.trouble)
	}
}

func (u *liveUnit) title(int) string { return "service: " + console.Escape(u.Name) }

// describe puts what systemd knows into findings.
func (u *liveUnit) describe(f *audit.Findings) {
	f.Subject = audit.Subject{
		Kind:      audit.SubjectUnit,
		Name:      u.Name,
		Cgroup:    u.Cgroup,
		Ambient:   u.Ambient,
		Limited:   slices.Contains(u.DropIns, u.ours().Path()),
		FromStart: u.restart,
		CutShort:  u.cutShort(),
	}
	f.Application.Path = u.Program
	f.Application.Unprivileged = !u.Root
	if pid := u.pid(); pid != 0 {
		f.Application.PID = pid
	}
}

func (u *liveUnit) unitFiles() (unit string, files []string) {
	return u.Name, append([]string{u.FragmentPath}, u.DropIns...)
}

func (u *liveUnit) mainPID(*tracer.Audit) int { return u.pid() }

// pid is that of the unit's main process: after a restart it is another, a
// unit that has stopped has none, and it is 0.
func (u *liveUnit) pid() int {
	now, err := lookUpUnit(u.Name)
	if err != nil {
		return 0
	}
	return now.MainPID
}

// cutShort says why a start under the audit was not seen to its end, "" if it
// was, or none was to be.
func (u *liveUnit) cutShort() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case !u.restart || u.started:
		return ""
	case u.trouble != "":
		return u.trouble
	}
	return "systemd had not said that " + u.Name + " is started when the audit ended"
}
