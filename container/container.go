// Package container finds out about a container from the engine that runs it.
//
// What engines answer is partly the container's or its maker's choice. It is
// read into fixed types, in bounded time and size, and nothing of it is ever
// executed or opened; what is a text in there has to be escaped by who shows it.
package container

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/hint"
	"github.com/cap-audit/cap-audit/lazy"
)

// Container is one that runs.
type Container struct {
	// Engine is podman, docker or containerd, or what a runtime of Kubernetes calls itself.
	Engine string
	// ID in full, and the name; containers of containerd's own have no other
	// name than that.
	ID, Name string
	// Image as whoever started the container called it; "" if unknown.
	Image string
	// ImageDigest is by what the runtime knows it for certain: the digest of its manifest
	// where it came from a registry, else its ID; "" if unknown.
	ImageDigest string
	// Pod is the one that it is a part of, if any.
	Pod Pod
	// PID of the container's first process, as our pid namespace has it.
	PID int
	// Cgroup is the path of the cgroup v2 group that holds all of the
	// container, what its engine's exec starts included, and nothing else: ""
	// where there is none.
	Cgroup string
	// Prepared: it is all there but for the execution of its own program, as
	// after podman init.
	Prepared bool
	// Status in the engine's words.
	Status string
}

// patience is how long one engine may take to answer.
var patience = 10 * time.Second

// engine is one that can be asked. Its answer has all containers that the name
// fits, stopped ones included; those have no PID.
type engine struct {
	name string
	find func(ctx context.Context, name string) ([]Container, error)
}

// engines in the order of precedence: the containers of pods are containerd's or
// docker's, too, which know less of them; docker's are containerd's; and podman can play
// docker.
var engines = []engine{
	{"CRI", findCRI},
	{"podman", findPodman},
	{"docker", findDocker},
	{"containerd", findContainerd},
}

// absentError is why an engine cannot be asked: it is not on this machine, or
// does not run.
type absentError string

func (e absentError) Error() string { return string(e) }

// names are what the engines themselves allow. It keeps options, paths and
// filter expressions out of what they are asked.
var names = lazy.Regexp(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)

// isName also of an ID. A name is at most as long as a file's.
func isName(text string) bool { return len(text) <= unix.NAME_MAX && names().MatchString(text) }

// Find asks every engine for the container with that name, ID or unambiguous
// beginning of an ID. Its errors say what to try next.
func Find(ctx context.Context, name string) (*Container, error) {
	if !isName(name) {
		return nil, errors.New("is no name or ID of a container: those have letters, digits and _.- and " +
			"begin with a letter or a digit")
	}
	var running, stopped []Container
	var answers []string
	absent := 0
	for _, e := range engines {
		found, err := ask(ctx, e, name)
		for _, c := range found {
			switch {
			case c.PID == 0:
				stopped = append(stopped, c)
			case !has(running, c.ID):
				running = append(running, c)
			}
		}
		var not absentError
		switch {
		case errors.As(err, &not):
			absent++
			answers = append(answers, fmt.Sprintf("%s is not there (%v)", e.name, err))
		case err != nil:
			answers = append(answers, fmt.Sprintf("%s cannot tell: %v", e.name, err))
		case len(found) == 0:
			answers = append(answers, e.name+" has none")
		}
	}
	switch {
	case len(running) == 1:
		return locate(running[0])
	case len(running) > 1:
		return nil, hint.Add(fmt.Errorf("is ambiguous: %s", listed(running)), "give the whole ID")
	case len(stopped) > 0:
		return nil, hint.Add(fmt.Errorf("does not run: %s", listed(stopped)), "start it and try again")
	case absent == len(engines):
		return nil, hint.Add(fmt.Errorf("no engine to ask: %s", strings.Join(answers, ", ")),
			"name a process of it with --pid")
	}
	return nil, hint.Add(fmt.Errorf("no such container: %s", strings.Join(answers, ", ")),
		"one that another user runs is known to that user's engine alone: ask that for State.Pid and use "+
			"--pid")
}

func ask(ctx context.Context, e engine, name string) ([]Container, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	found, err := e.find(ctx, name)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("no answer within %v", patience)
	}
	for i := range found {
		if found[i].Engine == "" {
			found[i].Engine = e.name
		}
	}
	if err != nil {
		return nil, err
	}
	return checked(found)
}

// checked are containers of an answer, whose texts are bounded.
func checked(found []Container) ([]Container, error) {
	for i, c := range found {
		switch {
		case !isName(c.ID):
			return nil, errors.New("its answer has no ID")
		case c.PID < 0 || c.PID == 1 || c.PID > maxPID:
			return nil, fmt.Errorf("its answer has a process ID of %d", c.PID)
		}
		for _, text := range []*string{&c.Name, &c.Image, &c.ImageDigest, &c.Status, &c.Pod.Namespace,
			&c.Pod.Name, &c.Pod.UID} {
			*text = clip(*text)
		}
		if !digests().MatchString(c.ImageDigest) {
			c.ImageDigest = ""
		}
		found[i] = c
	}
	return found, nil
}

// digests are those of the image specification.
var digests = lazy.Regexp(`^[a-z0-9]+([+._-][a-z0-9]+)*:[0-9a-fA-F]{32,128}$`)

// maxPID is PID_MAX_LIMIT of include/linux/threads.h.
const maxPID = 4 << 20

// clip bounds a text of an answer. Names of images have at most 255 bytes and
// a tag or digest.
func clip(text string) string {
	const most = 512
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}

func has(list []Container, id string) bool {
	for _, c := range list {
		if c.ID == id {
			return true
		}
	}
	return false
}

// listed names containers for an error.
func listed(list []Container) string {
	const most = 4
	var words []string
	for i, c := range list {
		if i == most {
			words = append(words, fmt.Sprintf("and %d more", len(list)-most))
			break
		}
		name := c.Name
		if c.Pod != (Pod{}) {
			name += " of " + c.Pod.String()
		}
		word := fmt.Sprintf("%s has %s with the ID %s", c.Engine, name, c.ID)
		if c.Status != "" {
			word += " (" + c.Status + ")"
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}
