package snippets

import "github.com/cap-audit/cap-audit/capng"

// C is a function for the program itself, to be linked with -lcap-ng. It leaves
// the bounding set alone: reducing that takes SETPCAP, which a program with
// just what it needs does not have.
func C(a Advice) string {
	if a.Script && !a.Python {
		return "# A script has no way of its own to give capabilities up. Limit it from\n# outside, by one " +
			"of the other ways."
	}
	keep := spell(a.Keep, capng.Constant)

	text := `#include <cap-ng.h>
#include <stdio.h>
#include <stdlib.h>

` + when(a, "/* ", " */") + `
static void keep_needed_capabilities(void)
{
    capng_clear(CAPNG_SELECT_CAPS);
`
	if len(keep) > 0 {
		text += fill(`    if (capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
                      `, append(keep, "-1"), ", ", ",\n                      ") + `) != 0 ||
        capng_apply(CAPNG_SELECT_CAPS) != 0) {
`
	} else {
		text += `    if (capng_apply(CAPNG_SELECT_CAPS) != 0) {
`
	}
	return text + `        fputs("cannot give up capabilities\n", stderr);
        exit(EXIT_FAILURE);
    }
}`
}

// when tells at which point a program should limit itself, where that limits
// only the thread that does it and those it starts.
func when(a Advice, open, end string) string {
	return open + moment(a) + ", before starting threads." + end + later(a, open, end)
}

// whenTo is the same where it limits all threads.
func whenTo(a Advice, open, end string) string {
	return open + moment(a) + "." + end + later(a, open, end)
}

func moment(a Advice) string {
	if a.Dropped {
		return "Call this once initialisation is done"
	}
	return "Call this first thing"
}

// later says of what it kept that it need not, if it is called at another moment.
func later(a Advice, open, end string) string {
	early := spell(a.Early, capng.Constant)
	if len(early) == 0 {
		return ""
	}
	first := "it begins to serve"
	if a.First != "" {
		first = "its first " + a.First + "()"
	}
	return "\n" + open + "Or call it right before " + first + ", and leave out what" + end + "\n" +
		fill(open+"was used only until then: ", early, ", ", ","+end+"\n"+open) + "." + end
}
