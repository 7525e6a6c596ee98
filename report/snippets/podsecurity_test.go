package snippets

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/test/machine"
)

func TestPodSecurity(t *testing.T) {
	gains := []audit.Gain{audit.GainSetID}
	for says, a := range map[string]Advice{
		"restricted, with runAsNonRoot: true and a seccompProfile, too; as root baseline.\n": {},

		"as root baseline. Another user binds there by the pod's sysctl": {Grant: []int{10}},
		"baseline, since restricted does not admit CHOWN, SETUID.\n":     {Grant: []int{0, 7, 10}},
		"baseline, since restricted does not admit new privileges.\n":    {Gains: gains},
		"baseline, since restricted admits neither SETUID nor new privileges.\n": {Grant: []int{7, 10},
			Gains: gains},
		"privileged, since baseline does not admit NET_RAW.\n": {Grant: []int{0, 13}, Gains: gains},
	} {
		if text := Kubernetes(a); !strings.Contains(strings.ReplaceAll(text, "\n# ", " "), says) {
			t.Errorf("want %q\n%s", says, text)
		}
	}
}

// With hostUsers: false some are of no use; where it is not known of one, nothing is said.
func TestKubernetesUserNamespace(t *testing.T) {
	for says, a := range map[string]Advice{
		"# With hostUsers: false of no use: SYS_TIME.\n": {Grant: []int{0, 25}, OnHost: []int{25}},
		"# With hostUsers: false they do the same,":      {Grant: []int{0, 10}, Inside: true},
		"":  {Grant: []int{0, 10}},
		" ": {Inside: true},
	} {
		if text := Kubernetes(a); !strings.Contains(text, says) ||
			strings.Contains(text, "hostUsers") != (len(says) > 1) {
			t.Errorf("want %q\n%s", says, text)
		}
	}
}

// admission is the program that asks Kubernetes' own admission for each pod that it reads,
// and prints the strictest standard that admits it.
const admission = `package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"

	core "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

func main() {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		log.Fatal(err)
	}
	for pods := json.NewDecoder(os.Stdin); pods.More(); {
		var pod core.Pod
		if err := pods.Decode(&pod); err != nil {
			log.Fatal(err)
		}
		strictest := api.LevelPrivileged
		for _, level := range []api.Level{api.LevelBaseline, api.LevelRestricted} {
			results := evaluator.EvaluatePod(api.LevelVersion{Level: level, Version: api.LatestVersion()},
				&pod.ObjectMeta, &pod.Spec)
			if policy.AggregateCheckResults(results).Allowed {
				strictest = level
			}
		}
		fmt.Println(strictest)
	}
}
`

// admissionVersion has the standards of Kubernetes 1.34.
const admissionVersion = "v0.34.1"

// pods are one with the snippet for each advice, as JSON, with what the comment says that restricted
// wants besides.
func pods(t *testing.T, advice []Advice) []byte {
	t.Helper()
	var all bytes.Buffer
	for _, a := range advice {
		manifest := "metadata: {name: p}\nspec:\n  securityContext: {runAsNonRoot: true, seccompProfile: " +
			"{type: RuntimeDefault}}\n  containers:\n  - name: c\n    image: i\n" +
			indented(Kubernetes(a), "    ")
		var pod any
		if err := yaml.Unmarshal([]byte(manifest), &pod); err != nil {
			t.Fatalf("%v\n%s", err, manifest)
		}
		if err := json.NewEncoder(&all).Encode(pod); err != nil {
			t.Fatal(err)
		}
	}
	return all.Bytes()
}

// Kubernetes' own admission thinks the same of each capability, and of none and several. Long, since
// it has its API to compile.
func TestLongPodSecurityAdmission(t *testing.T) {
	command := machine.Program(t, "go")
	dir := tree(t, map[string]string{"main.go": admission, "go.mod": "module admission\n\ngo 1.24.0\n\n" +
		"require k8s.io/pod-security-admission " + admissionVersion + "\n"})
	run := func(args ...string) *exec.Cmd {
		cmd := exec.Command(command, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off", "CGO_ENABLED=0")
		return cmd
	}
	if out, err := run("mod", "tidy").CombinedOutput(); err != nil {
		machine.Lacks(t, "wanted Kubernetes' module: %v: %s", err, out)
	}
	if out, err := run("build", "-o", "admission", ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	advice := []Advice{{}, {Grant: []int{0, 10}}, {Grant: []int{10, 21}}, {Gains: audit.Gains},
		{Grant: []int{10}, Gains: audit.Gains}}
	for _, n := range known() {
		advice = append(advice, Advice{Grant: []int{n}})
	}
	judge := exec.Command(filepath.Join(dir, "admission"))
	judge.Stdin = bytes.NewReader(pods(t, advice))
	judged := strings.Fields(machine.Output(t, judge))
	if len(judged) != len(advice) {
		t.Fatalf("%d answers about %d pods", len(judged), len(advice))
	}
	for i, a := range advice {
		if got := PodSecurityOf(a).Standard; got != judged[i] {
			t.Errorf("%s, and Kubernetes says %s:\n%s", got, judged[i], Kubernetes(a))
		}
	}
}
