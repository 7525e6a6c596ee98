// Package ci is for tests: they run the steps of the files beside it as CI servers do.
package ci

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/cap-audit/cap-audit/test/machine"
	"github.com/cap-audit/cap-audit/test/scratch"
)

func TestMain(m *testing.M) {
	machine.Supervise()
	machine.Suite("packaging/ci", machine.CannotTrace(machine.Setting("CAP_AUDIT", "../../cap-audit"), nil,
		program("need")))
	os.Exit(m.Run())
}

// program is one of the programs that the suites audit.
func program(name string) string {
	return filepath.Join(machine.Setting("CAP_AUDIT_PROGRAMS", "../../build/programs"), name)
}

// runner is a machine with a checked out repository, where a job's steps run.
type runner struct {
	repository string
	action     string // where action.yml is, within its repository
	bin        string // the first directory of PATH
	environ    []string
}

// newRunner has cap-audit in PATH, a copy whose file can be given capabilities.
func newRunner(t *testing.T) *runner {
	t.Helper()
	r := bareRunner(t)
	raw, err := os.ReadFile(machine.Setting("CAP_AUDIT", "../../cap-audit"))
	if err == nil {
		err = writeProgram(filepath.Join(r.bin, "cap-audit"), raw)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// bareRunner has sudo alone, which root does without.
func bareRunner(t *testing.T) *runner {
	t.Helper()
	r := &runner{repository: t.TempDir(), action: here(t), bin: t.TempDir()}
	sudo := []byte("#!/bin/sh\nexec \"$@\"\n")
	if err := writeProgram(filepath.Join(r.bin, "sudo"), sudo); err != nil {
		t.Fatal(err)
	}
	r.environ = append(os.Environ(), "PATH="+r.bin+":"+filepath.Dir(program("need"))+":"+os.Getenv("PATH"))
	return r
}

func writeProgram(path string, raw []byte) error {
	return scratch.Executable(func() error { return os.WriteFile(path, raw, 0o755) })
}

func here(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// run runs a script in the repository and answers with its exit status and what it printed.
func (r *runner) run(t *testing.T, environ []string, shell ...string) (status int, stdout, stderr string) {
	t.Helper()
	cmd := exec.Command(shell[0], shell[1:]...)
	cmd.Dir = r.repository
	cmd.Env = append(r.environ, environ...)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), complaints.String()
}

// action is what GitHub reads of action.yml.
type action struct {
	Inputs  map[string]struct{ Default string }
	Outputs map[string]struct{ Value string }
	Runs    struct {
		Using string
		Steps []struct {
			ID, Name, If, Shell, Run string
			Env                      map[string]string
		}
	}
}

var expression = regexp.MustCompile(`\$\{\{ *(.*?) *\}\}`)

// jobResult is what is left of a job.
type jobResult struct {
	failed          []string // steps
	stdout, summary string
	outputs         map[string]string
}

// known are the inputs that expressions name.
func (a action) known(t *testing.T, inputs map[string]string) map[string]string {
	t.Helper()
	known := map[string]string{}
	for name, input := range a.Inputs {
		known["inputs."+name] = input.Default
	}
	for name, value := range inputs {
		if _, ok := a.Inputs[name]; !ok {
			t.Fatalf("no input %s", name)
		}
		known["inputs."+name] = value
	}
	return known
}

// runAction runs the steps as GitHub does: the shell's options, files for outputs, those with always() after
// one has failed.
func runAction(t *testing.T, r *runner, inputs map[string]string) jobResult {
	t.Helper()
	var a action
	if err := yaml.Unmarshal([]byte(scratch.Contents(t, "action.yml")), &a); err != nil {
		t.Fatal(err)
	}
	known := a.known(t, inputs)
	evaluate := func(text string) string {
		return expression.ReplaceAllStringFunc(text, func(e string) string {
			return known[strings.TrimPrefix(expression.FindStringSubmatch(e)[1], "always() && ")]
		})
	}
	temp := t.TempDir()
	result := jobResult{outputs: map[string]string{}}
	summary := filepath.Join(temp, "summary")
	for _, step := range a.Runs.Steps {
		always := strings.Contains(step.If, "always()")
		if len(result.failed) > 0 && !always || always && evaluate(step.If) == "" {
			continue
		}
		if expression.MatchString(step.Run) || step.Shell != "bash" || a.Runs.Using != "composite" {
			t.Errorf("%s: an input is for the environment, or it is a script", step.Name)
		}
		output := filepath.Join(temp, "output")
		environ := []string{"GITHUB_ACTION_PATH=" + r.action, "GITHUB_OUTPUT=" + output,
			"RUNNER_TEMP=" + temp, "GITHUB_STEP_SUMMARY=" + summary}
		for name, value := range step.Env {
			environ = append(environ, name+"="+evaluate(value))
		}
		script := scratch.Write(t, filepath.Join(temp, "script.sh"), step.Run)
		status, stdout, stderr := r.run(t, environ, "bash", "--noprofile", "--norc", "-eo", "pipefail",
			script)
		t.Logf("%s: %d\n%s%s", step.Name, status, stdout, stderr)
		result.stdout += stdout
		if status != 0 {
			result.failed = append(result.failed, step.Name)
		}
		if text, err := os.ReadFile(output); err == nil && step.ID != "" {
			for line := range strings.Lines(string(text)) {
				name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
				known["steps."+step.ID+".outputs."+name] = value
			}
		}
	}
	for name, output := range a.Outputs {
		result.outputs[name] = evaluate(output.Value)
	}
	if text, err := os.ReadFile(summary); err == nil {
		result.summary = string(text)
	}
	return result
}

// The policy, and a command that fits it.
const (
	allowsChown = "cap_audit_policy: 1\ncapabilities:\n  - chown\n"
	chowns      = "rm -f file; touch file; chown 1 file"
)

// The job fails where the command does, and where it needs something else than the policy allows; it says
// what at the policy's line, and leaves all files that are promised.
func TestAction(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		inputs    map[string]string
		failed    string
		annotated string
	}{
		"fits": {map[string]string{"run": chowns}, "", ""},
		"more": {map[string]string{"run": chowns + "\nneed net_bind_service"}, "Compare with the policy",
			"line=2,"},
		"not used": {map[string]string{"run": "true", "unused": "true"}, "Compare with the policy",
			"line=3,"},
		"it fails": {map[string]string{"run": chowns + "; exit 4"}, "Audit", ""},
		"options":  {map[string]string{"run": chowns, "options": "--quiet --no-objects"}, "", ""},
		"quoted":   {map[string]string{"run": chowns + " '$(touch gone)' || true"}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRunner(t)
			scratch.Write(t, filepath.Join(r.repository, "capabilities.yaml"), allowsChown)
			got := runAction(t, r, test.inputs)
			if strings.Join(got.failed, ", ") != test.failed {
				t.Errorf("failed: %q, want %q", got.failed, test.failed)
			}
			annotated := regexp.MustCompile(`(?m)^::error file=capabilities.yaml,` + test.annotated)
			if annotated.MatchString(got.stdout) != (test.annotated != "") {
				t.Errorf("annotations:\n%s", got.stdout)
			}
			if !strings.HasPrefix(got.summary, "### Linux capabilities of ") {
				t.Errorf("summary: %q", got.summary)
			}
			for output, begins := range map[string]string{"report": "{", "page": "<!DOCTYPE html>",
				"policy": "# What ", "sarif": "{"} {
				if text := scratch.Contents(t, got.outputs[output]); !strings.HasPrefix(text, begins) {
					t.Errorf("%s begins with %.40q", output, text)
				}
			}
			if _, err := os.Stat(filepath.Join(r.repository, "gone")); err == nil {
				t.Error("an argument of the command was run")
			}
		})
	}
}

// Without a policy the first run fails, and leaves one with which the next does not.
func TestFirstPolicy(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	inputs := map[string]string{"run": chowns, "policy": "caps.yaml", "unused": "true"}
	first := runAction(t, r, inputs)
	if strings.Join(first.failed, ", ") != "Compare with the policy" {
		t.Fatalf("failed: %q", first.failed)
	}
	scratch.Write(t, filepath.Join(r.repository, "caps.yaml"), scratch.Contents(t, first.outputs["policy"]))
	if second := runAction(t, r, inputs); len(second.failed) > 0 {
		t.Errorf("failed: %q", second.failed)
	}
}

// Where there is no cap-audit, the action builds it from its own repository: here a copy, installed below a
// directory.
func TestLongInstall(t *testing.T) {
	if path, err := exec.LookPath("cap-audit"); err == nil {
		machine.Lacks(t, "wanted a machine without cap-audit, there is %s", path)
	}
	r := bareRunner(t)
	r.action = filepath.Join(t.TempDir(), "packaging/ci")
	root := t.TempDir()
	r.environ = append(r.environ, "TO="+filepath.Join(r.action, "../.."), "DESTDIR="+root,
		"PATH="+r.bin+":"+filepath.Join(root, "usr/bin")+":"+os.Getenv("PATH"))
	script := `cd "$1" && git ls-files -z | xargs -0 cp --parents -t "$TO"`
	tree := filepath.Join(here(t), "../..")
	if status, _, stderr := r.run(t, nil, "bash", "-c", script, "-", tree); status != 0 {
		machine.Lacks(t, "wanted a checked out repository: %s", stderr)
	}
	scratch.Write(t, filepath.Join(r.repository, "capabilities.yaml"), allowsChown)
	if got := runAction(t, r, map[string]string{"run": chowns}); len(got.failed) > 0 {
		t.Errorf("failed: %q", got.failed)
	}
}

// gitlabJob is what GitLab reads of the template.
type gitlabJob struct {
	Variables   map[string]string
	Script      []string
	AfterScript []string `yaml:"after_script"`
	Artifacts   struct {
		When    string
		Paths   []string
		Reports map[string]string
	}
}

// What GitLab collects is there after each job, and the job fails where it should.
func TestGitLab(t *testing.T) {
	t.Parallel()
	var template map[string]gitlabJob
	if err := yaml.Unmarshal([]byte(scratch.Contents(t, "gitlab.yml")), &template); err != nil {
		t.Fatal(err)
	}
	job := template[".cap-audit"]
	for name, test := range map[string]struct {
		run    string
		status int
		issues int
		junit  bool
	}{
		"fits":     {chowns, 0, 0, true},
		"more":     {chowns + "; need net_bind_service", 3, 1, true},
		"it fails": {chowns + "; exit 4", 4, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRunner(t)
			scratch.Write(t, filepath.Join(r.repository, "capabilities.yaml"), allowsChown)
			environ := []string{}
			for name, value := range job.Variables {
				environ = append(environ, name+"="+value)
			}
			environ = append(environ, "CAP_AUDIT_RUN="+test.run)
			script := func(lines []string) int {
				status, stdout, stderr := r.run(t, environ, "bash", "-c",
					"set -eo pipefail\n"+strings.Join(lines, "\n"))
				t.Logf("%d\n%s%s", status, stdout, stderr)
				return status
			}
			if status := script(job.Script); status != test.status {
				t.Errorf("status %d, want %d", status, test.status)
			}
			script(job.AfterScript) // whose status is nobody's
			for _, file := range append(job.Artifacts.Paths, job.Artifacts.Reports["codequality"]) {
				if scratch.Contents(t, filepath.Join(r.repository, file)) == "" {
					t.Errorf("%s is empty", file)
				}
			}
			_, err := os.Stat(filepath.Join(r.repository, job.Artifacts.Reports["junit"]))
			if (err == nil) != test.junit {
				t.Errorf("a test report: %v", err)
			}
			var issues []struct{ Severity string }
			if err := json.Unmarshal([]byte(scratch.Contents(t, filepath.Join(r.repository,
				job.Artifacts.Reports["codequality"]))), &issues); err != nil {
				t.Fatal(err)
			}
			major := 0
			for _, issue := range issues {
				if issue.Severity == "major" {
					major++
				}
			}
			if major != test.issues {
				t.Errorf("%d of %+v, want %d", major, issues, test.issues)
			}
		})
	}
}
