package systemd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"

	"github.com/cap-audit/cap-audit/cgroup"
	"github.com/cap-audit/cap-audit/hint"
)

// Manager is a connection to the service manager of the running system.
type Manager struct{ conn *dbus.Conn }

// ErrNotRunning: there is no systemd to ask.
var ErrNotRunning = errors.New("systemd does not run this system")

// Connect reaches the manager, for root without the help of a bus, which may
// be what is to be restarted. The context's end is the connection's, too.
func Connect(ctx context.Context) (*Manager, error) {
	// what sd_booted(3) looks for
	if info, err := os.Lstat("/run/systemd/system"); err != nil || !info.IsDir() {
		return nil, hint.Add(ErrNotRunning, "--service runs the program of a unit file without it")
	}
	connect := dbus.NewSystemConnectionContext
	if os.Geteuid() == 0 {
		connect = dbus.NewSystemdConnectionContext
	}
	conn, err := connect(ctx)
	if err != nil {
		return nil, hint.Add(fmt.Errorf("cannot reach systemd over D-Bus: %w", err),
			"see whether systemctl can")
	}
	m := &Manager{conn}
	if err := conn.Subscribe(); err != nil {
		m.Close()
		return nil, fmt.Errorf("cannot get systemd's signals over D-Bus: %w", err)
	}
	return m, nil
}

// Close ends the connection.
func (m *Manager) Close() { m.conn.Close() }

// Unit is a service as the manager has it loaded.
type Unit struct {
	// Name is the primary one where the unit has aliases.
	Name string
	// ActiveState is active, reloading, inactive, failed, activating,
	// deactivating, maintenance or refreshing.
	ActiveState string
	// FragmentPath is the unit's file, "" for none. What a generator or a
	// program made lies below /run.
	FragmentPath string
	// DropIns are the paths of its drop-ins, in the order in which they count.
	DropIns []string
	// Transient: made by a program such as systemd-run, and gone with its last process.
	Transient bool
	// Type is that of Type=.
	Type string
	// Program is the path of ExecStart=.
	Program string
	// Cgroup is the directory of its control group, which exists while the unit is active.
	Cgroup string
	// MainPID is 0 when there is no main process.
	MainPID int
	// Root: User= and DynamicUser= name nobody else.
	Root bool
	// Bounding and Ambient are the sets that are configured, bit n for
	// capability number n. Without a setting the first has every bit.
	Bounding, Ambient uint64
	// Privileged are the programs of commands with the prefix "+", for which
	// the unit's limits do not count.
	Privileged []string
}

// Active tells whether processes of the unit run, or are about to.
func (u *Unit) Active() bool { return active(u.ActiveState) }

func active(state string) bool { return state != "inactive" && state != "failed" }

// Unit looks a service up by its name, as ServiceName has it.
func (m *Manager) Unit(ctx context.Context, name string) (*Unit, error) {
	general, err := m.conn.GetUnitPropertiesContext(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("ask systemd for the unit: %w", err)
	}
	p := properties{values: general}
	u := &Unit{
		Name:         p.text("Id"),
		ActiveState:  p.text("ActiveState"),
		FragmentPath: p.text("FragmentPath"),
		DropIns:      get[[]string](&p, "DropInPaths"),
		Transient:    p.flag("Transient"),
	}
	switch state := p.text("LoadState"); state {
	case "loaded":
	case "not-found":
		return nil, hint.Add(errors.New("there is no such service"),
			"systemctl list-units --type=service --all lists them")
	case "masked":
		return nil, hint.Addf(errors.New("is masked and cannot run"), "systemctl unmask %s allows it", name)
	default:
		return nil, hint.Addf(fmt.Errorf("systemd could not load its file (%s)", state),
			"systemctl status %s says why", name)
	}
	if p.values, err = m.conn.GetUnitTypePropertiesContext(ctx, u.Name, "Service"); err != nil {
		return nil, fmt.Errorf("ask systemd for the service: %w", err)
	}
	u.Type = p.text("Type")
	u.MainPID = int(p.number("MainPID"))
	u.Bounding, u.Ambient = p.number("CapabilityBoundingSet"), p.number("AmbientCapabilities")
	user := p.text("User")
	u.Root = (user == "" || user == "root" || user == "0") && !p.flag("DynamicUser")
	if commands := p.commands("ExecStart"); len(commands) > 0 {
		u.Program = commands[0].path
	}
	for _, setting := range []string{"ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost",
		"ExecReload", "ExecStop", "ExecStopPost"} {
		for _, c := range p.commands(setting) {
			if c.privileged {
				u.Privileged = append(u.Privileged, c.path)
			}
		}
	}
	if cgroup.Root() == "" {
		return nil, hint.Add(cgroup.ErrNone, cgroup.NoneHint)
	}
	group := p.text("ControlGroup")
	if group == "" {
		root, err := m.conn.GetManagerProperty("ControlGroup")
		if err != nil {
			return nil, fmt.Errorf("ask systemd for its control group: %w", err)
		}
		group = filepath.Join(strings.Trim(root, `"`), slicePath(p.text("Slice")), cgroupName(u.Name))
	}
	u.Cgroup = filepath.Join(cgroup.Root(), group)
	return u, p.err
}

// ErrGone: systemd closed the connection, as it does when it executes itself anew.
var ErrGone = errors.New("systemd closed the connection")

// lookEvery is how often a connection is seen to be lost: that is no event.
const lookEvery = 5 * time.Second

// Job is one that systemd has been asked to do.
type Job struct {
	manager *Manager
	result  chan string
}

// Restart asks for the unit to be restarted, or started where it does not run.
func (m *Manager) Restart(ctx context.Context, unit string) (*Job, error) {
	job := &Job{m, make(chan string, 1)}
	if _, err := m.conn.RestartUnitContext(ctx, unit, "replace", job.result); err != nil {
		return nil, fmt.Errorf("systemd does not restart it: %w", err)
	}
	return job, nil
}

// Wait returns the job's result when it has ended, "done" for success.
func (j *Job) Wait(ctx context.Context) (string, error) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case result := <-j.result:
			return result, nil
		case <-ctx.Done():
			return "", ctx.Err()
		case <-ticker.C:
			if !j.manager.conn.Connected() {
				return "", ErrGone
			}
		}
	}
}

// Reload makes the manager read all unit files anew.
func (m *Manager) Reload(ctx context.Context) error { return m.conn.ReloadContext(ctx) }

// WaitStopped returns the unit's state once it is neither active nor on the
// way there, be it now. To be called once for a Manager.
func (m *Manager) WaitStopped(ctx context.Context, unit string) (string, error) {
	// of every unit
	changes := make(chan *dbus.PropertiesUpdate, 1024)
	m.conn.SetPropertiesSubscriber(changes, make(chan error, cap(changes)))
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		// not what a change says: a service that restarts by itself is inactive for a moment
		state, err := m.state(ctx, unit)
		if err != nil || !active(state) {
			return state, err
		}
		for changed := false; !changed; {
			select {
			case <-ctx.Done():
				return "", ctx.Err()
			case <-ticker.C:
				if !m.conn.Connected() {
					return "", ErrGone
				}
			case change := <-changes:
				changed = change.UnitName == unit
			}
		}
	}
}

func (m *Manager) state(ctx context.Context, unit string) (string, error) {
	p, err := m.conn.GetUnitPropertyContext(ctx, unit, "ActiveState")
	if err != nil {
		return "", fmt.Errorf("ask systemd for the unit's state: %w", err)
	}
	state, _ := p.Value.Value().(string)
	return state, nil
}

// properties of a D-Bus object. The first that is missing or of another type
// than systemd documents is in err.
type properties struct {
	values map[string]any
	err    error
}

func get[T any](p *properties, name string) T {
	t, ok := p.values[name].(T)
	if !ok && p.err == nil {
		p.err = fmt.Errorf("systemd says nothing of the property %s", name)
	}
	return t
}

func (p *properties) text(name string) string { return get[string](p, name) }
func (p *properties) flag(name string) bool   { return get[bool](p, name) }

func (p *properties) number(name string) uint64 {
	if n, ok := p.values[name].(uint32); ok {
		return uint64(n)
	}
	return get[uint64](p, name)
}

// command is one of a setting such as ExecStart=.
type command struct {
	path       string
	privileged bool
}

// commands are those of a setting, as systemd 243 and later has them: a list
// of structures that begin with the path, the arguments and a list of flags.
func (p *properties) commands(setting string) []command {
	var list []command
	for _, c := range get[[][]any](p, setting+"Ex") {
		if len(c) < 3 {
			continue
		}
		path, _ := c[0].(string)
		flags, _ := c[2].([]string)
		list = append(list, command{path, slices.Contains(flags, "privileged")})
	}
	return list
}
