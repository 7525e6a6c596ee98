// Package policy reads and writes the capabilities that a program is allowed.
package policy

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/hint"
)

// Policy is an allowed set.
type Policy struct {
	// Allowed has bit n for capability number n.
	Allowed uint64
	// Unlimited: a unit that limits nothing, so that every capability is allowed.
	Unlimited bool
	// Warnings are lines of a unit file that systemd passes over, and what older
	// systemd makes of others.
	Warnings []string
	// Line is the line of the file in which the list begins, or what a unit limits capabilities with;
	// 0 where the policy is no file. Lines are those of the capabilities in it.
	Line  int
	Lines map[int]int
}

// maxSize bounds what is read of a file: a policy is a page.
const maxSize = 1 << 20

// Load reads what the command line names: "none" or capabilities in any
// spelling with commas between them, else a file. A list is taken for a list
// even where there is a file of that name, which can be spelt ./name. A file
// whose first line, but for comments and blank ones, begins with [ is a unit
// file; any other has to be one of ours, in YAML or JSON. Files are opened with
// open.
func Load(spec string, open func(name string) (*os.File, error)) (*Policy, error) {
	set, unknown := parseNames(spec)
	if unknown == "" {
		return &Policy{Allowed: set}, nil
	}
	text, err := readFile(spec, open)
	if errors.Is(err, os.ErrNotExist) && !strings.ContainsAny(spec, "/.") {
		err := fmt.Errorf("neither a file nor a list of capabilities: %s is none", escape(unknown))
		return nil, hint.Add(err, "capabilities(7) lists them")
	}
	if err != nil {
		return nil, err
	}
	if isUnit(text) {
		return loadUnit(spec, text)
	}
	return parseFile(text)
}

// parseNames reads an inline list. unknown is the first word in it that is no
// capability, "" if all are.
func parseNames(list string) (set uint64, unknown string) {
	if strings.EqualFold(list, "none") {
		return 0, ""
	}
	for word := range strings.SplitSeq(list, ",") {
		n, ok := capng.Number(strings.TrimSpace(word))
		if !ok {
			return 0, strings.TrimSpace(word) + empty(word)
		}
		set |= 1 << n
	}
	return set, ""
}

// empty names a word that is nothing.
func empty(word string) string {
	if strings.TrimSpace(word) == "" {
		return "an empty name"
	}
	return ""
}

func readFile(name string, open func(name string) (*os.File, error)) (string, error) {
	f, err := open(name)
	if err != nil {
		return "", reason(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return "", reason(err)
	}
	if len(text) > maxSize {
		return "", fmt.Errorf("is larger than %d bytes: no policy is", maxSize)
	}
	return string(text), nil
}

// reason is the error without the operation and the path, which the caller
// names.
func reason(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// escape quotes what is not printable: the words of a file are anybody's.
func escape(s string) string {
	const most = 40
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most]) + "..."
	}
	return fmt.Sprintf("%q", s)
}
