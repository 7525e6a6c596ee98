package fleet

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cap-audit/cap-audit/test/machine"
	"github.com/cap-audit/cap-audit/test/scratch"
)

// The examples of the rules are what Prometheus makes of them.
func TestRules(t *testing.T) {
	promtool := machine.Program(t, "promtool")
	for _, args := range [][]string{
		{"check", "rules", "prometheus-rules.yaml"},
		{"test", "rules", "prometheus-rules.test.yaml"},
	} {
		if out, err := exec.Command(promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %q: %v: %s", args, err, out)
		}
	}
	examples := read(t, "prometheus-rules.test.yaml")
	for _, alert := range regexp.MustCompile(`alert: (\w+)`).FindAllStringSubmatch(
		read(t, "prometheus-rules.yaml"), -1) {
		if !regexp.MustCompile(`alertname: ` + alert[1] + `\n\s+exp_alerts:\n`).MatchString(examples) {
			t.Errorf("%s fires in no example", alert[1])
		}
	}
}

// Prometheus and its node exporter, as they are, come from a report to the alert.
func TestPrometheus(t *testing.T) {
	textfiles, dir := t.TempDir(), t.TempDir()
	exporter := serve(t, "prometheus-node-exporter", "--collector.disable-defaults", "--collector.textfile",
		"--collector.textfile.directory="+textfiles, "--web.listen-address=127.0.0.1:0")
	rules, err := filepath.Abs("prometheus-rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	config := scratch.Write(t, filepath.Join(dir, "prometheus.yml"), fmt.Sprintf(`
global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}
rule_files: [%q]
scrape_configs: [{job_name: node, static_configs: [{targets: [%q]}]}]
`, rules, exporter))
	p := prometheus{serve(t, "prometheus", "--config.file="+config, "--storage.tsdb.path="+dir+"/data",
		"--web.listen-address=127.0.0.1:0")}

	judge := func(capabilities string, status int) {
		t.Helper()
		policy := scratch.Write(t, filepath.Join(dir, "policy.yaml"),
			"cap_audit_policy: 1\ncapabilities: ["+capabilities+"]\n")
		cmd := exec.Command(capAudit(t), "--merge", "--check", policy, "--format", "prometheus",
			"-o", filepath.Join(textfiles, "cap-audit.prom"), "../../report/testdata/granted.json.golden")
		if out, err := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != status {
			t.Fatalf("%v: %s", err, out)
		}
	}
	for range 2 { // it comes, goes and comes again
		judge("", 3)
		p.eventually(t, "CapAuditNotAllowed firing net_raw")
		judge("net_raw", 0)
		p.eventually(t, "")
	}
}

// serve runs a server until the test ends. It answers with the address on which that listens.
func serve(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(machine.Program(t, name), args...)
	log, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	address, said := make(chan string, 1), ""
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		listening := regexp.MustCompile(`"Listening on" address=(\S+)`)
		for lines := bufio.NewScanner(log); lines.Scan(); {
			said += lines.Text() + "\n"
			if m := listening.FindStringSubmatch(lines.Text()); m != nil {
				address <- m[1]
			}
		}
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-drained
		cmd.Wait()
		if t.Failed() {
			t.Logf("%s:\n%.4000s", name, said)
		}
	})
	select {
	case a := <-address:
		return a
	case <-drained:
	case <-time.After(patience):
	}
	t.Fatalf("%s does not listen", name)
	return ""
}

type prometheus struct{ address string }

// eventually waits until just these are alerts, each with its state and capability.
func (p prometheus) eventually(t *testing.T, want string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		got, err := p.alerts()
		if err == nil && strings.Join(got, ", ") == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("alerts %q, %v, want %q", got, err, want)
		}
	}
}

func (p prometheus) alerts() ([]string, error) {
	answer, err := http.Get("http://" + p.address + "/api/v1/alerts")
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var body struct {
		Data struct {
			Alerts []struct {
				Labels struct{ Alertname, Capability string }
				State  string
			}
		}
	}
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
		return nil, err
	}
	var list []string
	for _, a := range body.Data.Alerts {
		list = append(list, strings.Join([]string{a.Labels.Alertname, a.State, a.Labels.Capability}, " "))
	}
	return list, nil
}
