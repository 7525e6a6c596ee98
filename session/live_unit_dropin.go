package session

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/hint"
	"github.com/cap-audit/cap-audit/report"
	"github.com/cap-audit/cap-audit/systemd"
)

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

// ours is the drop-in that --write-dropin writes.
func (u *liveUnit) ours() systemd.Dropin {
	return systemd.Dropin{Units: systemd.UnitsOfAdmin, Unit: u.Name}
}

// conclude limits the unit to the recommended set, if that is wanted.
func (u *liveUnit) conclude(s *session, f *audit.Findings, doc *report.Document) error {
	if !u.dropin {
		return nil
	}
	refuse := func(reason string) error {
		return fmt.Errorf("no drop-in is written for %s: %s", u.Name, reason)
	}
	if f.TestFailed != "" {
		return refuse(f.TestFailed)
	}
	if reason := u.obstacle(f, doc); reason != "" {
		return refuse(reason)
	}
	var block bytes.Buffer
	if err := report.WriteSnippet(&block, doc, "systemd"); err != nil {
		return err
	}
	u.announce(s, block.String())
	for _, doubt := range doc.Doubts() {
		console.Warningf("%s", doubt)
	}
	if err := u.ours().Write(block.Bytes()); err != nil {
		return refuse(err.Error())
	}
	if err := ask(reload); err != nil {
		err = fmt.Errorf("the drop-in is written, but systemd does not reload its files: %w", err)
		return hint.Add(err, "try systemctl daemon-reload")
	}
	return u.confirm(s, f.Recommended())
}

// announce shows the drop-in, and what it does not reach.
func (u *liveUnit) announce(s *session, block string) {
	s.lines.Print("[*] Drop-in %s:", u.ours().Path())
	for line := range strings.Lines(block) {
		s.lines.Print("    %s", strings.TrimSuffix(line, "\n"))
	}
	if strings.HasPrefix(u.FragmentPath, "/run/") {
		s.lines.Print("[*] %s is made anew at each boot; the drop-in is for each of these units",
			console.Printable(u.FragmentPath))
	}
	for _, program := range u.Privileged {
		s.lines.Print("[*] %s runs with full privileges (\"+\"): the limits are not for it, though the set "+
			"holds what it used", console.Printable(program))
	}
}

// confirm asks systemd whether the drop-in has given the unit its sets.
func (u *liveUnit) confirm(s *session, set uint64) error {
	now, err := lookUpUnit(u.Name)
	if err != nil {
		return fmt.Errorf("the drop-in is written, but whether systemd heeds it is not known: %w", err)
	}
	if later := undone(now, u.ours().Path(), set, u.Ambient&set); len(later) > 0 {
		s.lines.Print("[*] Written, for the next start: systemctl restart %s", u.Name)
		console.Warningf("%s gets other sets than the drop-in's: later ones change them; see "+
			"CapabilityBoundingSet= and AmbientCapabilities= in %s", u.Name,
			console.Printable(strings.Join(later, ", ")))
	} else {
		s.lines.Print("[*] Written. It holds from the next start on: systemctl restart %s", u.Name)
	}
	s.lines.Print("[*] To take it back: cap-audit --unit %s --revert-dropin", u.Name)
	return nil
}

// RevertDropin takes away what conclude wrote for a unit. It works without
// systemd, too, and for units that are gone.
func RevertDropin(options *Options) error {
	unit, lines := options.Name, options.lines()
	wrong := func(err error) error { return fmt.Errorf("--unit %s: %w", console.Printable(unit), err) }
	name, err := systemd.ServiceName(unit)
	if err != nil {
		return wrong(err)
	}
	if loaded, err := lookUpUnit(name); err == nil {
		name = loaded.Name // the drop-in is under the primary one
	}
	dropin := systemd.Dropin{Units: systemd.UnitsOfAdmin, Unit: name}
	if err := dropin.Remove(); err != nil {
		return wrong(err)
	}
	err = ask(reload)
	lines.Print("[*] Removed %s", dropin.Path())
	if err != nil {
		return fmt.Errorf("systemd does not know yet that the drop-in is gone: %w", err)
	}
	lines.Print("[*] What runs keeps its limits until systemctl restart %s", name)
	return nil
}
