package tracer

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func pointer[T any](value T) *T { return &value }

func TestSurroundings(t *testing.T) {
	dir := t.TempDir()
	var core unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &core); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		s    Surroundings
		show string // a command of the shell
		want string
	}{
		"working directory": {Surroundings{Dir: dir}, "pwd -P", dir},
		"no directory":      {Surroundings{Dir: dir + "/none", DirOptional: true}, "pwd -P", "/"},
		"umask":             {Surroundings{Umask: pointer(0o137)}, "umask", "0137"},
		"nice":              {Surroundings{Nice: pointer(7)}, "cut -d' ' -f19 /proc/self/stat", "7"},
		"soft and hard": {Surroundings{Limits: []Limit{{"LimitCORE=", unix.RLIMIT_CORE, 0, core.Max}}},
			"ulimit -Sc", "0"},
		"open files": {Surroundings{Limits: []Limit{{"LimitNOFILE=", unix.RLIMIT_NOFILE, 17, 18}}},
			"ulimit -Sn; ulimit -Hn", "17\n18"},
		"memory": {Surroundings{Limits: []Limit{{"LimitNOFILE=", unix.RLIMIT_NOFILE, 17, 18},
			{"LimitAS=", unix.RLIMIT_AS, 64 << 20, 64 << 20}}}, "ulimit -Hv", "65536"},
		"data": {Surroundings{Limits: []Limit{{"LimitNOFILE=", unix.RLIMIT_NOFILE, 17, 18},
			{"LimitDATA=", unix.RLIMIT_DATA, 8 << 20, 8 << 20}}}, "ulimit -Hd", "8192"},
		"ignored": {Surroundings{Ignored: pointer(uint64(1 << unix.SIGPIPE))},
			"grep SigIgn: /proc/self/status", "SigIgn:\t0000000000001000"},
		"nothing is ignored": {Surroundings{Ignored: pointer(uint64(0))}, "grep SigIgn: /proc/self/status",
			"SigIgn:\t0000000000000000"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := launch(t, Target{Path: "/bin/bash", Argv: []string{"bash", "-c", c.show},
				Surroundings: c.s})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, strings.TrimSpace(out)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What could not be done is named, and the target is not run.
func TestSurroundingsThatCannotBe(t *testing.T) {
	for name, c := range map[string]struct {
		s    Surroundings
		want string
	}{
		"working directory": {Surroundings{Dir: "/nowhere\xff"},
			`cannot change to the working directory "/nowhere\xff": no such file`},
		"limit": {Surroundings{Limits: []Limit{{"LimitCORE=", unix.RLIMIT_CORE, 2, 1}}},
			"cannot set LimitCORE=2:1: invalid argument"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := launch(t, Target{Path: "/bin/echo", Argv: []string{"echo", "ran"}, Surroundings: c.s})
			var start *StartError
			if !errors.As(err, &start) || start.Status != 1 || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
			if out != "" {
				t.Errorf("printed %q", out)
			}
		})
	}
}

func TestEnvironmentAndStandardInputOfItsOwn(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	env := []string{"A=1", "B=\xff", "A=2"}
	for _, want := range [][]string{env, {}} {
		out, err := launch(t, Target{Path: "/bin/cat", Argv: []string{"cat", "-", "/proc/self/environ"},
			Env: want, Stdin: null})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fmt.Sprintf("%q", strings.Join(want, "\x00")),
			fmt.Sprintf("%q", strings.TrimSuffix(out, "\x00"))); diff != "" {
			t.Errorf("environment (-wanted +the target's):\n%s", diff)
		}
	}
}
