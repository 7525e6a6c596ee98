package report

import (
	"io"
	"strings"
)

// gitlabIssue is an entry of GitLab's Code Quality report, with the keys that it wants.
type gitlabIssue struct {
	Description string `json:"description"`
	CheckName   string `json:"check_name"`
	Fingerprint string `json:"fingerprint"`
	Severity    string `json:"severity"`
	Location    struct {
		Path  string `json:"path"`
		Lines struct {
			Begin int `json:"begin"`
		} `json:"lines"`
	} `json:"location"`
}

var gitlabSeverities = map[level]string{levelError: "major", levelNote: "info"}

// WriteGitLab writes how the run fits the policy as a Code Quality report, which GitLab shows beside the
// lines of a merge request. Its error is w's.
func WriteGitLab(w io.Writer, d *Document) error {
	return writeJSON(w, each(d.remarks(), d.gitlabIssue))
}

func (d *Document) gitlabIssue(r remark) gitlabIssue {
	issue := gitlabIssue{
		Description: strings.Join(append([]string{d.subject() + ": " + r.title}, r.more...), "; "),
		CheckName:   "cap-audit/" + r.id,
		Fingerprint: d.fingerprint(r),
		Severity:    gitlabSeverities[r.level],
	}
	issue.Location.Path = valid(d.Policy.place.File)
	issue.Location.Lines.Begin = r.line
	return issue
}
