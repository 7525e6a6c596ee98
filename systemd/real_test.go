package systemd

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cap-audit/cap-audit/capng"
)

// The unit files in testdata/real were run by systemd 257 of Debian 13 on Linux
// 6.12; *.want is what the program of ExecStart= printed about itself then, after
// a line with the unit's state. test/vm/record-services.sh writes them anew.
const real = "testdata/real"

// refusedHere are units that systemd runs and that are refused on purpose.
var refusedHere = map[string]string{
	"args-percent-cgroup":  "%c is not documented any more",
	"args-percent-removed": "so is %r",
	"args-percent-shell":   "%s depends on how systemd was built",
}

// want is a recorded run.
type want struct {
	ran   bool
	late  bool                // failed at the directory (200) or at exec (203)
	lines map[string][]string // what follows a line's first word, by that
}

func readWant(t *testing.T, path string) want {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	state, rest, _ := strings.Cut(string(text), "\n")
	w := want{ran: !strings.Contains(state, "LoadState=bad-setting") &&
		!strings.Contains(state, "Result=resources") &&
		!strings.Contains(state, "ExecMainStatus=21"), lines: map[string][]string{}}
	w.late = w.late || strings.Contains(state, "ExecMainStatus=200") ||
		strings.Contains(state, "ExecMainStatus=203")
	for line := range strings.Lines(rest) {
		first, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		w.lines[first] = append(w.lines[first], value)
	}
	return w
}

// shown is a string as the recording program prints it.
func shown(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' || c == '\\' {
			fmt.Fprintf(&b, `\x%02x`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func TestAsSystemdDoes(t *testing.T) {
	wants, err := filepath.Glob(filepath.Join(real, "*.want"))
	if err != nil || len(wants) < 100 {
		t.Fatalf("%d recordings: %v", len(wants), err)
	}
	for _, path := range wants {
		name := strings.TrimSuffix(filepath.Base(path), ".want")
		t.Run(name, func(t *testing.T) {
			w := readWant(t, path)
			unit := name
			if strings.HasSuffix(name, "@") {
				unit += "x-y"
			}
			s, argv, err := load(filepath.Join(real, unit+".service"))
			if w.late {
				return // what was found out only when the program was started is not the file's
			}
			if _, refused := refusedHere[name]; refused || !w.ran && !w.late {
				if err == nil {
					t.Errorf("is taken, with the arguments %q", argv)
				}
				return
			}
			if err != nil && strings.Contains(err.Error(), "User=tester") {
				t.Skip("wanted the user of the VM:", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			if args := w.lines["arg"]; len(args) > 0 {
				compareArguments(t, args, argv, name)
			}
			if environ := w.lines["env"]; len(environ) > 0 {
				compareEnvironment(t, environ, s)
			}
			if len(w.lines["caps"]) > 0 {
				compareIdentity(t, w, s, name)
			}
		})
	}
}

func load(path string) (*Service, []string, error) {
	f, err := ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	s, err := f.Service()
	if err != nil {
		return nil, nil, err
	}
	c, err := s.Command()
	if err != nil {
		return nil, nil, err
	}
	argv, err := c.Arguments(s.Environ)
	return s, argv, err
}

func compareArguments(t *testing.T, want, argv []string, name string) {
	got := make([]string, len(argv))
	here, err := filepath.Abs(real)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range argv {
		got[i] = shown(strings.Replace(a, here, "/etc/systemd/system", 1))
	}
	if strings.HasPrefix(name, "args-oneshot") || name == "args-semicolon" {
		want = want[:len(got)] // the others ran after the first
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("arguments (-systemd's +ours):\n%s", diff)
	}
}

// ofTheManager are variables that depend on the running system.
var ofTheManager = []string{"INVOCATION_ID", "SYSTEMD_EXEC_PID", "JOURNAL_STREAM", "MEMORY_PRESSURE_WATCH",
	"MEMORY_PRESSURE_WRITE", "LANG"}

func compareEnvironment(t *testing.T, want []string, s *Service) {
	var got []string
	for _, a := range s.Environ {
		got = append(got, shown(a))
	}
	known := func(list []string) []string {
		list = slices.DeleteFunc(slices.Clone(list), func(a string) bool {
			name, value, _ := strings.Cut(a, "=")
			return slices.Contains(ofTheManager, name) || name == "PATH" &&
				strings.HasPrefix(value, "/usr/local/sbin:")
		})
		slices.Sort(list)
		return list
	}
	if diff := cmp.Diff(known(want), known(got)); diff != "" {
		t.Errorf("environment (-systemd's +ours):\n%s", diff)
	}
}

func compareIdentity(t *testing.T, w want, s *Service, name string) {
	differ := func(what string, want, got any) {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-systemd's +ours):\n%s", what, diff)
		}
	}
	one := func(key string) string { return w.lines[key][0] }
	full := s.command != nil && s.command.Full
	if exclaim := full || strings.HasPrefix(name, "id-exclaim"); !exclaim && !s.Dynamic {
		differ("uid", strings.Fields(one("uid"))[0], strconv.Itoa(max(s.Account.UID, 0)))
		differ("gid", strings.Fields(one("gid"))[0], strconv.Itoa(max(s.Account.GID, 0)))
		differ("groups", one("groups"), strings.Trim(fmt.Sprint(s.Account.Groups), "[]"))
	} else if exclaim {
		differ("groups", one("groups"), strings.Trim(fmt.Sprint(s.Account.UserGroups), "[]"))
	}
	all := uint64(1)<<(capng.Last()+1) - 1
	sets := map[string]string{}
	for _, line := range w.lines["caps"] {
		set, mask, _ := strings.Cut(line, " ")
		sets[set] = mask
	}
	if full { // by whatever the settings say
		s.Bounding, s.Ambient, s.NoNewPrivileges, s.Limits = all, 0, false, nil
	}
	differ("bounding", sets["bounding"], fmt.Sprintf("%016x", s.Bounding&all))
	differ("ambient", sets["ambient"], fmt.Sprintf("%016x", s.Ambient&s.Bounding&all))
	differ("no_new_privs", one("no_new_privs"), map[bool]string{false: "0", true: "1"}[s.NoNewPrivileges])
	differ("umask", one("umask"), fmt.Sprintf("%04o", s.Umask))
	differ("SIGPIPE", slices.Contains(w.lines["signals"], "ignored 13"), s.IgnoreSIGPIPE)
	if !s.DirOptional {
		here, _ := filepath.Abs(real)
		differ("directory", one("cwd"), strings.Replace(s.Dir, here, "/etc/systemd/system", 1))
	}
	nice := 0
	if s.Nice != nil {
		nice = *s.Nice
	}
	differ("nice", one("nice"), strconv.Itoa(nice))
	if !full {
		compareLimits(t, w, s)
	}
}

// compareLimits wants all limits of the service to be set, and no other.
func compareLimits(t *testing.T, w want, s *Service) {
	names := map[string]string{}
	for _, r := range resources {
		names[r.key] = strings.ToLower(strings.TrimPrefix(r.key, "Limit"))
	}
	for _, limit := range s.Limits {
		text := func(n uint64) string {
			if n == infinity && limit.Key == "LimitNOFILE" {
				return "1073741816" // fs.nr_open of the VM
			}
			if n == infinity {
				return "unlimited"
			}
			return fmt.Sprint(n)
		}
		line := names[limit.Key] + " " + text(limit.Soft) + " " + text(limit.Hard)
		if !slices.Contains(w.lines["rlimit"], line) {
			t.Errorf("%q is not in\n%s", line, strings.Join(w.lines["rlimit"], "\n"))
		}
	}
	// and none that systemd has not set
	defaults := readWant(t, filepath.Join(real, "id-root.want")).lines["rlimit"]
	for _, line := range w.lines["rlimit"] {
		resource, _, _ := strings.Cut(line, " ")
		ours := slices.ContainsFunc(s.Limits, func(l Limit) bool { return names[l.Key] == resource })
		if !ours && !slices.Contains(defaults, line) {
			t.Errorf("systemd has set %q", line)
		}
	}
}
