package capng

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The test binary runs itself with this variable to become an identity and
// then cat, which shows what came through the exec. With the second it becomes
// an ordinary user first.
const (
	identityEnv     = "CAPNG_TEST_IDENTITY"
	unprivilegedEnv = "CAPNG_TEST_UNPRIVILEGED"
)

func TestMain(m *testing.M) {
	if raw := os.Getenv(identityEnv); raw != "" {
		runtime.LockOSThread()
		var id Identity
		if err := json.Unmarshal([]byte(raw), &id); err != nil {
			panic(err)
		}
		if uid, err := strconv.Atoi(os.Getenv(unprivilegedEnv)); err == nil {
			if err := errors.Join(syscall.Setresgid(uid, uid, uid),
				syscall.Setresuid(uid, uid, uid)); err != nil {
				panic(err)
			}
		}
		if err := id.Apply(); err != nil {
			var failed *ApplyError
			errors.As(err, &failed)
			fmt.Printf("failed:\t%s\nerrno:\t%s\n", failed.Op, unix.ErrnoName(failed.Err.(unix.Errno)))
			os.Exit(0)
		}
		panic(syscall.Exec("/bin/cat", []string{"cat", "/proc/self/status"}, nil))
	}
	os.Exit(m.Run())
}

// become runs a program as id and returns its /proc/self/status by field.
func become(t *testing.T, id Identity) map[string]string {
	t.Helper()
	raw, err := json.Marshal(id)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), identityEnv+"="+string(raw))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	status := map[string]string{}
	for lines := bufio.NewScanner(strings.NewReader(string(out))); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":\t"); ok {
			status[key] = strings.TrimSpace(value)
		}
	}
	return status
}

func need(t *testing.T, caps ...int) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("want root, am user", os.Geteuid())
	}
	have, ok := Current()
	if !ok {
		t.Skip("want to read my own capabilities, cannot")
	}
	for _, n := range caps {
		if have.Effective>>n&1 == 0 {
			t.Skipf("want %s in the effective set, have %s", Name(n), Text(have.Effective))
		}
	}
}

const (
	chown   = 0
	setgid  = 6
	setuid  = 7
	setpcap = 8
	netRaw  = 13
)

func set(caps ...int) *uint64 {
	var s uint64
	for _, n := range caps {
		s |= 1 << n
	}
	return &s
}

func hex(s uint64) string { return fmt.Sprintf("%016x", s) }

func check(t *testing.T, status map[string]string, want map[string]string) {
	t.Helper()
	for key, value := range want {
		if status[key] != value {
			t.Errorf("%s = %q, want %q (failed: %s %s)", key, status[key], value, status["failed"],
				status["errno"])
		}
	}
}

// What a systemd service with User=, AmbientCapabilities= and
// CapabilityBoundingSet= gets.
func TestServiceIdentity(t *testing.T) {
	need(t, netRaw, setgid, setuid, setpcap)
	status := become(t, Identity{
		UID: 4711, GID: 4712, Groups: []int{4713, 4714},
		Permitted: set(netRaw), Effective: set(netRaw), Inheritable: set(netRaw),
		Ambient: set(netRaw), Bounding: set(netRaw, chown), NoNewPrivs: true,
	})
	check(t, status, map[string]string{
		"Uid": "4711\t4711\t4711\t4711", "Gid": "4712\t4712\t4712\t4712", "Groups": "4713 4714",
		"CapInh": hex(1 << netRaw), "CapPrm": hex(1 << netRaw), "CapEff": hex(1 << netRaw),
		"CapBnd": hex(1<<netRaw | 1<<chown), "CapAmb": hex(1 << netRaw), "NoNewPrivs": "1",
	})
}

// capng_change_id would have taken SETPCAP away.
func TestSetpcapIsKept(t *testing.T) {
	need(t, setgid, setuid, setpcap)
	one := set(setpcap)
	status := become(t, Identity{
		UID: 4711, GID: 4711, ClearGroups: true,
		Permitted: one, Effective: one, Inheritable: one, Ambient: one,
	})
	check(t, status, map[string]string{"CapEff": hex(1 << setpcap), "CapAmb": hex(1 << setpcap),
		"Groups": ""})
}

// --as: another user with everything that is there.
func TestEverythingAmbient(t *testing.T) {
	need(t, setgid, setuid)
	have, _ := Current()
	all := have.Permitted & have.Bounding
	status := become(t, Identity{
		UID: 4711, GID: 4711, ClearGroups: true,
		Permitted: &all, Effective: &all, Inheritable: &all, Ambient: &all,
	})
	check(t, status, map[string]string{"CapEff": hex(all), "CapAmb": hex(all), "CapBnd": hex(have.Bounding)})
}

// A user without ambient capabilities has none after exec.
func TestPlainUser(t *testing.T) {
	need(t, setgid, setuid)
	status := become(t, Identity{UID: 4711, GID: 4711, ClearGroups: true})
	check(t, status, map[string]string{"CapPrm": hex(0), "CapEff": hex(0), "CapAmb": hex(0),
		"NoNewPrivs": "0"})
}

// Root with a small bounding set, as --verify starts it.
func TestRootBounded(t *testing.T) {
	need(t, chown, setpcap)
	one := set(chown)
	status := become(t, Identity{
		UID: -1, GID: -1, Permitted: one, Effective: one, Inheritable: one, Bounding: one, Ambient: one,
	})
	check(t, status, map[string]string{
		"Uid": "0\t0\t0\t0", "CapPrm": hex(1 << chown), "CapEff": hex(1 << chown), "CapBnd": hex(1 << chown),
	})
}

func TestUnchanged(t *testing.T) {
	have, ok := Current()
	if !ok {
		t.Skip("want to read my own capabilities, cannot")
	}
	status := become(t, Identity{UID: -1, GID: -1})
	if status["failed"] != "" {
		t.Fatalf("failed to %s: %s", status["failed"], status["errno"])
	}
	check(t, status, map[string]string{
		"CapBnd": hex(have.Bounding), "CapInh": hex(have.Inheritable), "CapAmb": hex(have.Ambient),
		"Uid": strings.Repeat(strconv.Itoa(os.Getuid())+"\t", 3) + strconv.Itoa(os.Getuid()),
	})
}

func TestErrorsNameTheStep(t *testing.T) {
	need(t, setgid, setuid, setpcap)
	have, _ := Current()
	missing := Numbers(^have.Permitted & (1<<(Last()+1) - 1))
	for _, c := range []struct {
		name string
		id   Identity
		want Operation
	}{
		{"ambient without inheritable", Identity{UID: -1, GID: -1, Inheritable: set(), Ambient: set(chown)},
			OpAmbient},
		{"effective without permitted", Identity{UID: -1, GID: -1, Permitted: set(), Effective: set(chown)},
			OpSets},
	} {
		t.Run(c.name, func(t *testing.T) {
			status := become(t, c.id)
			check(t, status, map[string]string{"failed": string(c.want), "errno": "EPERM"})
		})
	}
	t.Run("permitted beyond what is there", func(t *testing.T) {
		if len(missing) == 0 {
			t.Skip("want a capability that I lack, have all")
		}
		status := become(t, Identity{UID: -1, GID: -1, Permitted: set(missing[0])})
		check(t, status, map[string]string{"failed": string(OpSets), "errno": "EPERM"})
	})
}

// Someone without privileges is told at which step they were missing.
func TestUnprivilegedErrors(t *testing.T) {
	if os.Geteuid() == 0 {
		need(t, setgid, setuid)
		t.Setenv(unprivilegedEnv, "4711")
	}
	for _, c := range []struct {
		id   Identity
		want Operation
	}{
		{Identity{UID: -1, GID: -1, Bounding: set()}, OpBounding},
		{Identity{UID: -1, GID: -1, ClearGroups: true}, OpGroups},
		{Identity{UID: -1, GID: 0}, OpGID},
		{Identity{UID: 0, GID: -1}, OpUID},
		{Identity{UID: -1, GID: -1, Permitted: set(chown)}, OpSets},
		{Identity{UID: -1, GID: -1, Ambient: set(chown)}, OpAmbient},
	} {
		t.Run(string(c.want), func(t *testing.T) {
			check(t, become(t, c.id), map[string]string{"failed": string(c.want), "errno": "EPERM"})
		})
	}
}
