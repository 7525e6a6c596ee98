package fleet

import (
	"bytes"
	"errors"
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

	"github.com/cap-audit/cap-audit/test/machine"
)

// patience bounds every wait for a fact.
const patience = time.Minute

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
	path := machine.Setting("CAP_AUDIT", "../../cap-audit")
	if _, err := os.Stat(path); err != nil {
		machine.Lacks(t, "wanted a built cap-audit: %v", err)
	}
	return path
}

// systemd itself understands the units, and has nothing to say about them.
func TestUnits(t *testing.T) {
	analyze := machine.Program(t, "systemd-analyze")
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
		out, _ := exec.Command(analyze, "verify", "--man=no", "--recursive-errors=no",
			filepath.Join(dir, name)).CombinedOutput()
		return string(out)
	}
	if err := os.WriteFile(filepath.Join(dir, "good.service"), []byte("[Service]\nExecStart=/bin/true\n"),
		0o644); err != nil {
		t.Fatal(err)
	}
	if out := verify("good.service"); out != "" {
		machine.Lacks(t, "wanted systemd-analyze verify to work here: %s", out)
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
	tmpfiles := machine.Program(t, "systemd-tmpfiles")
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
	p := startPodman(t)
	all := objects(t)
	textfile := filepath.Join(p.Dir, "textfile")
	p.play(t, "pvc", all["PersistentVolumeClaim"])
	p.play(t, "watch", all["ConfigMap"],
		p.pod("watch", all["DaemonSet"].at("spec", "template", "spec"), textfile))

	p.eventually(t, "watch-cap-audit", "metrics of two reports", func() bool {
		two := regexp.MustCompile(`(?m)^cap_audit_reports\{.*\} ([2-9]|\d\d+)$`)
		return two.MatchString(metricsIn(t, textfile))
	})
	p.Run(t, "pod", "stop", "--time", "30", "watch")
	takesMetrics(t, textfile)

	// what this machine did meanwhile is anything, so that only the way there is
	// compared: reports are found and joined, and the policy is read
	p.play(t, "policy", all["ConfigMap"], p.pod("check",
		all["CronJob"].at("spec", "jobTemplate", "spec", "template", "spec"), textfile))
	status, logs := p.Ended(t, "check-check")
	if status != "0" && status != "3" || !strings.Contains(logs, "Reports joined: ") {
		t.Errorf("status %s:\n%s", status, logs)
	}
}

// metricsIn are those of all files in a directory.
func metricsIn(t *testing.T, directory string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(directory, "*.prom"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) { // of a container that is gone
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// takesMetrics has Prometheus itself look at the files in a directory.
func takesMetrics(t *testing.T, directory string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(directory, "*.prom"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no metrics: %v", err)
	}
	for _, file := range files {
		promtool := exec.Command(machine.Program(t, "promtool"), "check", "metrics")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		promtool.Stdin = bytes.NewReader(text)
		if out, err := promtool.CombinedOutput(); err != nil {
			t.Errorf("promtool: %v: %s\n%s", err, out, text)
		}
	}
}

// podman is an engine that can run cap-audit.
type podman struct{ machine.Podman }

func startPodman(t *testing.T) podman {
	t.Helper()
	p := podman{machine.NewPodman(t)}
	machine.Works(t, exec.Command(capAudit(t), "--probe"))
	p.Import(t, image(t), "localhost/cap-audit:latest", "--change", "ENV PATH=/usr/bin:/bin")
	machine.Works(t, p.Command("run", "--rm", "localhost/cap-audit:latest", "/bin/true"))
	t.Cleanup(func() { p.Command("pod", "rm", "--all", "--force", "--time", "0").Run() })
	return p
}

// image is a directory with cap-audit, what it asks for pods, what these link, and a shell.
func image(t *testing.T) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "image")
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
	copyTo("/usr/bin/cap-audit", program)
	copyTo("/usr/libexec/cap-audit/cap-audit-cri", program+"-cri")
	libraries, err := exec.Command(machine.Program(t, "ldd"), program, program+"-cri").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, library := range regexp.MustCompile(`(?m)/\S+[^:\s]`).FindAllString(string(libraries), -1) {
		if library != program && library != program+"-cri" {
			copyTo(library, library)
		}
	}
	busybox := machine.Program(t, "busybox")
	copyTo("/bin/busybox", busybox)
	for _, name := range []string{"sh", "find", "date", "rm", "true"} {
		if err := os.Symlink("busybox", filepath.Join(root, "bin", name)); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// pod is one from a template, with the marked values of this machine.
func (p podman) pod(name string, spec object, textfile string) object {
	container := spec["containers"].([]any)[0].(object)
	container["image"] = "localhost/cap-audit:latest"
	if container["env"] != nil {
		container["env"] = []object{
			{"name": "NODE", "value": "node"}, {"name": "CGROUP", "value": "/"},
			{"name": "DURATION", "value": "1s"}, {"name": "TO", "value": "files"},
		}
	}
	for _, v := range spec["volumes"].([]any) {
		switch v := v.(object); v["name"] {
		case "textfile":
			v.at("hostPath")["path"] = textfile
		case "runtime":
			v.at("hostPath")["path"] = p.Dir // which has none
		}
	}
	// podman 4.3 does not read seccompProfile, but what it was called before
	annotations := object{"seccomp.security.alpha.kubernetes.io/pod": "unconfined"}
	return object{"apiVersion": "v1", "kind": "Pod",
		"metadata": object{"name": name, "annotations": annotations}, "spec": spec}
}

func (p podman) play(t *testing.T, name string, list ...object) {
	t.Helper()
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	for _, o := range list {
		if err := enc.Encode(o); err != nil {
			t.Fatal(err)
		}
	}
	p.Run(t, "kube", "play", "--network", "none", p.Write(t, name+".yaml", b.String()))
}

// eventually waits until something holds, as long as the container runs.
func (p podman) eventually(t *testing.T, container, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		state, _ := p.Command("inspect", "--format", "{{.State.Status}}", container).Output()
		if time.Now().After(deadline) || strings.TrimSpace(string(state)) == "exited" {
			logs, _ := p.Command("logs", container).CombinedOutput()
			t.Fatalf("no %s; the container is %s:\n%.2000s", what, state, logs)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
