package container

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/cap-audit/cap-audit/hint"
)

// Pod is one of Kubernetes, as a runtime knows it.
type Pod struct{ Namespace, Name, UID string }

func (p Pod) String() string { return p.Namespace + "/" + p.Name }

// RunningPod is one with the control group that its containers' groups are in.
type RunningPod struct {
	Pod
	Engine, Cgroup string
	// Containers are those that the runtime has by now.
	Containers []Container
}

// FindPod asks the runtime for the pod NAMESPACE/NAME. Its errors say what to try next.
func FindPod(ctx context.Context, name string) (*RunningPod, error) {
	namespace, short, _ := strings.Cut(name, "/")
	if !isName(namespace) || !isName(short) {
		return nil, hint.Add(errors.New("is no NAMESPACE/NAME of a pod"),
			"kubectl get pods --all-namespaces lists them")
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answer, err := askCRI(ctx, CRIPod, name)
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("no answer of the runtime within %v", patience)
	case err != nil:
		return nil, hint.Add(fmt.Errorf("no runtime to ask: %w", err),
			CRIEndpoint+" can name its socket; --cgroup watches a pod by its control group")
	case answer.Sandbox == nil:
		return nil, hint.Addf(fmt.Errorf("%s has no such pod that is ready", answer.Runtime),
			"kubectl get pod --namespace %s %s -o wide tells of its node", namespace, short)
	}
	all, err := checked(append(answer.Containers, *answer.Sandbox))
	if err != nil {
		return nil, err
	}
	sandbox := all[len(all)-1]
	pod := &RunningPod{Pod: sandbox.Pod, Engine: answer.Runtime, Containers: all[:len(all)-1]}
	pod.Cgroup, err = podGroup(all, sandbox.Pod.UID)
	return pod, err
}

// podGroup is the group that the groups of a pod's containers are in. The kubelet makes it,
// and has the pod's UID in its name; where the group of a container lies elsewhere, others
// than the pod's can be beside it. CRI-O makes no process for most sandboxes.
func podGroup(containers []Container, uid string) (string, error) {
	uids := []string{uid, strings.ReplaceAll(uid, "-", "_")} // systemd's slices have no hyphens
	for _, c := range containers {
		own, err := groupOf(c)
		if err != nil || own == "" {
			continue
		}
		above := path.Dir(own)
		for _, uid := range uids {
			if uid != "" && strings.Contains(path.Base(above), uid) {
				return above, nil
			}
		}
	}
	return "", hint.Add(errors.New("has no control group (v2) of its own that is seen from here"),
		"--container watches one of its containers")
}
