package container

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// CRIEndpoint is the variable that says, to crictl as well, where a runtime of Kubernetes
// listens.
const CRIEndpoint = "CONTAINER_RUNTIME_ENDPOINT"

// criSockets are where runtimes listen unless that names another socket: containerd, CRI-O,
// containerd as k3s brings it, and what stands before docker.
var criSockets = []string{containerdSocket, "/run/crio/crio.sock", "/run/k3s/containerd/containerd.sock",
	"/run/cri-dockerd.sock"}

// What CRIProgram can be asked for: containers by name, ID or beginning of one; the pod
// NAMESPACE/NAME; containers by their whole IDs.
const (
	CRIContainers = "containers"
	CRIPod        = "pod"
	CRIByID       = "ids"
)

// CRIProgram asks a runtime by the CRI (k8s.io/cri-api). It is a program of its own: what speaks
// gRPC would cost each run of cap-audit a millisecond and 8 MiB of memory, and half of its size
// once more.
const CRIProgram = "cap-audit-cri"

// CRIAnswer is what CRIProgram writes, as JSON.
type CRIAnswer struct {
	// Absent says why there is nobody to ask, "" if there is.
	Absent string
	// Runtime is what the runtime calls itself.
	Runtime    string
	Containers []Container
	// Sandbox is what holds the namespaces of the pod that was asked for, nil where there is
	// no such pod.
	Sandbox *Container
}

func findCRI(ctx context.Context, name string) ([]Container, error) {
	answer, err := askCRI(ctx, CRIContainers, name)
	return answer.Containers, err
}

// askCRI has the program ask the runtime.
func askCRI(ctx context.Context, question ...string) (CRIAnswer, error) {
	program, err := criProgram()
	if err != nil {
		return CRIAnswer{}, err
	}
	socket, err := criSocket()
	if err != nil {
		return CRIAnswer{}, err
	}
	raw, err := output(ctx, program, append([]string{socket}, question...)...)
	if err != nil {
		return CRIAnswer{}, err
	}
	return parseCRI(raw)
}

func parseCRI(raw []byte) (CRIAnswer, error) {
	var answer CRIAnswer
	if err := json.Unmarshal(raw, &answer); err != nil {
		return CRIAnswer{}, fmt.Errorf("its answer is not understood: %w", err)
	}
	if answer.Absent != "" {
		return CRIAnswer{}, absentError(clip(answer.Absent))
	}
	if !isName(answer.Runtime) {
		return CRIAnswer{}, errors.New("its answer has no name of a runtime")
	}
	for i := range answer.Containers {
		answer.Containers[i].Engine = answer.Runtime
	}
	return answer, nil
}

// criProgram is where it is installed, or lies beside this program as both are built.
func criProgram() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", absentError(fmt.Sprintf("look for %s: %v", CRIProgram, err))
	}
	for _, path := range criPlaces(filepath.Dir(self)) {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", absentError("no " + CRIProgram + " beside cap-audit")
}

// criPlaces are the places for it, of which the first counts. What is above a directory that programs
// are not installed into can be anybody's: /tmp is, of a tree built there.
func criPlaces(bin string) []string {
	places := []string{filepath.Join(bin, CRIProgram)}
	if name := filepath.Base(bin); name == "bin" || name == "sbin" {
		places = append(places, filepath.Join(filepath.Dir(bin), "libexec", "cap-audit", CRIProgram))
	}
	return places
}

func criSocket() (string, error) {
	sockets := criSockets
	if endpoint := os.Getenv(CRIEndpoint); endpoint != "" {
		path := strings.TrimPrefix(endpoint, "unix://")
		if !filepath.IsAbs(path) {
			return "", absentError(CRIEndpoint + " is no socket of this machine")
		}
		sockets = []string{path}
	}
	for _, path := range sockets {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", absentError("no " + strings.Join(sockets, ", "))
}
