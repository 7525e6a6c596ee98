// Package packages builds the tarballs, the Debian package and the RPM as a
// distribution does, from the tarballs alone and without a network, installs
// them, and runs what is installed.
//
//	CAP_AUDIT_PACKAGES  runs it: it takes minutes, and make test-packages sets this to
//	                    all, or to amd64, which leaves out the emulation of arm64
//
// It needs root, debootstrap and a Debian mirror; see the script debian. What is
// tested is what is committed or at least known to git, as make dist takes it.
package packages

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cap-audit/cap-audit/test/machine"
)

func TestMain(m *testing.M) {
	if os.Getenv("CAP_AUDIT_PACKAGES") == "" {
		fmt.Println("skipped, the packages: they take minutes; make test-packages builds them")
		os.Exit(0)
	}
	machine.Supervise()
	machine.Suite("the tests of packages", cannotBuild())
	os.Exit(m.Run())
}

// cannotBuild says what is missing for any of the tests, "" when nothing is.
func cannotBuild() string {
	if os.Geteuid() != 0 {
		return fmt.Sprintf("wanted root, there is user %d", os.Geteuid())
	}
	for _, name := range []string{"debootstrap", "git", "unshare"} {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Sprintf("wanted %s: %v", name, err)
		}
	}
	update := exec.Command("../debian", "trixie", "apt-get", "-qq", "-o", "APT::Update::Error-Mode=any",
		"update")
	if out, err := update.CombinedOutput(); err != nil {
		return fmt.Sprintf("wanted a Debian to install in and its mirror: %v\n%s", err, out)
	}
	return ""
}

// run runs a command to its end and returns what it printed.
func run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		lines := strings.Split(string(out), "\n")
		t.Fatalf("%s: %v; the end of what it said:\n%s", cmd, err,
			strings.Join(lines[max(0, len(lines)-40):], "\n"))
	}
	return string(out)
}

// root is a command in a throw-away Debian that sees the scripts of this
// directory in /scripts, and the shared directories that are given as HOST:AT.
func root(layer string, network bool, shared []string, command ...string) *exec.Cmd {
	here, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	arguments := []string{"-b", here + ":/scripts"}
	if !network {
		arguments = append(arguments, "-n")
	}
	for _, dir := range shared {
		arguments = append(arguments, "-b", dir)
	}
	return exec.Command("../debian", append(append(arguments, layer), command...)...)
}

// revision is what git would commit now, or has committed.
var revision = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("git", "-c", "user.name=test", "-c", "user.email=test@example.org", "stash",
		"create").Output()
	if err == nil && len(out) == 0 {
		out, err = exec.Command("git", "rev-parse", "HEAD").Output()
	}
	return strings.TrimSpace(string(out)), err
})

// dist makes the tarballs in a clone at dir and returns where they are.
func dist(t *testing.T, dir string, environ ...string) string {
	t.Helper()
	commit, err := revision()
	if err != nil {
		t.Fatal("git: ", err)
	}
	top := strings.TrimSpace(run(t, exec.Command("git", "rev-parse", "--show-toplevel")))
	// shared: the commit may belong to no branch
	run(t, exec.Command("git", "clone", "--quiet", "--shared", "--no-checkout", top, dir))
	run(t, exec.Command("git", "-C", dir, "checkout", "--quiet", "--detach", commit))
	cmd := exec.Command("make", "-C", dir, "dist")
	cmd.Env = append(os.Environ(), environ...)
	run(t, cmd)
	return filepath.Join(dir, "build")
}

// sums of the files that match, by their path below dir.
func sums(t *testing.T, dir string, patterns ...string) map[string]string {
	t.Helper()
	list := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		matches := func(pattern string) bool { ok, _ := filepath.Match(pattern, entry.Name()); return ok }
		if err != nil || entry.IsDir() || !slices.ContainsFunc(patterns, matches) {
			return err
		}
		content, err := os.ReadFile(path)
		list[strings.TrimPrefix(path, dir)] = fmt.Sprintf("%x", sha256.Sum256(content))
		return err
	})
	if err != nil || len(list) == 0 {
		t.Fatalf("%s has no %v: %v", dir, patterns, err)
	}
	return list
}

func same(t *testing.T, a, b map[string]string) {
	t.Helper()
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("two builds differ: - one, + the other:\n%s", diff)
	}
}

func TestPackages(t *testing.T) {
	tarballs := dist(t, filepath.Join(t.TempDir(), "dist"))
	run(t, root("build", true, nil, "true"))
	// This layer is made, unless it is there, while the first one is in use.
	tools := root("tools", true, nil, "true")
	if err := tools.Start(); err != nil {
		t.Fatal(err)
	}
	defer tools.Wait()
	t.Run("tarballs", func(t *testing.T) {
		again := dist(t, filepath.Join(t.TempDir(), "another", "place"), "TZ=Asia/Tokyo", "LC_ALL=C")
		same(t, sums(t, tarballs, "*.tar.gz"), sums(t, again, "*.tar.gz"))
		testBillOfMaterials(t, tarballs)
		t.Log(run(t, root("tools", false, []string{tarballs + ":/dist", packaging(t) + ":/packaging"},
			"/scripts/watch", "/dist", "/packaging/debian/watch")))
	})
	// Two builds of each package, the second ones without the unit tests. What
	// Go has compiled is shared by the first ones, and by the second ones, for
	// half of it is the standard library.
	one, other := build{tarballs, t.TempDir(), t.TempDir()}, build{tarballs, t.TempDir(), t.TempDir()}
	t.Run("deb", func(t *testing.T) { testDeb(t, one, other) })
	t.Run("rpm", func(t *testing.T) { testRPM(t, one, other) })
	t.Run("vm", func(t *testing.T) {
		testInVM(t, "vm", "6.12", "trixie+curl,jq,nginx", one.out+"/deb/cap-audit_*_amd64.deb")
	})
	t.Run("arm64", func(t *testing.T) { testARM64(t, other) })
}

// build is where a package's build finds and leaves things.
type build struct{ dist, out, cache string }

func (b build) shared() []string {
	return []string{b.dist + ":/dist", b.out + ":/out", b.cache + ":/cache"}
}

// What is passed on is named, with its licence, wherever that has to be.
func testBillOfMaterials(t *testing.T, tarballs string) {
	read := func(name string) string {
		archive := run(t, exec.Command("find", tarballs, "-name", "*-vendor.tar.gz"))
		return run(t, exec.Command("tar", "-xOf", strings.TrimSpace(archive), name))
	}
	var sbom struct {
		BOMFormat  string
		Components []struct {
			Name, Version, Scope string
			Licenses             []struct{ Expression string }
		}
	}
	if err := json.Unmarshal([]byte(read("vendor/sbom.cdx.json")), &sbom); err != nil ||
		sbom.BOMFormat != "CycloneDX" {
		t.Fatalf("sbom.cdx.json: format %q: %v", sbom.BOMFormat, err)
	}
	var want []string
	withPackages := regexp.MustCompile(`(?m)^# (\S+ \S+)\n(?:## .*\n)?[^#\n]`)
	for _, m := range withPackages.FindAllStringSubmatch(read("vendor/modules.txt"), -1) {
		want = append(want, m[1])
	}
	texts := read("vendor/LICENSES")
	// as in the spec file: of what is linked
	licences := map[string]bool{"GPL-2.0-or-later": true}
	var got []string
	for _, c := range sbom.Components {
		got = append(got, c.Name+" "+c.Version)
		if len(c.Licenses) != 1 || c.Licenses[0].Expression == "" {
			t.Errorf("%s has no licence", c.Name)
			continue
		}
		if line := c.Name + " " + c.Version + ": " + c.Licenses[0].Expression; !strings.Contains(texts,
			"\n"+line) {
			t.Errorf("LICENSES does not have %q", line)
		}
		if c.Scope == "required" {
			for _, id := range strings.Split(c.Licenses[0].Expression, " AND ") {
				licences[id] = true
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("- modules.txt, + sbom.cdx.json:\n%s", diff)
	}
	spec, err := os.ReadFile("../../packaging/rpm/cap-audit.spec")
	if err != nil {
		t.Fatal(err)
	}
	tag := regexp.MustCompile(`(?m)^License: +(.*)$`).FindStringSubmatch(string(spec))[1]
	declared := strings.Split(tag, " AND ")
	slices.Sort(declared)
	if diff := cmp.Diff(declared, slices.Sorted(maps.Keys(licences))); diff != "" {
		t.Errorf("- License in cap-audit.spec, + what is linked:\n%s", diff)
	}
}

func testDeb(t *testing.T, one, other build) {
	run(t, root("build", false, one.shared(), "/scripts/build-deb", "/dist", "/out/deb"))
	run(t, root("build", false, other.shared(), "env", "DEB_BUILD_OPTIONS=nocheck", "TZ=Asia/Tokyo",
		"LC_ALL=C",
		"/scripts/build-deb", "/dist", "/out/another/place"))
	built := []string{"*.deb", "*.dsc", "*.debian.tar.xz"}
	same(t, sums(t, one.out+"/deb", built...), sums(t, other.out+"/another/place", built...))

	t.Log(run(t, root("tools", false, one.shared(), "sh", "-c",
		"lintian --fail-on error,warning /out/deb/*.changes")))
	for _, suite := range []string{"trixie", "bookworm"} {
		t.Log(suite, run(t, root(suite, true, one.shared(), "sh", "-c",
			"exec /scripts/install-deb /out/deb/cap-audit_*.deb")))
	}
	autopkgtest := root("trixie", true, one.shared(), "/scripts/autopkgtest", "/out/deb")
	// a copy, since an overlay makes checks of its own, which nginx's report would have
	autopkgtest.Args = slices.Insert(autopkgtest.Args, 1, "-c")
	t.Log(run(t, autopkgtest))
}

// testARM64 builds the package for arm64 here, without the unit tests.
func testARM64(t *testing.T, b build) {
	if os.Getenv("CAP_AUDIT_PACKAGES") == "amd64" {
		t.Skip("wanted more time than CI has: make test-packages runs it")
	}
	onAMD64(t)
	run(t, root("arm64", true, nil, "true"))
	run(t, root("arm64", false, b.shared(), "env", "DEB_BUILD_OPTIONS=nocheck", "/scripts/build-deb", "/dist",
		"/out/arm64", "--host-arch=arm64", "--build-profiles=cross,nocheck", "--build=any"))
	testInVM(t, "vm-arm64", "6.12-arm64", "trixie-arm64+curl,jq,nginx", b.out+"/arm64/cap-audit_*_arm64.deb")
}

func onAMD64(t *testing.T) {
	t.Helper()
	if runtime.GOARCH != "amd64" {
		t.Skip("wanted amd64, where the VM kit and the cross compiler are, there is ", runtime.GOARCH)
	}
}

// testInVM installs the package in a VM with a kernel of the distribution that it
// is for, and runs its tests there: this machine's kernel may take what that
// does not. The disk has what the tests depend on.
func testInVM(t *testing.T, needs, kernel, disk, pattern string) {
	t.Helper()
	onAMD64(t)
	deb, err := filepath.Glob(pattern)
	if err != nil || len(deb) != 1 {
		t.Fatalf("%s: %q, %v", pattern, deb, err)
	}
	run(t, exec.Command("../../scripts/install-build-deps", needs))
	run(t, exec.Command("../vm/fetch-kernel", kernel))
	run(t, exec.Command("../vm/mkrootfs", disk))
	shared := []string{"-f", deb[0] + ":root/cap-audit.deb", "-f", packaging(t) + "/debian/tests:root/tests"}
	vm := exec.Command("../vm/run", append(shared, "-k", kernel, "-r", disk, "../vm/package.sh")...)
	t.Log(kernel, run(t, vm))
}

func testRPM(t *testing.T, one, other build) {
	// In the same directory: rpm keeps the spec file in the header, with the
	// paths that it had while building. Builders use one path for all.
	run(t, root("tools", false, one.shared(), "/scripts/build-rpm", "/dist", "/out/rpm"))
	run(t, root("tools", false, other.shared(), "env", "TZ=Asia/Tokyo", "LC_ALL=C",
		"/scripts/build-rpm", "/dist", "/out/rpm", "--nocheck"))
	same(t, sums(t, one.out+"/rpm", "*.rpm"), sums(t, other.out+"/rpm", "*.rpm"))

	shared := append(one.shared(), packaging(t)+":/packaging", packaging(t)+"/rpm/example:/example")
	t.Log(run(t, root("tools", false, shared, "sh", "-c",
		"rpmlint --config /packaging/rpm/rpmlint.toml /out/rpm/RPMS/*/*.rpm /out/rpm/SRPMS/*.rpm "+
			"/packaging/rpm/cap-audit.spec")))
	t.Log(run(t, root("tools", false, shared, "/scripts/install-rpm", "/out/rpm/RPMS")))
	t.Log(run(t, root("tools", false, shared, "/scripts/example", "/out/rpm/RPMS")))
}

func packaging(t *testing.T) string {
	dir, err := filepath.Abs("../../packaging")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
