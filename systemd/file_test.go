package systemd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// tree writes files by their path below a new directory.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// What lies in the place of the directory for drop-ins is not waited for.
func TestFifoForDropIns(t *testing.T) {
	root := tree(t, map[string]string{"a.service": "[Service]\nEnvironment=X=file\n"})
	if err := unix.Mkfifo(filepath.Join(root, "a.service.d"), 0o600); err != nil {
		t.Fatal(err)
	}
	saved := unitPath
	t.Cleanup(func() { unitPath = saved })
	unitPath = []string{root}
	if f, err := ReadFile(filepath.Join(root, "a.service")); err != nil || len(f.DropIns) != 0 {
		t.Errorf("%+v, %v", f, err)
	}
}

// A unit where systemd looks for units has drop-ins in all such places: read by
// name, and of the same name from the first place.
func TestDropInsOfAllPlaces(t *testing.T) {
	root := tree(t, map[string]string{
		"usr/a.service":               "[Service]\nEnvironment=X=file\n",
		"usr/a.service.d/10-one.conf": "[Service]\nEnvironment=X=usr-10\n",
		"usr/a.service.d/30-two.conf": "[Service]\nEnvironment=X=usr-30 HIDDEN=1\n",
		"etc/a.service.d/30-two.conf": "[Service]\nEnvironment=X=etc-30\n",
		"etc/a.service.d/20-own.conf": "[Service]\nEnvironment=X=etc-20 Y=etc\n",
		"etc/service.d/05-type.conf":  "[Service]\nEnvironment=Z=type\n",
		"elsewhere/a.service":         "[Service]\nEnvironment=X=file\n",
	})
	saved := unitPath
	t.Cleanup(func() { unitPath = saved })
	unitPath = []string{filepath.Join(root, "etc"), filepath.Join(root, "run"), filepath.Join(root, "usr")}

	f, err := ReadFile(filepath.Join(root, "usr/a.service"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, path := range f.DropIns {
		got = append(got, strings.TrimPrefix(path, root+"/"))
	}
	want := []string{"etc/service.d/05-type.conf", "usr/a.service.d/10-one.conf",
		"etc/a.service.d/20-own.conf", "etc/a.service.d/30-two.conf"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("drop-ins (-want +got):\n%s", diff)
	}
	environ, err := f.environment()
	if diff := cmp.Diff([]string{"Z=type", "X=etc-30", "Y=etc"}, sortedBy(environ, "ZXY")); diff != "" ||
		err != nil {
		t.Errorf("%v\n%s", err, diff)
	}

	if f, err = ReadFile(filepath.Join(root, "elsewhere/a.service")); err != nil || len(f.DropIns) != 0 {
		t.Errorf("a unit of no such place has %v, %v", f.DropIns, err)
	}
}

func sortedBy(environ []string, first string) []string {
	var list []string
	for _, c := range first {
		for _, a := range environ {
			if strings.HasPrefix(a, string(c)+"=") {
				list = append(list, a)
			}
		}
	}
	return list
}

// What systemd passes over is said, once for each, and not without end.
func TestWarnings(t *testing.T) {
	root := tree(t, map[string]string{
		"a.service": "A=1\n[Service]\nnonsense\nEnvironment=1=2\nNice=99\nUMask=9\nLimitCPU=x\n" +
			"NoNewPrivileges=maybe\nCapabilityBoundingSet=net_raw\nSecureBits=nosuch\n" +
			"RuntimeDirectory=/abs\nEnvironmentFile=relative\n",
		"b.service": "[Service]\n" + strings.Repeat("nonsense\n", 10_000),
	})
	f, err := ReadFile(filepath.Join(root, "a.service"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Service(); err != nil {
		t.Fatal(err)
	}
	all := strings.Join(f.Warnings, "\n")
	for _, want := range []string{"line 1 stands before", "line 3 is no assignment", `"1=2"`, "Nice=99",
		"UMask=9", "LimitCPU=x",
		"NoNewPrivileges=maybe", `"net_raw"`, `"nosuch"`, `"/abs"`, "EnvironmentFile=relative"} {
		if strings.Count(all, want) != 1 {
			t.Errorf("%q is said %d times in\n%s", want, strings.Count(all, want), all)
		}
	}
	if f, err = ReadFile(filepath.Join(root, "b.service")); err != nil || len(f.Warnings) != maxWarnings+1 {
		t.Errorf("%d warnings, %v", len(f.Warnings), err)
	}
}

// Each setting that is not carried out is named with its last value; what is
// off, or does nothing to checks, is not.
func TestOmissions(t *testing.T) {
	root := tree(t, map[string]string{
		"a.service": `[Service]
ProtectSystem=strict
PrivateTmp=yes
PrivateTmp=no
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
ReadWritePaths=/a
ReadWritePaths=
Restart=always
StandardInput=null
MemoryMax=infinity
X-Own=1
RestrictNamespaces=true
Madeup=1
`, "a.socket": "[Socket]\n"})
	f, err := ReadFile(filepath.Join(root, "a.service"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := f.Service()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range s.NotSimulated {
		got = append(got, o.String())
	}
	want := []string{
		"ProtectSystem=strict: " + fileSystem, "SystemCallFilter=@system-service ~@privileged: " + calls,
		"RestrictNamespaces=true: " + calls,
		"Madeup=1: " + unknown, "Sockets=a.socket: they are not handed over",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("not simulated (-want +got):\n%s", diff)
	}
}

// Settings for which systemd 252 sets no_new_privs, unless it has CAP_SYS_ADMIN.
func TestFiltering(t *testing.T) {
	for _, test := range []struct{ unit, want string }{
		{"User=daemon\nSystemCallFilter=@a\nSystemCallFilter=~@b\nLockPersonality=yes",
			"SystemCallFilter=@a ~@b LockPersonality=yes"},
		{"User=daemon\nPrivateDevices=yes\nAmbientCapabilities=CAP_NET_RAW", "PrivateDevices=yes"},
		{"User=daemon\nPrivateDevices=yes\nAmbientCapabilities=CAP_SYS_ADMIN", ""},
		{"User=daemon\nPrivateDevices=yes\nNoNewPrivileges=yes", ""},
		{"User=daemon\nSystemCallFilter=@a\nSystemCallFilter=\nProtectClock=no", ""},
		{"DynamicUser=yes\nPrivateDevices=yes", ""},
		{"PrivateDevices=yes\nRestrictNamespaces=yes", ""},
	} {
		dir := tree(t, map[string]string{"a.service": "[Service]\n" + test.unit + "\n"})
		f, err := ReadFile(filepath.Join(dir, "a.service"))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range f.Grants().Filtering {
			got = append(got, s.String())
		}
		if got := strings.Join(got, " "); got != test.want {
			t.Errorf("%q: %q, want %q", test.unit, got, test.want)
		}
	}
}

// No setting is in two of the lists.
func TestSettingsAreListedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, key := range strings.Fields(honoured + " " + withoutEffect) {
		if seen[key] {
			t.Errorf("%s is listed twice", key)
		}
		if effect, ok := omitted[key]; ok {
			t.Errorf("%s is carried out or harmless, and omitted as well: %s", key, effect)
		}
		seen[key] = true
	}
}
