package report

import (
	"fmt"
	"io"
	"strings"
)

var (
	// GitHub's runner takes these back from a message (actions/runner, ActionCommand.cs).
	githubMessage = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	// and these from a property
	githubProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")

	githubCommands = map[level]string{levelError: "error", levelNote: "notice"}
)

// WriteGitHub writes how the run fits the policy as commands to the runner of GitHub Actions, which
// makes annotations of them. Its error is w's.
func WriteGitHub(w io.Writer, d *Document) error {
	var b strings.Builder
	for _, r := range d.remarks() {
		place := ""
		if file := d.Policy.place.File; file != "" {
			place = fmt.Sprintf("file=%s,line=%d,", githubProperty.Replace(printable(file)), r.line)
		}
		message := strings.Join(append([]string{r.title}, r.more...), "\n")
		fmt.Fprintf(&b, "::%s %stitle=%s::%s\n", githubCommands[r.level], place,
			githubProperty.Replace("cap-audit: "+d.subject()), githubMessage.Replace(message))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
