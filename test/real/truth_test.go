package real

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cap-audit/cap-audit/test/machine"
)

// allCapabilities is how many Linux has, since 5.9.
const allCapabilities = 41

// For each capability there is a program that needs that one and no other. It
// has to be what is found, both for root and for an ordinary user; it has to be
// enough; and without it the program has to fail.
func TestTruth(t *testing.T) {
	out, err := exec.Command(needPath, "--list").Output()
	if err != nil {
		t.Fatalf("need --list: %v", err)
	}
	for _, account := range []string{"root", "nobody"} {
		t.Run(account, func(t *testing.T) {
			t.Parallel()
			dir, need := prepare(t)
			var exercised, skipped []string
			for line := range strings.Lines(string(out)) {
				words := strings.Fields(line)
				if len(words) != 4 {
					t.Fatalf("need --list: %q has not four words", line)
				}
				name, alternative := words[0], words[3]
				t.Run(name, func(t *testing.T) {
					// also what fails was exercised
					defer func() {
						if t.Skipped() {
							skipped = append(skipped, name)
						} else {
							exercised = append(exercised, name)
						}
					}()
					truth(t, account, dir, need, name, alternative)
				})
			}
			t.Logf("as %s: %d of %d capabilities exercised; this host cannot: %s",
				account, len(exercised), allCapabilities, strings.Join(skipped, " "))
		})
	}
}

// truth holds one capability against what its program is known to need.
func truth(t *testing.T, account, dir, need, name, alternative string) {
	arguments := []string{"-j", "--minimize", "--", need, name}
	if account != "root" {
		arguments = append([]string{"--as", account}, arguments...)
	}
	cmd := command(t, capAuditPath, withBackend(arguments...)...)
	cmd.Env = append(os.Environ(), "NEED_DIR="+dir)
	d, said := documentOf(t, cmd)
	if d.Exit.Status == unsupported {
		t.Skip(reason(said))
	}
	if d.Exit.Status != 0 {
		t.Fatalf("need %s: status %d, signal %d:\n%s", name, d.Exit.Status, d.Exit.Signal, said)
	}
	want := []string{name}
	if diff := cmp.Diff(want, d.required()); diff != "" {
		t.Errorf("required capabilities (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, d.found()); diff != "" {
		t.Errorf("found capabilities (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, d.Recommended); diff != "" {
		t.Errorf("recommended capabilities (-want +got):\n%s", diff)
	}
	for _, site := range d.Required[0].CallSites {
		if site.Syscall != "" && (len(site.Objects) == 0 || site.Objects[0].Text == "") {
			t.Errorf("nothing says what %s asked for in %s", site.Function, site.Syscall)
		}
	}
	if d.Verified == nil || !*d.Verified {
		t.Errorf("not verified: %s", d.Proof.Verification.evidence())
	}
	if len(d.Proof.Minimization) != 1 || *d.Proof.Minimization[0].Without != name {
		t.Fatalf("capabilities left out one by one: %+v, wanted only %s", d.Proof.Minimization, name)
	}
	if verdict := *d.Proof.Minimization[0].Verdict; verdict != "needed" {
		t.Errorf("verdict on %s: %s", name, verdict)
	}
	// no other capability comes into what is refused then but the one that the
	// kernel takes in its place
	for _, e := range d.Proof.Minimization[0].Evidence {
		if e.Capability != nil && *e.Capability != name && *e.Capability != alternative {
			t.Errorf("without %s: %s", name, e.Text)
		}
	}
}

// inContainers are the capabilities that root has in a container of Docker.
const inContainers = "+chown,+dac_override,+fsetid,+fowner,+mknod,+net_raw,+setgid,+setuid," +
	"+setfcap,+setpcap,+net_bind_service,+sys_chroot,+kill,+audit_write"

// forAnother are those that it takes to run a command as another user with fewer.
const forAnother = "+setgid,+setpcap,+setuid"

// Repetitions alone find the same, where there are the capability, the one that the
// kernel takes in its place, and for root what containers have, for another user little
// else: there is a run without each.
func TestTruthUntraced(t *testing.T) {
	machine.Program(t, "setpriv")
	out, err := exec.Command(needPath, "--list").Output()
	if err != nil {
		t.Fatalf("need --list: %v", err)
	}
	for _, account := range []string{"root", "nobody"} {
		t.Run(account, func(t *testing.T) {
			t.Parallel()
			dir, need := prepare(t)
			for line := range strings.Lines(string(out)) {
				words := strings.Fields(line)
				t.Run(words[0], func(t *testing.T) {
					truthUntraced(t, account, dir, need, words[0], words[3])
				})
			}
		})
	}
}

func truthUntraced(t *testing.T, account, dir, need, name, alternative string) {
	others := inContainers
	if account != "root" {
		others = forAnother
	}
	has := "-all," + others + ",+" + name
	if alternative != "-" {
		has += ",+" + alternative
	}
	arguments := []string{"--bounding-set", has, "--", capAuditPath, "-j", "--untraced"}
	if account != "root" {
		arguments = append(arguments, "--as", account)
	}
	cmd := command(t, "setpriv", append(arguments, "--", need, name)...)
	cmd.Env = append(os.Environ(), "NEED_DIR="+dir)
	var said strings.Builder
	cmd.Stderr = &said
	raw, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &said)
	}
	var d document
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	if d.Exit.Status == unsupported {
		t.Skip(reason(said.String()))
	}
	want := []string{name}
	if diff := cmp.Diff(want, d.Recommended); diff != "" {
		t.Errorf("recommended capabilities (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, d.required()); diff != "" {
		t.Errorf("required capabilities (-want +got):\n%s", diff)
	}
	if d.Verified == nil || !*d.Verified || d.Complete {
		t.Errorf("verified %v, complete %t", d.Verified, d.Complete)
	}
}

// reason is what need says of a host that cannot exercise a capability.
func reason(said string) string {
	for line := range strings.Lines(said) {
		if strings.HasPrefix(line, "need: ") {
			return strings.TrimSpace(line)
		}
	}
	return "need says that this host cannot exercise it"
}

// prepare makes what need wants beforehand, and a copy of it, where every user
// can go. The helper process of need ends when the directory is removed.
func prepare(t *testing.T) (dir, need string) {
	t.Helper()
	top := t.TempDir()
	// TempDir makes both for root alone
	for _, path := range []string{filepath.Dir(top), top} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	dir, need = filepath.Join(top, "prepared"), filepath.Join(top, "need")
	// by another process: a child that a parallel test forks would inherit our
	// descriptor, and a file that is open for writing cannot be executed
	if out, err := command(t, "install", "-m", "755", needPath, need).CombinedOutput(); err != nil {
		t.Fatalf("install: %v: %s", err, out)
	}
	if out, err := command(t, need, "--prepare", dir).CombinedOutput(); err != nil {
		t.Fatalf("need --prepare: %v: %s", err, out)
	}
	return dir, need
}
