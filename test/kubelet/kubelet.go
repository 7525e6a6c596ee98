// Package kubelet does what the kubelet does for its pods: it has containerd make them, by the
// CRI. They share the machine's network, and their images come from no registry.
package kubelet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/cap-audit/cap-audit/test/machine"
)

// patience bounds every wait for a fact.
const patience = time.Minute

// Image is what all containers are made from.
const Image = "localhost/cap-audit-pod:1"

// Node is a machine with containerd, as the kubelet sees it.
type Node struct {
	// Socket is where containerd listens.
	Socket string
	// Group is the control group of all pods, as the kubelet calls it without systemd, below one of its own.
	Group string
	// Digest is the image's.
	Digest  string
	dir     string
	log     string // what containerd says
	runtime cri.RuntimeServiceClient
}

// Start has a containerd of the test's own, and in it an image of a layer: a tar archive with a
// static busybox in /bin, which is what sandboxes run. Where there can be none the test is skipped.
func Start(t *testing.T, layer []byte) *Node {
	t.Helper()
	machine.Root(t)
	machine.Containers(t)
	dir := t.TempDir()
	n := &Node{Socket: filepath.Join(dir, "run", "containerd.sock"), dir: dir,
		Group: fmt.Sprintf("/cap-audit-test-%d-%d/kubepods", os.Getpid(), nodes.Add(1))}
	// Limits, as of OOM scores, are for a machine on which root cannot lower them; the snapshotter
	// is for any file system.
	settings := filepath.Join(dir, "config.toml")
	if err := os.Mkdir(filepath.Dir(n.Socket), 0o755); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`version = 2
root = %q
state = %q
[grpc]
  address = %q
[plugins."io.containerd.internal.v1.opt"]
  path = %q
[plugins."io.containerd.grpc.v1.cri"]
  disable_apparmor = true
  restrict_oom_score_adj = true
  sandbox_image = %q
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".cni]
    conf_dir = %q
`, filepath.Join(dir, "root"), filepath.Join(dir, "state"), n.Socket, filepath.Join(dir, "opt"), Image,
		filepath.Join(dir, "cni"))
	if err := os.WriteFile(settings, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	n.log = machine.Engine(t, n.Socket, "containerd", "--config", settings)
	connection, err := grpc.NewClient("unix://"+n.Socket,
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	n.runtime = cri.NewRuntimeServiceClient(connection)
	n.load(t, layer)
	return n
}

// load imports the image.
func (n *Node) load(t *testing.T, layer []byte) {
	t.Helper()
	archive := filepath.Join(n.dir, "image.tar")
	raw, digest := imageOf(t, layer)
	if err := os.WriteFile(archive, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	n.Digest = digest
	name, _, _ := strings.Cut(Image, ":")
	machine.Output(t, exec.Command(machine.Program(t, "ctr"), "--address", n.Socket, "--namespace", "k8s.io",
		"images", "import", "--snapshotter", "native", "--digests", "--base-name", name, archive))
}

// Pod is one of the kubelet's, whose sandbox runs.
type Pod struct {
	n       *Node
	sandbox string
	config  *cri.PodSandboxConfig
	// UID is that of the Kubernetes API, Cgroup the group that the kubelet makes for it.
	UID, Cgroup string
}

// pods counts them, for their UIDs, nodes counts these.
var pods, nodes atomic.Int32

// Pod makes one. It is gone after the test.
func (n *Node) Pod(t *testing.T, namespace, name string) *Pod {
	t.Helper()
	return n.pod(t, namespace, name, cri.NamespaceMode_CONTAINER)
}

// HostPod is a pod that sees all processes of the node.
func (n *Node) HostPod(t *testing.T, namespace, name string) *Pod {
	t.Helper()
	return n.pod(t, namespace, name, cri.NamespaceMode_NODE)
}

func (n *Node) pod(t *testing.T, namespace, name string, processes cri.NamespaceMode) *Pod {
	t.Helper()
	p := &Pod{n: n, UID: fmt.Sprintf("%08x-0000-4000-8000-%012x", os.Getpid(), pods.Add(1))}
	p.Cgroup = n.Group + "/besteffort/pod" + p.UID
	p.config = &cri.PodSandboxConfig{
		Metadata:     &cri.PodSandboxMetadata{Namespace: namespace, Name: name, Uid: p.UID},
		LogDirectory: filepath.Join(n.dir, "logs", p.UID),
		Linux: &cri.LinuxPodSandboxConfig{CgroupParent: p.Cgroup,
			SecurityContext: &cri.LinuxSandboxSecurityContext{NamespaceOptions: &cri.NamespaceOption{
				Network: cri.NamespaceMode_NODE, Pid: processes}}},
	}
	t.Cleanup(p.removeGroups)
	answer, err := n.runtime.RunPodSandbox(wait(t), &cri.RunPodSandboxRequest{Config: p.config})
	if err != nil {
		said, _ := os.ReadFile(n.log)
		machine.Lacks(t, "wanted a containerd that makes pods here: %v\n%s", err, said)
	}
	p.sandbox = answer.PodSandboxId
	t.Cleanup(func() {
		_, err := n.runtime.StopPodSandbox(context.Background(),
			&cri.StopPodSandboxRequest{PodSandboxId: p.sandbox})
		_, failed := n.runtime.RemovePodSandbox(context.Background(),
			&cri.RemovePodSandboxRequest{PodSandboxId: p.sandbox})
		if err := errors.Join(err, failed); err != nil {
			t.Error(err)
		}
	})
	return p
}

// removeGroups takes away what is the kubelet's to take away, in all hierarchies.
func (p *Pod) removeGroups() {
	for group := p.Cgroup; group != "/"; group = filepath.Dir(group) {
		for _, root := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/*"} {
			found, _ := filepath.Glob(root + group)
			for _, directory := range found {
				os.Remove(directory) // unless another is in there
			}
		}
	}
}

// wait bounds a call, and ends with the test.
func wait(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// Container is one to be made.
type Container struct {
	Name    string
	Command []string
	Env     map[string]string
	Mounts  []*cri.Mount
	// Security is as the kubelet makes it of securityContext, nil for the default.
	Security *cri.LinuxContainerSecurityContext
}

// Run starts a container of the pod, and returns its ID.
func (p *Pod) Run(t *testing.T, c Container) string {
	t.Helper()
	if c.Security == nil {
		c.Security = &cri.LinuxContainerSecurityContext{}
	}
	c.Security.NamespaceOptions = p.config.Linux.SecurityContext.NamespaceOptions
	config := &cri.ContainerConfig{Metadata: &cri.ContainerMetadata{Name: c.Name},
		Image: &cri.ImageSpec{Image: Image}, Command: c.Command, Mounts: c.Mounts, LogPath: c.Name + ".log",
		Linux: &cri.LinuxContainerConfig{SecurityContext: c.Security}}
	for key, value := range c.Env {
		config.Envs = append(config.Envs, &cri.KeyValue{Key: key, Value: []byte(value)})
	}
	made, err := p.n.runtime.CreateContainer(wait(t), &cri.CreateContainerRequest{PodSandboxId: p.sandbox,
		Config: config, SandboxConfig: p.config})
	if err != nil {
		t.Fatalf("make %s: %v", c.Name, err)
	}
	_, err = p.n.runtime.StartContainer(wait(t), &cri.StartContainerRequest{ContainerId: made.ContainerId})
	if err != nil {
		t.Fatalf("start %s: %v", c.Name, err)
	}
	return made.ContainerId
}

// Stop ends a container as the kubelet does: by SIGTERM, and by SIGKILL after the seconds.
func (p *Pod) Stop(t *testing.T, id string, seconds int64) {
	t.Helper()
	_, err := p.n.runtime.StopContainer(wait(t), &cri.StopContainerRequest{ContainerId: id, Timeout: seconds})
	if err != nil {
		t.Fatal(err)
	}
}

// Ended tells whether a container has, and with which status.
func (p *Pod) Ended(t *testing.T, id string) (status int32, ended bool) {
	t.Helper()
	answer, err := p.n.runtime.ContainerStatus(wait(t), &cri.ContainerStatusRequest{ContainerId: id})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Status.ExitCode, answer.Status.State == cri.ContainerState_CONTAINER_EXITED
}

// Log is what a container has written.
func (p *Pod) Log(name string) string {
	text, _ := os.ReadFile(filepath.Join(p.config.LogDirectory, name+".log"))
	return string(text)
}
