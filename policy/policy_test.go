package policy

import (
	"bytes"
	"encoding/json"
	"math/bits"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/sys/unix"
	"gopkg.in/yaml.v3"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
)

const (
	chown          = 1 << unix.CAP_CHOWN
	netBindService = 1 << unix.CAP_NET_BIND_SERVICE
	netRaw         = 1 << unix.CAP_NET_RAW
)

func loadText(t testing.TB, text string) (*Policy, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "policy")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(file, os.Open)
}

func TestLists(t *testing.T) {
	for list, want := range map[string]uint64{
		"none":                         0,
		"None":                         0,
		"chown":                        chown,
		"CAP_CHOWN":                    chown,
		"cap_chown,NET_RAW":            chown | netRaw,
		"chown, net_raw , chown":       chown | netRaw,
		"net_bind_service,CAP_NET_RAW": netBindService | netRaw,
	} {
		p, err := Load(list, os.Open)
		if err != nil || p.Allowed != want {
			t.Errorf("%q: %+v, %v; want %x", list, p, err, want)
		}
	}
	for _, list := range []string{"chwon", "chown,", ",", "chown,,kill", "chown kill", "all", "none,chown",
		"-1", "\x1b[2J"} {
		if p, err := Load(list, os.Open); err == nil || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%q: %+v, %v", list, p, err)
		}
	}
}

// What a unit's settings allow, as systemd.exec(5) has it.
func TestUnits(t *testing.T) {
	all := all()
	for name, test := range map[string]struct {
		unit string
		want uint64
	}{
		"nothing said": {"", all},
		"bounding set": {"CapabilityBoundingSet=CAP_CHOWN", chown},
		"repeated": {"CapabilityBoundingSet=CAP_CHOWN\nCapabilityBoundingSet=CAP_NET_RAW",
			chown | netRaw},
		"several in a line": {"CapabilityBoundingSet=CAP_CHOWN CAP_NET_RAW", chown | netRaw},
		"over two lines":    {"CapabilityBoundingSet=CAP_CHOWN \\\n  CAP_NET_RAW", chown | netRaw},
		"inverted":          {"CapabilityBoundingSet=~CAP_CHOWN", all &^ chown},
		"inverted twice": {"CapabilityBoundingSet=~CAP_CHOWN\nCapabilityBoundingSet=~CAP_NET_RAW",
			all &^ chown &^ netRaw},
		"taken away again": {"CapabilityBoundingSet=CAP_CHOWN CAP_NET_RAW\nCapabilityBoundingSet=~CAP_CHOWN",
			netRaw},
		"emptied": {"CapabilityBoundingSet=CAP_CHOWN\nCapabilityBoundingSet=", 0},
		"emptied and begun anew": {"CapabilityBoundingSet=CAP_CHOWN\nCapabilityBoundingSet=\n" +
			"CapabilityBoundingSet=CAP_NET_RAW", netRaw},
		"all again":     {"CapabilityBoundingSet=CAP_CHOWN\nCapabilityBoundingSet=~", all},
		"in lower case": {"CapabilityBoundingSet=cap_chown", chown},
		"root by name":  {"User=root\nCapabilityBoundingSet=CAP_CHOWN", chown},
		"another user":  {"User=daemon", 0},
		"ambient":       {"User=daemon\nAmbientCapabilities=CAP_CHOWN", chown},
		"ambient and bounding": {"User=daemon\nAmbientCapabilities=CAP_CHOWN CAP_NET_RAW\n" +
			"CapabilityBoundingSet=CAP_CHOWN", chown},
		"ambient, inverted": {"User=daemon\nAmbientCapabilities=~CAP_CHOWN", all &^ chown},
		"only bounding":     {"User=daemon\nCapabilityBoundingSet=CAP_CHOWN", chown},
		"nothing new":       {"User=daemon\nCapabilityBoundingSet=CAP_CHOWN\nNoNewPrivileges=yes", 0},
		"a user of its own": {"DynamicUser=yes\nAmbientCapabilities=CAP_NET_RAW", netRaw},
		"ambient, as root":  {"AmbientCapabilities=CAP_CHOWN\nCapabilityBoundingSet=CAP_NET_RAW", netRaw},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := loadText(t, "; a comment\n\n# "+
				"another\n[Unit]\nDescription=x\n[Service]\nExecStart=/bin/x\n"+test.unit+"\n")
			if err != nil || p.Allowed != test.want {
				t.Fatalf("%+v, %v; want %x", p, err, test.want)
			}
			if p.Unlimited != (test.want == all) {
				t.Errorf("unlimited: %t", p.Unlimited)
			}
		})
	}
	for name, text := range map[string]string{
		"no service":    "[Unit]\nDescription=x\n",
		"half a header": "[Service",
		"a YAML list":   "[chown, net_raw]\n",
	} {
		if p, err := loadText(t, text); err == nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
	// what systemd passes over allows nothing, and is said
	for _, line := range []string{"CapabilityBoundingSet=CAP_NONSENSE", "CapabilityBoundingSet=chown"} {
		if p, err := loadText(t, "[Service]\n"+line+"\n"); err != nil || p.Allowed != 0 ||
			len(p.Warnings) != 1 {
			t.Errorf("%s: %+v, %v", line, p, err)
		}
	}
}

// Where the version of systemd decides, that is said.
func TestNoNewPrivilegesOfOlderSystemd(t *testing.T) {
	for _, test := range []struct {
		unit   string
		warned bool
	}{
		{"User=daemon\nCapabilityBoundingSet=CAP_CHOWN\nSystemCallFilter=@system-service", true},
		{"User=daemon\nCapabilityBoundingSet=CAP_CHOWN\nRestrictNamespaces=no\nProtectClock=no", false},
		{"User=daemon\nCapabilityBoundingSet=CAP_CHOWN", false},
		{"CapabilityBoundingSet=CAP_CHOWN\nSystemCallFilter=@system-service", false},
		{"User=daemon\nAmbientCapabilities=CAP_CHOWN\nCapabilityBoundingSet=CAP_CHOWN\n" +
			"MemoryDenyWriteExecute=1", false},
	} {
		p, err := loadText(t, "[Service]\n"+test.unit+"\n")
		if err != nil || p.Allowed != chown || (len(p.Warnings) == 1 &&
			strings.Contains(p.Warnings[0], "no_new_privs")) != test.warned {
			t.Errorf("%q: %+v, %v", test.unit, p, err)
		}
	}
}

// Remarks are shown beside these lines.
func TestLinesOfPolicies(t *testing.T) {
	for text, want := range map[string]struct {
		line  int
		lines map[int]int
	}{
		"# x\ncap_audit_policy: 1\ncapabilities:\n  # why\n  - chown\n\n  - net_raw\n": {3,
			map[int]int{unix.CAP_CHOWN: 5, unix.CAP_NET_RAW: 7}},
		"cap_audit_policy: 1\ncapabilities: [chown,\n net_raw]": {2,
			map[int]int{unix.CAP_CHOWN: 2, unix.CAP_NET_RAW: 3}},
		"{\n\"cap_audit_policy\": 1,\n\"capabilities\": []}": {3, map[int]int{}},

		"[Service]\nCapabilityBoundingSet=CAP_CHOWN\n CapabilityBoundingSet=CAP_KILL\n": {3, nil},

		"[Service]\nAmbientCapabilities=CAP_CHOWN\nCapabilityBoundingSet=CAP_CHOWN\nUser=daemon": {2, nil},

		"[Unit]\n[Service]\nExecStart=/bin/x\n": {2, nil},

		"[Service]\nCapabilityBoundingSet =\nCapabilityBoundingSet = CAP_CHOWN\nKillMode=x\n": {3, nil},
	} {
		p, err := loadText(t, text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.lines, p.Lines); diff != "" || p.Line != want.line {
			t.Errorf("%s\nline %d, want %d; lines:\n%s", text, p.Line, want.line, diff)
		}
	}
	if p, err := Load("chown", os.Open); err != nil || p.Line != 0 || p.Lines != nil {
		t.Errorf("a list on the command line has lines: %+v, %v", p, err)
	}
}

func TestTemplates(t *testing.T) {
	unit := filepath.Join(t.TempDir(), "x@.service")
	if err := os.WriteFile(unit, []byte("[Service]\nUser=%i\nAmbientCapabilities=CAP_CHOWN\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	if p, err := Load(unit, os.Open); err != nil || p.Allowed != chown {
		t.Errorf("%+v, %v", p, err)
	}
}

// Drop-ins beside the file count.
func TestDropIns(t *testing.T) {
	dir := t.TempDir()
	unit := filepath.Join(dir, "x.service")
	for file, text := range map[string]string{
		unit: "[Service]\nCapabilityBoundingSet=CAP_CHOWN\n",
		filepath.Join(dir, "x.service.d",
			"a.conf"): "[Service]\nCapabilityBoundingSet=CAP_NET_RAW\nPrivateDevices=yes\n",
	} {
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if p, err := Load(unit, os.Open); err != nil || p.Allowed != chown|netRaw {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestFiles(t *testing.T) {
	for text, want := range map[string]uint64{
		"cap_audit_policy: 1\ncapabilities: []\n":                        0,
		"cap_audit_policy: 1\ncapabilities:\n  # why\n  - chown\n":       chown,
		"---\ncapabilities: [CAP_NET_RAW, chown]\ncap_audit_policy: 1\n": chown | netRaw,
		`{"cap_audit_policy": 1, "capabilities": ["net_raw"]}`:           netRaw,
	} {
		if p, err := loadText(t, text); err != nil || p.Allowed != want {
			t.Errorf("%q: %+v, %v; want %x", text, p, err, want)
		}
	}
	for text, says := range map[string]string{
		"":        "empty",
		"# only":  "empty",
		"hello":   "neither",
		"- chown": "neither",
		"a: b":    "no key cap_audit_policy",
		"application: {}\nrequired_capabilities: []":   "a report",
		"cap_audit_policy: 1":                          "no key capabilities",
		"cap_audit_policy: 1\ncapabilities:":           "not a list",
		"cap_audit_policy: 1\ncapabilities: chown":     "not a list",
		"cap_audit_policy: 1\ncapabilities: [[chown]]": "line 2",
		"cap_audit_policy: 1\ncapabilities: [13]":      `"13" is no capability`,
		"cap_audit_policy: one\ncapabilities: []":      "not a number",
		"cap_audit_policy: 0\ncapabilities: []":        "not a number",
		"cap_audit_policy: 9\ncapabilities: []":        "version 9",
		"cap_audit_policy: 1\ncapabilities: []\ncapabilities: [chown]": "line 3: the key \"capabilities\" " +
			"is there twice",
		"cap_audit_policy: 1\ncapabilities: []\nallow: [chown]": "line 3",
		"cap_audit_policy: 1\ncapabilities: []\n---\nx: y":      "more than one document",
		"cap_audit_policy: 1\ncapabilities: &a [*a]":            "",
		"cap_audit_policy: 1\ncapabilities: [\"\x1b[2J\"]":      "",
		"\xff\xfe":                           "",
		strings.Repeat("# x\n", maxSize/4+1): "larger",
	} {
		p, err := loadText(t, text)
		if err == nil {
			t.Errorf("%.60q: %+v", text, p)
			continue
		}
		if !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%.60q: %q, wanted %q", text, err, says)
		}
	}
	if _, err := Load("no/such/file", os.Open); err == nil || err.Error() != "no such file or directory" {
		t.Error(err)
	}
}

// Where the start was not seen, whoever reviews the policy is told.
func TestStartNotSeen(t *testing.T) {
	const note = "# Its start was not seen: it may need more for that.\n"
	for _, fromStart := range []bool{false, true} {
		text := string(Write(&audit.Findings{Application: audit.Application{Path: "/usr/bin/x"},
			Subject: audit.Subject{Kind: audit.SubjectUnit, FromStart: fromStart}}))
		if strings.Contains(text, note) == fromStart {
			t.Errorf("from its start: %t\n%s", fromStart, text)
		}
	}
}

// A policy allows the run that it was written for, and nothing else.
func TestWriteAndLoad(t *testing.T) {
	run := &audit.Findings{
		Application: audit.Application{PID: 77, Path: "/usr/bin/x\n- sys_admin\x1b[2J", Ended: true},
		Required: []audit.Capability{
			{Number: 10, Tally: audit.Tally{Granted: 3}, Syscall: audit.Syscall{Number: 49, Name: "bind"},
				CallSites: []audit.CallSite{
					{Function: "g", Syscall: audit.Syscall{Name: "listen"}},
					{Function: "f", Syscall: audit.Syscall{Name: "bind"}},
					{Function: "h", Syscall: audit.Syscall{Name: "mmap"}, Advisory: "x"},
				}},
			{Number: 41, Syscall: audit.Syscall{Name: "new\n  - sys_time"}},
		},
		CapsetOnly: []audit.CapsetOnly{{Number: 0, Permitted: true}},
		Programs: []audit.ProgramUse{{Index: 1, Path: "/opt/a\r\n  - sys_boot", Needs: []int{10}},
			{Index: 2, Path: "/opt/b", Needs: []int{10}}},
	}
	text := string(Write(run))
	want := `# What "/usr/bin/x\n- sys_admin\x1b[2J" needs of the Linux capabilities, as cap-audit saw it.
# cap-audit --check FILE compares a run with it.
cap_audit_policy: 1
capabilities:
  # not used, but asked for by capset
  - chown
  # used in bind, listen
  # by "/opt/a\r\n  - sys_boot", /opt/b
  - net_bind_service
  # used in "new\n  - sys_time"
  - ` + capng.Name(41) + "\n"
	if text != want {
		t.Errorf("%s\nwanted\n%s", text, want)
	}
	p, err := loadText(t, text)
	if err != nil || p.Allowed != run.Recommended() {
		t.Errorf("%+v, %v; want %x", p, err, run.Recommended())
	}
}

// Whatever is in a file: no panic, and an error that is fit for a terminal.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		"cap_audit_policy: 1\ncapabilities: [chown]\n",
		"[Service]\nUser=x\nCapabilityBoundingSet=~CAP_CHOWN\n",
		`{"cap_audit_policy": 1, "capabilities": []}`,
		"[Service]\nCapabilityBoundingSet=CAP_CHOWN \\\n CAP_KILL", "a: &a [*a]", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := loadText(t, text)
		if err == nil && isUnit(text) && p.Allowed&^all() != 0 {
			t.Errorf("a unit allows %x, more than there is", p.Allowed)
		}
		if err != nil && strings.Contains(err.Error(), "\x1b") {
			t.Errorf("raw escape in %q", err)
		}
	})
}

// The schema describes what Write writes, and nothing that Load refuses for its
// form.
func TestSchema(t *testing.T) {
	compiler := jsonschema.NewCompiler()
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema))
	if err == nil {
		err = compiler.AddResource("schema.json", tree)
	}
	if err != nil {
		t.Fatal(err)
	}
	schema := compiler.MustCompile("schema.json")
	some := &audit.Findings{Required: []audit.Capability{{Number: 13}, {Number: 41}}}
	for text, want := range map[string]bool{
		string(Write(&audit.Findings{})):                        true,
		string(Write(some)):                                     true,
		"cap_audit_policy: 1\ncapabilities: [CAP_CHOWN]":        true,
		"cap_audit_policy: 2\ncapabilities: []":                 false,
		"cap_audit_policy: 1":                                   false,
		"capabilities: []":                                      false,
		"cap_audit_policy: 1\ncapabilities: []\nallow: [chown]": false,
		"cap_audit_policy: 1\ncapabilities: [13]":               false,
		"cap_audit_policy: 1\ncapabilities: chown":              false,
	} {
		var tree any
		if err := yaml.Unmarshal([]byte(text), &tree); err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		if tree, err = jsonschema.UnmarshalJSON(bytes.NewReader(raw)); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(tree); (err == nil) != want {
			t.Errorf("%s: %v", text, err)
		}
		if _, err := loadText(t, text); (err == nil) != want {
			t.Errorf("%s: Load: %v", text, err)
		}
	}
}

// An inline list allows what its words name, each of them one capability, or names the
// word that is none.
func FuzzNames(f *testing.F) {
	for _, list := range []string{"none", "NONE", "chown, CAP_NET_RAW", "", ",", "chown,,kill",
		"none,chown", "63", "cap_63", "\xff", "chown\n", "\u017fetuid"} {
		f.Add(list)
	}
	f.Fuzz(func(t *testing.T, list string) {
		set, unknown := parseNames(list)
		if unknown != "" {
			if set != 0 || unknown != "an empty name" && !strings.Contains(list, unknown) {
				t.Errorf("%q: %x, %q", list, set, unknown)
			}
			return
		}
		if words := strings.Count(list, ",") + 1; bits.OnesCount64(set) > words {
			t.Errorf("%q: %d words, %x", list, words, set)
		}
		again, unknown := parseNames(strings.Join(capng.Names(set), ","))
		if set != 0 && (again != set || unknown != "") {
			t.Errorf("%q: %x, by its names %x, %q", list, set, again, unknown)
		}
	})
}
