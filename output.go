package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/report"
)

// output is where the report will go.
type output struct {
	cfg *config
}

// openOutput looks before the run whether the report can be written after it.
func openOutput(cfg *config) (*output, error) {
	if cfg.output != "" {
		if err := writable(cfg.output); err != nil {
			return nil, fmt.Errorf("--output %s: %w; choose another file", printable(cfg.output), err)
		}
	}
	return &output{cfg}, nil
}

func writable(file string) error {
	info, err := os.Stat(file)
	switch {
	case err == nil && info.IsDir():
		return errors.New("is a directory")
	case err == nil && (!info.Mode().IsRegular() || isDescriptor(file)):
		return unix.Access(file, unix.W_OK)
	}
	dir := filepath.Dir(file)
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return fmt.Errorf("%s is not a directory", printable(dir))
	}
	return unix.Access(dir, unix.W_OK|unix.X_OK)
}

// write writes the report, whatever it takes: to the file, else to standard
// output, else to a new file among the temporary ones.
func (o *output) write(doc *report.Document) error {
	var text bytes.Buffer
	if err := o.render(&text, doc); err != nil {
		return err
	}
	var failed error
	if o.cfg.output != "" {
		err := replaceFile(o.cfg.output, text.Bytes())
		if err == nil {
			return nil
		}
		failed = fmt.Errorf("cannot write the report to %s: %w", printable(o.cfg.output), err)
	}
	_, err := os.Stdout.Write(text.Bytes())
	switch {
	case err == nil && failed != nil:
		return fmt.Errorf("%w; it is on standard output instead", failed)
	case err == nil:
		return nil
	case failed == nil:
		failed = fmt.Errorf("cannot write the report to standard output: %w", errors.Unwrap(err))
	}
	if errors.Is(err, syscall.EPIPE) {
		return failed // the reader has seen what it wanted
	}
	saved, err := saveElsewhere(text.Bytes(), o.cfg.format)
	if err != nil {
		// the last resort that is left
		os.Stderr.Write(text.Bytes())
		return failed
	}
	return fmt.Errorf("%w; it is in %s instead", failed, saved)
}

// writeInterim writes a report that another will follow: to the file, or to
// where the progress lines go, so that standard output never carries two
// documents.
func (o *output) writeInterim(doc *report.Document) error {
	var text bytes.Buffer
	if err := o.render(&text, doc); err != nil {
		return err
	}
	if o.cfg.output != "" {
		return replaceFile(o.cfg.output, text.Bytes())
	}
	_, err := o.cfg.humans().Write(text.Bytes())
	return err
}

func (o *output) render(w io.Writer, doc *report.Document) error {
	switch o.cfg.format {
	case formatJSON:
		return report.WriteJSON(w, doc)
	case formatYAML:
		return report.WriteYAML(w, doc)
	case formatSnippet:
		for _, doubt := range doc.Doubts() {
			warningf("%s", doubt)
		}
		return report.WriteSnippet(w, doc, o.cfg.emit)
	}
	return report.WriteText(w, doc, report.Width(os.Stdout, os.Getenv("COLUMNS")))
}

// replaceFile writes beside the file and renames, so that there is never half
// a report, and so that a link put there meanwhile is replaced and not
// followed. A device or FIFO is written to as it is.
func replaceFile(file string, text []byte) (err error) {
	if info, err := os.Stat(file); err == nil && (!info.Mode().IsRegular() || isDescriptor(file)) {
		f, err := os.OpenFile(file, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.Write(text)
		return errors.Join(err, f.Close())
	}
	tmp := filepath.Join(filepath.Dir(file), fmt.Sprintf(".cap-audit-%x.tmp", rand.Uint64()))
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(tmp)
		}
	}()
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(tmp, file)
}

// isDescriptor tells whether a path names one of our own open files, as
// /dev/stdout does: to rename over that would replace the machine's link.
func isDescriptor(file string) bool {
	for range 8 { // links in a row
		dir, err := filepath.EvalSymlinks(filepath.Dir(file))
		if err != nil {
			return false
		}
		if match, _ := filepath.Match("/proc/*/fd", dir); match {
			return true
		}
		target, err := os.Readlink(filepath.Join(dir, filepath.Base(file)))
		if err != nil {
			return false
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(dir, target)
		}
		file = target
	}
	return false
}

// saveElsewhere keeps a report that nobody took.
func saveElsewhere(text []byte, f format) (string, error) {
	file, err := os.CreateTemp("", "cap-audit-*."+f.extension())
	if err != nil {
		return "", err
	}
	_, err = file.Write(text)
	return file.Name(), errors.Join(err, file.Close())
}
