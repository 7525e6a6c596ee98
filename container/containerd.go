package container

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// containerdSocket is where containerd listens unless CONTAINERD_ADDRESS, which
// its programs know, names another socket.
const containerdSocket = "/run/containerd/containerd.sock"

// Labels by which those who use containerd name their containers.
var nameLabels = []string{"nerdctl/name", "io.kubernetes.container.name"}

// maxNamespaces and maxMatches bound how often containerd is asked.
const (
	maxNamespaces = 64
	maxMatches    = 8
)

// containerd is a connection to it by ctr, the program that comes with it.
type containerd struct {
	program, socket string
}

func findContainerd(ctx context.Context, name string) ([]Container, error) {
	program, err := exec.LookPath("ctr")
	if err != nil {
		return nil, absentError("no ctr in PATH")
	}
	c := containerd{program, containerdSocket}
	if socket := os.Getenv("CONTAINERD_ADDRESS"); socket != "" {
		c.socket = socket
	}
	if _, err := os.Stat(c.socket); err != nil {
		return nil, absentError("no " + c.socket)
	}
	namespaces, err := c.words(ctx, "namespaces", "list", "--quiet")
	if err != nil {
		return nil, err
	}
	var list []Container
	for i, namespace := range namespaces {
		if i == maxNamespaces {
			return nil, fmt.Errorf("it has more than %d namespaces", maxNamespaces)
		}
		found, err := c.inNamespace(ctx, namespace, name)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	return list, nil
}

// inNamespace looks a container up in one of containerd's namespaces: by its
// ID, by a label that names it, by the beginning of its ID.
func (c containerd) inNamespace(ctx context.Context, namespace, name string) ([]Container, error) {
	ids, err := c.words(ctx, "--namespace", namespace, "containers", "list", "--quiet")
	if err != nil {
		return nil, err
	}
	filters := []string{"--namespace", namespace, "containers", "list", "--quiet"}
	for _, label := range nameLabels {
		filters = append(filters, fmt.Sprintf("labels.%q==%q", label, name))
	}
	named, err := c.words(ctx, filters...)
	if err != nil {
		return nil, err
	}
	var whole, begun []string
	for _, id := range ids {
		switch {
		case id == name:
			whole = append(whole, id)
		case strings.HasPrefix(id, name):
			begun = append(begun, id)
		}
	}
	for _, matches := range [][]string{whole, named, begun} {
		if len(matches) > maxMatches {
			return nil, fmt.Errorf("%d of its containers fit", len(matches))
		}
		if len(matches) > 0 {
			return c.each(ctx, namespace, matches)
		}
	}
	return nil, nil
}

func (c containerd) each(ctx context.Context, namespace string, ids []string) ([]Container, error) {
	tasks, err := c.output(ctx, "--namespace", namespace, "tasks", "list")
	if err != nil {
		return nil, err
	}
	var list []Container
	for _, id := range ids {
		raw, err := c.output(ctx, "--namespace", namespace, "containers", "info", id)
		if err != nil {
			return nil, err
		}
		var answer struct {
			ID, Image string
			Labels    map[string]string
		}
		if err := json.Unmarshal(raw, &answer); err != nil {
			return nil, fmt.Errorf("its answer is not understood: %w", err)
		}
		one := Container{ID: answer.ID, Name: answer.ID, Image: answer.Image}
		for _, label := range nameLabels {
			if called := answer.Labels[label]; called != "" {
				one.Name = called
				break
			}
		}
		one.PID, one.Status = task(string(tasks), one.ID)
		one.Prepared = one.Status == "created"
		list = append(list, one)
	}
	return list, nil
}

// task reads the process ID and the state of a container in ctr's table, whose
// columns are the ID, the PID and the state. What has been stopped keeps its
// line; its process does not live.
func task(table, id string) (pid int, status string) {
	for line := range strings.Lines(table) {
		columns := strings.Fields(line)
		if len(columns) != 3 || columns[0] != id {
			continue
		}
		if columns[2] == "STOPPED" {
			return 0, strings.ToLower(columns[2])
		}
		pid, err := strconv.Atoi(columns[1])
		if err != nil {
			return -1, "" // ask refuses it
		}
		return pid, strings.ToLower(columns[2])
	}
	return 0, "not started"
}

func (c containerd) output(ctx context.Context, arguments ...string) ([]byte, error) {
	return output(ctx, c.program, append([]string{"--address", c.socket}, arguments...)...)
}

// words are the names, one a line, that ctr lists. What is no name is left out:
// it would be taken for an option.
func (c containerd) words(ctx context.Context, arguments ...string) ([]string, error) {
	raw, err := c.output(ctx, arguments...)
	if err != nil {
		return nil, err
	}
	var list []string
	for line := range strings.Lines(string(raw)) {
		if word := strings.TrimSpace(line); isName(word) {
			list = append(list, word)
		}
	}
	return list, nil
}
