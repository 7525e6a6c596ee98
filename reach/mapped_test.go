package reach

import (
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// handed opens the files that are handed over, by names of which nothing can be told, and no other.
func handed(paths []string) (names []string, open func(string) (*os.File, error)) {
	byName := map[string]string{}
	for n, path := range paths {
		name := "/handed/" + string(rune('a'+n))
		byName[name] = path
		names = append(names, name)
	}
	return names, func(name string) (*os.File, error) {
		if path, ok := byName[name]; ok {
			return os.Open(path)
		}
		return nil, os.ErrNotExist
	}
}

// Where a program and what it mapped are handed over the answer is that of the installed one,
// whatever the names.
func TestMapped(t *testing.T) {
	const path = "/bin/ls"
	want := analyzed(t, path, Options{})
	slices.Reverse(want.Objects[1:]) // as the linker maps them they come in any order
	names, open := handed(want.Objects)
	got := analyzed(t, names[0], Options{Mapped: names[1:], Open: open})
	if len(got.Missing) > 0 || len(got.Files) != len(want.Files) {
		t.Errorf("missing %q, objects %q", got.Missing, got.Objects)
	}
	if diff := cmp.Diff(possible(want), possible(got)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want.SystemCalls, got.SystemCalls); diff != "" {
		t.Error(diff)
	}
}

// A plugin's exports are reached, with those of the libraries that it alone needs; of one that
// cannot be read nothing is known.
func TestMappedPlugin(t *testing.T) {
	const path = "/bin/ls"
	alone := analyzed(t, path, Options{})
	plugin := plugin(t, alone.Objects)
	with := analyzed(t, path, Options{Extra: []string{plugin}})
	names, open := handed(append([]string{path, plugin}, with.Objects[1:]...))
	got := analyzed(t, names[0], Options{Mapped: names[1:], Open: open})
	if diff := cmp.Diff(possible(with), possible(got)); diff != "" {
		t.Error(diff)
	}
	got = analyzed(t, names[0], Options{Mapped: append(names[1:], "/handed/nothing"), Open: open})
	if len(got.Missing) != 1 || len(possible(got)) != Capabilities {
		t.Errorf("missing %q, possible %v", got.Missing, possible(got))
	}
}

// plugin is a library of this machine that is none of a program's.
func plugin(t *testing.T, objects []string) string {
	t.Helper()
	for _, path := range []string{"/usr/lib/x86_64-linux-gnu/libnss_systemd.so.2",
		"/usr/lib/x86_64-linux-gnu/security/pam_unix.so", "/usr/lib/x86_64-linux-gnu/libresolv.so.2",
		"/usr/lib/aarch64-linux-gnu/libresolv.so.2", "/usr/lib64/libresolv.so.2"} {
		if _, err := os.Stat(path); err == nil && !slices.Contains(objects, path) {
			return path
		}
	}
	t.Skip("want a library that ls does not need, such as libresolv.so.2; none is where they use to be")
	return ""
}
