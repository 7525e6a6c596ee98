package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/policy"
	"github.com/cap-audit/cap-audit/report"
	"github.com/cap-audit/cap-audit/tracer"
)

// output is where the report will go, and what it will be held against.
type output struct {
	cfg *config
	// policy is that of --check, nil for none.
	policy *policy.Policy
}

// openOutput looks before the run whether the report can be written after it,
// and reads the policy, which the run could change.
func openOutput(cfg *config) (*output, error) {
	for _, file := range []struct{ option, name string }{{"output", cfg.output},
		{"policy-out", cfg.policyOut}} {
		if file.name == "" {
			continue
		}
		if err := writable(file.name); err != nil {
			return nil, fmt.Errorf("--%s %s: %w; choose another file", file.option, printable(file.name), err)
		}
	}
	o := &output{cfg: cfg}
	if cfg.check == "" {
		return o, nil
	}
	var err error
	if o.policy, err = policy.Load(cfg.check, openInput); err != nil {
		return nil, fmt.Errorf("--check %s: %w", printable(cfg.check), err)
	}
	for _, passedOver := range o.policy.Warnings {
		warningf("--check %s: %s", printable(cfg.check), passedOver)
	}
	if o.policy.Unlimited {
		warningf("--check %s: this unit allows every capability: without CapabilityBoundingSet= nothing can "+
			"be outside of it", printable(cfg.check))
	}
	return o, nil
}

func writable(file string) error {
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return errors.New("is a directory")
	}
	if _, ok := descriptor(file); ok {
		return unix.Access(file, unix.W_OK)
	}
	if info, err := os.Lstat(file); err == nil && inPlace(info.Mode()) {
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
	return o.writeText(text.Bytes())
}

func (o *output) writeText(text []byte) error {
	var failed error
	if o.cfg.output != "" {
		err := replaceFile(o.cfg.output, text)
		if err == nil {
			return nil
		}
		failed = fmt.Errorf("cannot write the report to %s: %w", printable(o.cfg.output), err)
	}
	_, err := os.Stdout.Write(text)
	if tracer.StdoutWasClosed() {
		err = &os.PathError{Op: "write", Path: "standard output", Err: syscall.EBADF}
	}
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
	saved, err := saveElsewhere(text, o.cfg.format)
	if err != nil {
		// the last resort that is left
		os.Stderr.Write(text)
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
	case formatJUnit:
		return report.WriteJUnit(w, doc)
	case formatPrometheus:
		return report.WritePrometheus(w, doc)
	}
	return report.WriteText(w, doc, report.Width(os.Stdout, os.Getenv("COLUMNS")))
}

// replaceFile writes beside the file and renames, so that there is never half
// a report, and so that a link put there meanwhile is replaced and not
// followed. A device or FIFO is written to as it is, and so is a descriptor of
// ours.
func replaceFile(file string, text []byte) (err error) {
	if f, err := openInPlace(file); f != nil || err != nil {
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

// openInPlace opens what is not to be replaced; nil is for all else. A link is
// followed to a descriptor of ours only: it can be anybody's, and lead to a
// disk.
func openInPlace(file string) (*os.File, error) {
	if n, ok := descriptor(file); ok {
		// not opened anew, which would begin at the start of a file, and could
		// write to one that was opened to be read
		fd, err := unix.FcntlInt(uintptr(n), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		return os.NewFile(uintptr(fd), file), nil
	}
	if info, err := os.Lstat(file); err != nil || !inPlace(info.Mode()) {
		return nil, nil
	}
	// open(2) would wait for a FIFO to have a reader, and for a modem to answer
	fd, err := unix.Open(file, unix.O_WRONLY|unix.O_NOFOLLOW|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENXIO) {
		return nil, fmt.Errorf("nothing reads from it: %w", err)
	}
	if err != nil {
		return nil, err
	}
	err = unix.SetNonblock(fd, false) // a slow reader is waited for
	f := os.NewFile(uintptr(fd), file)
	info, statErr := f.Stat()
	if err = errors.Join(err, statErr); err == nil && !inPlace(info.Mode()) {
		err = errors.New("it has become another file meanwhile")
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// inPlace: a device, a FIFO or, which then cannot be opened, a socket.
func inPlace(mode fs.FileMode) bool {
	return mode&(fs.ModeDevice|fs.ModeNamedPipe|fs.ModeSocket) != 0
}

// descriptor tells whether a path names one of our own open files, as
// /dev/stdout does, and which: to rename over that would replace the machine's
// link.
func descriptor(file string) (n int, ok bool) {
	own, err := filepath.EvalSymlinks("/proc/self/fd")
	if err != nil {
		return 0, false
	}
	for range 8 { // links in a row
		dir, err := filepath.EvalSymlinks(filepath.Dir(file))
		if err != nil {
			return 0, false
		}
		if dir == own {
			n, err := strconv.Atoi(filepath.Base(file))
			return n, err == nil
		}
		target, err := os.Readlink(filepath.Join(dir, filepath.Base(file)))
		if err != nil {
			return 0, false
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(dir, target)
		}
		file = target
	}
	return 0, false
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
