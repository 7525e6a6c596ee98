package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/systemd"
	"github.com/cap-audit/cap-audit/tracer"
)

// service is what --service names.
type service struct {
	unit *systemd.Service
	// keepUser: the program is to change the user itself
	keepUser bool
	about    audit.UnitFile
	made     []string // directories
}

// prepareService makes the target from the unit file of --service.
func (s *session) prepareService() (first attempt, err error) {
	if os.Geteuid() != 0 {
		return first, errNotRoot
	}
	file, err := systemd.ReadFile(s.cfg.service)
	if err != nil {
		return first, fmt.Errorf("--service: %w", err)
	}
	unit, err := file.Service()
	if err != nil {
		return first, fmt.Errorf("--service: %w", err)
	}
	s.service = &service{unit: unit}
	if err := s.setCommand(); err != nil {
		return first, err
	}
	if own := s.cfg.command; unit.Type == "forking" && (len(own) == 0 || strings.HasPrefix(own[0], "-")) {
		// what it starts is the service
		s.cfg.follow = true
	}
	limits := s.service.limits()
	ignored := uint64(0)
	if unit.IgnoreSIGPIPE {
		ignored = 1 << unix.SIGPIPE
	}
	s.target.Env = unit.Environ
	s.target.Surroundings = tracer.Surroundings{
		Dir: unit.Dir, DirOptional: unit.DirOptional, Umask: &unit.Umask, Nice: unit.Nice, Limits: limits,
		Ignored:           &ignored,
		OnlyStandardFiles: true,
	}
	if s.target.Stdin, err = os.Open(os.DevNull); err != nil {
		return first, err
	}
	s.about.Kind, s.about.Name = audit.SubjectUnitFile, file.Name
	s.service.describe()
	if lacking := s.service.about.Ambient &^ capng.Bounding(); lacking != 0 {
		return first, fmt.Errorf("--service: AmbientCapabilities= has %s, which cap-audit itself does not "+
			"have here: run it with more privileges",
			capng.Text(lacking))
	}
	first.identity = s.service.identity(math.MaxUint64)
	for _, warning := range file.Warnings {
		warningf("--service: %s", warning)
	}
	return first, nil
}

// setCommand decides what is run: ExecStart=, its program with other
// arguments, or another command.
func (s *session) setCommand() error {
	if own := s.cfg.command; len(own) > 0 && !strings.HasPrefix(own[0], "-") {
		path, err := tracer.Resolve(own[0])
		if err != nil {
			return err
		}
		// the working directory will be another one
		s.target.Path, err = filepath.Abs(path)
		s.target.Argv = own
		return err
	}
	unit := s.service.unit
	command, err := unit.Command()
	if err != nil {
		return fmt.Errorf("--service: %w", err)
	}
	s.service.keepUser = command.KeepUser
	program, err := unit.Program(command)
	if err != nil {
		return &tracer.StartError{Path: command.Path, Status: 127, Text: err.Error()}
	}
	if s.target.Path, err = tracer.Resolve(program); err != nil {
		return err
	}
	s.target.Argv, err = command.Arguments(unit.Environ)
	if err == nil && len(s.cfg.command) > 0 {
		s.target.Argv = append(s.target.Argv[:1:1], s.cfg.command...)
	}
	if err != nil {
		return fmt.Errorf("--service: %w", err)
	}
	return nil
}

// identity is who the unit runs as, with no capability outside of the set
// (src/core/exec-invoke.c of systemd).
func (s *service) identity(set uint64) *capng.Identity {
	unit := s.unit
	bounding, ambient := unit.Bounding&set, unit.Ambient&unit.Bounding&set
	id := &capng.Identity{
		UID: unit.Account.UID, GID: unit.Account.GID, Groups: unit.Account.Groups,
		ClearGroups: len(unit.Account.Groups) == 0,
		Bounding:    &bounding, Inheritable: &ambient, Ambient: &ambient, NoNewPrivs: unit.NoNewPrivileges,
	}
	if unit.SecureBits != 0 {
		id.SecureBits = &unit.SecureBits
	}
	if s.keepUser {
		id.UID, id.GID, id.Groups = -1, -1, unit.Account.UserGroups
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

// describe fills in what the report says of the unit.
func (s *service) describe() {
	unit, id := s.unit, s.identity(math.MaxUint64)
	s.about.Unit, s.about.File, s.about.DropIns = unit.File.Name, unit.File.Path, unit.File.DropIns
	s.about.User, s.about.Dynamic = unit.Account.Name, unit.Dynamic
	if s.keepUser {
		s.about.User = "" // it begins as root
	}
	s.about.UID, s.about.GID, s.about.Groups = max(id.UID, 0), max(id.GID, 0), id.Groups
	s.about.Ambient, s.about.Bounding = *id.Ambient, *id.Bounding&capng.Bounding()
	s.about.Configured, s.about.NoNewPrivileges = unit.Configured, unit.NoNewPrivileges
	s.about.Warnings = unit.File.Warnings
	for _, o := range unit.NotSimulated {
		s.about.NotSimulated = append(s.about.NotSimulated,
			audit.Omission{Setting: audit.Setting(o.Setting), Effect: o.Effect})
	}
	if id.UID > 0 { // a program that is to change the user itself has CAP_SYS_ADMIN
		for _, setting := range unit.Filtering {
			s.about.NotSimulated = append(s.about.NotSimulated,
				audit.Omission{Setting: audit.Setting(setting),
					Effect: "older systemd, such as 252, sets no_new_privs here: file capabilities and " +
						"set-uid " +
						"bits then count for nothing"})
		}
	}
	for _, setting := range unit.NotRun {
		s.about.NotRun = append(s.about.NotRun, audit.Setting(setting))
	}
}

// defaultLimits are those of services that do not set their own (man
// systemd-system.conf, "DefaultLimitCPU="). For the others there are none, and
// the caller's stay.
var defaultLimits = []systemd.Limit{
	{Key: "LimitNOFILE", Resource: unix.RLIMIT_NOFILE, Soft: 1024, Hard: 524288},
	{Key: "LimitMEMLOCK", Resource: unix.RLIMIT_MEMLOCK, Soft: 8 << 20, Hard: 8 << 20},
}

// limits are the unit's and systemd's own. One that cannot be set is set as
// near to it as can be, as systemd does, and the report names the unit's.
func (s *service) limits() []tracer.Limit {
	all := slices.Clone(s.unit.Limits)
	for _, limit := range defaultLimits {
		if !slices.ContainsFunc(all, func(own systemd.Limit) bool { return own.Resource == limit.Resource }) {
			all = append(all, limit)
		}
	}
	var list []tracer.Limit
	for i, limit := range all {
		highest := highestLimit(limit.Resource)
		if own := i < len(s.unit.Limits); own && limit.Hard > highest &&
			(limit.Resource != unix.RLIMIT_NOFILE || highest < nrOpen()) {
			s.about.NotSimulated = append(s.about.NotSimulated, audit.Omission{
				Setting: audit.Setting{Key: limit.Key, Value: strings.TrimPrefix(limit.String(),
					limit.Key+"=")},
				Effect: fmt.Sprintf("cap-audit itself may not set more than %d", highest),
			})
		}
		list = append(list, tracer.Limit{
			Name: limit.Key + "=", Resource: limit.Resource, Soft: min(limit.Soft, highest),
			Hard: min(limit.Hard, highest),
		})
	}
	return list
}

// highestLimit is how high this process may set a hard limit.
func highestLimit(resource int) uint64 {
	const sysResource = 24 // uapi/linux/capability.h
	highest := uint64(math.MaxUint64)
	if resource == unix.RLIMIT_NOFILE {
		highest = nrOpen()
	}
	if capng.Effective()>>sysResource&1 == 0 {
		var now unix.Rlimit
		if err := unix.Getrlimit(resource, &now); err == nil {
			highest = min(highest, now.Max)
		}
	}
	return highest
}

// nrOpen is the most that RLIMIT_NOFILE can be (kernel/sys.c, do_prlimit).
func nrOpen() uint64 {
	raw, err := os.ReadFile("/proc/sys/fs/nr_open")
	if err != nil {
		return math.MaxUint64
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(raw)), 10, 64)
	if err != nil {
		return math.MaxUint64
	}
	return n
}
