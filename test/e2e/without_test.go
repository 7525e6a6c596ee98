package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// around is a program that needs a capability, of which the report says how to do without.
type around struct {
	capability string
	// account that it is for, "" for root.
	account string
	// command of the shell: %d is a directory, %p a process of nobody's.
	command string
	// ways as the report has them, where that is not obvious.
	ways []string
	// instead is the command where the way is another option of the program's.
	instead string
}

// arounds are made in a directory of these, all root's but for own:
// file 0600, group 0640 for adm, script 0700, own 0400 of nobody, directory 0700 and public 0777
// with a file 0644 in each.
var arounds = map[string]around{
	"a file": {"dac_read_search", "nobody", "cat %d/file", []string{"setfacl -m u:nobody:r %d/file"}, ""},
	"a file to write": {"dac_override", "nobody", "echo >> %d/file",
		[]string{"setfacl -m u:nobody:rw %d/file"}, ""},
	"a file to execute": {"dac_override", "nobody", "%d/script",
		[]string{"setfacl -m u:nobody:rx %d/script"}, ""},
	"a file for a group": {"dac_read_search", "nobody", "cat %d/group",
		[]string{"usermod -aG adm nobody"}, ""},
	"a file of its own": {"dac_override", "nobody", "echo >> %d/own", []string{"chmod u+rw %d/own"}, ""},
	"a directory on the way": {"dac_read_search", "nobody", "cat %d/directory/file",
		[]string{"setfacl -m u:nobody:x %d/directory"}, ""},
	"a directory": {"dac_read_search", "nobody", "ls %d/directory",
		[]string{"setfacl -m u:nobody:rx %d/directory"}, ""},
	"a file to make": {"dac_override", "nobody", "echo > %d/directory/new",
		[]string{"setfacl -m u:nobody:rwx %d/directory"}, ""},
	"two files": {"dac_read_search", "nobody", "cat %d/file %d/script",
		[]string{"setfacl -m u:nobody:r %d/file %d/script"}, ""},
	"a file and a directory": {"dac_override", "nobody", "cp %d/file %d/directory/copy",
		[]string{"setfacl -m u:nobody:rwx %d/directory", "setfacl -m u:nobody:r %d/file"}, ""},
	"a file to be changed": {"fowner", "nobody", "chmod 640 %d/file",
		[]string{"chown nobody %d/file"}, ""},
	"a group": {"chown", "", "chgrp root %d/file && chgrp adm %d/file",
		[]string{"usermod -aG adm ACCOUNT"}, ""},
	"a file of another to be changed": {"fowner", "", "chmod 600 %d/own",
		[]string{"run it as nobody"}, ""},
	"a signal":   {"kill", "", "kill -0 %p", []string{"run it as nobody"}, ""},
	"a process":  {"sys_ptrace", "", "%w trace %p", []string{"run it as nobody"}, ""},
	"a priority": {"sys_nice", "", "renice -n 5 -p %p", []string{"run it as nobody"}, ""},
	"a user": {"setuid", "", "%w become 65534",
		[]string{"run it as nobody, if it can start as that"}, ""},
	"the groups of a user": {"setgid", "", "%w become 65534",
		[]string{"run it as nobody, if it can start as that", "run it in group nogroup"}, ""},
	"a file of whom it becomes": {"dac_read_search", "", "cat %d/own && %w become 65534",
		[]string{"run it as nobody, if it can start as that"}, ""},
	"a file of whom it becomes, to be changed": {"fowner", "", "chmod 400 %d/own && %w become 65534",
		[]string{"run it as nobody, if it can start as that"}, ""},
	"a file for whom it becomes": {"chown", "", "%w put %d/public/new && %w give %d/public/new 65534 && " +
		"%w become 65534", []string{"run it as nobody, if it can start as that"}, ""},
	"a process of whom it becomes": {"kill", "", "kill -0 %p && %w become 65534",
		[]string{"run it as nobody, if it can start as that"}, ""},
	"a lease": {"lease", "nobody", "%w lease %d/public/file",
		[]string{"chown nobody %d/public/file"}, ""},
	"a low port": {"net_bind_service", "nobody", "%w bind 80", nil, ""},
	"two ports":  {"net_bind_service", "nobody", "%w bind 443 && %w bind 80", nil, ""},
	"an echo":    {"net_raw", "nobody", "%d/ping -c 1 -W 1 127.0.0.1", nil, ""},
	"an address": {"net_raw", "nobody", "%w transparent", nil, "%w freebind"},
	"an address of IPv6": {"net_raw", "nobody", "%w transparent6",
		[]string{"IPV6_FREEBIND in the place of IPV6_TRANSPARENT, if it only binds"}, "%w freebind6"},
	"mounts of its own": {"sys_admin", "nobody", "unshare -m true", nil, "unshare -U -m true"},
	"a packet":          {"net_raw", "nobody", "%w priority", nil, "%w lower-priority"},
	"a tunnel":          {"net_admin", "", "%w tun way0", nil, ""},
	"a namespace":       {"sys_admin", "nobody", "unshare -n true", nil, "unshare -U -n true"},
	"a filter": {"sys_admin", "nobody", "%w filter",
		[]string{"NoNewPrivileges=yes in its unit, or setpriv --no-new-privs before it"}, ""},
}

// Each way in a report is gone as it is worded there: then the program does what it was refused before.
func TestWithout(t *testing.T) {
	t.Parallel()
	tool(t, "ip")
	for name, a := range arounds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a.unsupported(t)
			dir := waysDir(t)
			filled := strings.NewReplacer("%d", dir, "%p", strays(t), "%w", filepath.Join(dir, "ways"))
			command := filled.Replace(a.command)
			ways := a.waysIn(t, command)
			if want := strings.Split(filled.Replace(strings.Join(a.ways, "\n")), "\n"); a.ways != nil &&
				!slices.Equal(ways, want) {
				t.Errorf("the report says %q, want %q", ways, want)
			}
			i := identity{user: a.account}
			if r := i.run(t, "", command); r.status == 0 {
				t.Fatalf("%q needs no %s\n%s", command, a.capability, r.stderr)
			}
			if a.instead != "" {
				command = filled.Replace(a.instead)
			}
			var first []string
			for _, way := range ways {
				first = append(first, i.take(t, way, a))
			}
			if r := i.run(t, strings.Join(first, "\n"), command); r.status != 0 {
				t.Errorf("%q after %q: status %d\n%s%s", command, ways, r.status, r.stdout, r.stderr)
			}
		})
	}
}

// unsupported skips where the machine has no such way.
func (a around) unsupported(t *testing.T) {
	t.Helper()
	switch scope, _ := os.ReadFile("/proc/sys/kernel/yama/ptrace_scope"); {
	case strings.Contains(strings.Join(a.ways, "\n"), "setfacl "):
		tool(t, "setfacl")
	case strings.Contains(a.command, "ping"):
		tool(t, "ping")
	case strings.Contains(a.command, "trace") && len(scope) > 0 && scope[0] != '0':
		t.Skipf("wanted kernel.yama.ptrace_scope=0, it is %s", scope)
	case strings.Contains(a.instead, "unshare"):
		if r := finish(t, as(command(t, "unshare", "-U", "true"), nobody)); r.status != 0 {
			t.Skipf("wanted user namespaces for everybody: %s", r.stderr)
		}
	}
}

// inNetwork begins a command in a network of its own.
func inNetwork(t *testing.T, arguments ...string) *exec.Cmd {
	t.Helper()
	// its loopback interface is down at first
	return command(t, tool(t, "unshare"), append([]string{"-n", "sh", "-c", `ip link set lo up && exec "$@"`,
		"sh"}, arguments...)...)
}

// waysIn are those of a report on a shell's command.
func (a around) waysIn(t *testing.T, command string) []string {
	t.Helper()
	arguments := []string{"-j", "--", "sh", "-c", command}
	if a.account != "" {
		arguments = slices.Insert(arguments, 1, "--as", a.account)
	}
	d := documentOf(t, inNetwork(t, append([]string{capAuditPath}, withBackend(arguments...)...)...))
	for _, w := range d.Without {
		if w.Name == a.capability {
			return w.Ways
		}
	}
	t.Fatalf("recommended: %v, no way around %s in %+v", d.Recommended, a.capability, d.Without)
	return nil
}

// waysDir makes what the commands are about.
func waysDir(t *testing.T) string {
	t.Helper()
	dir := publicDir(t)
	const make = `echo text > file && echo text > group && printf '#!/bin/sh\n' > script && echo text > own &&
		mkdir directory && echo text > directory/file && chmod 644 directory/file && chgrp adm group &&
		chmod 640 group && chmod 600 file && chmod 700 script directory && chown nobody own && chmod 400 own &&
		mkdir public && echo text > public/file && chmod 644 public/file && chmod 777 public`
	cmd := command(t, "sh", "-c", make)
	cmd.Dir = dir
	if r := finish(t, cmd); r.status != 0 {
		t.Fatalf("%s", r.stderr)
	}
	if ping, err := exec.LookPath("ping"); err == nil {
		installed(t, dir, ping, 0o755) // without the file capabilities that it may have
	}
	installed(t, dir, built("ways"), 0o755)
	return dir
}

// strays is the number of a process that is nobody's.
func strays(t *testing.T) string {
	t.Helper()
	cmd := as(command(t, "sleep", "infinity"), nobody)
	cmd.Dir = "/"
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return fmt.Sprint(cmd.Process.Pid)
}

// identity is what setpriv(1) makes of a program, which has no capability.
type identity struct{ user, group, groups, more string }

// run has the shell do something as root at first.
func (i identity) run(t *testing.T, first, command string) result {
	t.Helper()
	if i.user == "" {
		i.user, i.group = "root", "root"
	}
	if i.group == "" {
		i.group = "nogroup"
	}
	groups := "--clear-groups"
	if i.groups != "" {
		groups = "--groups=" + i.groups
	}
	script := fmt.Sprintf("set -e\n%s\nexec setpriv --reuid=%s --regid=%s %s --bounding-set=-all "+
		"--inh-caps=-all %s sh -c \"$1\"", first, i.user, i.group, groups, i.more)
	return finish(t, inNetwork(t, "sh", "-c", script, "sh", command))
}

// sentences are the ways by their words, with what root has to do first.
var sentences = []struct {
	pattern *regexp.Regexp
	take    func(i *identity, words []string) (first string)
}{
	{regexp.MustCompile(`^((setfacl|chmod|chown|sysctl|ip) [^,;]+)`),
		func(_ *identity, w []string) string { return w[1] }},
	{regexp.MustCompile(`^usermod -aG (\S+) `),
		func(i *identity, w []string) string { i.groups = w[1]; return "" }},
	{regexp.MustCompile(`^(run it as) ([^ ,]+)`),
		func(i *identity, w []string) string { i.user, i.group = w[2], ""; return "" }},
	{regexp.MustCompile(`^run it in group (\S+)`),
		func(i *identity, w []string) string { i.group = w[1]; return "" }},
	{regexp.MustCompile(`^NoNewPrivileges=yes in its unit, or setpriv (--no-new-privs) before it`),
		func(i *identity, w []string) string { i.more = w[1]; return "" }},
}

// take goes a way, or leaves it to the command that goes it.
func (i *identity) take(t *testing.T, way string, a around) (first string) {
	t.Helper()
	filled := strings.NewReplacer("ACCOUNT", "root", "NAME", "way0").Replace(way)
	for _, s := range sentences {
		if words := s.pattern.FindStringSubmatch(filled); words != nil {
			return s.take(i, words)
		}
	}
	if a.instead == "" {
		t.Fatalf("nobody knows how to do this: %q", way)
	}
	return ""
}

// A program that has no way around one use has none to do without the capability, nor one that has many, nor
// what is there to become other users.
func TestWithoutAllOrNothing(t *testing.T) {
	t.Parallel()
	dir := publicDir(t)
	for n := range 12 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(n)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, arguments := range [][]string{
		{"--", "sh", "-c", built("ways") + " priority; " +
			built("need") + " net_raw"},
		{"--as", "nobody", "--", "sh", "-c", "cat " + dir + "/*"},
		{"--", "runuser", "-u", "nobody", "/bin/true"}, // opens a session of a user
		{"--as", "nobody", "--no-objects", "--", "cat", dir + "/1"},
	} {
		d := documentOf(t, capAudit(t, append([]string{"-j"}, arguments...)...))
		if len(d.Recommended) == 0 || len(d.Without) > 0 {
			t.Errorf("%q: recommended %v, without %+v", arguments, d.Recommended, d.Without)
		}
	}
}
