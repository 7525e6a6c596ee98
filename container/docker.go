package container

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
)

// dockerSocket is where docker's daemon listens unless DOCKER_HOST names
// another socket.
const dockerSocket = "/run/docker.sock"

// findDocker asks docker's daemon, by its HTTP API.
func findDocker(ctx context.Context, name string) ([]Container, error) {
	socket := dockerSocket
	if host := os.Getenv("DOCKER_HOST"); host != "" {
		path, ok := strings.CutPrefix(host, "unix://")
		if !ok {
			return nil, absentError("DOCKER_HOST is no socket of this machine")
		}
		socket = path
	}
	if _, err := os.Stat(socket); err != nil {
		return nil, absentError("no " + socket)
	}
	status, raw, err := get(ctx, socket, "/containers/"+name+"/json")
	switch {
	case err != nil:
		return nil, err
	case strings.HasPrefix(status, statusNotFound):
		return nil, nil
	case !strings.HasPrefix(status, statusOK):
		var failed struct{ Message string }
		if json.Unmarshal(raw, &failed) == nil && failed.Message != "" {
			return nil, errors.New(clip(failed.Message))
		}
		return nil, fmt.Errorf("its answer is %s", clip(status))
	}
	return parseDocker(raw)
}

func parseDocker(raw []byte) ([]Container, error) {
	var answer struct {
		ID     string `json:"Id"`
		Image  string // its ID
		Name   string
		Config struct{ Image string }
		State  struct {
			Status string
			Pid    int
		}
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, fmt.Errorf("its answer is not understood: %w", err)
	}
	return []Container{{
		ID:          answer.ID,
		Name:        strings.TrimPrefix(answer.Name, "/"),
		Image:       answer.Config.Image,
		ImageDigest: answer.Image,
		PID:         answer.State.Pid,
		Status:      answer.State.Status,
	}}, nil
}
