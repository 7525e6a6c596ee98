package systemd

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/cap-audit/cap-audit/hint"
)

// Service is the process that a unit file describes.
type Service struct {
	File    *File
	Type    string
	command *Command
	refused error // why there is no command
	// NotRun are the commands that systemd would run besides.
	NotRun []Setting

	Account *Account
	Dynamic bool // DynamicUser=
	// The sets, bit n for capability n. Bounding has every bit where it is not
	// configured. Configured are the capabilities that the settings name.
	Bounding, Ambient, Configured uint64
	SetsBounding, SetsAmbient     bool // as in Grants
	NoNewPrivileges               bool
	Filtering                     []Setting // as in Grants
	SecureBits                    int

	// Environ is the environment as far as the file makes it.
	Environ []string
	// SearchPath is where a program without a slash is looked for.
	SearchPath []string

	// Dir is the working directory; one that is DirOptional may be missing.
	Dir           string
	DirOptional   bool
	Umask         int
	Nice          *int
	Limits        []Limit
	IgnoreSIGPIPE bool

	// Directories are those that the service finds.
	Directories []Directory

	// NotSimulated are the settings that are not carried out.
	NotSimulated []Omission
}

// searchPath is where systemd looks for programs, and PATH of a service
// (src/basic/path-util.c, default_PATH).
func searchPath() []string {
	list := []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin"}
	if info, err := os.Lstat("/bin"); err == nil && info.IsDir() {
		list = append(list, "/sbin", "/bin")
	}
	return list
}

// Service reads the section [Service]. What it cannot do as systemd would is
// an error, or in NotSimulated.
func (f *File) Service() (*Service, error) {
	s := &Service{File: f, Type: f.last("Type"), Dynamic: f.on("DynamicUser"), Dir: "/",
		IgnoreSIGPIPE: !f.off("IgnoreSIGPIPE")}
	for _, read := range []func() error{s.commands, s.identity, s.environment, s.surroundings} {
		if err := read(); err != nil {
			return nil, fmt.Errorf("%q: %w", f.Path, err)
		}
	}
	s.NotSimulated = append(s.NotSimulated, f.omissions()...)
	return s, nil
}

// on reads a boolean that is false by default, off one that is true.
func (f *File) on(key string) bool  { return f.boolean(key, false) }
func (f *File) off(key string) bool { return !f.boolean(key, true) }

func (f *File) boolean(key string, otherwise bool) bool {
	value := otherwise
	for _, s := range f.settings {
		if s.Key != key {
			continue
		}
		switch b, ok := parseBoolean(s.Value); {
		case ok:
			value = b
		case s.Value != "":
			f.warn("%s=%s: is neither yes nor no; systemd ignores it", key, shortened(s.Value))
		}
	}
	return value
}

func parseBoolean(s string) (value, ok bool) {
	switch strings.ToLower(s) {
	case "1", "yes", "y", "true", "t", "on":
		return true, true
	case "0", "no", "n", "false", "f", "off":
		return false, true
	}
	return false, false
}

// otherCommands are the settings whose commands are not audited.
var otherCommands = []string{"ExecCondition", "ExecStartPre", "ExecStartPost", "ExecReload", "ExecReloadPost",
	"ExecStop", "ExecStopPost"}

// Command is that of ExecStart=, the first one where there are several.
func (s *Service) Command() (*Command, error) {
	if s.refused != nil {
		return nil, fmt.Errorf("%q: %w", s.File.Path, s.refused)
	}
	return s.command, nil
}

func (s *Service) commands() error {
	var list []*Command
	for _, value := range s.File.values("ExecStart") {
		commands, err := s.File.commands(value)
		if err != nil {
			s.refused = fmt.Errorf("ExecStart=%s: %w", shortened(value), err)
		}
		list = append(list, commands...)
	}
	switch {
	case s.refused != nil:
	case len(list) == 0:
		s.refused = hint.Add(errors.New("has no ExecStart= in [Service]"),
			"give the command to audit after --")
	case len(list) > 1 && s.Type != "oneshot":
		s.refused = errors.New("has more than one ExecStart=, which systemd refuses unless Type=oneshot")
	}
	for i, c := range list {
		if i == 0 {
			s.command = c
		} else {
			s.notRun("ExecStart", c.String())
		}
	}
	for _, key := range otherCommands {
		for _, value := range s.File.values(key) {
			s.notRun(key, value)
		}
	}
	return nil
}

func (s *Service) notRun(key, value string) {
	switch n := len(s.NotRun); {
	case n < maxListed:
		s.NotRun = append(s.NotRun, Setting{key, cut(value, maxShown)})
	case n == maxListed:
		s.NotRun = append(s.NotRun, Setting{"...", "and more"})
	}
}

func (s *Service) identity() (err error) {
	f := s.File
	if s.Account, err = f.account(s.Dynamic); err != nil {
		return err
	}
	g := f.Grants()
	s.Bounding, s.Ambient, s.Configured = g.Bounding, g.Ambient, g.configured
	s.SetsBounding, s.SetsAmbient = g.SetsBounding, g.SetsAmbient
	s.NoNewPrivileges, s.Filtering = g.NoNewPrivileges, g.Filtering
	s.SecureBits = f.secureBits()
	return nil
}

func (s *Service) environment() error {
	f := s.File
	s.SearchPath = searchPath()
	id := make([]byte, 16)
	rand.Read(id)
	login := s.Account.Login
	if login.Name == "" {
		login = Login{"root", "/root", shellOf("root")}
	}
	// systemd 257 sets USER for every service
	s.Environ = merge(locale(), pathVariable(s.SearchPath), "INVOCATION_ID="+hex.EncodeToString(id),
		"USER="+login.Name)
	if f.boolean("SetLoginEnvironment", s.Account.Name != "") {
		s.Environ = merge(s.Environ, login.variables()...)
	}
	s.directories()
	if list := f.values("ExecSearchPath"); len(list) > 0 {
		s.SearchPath = strings.Split(strings.Join(list, ":"), ":")
		s.Environ = merge(s.Environ, pathVariable(s.SearchPath))
	}
	own, err := f.environment()
	if err != nil {
		return err
	}
	files, err := f.environmentFiles()
	if err != nil {
		return err
	}
	s.Environ = merge(s.Environ, own...)
	s.Environ = merge(s.Environ, files...)
	for _, value := range f.values("UnsetEnvironment") {
		words, _ := allWords(value, quoted|escaped)
		for _, word := range words {
			if word, err = f.expand(word); err != nil {
				return fmt.Errorf("UnsetEnvironment=: %w", err)
			}
			s.Environ = without(s.Environ, word)
		}
	}
	return nil
}

// without leaves out a variable, or one with that very value.
func without(environ []string, unset string) []string {
	var kept []string
	for _, a := range environ {
		name, _, _ := strings.Cut(a, "=")
		if a != unset && name != unset {
			kept = append(kept, a)
		}
	}
	return kept
}

// locale is what the manager reads at its start (locale.conf(5)) and hands to
// services.
func locale() []string {
	list := []string{"LANG=C.UTF-8"} // what systemd takes without the file
	text, err := readRegular("/etc/locale.conf")
	if err != nil {
		return list
	}
	for _, a := range parseEnvironmentFile(string(text)) {
		if validAssignment(a) && (strings.HasPrefix(a, "LANG=") || strings.HasPrefix(a, "LANGUAGE=") ||
			strings.HasPrefix(a, "LC_")) {
			list = merge(list, a)
		}
	}
	return list
}

// Directory is one that systemd makes for a service where it is missing: Name
// below Root, for the service's user if it is Owned. Key is the setting.
type Directory struct {
	Key, Root, Name string
	Mode            uint32
	Owned           bool
}

// directories are the settings for that, and the variables that name them to
// the service (man systemd.exec, "RuntimeDirectory=").
var directories = []struct{ key, root, variable string }{
	{"RuntimeDirectory", "/run", "RUNTIME_DIRECTORY"},
	{"StateDirectory", "/var/lib", "STATE_DIRECTORY"},
	{"CacheDirectory", "/var/cache", "CACHE_DIRECTORY"},
	{"LogsDirectory", "/var/log", "LOGS_DIRECTORY"},
	{"ConfigurationDirectory", "/etc", "CONFIGURATION_DIRECTORY"},
}

func (s *Service) directories() {
	f := s.File
	for _, kind := range directories {
		mode := uint32(0o755)
		if m, err := strconv.ParseUint(f.last(kind.key+"Mode"), 8, 32); err == nil && m <= 0o7777 {
			mode = uint32(m)
		}
		var paths []string
		for _, value := range f.values(kind.key) {
			words, _ := allWords(value, quoted)
			for _, word := range words {
				name, _, _ := strings.Cut(word, ":") // what follows are links to it
				name, err := f.expand(name)
				if err != nil || name == "" || !filepath.IsLocal(name) || filepath.Clean(name) == "." {
					f.warn("%s=: %q is no relative path; systemd ignores it", kind.key, shortened(name))
					continue
				}
				paths = append(paths, filepath.Join(kind.root, name))
				s.Directories = append(s.Directories, Directory{kind.key, kind.root, filepath.Clean(name),
					mode, kind.key != "ConfigurationDirectory"})
			}
		}
		if len(paths) == 0 {
			continue
		}
		s.Environ = merge(s.Environ, kind.variable+"="+strings.Join(paths, ":"))
		if s.Dynamic && kind.key != "RuntimeDirectory" {
			// systemd keeps it in /var/lib/private, away from the next user with this number
			s.Directories = slices.DeleteFunc(s.Directories,
				func(d Directory) bool { return d.Root == kind.root })
			s.NotSimulated = append(s.NotSimulated, Omission{Setting{kind.key,
				strings.Join(f.values(kind.key), " ")},
				"with DynamicUser= the directory is not made"})
		}
	}
}

func (s *Service) surroundings() error {
	f := s.File
	s.Umask = 0o022
	for _, value := range f.values("UMask") {
		mask, err := strconv.ParseUint(value, 8, 32)
		if err != nil || mask > 0o7777 {
			f.warn("UMask=%s: is no file mode; systemd ignores it", shortened(value))
			continue
		}
		s.Umask = int(mask)
	}
	for _, value := range f.values("Nice") {
		n, err := strconv.Atoi(value)
		if err != nil || n < -20 || n > 19 {
			f.warn("Nice=%s: is no nice level; systemd ignores it", shortened(value))
			continue
		}
		s.Nice = &n
	}
	s.Limits = f.limits()
	return s.workingDirectory()
}

func (s *Service) workingDirectory() error {
	value := s.File.last("WorkingDirectory")
	if value == "" {
		return nil
	}
	var dir string
	dir, s.DirOptional = strings.CutPrefix(value, "-")
	if dir == "~" {
		s.Dir = s.Account.Home
		if s.Dir == "" && s.Account.UID <= 0 {
			s.Dir = "/root"
		}
		if s.Dir == "" {
			return errors.New("WorkingDirectory=~: the user's home directory is not known")
		}
		return nil
	}
	dir, err := s.File.expand(dir)
	switch {
	case err != nil:
		return fmt.Errorf("WorkingDirectory=: %w", err)
	case !filepath.IsAbs(dir):
		return fmt.Errorf("WorkingDirectory=%s: is not an absolute path", value)
	}
	s.Dir = dir
	return nil
}

// Program is the path of a command's program.
func (s *Service) Program(c *Command) (string, error) {
	name := c.Path
	if filepath.IsAbs(name) {
		return name, nil
	}
	for _, dir := range s.SearchPath {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", hint.Add(fmt.Errorf("%q is in none of %s, where systemd looks for programs", name,
		strings.Join(s.SearchPath, ", ")), "give its path")
}
