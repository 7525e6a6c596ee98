package session

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/systemd"
	"github.com/cap-audit/cap-audit/tracer"
)

// unitFile is the service of a unit file, started as that says.
type unitFile struct {
	launched
	service *systemd.Service
	// keepUser: the program is to change the user itself; full: it has all
	// privileges, whatever the settings are
	keepUser, full bool
	name           string // of the file
	about          audit.UnitFile
	made           []string // directories
}

func newUnitFile(s *session) (subject, error) {
	if os.Geteuid() != 0 {
		return nil, errNotRoot
	}
	wrong := func(err error) error { return fmt.Errorf("--service: %w", err) }
	file, err := systemd.ReadFile(s.Name)
	if err != nil {
		return nil, wrong(err)
	}
	service, err := file.Service()
	if err != nil {
		return nil, wrong(err)
	}
	f := &unitFile{service: service, name: file.Name}
	f.identity = f.as
	if err := f.setCommand(s.Command); err != nil {
		return nil, err
	}
	own := s.Command
	// what a forking one starts is the service
	f.follow = s.Follow || service.Type == "forking" && (len(own) == 0 || strings.HasPrefix(own[0], "-"))
	if err := f.surround(); err != nil {
		return nil, err
	}
	f.tell()
	if lacking := f.about.Ambient &^ capng.Bounding(); lacking != 0 {
		return nil, wrong(fmt.Errorf("AmbientCapabilities= has %s, which cap-audit itself does not have "+
			"here: run it with more privileges", capng.Text(lacking)))
	}
	for _, warning := range file.Warnings {
		console.Warningf("--service: %s", warning)
	}
	return f, nil
}

// surround sets what the file says of the process beside its identity.
func (f *unitFile) surround() (err error) {
	service := f.service
	ignored := uint64(0)
	if service.IgnoreSIGPIPE {
		ignored = 1 << unix.SIGPIPE
	}
	f.target.Env = service.Environ
	f.target.Surroundings = tracer.Surroundings{
		Dir: service.Dir, DirOptional: service.DirOptional, Umask: &service.Umask, Nice: service.Nice,
		Ignored: &ignored, OnlyStandardFiles: true,
	}
	if !f.full { // src/core/exec-invoke.c of systemd, exec_invoke(): needs_sandboxing
		f.target.Surroundings.Limits = f.limits()
	}
	f.target.Stdin, err = os.Open(os.DevNull)
	return err
}

// setCommand decides what is run: ExecStart=, its program with other
// arguments, or another command.
func (f *unitFile) setCommand(own []string) error {
	if len(own) > 0 && !strings.HasPrefix(own[0], "-") {
		path, err := tracer.Resolve(own[0])
		if err != nil {
			return err
		}
		// the working directory will be another one
		f.target.Path, err = filepath.Abs(path)
		f.target.Argv, f.target.Shell = own, true
		return err
	}
	command, err := f.service.Command()
	if err != nil {
		return fmt.Errorf("--service: %w", err)
	}
	f.keepUser, f.full = command.KeepUser, command.Full
	program, err := f.service.Program(command)
	if err != nil {
		return &tracer.StartError{Path: command.Path, Status: 127, Text: err.Error()}
	}
	if f.target.Path, err = tracer.Resolve(program); err != nil {
		return err
	}
	f.target.Argv, err = command.Arguments(f.service.Environ)
	if err == nil && len(own) > 0 {
		f.target.Argv = append(f.target.Argv[:1:1], own...)
	}
	if err != nil {
		return fmt.Errorf("--service: %w", err)
	}
	return nil
}

// as is who the service runs as, with no capability outside of the set
// (src/core/exec-invoke.c of systemd).
func (f *unitFile) as(set uint64) *capng.Identity {
	if f.full {
		return f.privileged(set)
	}
	service := f.service
	bounding, ambient := service.Bounding&set, service.Ambient&service.Bounding&set
	id := &capng.Identity{
		UID: service.Account.UID, GID: service.Account.GID, Groups: service.Account.Groups,
		ClearGroups: len(service.Account.Groups) == 0,
		Bounding:    &bounding, Inheritable: &ambient, Ambient: &ambient, NoNewPrivs: service.NoNewPrivileges,
	}
	if service.SecureBits != 0 {
		id.SecureBits = &service.SecureBits
	}
	if f.keepUser {
		id.UID, id.GID, id.Groups = -1, -1, service.Account.UserGroups
		id.ClearGroups = len(id.Groups) == 0
	}
	if id.UID > 0 {
		// what is effective before exec is lost with it; the working
		// directory is entered without
		var none uint64
		id.Permitted, id.Effective = &ambient, &none
	} else {
		permitted := bounding & capng.Bounding()
		id.Permitted, id.Effective = &permitted, &permitted
	}
	return id
}

// privileged is the identity of a command with the prefix "+": root, in the
// groups of the user.
func (f *unitFile) privileged(set uint64) *capng.Identity {
	var none uint64
	bounding := capng.Bounding() & set
	groups := f.service.Account.UserGroups
	return &capng.Identity{UID: -1, GID: -1, Groups: groups, ClearGroups: len(groups) == 0,
		Bounding: &bounding, Inheritable: &none, Ambient: &none, Permitted: &bounding, Effective: &bounding}
}

// tell fills in what the report says of the unit file.
func (f *unitFile) tell() {
	service, id := f.service, f.as(everything)
	f.about.Unit, f.about.File, f.about.DropIns = service.File.Name, service.File.Path, service.File.DropIns
	f.about.User, f.about.Group = service.Account.Name, service.Account.Group
	f.about.Dynamic = service.Dynamic
	if f.keepUser || f.full {
		f.about.User = "" // it begins as root
	}
	f.about.Full = f.full
	f.about.Named = service.Account.Named
	f.about.UID, f.about.GID, f.about.Groups = max(id.UID, 0), max(id.GID, 0), id.Groups
	f.about.Ambient, f.about.Bounding = *id.Ambient, *id.Bounding&capng.Bounding()
	f.about.SetsBounding, f.about.SetsAmbient = service.SetsBounding, service.SetsAmbient
	f.about.Configured, f.about.NoNewPrivileges = service.Configured, id.NoNewPrivs
	f.about.Warnings = service.File.Warnings
	for _, o := range service.NotSimulated {
		f.about.NotSimulated = append(f.about.NotSimulated,
			audit.Omission{Setting: audit.Setting(o.Setting), Effect: o.Effect})
	}
	if id.UID > 0 { // a program that is to change the user itself has CAP_SYS_ADMIN
		for _, setting := range service.Filtering {
			f.about.NotSimulated = append(f.about.NotSimulated,
				audit.Omission{Setting: audit.Setting(setting), Effect: "older systemd, such as 252, sets " +
					"no_new_privs here: file capabilities and set-uid bits then count for nothing"})
		}
	}
	for _, setting := range service.NotRun {
		f.about.NotRun = append(f.about.NotRun, audit.Setting(setting))
	}
}

func (f *unitFile) describe(findings *audit.Findings) {
	findings.Subject = audit.Subject{Kind: audit.SubjectUnitFile, Name: f.name}
	findings.UnitFile = &f.about
}

func (f *unitFile) unitFiles() (unit string, files []string) {
	return f.about.Unit, append([]string{f.about.File}, f.about.DropIns...)
}

// setUp makes the directories that the file asks for.
func (f *unitFile) setUp() (tearDown func(), err error) {
	return f.removeDirectories, f.makeDirectories()
}
