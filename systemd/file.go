// Package systemd knows what systemd knows of services: what a unit file says
// of the process that it starts, and what the running manager says.
package systemd

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/coreos/go-systemd/v22/unit"

	"github.com/cap-audit/cap-audit/files"
	"github.com/cap-audit/cap-audit/hint"
)

// Bounds on what is read: unit files are input that anybody may have written.
const (
	maxFile    = 1 << 20 // bytes of a unit file, drop-in or environment file
	maxDropIns = 256
	maxTotal   = 4 << 20 // bytes of the unit file and its drop-ins
)

// File is a unit file with its drop-ins.
type File struct {
	// Name of the unit: "a@b.service" for the instance b of a template.
	Name string
	// Path of the file itself, and of the drop-ins in the order in which they
	// count, the last one last.
	Path    string
	DropIns []string
	// Warnings are lines that systemd passes over, one sentence each.
	Warnings []string

	settings []Setting // of the section [Service], in order
	size     int       // bytes that were read
}

// Setting is an assignment of a unit file.
type Setting struct{ Key, Value string }

func (s Setting) String() string { return s.Key + "=" + s.Value }

// unitPath is where systemd looks for units of the system, the first before
// the others (man systemd.unit, "Unit File Load Path").
var unitPath = []string{
	"/etc/systemd/system.control", "/run/systemd/system.control", "/run/systemd/transient",
	"/run/systemd/generator.early",
	"/etc/systemd/system", "/etc/systemd/system.attached", "/run/systemd/system",
	"/run/systemd/system.attached",
	"/run/systemd/generator", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
	"/lib/systemd/system",
	"/run/systemd/generator.late",
}

// ReadFile reads a unit file and the drop-ins that belong to it: those in
// directories beside it and, when it is where systemd looks for units, those in
// all such places. For an instance that has no file of its own it takes the
// template's.
func ReadFile(path string) (*File, error) {
	f := &File{Path: path, Name: unitName(filepath.Base(path))}
	for _, suffix := range otherUnits {
		if strings.HasSuffix(path, suffix) {
			return nil, hint.Add(fmt.Errorf("%q is a %s unit, which runs no program", path, suffix[1:]),
				"name a .service")
		}
	}
	if isTemplate(f.Name) {
		prefix, _, _ := splitName(f.Name)
		return nil, hint.Addf(fmt.Errorf("%q is a template", path), "name an instance of it, as in %s",
			filepath.Join(filepath.Dir(path), prefix+"@NAME.service"))
	}
	names := []string{f.Name}
	_, err := os.Stat(path)
	if template, ok := templateOf(f.Name); ok && errors.Is(err, fs.ErrNotExist) {
		f.Path = filepath.Join(filepath.Dir(path), template)
		if _, err = os.Stat(f.Path); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%q: no such file, and no template %q", path, f.Path)
		}
	}
	if alias, ok := aliasOf(f.Path, f.Name); ok {
		f.Name = alias
		names = append([]string{alias}, names...)
	}
	text, err := readRegular(f.Path)
	if err != nil {
		return nil, err
	}
	if len(text) == 0 {
		err := fmt.Errorf("%q is empty or a link to /dev/null, which to systemd is a masked unit", f.Path)
		return nil, hint.Add(err, "name another")
	}
	if err := f.add(f.Path, text); err != nil {
		return nil, err
	}
	return f, f.addDropIns(names)
}

// aliasOf is the unit's own name where a file is a link to another unit file
// in the same directory or where systemd looks for units. A link to anywhere
// else only says where the file is kept.
func aliasOf(path, name string) (string, bool) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil || !strings.HasSuffix(target, ".service") {
		return "", false
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil || filepath.Dir(target) != dir && !isUnitDir(filepath.Dir(target)) {
		return "", false
	}
	base := filepath.Base(target)
	if isTemplate(base) {
		_, instance, ok := splitName(name)
		if !ok {
			return "", false
		}
		prefix, _, _ := splitName(base)
		base = prefix + "@" + instance + ".service"
	}
	return base, base != name
}

func isUnitDir(dir string) bool {
	return slices.ContainsFunc(unitPath, func(known string) bool { return sameDir(dir, known) })
}

func sameDir(a, b string) bool {
	if a == b {
		return true
	}
	a, err1 := filepath.EvalSymlinks(a)
	b, err2 := filepath.EvalSymlinks(b)
	return err1 == nil && err2 == nil && a == b
}

// addDropIns reads the drop-ins for a unit of these names. Of files with the
// same name the first counts; they are read by name, wherever they lie
// (systemd's src/shared/dropin.c and conf-files.c).
func (f *File) addDropIns(names []string) error {
	parents := []string{filepath.Dir(f.Path)}
	if isUnitDir(parents[0]) {
		parents = unitPath
	}
	var dirs []string
	for _, name := range names {
		for _, parent := range parents {
			for _, d := range dropInDirs(name) {
				dirs = append(dirs, filepath.Join(parent, d))
			}
		}
	}
	for _, parent := range parents {
		dirs = append(dirs, filepath.Join(parent, "service.d"))
	}
	found := map[string]string{}
	for _, dir := range dirs {
		entries, err := dropIns(dir)
		if err != nil {
			return err
		}
		for _, name := range entries {
			if _, hidden := found[name]; !hidden {
				found[name] = filepath.Join(dir, name)
			}
		}
	}
	if len(found) > maxDropIns {
		return fmt.Errorf("%q has %d drop-ins; this reads at most %d", f.Path, len(found), maxDropIns)
	}
	for _, path := range found {
		f.DropIns = append(f.DropIns, path)
	}
	slices.SortFunc(f.DropIns, func(a, b string) int {
		return cmp.Compare(filepath.Base(a),
			filepath.Base(b))
	})
	var kept []string
	for _, path := range f.DropIns {
		text, err := readRegular(path)
		if err != nil {
			return err
		}
		if len(text) == 0 { // hides others of its name, and says nothing
			continue
		}
		kept = append(kept, path)
		if err := f.add(path, text); err != nil {
			return err
		}
	}
	f.DropIns = kept
	return nil
}

// dropIns are the names of the files *.conf in a directory, which may be missing.
func dropIns(dir string) ([]string, error) {
	d, err := os.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY, 0) // or a FIFO would be waited for
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer d.Close()
	const most = 16 * maxDropIns // entries of any name
	names, err := d.Readdirnames(most + 1)
	if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if len(names) > most {
		return nil, fmt.Errorf("%q has more than %d entries; this reads no more", dir, most)
	}
	return slices.DeleteFunc(names, func(name string) bool {
		return !strings.HasSuffix(name, ".conf") || strings.HasPrefix(name, ".")
	}), nil
}

// readRegular reads a regular file, or /dev/null, which has nothing in it.
func readRegular(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", path, errors.Unwrap(err))
	}
	if null, err := os.Stat(os.DevNull); err == nil && os.SameFile(info, null) {
		return nil, nil
	}
	f, err := files.OpenRegular(path, files.Any)
	if errors.Is(err, files.ErrNotRegular) {
		return nil, fmt.Errorf("%q %w", path, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%q: %w", path, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%q: %w", path, err)
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("%q is larger than %d bytes; this reads no more", path, maxFile)
	}
	return text, nil
}

// add takes the settings of one file over.
func (f *File) add(path string, text []byte) error {
	if f.size += len(text); f.size > maxTotal {
		return fmt.Errorf("%q and its drop-ins are larger than %d bytes; this reads no more", f.Path,
			maxTotal)
	}
	lines, warnings, err := logicalLines(text)
	if err != nil {
		return fmt.Errorf("%q: %w", path, err)
	}
	for _, warning := range warnings {
		f.warn("%q: %s", path, warning)
	}
	options, err := unit.DeserializeOptions(inPieces{strings.NewReader(lines)})
	if err != nil {
		return fmt.Errorf("%q: %w", path, err)
	}
	for _, option := range options {
		if option.Section == "Service" {
			f.settings = append(f.settings, Setting{option.Name, option.Value})
		}
	}
	return nil
}

// inPieces gives a few bytes at a time. go-systemd takes 2048 bytes without a
// line break in its buffer for a line that is too long; systemd takes 1 MiB.
type inPieces struct{ io.Reader }

func (r inPieces) Read(p []byte) (int, error) { return r.Reader.Read(p[:min(len(p), 1024)]) }

// values are what was assigned to a key since the last empty assignment.
func (f *File) values(key string) []string {
	var list []string
	for _, s := range f.settings {
		switch {
		case s.Key != key:
		case s.Value == "":
			list = nil
		default:
			list = append(list, s.Value)
		}
	}
	return list
}

// last is the last value of a key, "" for none.
func (f *File) last(key string) string {
	if list := f.values(key); len(list) > 0 {
		return list[len(list)-1]
	}
	return ""
}
