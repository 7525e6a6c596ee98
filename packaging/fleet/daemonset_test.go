package fleet

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/cap-audit/cap-audit/test/kubelet"
	"github.com/cap-audit/cap-audit/test/machine"
	"github.com/cap-audit/cap-audit/test/scratch"
)

// watcher is the DaemonSet's pod on a node.
type watcher struct {
	*kubelet.Node
	*kubelet.Pod
	container kubelet.Container
	volumes   map[string]string // where they are on the node
	id        string
}

// watch makes the pod, as the DaemonSet has it but for the values that are marked, and starts its
// container.
func watch(t *testing.T, n *kubelet.Node, to string) *watcher {
	t.Helper()
	spec := objects(t)["DaemonSet"].at("spec", "template", "spec")
	described := spec["containers"].([]any)[0].(object)
	if spec["hostPID"] != true {
		t.Fatal("cap-audit would see no other pod's processes")
	}
	w := &watcher{Node: n, Pod: n.HostPod(t, "monitoring", "cap-audit-"+to), volumes: map[string]string{}}
	for _, volume := range spec["volumes"].([]any) {
		v := volume.(object)
		w.volumes[v["name"].(string)], _ = v.at("hostPath")["path"].(string)
	}
	w.volumes["reports"], w.volumes["textfile"] = t.TempDir(), t.TempDir()
	w.volumes["runtime"] = filepath.Dir(n.Socket)
	w.volumes["policy"] = t.TempDir()
	scratch.Write(t, filepath.Join(w.volumes["policy"], "policy.yaml"),
		objects(t)["ConfigMap"].at("data")["policy.yaml"].(string))
	c := kubelet.Container{Name: "cap-audit", Env: map[string]string{}}
	for _, word := range described["command"].([]any) {
		c.Command = append(c.Command, word.(string))
	}
	for _, variable := range described["env"].([]any) {
		v := variable.(object)
		c.Env[v["name"].(string)], _ = v["value"].(string)
	}
	c.Env["NODE"], c.Env["TO"], c.Env["DURATION"], c.Env["CGROUP"] = "node-1", to, "3s", n.Group
	for _, mount := range described["volumeMounts"].([]any) {
		m := mount.(object)
		readOnly, _ := m["readOnly"].(bool)
		c.Mounts = append(c.Mounts, &cri.Mount{ContainerPath: m["mountPath"].(string),
			HostPath: w.volumes[m["name"].(string)], Readonly: readOnly})
	}
	security := described.at("securityContext")
	c.Security = &cri.LinuxContainerSecurityContext{
		Capabilities: &cri.Capability{DropCapabilities: words(security.at("capabilities")["drop"]),
			AddCapabilities: words(security.at("capabilities")["add"])},
		NoNewPrivs:     !security["allowPrivilegeEscalation"].(bool),
		ReadonlyRootfs: security["readOnlyRootFilesystem"].(bool),
		RunAsUser:      &cri.Int64Value{Value: int64(security["runAsUser"].(int))},
		Seccomp:        &cri.SecurityProfile{ProfileType: cri.SecurityProfile_Unconfined},
	}
	if kind := security.at("seccompProfile")["type"]; kind != "Unconfined" {
		t.Fatalf("seccompProfile %v is unknown here", kind)
	}
	w.container, w.id = c, w.Run(t, c)
	w.eventually(t, "cap-audit watches", func() bool {
		return strings.Contains(w.Log(c.Name), "Press Ctrl-C to stop")
	})
	return w
}

func words(list any) (words []string) {
	for _, word := range list.([]any) {
		words = append(words, word.(string))
	}
	return words
}

// eventually waits until something holds, as long as the container runs.
func (w *watcher) eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for limit := time.Now().Add(patience); !holds(); time.Sleep(50 * time.Millisecond) {
		if status, ended := w.Ended(t, w.id); ended || time.Now().After(limit) {
			t.Fatalf("%s: not so; ended: %t, with %d:\n%s", what, ended, status, w.Log(w.container.Name))
		}
	}
}

// document is what is read of a report.
type document struct {
	Recommended []string `json:"recommended_capabilities"`
	Target      struct {
		Kind, Engine, Namespace, Pod, Name string
		ImageDigest                        string `json:"image_digest"`
	}
	Complete bool
}

// needs are what reports tell of the containers of a namespace, by pod/container.
func needs(t *testing.T, n *kubelet.Node, namespace string, reports [][]byte) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, raw := range reports {
		var d document
		if err := json.Unmarshal(raw, &d); err != nil {
			t.Fatalf("%v: %.500s", err, raw)
		}
		about := d.Target
		if about.Namespace != namespace || about.Name == "" {
			continue
		}
		if about.Kind != "container" || about.Engine != "containerd" || about.ImageDigest != n.Digest ||
			!d.Complete {
			t.Errorf("%+v", d)
		}
		name := about.Pod + "/" + about.Name
		all[name] = append(all[name], d.Recommended...)
		slices.Sort(all[name])
		all[name] = slices.Compact(all[name])
	}
	return all
}

// apps are two pods, whose containers do something once they may begin.
func apps(t *testing.T, n *kubelet.Node) (begin func()) {
	t.Helper()
	dir := t.TempDir()
	var lines []*os.File
	for _, app := range []struct{ pod, container, does string }{
		{"web-0", "app", "timeout 1 busybox httpd -f -p 127.0.0.98:80 -h /bin"},
		{"db-0", "sql", "chown 1:1 /dev/shm"},
	} {
		gate := filepath.Join(dir, app.pod)
		if err := unix.Mkfifo(gate, 0o600); err != nil {
			t.Fatal(err)
		}
		line, err := os.OpenFile(gate, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { line.Close() })
		lines = append(lines, line)
		script := "read line </gate/" + app.pod + "; busybox " + app.does + "; exec busybox sleep 1000"
		n.Pod(t, "shop", app.pod).Run(t, kubelet.Container{Name: app.container,
			Command: []string{"sh", "-c", script},
			Mounts:  []*cri.Mount{{ContainerPath: "/gate", HostPath: dir}}})
	}
	return func() {
		for _, line := range lines {
			fmt.Fprintln(line, "go")
		}
	}
}

var wanted = map[string][]string{"web-0/app": {"net_bind_service"}, "db-0/sql": {"chown"}}

// node has containerd with the image of cap-audit.
func node(t *testing.T) *kubelet.Node {
	t.Helper()
	machine.Root(t)
	machine.Works(t, exec.Command(capAudit(t), "--probe"))
	layer, err := exec.Command(machine.Program(t, "tar"), "-C", image(t), "-c", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	return kubelet.Start(t, layer)
}

// The DaemonSet's container, run by containerd as the kubelet would, leaves reports and metrics on
// each container of each pod, with what that alone needed.
func TestDaemonSet(t *testing.T) {
	n := node(t)
	begin := apps(t, n)
	w := watch(t, n, "files")
	begin()
	needed := regexp.MustCompile(`cap_audit_capability_needed\{application="(\w+)",namespace="shop",` +
		`pod="([^"]+)",container="\w+",cgroup="[^"]+",capability="(\w+)"\} 1`)
	metrics := map[string][]string{}
	w.eventually(t, "metrics of both", func() bool {
		for _, sample := range needed.FindAllStringSubmatch(metricsIn(t, w.volumes["textfile"]), -1) {
			metrics[sample[2]+"/"+sample[1]] = []string{sample[3]}
		}
		return len(metrics) == 2
	})
	if diff := cmp.Diff(wanted, metrics); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
	w.Stop(t, w.id, 30)
	takesMetrics(t, w.volumes["textfile"])
	fits := regexp.MustCompile(`cap_audit_policy_met\{application="\w+",namespace="shop",pod="[^"]+",` +
		`container="\w+",cgroup="[^"]+"\} 1\n`)
	if met := fits.FindAllString(metricsIn(t, w.volumes["textfile"]), -1); len(met) != 2 {
		t.Errorf("both fit the policy, and these are said to: %q", met)
	}
	files, err := filepath.Glob(filepath.Join(w.volumes["reports"], "node-1.*", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	var reports [][]byte
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		reports = append(reports, raw)
	}
	if diff := cmp.Diff(wanted, needs(t, n, "shop", reports)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// For a log pipeline the documents are on standard output, one a line.
func TestDaemonSetToLog(t *testing.T) {
	n := node(t)
	begin := apps(t, n)
	w := watch(t, n, "log")
	begin()
	var reports [][]byte
	w.eventually(t, "documents of both", func() bool {
		reports = nil
		var begun []byte
		for line := range strings.Lines(w.Log("cap-audit")) {
			// as the CRI has it: time, stream, whether it is partial or full, text
			words := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 4)
			if len(words) < 4 || words[1] != "stdout" {
				continue
			}
			if begun = append(begun, words[3]...); words[2] == "F" {
				reports = append(reports, begun)
				begun = nil
			}
		}
		return len(needs(t, n, "shop", reports)) == 2
	})
	if diff := cmp.Diff(wanted, needs(t, n, "shop", reports)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	w.Stop(t, w.id, 30)
}
