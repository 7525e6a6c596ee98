package snippets

import "github.com/cap-audit/cap-audit/capng"

// inContainer tells what container engines do not: neither Docker nor
// Kubernetes makes capabilities ambient.
const inContainer = `# A program that runs as root in the container has these at once; one that
# runs as another user there needs them as file capabilities, too.
`

// Docker is a command for Docker and Podman, which take the same options.
func Docker(a Advice) string {
	options := []string{"--cap-drop=ALL"}
	for _, name := range spell(a.Grant, capng.Upper) {
		options = append(options, "--cap-add="+name)
	}
	hint := ""
	if len(options) > 1 {
		hint = inContainer
	}
	return hint + fill("docker run ", append(options, "IMAGE"), " ", " \\\n    ")
}
