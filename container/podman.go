package container

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// findPodman asks podman's program: podman has no daemon, and its socket is
// mostly off.
func findPodman(ctx context.Context, name string) ([]Container, error) {
	program, err := exec.LookPath("podman")
	if err != nil {
		return nil, absentError("no podman in PATH")
	}
	raw, err := output(ctx, program, "container", "inspect", "--format", "json", name)
	var failed *commandError
	if errors.As(err, &failed) && strings.Contains(failed.message, "no such container") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parsePodman(raw)
}

func parsePodman(raw []byte) ([]Container, error) {
	var answer []struct {
		ID          string `json:"Id"`
		Name        string
		ImageName   string
		ImageDigest string
		State       struct {
			Status string
			Pid    int
		}
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, fmt.Errorf("its answer is not understood: %w", err)
	}
	var list []Container
	for _, c := range answer {
		list = append(list, Container{
			ID:          c.ID,
			Name:        c.Name,
			Image:       c.ImageName,
			ImageDigest: c.ImageDigest,
			PID:         c.State.Pid,
			Prepared:    c.State.Status == "initialized",
			Status:      c.State.Status,
		})
	}
	return list, nil
}
