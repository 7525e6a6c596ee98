package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// searched is what cap-audit -j --untraced with these arguments reports, in a new
// directory. It is started by other words, if there are any.
func searched(t *testing.T, before []string, arguments ...string) *proven {
	t.Helper()
	line := slices.Concat(before, []string{capAuditPath, "-j", "--untraced"}, arguments)
	cmd := command(t, line[0], line[1:]...)
	cmd.Dir = publicDir(t)
	return provenBy(t, cmd)
}

// provenBy runs the command of a search.
func provenBy(t *testing.T, cmd *exec.Cmd) *proven {
	t.Helper()
	r := finish(t, cmd)
	p := &proven{}
	if err := json.Unmarshal(r.stdout, p); err != nil || r.status != 0 {
		t.Fatalf("%q: status %d, %v\n%s%s", cmd.Args, r.status, err, r.stdout, r.stderr)
	}
	var d struct {
		Backend  string
		Complete bool
		Limits   []string
	}
	if err := json.Unmarshal(r.stdout, &d); err != nil || d.Backend != "none" || d.Complete ||
		len(d.Limits) != 1 || !strings.HasPrefix(d.Limits[0], "untraced: ") {
		t.Errorf("it does not say that nothing was traced: %+v, %v", d, err)
	}
	if p.Verified == nil || !*p.Verified || p.Proof.Minimal != nil && !p.Proof.Minimal.Behaved {
		t.Errorf("%q: not verified: %s", cmd.Args, r.stdout)
	}
	return p
}

// inNamespace has a user namespace of its own, where no audit can run.
func inNamespace(t *testing.T) []string {
	t.Helper()
	words := []string{tool(t, "unshare"), "--user", "--map-root-user"}
	if r := finish(t, command(t, words[0], append(words[1:], "true")...)); r.status != 0 {
		t.Skipf("wanted user namespaces: %s", r.stderr)
	}
	return words
}

func TestUntraced(t *testing.T) {
	t.Parallel()
	chown, chroot, sh := tool(t, "chown"), tool(t, "chroot"), tool(t, "sh")
	for name, test := range map[string]struct {
		as   []string
		line []string
		want []string
	}{
		"nothing": {nil, []string{sh, "-c", "echo $$"}, nil},
		"one":     {nil, []string{chroot, "/", "true"}, []string{"sys_chroot"}},
		"several": {nil, []string{sh, "-c", chown + " 1 . && exec " + chroot +
			" --userspec=1:0 --groups= / true"},
			[]string{"chown", "setgid", "setuid", "sys_chroot"}},
		// dac_override would do as well
		"either": {[]string{"--as", "nobody"}, []string{tool(t, "cat"), "/etc/shadow"},
			[]string{"dac_read_search"}},
		"a failure": {nil, []string{sh, "-c", "exit 3"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			arguments := slices.Concat(test.as, []string{"--"}, test.line)
			searched(t, nil, arguments...).recommends(t, test.want...)
		})
	}
	t.Run("in a user namespace", func(t *testing.T) {
		before := inNamespace(t)
		searched(t, before, "--", chroot, "/", "true").recommends(t, "sys_chroot")
		searched(t, before, "--", "true").recommends(t)
	})
}

// careless tries to give root up, and goes on whether it could or not. It makes a
// file when it is up.
const careless = `import os, time
for give, to in ((os.setgid, 13), (os.setuid, 13)):
    try: give(to)
    except OSError: pass
open("up.%d" % os.getpid(), "w")
time.sleep(1000)
`

// What a daemon keeps that it was to give up no test notices: it is seen in its
// processes.
func TestUntracedDaemon(t *testing.T) {
	t.Parallel()
	python := tool(t, "python3")
	test := "until [ -e up.$CAP_AUDIT_PID ]; do sleep 0.05; done"
	cmd := command(t, tool(t, "setpriv"), "--bounding-set", "-all,+chown,+kill,+setgid,+setpcap,+setuid",
		capAuditPath, "-j", "--untraced", "--test", test, "--", python, "-c", careless)
	cmd.Dir = publicDir(t)
	if err := os.Chmod(cmd.Dir, 0o777); err != nil {
		t.Fatal(err)
	}
	p := provenBy(t, cmd)
	p.recommends(t, "setgid", "setuid")
	for name, kept := range map[string]string{"setgid": "group 0 in the place of 13",
		"setuid": "user 0 in the place of 13"} {
		if texts := p.without(t, name).texts(); !strings.HasPrefix(texts, "identity: ") ||
			!strings.Contains(texts, kept) {
			t.Errorf("without %s: %s", name, texts)
		}
	}
}

// Of a command that fails in a quarter of its runs no capability is said to be
// needed, whether the search ends or not.
func TestUntracedChance(t *testing.T) {
	t.Parallel()
	for range 5 {
		r := finish(t, command(t, capAuditPath, "-j", "--untraced", "--", tool(t, "sh"), "-c",
			"exit $(( $(od -An -N1 -tu1 /dev/urandom) < 64 ))"))
		if r.status == 0 && !strings.Contains(string(r.stdout), `"recommended_capabilities": []`) ||
			r.status != 0 && !strings.Contains(string(r.stderr), "repetitions tell what the command needs") {
			t.Errorf("status %d: %s\n%s", r.status, r.stderr, r.stdout)
		}
	}
}

// What another stands in for is left out, and so it is needed: the reason and the
// run say so.
func TestUntracedInPlace(t *testing.T) {
	t.Parallel()
	cmd := command(t, capAuditPath, "--untraced", "--as", "nobody", "--", tool(t, "cat"), "/etc/shadow")
	cmd.Dir = publicDir(t)
	r := finish(t, cmd)
	for _, want := range []string{"Reason: Needed where none that can stand in for it is granted\n",
		"dac_read_search: needed where none that can stand in for it is granted\n"} {
		if !strings.Contains(string(r.stdout), want) {
			t.Errorf("status %d, wanted %q:\n%s%s", r.status, want, r.stdout, r.stderr)
		}
	}
}

// One that goes into the background is followed, and ended.
func TestUntracedFollow(t *testing.T) {
	t.Parallel()
	chroot := fmt.Sprintf("(%s / true && echo ok >it) & exit 0", tool(t, "chroot"))
	test := `until [ -s it ]; do [ "$((i = i + 1))" -lt 40 ] || exit 1; sleep 0.05; done; rm it`
	searched(t, nil, "--test", test, "--", tool(t, "sh"), "-c", chroot).recommends(t, "sys_chroot")
	searched(t, nil, "-f", "--", built("tree"), "daemon", "5").recommends(t)
	dir := publicDir(t)
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	r := finish(t, command(t, capAuditPath, "--untraced", "--", tool(t, "sh"), "-c",
		"(exec >/dev/null 2>&1; read x <"+fifo+") & exit 0"))
	if line := oneError(t, r.stderr); r.status != 1 || !strings.Contains(line, "--follow") {
		t.Errorf("without -f: status %d: %s", r.status, line)
	}
	write(t, fifo, "\n") // it was left running
}

// Where there is no answer, there is an error and no report.
func TestUntracedErrors(t *testing.T) {
	t.Parallel()
	setpriv, sh := tool(t, "setpriv"), tool(t, "sh")
	for name, test := range map[string]struct {
		line []string
		want string
	}{
		"cannot trace": {[]string{setpriv, "--bounding-set", "-bpf,-perfmon,-sys_admin", capAuditPath, "--",
			"true"}, "; --untraced finds the set"},
		"cannot trace a process": {[]string{setpriv, "--bounding-set", "-bpf,-perfmon,-sys_admin",
			capAuditPath, "--pid", fmt.Sprint(os.Getpid())}, "CapabilityBoundingSet=\n"},
		"no setpcap": {[]string{setpriv, "--bounding-set", "-setpcap", capAuditPath, "--untraced", "--",
			"true"},
			"takes CAP_SETPCAP"},
		"nothing to take": {[]string{setpriv, "--bounding-set", "-all", capAuditPath, "--untraced", "--",
			"true"}, "no capabilities here"},
		"not root": {[]string{setpriv, "--reuid", "65534", "--clear-groups", capAuditPath, "--untraced", "--",
			"true"}, "ordinary user"},
		"not the same twice": {[]string{capAuditPath, "--untraced", "--", "mkdir", "made"},
			"run again with all it had, it did not behave the same: the program exited with status 1"},
		"by chance": {[]string{capAuditPath, "--untraced", "--", sh, "-c",
			"echo >>runs; [ $(wc -l <runs) -lt 3 ]"}, "it did not behave the same"},
		"no longer": {[]string{capAuditPath, "--untraced", "--", sh, "-c",
			"echo >>runs; n=$(wc -l <runs); [ $n != 3 ] && [ $n != 5 ]"}, "does not do the same each time"},
		"a test that fails": {[]string{capAuditPath, "--untraced", "--test", "false", "--", "sleep", "1000"},
			"the test exited with status 1 already in the first run"},
		"not found": {[]string{capAuditPath, "--untraced", "--", "/none"}, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := command(t, test.line[0], test.line[1:]...)
			cmd.Dir = publicDir(t)
			// ordinary users may not come to where it was built
			dir := publicDir(t)
			binary := installed(t, dir, capAuditPath, 0o755)
			for i, word := range cmd.Args {
				if word == capAuditPath {
					cmd.Args[i] = binary
				}
			}
			if cmd.Path == capAuditPath {
				cmd.Path = binary
			}
			r := finish(t, cmd)
			errors := string(r.stderr)
			if i := strings.Index(errors, "Error: "); i < 0 || !strings.Contains(errors[i:], test.want) ||
				r.status == 0 || strings.Contains(string(r.stdout), "REQUIRED") {
				t.Errorf("status %d, wanted %q: %s\n%s", r.status, test.want, errors, r.stdout)
			}
		})
	}
}

// The user's end of it is one, and leaves nothing running.
func TestUntracedInterrupted(t *testing.T) {
	t.Parallel()
	dir := publicDir(t)
	cmd := command(t, capAuditPath, "-j", "--untraced", "--", tool(t, "sh"), "-c",
		"[ -e once ] && { echo again >&2; : >again; exec sleep 1000; }; : >once")
	cmd.Dir = dir
	r := begin(t, cmd)
	r.await(`^\[\*\] Running again with all`)
	for _, err := os.Stat(filepath.Join(dir, "again")); err != nil; {
		_, err = os.Stat(filepath.Join(dir, "again"))
	}
	r.signal(syscall.SIGTERM)
	end := r.end()
	if end.status != 1 || len(end.stdout) != 0 || !strings.Contains(string(end.stderr), "interrupted") {
		t.Errorf("status %d: %s\n%s", end.status, end.stderr, end.stdout)
	}
}

// In a container as engines make them: without a capability to trace, and with
// their seccomp profile.
func TestUntracedInContainer(t *testing.T) {
	t.Parallel()
	needPodman(t)
	secret := filepath.Join(publicDir(t), "secret")
	write(t, secret, "x")
	if err := os.Chmod(secret, 0o600); err != nil {
		t.Fatal(err)
	}
	mounts := []string{"--volume", capAuditPath + ":/cap-audit:ro", "--volume", secret + ":/secret:ro"}
	libraries, _ := exec.Command("ldd", capAuditPath).Output() // fails for a static one
	for line := range strings.Lines(string(libraries)) {
		for _, word := range strings.Fields(line) {
			if filepath.IsAbs(word) {
				mounts = append(mounts, "--volume", word+":"+word+":ro")
			}
		}
	}
	run := func(flags []string, words ...string) *exec.Cmd {
		return command(t, "podman", slices.Concat([]string{"run", "--rm"}, runFlags, mounts, flags,
			[]string{image}, words)...)
	}
	untraced := []string{"/cap-audit", "-j", "--untraced"}
	for name, test := range map[string]struct {
		words, want []string
	}{
		"nothing": {[]string{"--", "/bin/busybox", "true"}, nil},
		"one": {[]string{"--", "/bin/busybox", "chroot", "/", "/bin/busybox", "true"},
			[]string{"sys_chroot"}},
		"two": {[]string{"--", "sh", "-c", "busybox chown 1 /etc && exec busybox chroot / busybox true"},
			[]string{"chown", "sys_chroot"}},
		"another user": {[]string{"--as", "65534:65534", "--", "/bin/busybox", "cat", "/secret"},
			[]string{"dac_override"}},
		"a server": {[]string{"--test", "for i in 1 2 3 4 5 6 7 8 9; do busybox wget -q -O /dev/null " +
			"http://127.0.0.1/bin/sh && exit 0; busybox sleep 0.2; done; exit 1", "--", "/bin/busybox",
			"httpd", "-f", "-p", "127.0.0.1:80", "-h", "/"}, []string{"net_bind_service"}},
	} {
		t.Run(name, func(t *testing.T) {
			provenBy(t, run(nil, slices.Concat(untraced, test.words)...)).recommends(t, test.want...)
		})
	}
	r := finish(t, run(nil, "/cap-audit", "--", "/bin/busybox", "true"))
	if line := oneError(t, r.stderr); r.status != 1 || !strings.Contains(line, "; --untraced finds") {
		t.Errorf("without --untraced: status %d: %s", r.status, line)
	}
	r = finish(t, run([]string{"--cap-drop=SETPCAP"}, append(untraced, "--", "/bin/busybox", "true")...))
	if line := oneError(t, r.stderr); r.status != 1 || !strings.Contains(line, "--cap-add=SETPCAP") {
		t.Errorf("without SETPCAP: status %d: %s", r.status, line)
	}
}
