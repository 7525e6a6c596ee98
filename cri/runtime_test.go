package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/cap-audit/cap-audit/container"
)

// server is a runtime; what is not set it does not know.
type server struct {
	cri.UnimplementedRuntimeServiceServer
	containers []*cri.Container
	status     map[string]*cri.ContainerStatusResponse
	sandboxes  []*cri.PodSandbox
}

func (s *server) Version(context.Context, *cri.VersionRequest) (*cri.VersionResponse, error) {
	return &cri.VersionResponse{RuntimeName: "test"}, nil
}

func (s *server) ListContainers(_ context.Context, r *cri.ListContainersRequest) (*cri.ListContainersResponse,
	error) {
	var list []*cri.Container
	for _, c := range s.containers {
		if of := r.GetFilter().GetPodSandboxId(); of == "" || of == c.PodSandboxId {
			list = append(list, c)
		}
	}
	return &cri.ListContainersResponse{Containers: list}, nil
}

func (s *server) ContainerStatus(_ context.Context, r *cri.ContainerStatusRequest) (
	*cri.ContainerStatusResponse, error) {
	return s.status[r.ContainerId], nil
}

func (s *server) ListPodSandbox(context.Context, *cri.ListPodSandboxRequest) (*cri.ListPodSandboxResponse,
	error) {
	return &cri.ListPodSandboxResponse{Items: s.sandboxes}, nil
}

func (s *server) PodSandboxStatus(_ context.Context, r *cri.PodSandboxStatusRequest) (
	*cri.PodSandboxStatusResponse, error) {
	for _, p := range s.sandboxes {
		if p.Id == r.PodSandboxId {
			return &cri.PodSandboxStatusResponse{Status: &cri.PodSandboxStatus{Metadata: p.Metadata},
				Info: map[string]string{"info": `{"pid": 41}`}}, nil
		}
	}
	return &cri.PodSandboxStatusResponse{}, nil
}

// add has a container with an answer about its process.
func (s *server) add(id, name, sandbox, info string, state cri.ContainerState) {
	metadata := &cri.ContainerMetadata{Name: name}
	s.containers = append(s.containers, &cri.Container{Id: id, PodSandboxId: sandbox, State: state,
		Metadata: metadata})
	s.status[id] = &cri.ContainerStatusResponse{Info: map[string]string{"info": info},
		Status: &cri.ContainerStatus{Id: id, State: state, Metadata: metadata,
			Image:    &cri.ImageSpec{Image: "sha256:00", UserSpecifiedImage: "example.org/" + name},
			ImageRef: "example.org/" + name + "@sha256:" + strings.Repeat("5e", 32)}}
}

// serve listens, and returns where.
func serve(t *testing.T, s *server) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer()
	if s != nil {
		cri.RegisterRuntimeServiceServer(g, s)
	}
	go g.Serve(listener)
	t.Cleanup(g.Stop)
	return socket
}

const running, exited, created = cri.ContainerState_CONTAINER_RUNNING, cri.ContainerState_CONTAINER_EXITED,
	cri.ContainerState_CONTAINER_CREATED

// small is a node with two pods of one name, the older on its way out, and one of another.
func small() *server {
	s := &server{status: map[string]*cri.ContainerStatusResponse{}}
	for i, name := range []string{"web", "web", "db"} {
		s.sandboxes = append(s.sandboxes, &cri.PodSandbox{Id: fmt.Sprint("sandbox", i), CreatedAt: int64(i),
			Metadata: &cri.PodSandboxMetadata{Namespace: "shop", Name: name, Uid: fmt.Sprint("uid", i)}})
	}
	s.add("aa11", "app", "sandbox0", `{"pid": 0}`, exited)
	s.add("aa22", "app", "sandbox1", `{"pid": 7}`, running)
	s.add("bb33", "init", "sandbox1", `{"pid": 8}`, created)
	s.add("bb44", "sql", "sandbox2", `not JSON`, running)
	return s
}

// found are the IDs, pods and process IDs of an answer.
func found(a container.CRIAnswer) (list []string) {
	for _, c := range a.Containers {
		list = append(list, fmt.Sprintf("%s %s %s %d %t %s", c.ID, c.Name, c.Pod, c.PID, c.Prepared,
			c.Status))
	}
	return list
}

func TestAsk(t *testing.T) {
	socket := serve(t, small())
	for question, want := range map[string][]string{
		"containers aa11": {"aa11 app shop/web 0 false exited"},
		"containers app":  {"aa22 app shop/web 7 false running"},
		"containers bb": {"bb33 init shop/web 8 true created",
			"bb44 sql shop/db 0 false running"},
		"containers x": nil,
		"pod shop/web": {"aa22 app shop/web 7 false running",
			"bb33 init shop/web 8 true created"},
		"pod shop/x":             nil,
		"ids bb44 none sandbox0": {"bb44 sql shop/db 0 false running", "sandbox0  shop/web 0 false "},
	} {
		words := strings.Fields(question)
		answer, err := ask(t.Context(), socket, words[0], words[1:])
		if diff := cmp.Diff(want, found(answer)); diff != "" || err != nil || answer.Runtime != "test" {
			t.Errorf("%s: %v, runtime %s\n%s", question, err, answer.Runtime, diff)
		}
		if (answer.Sandbox != nil) != (question == "pod shop/web") {
			t.Errorf("%s: sandbox %+v", question, answer.Sandbox)
		}
		for _, c := range answer.Containers {
			if c.Name == "" {
				continue // a sandbox
			}
			if c.Image != "example.org/"+c.Name || c.ImageDigest != "sha256:"+strings.Repeat("5e", 32) {
				t.Errorf("image %s, digest %s", c.Image, c.ImageDigest)
			}
		}
		if s := answer.Sandbox; s != nil && (s.ID != "sandbox1" || s.PID != 41 || s.Pod.UID != "uid1") {
			t.Errorf("sandbox %+v", s)
		}
	}
}

// Answers that lack anything are no reason to fall over, and too many are none to go on.
func TestHostileRuntime(t *testing.T) {
	s := &server{status: map[string]*cri.ContainerStatusResponse{"empty": {}}}
	s.containers = append(s.containers, &cri.Container{Id: "empty"})
	answer, err := ask(t.Context(), serve(t, s), container.CRIContainers, []string{"empty"})
	if err != nil || len(answer.Containers) != 1 {
		t.Errorf("an empty answer: %+v, %v", answer, err)
	}
	for i := range 300 {
		s.add(fmt.Sprint("many", i), "many", "sandbox", "", running)
	}
	s.sandboxes = append(s.sandboxes, &cri.PodSandbox{Id: "sandbox",
		Metadata: &cri.PodSandboxMetadata{Namespace: "a", Name: "b"}})
	socket := serve(t, s)
	for question, want := range map[string]string{"containers many": "300 of its containers fit",
		"pod a/b": "300 containers run in it", "nonsense x": "is no question"} {
		words := strings.Fields(question)
		if _, err := ask(t.Context(), socket, words[0], words[1:]); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, wanted %q", question, err, want)
		}
	}
	s.containers = []*cri.Container{{Id: strings.Repeat("x", mostBytes+1)}}
	_, err = ask(t.Context(), socket, container.CRIContainers, []string{"x"})
	if err == nil || !strings.Contains(err.Error(), "larger than max") {
		t.Errorf("of an answer of 16 MiB: %v", err)
	}
}

func TestNoRuntime(t *testing.T) {
	gone := filepath.Join(t.TempDir(), "gone")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: gone})
	if err != nil {
		t.Fatal(err)
	}
	listener.SetUnlinkOnClose(false)
	listener.Close()
	for socket, want := range map[string]string{gone: "nobody listens at ", serve(t, nil): "speaks no CRI"} {
		answer, err := ask(t.Context(), socket, container.CRIContainers, []string{"x"})
		if err != nil || !strings.Contains(answer.Absent, want) {
			t.Errorf("%+v, %v; wanted %q", answer, err, want)
		}
	}
	if _, err := ask(t.Context(), gone+"er", container.CRIContainers, []string{"x"}); err == nil {
		t.Error("no error where there is no socket")
	}
}

// The process has given up everything before it began, this one as well.
func TestNoPrivileges(t *testing.T) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"CapPrm:\t0+", "CapEff:\t0+", "NoNewPrivs:\t1"} {
		if !regexp.MustCompile(`(?m)^` + want + `$`).Match(status) {
			t.Errorf("no %q in\n%s", want, status)
		}
	}
}
