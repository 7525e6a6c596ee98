package snippets

import (
	"strings"
	"testing"

	"github.com/cap-audit/cap-audit/audit"
)

// Whoever reads it is told of the devices that a container lacks, and of no others.
func TestDevicesAreTold(t *testing.T) {
	a := Advice{Met: Met{Devices: []string{"/dev/net/tun", "/dev/null", "/dev/pts/3", "/dev/a b"}}}
	const want = "# It used /dev/net/tun: a container has that by a device plugin, or if\n" +
		"# it is privileged.\n"
	for name, kind := range map[string]func(Advice) string{"kubernetes": Kubernetes, "helm": Helm} {
		if text := kind(a); !strings.Contains(text, want) {
			t.Errorf("%s does not say it:\n%s", name, text)
		}
	}
	a.Subject = audit.SubjectPod
	if text := Kubernetes(a); strings.Contains(text, "device") {
		t.Errorf("of a pod that has it:\n%s", text)
	}
}
