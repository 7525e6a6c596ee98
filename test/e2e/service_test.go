package e2e

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// unitFile writes a unit whose [Service] has these lines; SHOW stands for the
// program that shows what it is.
func unitFile(t testing.TB, dir, name string, lines ...string) string {
	t.Helper()
	text := "[Unit]\nDescription=a test\n\n[Service]\n" + strings.Join(lines, "\n") + "\n"
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "SHOW", publicShow())), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// serviceOutput is what the program of a service printed, without the lines of
// cap-audit, and the document.
func serviceOutput(t testing.TB, arguments ...string) (string, document) {
	t.Helper()
	r := finish(t, capAudit(t, append([]string{"-j", "--service"}, arguments...)...))
	if r.status != 0 {
		t.Fatalf("status %d: %s", r.status, r.stderr)
	}
	return string(withoutWarnings(r.stderr)), decode(t, r.stdout)
}

// byFirstWord sorts the lines of show.
func byFirstWord(text string) map[string][]string {
	lines := map[string][]string{}
	for line := range strings.Lines(text) {
		first, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		lines[first] = append(lines[first], rest)
	}
	return lines
}

// recordings are runs of unit files by the real systemd: see
// systemd/real_test.go.
const recordings = "../../systemd/testdata/real"

// differs are recordings that this machine cannot give.
var differs = map[string]string{
	"args-percent-cgroup": "refused", "args-percent-removed": "refused", "args-percent-shell": "refused",
	"args-path-missing": "a program that is missing",
	"args-path-dots":    "a path that is made up",
}

// A program sees the same of itself whether systemd runs its unit or cap-audit
// does.
func TestServiceAsSystemdRunsIt(t *testing.T) {
	t.Parallel()
	wants, _ := filepath.Glob(filepath.Join(recordings, "*.want"))
	if len(wants) == 0 {
		t.Skipf("wanted the recordings of %s, which come with the tree", recordings)
	}
	dir := filepath.Join(publicDir(t), "system")
	const there = "/usr/local/lib/cap-audit/programs/show"
	copyUnits(t, dir, there)
	for _, file := range wants {
		name := strings.TrimSuffix(filepath.Base(file), ".want")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			state, want, _ := strings.Cut(strings.ReplaceAll(string(raw), there, publicShow()), "\n")
			unit := name
			if strings.HasSuffix(name, "@") {
				unit += "x-y"
			}
			unit = filepath.Join(dir, unit+".service")
			ran := !strings.Contains(state, "LoadState=bad-setting") &&
				!strings.Contains(state, "Result=resources") &&
				!strings.Contains(state, "ExecMainStatus=2")
			_, different := differs[name]
			if name == "args-path-dots" && publicShow() == there {
				different = false
			}
			if different || !ran {
				r := finish(t, capAudit(t, "-o", "/dev/null", "--service", unit))
				if r.status == 0 {
					t.Fatalf("is run, and prints %s", r.stdout)
				}
				oneError(t, withoutWarnings(r.stderr))
				return
			}
			if strings.Contains(want, "USER=tester") || strings.Contains(want, "cwd /home/tester") {
				t.Skip("wanted the user of the machine where it was recorded")
			}
			if name == "id-ambient-invert" && ownBounding(t)>>unix.CAP_SYS_RESOURCE&1 == 0 {
				t.Skip("wanted all capabilities, which the unit asks for")
			}
			got, _ := serviceOutput(t, unit)
			compareWithSystemd(t, name, want, got)
		})
	}
}

// copyUnits copies the recorded unit files and what lies beside them, links as
// they are, with another path of the program.
func copyUnits(t *testing.T, to, program string) {
	t.Helper()
	err := filepath.WalkDir(recordings, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(recordings, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		switch {
		case entry.IsDir():
			return os.MkdirAll(target, 0o755)
		case entry.Type() == fs.ModeSymlink:
			link, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(link, target)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, []byte(strings.ReplaceAll(string(text), program, publicShow())), 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func withoutWarnings(stderr []byte) []byte {
	var kept strings.Builder
	for line := range strings.Lines(ofTarget(string(stderr))) {
		if !strings.HasPrefix(line, "Warning: ") {
			kept.WriteString(line)
		}
	}
	return []byte(kept.String())
}

func compareWithSystemd(t *testing.T, name, want, got string) {
	t.Helper()
	w, g := byFirstWord(want), byFirstWord(got)
	for _, key := range []string{"arg", "cwd", "umask", "uid", "gid", "groups", "no_new_privs", "securebits",
		"nice"} {
		theirs, ours := w[key], g[key]
		if key == "arg" && len(theirs) > len(ours) && len(ours) > 0 { // the commands after the first
			theirs = theirs[:len(ours)]
		}
		if strings.Contains(name, "dynamic") && key != "no_new_privs" &&
			!strings.Contains(name, "dynamic-user") {
			continue
		}
		if key == "cwd" && name == "id-dir-percent" {
			continue // the directory of the unit file
		}
		if diff := cmp.Diff(theirs, ours); diff != "" && name != "args-percent-files" {
			t.Errorf("%s (-systemd's +ours):\n%s", key, diff)
		}
	}
	for _, fd := range g["fd"][min(3, len(g["fd"])):] {
		t.Errorf("an open file of the caller's is handed down: %s", fd)
	}
	if diff := cmp.Diff(knownVariables(w["env"]), knownVariables(g["env"])); diff != "" {
		t.Errorf("environment (-systemd's +ours):\n%s", diff)
	}
	held := ownBounding(t)
	for i, line := range w["caps"] {
		set, mask, _ := strings.Cut(line, " ")
		if n, err := strconv.ParseUint(mask, 16, 64); err == nil && set != "inheritable" {
			line = fmt.Sprintf("%s %016x", set, n&held)
		} else if set == "inheritable" && strings.Contains(mask, "200100") {
			continue // systemd 257 leaves what it needed to install seccomp filters
		}
		if i >= len(g["caps"]) || line != g["caps"][i] {
			t.Errorf("capabilities: %q of systemd's is not in\n%s", line, strings.Join(g["caps"], "\n"))
		}
	}
	if len(w["signals"]) > 0 && slices.Contains(w["signals"], "ignored 13") != slices.Contains(g["signals"],
		"ignored 13") {
		t.Errorf("ignored signals:\n%q\n%q", w["signals"], g["signals"])
	}
	if name != "id-plus" { // which has the service manager's own
		compareLimits(t, w["rlimit"], g["rlimit"])
	}
}

// compareLimits: those that a service gets are what systemd sets, or the
// caller's where that is less.
func compareLimits(t *testing.T, want, got []string) {
	t.Helper()
	for i, line := range want {
		fields := strings.Fields(line)
		if slices.Contains([]string{"nproc", "sigpending", "stack", "core"}, fields[0]) {
			continue // by default they depend on the machine; the others are none
		}
		if i < len(got) && got[i] == line {
			continue
		}
		hard, err := strconv.ParseUint(strings.ReplaceAll(strings.Fields(got[i])[2], "unlimited",
			"18446744073709551615"), 10, 64)
		theirs, err2 := strconv.ParseUint(strings.ReplaceAll(fields[2], "unlimited", "18446744073709551615"),
			10, 64)
		if err != nil || err2 != nil || hard >= theirs || ownBounding(t)>>unix.CAP_SYS_RESOURCE&1 != 0 {
			t.Errorf("limit: systemd's is %q, ours %q", line, got[i])
		}
	}
}

func knownVariables(list []string) []string {
	var known []string
	for _, a := range list {
		name, value, _ := strings.Cut(a, "=")
		switch name {
		case "INVOCATION_ID", "SYSTEMD_EXEC_PID", "JOURNAL_STREAM", "MEMORY_PRESSURE_WATCH",
			"MEMORY_PRESSURE_WRITE", "LANG":
			continue
		case "PATH":
			if strings.HasPrefix(value, "/usr/local/sbin:") {
				continue
			}
		}
		known = append(known, a)
	}
	slices.Sort(known)
	return known
}

// ownBounding is the bounding set that the test itself has.
func ownBounding(t testing.TB) uint64 {
	t.Helper()
	var set uint64
	for n := range 64 {
		if held, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(n), 0, 0, 0); err == nil && held == 1 {
			set |= 1 << n
		}
	}
	return set
}

// After -- there can be another command, or arguments for the unit's program.
func TestServiceWithCommand(t *testing.T) {
	t.Parallel()
	dir := publicDir(t)
	unit := unitFile(t, dir, "a.service", "User=daemon", "UMask=0137",
		"ExecStart=@SHOW called args of the unit")
	for name, c := range map[string]struct {
		after []string
		want  string
	}{
		"neither":   {nil, "arg called\narg args\narg of\narg the\narg unit\n"},
		"arguments": {[]string{"-x", "args"}, "usage"}, // show -x args
		"command":   {[]string{publicShow(), "args", "own"}, "arg " + publicShow() + "\narg args\narg own\n"},
	} {
		t.Run(name, func(t *testing.T) {
			line := []string{unit}
			if c.after != nil {
				line = append(append(line, "--"), c.after...)
			}
			if got, _ := serviceOutput(t, line...); !strings.HasPrefix(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
	got, _ := serviceOutput(t, unit, "--", publicShow(), "all")
	for _, line := range []string{"uid 1 1 1 fs 1\n", "umask 0137\n", "cwd /\n"} {
		if !strings.Contains(got, line) {
			t.Errorf("another command does not run as the unit says: no %q in\n%s", line, got)
		}
	}
	// a relative path is the caller's, not the unit's
	relative := unitFile(t, dir, "b.service", "WorkingDirectory=/usr")
	cmd := capAudit(t, "-o", "/dev/null", "--service", relative, "--", "./program", "cwd")
	cmd.Dir = publicDir(t)
	installedAs(t, filepath.Join(cmd.Dir, "program"), publicShow(), 0o755)
	if r := finish(t, cmd); r.status != 0 || !strings.Contains(string(r.stdout), "cwd /usr\n") {
		t.Errorf("status %d: %s%s", r.status, r.stdout, r.stderr)
	}
}

// serviceKey is the key of the document.
type serviceKey struct {
	Service *struct {
		Unit, File, Block string
		User              *string
		UID               int
		DropIns           []string                                  `json:"drop_ins"`
		Ambient           []string                                  `json:"ambient_capabilities"`
		Bounding          []string                                  `json:"bounding_capabilities"`
		NewAmbient        []string                                  `json:"recommended_ambient_capabilities"`
		NewBounding       []string                                  `json:"recommended_bounding_capabilities"`
		Unused            []string                                  `json:"removal_candidates"`
		Refused           []string                                  `json:"refused_capabilities"`
		NoNewPrivileges   bool                                      `json:"no_new_privileges"`
		Omitted           []struct{ Setting, Value, Effect string } `json:"not_simulated"`
		NotRun            []struct{ Setting, Value string }         `json:"not_run"`
	}
	Recommended []string `json:"recommended_capabilities"`
	Verified    *bool
}

func serviceOf(t *testing.T, arguments ...string) serviceKey {
	t.Helper()
	r := finish(t, capAudit(t, append([]string{"-j", "--service"}, arguments...)...))
	if r.status != 0 {
		t.Fatalf("status %d: %s", r.status, r.stderr)
	}
	var key serviceKey
	if err := json.Unmarshal(r.stdout, &key); err != nil {
		t.Fatal(err)
	}
	if key.Service == nil {
		t.Fatalf("no key service in %s", r.stdout)
	}
	return key
}

// Needed, configured and unused, refused: each is in its place, and in the text.
func TestServiceReport(t *testing.T) {
	t.Parallel()
	dir := publicDir(t)
	tree := installed(t, dir, built("tree"), 0o755)
	unit := unitFile(t, dir, "web@.service", "User=daemon", "AmbientCapabilities=CAP_SYS_CHROOT CAP_NET_RAW",
		"CapabilityBoundingSet=CAP_SYS_CHROOT CAP_NET_RAW CAP_KILL", "NoNewPrivileges=yes",
		"ProtectSystem=strict", "PrivateTmp=no",
		"ExecStartPre=-/bin/mkdir /run/x", "ExecStart="+tree+" fork 2", "NoSuchSetting=1")
	unitFile(t, dir, "web@.service.d/10-a.conf", "PrivateTmp=yes")
	instance := filepath.Join(dir, "web@x.service")
	key := serviceOf(t, instance)
	s := key.Service
	if diff := cmp.Diff([]string{"sys_chroot"}, key.Recommended); diff != "" {
		t.Error(diff)
	}
	for what, pair := range map[string][2][]string{
		"ambient":     {{"net_raw", "sys_chroot"}, s.Ambient},
		"bounding":    {{"kill", "net_raw", "sys_chroot"}, s.Bounding},
		"new ambient": {{"net_raw", "sys_chroot"}, s.NewAmbient},
		"unused":      {{"kill", "net_raw"}, s.Unused},
		"refused":     {{}, s.Refused},
		"drop-ins":    {{filepath.Join(dir, "web@.service.d/10-a.conf")}, s.DropIns},
	} {
		if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	if s.Unit != "web@x.service" || s.File != unit || s.User == nil || *s.User != "daemon" || s.UID != 1 ||
		!s.NoNewPrivileges {
		t.Errorf("%+v", s)
	}
	var omitted []string
	for _, o := range s.Omitted {
		omitted = append(omitted, o.Setting+"="+o.Value)
	}
	if diff := cmp.Diff([]string{"ProtectSystem=strict", "PrivateTmp=yes", "NoSuchSetting=1"},
		omitted); diff != "" {
		t.Errorf("not simulated (-want +got):\n%s", diff)
	}
	if len(s.NotRun) != 1 || s.NotRun[0].Value != "-/bin/mkdir /run/x" {
		t.Errorf("not run: %+v", s.NotRun)
	}

	r := finish(t, capAudit(t, "--service", instance))
	for _, want := range []string{
		"\nSYSTEMD SERVICE RECOMMENDATIONS:\n", "    AmbientCapabilities=CAP_NET_RAW CAP_SYS_CHROOT\n",
		"    CapabilityBoundingSet=CAP_KILL CAP_NET_RAW CAP_SYS_CHROOT\n", "    NoNewPrivileges=yes\n",
		"ProtectSystem=strict", "ExecStartPre=",
	} {
		if !strings.Contains(string(r.stdout), want) {
			t.Errorf("no %q in\n%s", want, r.stdout)
		}
	}
	if strings.Contains(string(r.stdout), "\nRECOMMENDATIONS:\n") {
		t.Error("both kinds of recommendations")
	}
	if _, err := exec.LookPath("systemd-analyze"); err == nil &&
		!regexp.MustCompile(`\n  systemd-analyze security: \d\.\d now, \d\.\d with these lines, \d\.\d with `).
			Match(r.stdout) {
		t.Errorf("not what systemd thinks of it:\n%s", r.stdout)
	}
	emitted := finish(t, capAudit(t, "--emit", "systemd", "--service", instance))
	if string(emitted.stdout) != s.Block+"\n" {
		t.Errorf("--emit systemd: %q, the block is %q", emitted.stdout, s.Block)
	}
}

// A set can be proven with the unit's own identity.
func TestServiceVerified(t *testing.T) {
	t.Parallel()
	dir, chroot := publicDir(t), tool(t, "chroot") // which fails without
	for name, lines := range map[string][]string{
		"as a user": {"User=daemon", "AmbientCapabilities=CAP_SYS_CHROOT CAP_NET_RAW"},
		"as root":   {},
	} {
		t.Run(name, func(t *testing.T) {
			unit := unitFile(t, dir, "proven.service", append(lines, "ExecStart="+chroot+" / /bin/true")...)
			key := serviceOf(t, unit, "--minimize")
			if key.Verified == nil || !*key.Verified {
				t.Errorf("not verified: %+v", key)
			}
			if diff := cmp.Diff([]string{"sys_chroot"}, key.Recommended); diff != "" {
				t.Errorf("minimal (-want +got):\n%s", diff)
			}
		})
	}
}

// A service that forks is watched to its end, and a test ends one that does not.
func TestServiceForkingAndTested(t *testing.T) {
	t.Parallel()
	dir := publicDir(t)
	unit := unitFile(t, dir, "forking.service", "Type=forking",
		"ExecStart=/bin/sh -c '"+built("tree")+" fork 3 & '")
	_, d := serviceOutput(t, unit)
	if d.StillRunning != 0 || d.Required == nil || d.Required[0].Name != "sys_chroot" {
		t.Errorf("still running %d, required %+v", d.StillRunning, d.Required)
	}
	endless := unitFile(t, dir, "endless.service", "ExecStart=/bin/sleep infinity")
	if _, d := serviceOutput(t, endless, "--test", "kill -0 $CAP_AUDIT_PID"); d.Exit.Signal != 15 {
		t.Errorf("exit %+v", d.Exit)
	}
}

// What cannot be done is one line, and nothing is run.
func TestServiceRefused(t *testing.T) {
	t.Parallel()
	dir := publicDir(t)
	marker := filepath.Join(t.TempDir(), "ran")
	touch := "ExecStart=/bin/touch " + marker
	fifo := filepath.Join(dir, "fifo.service")
	if err := unix.Mkfifo(fifo, 0o644); err != nil {
		t.Fatal(err)
	}
	link := func(name, to string) string {
		path := filepath.Join(dir, name)
		if err := os.Symlink(to, path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, c := range map[string]struct {
		unit   string
		status int
		want   string
	}{
		"no file":      {filepath.Join(dir, "none.service"), 1, "no such file"},
		"no template":  {filepath.Join(dir, "none@x.service"), 1, "no template"},
		"template":     {unitFile(t, dir, "t@.service", touch), 1, "t@NAME.service"},
		"FIFO":         {fifo, 1, "not a regular file"},
		"directory":    {dir, 1, "not a regular file"},
		"device":       {link("zero.service", "/dev/zero"), 1, "not a regular file"},
		"masked":       {link("masked.service", "/dev/null"), 1, "masked"},
		"socket":       {unitFile(t, dir, "x.socket", touch), 1, "socket unit"},
		"no ExecStart": {unitFile(t, dir, "nothing.service"), 1, "ExecStart="},
		"no such user": {unitFile(t, dir, "user.service", touch, "User=nosuchuser"), 1,
			"User=nosuchuser: no such user"},
		"no program": {unitFile(t, dir, "program.service", "ExecStart=/nowhere/program"), 127,
			"no such file"},
		"nowhere in PATH": {unitFile(t, dir, "path.service", "ExecStart=no-such-program"), 127,
			"no-such-program"},
		"not executable": {unitFile(t, dir, "exec.service", "ExecStart=/etc/passwd"), 126, "not executable"},
		"no directory": {unitFile(t, dir, "wd.service", touch, "WorkingDirectory=/nowhere"), 1,
			"working directory"},
		"no specifier": {unitFile(t, dir, "spec.service", touch+" %Z"), 1, "%Z"},
		"credentials":  {unitFile(t, dir, "cred.service", touch+" %d/x"), 1, "%d"},
		"variables device": {unitFile(t, dir, "env.service", touch, "EnvironmentFile=/dev/zero"), 1,
			"not a regular file"},
		"deep wildcards": {unitFile(t, dir, "glob.service", touch, "EnvironmentFile=/*/*/*/*/*/*"), 1,
			"wildcards"},
		"several commands": {unitFile(t, dir, "two.service", touch, touch), 1, "oneshot"},
		"no text":          {unitFile(t, dir, "bytes.service", touch, "\xff"), 1, "UTF-8"},
		"zero byte":        {unitFile(t, dir, "zerobyte.service", touch, "\x00"), 1, "zero byte"},
		"huge": {unitFile(t, dir, "huge.service", touch, strings.Repeat("#\n", 600_000)), 1,
			"larger"},
		"terminal": {unitFile(t, dir, "esc.service", "ExecStart=\"/\x1b[2J\""), 1,
			"control characters"},
		"too many variables": {unitFile(t, dir, "many.service", touch, "Environment="+manyVariables(5000)), 1,
			"more than 4096 variables"},
		"all continued": {unitFile(t, dir, "continued.service", touch+" "+strings.Repeat("\\\n", 300_000),
			"User=nosuchuser"), 1, "nosuchuser"},
		"billion laughs": {unitFile(t, dir, "laugh.service", "Environment=A="+strings.Repeat("x", 100_000),
			touch+strings.Repeat(" ${A}", 50)), 1, "more arguments"},
	} {
		t.Run(name, func(t *testing.T) {
			r := finish(t, capAudit(t, "--service", c.unit))
			line := oneError(t, withoutWarnings(r.stderr))
			if r.status != c.status || !strings.Contains(line, c.want) {
				t.Errorf("status %d, want %d; %q, want %q", r.status, c.status, line, c.want)
			}
			if _, err := os.Stat(marker); err == nil {
				t.Error("the program was run")
			}
		})
	}
}

func manyVariables(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "V%d=1 ", i)
	}
	return b.String()
}

// Only root can take on another identity.
func TestServiceOrdinaryUser(t *testing.T) {
	t.Parallel()
	dir := publicDir(t)
	auditor := installed(t, dir, capAuditPath, 0o755)
	unit := unitFile(t, dir, "a.service", "ExecStart=/bin/true")
	r := finish(t, as(command(t, auditor, "--service", unit), nobody))
	if line := oneError(t, r.stderr); r.status != 1 || !strings.Contains(line, "root") {
		t.Errorf("status %d: %q", r.status, line)
	}
}

// A user that systemd would make for the service does not exist: nobody runs it.
func TestServiceDynamicUser(t *testing.T) {
	t.Parallel()
	unit := unitFile(t, publicDir(t), "dynamic.service", "DynamicUser=yes", "ExecStart=SHOW all")
	got, _ := serviceOutput(t, unit)
	for _, line := range []string{"uid 65534 65534 65534 fs 65534\n", "no_new_privs 1\n",
		"env USER=dynamic\n", "caps permitted 0000000000000000\n"} {
		if !strings.Contains(got, line) {
			t.Errorf("no %q in\n%s", line, got)
		}
	}
}

// The directories that a unit asks for are there for the program, and gone
// afterwards; nothing is made where a link leads.
func TestServiceDirectories(t *testing.T) {
	t.Parallel()
	dir := publicDir(t)
	name := fmt.Sprintf("cap-audit-e2e-%d", os.Getpid())
	unit := unitFile(t, dir, "a.service", "User=daemon", "RuntimeDirectory="+name+"/a "+name+"/b",
		"RuntimeDirectoryMode=0700",
		`ExecStart=/bin/sh -c 'stat -c "%%u %%a %%n" /run/`+name+`/a; touch /run/`+name+`/b/kept; echo $RUNTIME_DIRECTORY'`)
	t.Cleanup(func() { os.RemoveAll("/run/" + name) })
	got, _ := serviceOutput(t, unit)
	if want := fmt.Sprintf("1 700 /run/%[1]s/a\n/run/%[1]s/a:/run/%[1]s/b\n", name); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if entries, err := os.ReadDir("/run/" + name); err != nil || len(entries) != 1 ||
		entries[0].Name() != "b" {
		t.Errorf("afterwards there are %v, %v; only the one with a file in it should be", entries, err)
	}

	elsewhere := t.TempDir()
	link := name + "-link"
	if err := os.Symlink(elsewhere, "/run/"+link); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove("/run/" + link) })
	r := finish(t, capAudit(t, "--service", unitFile(t, dir, "b.service", "RuntimeDirectory="+link+"/x",
		"ExecStart=/bin/true")))
	if line := oneError(t, withoutWarnings(r.stderr)); r.status != 1 ||
		!strings.Contains(line, "/run/"+link+"/x") {
		t.Errorf("status %d: %q", r.status, line)
	}
	if entries, err := os.ReadDir(elsewhere); err != nil || len(entries) != 0 {
		t.Errorf("made %v, %v", entries, err)
	}
}

// A directory on the way to the one that is asked for is everybody's to enter,
// whatever the caller's umask; the owner of one that is there is left and told.
func TestServiceDirectoriesOfOthers(t *testing.T) {
	t.Parallel()
	dir := publicDir(t)
	name := fmt.Sprintf("cap-audit-e2e-others-%d", os.Getpid())
	t.Cleanup(func() { os.RemoveAll("/run/" + name) })
	nested := unitFile(t, dir, "nested.service", "User=daemon", "RuntimeDirectory="+name+"/a/b",
		"ExecStart=/bin/touch /run/"+name+"/a/b/kept")
	report := filepath.Join(t.TempDir(), "report")
	r := finish(t, command(t, "/bin/sh", "-c", `umask 077; exec "$@"`, "sh", capAuditPath, "-j", "-o", report,
		"--service", nested))
	var d document
	if raw, err := os.ReadFile(report); r.status != 0 || err != nil {
		t.Fatalf("status %d, %v: %s", r.status, err, r.stderr)
	} else if d = decode(t, raw); d.Exit.Status != 0 {
		t.Errorf("the service exits with %d: %s", d.Exit.Status, r.stderr)
	}
	for _, path := range []string{"/run/" + name, "/run/" + name + "/a", "/run/" + name + "/a/b"} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o755 {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	if key := serviceOf(t, nested); len(key.Service.Omitted) != 0 {
		t.Errorf("the service's own: %+v", key.Service.Omitted)
	}

	other := unitFile(t, dir, "other.service", "User=nobody", "RuntimeDirectory="+name+"/a/b",
		"ExecStart=/bin/true")
	key := serviceOf(t, other)
	if o := key.Service.Omitted; len(o) != 1 || o[0].Setting != "RuntimeDirectory" ||
		o[0].Value != name+"/a/b" ||
		!strings.Contains(o[0].Effect, "systemd would hand it over to nobody") {
		t.Errorf("not simulated: %+v", o)
	}
	var st unix.Stat_t
	if err := unix.Stat("/run/"+name+"/a/b", &st); err != nil || st.Uid != 1 {
		t.Errorf("the owner is %d, %v", st.Uid, err)
	}
}

// What older versions of systemd would forbid, and the audit does not, is said.
func TestServiceFilteringSystemCalls(t *testing.T) {
	t.Parallel()
	dir := publicDir(t)
	for name, c := range map[string]struct {
		lines []string
		want  []string
	}{
		"another user": {[]string{"User=daemon", "ExecStart=/bin/true"},
			[]string{"SystemCallFilter", "LockPersonality"}},
		"a program that changes it": {[]string{"User=daemon", "ExecStart=!/bin/true"}, nil},
		"root":                      {[]string{"ExecStart=/bin/true"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			key := serviceOf(t, unitFile(t, dir, "a.service",
				append(c.lines, "SystemCallFilter=@system-service", "LockPersonality=yes")...))
			var got []string
			for _, o := range key.Service.Omitted {
				if strings.Contains(o.Effect, "no_new_privs") {
					got = append(got, o.Setting)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" || key.Service.NoNewPrivileges {
				t.Errorf("%t, (-want +got):\n%s", key.Service.NoNewPrivileges, diff)
			}
		})
	}
}
