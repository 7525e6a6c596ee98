package output

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/files"
	"github.com/cap-audit/cap-audit/report"
)

// WriteOf writes the report on one of several: into its file in the directory, in the place of
// an earlier one on it, else to standard output after the others. name is a path without the
// slash that it begins with, "" for what they are all in.
func (o *Output) WriteOf(name string, doc *report.Document) error {
	var text bytes.Buffer
	if err := o.render(&text, doc); err != nil {
		return err
	}
	if o.directory == nil {
		return writeToStdout(text.Bytes())
	}
	file := fileOf(name) + "." + o.Format.extension()
	if err := o.directory.Replace(file, text.Bytes()); err != nil {
		return fmt.Errorf("cannot write %s in %s: %w", file, console.Printable(o.File), err)
	}
	return nil
}

// SaveOf writes the report among the temporary files, where its own could not be written, and says where.
func (o *Output) SaveOf(doc *report.Document) (file string, err error) {
	var text bytes.Buffer
	if err := o.render(&text, doc); err != nil {
		return "", err
	}
	return files.Save("cap-audit-*."+o.Format.extension(), text.Bytes())
}

const (
	// itself is the file of what the others are in; no name is escaped like that.
	itself = "%self"
	// longestFile leaves room for the extension (NAME_MAX is 255).
	longestFile = 200
)

// fileOf is a file name for a path, another for each: what is no printable ASCII, a slash, the
// dot that it begins with and the percent sign are a percent sign and two digits. Of a long one
// the end is a hash of all.
func fileOf(path string) string {
	if path == "" {
		return itself
	}
	var b strings.Builder
	for i := range len(path) {
		c := path[i]
		if c <= ' ' || c >= 0x7f || c == '/' || c == '%' || c == '.' && i == 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	name := b.String()
	if len(name) <= longestFile {
		return name
	}
	const digits = 16
	hash := fmt.Sprintf("%%~%x", sha256.Sum256([]byte(path)))[:2+digits*2]
	return name[:longestFile-len(hash)] + hash
}
