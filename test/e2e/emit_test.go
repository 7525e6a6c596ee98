package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cap-audit/cap-audit/report/snippets"
)

// Each kind of snippet is alone on standard output, or in the file.
func TestEmit(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{
		"systemd":    "\nCapabilityBoundingSet=CAP_SYS_CHROOT\n",
		"docker":     "--cap-drop=ALL --cap-add=SYS_CHROOT --security-opt=no-new-privileges\n",
		"compose":    "\n    cap_add: [SYS_CHROOT]\n",
		"kubernetes": "\n  capabilities: {drop: [ALL], add: [SYS_CHROOT]}\n",
		"kustomize":  "\n            capabilities: {drop: [ALL], add: [SYS_CHROOT]}\n",
		"helm":       "\n  capabilities: {drop: [ALL], add: [SYS_CHROOT]}\n",
		"quadlet":    "\nAddCapability=CAP_SYS_CHROOT\n",
		"lxc":        "\nlxc.cap.keep = sys_chroot\n",
		"nspawn":     "\nCapability=CAP_SYS_CHROOT\n",
		"nomad":      "\n  cap_add  = [\"sys_chroot\"]\n",
		"filecap":    "\nfilecap " + built("tree") + " sys_chroot\n",
		"setcap":     "\nsetcap cap_sys_chroot=ep " + built("tree") + "\n",
		"rpm-caps":   "\n%caps(cap_sys_chroot=ep) " + built("tree") + "\n",
		"ansible":    "\n    path: \"" + built("tree") + "\"\n",
		"nixos":      "\n  capabilities = \"cap_sys_chroot=ep\";\n",
		"c":          " CAP_SYS_CHROOT, -1)",
		"python":     "\n        capng.CAP_SYS_CHROOT,\n",
		"go":         "\n	needed := []cap.Value{cap.SYS_CHROOT}\n",
		"rust":       "[Capability::CAP_SYS_CHROOT]",
		"apparmor":   "\ncapability sys_chroot,\n",
		"selinux":    "\nallow DOMAIN_t self:capability { sys_chroot };\n",
		"setpriv":    " --bounding-set=-all,+sys_chroot ",
		"bwrap":      "--cap-drop ALL --cap-add CAP_SYS_CHROOT\n",
		"seccomp": "\n        \"chroot\"\n      ],\n      \"action\": \"SCMP_ACT_ALLOW\",\n" +
			"      \"includes\": {\n        \"caps\": [\n          \"CAP_SYS_CHROOT\"\n",
		"systemcallfilter": "\nSystemCallFilter=chroot\n",
		"hardening":        "\nProtectClock=yes\nProtectKernelLogs=yes\nProtectKernelModules=yes\n",
	} {
		t.Run(kind, func(t *testing.T) {
			target := talkative(t)
			if snippets.InFile(kind) || kind == "nixos" {
				target = []string{built("tree"), "loop", "3"} // they have something else for a shell
			}
			r := finish(t, capAudit(t, append([]string{"--emit", kind, "--"}, target...)...))
			text := string(r.stdout)
			if r.status != 0 || !strings.Contains(text, want) || want[0] != '\n' &&
				want[len(want)-1] == '\n' && text != want {
				t.Errorf("status %d, wanted %q\n%s", r.status, want, text)
			}
			if strings.Contains(text, "[*]") || strings.Contains(text, "to stdout") ||
				!strings.Contains(string(r.stderr), "[*] Analyzing results...\n") {
				t.Errorf("standard output:\n%s\nstandard error:\n%s", text, r.stderr)
			}
			file := filepath.Join(t.TempDir(), "snippet")
			r = finish(t, capAudit(t, append([]string{"--emit", kind, "-o", file, "--"}, target...)...))
			if raw, err := os.ReadFile(file); err != nil || string(raw) != text {
				t.Errorf("%v, %s has\n%s\nand standard output had\n%s", err, file, raw, text)
			}
		})
	}
}

// A snippet does not say how far to trust it: warnings do, beside it.
func TestEmitWarns(t *testing.T) {
	t.Parallel()
	r := finish(t, capAudit(t, "--emit", "docker", "--", built("show"), "exit", "3"))
	if r.status != 0 || string(r.stdout) != "--cap-drop=ALL --security-opt=no-new-privileges\n" ||
		!strings.Contains(string(r.stderr), "\nWarning: The program exited with status 3.") {
		t.Errorf("status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
}

// What the program gave up by itself no snippet gives back.
func TestEmitAfterGivingUp(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := finish(t, capAudit(t, "--emit", "docker", "--", tool(t, "setpriv"), "--reuid=65534",
		"--regid=65534", "--clear-groups", tool(t, "cat"), secret))
	if r.status != 1 || len(r.stdout) > 0 || !strings.Contains(string(r.stderr), "no grant helps") {
		t.Errorf("status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
}

// The command for a path that a shell would make something else of is piped
// into one, and the program then does as nobody what it did as root.
func TestEmitIntoShell(t *testing.T) {
	t.Parallel()
	dir := privileged(t)
	for kind, shell := range map[string]string{"setcap": "sh", "filecap": "bash"} {
		t.Run(kind, func(t *testing.T) {
			tool(t, kind)
			program := installedAs(t, filepath.Join(dir, kind+` it's "$(touch evil)" ; #`), built("tree"),
				0o755)
			r := finish(t, capAudit(t, "--emit", kind, "--", program, "loop", "3"))
			if r.status != 0 {
				t.Fatalf("status %d: %s", r.status, r.stderr)
			}
			piped := command(t, tool(t, shell))
			piped.Dir = dir
			piped.Stdin = strings.NewReader(string(r.stdout))
			if end := finish(t, piped); end.status != 0 {
				t.Fatalf("%s: status %d: %s", r.stdout, end.status, end.stderr)
			}
			if end := finish(t, as(command(t, program, "loop", "3"), nobody)); end.status != 0 {
				t.Errorf("as nobody: status %d: %s", end.status, end.stderr)
			}
			if _, err := os.Lstat(filepath.Join(dir, "evil")); err == nil {
				t.Errorf("the shell ran the path:\n%s", r.stdout)
			}
		})
	}
}

// The command for setpriv has who --as named, group and all.
func TestEmitSetprivRunsAsTheSame(t *testing.T) {
	t.Parallel()
	id := tool(t, "id")
	tool(t, "setpriv")
	for account, want := range map[string]string{
		"daemon": "(daemon) groups=", "daemon:bin": "(bin) groups=",
	} {
		r := finish(t, capAudit(t, "--as", account, "--emit", "setpriv", "--", id))
		end := finish(t, command(t, "/bin/sh", "-c", string(r.stdout)))
		if r.status != 0 || end.status != 0 || !strings.Contains(string(end.stdout), "(daemon) gid=") ||
			!strings.Contains(string(end.stdout), want) {
			t.Errorf("--as %s: status %d, %s%s\n%s%s", account, r.status, r.stdout, r.stderr, end.stdout,
				end.stderr)
		}
	}
}

// Who ran, and what else did, decides about new privileges.
func TestEmitKnowsPrivileges(t *testing.T) {
	t.Parallel()
	setuid := installed(t, publicDir(t), built("show"), 0o4755)
	for name, c := range map[string]struct {
		arguments []string
		forbids   bool
	}{
		"root":                  {[]string{"--", built("tree"), "loop", "3"}, true},
		"another user":          {[]string{"--as", "nobody", "--", built("tree"), "loop", "3"}, false},
		"a set-user-ID program": {[]string{"--", setuid, "exit", "0"}, false},
		"one of the descendants": {[]string{"--", tool(t, "sh"), "-c", "'" + setuid + "' exit 0; exit 0"},
			false},
	} {
		t.Run(name, func(t *testing.T) {
			r := finish(t, capAudit(t, append([]string{"--emit", "docker"}, c.arguments...)...))
			if got := strings.Contains(string(r.stdout), "no-new-privileges"); r.status != 0 ||
				got != c.forbids {
				t.Errorf("status %d, new privileges forbidden: %t\n%s%s", r.status, got, r.stdout, r.stderr)
			}
		})
	}
}

// File capabilities bring secure mode, in which a search path of the environment
// counts for nothing. Whoever pipes the snippet into a shell is told, too.
func TestEmitWarnsOfSecureMode(t *testing.T) {
	t.Parallel()
	for kind, warns := range map[string]bool{"setcap": true, "filecap": true, "systemd": false, "c": false} {
		for value, set := range map[string]bool{"/nowhere": true, "": false} {
			cmd := capAudit(t, "--emit", kind, "--", built("need"), "setuid")
			cmd.Env = append(os.Environ(), "TMPDIR=", "LD_LIBRARY_PATH="+value)
			r := finish(t, cmd)
			for stream, text := range map[string][]byte{"output": r.stdout, "error": r.stderr} {
				if strings.Contains(string(text), "LD_LIBRARY_PATH") != (warns && set) {
					t.Errorf("%s with %q, standard %s:\n%s", kind, value, stream, text)
				}
			}
			for line := range strings.Lines(string(r.stdout)) {
				if strings.Contains(line, "LD_LIBRARY_PATH") && !strings.HasPrefix(line, "# ") {
					t.Errorf("%s: a shell would execute %q", kind, line)
				}
			}
		}
	}
}
