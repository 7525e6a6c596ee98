package without

import (
	"slices"
	"strconv"
	"strings"

	"github.com/cap-audit/cap-audit/objects"
)

// plain words need no quotes in a shell or a unit.
func plain(word string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./@+:,"
	return word != "" && strings.Trim(word, letters) == ""
}

// only is a word that is the same for all uses.
func only(one, other string) string {
	if one != other {
		return ""
	}
	return one
}

// both are all words.
func both(one, other string) string {
	if slices.Contains(strings.Fields(one), other) {
		return one
	}
	return one + " " + other
}

// commas are between all words.
func commas(one, other string) string {
	return strings.ReplaceAll(both(strings.ReplaceAll(one, ",", " "), other), " ", ",")
}

func lowest(one, other string) string {
	if number(other) < number(one) {
		return other
	}
	return one
}

func highest(one, other string) string {
	if number(other) > number(one) {
		return other
	}
	return one
}

// number of a word, of which infinity is the highest.
func number(word string) float64 {
	n, _ := strconv.ParseFloat(word, 64)
	return n
}

// asked is what first follows some words in what a call asks for, "" for nothing.
func (u Use) asked(words string) string {
	return append(objects.ValuesOf(u.Object.Option, words), "")[0]
}

// has: an option is among what a call asks for.
func (u Use) has(options ...string) bool {
	return slices.ContainsFunc(options, func(o string) bool { return strings.Contains(u.Object.Option, o) })
}

// by: it was in one of these system calls.
func (u Use) by(calls ...string) bool { return slices.Contains(calls, u.Syscall) }
