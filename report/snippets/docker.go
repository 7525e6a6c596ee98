package snippets

import (
	"strings"

	"github.com/cap-audit/cap-audit/capng"
)

// Docker is a command for Docker and Podman, which take the same options.
func Docker(a Advice) string {
	return ofDocker(a) + a.seccompHint("--security-opt=seccomp=FILE", docker, podman) +
		fill("docker run ", append(dockerOptions(a), "IMAGE"), " ", " \\\n    ")
}

// DockerOptions are the options alone, on one line and without a comment: a
// shell can put them into a command by $(…).
func DockerOptions(a Advice) string { return strings.Join(dockerOptions(a), " ") }

func dockerOptions(a Advice) []string {
	options := []string{"--cap-drop=ALL"}
	for _, name := range spell(a.Grant, capng.Upper) {
		options = append(options, "--cap-add="+name)
	}
	if a.noNewPrivs() {
		options = append(options, "--security-opt=no-new-privileges")
	}
	return options
}
