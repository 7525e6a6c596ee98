package without

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/objects"
)

func file(path, owner, group, mode string) objects.Object {
	return objects.Object{Kind: objects.File, Path: path, Owner: owner, Group: group, Mode: mode}
}

func directory(path, owner, given string) objects.Object {
	o := file(path, owner, "root", "0700")
	o.Type, o.Given = "directory", given
	return o
}

func option(text string) objects.Object { return objects.Object{Kind: objects.Option, Option: text} }

func port(n int) objects.Object { return objects.Object{Kind: objects.Socket, Port: n} }

func process(user, text string) objects.Object {
	return objects.Object{Kind: objects.Process, PID: 7, Program: "other", User: user, Option: text}
}

// use is of a capability that is to be granted itself.
func use(capability int, syscall string, o objects.Object) Use {
	return Use{capability, capability, syscall, o}
}

// given is a directory of root's that is about to have another owner.
func given(path, to string) objects.Object {
	o := directory(path, "root", "")
	o.Option = to
	return o
}

var (
	www  = Program{Account: "www", Names: []string{"web", "webd"}}
	sshd = Program{Sessions: true, Gains: true}
	box  = Program{Contained: true}
	tool = Program{Account: "a", Names: []string{"tool"}, Tool: true}
	key  = file("/srv/key", "root", "root", "0600")
)

// That the ways lead there is tested by going them, in the suites. Here is when there are none, and how
// several uses become one. It is about the capability of the last use.
func TestWays(t *testing.T) {
	const (
		read, write     = unix.CAP_DAC_READ_SEARCH, unix.CAP_DAC_OVERRIDE
		bind, nice      = unix.CAP_NET_BIND_SERVICE, unix.CAP_SYS_NICE
		resource, admin = unix.CAP_SYS_RESOURCE, unix.CAP_SYS_ADMIN
	)
	const lowPorts = "sysctl net.ipv4.ip_unprivileged_port_start=80, for everybody; or a .socket unit, if " +
		"it takes sockets from systemd"
	for name, c := range map[string]struct {
		of   Program
		uses []Use
		want []string
	}{
		"none":                        {www, nil, nil},
		"a capability without a rule": {www, []Use{use(unix.CAP_SYS_RAWIO, "iopl", option("3"))}, nil},
		"one use not known": {www, []Use{{Unknown, read, "", option("")},
			use(read, "openat", key)}, nil},
		"one use without a way": {www, []Use{use(read, "open_by_handle_at", objects.Object{}),
			use(read, "openat", key)}, nil},
		"several ports": {www, []Use{use(bind, "bind", port(443)), use(bind, "bind", port(80))},
			[]string{lowPorts}},
		"in a container":         {box, []Use{use(bind, "bind", port(80))}, []string{lowPorts}},
		"a unit for a container": {box, []Use{use(unix.CAP_IPC_LOCK, "mlock", option("8 bytes"))}, nil},
		"groups of a user": {tool, []Use{use(read, "openat", file("/srv/a", "root", "adm", "0640")),
			use(read, "openat", file("/srv/b", "root", "tape", "0640")),
			use(read, "openat", file("/srv/c", "root", "adm", "0640"))}, []string{"usermod -aG adm,tape a"}},
		"a tool's user": {tool, []Use{use(unix.CAP_SETUID, "setuid", option("user b")),
			use(unix.CAP_SETGID, "setgroups", option("groups b"))},
			[]string{"run it as b, if it can start as that"}},
		"a tool's group": {tool, []Use{use(unix.CAP_SETUID, "setuid", option("user b")),
			use(unix.CAP_SETGID, "setgid", option("group c"))}, []string{"run it in group c"}},
		"a tool's directory": {tool, []Use{use(write, "openat",
			file("/var/lib/tool/db", "root", "root", "0600"))}, []string{"StateDirectory=tool in its unit"}},
		"a user's limit": {tool, []Use{use(resource, "setrlimit", option("RLIMIT_NOFILE, to 4096")),
			use(resource, "setrlimit", option("RLIMIT_NOFILE, to 8192"))},
			[]string{"LimitNOFILE=8192 in its unit, or in /etc/security/limits.conf: a - nofile 8192"}},
		"a user's memory": {tool, []Use{use(unix.CAP_IPC_LOCK, "mlock", option("8 bytes"))},
			[]string{"LimitMEMLOCK=infinity in its unit, or in /etc/security/limits.conf: " +
				"a - memlock infinity"}},
		"a user's limit in other units": {tool, []Use{use(resource, "setrlimit",
			option("RLIMIT_STACK, to 4096"))}, []string{"LimitSTACK=4096 in its unit"}},
		"a tool's port": {tool, []Use{use(bind, "bind", port(80))}, []string{lowPorts}},
		"an account not known": {Program{}, []Use{use(read, "openat", key)},
			[]string{"setfacl -m u:ACCOUNT:r /srv/key"}},
		"an account that it changes to": {Program{}, []Use{use(unix.CAP_SETUID, "setuid", option("user www")),
			use(read, "openat", key)},
			[]string{"setfacl -m u:www:r /srv/key"}},
		"read here, written there": {www, []Use{use(write, "openat", key), use(read, "openat", key)},
			[]string{"setfacl -m u:www:rw /srv/key"}},
		"covered by another": {www, []Use{{read, write, "openat", key},
			use(write, "openat", file("/srv/b", "root", "root", "0600"))},
			[]string{"setfacl -m u:www:r /srv/key", "setfacl -m u:www:rw /srv/b"}},
		"a path that needs quotes": {www, []Use{use(read, "openat",
			file("/srv/a b", "root", "root", "0600"))}, nil},
		"a file of the kernel's": {www, []Use{use(read, "openat",
			file("/proc/kcore", "root", "root", "0400"))}, nil},
		"a file of all": {www, []Use{use(write, "openat",
			file("/etc/passwd", "root", "root", "0644"))}, nil},
		"a directory of all": {www, []Use{use(write, "openat", directory("/etc", "root", "/etc/new"))}, nil},
		"in its own directory": {www, []Use{use(write, "openat",
			file("/var/lib/web/a/db", "root", "root", "0600"))}, []string{"StateDirectory=web in its unit"}},
		"beside its own directory": {www, []Use{use(write, "openat", directory("/run", "root", "/run/pid"))},
			[]string{"RuntimeDirectory=web in its unit, with its file in /run/web"}},
		"in its directory, of another": {www, []Use{use(write, "openat",
			file("/var/lib/web/a/db", "mysql", "mysql", "0600"))},
			[]string{"setfacl -m u:www:rw /var/lib/web/a/db"}},
		"in another directory": {www, []Use{use(write, "openat",
			file("/var/lib/other/db", "root", "root", "0600"))},
			[]string{"setfacl -m u:www:rw /var/lib/other/db"}},
		"too many": {www, []Use{use(read, "openat", file("/a/1", "root", "a", "0640")),
			use(read, "openat", key), use(read, "openat", directory("/a/3", "root", "/a/3/4")),
			use(read, "openat", directory("/a/5", "root", "")),
			use(read, "openat", file("/var/lib/web/6", "root", "root", "0600"))}, nil},
		"two users": {www, []Use{use(unix.CAP_KILL, "kill", process("a", "SIGHUP")),
			use(unix.CAP_KILL, "kill", process("b", "SIGHUP"))}, nil},
		"a process of root's": {www, []Use{use(unix.CAP_KILL, "kill", process("root", "SIGHUP"))}, nil},
		"Yama": {Program{PtraceScope: 1}, []Use{use(unix.CAP_SYS_PTRACE, "ptrace",
			process("a", "PTRACE_SEIZE"))}, nil},
		"a session": {sshd, []Use{use(unix.CAP_SETUID, "setuid", option("user a"))}, nil},
		"a root directory": {www, []Use{use(unix.CAP_SYS_CHROOT, "chroot",
			file("/srv/web", "root", "root", "0755"))},
			[]string{"RootDirectory=/srv/web in its unit, if its own file is in there, in the place of " +
				"its chroot"}},
		"a root directory of sessions": {sshd, []Use{use(unix.CAP_SYS_CHROOT, "chroot",
			file("/run/sshd", "root", "root", "0755"))}, nil},
		"several users": {www, []Use{use(unix.CAP_SETUID, "setuid", option("user a")),
			use(unix.CAP_SETUID, "setuid", option("user b"))}, nil},
		"back to root": {www, []Use{use(unix.CAP_SETUID, "setresuid", option("user a")),
			use(unix.CAP_SETUID, "setresuid", option("user root"))}, nil},
		"a user and their groups": {www, []Use{use(unix.CAP_SETUID, "setuid", option("user a")),
			use(unix.CAP_SETGID, "setgroups", option("groups a b")),
			use(unix.CAP_SETGID, "setgid", option("group a"))},
			[]string{"User=a in its unit, if it can start as that"}},
		"a user and another group": {www, []Use{use(unix.CAP_SETUID, "setuid", option("user a")),
			use(unix.CAP_SETGID, "setgid", option("group b"))}, []string{"Group=b in its unit"}},
		"groups alone": {www, []Use{use(unix.CAP_SETGID, "setgroups", option("no groups"))}, nil},
		"given to who it becomes": {www, []Use{use(unix.CAP_SETUID, "setuid", option("user a")),
			use(unix.CAP_CHOWN, "chown", given("/srv/log", "to user a, to group a"))},
			[]string{"User=a in its unit, if it can start as that"}},
		"a file of who it becomes": {Program{}, []Use{use(unix.CAP_SETUID, "setuid", option("user a")),
			use(write, "openat", file("/srv/log", "a", "adm", "0640"))},
			[]string{"User=a in its unit, if it can start as that"}},
		"a process of who it becomes": {Program{}, []Use{use(unix.CAP_SETUID, "setuid", option("user a")),
			use(unix.CAP_KILL, "kill", process("a", "SIGHUP"))},
			[]string{"User=a in its unit, if it can start as that"}},
		"its directory given away": {www, []Use{use(unix.CAP_CHOWN, "chown", given("/run/web", "to user a"))},
			[]string{"RuntimeDirectory=web in its unit, and User=a"}},
		"given to another": {www, []Use{use(unix.CAP_CHOWN, "chown", given("/srv/log", "to user a"))}, nil},
		"another's given to a group": {www, []Use{use(unix.CAP_CHOWN, "chown",
			given("/srv/log", "to group a"))}, nil},
		"files of two users": {Program{}, []Use{use(unix.CAP_FOWNER, "chmod",
			file("/srv/a", "a", "a", "0600")), use(unix.CAP_FOWNER, "chmod",
			file("/srv/b", "b", "b", "0600"))}, nil},
		"a file of one of several whom it becomes": {Program{}, []Use{
			use(unix.CAP_SETUID, "setuid", option("user a")),
			use(unix.CAP_SETUID, "setuid", option("user b")),
			use(unix.CAP_FOWNER, "chmod", file("/srv/b", "b", "b", "0600"))}, nil},
		"a process of another than whom it becomes": {Program{}, []Use{use(unix.CAP_SETGID, "setgid",
			option("group a")), use(unix.CAP_KILL, "kill", process("b", "SIGHUP"))}, nil},
		"changed by another account": {www, []Use{use(unix.CAP_FOWNER, "chmod",
			file("/srv/a", "a", "a", "0600"))}, nil},
		"priorities": {www, []Use{use(nice, "setpriority", option("itself, nice -5")),
			use(nice, "setpriority", option("itself, nice -10")),
			use(nice, "sched_setscheduler", option("itself, SCHED_FIFO, priority 9")),
			use(nice, "sched_setparam", option("itself, priority 20"))},
			[]string{"LimitNICE=-10 in its unit", "LimitRTPRIO=20 in its unit"}},
		"a deadline": {www, []Use{use(nice, "sched_setattr",
			option("itself, SCHED_DEADLINE, nice 0, priority 0"))}, nil},
		"limits": {www, []Use{use(resource, "prlimit64", option("itself, RLIMIT_NOFILE, to 4096")),
			use(resource, "setrlimit", option("RLIMIT_NOFILE, to unlimited"))},
			[]string{"LimitNOFILE=infinity in its unit"}},
		"a limit not known":  {www, []Use{use(resource, "setrlimit", option("RLIMIT_NOFILE"))}, nil},
		"a limit of another": {www, []Use{use(resource, "prlimit64", process("a", "RLIMIT_CPU, to 4"))}, nil},
		"the clock steered": {www, []Use{use(unix.CAP_SYS_TIME, "adjtimex", option("")),
			use(unix.CAP_SYS_TIME, "clock_settime", option("CLOCK_REALTIME"))}, nil},
		"another kernel to reboot": {www, []Use{use(unix.CAP_SYS_BOOT, "reboot", option("RB_KEXEC"))}, nil},
		"another kernel":           {www, []Use{use(unix.CAP_SYS_BOOT, "kexec_load", option(""))}, nil},
		"no new privileges":        {Program{Gains: true}, []Use{use(admin, "seccomp", option("0x1"))}, nil},
		"a mount by its parts": {www, []Use{use(admin, "fsopen", option("type tmpfs")),
			use(admin, "fsmount", option("")), use(admin, "move_mount", option("to /mnt"))},
			[]string{"a .mount unit for /mnt, in the place of its own mount"}},
		"counters, for Debian": {www, []Use{use(admin, "perf_event_open",
			option("PERF_TYPE_SOFTWARE 0x1, itself"))},
			[]string{"sysctl kernel.perf_event_paranoid=1, for everybody"}},
		"a mount without a place": {www, []Use{use(admin, "fsopen", option("type tmpfs")),
			use(admin, "move_mount", option("to mnt"))}, nil},
		"mounts in a namespace": {www, []Use{use(admin, "mount", given("/mnt", "")),
			use(admin, "unshare", option("CLONE_NEWNS"))}, nil},
		"the log cleared": {www, []Use{use(unix.CAP_SYSLOG, "syslog", option("SYSLOG_ACTION_CLEAR"))}, nil},
		"a tracepoint": {www, []Use{use(unix.CAP_PERFMON, "perf_event_open",
			option("PERF_TYPE_TRACEPOINT 0x1, all processes"))}, nil},
		"huge pages": {www, []Use{use(unix.CAP_IPC_LOCK, "shmget", option("8 bytes"))}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			grant := 0
			if n := len(c.uses); n > 0 {
				grant = c.uses[n-1].Grant
			}
			if diff := cmp.Diff(c.want, Ways(grant, c.uses, c.of)); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// Whatever a program calls its files, what is to be typed has only words.
func FuzzWays(f *testing.F) {
	f.Add("/srv/key", "root", "adm", "0640", "user a, group b, nice -1, RLIMIT_NOFILE, to 5")
	f.Fuzz(func(t *testing.T, path, owner, group, mode, text string) {
		o := file(path, owner, group, mode)
		o.Option, o.User = text, owner
		for number := range rules {
			for _, call := range []string{"openat", "setuid", "mount", "chroot", "prlimit64", "setpriority"} {
				uses := []Use{use(number, call, o)}
				for _, way := range append(Ways(number, uses, www), Ways(number, uses, tool)...) {
					if strings.ContainsAny(way, "`$\\'\n\x1b") || strings.Count(way, `"`)%2 == 1 {
						t.Errorf("%q", way)
					}
				}
			}
		}
	})
}
