package fleet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

// patience bounds every wait for a fact.
const patience = time.Minute

// lacking skips a test, but not where everything has been installed.
func lacking(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

func wanted(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		lacking(t, "want %s: %v", name, err)
	}
	return path
}

func read(t *testing.T, name string) string {
	t.Helper()
	raw, err := fs.ReadFile(Files, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// capAudit is the built program.
func capAudit(t *testing.T) string {
	t.Helper()
	path := os.Getenv("CAP_AUDIT")
	if path == "" {
		path = "../../cap-audit"
	}
	path, err := filepath.Abs(path)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		lacking(t, "want a built cap-audit: %v", err)
	}
	return path
}

// systemd itself understands the units, and has nothing to say about them.
func TestUnits(t *testing.T) {
	analyze := wanted(t, "systemd-analyze")
	dir := t.TempDir()
	for _, name := range []string{"cap-audit@.service", "cap-audit@.timer"} {
		// where nothing is installed
		text := strings.ReplaceAll(read(t, name), "=cap-audit ", "="+capAudit(t)+" ")
		instance := strings.Replace(name, "@", "@nginx", 1)
		if err := os.WriteFile(filepath.Join(dir, instance), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	verify := func(name string) string {
		// of the units that these name, others may have their own flaws
		out, _ := exec.Command(analyze, "verify", "--man=no", "--recursive-errors=no", filepath.Join(dir, name)).CombinedOutput()
		return string(out)
	}
	if err := os.WriteFile(filepath.Join(dir, "good.service"), []byte("[Service]\nExecStart=/bin/true\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if out := verify("good.service"); out != "" {
		lacking(t, "want systemd-analyze verify to work here: %s", out)
	}
	for _, name := range []string{"cap-audit@nginx.service", "cap-audit@nginx.timer"} {
		if out := verify(name); out != "" {
			t.Errorf("systemd-analyze verify %s:\n%s", name, out)
		}
	}
	// it would have said so
	bad := "[Service]\nType=oneshot\nExecStart=/bin/true\nNoNewPrivilege=yes\n"
	if err := os.WriteFile(filepath.Join(dir, "bad.service"), []byte(bad), 0o644); err != nil {
		t.Fatal(err)
	}
	if out := verify("bad.service"); !strings.Contains(out, "NoNewPrivilege") {
		t.Errorf("systemd-analyze verify finds nothing in a bad unit: %q", out)
	}
}

func TestTmpfiles(t *testing.T) {
	tmpfiles := wanted(t, "systemd-tmpfiles")
	root := t.TempDir()
	reports := filepath.Join(root, "var/lib/cap-audit/reports")
	if err := os.MkdirAll(reports, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, age := range map[string]int{"old.json": 100, "new.json": 1} {
		file := filepath.Join(reports, name)
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		then := time.Now().AddDate(0, 0, -age)
		if err := os.Chtimes(file, then, then); err != nil {
			t.Fatal(err)
		}
	}
	// by modification alone: the other times of new files cannot be old
	text := regexp.MustCompile(`(?m)90d$`).ReplaceAllString(read(t, "cap-audit.tmpfiles"), "m:90d")
	conf := filepath.Join(root, "x.conf")
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tmpfiles, "--clean", "--root="+root, conf).CombinedOutput()
	left, _ := filepath.Glob(reports + "/*")
	if err != nil || len(left) != 1 || filepath.Base(left[0]) != "new.json" {
		t.Errorf("%v: left are %v: %s", err, left, out)
	}
}

// object is one of Kubernetes.
type object map[string]any

func (o object) at(path ...string) object {
	for _, key := range path {
		o, _ = o[key].(object)
	}
	return o
}

// objects are those of the file, by kind.
func objects(t *testing.T) map[string]object {
	t.Helper()
	all := map[string]object{}
	dec := yaml.NewDecoder(strings.NewReader(read(t, "kubernetes.yaml")))
	for {
		var o object
		err := dec.Decode(&o)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all[o["kind"].(string)] = o
	}
}

// The pods do what they are for: podman runs them, on the node's own kernel.
func TestPods(t *testing.T) {
	if os.Geteuid() != 0 {
		lacking(t, "want root, there is user %d", os.Geteuid())
	}
	p := startPodman(t)
	all := objects(t)
	textfile := filepath.Join(p.dir, "textfile")
	p.play(t, "pvc", all["PersistentVolumeClaim"])
	p.play(t, "watch", p.pod("watch", all["DaemonSet"].at("spec", "template", "spec"), textfile))

	metrics := filepath.Join(textfile, "cap-audit.prom")
	p.eventually(t, "watch-cap-audit", "metrics of two reports", func() bool {
		text, err := os.ReadFile(metrics)
		return err == nil && regexp.MustCompile(`(?m)^cap_audit_reports\{.*\} ([2-9]|\d\d+)$`).Match(text)
	})
	promtool := exec.Command(wanted(t, "promtool"), "check", "metrics")
	text, err := os.ReadFile(metrics)
	if err != nil {
		t.Fatal(err)
	}
	promtool.Stdin = bytes.NewReader(text)
	if out, err := promtool.CombinedOutput(); err != nil {
		t.Errorf("promtool: %v: %s", err, out)
	}
	p.run(t, "pod", "stop", "--time", "30", "watch")

	// what this machine did meanwhile is anything, so that only the way there is
	// compared: reports are found and joined, and the policy is read
	p.play(t, "policy", all["ConfigMap"], p.pod("check", all["CronJob"].at("spec", "jobTemplate", "spec", "template", "spec"), textfile))
	status := strings.TrimSpace(p.run(t, "wait", "check-check"))
	logs := p.run(t, "logs", "check-check")
	if status != "0" && status != "3" || !strings.Contains(logs, "Reports joined: ") {
		t.Errorf("status %s:\n%s", status, logs)
	}
}

// podman is an engine with a store and settings of its own. The settings are
// for machines where root may not raise limits and has no network to give.
type podman struct{ path, dir string }

func startPodman(t *testing.T) *podman {
	t.Helper()
	p := &podman{wanted(t, "podman"), t.TempDir()}
	wanted(t, "runc")
	p.write(t, "containers.conf", `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "none"
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
`)
	p.write(t, "storage.conf", fmt.Sprintf("[storage]\ndriver = \"vfs\"\ngraphroot = %q\nrunroot = %q\n",
		filepath.Join(p.dir, "graph"), filepath.Join(p.dir, "run")))
	// not every engine works everywhere, for instance in a chroot
	for _, cmd := range []*exec.Cmd{
		exec.Command(capAudit(t), "--probe"),
		p.command("import", "--quiet", "--change", "ENV PATH=/bin", p.image(t), "localhost/cap-audit:latest"),
		p.command("run", "--rm", "localhost/cap-audit:latest", "/bin/true"),
	} {
		if out, err := cmd.CombinedOutput(); err != nil {
			lacking(t, "want %q to work here: %v: %s", cmd.Args, err, out)
		}
	}
	t.Cleanup(func() { p.command("pod", "rm", "--all", "--force", "--time", "0").Run() })
	return p
}

// image is an archive with cap-audit, what it links, and a shell.
func (p *podman) image(t *testing.T) string {
	t.Helper()
	root := filepath.Join(p.dir, "image")
	copyTo := func(path, from string) {
		raw, err := os.ReadFile(from)
		if err == nil {
			err = os.MkdirAll(filepath.Dir(filepath.Join(root, path)), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(root, path), raw, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	program := capAudit(t)
	copyTo("/bin/cap-audit", program)
	libraries, err := exec.Command(wanted(t, "ldd"), program).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, library := range regexp.MustCompile(`/\S+`).FindAllString(string(libraries), -1) {
		copyTo(library, library)
	}
	busybox := wanted(t, "busybox")
	copyTo("/bin/busybox", busybox)
	for _, name := range []string{"sh", "find", "date", "true"} {
		if err := os.Symlink("busybox", filepath.Join(root, "bin", name)); err != nil {
			t.Fatal(err)
		}
	}
	archive := filepath.Join(p.dir, "image.tar")
	if out, err := exec.Command("tar", "-C", root, "-cf", archive, ".").CombinedOutput(); err != nil {
		t.Fatalf("tar: %v: %s", err, out)
	}
	return archive
}

// pod is one from a template, with the marked values of this machine.
func (p *podman) pod(name string, spec object, textfile string) object {
	container := spec["containers"].([]any)[0].(object)
	container["image"] = "localhost/cap-audit:latest"
	if container["env"] != nil {
		container["env"] = []object{
			{"name": "NODE", "value": "node"}, {"name": "CGROUP", "value": "/"}, {"name": "DURATION", "value": "1s"},
		}
	}
	for _, v := range spec["volumes"].([]any) {
		if v := v.(object); v["name"] == "textfile" {
			v.at("hostPath")["path"] = textfile
		}
	}
	// podman 4.3 does not read seccompProfile, but what it was called before
	annotations := object{"seccomp.security.alpha.kubernetes.io/pod": "unconfined"}
	return object{"apiVersion": "v1", "kind": "Pod", "metadata": object{"name": name, "annotations": annotations}, "spec": spec}
}

func (p *podman) play(t *testing.T, name string, list ...object) {
	t.Helper()
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	for _, o := range list {
		if err := enc.Encode(o); err != nil {
			t.Fatal(err)
		}
	}
	p.write(t, name+".yaml", b.String())
	p.run(t, "kube", "play", "--network", "none", filepath.Join(p.dir, name+".yaml"))
}

func (p *podman) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (p *podman) command(args ...string) *exec.Cmd {
	cmd := exec.Command(p.path, args...)
	cmd.Env = append(os.Environ(),
		"CONTAINERS_CONF="+filepath.Join(p.dir, "containers.conf"),
		"CONTAINERS_STORAGE_CONF="+filepath.Join(p.dir, "storage.conf"))
	return cmd
}

func (p *podman) run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := p.command(args...).CombinedOutput()
	if err != nil {
		t.Fatalf("podman %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// eventually waits until something holds, as long as the container runs.
func (p *podman) eventually(t *testing.T, container, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		state, _ := p.command("inspect", "--format", "{{.State.Status}}", container).Output()
		if time.Now().After(deadline) || strings.TrimSpace(string(state)) == "exited" {
			logs, _ := p.command("logs", container).CombinedOutput()
			t.Fatalf("no %s; the container is %s:\n%.2000s", what, state, logs)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
