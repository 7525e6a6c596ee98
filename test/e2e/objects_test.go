package e2e

import (
	"fmt"
	"iter"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// objectsOf are those of a capability, needed or refused.
func (d document) objectsOf(name string) (list []object) {
	if c := d.required(name); c != nil {
		for _, site := range c.Sites {
			list = append(list, site.Objects...)
		}
	}
	for _, c := range d.Denied {
		if c.Name == name {
			for _, site := range c.Sites {
				list = append(list, site.Objects...)
			}
		}
	}
	return list
}

func textsOf(list []object) (texts []string) {
	for _, o := range list {
		texts = append(texts, o.Text)
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

// objectsDir has the files of the program objects: another user's, in a directory that others
// may enter.
func objectsDir(t *testing.T) string {
	t.Helper()
	dir := publicDir(t)
	for _, name := range []string{"closed", "mine"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"plain", "mine/inner", "closed/inner", "closed/gone", "\x1b[31m\xff\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err == nil {
			err = os.Lchown(path, 12345, 12345)
		}
		return err
	})
	for name, mode := range map[string]os.FileMode{"closed": 0o700, "mine/inner": 0o600,
		"closed/inner": 0o600, "plain": 0o644, "": 0o755} {
		if err == nil {
			err = os.Chmod(filepath.Join(dir, name), mode)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// Of each thing that a program asks for capabilities for, the report says what it is.
func TestObjects(t *testing.T) {
	t.Parallel()
	dir := objectsDir(t)
	cmd := capAudit(t, "-j", "--", built("objects"), dir)
	r := finish(t, cmd)
	if r.status != 0 {
		t.Fatalf("status %d\n%s", r.status, r.stderr)
	}
	d := decode(t, r.stdout)
	pid := regexp.MustCompile(`(?m)^\d+$`).FindString(ofTarget(string(r.stderr)))
	closed := dir + "/closed (12345:12345 0700, directory) for "
	for name, want := range map[string][]string{
		"chown": {
			dir + "/plain (12345:12345 0644), to user 12346, to group 12347",
			dir + "/closed/inner (12345:12345 0600), to user 12346",
			dir + "/plain (12346:12347 0644), to group 12348",
			dir + "/\x1b[31m\\xff\n (12345:12345 0644), to user 12346",
		},
		"fowner": {dir + "/mine/inner (12345:12345 0600), to mode 0640"},
		"dac_override": {
			closed + dir + "/closed/gone", closed + dir + "/closed/new",
			dir + "/closed/inner (12346:12345 0600)",
			dir + " (12345:12345 0755, directory) for " + dir + "/device, a character device",
		},
		"mknod": {dir + " (12345:12345 0755, directory) for " + dir + "/device, a character device"},
		"kill":  {"process " + pid + " (objects, 12345), SIGKILL"},
		"net_bind_service": {
			"port 601/udp of 127.0.0.1", "port 602/udp of 127.0.0.1", "port 603/udp of 127.0.0.1",
			"port 604/udp of 127.0.0.1", "port 605/udp of 127.0.0.1", "port 606/udp of 127.0.0.1",
			"port 607/udp of 127.0.0.1", "port 608/udp of 127.0.0.1",
		},
		"net_admin": {"netlink socket (route), RTM_DELLINK"},
		"net_raw":   {"IPv4 socket (udp), SOL_SOCKET, SO_MARK", "packet socket (raw)"},
		"sys_ptrace": {"process " + pid + " (objects, 12345), PTRACE_SEIZE",
			"process " + pid + " (objects, 12345), CLONE_NEWUTS"},
		"sys_nice":     {"itself, nice -5"},
		"sys_resource": {"itself, RLIMIT_CORE, to 1"},
		"setgid":       {"groups 12346 12347", "group 12346"},
		"setuid":       {"user 12345"},
		"sys_admin":    {"CLONE_NEWUTS", "process " + pid + " (objects, 12345), CLONE_NEWUTS"},
	} {
		slices.Sort(want)
		if diff := cmp.Diff(want, textsOf(d.objectsOf(name))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	// a ninth port
	if c := d.required("net_bind_service"); c != nil && c.Sites[0].Others != 1 {
		t.Errorf("net_bind_service: %d checks for others, wanted 1", c.Sites[0].Others)
	}
	if d.Losses["objects"] > 0 {
		t.Errorf("%d objects lost", d.Losses["objects"])
	}
}

// A capset that inherits what it may not without setpcap needs that, and no other does; which sets it asked
// for, the report says of both.
func TestObjectsOfCapset(t *testing.T) {
	t.Parallel()
	d := audited(t, built("objects"), objectsDir(t))
	if slices.ContainsFunc(d.Limits, func(l string) bool { return strings.HasPrefix(l, "inlined") }) {
		t.Skipf("wanted a kernel and a backend that show what capset asks for: %q", d.Limits)
	}
	const some = "effective: setpcap, permitted: setpcap, inheritable: "
	var probed []object
	for _, c := range d.Advisory {
		if c.Name == "setpcap" {
			probed = append(probed, c.Sites[0].Objects...)
		}
	}
	if got := textsOf(d.objectsOf("setpcap")); !slices.Equal(got, []string{some + "net_raw"}) ||
		!slices.Equal(textsOf(probed), []string{some + "none"}) {
		t.Errorf("setpcap: needed for %q, probed for %+v", got, probed)
	}
}

// What is on the way to a file is told from the file.
func TestObjectOfRefusedOpen(t *testing.T) {
	t.Parallel()
	dir := publicDir(t)
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d := documentOf(t, capAudit(t, "-j", "--as", "65534", "--", "/bin/cat", secret))
	list := d.objectsOf("dac_read_search")
	if len(list) != 1 || list[0].Path != secret || list[0].Owner != "root" || list[0].Mode != "0600" {
		t.Errorf("cat of root's file: %+v", list)
	}
	text := finish(t, capAudit(t, "--as", "65534", "--", "/bin/cat", secret))
	words := strings.Join(strings.Fields(string(text.stdout)), " ") // lines are as wide as the page
	if want := "For: " + secret + " (root:root 0600)"; !strings.Contains(words, want) {
		t.Errorf("no %q in\n%s", want, text.stdout)
	}
}

func TestNoObjects(t *testing.T) {
	t.Parallel()
	d := documentOf(t, capAudit(t, "-j", "--no-objects", "--", built("objects"), objectsDir(t)))
	if len(d.Required) == 0 {
		t.Error("nothing is required")
	}
	for _, c := range d.Required {
		if list := d.objectsOf(c.Name); len(list) > 0 {
			t.Errorf("%s: %+v", c.Name, list)
		}
	}
}

// Calls of 32-bit programs have other numbers, and their arguments in other registers.
func TestObjectsOfCompatCalls(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"int80", "int80-i386", "int80-arm"} {
		t.Run(name, func(t *testing.T) {
			needsOtherTable(t, name)
			want := []string{"/ (root:root 0755, directory)"}
			if diff := cmp.Diff(want, textsOf(audited(t, built(name)).objectsOf("sys_chroot"))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// An object that comes late is found, though by then few checks are looked at.
func TestLateObject(t *testing.T) {
	t.Parallel()
	d := documentOf(t, capAudit(t, "-j", "--", python(t), "-c", `
import os
for _ in range(20000):
    os.setgroups([7776])
for _ in range(20000):
    os.setgroups([7777])
`))
	want, got := []string{"groups 7776", "groups 7777"}, textsOf(d.objectsOf("setgid"))
	if !slices.Equal(want, got) {
		t.Errorf("setgid: %q, wanted %q", got, want)
	}
	checks := uint64(0)
	for _, o := range d.objectsOf("setgid") {
		checks += o.Checks
	}
	if checks < 64 || checks > 2000 {
		t.Errorf("%d of 40000 checks were looked at", checks)
	}
}

// freePort is one below 1024 that nobody listens at.
func freePort(t *testing.T) int {
	t.Helper()
	for port := 700; port < 1024; port++ {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			l.Close()
			return port
		}
	}
	t.Skip("wanted a free port below 1024")
	return 0
}

// straced are daemons that listen at PORT, on the loopback, with their files in DIR. If nothing else
// is said, what is awaited is that somebody listens there, and a signal stops them.
var straced = map[string]struct{ prepare, run, await, stop string }{
	"nginx": {prepare: `cat >conf <<END
daemon off; error_log $DIR/log; pid $DIR/pid; user nobody $(id -gn nobody); events {}
http { access_log off; server { listen 127.0.0.1:$PORT; }
client_body_temp_path $DIR/b; proxy_temp_path $DIR/p; fastcgi_temp_path $DIR/f;
uwsgi_temp_path $DIR/u; scgi_temp_path $DIR/s; }
END`, run: "nginx -c $DIR/conf"},
	"dnsmasq": {run: "dnsmasq -k -p $PORT --listen-address=127.0.0.1 -z -C /dev/null --pid-file=$DIR/pid"},
	"lighttpd": {prepare: `cat >conf <<END
server.document-root = "$DIR"
server.bind = "127.0.0.1"
server.port = $PORT
server.username = "nobody"
END`, run: "lighttpd -D -f $DIR/conf"},
	"sshd": {prepare: `[ -d /run/sshd ] || { mkdir /run/sshd; trap 'rmdir /run/sshd' EXIT; }
ssh-keygen -q -N '' -f key`, run: "$(command -v sshd) -D -f /dev/null -p $PORT -h $DIR/key -o PidFile=none"},
	"chronyd": {prepare: `cat >conf <<END
port $PORT
allow 127.0.0.1
bindaddress 127.0.0.1
cmdport 0
bindcmdaddress /
pidfile $DIR/pid
driftfile $DIR/drift
END`, run: "chronyd -d -x -u root -f $DIR/conf", await: "[ -s pid ]"},
	"postfix": {prepare: `mkdir etc queue data
chown postfix $DIR/data
sed "s/^smtp  *inet/127.0.0.1:$PORT inet/" /etc/postfix/master.cf >etc/master.cf
cat >etc/main.cf <<END
compatibility_level = 3.6
queue_directory = $DIR/queue
data_directory = $DIR/data
myhostname = localhost
END`, run: "postfix -c $DIR/etc start-fg", stop: "postfix -c $DIR/etc stop"},
}

// What strace shows of a run is what the report on it has: the ports below 1024, and the paths that are
// given to another user.
func TestObjectsAgreeWithStrace(t *testing.T) {
	strace := tool(t, "strace")
	bash := tool(t, "bash")
	for name, daemon := range straced {
		t.Run(name, func(t *testing.T) {
			tool(t, name)
			dir := publicDir(t)
			log := filepath.Join(dir, "strace")
			await, stop := ": >/dev/tcp/127.0.0.1/$PORT", "kill $!"
			if daemon.await != "" {
				await = daemon.await
			}
			if daemon.stop != "" {
				stop = daemon.stop
			}
			cmd := capAudit(t, "-j", "--", strace, "-f", "-y", "-s", "4096", "-o", log,
				"-e", "trace=bind,chown,lchown,fchown,fchownat", bash, "-c", "cd $DIR\n"+daemon.prepare+"\n"+daemon.run+` &
until `+await+`; do sleep 0.1; kill -0 $! || exit 1; done 2>/dev/null
`+stop+`; wait; true`)
			cmd.Env = append(os.Environ(), "DIR="+dir, fmt.Sprint("PORT=", freePort(t)))
			d := documentOf(t, cmd)
			if d.Exit.Status != 0 {
				t.Fatalf("%s did not begin to listen", name)
			}
			var ports, paths []string
			for _, o := range d.objectsOf("net_bind_service") {
				ports = append(ports, fmt.Sprint(o.Port))
			}
			for _, o := range d.objectsOf("chown") {
				paths = append(paths, o.Path)
			}
			want := seenByStrace(t, log)
			if diff := cmp.Diff(want["port"], sorted(ports)); diff != "" || len(ports) == 0 {
				t.Errorf("ports (-strace +report):\n%s", diff)
			}
			// a report shows eight of a call site
			if paths = sorted(paths); len(paths) < min(len(want["path"]), 8) {
				t.Errorf("chown of %q; the report has %q", want["path"], paths)
			}
			for _, path := range paths {
				if !slices.Contains(want["path"], path) {
					t.Errorf("chown of %s is in the report, strace has %q", path, want["path"])
				}
			}
			for _, c := range d.Required {
				if len(d.objectsOf(c.Name)) == 0 {
					t.Errorf("%s: it is not known what for: %+v", c.Name, c.Sites)
				}
			}
		})
	}
}

func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// callsIn are the calls in what strace wrote: where another process's came between, it did so in two lines.
func callsIn(log string) iter.Seq[string] {
	resumed := regexp.MustCompile(`^<\.\.\. \w+ resumed>`)
	return func(yield func(string) bool) {
		begun := map[string]string{} // by process
		for line := range strings.Lines(log) {
			pid, call, _ := strings.Cut(strings.TrimSpace(line), " ")
			call = strings.TrimSpace(call)
			if first, ok := strings.CutSuffix(call, " <unfinished ...>"); ok {
				begun[pid] = first
				continue
			}
			if rest := resumed.FindString(call); rest != "" {
				call = begun[pid] + call[len(rest):]
			}
			if !yield(call) {
				return
			}
		}
	}
}

func TestCallsIn(t *testing.T) {
	const log = `7  chown("/a", 1, 2 <unfinished ...>
8  bind(3, {sin_port=htons(25)}, 16) = 0
7  <... chown resumed>)            = 0
`
	want := []string{"bind(3, {sin_port=htons(25)}, 16) = 0", `chown("/a", 1, 2)            = 0`}
	if got := slices.Collect(callsIn(log)); !slices.Equal(got, want) {
		t.Errorf("%q, wanted %q", got, want)
	}
}

// seenByStrace are the ports below 1024 and the paths of calls that succeeded.
func seenByStrace(t *testing.T, log string) map[string][]string {
	t.Helper()
	raw, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string][]string{}
	bind := regexp.MustCompile(`bind\(.*sin6?_port=htons\((\d+)\).* = 0$`)
	chown := regexp.MustCompile(`chown(?:at)?\((?:[^"]*"|\d+<)(/[^">]*)[">].* = 0$`)
	for line := range callsIn(string(raw)) {
		if m := bind.FindStringSubmatch(line); m != nil {
			if port, err := strconv.Atoi(m[1]); err == nil && port > 0 && port < 1024 {
				seen["port"] = append(seen["port"], m[1])
			}
		}
		if m := chown.FindStringSubmatch(line); m != nil {
			seen["path"] = append(seen["path"], m[1])
		}
	}
	return map[string][]string{"port": sorted(seen["port"]), "path": sorted(seen["path"])}
}

// inChroot begins a command in a directory that has what this machine has, by mounts, and one of ours.
// It lies in an overlay, whose layers have other paths, and has a copy of the program.
func inChroot(t *testing.T, of string, arguments ...string) *exec.Cmd {
	t.Helper()
	// links of / are copied, directories mounted; what cap-audit and the programs lie in comes last
	const make = `mount -t tmpfs none $1
cd $1
mkdir lower upper work all
mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work none all
root=$1/all/root of=$2
mkdir $root
for d in /bin /sbin /lib /lib64 /usr /etc /root /proc /sys; do
	if [ -L $d ]; then cp -P $d $root; elif [ -d $d ]; then mkdir $root$d; mount --rbind $d $root$d; fi
done
shift 2
mkdir -p "$root$of" $root/own
cp "$of/callers" $root/own
mount --rbind "$of" "$root$of"
exec chroot $root "$@"`
	mounts := []string{"-m", "sh", "-ec", make, "sh", t.TempDir(), of}
	return command(t, tool(t, "unshare"), append(mounts, arguments...)...)
}

// In a chroot, as package builders work in, files are what they are called there, and code is found.
func TestObjectsInChroot(t *testing.T) {
	t.Parallel()
	told := untoldMappings(t) == ""
	dir := publicDir(t)
	auditor, program := installed(t, dir, capAuditPath, 0o755), installed(t, dir, built("callers"), 0o755)
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, arguments := range map[string][]string{
		"itself": {program, "apart", "/own/file"},
		"in mounts of its own": {"unshare", "-m", "--propagation", "unchanged", program, "apart",
			"/own/file"},
		"in a directory of its own":  {"chroot", "/", program, "apart", "/own/file"},
		"a file of a mount in there": {program, "apart", filepath.Join(dir, "file")},
		"a program of the overlay":   {"/own/callers", "apart", "/own/file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := arguments[len(arguments)-1]
			arguments = append([]string{auditor}, withBackend(append([]string{"--"}, arguments...)...)...)
			arguments = append([]string{"sh", "-ec", `: > /own/file; exec "$@"`, "sh"}, arguments...)
			r := finish(t, inChroot(t, dir, arguments...))
			lines := strings.ReplaceAll(string(r.stdout), "\n      ", " ") // those that went on in the next
			for want, wanted := range map[string]bool{"For: " + file + " (": true,
				"Called by: first, second in callers\n": told} {
				if wanted && !strings.Contains(lines, want) {
					t.Errorf("the report lacks %q:\n%s%s", want, r.stdout, r.stderr)
				}
			}
		})
	}
}
