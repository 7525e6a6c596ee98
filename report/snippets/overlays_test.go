package snippets

import (
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/cap-audit/cap-audit/capng"
)

// context is a container's, as Kubernetes is given it.
type context struct {
	RunAsUser                int   `yaml:"runAsUser"`
	AllowPrivilegeEscalation *bool `yaml:"allowPrivilegeEscalation"`
	Capabilities             struct{ Add, Drop []string }
}

// deployed is the context of the container that an object has.
func deployed(t *testing.T, object string) context {
	t.Helper()
	var deployment struct {
		Kind string
		Spec struct {
			Template struct {
				Spec struct {
					Containers []struct {
						SecurityContext context `yaml:"securityContext"`
					}
				}
			}
		}
	}
	if err := yaml.Unmarshal([]byte(object), &deployment); err != nil || deployment.Kind != "Deployment" {
		t.Fatalf("%s of kind %q, %v", object, deployment.Kind, err)
	}
	containers := deployment.Spec.Template.Spec.Containers
	if len(containers) != 1 {
		t.Fatalf("%d containers in\n%s", len(containers), object)
	}
	return containers[0].SecurityContext
}

// overlays wants of a container that another file describes, with capabilities and a user,
// what a snippet says, and what it says nothing of as it was.
func overlays(t *testing.T, kind string, merge func(t *testing.T, snippet string) (object string)) {
	t.Helper()
	for name, grant := range map[string][]int{"none": nil, "one": {13}, "all": known()} {
		t.Run(name, func(t *testing.T) {
			a := Advice{Grant: grant, Possible: known()}
			got := deployed(t, merge(t, Emit(kind, a)+"\n"+Possible(kind, a)+"\n"))
			added := append([]string{}, got.Capabilities.Add...)
			if diff := cmp.Diff(spell(grant, capng.Upper), added); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{"ALL"}, got.Capabilities.Drop); diff != "" {
				t.Error(diff)
			}
			if forbids := got.AllowPrivilegeEscalation; got.RunAsUser != 3 ||
				(forbids != nil && !*forbids) != (name != "all") {
				t.Errorf("%+v", got)
			}
		})
	}
}

const otherContext = `{runAsUser: 3, capabilities: {drop: [KILL], add: [CHOWN, SYS_MODULE]}}`

func TestKustomizeTakesIt(t *testing.T) {
	kubectl := optional(t, "kubectl")
	base := `apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME}
spec:
  template:
    spec:
      containers:
      - {name: CONTAINER, securityContext: ` + otherContext + "}\n"
	overlays(t, "kustomize", func(t *testing.T, snippet string) string {
		return run(t, kubectl, "kustomize", tree(t, map[string]string{
			"kustomization.yaml": "resources: [base.yaml]\npatches: [{path: patch.yaml}]\n",
			"base.yaml":          base,
			"patch.yaml":         snippet,
		}))
	})
}

// Helm has the values for a chart as helm create makes it.
func TestHelmTakesIt(t *testing.T) {
	helm := optional(t, "helm")
	chart := tree(t, nil) + "/web"
	run(t, helm, "create", chart)
	overlays(t, "helm", func(t *testing.T, snippet string) string {
		out, err := exec.Command(helm, "template", chart, "--show-only", "templates/deployment.yaml",
			"-f", write(t, "values.yaml", "securityContext: "+otherContext+"\n"),
			"-f", write(t, "snippet.yaml", snippet)).Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, snippet)
		}
		return string(out)
	})
}
