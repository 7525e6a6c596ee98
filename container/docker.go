package container

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
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
	var dialer net.Dialer
	client := &http.Client{
		Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return dialer.DialContext(ctx, "unix", socket)
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://docker/containers/"+name+"/json",
		nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, errors.Unwrap(err) // without the URL, which is made up
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusNotFound {
		return nil, nil
	}
	raw, err := io.ReadAll(io.LimitReader(response.Body, most+1))
	switch {
	case err != nil:
		return nil, err
	case len(raw) > most:
		return nil, errTooLong
	}
	if response.StatusCode != http.StatusOK {
		var failed struct{ Message string }
		if json.Unmarshal(raw, &failed) == nil && failed.Message != "" {
			return nil, errors.New(clip(failed.Message))
		}
		return nil, fmt.Errorf("its answer is %s", clip(response.Status))
	}
	return parseDocker(raw)
}

func parseDocker(raw []byte) ([]Container, error) {
	var answer struct {
		ID     string `json:"Id"`
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
		ID:     answer.ID,
		Name:   strings.TrimPrefix(answer.Name, "/"),
		Image:  answer.Config.Image,
		PID:    answer.State.Pid,
		status: answer.State.Status,
	}}, nil
}
