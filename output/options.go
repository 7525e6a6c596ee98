// Package output is where a report goes, and what it is held against.
package output

import (
	"os"
)

// Format of the report.
type Format string

// The formats; Snippet is --emit: one snippet and nothing else.
const (
	Text       Format = "text"
	JSON       Format = "json"
	NDJSON     Format = "ndjson"
	YAML       Format = "yaml"
	JUnit      Format = "junit"
	Prometheus Format = "prometheus"
	Markdown   Format = "markdown"
	HTML       Format = "html"
	SARIF      Format = "sarif"
	GitHub     Format = "github"
	GitLab     Format = "gitlab"
	Snippet    Format = "snippet"
)

// Formats are those that --format names.
var Formats = []Format{Text, JSON, NDJSON, YAML, JUnit, Prometheus, Markdown, HTML, SARIF,
	GitHub, GitLab}

// OfPolicy: it says how the run fits the policy, and nothing else.
func (f Format) OfPolicy() bool { return f == SARIF || f == GitHub || f == GitLab }

// extension of a file that holds the format.
func (f Format) extension() string {
	switch f {
	case JSON, NDJSON, YAML, HTML, SARIF:
		return string(f)
	case GitLab:
		return "json"
	case JUnit:
		return "xml"
	case Prometheus:
		return "prom"
	case Markdown:
		return "md"
	}
	return "txt"
}

// Options are what a command line says of the report.
type Options struct {
	Format Format
	Emit   string // kind of snippet, with Snippet
	File   string // "" for standard output
	// Each: there are many reports, and File is a directory.
	Each bool

	Check       string // policy, "" for none
	CheckUnused bool
	PolicyOut   string // file, "" for none
	Events      string // file, "" for none
	Propagate   bool   // exit as the program did

	Version string // of cap-audit, for the document
}

// Machine: standard output carries the document and nothing else.
func (o *Options) Machine() bool { return o.Format != Text && o.File == "" }

// Humans is where progress and verbose lines go: standard output, unless that
// carries a document for programs.
func (o *Options) Humans() *os.File {
	if o.Machine() {
		return os.Stderr
	}
	return os.Stdout
}
