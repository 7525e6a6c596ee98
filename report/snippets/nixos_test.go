package snippets

import (
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cap-audit/cap-audit/audit"
)

// evaluated is what Nix makes of a module with a snippet, where nothing is to be forced.
// NixOS itself is in no package of Debian's.
func evaluated(t *testing.T, snippet string, module any) {
	t.Helper()
	nix := optional(t, "nix-instantiate")
	cmd := exec.Command(nix, "--store", "dummy://", "--eval", "--strict", "--json", write(t, "module.nix",
		"let lib.mkForce = value: value; pkgs.PACKAGE = \"/store/package\"; in {\n"+snippet+"\n}\n"))
	dir := t.TempDir()
	cmd.Env = append(os.Environ(), "HOME="+dir, "NIX_STATE_DIR="+dir, "NIX_STORE_DIR="+dir)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, snippet)
	}
	if err := json.Unmarshal(out, module); err != nil {
		t.Fatal(err)
	}
}

// systemd understands the unit that NixOS makes of a service.
func TestNixOSTakesAService(t *testing.T) {
	understood := systemdReader(t)
	for name, a := range map[string]Advice{
		"none": {Daemon: true},
		"all": {Daemon: true, Grant: known(), Unprivileged: true, User: "web",
			Possible: known()},
		"gains": {Daemon: true, Grant: []int{13}, Gains: audit.Gains},
		"drop-in": {Subject: audit.SubjectUnit, Grant: []int{13}, Ambient: []int{13},
			Unprivileged: true},
		"none of a drop-in": {Subject: audit.SubjectUnit, Ambient: []int{13}},
	} {
		t.Run(name, func(t *testing.T) {
			var module struct {
				Systemd struct {
					Services map[string]struct{ ServiceConfig map[string]any }
				}
			}
			evaluated(t, NixOS(a)+"\n"+Possible("nixos", a), &module)
			unit := "[Service]\n"
			for key, value := range module.Systemd.Services["SERVICE"].ServiceConfig {
				switch value := value.(type) {
				case bool:
					unit += key + "=true\n"
				case string:
					unit += key + "=" + value + "\n"
				default:
					t.Errorf("%s is %v", key, value)
				}
			}
			if diff := cmp.Diff(understood(Systemd(a)), understood(unit)); diff != "" {
				t.Errorf("%s\n%s", unit, diff)
			}
		})
	}
}

func TestNixOSTakesAWrapper(t *testing.T) {
	type wrapper struct{ Owner, Group, Capabilities, Source string }
	for _, path := range append(hostilePaths, "ping") {
		var module struct {
			Security struct{ Wrappers map[string]wrapper }
		}
		a := Advice{Path: "/usr/bin/" + path + "${lib}\"", Grant: []int{0, 13}, Possible: known()}
		name := "PROGRAM"
		if path == "ping" {
			a.Path, name = "/usr/bin/ping", path
		}
		evaluated(t, NixOS(a)+"\n"+Possible("nixos", a), &module)
		want := map[string]wrapper{
			name: {"root", "root", "cap_chown,cap_net_raw=ep", "/store/package/bin/" + name},
		}
		if diff := cmp.Diff(want, module.Security.Wrappers); diff != "" {
			t.Errorf("%q: %s", path, diff)
		}
	}
}
