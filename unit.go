package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/cgroup"
	"github.com/cap-audit/cap-audit/report"
	"github.com/cap-audit/cap-audit/systemd"
	"github.com/cap-audit/cap-audit/tracer"
)

// liveUnit is a service of the running system under audit.
type liveUnit struct {
	*systemd.Unit
	// ended is closed when the unit has stopped.
	ended chan struct{}

	// restart: it is to be restarted under the audit.
	restart bool

	mu sync.Mutex
	// started: systemd has said that the restart is done.
	started bool
	// trouble says what went wrong with the unit, "" for nothing.
	trouble string
}

// prepareUnit finds the service of --unit on the running system.
func (s *session) prepareUnit() error {
	wrong := func(err error) error { return fmt.Errorf("--unit %s: %w", printable(s.cfg.unit), err) }
	name, err := systemd.ServiceName(s.cfg.unit)
	if err != nil {
		return wrong(err)
	}
	var unit *systemd.Unit
	if err := ask(func(m *systemd.Manager) (err error) {
		unit, err = m.Unit(context.Background(), name)
		return err
	}); err != nil {
		return wrong(err)
	}
	switch {
	case !unit.Active() && !s.cfg.restart:
		return wrong(fmt.Errorf("does not run; --restart starts it under the audit, or systemctl start %s",
			unit.Name))
	case runsIn(unit.Cgroup):
		return wrong(errors.New("cap-audit itself is one of its processes; run it from elsewhere, such as a " +
			"" +
			"" +
			"" +
			"login at the console"))
	case s.cfg.writeDropin && unit.Transient:
		return wrong(errors.New("is transient, and no drop-in outlives it; give the set to what makes it, " +
			"as in systemd-run -p CapabilityBoundingSet=..."))
	}
	s.unit = &liveUnit{Unit: unit, restart: s.cfg.restart, ended: make(chan struct{})}
	ours := systemd.Dropin{Units: systemd.UnitsOfAdmin, Unit: unit.Name}
	s.about = audit.Subject{
		Kind:      audit.SubjectUnit,
		Name:      unit.Name,
		Cgroup:    unit.Cgroup,
		Ambient:   unit.Ambient,
		Limited:   slices.Contains(unit.DropIns, ours.Path()),
		FromStart: s.cfg.restart,
	}
	s.subject = &tracer.Running{
		Cgroup: unit.Cgroup,
		Entry:  tracer.EntryByManager,
		Ended:  s.unit.ended,
	}
	if !s.cfg.restart {
		s.subject.PID = unit.MainPID
	}
	s.onWatched = s.followUnit
	return nil
}

// runsIn reports whether this process is in a control group or below it.
func runsIn(group string) bool {
	path, err := cgroup.Of(0)
	return err == nil && strings.HasPrefix(filepath.Join(cgroup.Root(), path)+"/", group+"/")
}

// followUnit restarts the unit if that is wanted, and has the audit end when
// the unit stops. The time of --duration and a --test begin once the service
// says that it is up; one of Type=oneshot says so when it is done.
func (s *session) followUnit() error {
	ctx := context.Background()
	manager, err := systemd.Connect(ctx)
	var restart *systemd.Job
	if s.cfg.restart && err == nil {
		s.lines.print("[*] Restarting %s", s.unit.Name)
		restart, err = manager.Restart(ctx, s.unit.Name)
	}
	if s.cfg.restart && err != nil {
		return fmt.Errorf("--unit %s: %w", s.unit.Name, err)
	}
	up := make(chan struct{})
	go s.unit.follow(ctx, manager, restart, up)
	if s.unit.Type == "oneshot" {
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
		warningf("%s", u.trouble)
	}
}

// describe puts what systemd knows into findings.
func (u *liveUnit) describe(f *audit.Findings) {
	f.Application.Path = u.Program
	f.Application.Unprivileged = !u.Root
	if pid := u.mainPID(); pid != 0 {
		f.Application.PID = pid
	}
	f.Subject.CutShort = u.cutShort()
}

// mainPID is that of the unit's main process: after a restart it is another, a
// unit that has stopped has none, and it is 0.
func (u *liveUnit) mainPID() (pid int) {
	ask(func(m *systemd.Manager) error {
		now, err := m.Unit(context.Background(), u.Name)
		if err == nil {
			pid = now.MainPID
		}
		return err
	})
	return pid
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

func reload(m *systemd.Manager) error { return m.Reload(context.Background()) }

// obstacle says why the unit is not to be limited to the set, "" for no reason.
func (u *liveUnit) obstacle(f *audit.Findings, doc *report.Document) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.trouble != "":
		return u.trouble
	case !u.started:
		return "systemd has not said that it is started, and the rest of the start may need more; run the " +
			"audit again until it is"
	case !doc.Complete:
		return "the record has gaps, and the set may be too small; see COMPLETENESS in the report, and run " +
			"the audit again"
	case slices.ContainsFunc(capng.Numbers(f.Recommended()), func(n int) bool { return !capng.Known(n) }):
		return "libcap-ng on this machine has no name for one of the capabilities"
	}
	return ""
}

// undone are the drop-ins that come after ours and change the sets that it
// gives to the unit, none if nothing does.
func undone(now *systemd.Unit, ours string, bounding, ambient uint64) []string {
	if now.Bounding == bounding && now.Ambient == ambient {
		return nil
	}
	// settings such as PrivateDevices= change them as well, and take no more than that
	return now.DropIns[slices.Index(now.DropIns, ours)+1:]
}

// writeDropin is --write-dropin: it limits the unit to the recommended set.
func (s *session) writeDropin(f *audit.Findings, doc *report.Document) error {
	dropin := systemd.Dropin{Units: systemd.UnitsOfAdmin, Unit: s.unit.Name}
	refuse := func(reason string) error {
		return fmt.Errorf("no drop-in is written for %s: %s", s.unit.Name, reason)
	}
	if reason := s.unit.obstacle(f, doc); reason != "" {
		return refuse(reason)
	}
	var block bytes.Buffer
	if err := report.WriteSnippet(&block, doc, "systemd"); err != nil {
		return err
	}
	s.lines.print("[*] Drop-in %s:", dropin.Path())
	for line := range strings.Lines(block.String()) {
		s.lines.print("    %s", strings.TrimSuffix(line, "\n"))
	}
	if strings.HasPrefix(s.unit.FragmentPath, "/run/") {
		s.lines.print("[*] %s is made anew at each boot; the drop-in is for each of these units",
			printable(s.unit.FragmentPath))
	}
	for _, program := range s.unit.Privileged {
		s.lines.print("[*] %s runs with full privileges (\"+\"): the limits are not for it, though the set "+
			"holds what it used", printable(program))
	}
	for _, doubt := range doc.Doubts() {
		warningf("%s", doubt)
	}
	if err := dropin.Write(block.Bytes()); err != nil {
		return refuse(err.Error())
	}
	if err := ask(reload); err != nil {
		return fmt.Errorf("the drop-in is written, but systemd does not reload its files: %w; try systemctl "+
			"daemon-reload", err)
	}
	var now *systemd.Unit
	if err := ask(func(m *systemd.Manager) (err error) {
		now, err = m.Unit(context.Background(), s.unit.Name)
		return err
	}); err != nil {
		return fmt.Errorf("the drop-in is written, but whether systemd heeds it is not known: %w", err)
	}
	if later := undone(now, dropin.Path(), f.Recommended(), s.unit.Ambient&f.Recommended()); len(later) > 0 {
		s.lines.print("[*] Written, for the next start: systemctl restart %s", s.unit.Name)
		warningf("%s gets other sets than the drop-in's: later ones change them; see CapabilityBoundingSet= "+
			"and AmbientCapabilities= in %s",
			s.unit.Name, printable(strings.Join(later, ", ")))
	} else {
		s.lines.print("[*] Written. It holds from the next start on: systemctl restart %s", s.unit.Name)
	}
	s.lines.print("[*] To take it back: cap-audit --unit %s --revert-dropin", s.unit.Name)
	return nil
}

// revertDropin is --revert-dropin. It works without systemd, too, and for
// units that are gone.
func revertDropin(cfg *config) error {
	wrong := func(err error) error { return fmt.Errorf("--unit %s: %w", printable(cfg.unit), err) }
	name, err := systemd.ServiceName(cfg.unit)
	if err != nil {
		return wrong(err)
	}
	ask(func(m *systemd.Manager) error {
		// the drop-in is under the primary name
		unit, err := m.Unit(context.Background(), name)
		if err == nil {
			name = unit.Name
		}
		return err
	})
	dropin := systemd.Dropin{Units: systemd.UnitsOfAdmin, Unit: name}
	if err := dropin.Remove(); err != nil {
		return wrong(err)
	}
	err = ask(reload)
	lines := newLines(cfg)
	lines.print("[*] Removed %s", dropin.Path())
	if err != nil {
		return fmt.Errorf("systemd does not know yet that the drop-in is gone: %w", err)
	}
	lines.print("[*] What runs keeps its limits until systemctl restart %s", name)
	return nil
}
