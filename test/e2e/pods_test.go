package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/cap-audit/cap-audit/cgroup"
	"github.com/cap-audit/cap-audit/test/kubelet"
)

// podsNode is a node of Kubernetes whose runtime the audits ask. Not beside others: that is in
// the environment of this process.
func podsNode(t *testing.T) *kubelet.Node {
	t.Helper()
	layer, err := imageTar()
	if err != nil {
		t.Skip(err)
	}
	n := kubelet.Start(t, layer)
	t.Setenv("CONTAINER_RUNTIME_ENDPOINT", "unix://"+n.Socket)
	return n
}

// gated is a container whose main process waits for a gate, and then does something.
func gated(t *testing.T, name, then string) (kubelet.Container, *gate) {
	t.Helper()
	g := waiting(t)
	return kubelet.Container{Name: name, Command: inBox(then),
		Mounts: []*cri.Mount{{ContainerPath: "/gate", HostPath: g.dir}}}, g
}

// bindsAPort listens on one below 1024, where nobody else does.
const bindsAPort = "busybox timeout 1 busybox httpd -f -p 127.0.0.99:80 -h /tmp; :"

// A container that Kubernetes started is watched by its name in the pod, or by its ID, and so is a
// pod, by its own name, with all its containers: those that it has, and one that starts meanwhile,
// from its own program on, not from what the runtime does on the way there.
func TestPods(t *testing.T) {
	n := podsNode(t)
	web, other := n.Pod(t, "shop", "web-0"), n.Pod(t, "shop", "db-0")
	app, open := gated(t, "app", bindsAPort)
	id := web.Run(t, app)
	open.await()
	side, openSide := gated(t, "side", "busybox chown 1:1 /tmp")
	sideID := other.Run(t, side)
	openSide.await()
	about := target{Engine: "containerd", Namespace: "shop", Pod: "web-0", PodUID: web.UID}
	container, pod := about, about
	container.Kind, container.Name, container.ContainerID = "container", "app", id
	container.Image, container.ImageDigest = kubelet.Image, n.Digest
	container.Cgroup = web.Cgroup + "/" + id
	pod.Kind, pod.Name, pod.Cgroup = "pod", "shop/web-0", web.Cgroup

	audits := map[string]*running{}
	for name, options := range map[string][]string{
		"by name": {"--container", "app"}, "by ID": {"--container", id[:20]},
		"the pod": {"--pod", "shop/web-0"}, "the other": {"--container", sideID},
	} {
		audits[name] = attachedTo(t, options...)
	}
	// as in a pod of its own, where another's group is told by the way to it
	apart := groupBelow(t, cgroup.Root()+n.Group, "cap-audit-test-"+web.UID)
	words := capAudit(t, "-j", "--pod", "shop/web-0").Args
	audits["another namespace"] = begin(t, command(t, "sh", append([]string{"-c",
		`echo $$ >"$0/cgroup.procs" && exec unshare --cgroup "$@"`, apart}, words...)...))
	audits["another namespace"].watched()
	late, openLate := gated(t, "late", "exec tree loop 5")
	web.Run(t, late)
	openLate.await()
	for _, g := range []*gate{openLate, openSide, open} {
		g.open()
	}
	for name, want := range map[string]tally{"by name": {"net_bind_service": {1, 0}},
		"by ID": {"net_bind_service": {1, 0}}, "the other": {"chown": {2, 0}}} {
		d := audits[name].document()
		d.wholeAndConsistent(t)
		needs(t, d, want)
		if diff := cmp.Diff(container, d.Target); name != "the other" && diff != "" {
			t.Errorf("%s: target (-want +got):\n%s", name, diff)
		}
	}
	eventuallyEnded(t, web, id)
	for _, name := range []string{"the pod", "another namespace"} {
		audits[name].signal(unix.SIGINT)
		d := audits[name].document()
		needs(t, d, tally{"net_bind_service": {1, 0}, "sys_chroot": {5, 0}})
		if diff := cmp.Diff(pod, d.Target); diff != "" {
			t.Errorf("%s: target (-want +got):\n%s", name, diff)
		}
	}
}

func eventuallyEnded(t *testing.T, p *kubelet.Pod, id string) {
	t.Helper()
	eventually(t, "its container has ended", func() bool {
		_, ended := p.Ended(t, id)
		return ended
	})
}

// Each of these is one clear line, and nothing is watched.
func TestNoPod(t *testing.T) {
	n := podsNode(t)
	p := n.Pod(t, "shop", "web-0")
	for i := range 2 {
		app, open := gated(t, fmt.Sprintf("app-%d", i), ":")
		app.Name = "app" // of two pods
		[]*kubelet.Pod{p, n.Pod(t, "shop", "web-1")}[i].Run(t, app)
		open.await()
	}
	for _, test := range []struct{ option, name, want string }{
		{"--pod", "shop/web-2", "containerd has no such pod that is ready; kubectl get pod"},
		{"--pod", "web-0", "is no NAMESPACE/NAME of a pod"},
		{"--pod", "../../etc/passwd", "is no NAMESPACE/NAME of a pod"},
		{"--pod", "a/\x1b[2J\n", `"a/\x1b[2J\n": is no NAMESPACE/NAME`},
		{"--container", "app", "is ambiguous: containerd has app of shop/web-"},
	} {
		r := finish(t, capAudit(t, test.option, test.name))
		lines := strings.Split(strings.TrimSpace(string(r.stderr)), "\n")
		if r.status != 1 || len(lines) != 1 || !strings.Contains(lines[0], test.want) {
			t.Errorf("%s %q: status %d, wanted 1 and one line with %q:\n%.300s", test.option, test.name,
				r.status, test.want, r.stderr)
		}
	}
	t.Setenv("CONTAINER_RUNTIME_ENDPOINT", "unix://"+t.TempDir()+"/none")
	r := finish(t, capAudit(t, "--pod", "shop/web-0"))
	if !strings.Contains(string(r.stderr), "no runtime to ask: no /") {
		t.Errorf("without a runtime: %s", r.stderr)
	}
}

// With --each there is a report on each container of a pod, and with --cgroup on each of all pods;
// what they do is told apart, and that of one which ends is written then.
func TestEachContainer(t *testing.T) {
	n := podsNode(t)
	web, db := n.Pod(t, "shop", "web-0"), n.Pod(t, "shop", "db-0")
	app, openApp := gated(t, "app", bindsAPort)
	id := web.Run(t, app)
	side, openSide := gated(t, "side", "exec tree loop 7")
	web.Run(t, side)
	sql, openSQL := gated(t, "sql", "busybox chown 1:1 /tmp")
	db.Run(t, sql)
	for _, g := range []*gate{openApp, openSide, openSQL} {
		g.await()
	}
	one, ofPod := eachBy(t, "--pod", "shop/web-0")
	all, ofAll := eachBy(t, "--cgroup", filepath.Dir(web.Cgroup), "--each-depth", "2")
	late, openLate := gated(t, "late", "exec tree loop 3")
	db.Run(t, late)
	openLate.await()
	for _, g := range []*gate{openApp, openSide, openSQL, openLate} {
		g.open()
	}
	eventuallyEnded(t, web, id)
	file := filepath.Join(ofPod, id+".json")
	eventually(t, "the report on what has ended", func() bool { _, err := os.Stat(file); return err == nil })
	one.stopped()
	all.stopped()
	want := map[string]tally{"shop/web-0/app": {"net_bind_service": {1, 0}}, "shop/web-0/side": chroots(7),
		"shop/web-0/": {}}
	compareEach(t, ofPod, n.Digest, want)
	want["shop/db-0/sql"], want["shop/db-0/late"] = tally{"chown": {2, 0}}, chroots(3)
	want["shop/db-0/"] = tally{}
	compareEach(t, ofAll, n.Digest, want)
}

// compareEach compares what each container needed, by namespace/pod/name; a sandbox has no name.
func compareEach(t *testing.T, directory, digest string, want map[string]tally) {
	t.Helper()
	reports, err := filepath.Glob(filepath.Join(directory, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]tally{}
	for _, file := range reports {
		d := reportIn(t, directory, filepath.Base(file))
		if d.Target.Name != "" { // the sandbox goes on
			d.wholeAndConsistent(t)
		}
		name := d.Target.Namespace + "/" + d.Target.Pod + "/" + d.Target.Name
		got[name] = granted(d.Required)
		if d.Target.Name != "" && (d.Target.Kind != "container" || d.Target.ImageDigest != digest ||
			!strings.HasSuffix(d.Target.Cgroup, "/"+d.Target.ContainerID)) {
			t.Errorf("target %+v", d.Target)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", directory, diff)
	}
}
