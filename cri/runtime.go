package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/cap-audit/cap-audit/container"
)

// Bounds of answers: mostBytes of one are what the kubelet takes, too.
const (
	mostBytes   = 16 << 20
	mostMatches = 8   // containers of one name
	mostInPod   = 256 // containers of one pod, those that have ended included
)

// runtime is a connection to one.
type runtime struct {
	cri.RuntimeServiceClient
	ctx  context.Context
	name string
	// absent says why it cannot be asked, "" if it can.
	absent string
	// pods that have been looked up, by the ID of their sandbox.
	pods map[string]container.Pod
}

func connect(ctx context.Context, socket string) (*runtime, error) {
	dial := func(ctx context.Context, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	switch first, err := dial(ctx, ""); { // gRPC wraps what it is told here
	case errors.Is(err, unix.ECONNREFUSED):
		return &runtime{absent: "nobody listens at " + socket}, nil
	case err != nil:
		return nil, err
	default:
		first.Close()
	}
	connection, err := grpc.NewClient("passthrough:///cri", grpc.WithContextDialer(dial), grpc.WithNoProxy(),
		grpc.WithAuthority("localhost"), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(mostBytes)))
	if err != nil {
		return nil, err
	}
	r := &runtime{RuntimeServiceClient: cri.NewRuntimeServiceClient(connection), ctx: ctx,
		pods: map[string]container.Pod{}}
	version, err := r.Version(ctx, &cri.VersionRequest{})
	switch status.Code(err) {
	case codes.OK:
		r.name = version.RuntimeName
	case codes.Unimplemented: // as docker configures its containerd
		r.absent = "what listens at " + socket + " speaks no CRI (v1)"
	default:
		return nil, said(err)
	}
	return r, nil
}

// said is what the runtime says of a failure, in one line.
func said(err error) error {
	return errors.New(strings.ReplaceAll(status.Convert(err).Message(), "\n", " "))
}

func (r *runtime) list(filter *cri.ContainerFilter) ([]*cri.Container, error) {
	answer, err := r.ListContainers(r.ctx, &cri.ListContainersRequest{Filter: filter})
	if err != nil {
		return nil, said(err)
	}
	return answer.Containers, nil
}

// fitting are the containers with that ID; without one, those of that name, else
// those whose ID begins so.
func (r *runtime) fitting(name string) ([]container.Container, error) {
	all, err := r.list(nil)
	if err != nil {
		return nil, err
	}
	for _, fits := range []func(*cri.Container) bool{
		func(c *cri.Container) bool { return c.Id == name },
		func(c *cri.Container) bool { return c.GetMetadata().GetName() == name && !ended(c) },
		func(c *cri.Container) bool { return c.GetMetadata().GetName() == name },
		func(c *cri.Container) bool { return strings.HasPrefix(c.Id, name) },
	} {
		matches := slices.DeleteFunc(slices.Clone(all), func(c *cri.Container) bool { return !fits(c) })
		if len(matches) > mostMatches {
			return nil, fmt.Errorf("%d of its containers fit", len(matches))
		}
		if len(matches) > 0 {
			return r.describe(matches)
		}
	}
	return nil, nil
}

func ended(c *cri.Container) bool { return c.State == cri.ContainerState_CONTAINER_EXITED }

// pod is the sandbox of the pod NAMESPACE/NAME, nil if none is ready, and its containers.
// The newest counts: the one before is on its way out.
func (r *runtime) pod(name string) (*container.Container, []container.Container, error) {
	answer, err := r.ListPodSandbox(r.ctx, &cri.ListPodSandboxRequest{})
	if err != nil {
		return nil, nil, said(err)
	}
	var newest *cri.PodSandbox
	for _, s := range answer.Items {
		fits := s.GetMetadata().GetNamespace()+"/"+s.GetMetadata().GetName() == name
		ready := s.State == cri.PodSandboxState_SANDBOX_READY
		if fits && ready && (newest == nil || s.CreatedAt > newest.CreatedAt) {
			newest = s
		}
	}
	if newest == nil {
		return nil, nil, nil
	}
	status, err := r.PodSandboxStatus(r.ctx,
		&cri.PodSandboxStatusRequest{PodSandboxId: newest.Id, Verbose: true})
	if err != nil {
		return nil, nil, said(err)
	}
	sandbox := &container.Container{ID: newest.Id, Pod: podOf(newest.Metadata), PID: processOf(status.Info)}
	list, err := r.list(&cri.ContainerFilter{PodSandboxId: newest.Id})
	if err != nil {
		return nil, nil, err
	}
	list = slices.DeleteFunc(list, ended)
	if len(list) > mostInPod {
		return nil, nil, fmt.Errorf("%d containers run in it", len(list))
	}
	containers, err := r.describe(list)
	return sandbox, containers, err
}

// byID are the containers and the sandboxes with these IDs, as far as they are there.
func (r *runtime) byID(ids []string) ([]container.Container, error) {
	all, err := r.list(nil)
	if err != nil {
		return nil, err
	}
	others := func(c *cri.Container) bool { return !slices.Contains(ids, c.Id) }
	list, err := r.describe(slices.DeleteFunc(all, others))
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if slices.ContainsFunc(list, func(c container.Container) bool { return c.ID == id }) {
			continue
		}
		switch pod, err := r.podOf(id); {
		case err == nil && pod.Name != "":
			list = append(list, container.Container{ID: id, Pod: pod})
		case err != nil && status.Code(err) != codes.NotFound:
			return nil, said(err)
		}
	}
	return list, nil
}

// describe leaves out what is gone by now.
func (r *runtime) describe(list []*cri.Container) ([]container.Container, error) {
	var described []container.Container
	for _, c := range list {
		one, err := r.one(c)
		if status.Code(err) == codes.NotFound {
			continue
		}
		if err != nil {
			return nil, said(err)
		}
		described = append(described, one)
	}
	return described, nil
}

func (r *runtime) one(listed *cri.Container) (container.Container, error) {
	answer, err := r.ContainerStatus(r.ctx,
		&cri.ContainerStatusRequest{ContainerId: listed.Id, Verbose: true})
	if err != nil {
		return container.Container{}, err
	}
	s := answer.GetStatus()
	c := container.Container{ID: s.GetId(), Name: s.GetMetadata().GetName(), Image: imageOf(s),
		ImageDigest: digestOf(s.GetImageRef())}
	c.Status = strings.ToLower(strings.TrimPrefix(s.GetState().String(), "CONTAINER_"))
	if state := s.GetState(); state == cri.ContainerState_CONTAINER_RUNNING ||
		state == cri.ContainerState_CONTAINER_CREATED {
		c.PID = processOf(answer.Info)
		// CRI-O makes the process before it is started, containerd does not
		c.Prepared = c.PID != 0 && state == cri.ContainerState_CONTAINER_CREATED
	}
	c.Pod, err = r.podOf(listed.PodSandboxId)
	return c, err
}

// podOf looks up a pod, once.
func (r *runtime) podOf(sandbox string) (container.Pod, error) {
	if pod, ok := r.pods[sandbox]; ok {
		return pod, nil
	}
	answer, err := r.PodSandboxStatus(r.ctx, &cri.PodSandboxStatusRequest{PodSandboxId: sandbox})
	if err != nil {
		return container.Pod{}, err
	}
	r.pods[sandbox] = podOf(answer.GetStatus().GetMetadata())
	return r.pods[sandbox], nil
}

func podOf(m *cri.PodSandboxMetadata) container.Pod {
	return container.Pod{Namespace: m.GetNamespace(), Name: m.GetName(), UID: m.GetUid()}
}

// processOf is the first process's ID, 0 for none. The CRI has no word for it; containerd and
// CRI-O have it in what they add for crictl inspect.
func processOf(info map[string]string) int {
	var more struct{ PID int }
	if json.Unmarshal([]byte(info["info"]), &more) != nil {
		return 0
	}
	return more.PID
}

// imageOf is its name: the kubelet may have asked for it by its ID.
func imageOf(s *cri.ContainerStatus) string {
	name, named := s.GetImage().GetImage(), s.GetImage().GetUserSpecifiedImage()
	if named != "" && (name == "" || strings.HasPrefix(name, "sha256:")) {
		return named
	}
	return name
}

// digestOf takes it from a reference, NAME@DIGEST or DIGEST.
func digestOf(reference string) string {
	if _, digest, found := strings.Cut(reference, "@"); found {
		return digest
	}
	return reference
}
