package audit

import "strings"

const (
	decimal = "0123456789"
	capital = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	letters = "abcdefghijklmnopqrstuvwxyz" + capital
)

// shortest is how many characters mktemp(1) makes up at least.
const shortest = 3

// temporary is what different names have in common, with a * for the rest, if that is
// made up, as by mktemp(1), or a number. Else it is "". Made up are as many letters and
// digits in each name; words are told apart by their being small letters alone, which
// six such characters are in one name of two hundred.
func temporary(names []string) string {
	if len(names) < fewest {
		return ""
	}
	before := shared(names, strings.HasPrefix, func(s string) string { return s[:len(s)-1] })
	rests := make([]string, len(names))
	for i, name := range names {
		rests[i] = name[len(before):]
	}
	after := shared(rests, strings.HasSuffix, func(s string) string { return s[1:] })
	numbers, madeUp, mixed := true, true, 0
	length := len(rests[0]) - len(after)
	for _, rest := range rests {
		middle := rest[:len(rest)-len(after)]
		numbers = numbers && consists(middle, decimal)
		madeUp = madeUp && len(middle) == length && consists(middle, decimal+letters+"_")
		if strings.ContainsAny(middle, decimal+capital) {
			mixed++
		}
	}
	switch {
	case numbers:
		return strings.TrimRight(before, decimal) + "*" + strings.TrimLeft(after, decimal)
	case madeUp && length >= shortest && mixed >= len(names)*3/4:
		return before + "*" + after
	}
	return ""
}

// shared is what all strings have, with what is cut off of the first until they do.
func shared(list []string, has func(s, part string) bool, shorter func(string) string) string {
	part := list[0]
	for _, s := range list {
		for !has(s, part) {
			part = shorter(part)
		}
	}
	return part
}

func consists(s, of string) bool { return s != "" && strings.Trim(s, of) == "" }
