package snippets

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cap-audit/cap-audit/test/machine"
)

// compiled has checkmodule read a module, which refuses permissions that the module does
// not require.
func compiled(t *testing.T, module string) error {
	t.Helper()
	source := write(t, "cap_audit.te", module+"\n")
	out, err := exec.Command(machine.Program(t, "checkmodule"), "-M", "-m", "-o",
		filepath.Join(filepath.Dir(source), "cap_audit.mod"), source).CombinedOutput()
	if err != nil {
		t.Logf("%s", out)
	}
	return err
}

func TestSELinuxTakesIt(t *testing.T) {
	const head = `# Save it as cap_audit.te, with the program's domain, which ps -Z shows, in
# the place of DOMAIN_t. It allows, and gives nothing to a program that does
# not hold it.
module cap_audit 1.0;

require {
    type DOMAIN_t;
`
	for name, c := range map[string]struct {
		advice Advice
		want   string
	}{
		"one": {Advice{Grant: []int{13}}, `    class capability { net_raw };
}

allow DOMAIN_t self:capability { net_raw };`},
		"both classes, with probes": {Advice{Grant: []int{0, 39}, Probed: []int{0, 21, 38}},
			`    class capability { chown sys_admin };
    class capability2 { bpf perfmon };
}

allow DOMAIN_t self:capability { chown };
# asked for and not needed
dontaudit DOMAIN_t self:capability { sys_admin };
allow DOMAIN_t self:capability2 { bpf };
# asked for and not needed
dontaudit DOMAIN_t self:capability2 { perfmon };`},
		"namespaces it made": {Advice{Grant: []int{6}, Nested: []int{6, 21}},
			`    class capability { setgid };
    class cap_userns { setgid sys_admin };
}

allow DOMAIN_t self:capability { setgid };
allow DOMAIN_t self:cap_userns { setgid sys_admin };`},
		"a namespace of its own": {
			Advice{Grant: []int{6, 39}, Nested: []int{0, 6}, Probed: []int{0, 21}, UserNamespace: true},
			`    class cap_userns { chown setgid sys_admin };
    class cap2_userns { bpf };
}

allow DOMAIN_t self:cap_userns { chown setgid };
# asked for and not needed
dontaudit DOMAIN_t self:cap_userns { sys_admin };
allow DOMAIN_t self:cap2_userns { bpf };`},
	} {
		text := SELinux(c.advice)
		if diff := cmp.Diff(head+c.want, text); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if err := compiled(t, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	all := Advice{Grant: known(), Nested: known(), Possible: known()}
	if err := compiled(t, SELinux(all)+"\n"+Possible("selinux", all)); err != nil {
		t.Errorf("all: %v", err)
	}
	if compiled(t, SELinux(all)+"\nallow DOMAIN_t self:capability no_such;") == nil {
		t.Error("checkmodule takes any name, so this test proves nothing")
	}
}
