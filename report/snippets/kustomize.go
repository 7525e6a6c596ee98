package snippets

import "strings"

// Kustomize is a patch (strategic merge) for an object that has the container.
func Kustomize(a Advice) string {
	return `# For patches in kustomization.yaml. Put the object's kind and name in the
# place of Deployment and NAME, its container's in the place of CONTAINER.
` + ofKubernetes(a) + `apiVersion: apps/v1
kind: Deployment
metadata:
  name: NAME
spec:
  template:
    spec:
      containers:
        - name: CONTAINER
          ` + strings.ReplaceAll(securityContext(a, addsNone), "\n", "\n          ")
}
