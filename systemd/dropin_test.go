package systemd

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const block = "[Service]\nCapabilityBoundingSet=\n"

// units is an empty directory in the place of /etc/systemd/system.
func units(t *testing.T) Dropin {
	t.Helper()
	return Dropin{Units: t.TempDir(), Unit: "a@b.service"}
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestDropinIsWrittenAndTakenAway(t *testing.T) {
	d := units(t)
	defer syscall.Umask(syscall.Umask(0o077))
	for _, text := range []string{block, "[Service]\nCapabilityBoundingSet=CAP_CHOWN\n"} {
		if err := d.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if got := read(t, d.Path()); !strings.HasSuffix(got, "\n"+text) || strings.Count(got, "#") != 1 {
			t.Errorf("the file holds %q", got)
		}
	}
	for path, mode := range map[string]os.FileMode{d.Path(): 0o644,
		filepath.Dir(d.Path()): 0o755 | os.ModeDir} {
		if info, err := os.Stat(path); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v %v, want %v", path, info.Mode(), err, mode)
		}
	}
	if list, err := os.ReadDir(filepath.Dir(d.Path())); err != nil || len(list) != 1 {
		t.Errorf("in the directory: %v %v", list, err)
	}
	if err := d.Remove(); err != nil {
		t.Fatal(err)
	}
	if list, err := os.ReadDir(d.Units); err != nil || len(list) != 0 {
		t.Errorf("left behind: %v %v", list, err)
	}
	if err := d.Remove(); !errors.Is(err, ErrAbsent) {
		t.Errorf("removed twice: %v", err)
	}
}

func TestDropinsOfOthersStay(t *testing.T) {
	d := units(t)
	other := filepath.Join(filepath.Dir(d.Path()), "90-mine.conf")
	if err := d.Write([]byte(block)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(other, []byte("[Service]\nNice=1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := d.Remove(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, other); got != "[Service]\nNice=1\n" {
		t.Errorf("the other file: %q", got)
	}
}

// What is not as Write left it is neither written over nor taken away.
func TestForeignDropinIsLeftAlone(t *testing.T) {
	victim := filepath.Join(t.TempDir(), "victim")
	for name, place := range map[string]func(t *testing.T, d Dropin){
		"by hand": func(t *testing.T, d Dropin) { write(t, d.Path(), block) },
		"empty":   func(t *testing.T, d Dropin) { write(t, d.Path(), "") },
		"changed": func(t *testing.T, d Dropin) {
			write(t, d.Path(),
				string(sign([]byte(block)))+"Nice=1\n")
		},
		"a link to one of ours": func(t *testing.T, d Dropin) {
			write(t, victim, string(sign([]byte(block))))
			if err := os.Symlink(victim, d.Path()); err != nil {
				t.Fatal(err)
			}
		},
		"a pipe": func(t *testing.T, d Dropin) {
			if err := syscall.Mkfifo(d.Path(), 0o644); err != nil {
				t.Fatal(err)
			}
		},
		"endless": func(t *testing.T, d Dropin) {
			if err := os.WriteFile(d.Path(), nil, 0o644); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(d.Path(), 1<<40); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := units(t)
			if err := os.Mkdir(filepath.Dir(d.Path()), 0o755); err != nil {
				t.Fatal(err)
			}
			place(t, d)
			before, err := os.Lstat(d.Path())
			if err != nil {
				t.Fatal(err)
			}
			for what, err := range map[string]error{"write": d.Write([]byte(block)), "remove": d.Remove()} {
				if !errors.Is(err, ErrForeign) {
					t.Errorf("%s: %v, want %v", what, err, ErrForeign)
				}
			}
			after, err := os.Lstat(d.Path())
			if err != nil || !os.SameFile(before, after) || after.Size() != before.Size() {
				t.Errorf("the file is not what it was: %v %v, was %v", after, err, before)
			}
		})
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A directory that others can change, or that leads elsewhere, gets no file.
func TestUnsafeDirectoryIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		place func(t *testing.T, dir string)
		want  string
	}{
		"a link": {func(t *testing.T, dir string) {
			if err := os.Symlink(t.TempDir(), dir); err != nil {
				t.Fatal(err)
			}
		}, "is a link"},
		"a file": {func(t *testing.T, dir string) { write(t, dir, "") }, "no directory"},
		"everybody's": {func(t *testing.T, dir string) {
			if err := errors.Join(os.Mkdir(dir, 0o755), os.Chmod(dir, 0o777)); err != nil {
				t.Fatal(err)
			}
		}, "can be changed by others"},
		"another user's": {func(t *testing.T, dir string) {
			if os.Geteuid() != 0 {
				t.Skip("wanted root, to give a directory away")
			}
			if err := errors.Join(os.Mkdir(dir, 0o755), os.Chown(dir, 65534, 65534)); err != nil {
				t.Fatal(err)
			}
		}, "can be changed by others"},
	} {
		t.Run(name, func(t *testing.T) {
			d := units(t)
			dir := filepath.Dir(d.Path())
			test.place(t, dir)
			for what, err := range map[string]error{"write": d.Write([]byte(block)), "remove": d.Remove()} {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("%s: %v, want one with %q", what, err, test.want)
				}
			}
		})
	}
}

func TestDropinWithoutDirectories(t *testing.T) {
	d := Dropin{Units: filepath.Join(t.TempDir(), "none"), Unit: "a.service"}
	if err := d.Write([]byte(block)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("write: %v", err)
	}
	if err := units(t).Remove(); !errors.Is(err, ErrAbsent) {
		t.Errorf("remove: %v", err)
	}
}
