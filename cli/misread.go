package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/lazy"
)

// noTruth is what the library says of --json=maybe.
var noTruth = lazy.Regexp(`^invalid boolean value (".*") for -(\S+): `)

// misread says what the library could not read of the words: that one calls
// every option by a single dash.
func misread(err error, words []string) error {
	said := err.Error()
	if word, ok := strings.CutPrefix(said, "bad flag syntax: "); ok {
		return noOption(word)
	}
	if name, ok := strings.CutPrefix(said, "flag provided but not defined: -"); ok {
		return noOption(typed(name, words))
	}
	if name, ok := strings.CutPrefix(said, "flag needs an argument: -"); ok {
		return fmt.Errorf("%s: the argument is missing", dashed(name))
	}
	if m := noTruth().FindStringSubmatch(said); m != nil {
		return fmt.Errorf("%s=%s: there are true, false", dashed(m[2]), m[1])
	}
	return errors.New(said)
}

func noOption(word string) error {
	in := ""
	if letter := strayLetter(word); letter != "" {
		word, in = letter, " in "+console.Printable(word)
	}
	return fmt.Errorf("there is no option %s%s", console.Printable(word), in)
}

// strayLetter is the first of several letters, as in -vxj, that is no option; ""
// where the word is not meant as letters.
func strayLetter(word string) string {
	isLetter := func(letter string) bool {
		return slices.ContainsFunc(options, func(o option) bool { return slices.Contains(o.Names(), letter) })
	}
	if strings.HasPrefix(word, "--") || len(word) < 3 || !isLetter(word[1:2]) {
		return ""
	}
	for _, r := range word[1:] {
		if !isLetter(string(r)) {
			return "-" + string(r)
		}
	}
	return ""
}

// typed is an option of that name as it stands among the words.
func typed(name string, words []string) string {
	for _, word := range words {
		word, _, _ = strings.Cut(word, "=")
		if strings.HasPrefix(word, "-") && strings.TrimLeft(word, "-") == name {
			return word
		}
	}
	return dashed(name)
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}
