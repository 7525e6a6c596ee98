package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/test/machine"
)

// probe is a line of need --probes.
type probe struct {
	name, capability, syscall string
	needed                    []string // in earnest
}

func probes(t *testing.T) []probe {
	t.Helper()
	r := finish(t, command(t, built("need"), "--probes"))
	if r.status != 0 {
		t.Fatalf("need --probes: status %d: %s", r.status, r.stderr)
	}
	var list []probe
	for line := range strings.Lines(string(r.stdout)) {
		words := strings.Fields(line)
		if len(words) != 4 {
			t.Fatalf("need --probes: %q has not four words", line)
		}
		p := probe{words[0], words[1], words[2], []string{}}
		if words[3] != "-" {
			p.needed = append(p.needed, words[3])
		}
		list = append(list, p)
	}
	if len(list) < 11 {
		t.Fatalf("need --probes has %d lines", len(list))
	}
	return list
}

// met wants a check that counts as a probe in the system call, and returns how
// many were refused.
func (p probe) met(t *testing.T, d document) (refused uint64) {
	t.Helper()
	for _, c := range d.Advisory {
		inCall := func(s callSite) bool { return s.Syscall == p.syscall && s.Advisory != nil }
		if c.Name == p.capability && slices.ContainsFunc(c.Sites, inCall) {
			return c.Checks.Denied
		}
	}
	t.Errorf("no probe for %s in %s: %+v", p.capability, p.syscall, d.Advisory)
	return 0
}

// What the kernel asks for without minding the answer is not recommended.
func TestEachProbe(t *testing.T) {
	t.Parallel()
	for _, p := range probes(t) {
		t.Run(p.name, func(t *testing.T) {
			cmd := capAudit(t, "-j", "--", built("need"), p.name, "7")
			cmd.Env = needEnv(t)
			r := finish(t, cmd)
			d := decode(t, r.stdout)
			unsupported(t, d, r)
			d.wholeAndConsistent(t)
			p.met(t, d)
			if diff := cmp.Diff(p.needed, d.Recommended); diff != "" || d.Exit.Status != 0 {
				t.Errorf("status %d; recommended (-want +got):\n%s", d.Exit.Status, diff)
			}
		})
	}
}

// Who has no capability at all gets through: that is what makes it a probe.
func TestEachProbeRefused(t *testing.T) {
	t.Parallel()
	dir := privileged(t)
	auditor := unprivilegedCapAudit(t, dir)
	need := installed(t, dir, built("need"), 0o755)
	for _, p := range probes(t) {
		if len(p.needed) > 0 {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			cmd := as(command(t, auditor, withBackend("-j", "--", need, p.name, "7")...), nobody)
			cmd.Env = needEnv(t)
			r := finish(t, cmd)
			d := decode(t, r.stdout)
			unsupported(t, d, r)
			d.wholeAndConsistent(t)
			if refused := p.met(t, d); refused < 7 || d.Exit.Status != 0 || len(d.Denied) > 0 {
				t.Errorf("status %d, %d probes refused, refused in earnest: %+v", d.Exit.Status, refused,
					d.Denied)
			}
		})
	}
}

// Settings of the network are read with NET_ADMIN where they are keys, and without where all may read them.
func TestKeysAmongSettings(t *testing.T) {
	t.Parallel()
	machine.Root(t)
	for name, want := range map[string][]string{"tcp_fastopen_key": {"net_admin"}, "tcp_fastopen": {}} {
		t.Run(name, func(t *testing.T) {
			d := documentOf(t, capAudit(t, "-j", "--as", fmt.Sprint(nobody), "--", "cat",
				"/proc/sys/net/ipv4/"+name))
			if diff := cmp.Diff(want, d.Recommended); diff != "" || d.Exit.Status != 0 {
				t.Errorf("status %d; recommended (-want +got):\n%s", d.Exit.Status, diff)
			}
		})
	}
}

// On XFS the kernel asks the owner, too, for FOWNER when a file's attributes are
// changed, and everybody for SYS_ADMIN when its blocks are listed.
func TestOwnFileOnXFS(t *testing.T) {
	t.Parallel()
	machine.Root(t)
	dir := xfs(t)
	own := filepath.Join(dir, "own")
	if err := errors.Join(os.WriteFile(own, nil, 0o600), os.Chown(own, nobody, nobody)); err != nil {
		t.Fatal(err)
	}
	cmd := capAudit(t, "-j", "--as", fmt.Sprint(nobody), "--", "sh", "-ec", "touch own; chmod 640 own; "+
		"chgrp 65534 own; cp /etc/passwd own; /usr/bin/python3 -ISc \"$0\"", byPython)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"} // root's may lead where nobody may not look
	d := documentOf(t, cmd)
	if d.Exit.Status != 0 || len(d.Recommended) > 0 {
		t.Errorf("status %d, recommended %v; required %+v", d.Exit.Status, d.Recommended, d.Required)
	}
	for name, syscall := range map[string]string{"fowner": "fchmodat", "sys_admin": "ioctl"} {
		probe{capability: name, syscall: syscall}.met(t, d)
	}
}

// byPython sets FS_NOATIME_FL and asks where the blocks of the file system are (linux/fs.h, FS_IOC_SETFLAGS;
// linux/fsmap.h, FS_IOC_GETFSMAP, with no room for any). xfs_io looks at all mounts of the machine first.
const byPython = `import fcntl, struct
own = open("own", "r+")
fcntl.ioctl(own, 0x40086602, struct.pack("l", 0x80))
most = struct.pack("<2I7Q", *[2**32 - 1] * 2, *[2**64 - 1] * 3, *[0] * 4)
fcntl.ioctl(own, 0xc0c0583b, bytes(128) + most)`

// What the kernel asks for in case of need, and goes on without, did matter where a call failed for it: one
// that found no more blocks than those in reserve, and one that pins pages beyond the limit.
func TestProbesThatHinder(t *testing.T) {
	t.Parallel()
	machine.Root(t)
	setpriv, prlimit := tool(t, "setpriv"), tool(t, "prlimit")
	full := fileSystem(t, 16<<20, "ext4", "-m", "20")
	if err := os.Chmod(full, 0o777); err != nil {
		t.Fatal(err)
	}
	need := installed(t, publicDir(t), built("need"), 0o755)
	for name, c := range map[string]struct {
		capability string
		call       string
		errno      unix.Errno
		command    []string
	}{
		"reserved blocks": {"sys_resource", "write", unix.ENOSPC,
			[]string{tool(t, "dd"), "bs=64k", "if=/dev/zero", "of=" + filepath.Join(full, "own")}},
		"pinned pages": {"ipc_lock", "sendto", unix.ENOBUFS,
			[]string{prlimit, "--memlock=0", need, "zerocopy"}},
	} {
		t.Run(name, func(t *testing.T) {
			arguments := append([]string{"-j", "--as", fmt.Sprint(nobody), "--"}, c.command...)
			r := finish(t, command(t, setpriv, append([]string{"--bounding-set=-" + c.capability,
				capAuditPath}, withBackend(arguments...)...)...))
			d := decode(t, r.stdout)
			hindered := func(o outcome) bool { return o.Syscall == c.call && o.RawReturn == -int(c.errno) }
			// a write before it can have been a short one
			if !d.AtLeast || len(d.Denied) != 1 || d.Denied[0].Name != c.capability ||
				!slices.ContainsFunc(d.Denied[0].Outcomes, hindered) {
				t.Errorf("status %d, at least %t, refused %+v", d.Exit.Status, d.AtLeast, d.Denied)
			}
		})
	}
}

// xfs is the root directory of a new file system, the smallest that mkfs.xfs makes.
func xfs(t *testing.T) string {
	t.Helper()
	return fileSystem(t, 300<<20, "xfs", "-m", "rmapbt=1")
}

// fileSystem is the root directory of a new one, with these options of its mkfs.
func fileSystem(t *testing.T, size int64, kind string, options ...string) string {
	t.Helper()
	mkfs := machine.Program(t, "mkfs."+kind)
	dir := publicDir(t)
	image, root := filepath.Join(dir, "image"), filepath.Join(dir, "root")
	err := errors.Join(os.WriteFile(image, nil, 0o600), os.Truncate(image, size), os.Mkdir(root, 0o755))
	if err != nil {
		t.Fatal(err)
	}
	must(t, nil, mkfs, slices.Concat([]string{"-q"}, options, []string{image})...)
	if r := finish(t, command(t, "mount", "-t", kind, "-o", "loop", image, root)); r.status != 0 {
		t.Skipf("wanted %s, mount says: %s", kind, r.stderr)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(root, 0); err != nil {
			t.Error(err)
		}
	})
	return root
}

// Another user's /proc/PID/maps takes sys_ptrace, or perfmon on kernels that are
// content with it: which one is tried out.
func TestLesserForMaps(t *testing.T) {
	t.Parallel()
	machine.Root(t)
	setpriv := machine.Program(t, "setpriv")
	maps := fmt.Sprintf("/proc/%d/maps", os.Getpid())
	ids := []string{fmt.Sprint("--reuid=", nobody), fmt.Sprint("--regid=", nobody), "--clear-groups"}
	may := func(capability string) bool {
		sets := []string{"--inh-caps=-all,+" + capability, "--ambient-caps=-all,+" + capability}
		return finish(t, command(t, setpriv, slices.Concat(ids, sets, []string{"cat", maps})...)).status == 0
	}
	want := "sys_ptrace"
	if !may(want) {
		t.Fatalf("%s is not enough to read %s", want, maps)
	}
	if may("perfmon") {
		want = "perfmon"
	}
	d := documentOf(t, capAudit(t, "-j", "--as", fmt.Sprint(nobody), "--", "/bin/cat", maps))
	if diff := cmp.Diff([]string{want}, d.Recommended); diff != "" || d.Exit.Status != 0 {
		t.Errorf("status %d; recommended (-want +got):\n%s", d.Exit.Status, diff)
	}
}
