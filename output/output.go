package output

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"

	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/files"
	"github.com/cap-audit/cap-audit/hint"
	"github.com/cap-audit/cap-audit/policy"
	"github.com/cap-audit/cap-audit/report"
	"github.com/cap-audit/cap-audit/tracer"
)

// Output is where the report will go, and what it will be held against.
type Output struct {
	Options
	// policy is that of --check, nil for none.
	policy *policy.Policy
	// directory is that of many reports, nil for none.
	directory *files.Directory
	// Stream is that of --events, nil for none.
	Stream *Events
}

// Open looks before the run whether the report can be written after it, and
// reads the policy, which the run could change.
func Open(options Options) (*Output, error) {
	for _, file := range []struct{ option, name string }{{"output", options.File},
		{"policy-out", options.PolicyOut}, {"events", options.Events}} {
		if file.name == "" || options.Each && file.name == options.File {
			continue
		}
		if err := files.Writable(file.name); err != nil {
			err = fmt.Errorf("--%s %s: %w", file.option, console.Printable(file.name), err)
			return nil, hint.Add(err, "choose another file")
		}
	}
	o := &Output{Options: options}
	err := o.openDirectory()
	if err == nil {
		err = o.loadPolicy()
	}
	if err == nil {
		o.Stream, err = openEvents(options.Events)
	}
	return o, err
}

// openDirectory opens that of many reports.
func (o *Output) openDirectory() (err error) {
	if !o.Each || o.File == "" {
		return nil
	}
	if o.directory, err = files.OpenDirectory(o.File); err != nil {
		err = fmt.Errorf("--output %s: %w", console.Printable(o.File), err)
		return hint.Add(err, "name a directory, which is made if it is not there")
	}
	return nil
}

// loadPolicy reads that of --check, if there is one.
func (o *Output) loadPolicy() (err error) {
	if o.Check == "" {
		return nil
	}
	if o.policy, err = policy.Load(o.Check, files.Open); err != nil {
		return fmt.Errorf("--check %s: %w", console.Printable(o.Check), err)
	}
	if o.policy.Line == 0 && (o.Format == SARIF || o.Format == GitLab) {
		return fmt.Errorf("--format %s names lines of the policy: --check a file, which --policy-out writes",
			o.Format)
	}
	for _, passedOver := range o.policy.Warnings {
		console.Warningf("--check %s: %s", console.Printable(o.Check), passedOver)
	}
	if o.policy.Unlimited {
		console.Warningf("--check %s: this unit allows every capability: without CapabilityBoundingSet= "+
			"nothing can be outside of it", console.Printable(o.Check))
	}
	return nil
}

// Allowed is what the policy of --check allows, bit n for capability number n; 0 where it sets
// no limit, or there is none.
func (o *Output) Allowed() uint64 {
	if o.policy == nil || o.policy.Unlimited {
		return 0
	}
	return o.policy.Allowed
}

// Write writes the report, whatever it takes: to the file, else to standard
// output, else to a new file among the temporary ones.
func (o *Output) Write(doc *report.Document) error {
	var text bytes.Buffer
	if err := o.render(&text, doc); err != nil {
		return err
	}
	return o.WriteText(text.Bytes())
}

func (o *Output) WriteText(text []byte) error {
	var failed error
	if o.File != "" {
		err := files.Replace(o.File, text)
		if err == nil {
			return nil
		}
		failed = fmt.Errorf("cannot write the report to %s: %w", console.Printable(o.File), err)
	}
	err := writeToStdout(text)
	switch {
	case err == nil && failed != nil:
		return fmt.Errorf("%w; it is on standard output instead", failed)
	case err == nil:
		return nil
	case failed == nil:
		failed = err
	}
	if errors.Is(err, syscall.EPIPE) {
		return failed // the reader has seen what it wanted
	}
	saved, err := files.Save("cap-audit-*."+o.Format.extension(), text)
	if err != nil {
		// the last resort that is left
		os.Stderr.Write(text)
		return failed
	}
	return fmt.Errorf("%w; it is in %s instead", failed, saved)
}

func writeToStdout(text []byte) error {
	_, err := os.Stdout.Write(text)
	if tracer.StdoutWasClosed() {
		err = &os.PathError{Op: "write", Path: "standard output", Err: syscall.EBADF}
	}
	if err != nil {
		return fmt.Errorf("cannot write the report to standard output: %w", errors.Unwrap(err))
	}
	return nil
}

// WriteInterim writes a report that another will follow: to the file, or to
// where the progress lines go, so that standard output never carries two
// documents.
func (o *Output) WriteInterim(doc *report.Document) error {
	if o.Format.OfPolicy() {
		return fmt.Errorf("--format %s has no interim report: the run is held against the policy at its end",
			o.Format)
	}
	var text bytes.Buffer
	if err := o.render(&text, doc); err != nil {
		return err
	}
	if o.File != "" {
		return files.Replace(o.File, text.Bytes())
	}
	_, err := o.Humans().Write(text.Bytes())
	return err
}

// writers are those of the formats that need nothing but the document.
var writers = map[Format]func(io.Writer, *report.Document) error{
	JSON: report.WriteJSON, NDJSON: report.WriteNDJSON, YAML: report.WriteYAML, JUnit: report.WriteJUnit,
	Prometheus: report.WritePrometheus, Markdown: report.WriteMarkdown, HTML: report.WriteHTML,
	SARIF: report.WriteSARIF, GitHub: report.WriteGitHub, GitLab: report.WriteGitLab,
}

func (o *Output) render(w io.Writer, doc *report.Document) error {
	if write := writers[o.Format]; write != nil {
		return write(w, doc)
	}
	if o.Format == Snippet {
		if err := cmp.Or(doc.Blocked(), doc.Unfounded(o.Emit), doc.Unfilterable(o.Emit)); err != nil {
			return err
		}
		for _, doubt := range slices.Concat(doc.DoubtsOf(o.Emit), doc.Dangers()) {
			console.Warningf("%s", doubt)
		}
		return report.WriteSnippet(w, doc, o.Emit)
	}
	return report.WriteText(w, doc, o.page())
}

// page is where the text report goes.
func (o *Output) page() report.Page {
	page := report.PageOf(os.Stdout, os.Getenv("COLUMNS"))
	page.Terminal = page.Terminal && o.File == ""
	return page
}
