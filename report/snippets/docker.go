package snippets

import (
	"strings"

	"github.com/cap-audit/cap-audit/capng"
)

// Docker is a command for Docker and Podman, which take the same options.
func Docker(a Advice) string {
	return a.dockerHint() + a.seccompHint("--security-opt=seccomp=FILE", a.dockerOrPodman()...) +
		fill("docker run ", append(dockerOptions(a), "IMAGE"), " ", " \\\n    ")
}

// dockerHint is for what reads the snippet: Podman makes ambient what Docker does not.
func (a Advice) dockerHint() string {
	if a.Engine == "podman" {
		return a.gainHint()
	}
	return ofDocker(a)
}

// dockerOrPodman is that of them which runs the container, both where it is not known.
func (a Advice) dockerOrPodman() []engine {
	switch a.Engine {
	case "docker":
		return []engine{docker}
	case "podman":
		return []engine{podman}
	}
	return []engine{docker, podman}
}

// DockerOptions are the options alone, on one line and without a comment: a
// shell can put them into a command by $(…).
func DockerOptions(a Advice) string { return strings.Join(dockerOptions(a), " ") }

func dockerOptions(a Advice) []string {
	options := []string{"--cap-drop=ALL"}
	for _, name := range spell(a.Grant, capng.Upper) {
		options = append(options, "--cap-add="+name)
	}
	for _, path := range a.devices() {
		options = append(options, "--device="+path)
	}
	if a.noNewPrivs() {
		options = append(options, "--security-opt=no-new-privileges")
	}
	return options
}
