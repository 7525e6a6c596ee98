package report

import (
	"io"
	"net/url"
	"path"
	"slices"
	"strings"
)

// The objects of a SARIF 2.1.0 log (OASIS, with errata 01) that consumers read: GitHub's code scanning,
// Azure DevOps, editors.
type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool struct {
		Driver sarifDriver `json:"driver"`
	} `json:"tool"`
	Invocations []sarifInvocation `json:"invocations"`
	Results     []sarifResult     `json:"results"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID            string             `json:"id"`
	Short         sarifMessage       `json:"shortDescription"`
	Full          sarifMessage       `json:"fullDescription"`
	Help          sarifMessage       `json:"help"`
	Configuration sarifConfiguration `json:"defaultConfiguration"`
}

type sarifConfiguration struct {
	Level string `json:"level"`
}

type sarifInvocation struct {
	Successful bool `json:"executionSuccessful"`
}

type sarifResult struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Level        string            `json:"level"`
	Message      sarifMessage      `json:"message"`
	Locations    []sarifLocation   `json:"locations,omitempty"`
	Fingerprints map[string]string `json:"partialFingerprints"`
}

type sarifMessage struct {
	Text string `json:"text"`
}

type sarifLocation struct {
	Physical struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region struct {
			StartLine int `json:"startLine"`
		} `json:"region"`
	} `json:"physicalLocation"`
}

const (
	sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	homepage    = "https://github.com/cap-audit/cap-audit"
)

var sarifLevels = map[level]string{levelError: "error", levelNote: "note"}

// WriteSARIF writes how the run fits the policy, each remark with its line of the policy's file. Its
// error is w's.
func WriteSARIF(w io.Writer, d *Document) error {
	run := sarifRun{
		Invocations: []sarifInvocation{{d.Policy.Sure}},
		Results:     each(d.remarks(), d.sarifResult),
	}
	run.Tool.Driver = sarifDriver{"cap-audit", d.Tool.Version, homepage, each(rules, rule.sarif)}
	return writeJSON(w, sarifLog{sarifSchema, "2.1.0", []sarifRun{run}})
}

func (r rule) sarif() sarifRule {
	return sarifRule{r.id, sarifMessage{r.says}, sarifMessage{r.says}, sarifMessage{r.help},
		sarifConfiguration{sarifLevels[r.level]}}
}

func (d *Document) sarifResult(r remark) sarifResult {
	return sarifResult{
		RuleID:    r.id,
		RuleIndex: slices.Index(rules, r.rule),
		Level:     sarifLevels[r.level],
		Message:   sarifMessage{sarifText(strings.Join(append([]string{r.title + "."}, r.more...), "\n"))},
		Locations: d.Policy.place.sarif(r.line),
		// GitHub tells results apart by this key alone
		Fingerprints: map[string]string{"primaryLocationLineHash": d.fingerprint(r) + ":1"},
	}
}

// sarifText is a text in which nothing is a placeholder or a link (3.11.5, 3.11.6).
func sarifText(s string) string {
	return strings.NewReplacer("{", "{{", "}", "}}", "](", `]\x28`).Replace(s)
}

func (p Place) sarif(line int) []sarifLocation {
	if p.File == "" {
		return nil
	}
	var l sarifLocation
	l.Physical.Artifact.URI = fileURI(p.File)
	l.Physical.Region.StartLine = line
	return []sarifLocation{l}
}

// fileURI is a relative reference where the path is relative (RFC 3986, 4.2).
func fileURI(file string) string {
	u := url.URL{Path: file}
	if path.IsAbs(file) {
		u.Scheme = "file"
	}
	return u.String()
}
