// Package packaging is for tests: what the packages' files say of the project is
// what the Makefile says.
package packaging

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fill calls make fill in a copy of the source with these variables, and returns
// the files of packaging, by path. The newest entries of the changelogs are for
// the version newest, or stay as they are.
func fill(t *testing.T, newest string, variables ...string) (map[string]string, string, error) {
	t.Helper()
	top := t.TempDir()
	makefile, err := os.ReadFile("../Makefile")
	if err == nil {
		err = os.WriteFile(filepath.Join(top, "Makefile"), makefile, 0o644)
	}
	if err == nil {
		err = os.CopyFS(filepath.Join(top, "packaging"), os.DirFS("."))
	}
	if err != nil {
		t.Fatal(err)
	}
	if newest != "" {
		edit := exec.Command("sed", "-i", "-e", "s/^cap-audit (.*-1)/cap-audit ("+newest+"-1)/",
			"-e", "s/ - [0-9.]*-1$/ - "+newest+"-1/", "debian/changelog", "rpm/cap-audit.spec")
		edit.Dir = filepath.Join(top, "packaging")
		if out, err := edit.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	words := append([]string{"-s", "-C", top, "fill"}, variables...)
	said, err := exec.Command("make", words...).CombinedOutput()
	return read(t, filepath.Join(top, "packaging")), string(said), err
}

func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) == ".go" {
			return err
		}
		text, err := fs.ReadFile(root, path)
		files[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestFilled(t *testing.T) {
	files, said, err := fill(t, "")
	if err != nil {
		t.Fatal(err, said)
	}
	if diff := cmp.Diff(read(t, "."), files); diff != "" {
		t.Errorf("make fill changes what is here: - here, + filled:\n%s", diff)
	}
}

// Nobody but the Makefile knows who maintains it and where it is.
func TestFillOthers(t *testing.T) {
	before := read(t, ".")
	maintainer, homepage := `Some & Body \1 <some|body@example.com>`, "https://github.com/another/place"
	files, said, err := fill(t, "", "MAINTAINER="+maintainer, "HOMEPAGE="+homepage)
	if err != nil {
		t.Fatal(err, said)
	}
	for path, text := range files {
		switch before := before[path]; {
		case strings.Count(before, "cap-audit@example.org") != strings.Count(text, maintainer):
			t.Errorf("%s has the maintainer in %d places, and had %d", path, strings.Count(text, maintainer),
				strings.Count(before, "cap-audit@example.org"))
		case strings.Contains(text, "api.github.com/repos/cap-audit"),
			strings.Contains(text, ": https://github.com/cap-audit"):
			t.Errorf("%s has the homepage that was", path)
		}
	}
	for path, want := range map[string]string{
		"debian/control":     "\nMaintainer: " + maintainer + "\n",
		"debian/changelog":   "\n -- " + maintainer + "  Tue, ",
		"debian/watch":       "\n https://api.github.com/repos/another/place/releases ",
		"rpm/cap-audit.spec": "\nURL:            " + homepage + "\n",
	} {
		if !strings.Contains(files[path], want) {
			t.Errorf("%s has no %q:\n%s", path, want, files[path])
		}
	}
}

func TestFillVersion(t *testing.T) {
	_, said, err := fill(t, "", "VERSION=9.8")
	if err == nil || !strings.Contains(said, "packaging/debian/changelog has no entry for 9.8 yet") {
		t.Errorf("without entries in the changelogs: %v: %s", err, said)
	}
	files, said, err := fill(t, "9.8", "VERSION=9.8")
	if err != nil {
		t.Fatal(err, said)
	}
	for path, want := range map[string]string{
		"README.md":          "ln -s cap-audit-9.8-vendor.tar.gz cap-audit_9.8.orig-vendor.tar.gz\n",
		"ci/README.md":       "uses: cap-audit/cap-audit/packaging/ci@v9.8\n",
		"rpm/cap-audit.spec": "\nVersion:        9.8\n",
	} {
		if !strings.Contains(files[path], want) {
			t.Errorf("%s has no %q:\n%s", path, want, files[path])
		}
	}
}
