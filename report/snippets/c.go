package snippets

import "github.com/cap-audit/cap-audit/capng"

// C is a function for the program itself, to be linked with -lcap-ng. It leaves
// the bounding set alone: reducing that takes SETPCAP, which a program with
// just what it needs does not have.
func C(a Advice) string {
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

// when tells at which point a program should limit itself.
func when(a Advice, open, end string) string {
	if a.Dropped {
		return open + "Call this once initialisation is done, before starting threads." + end
	}
	return open + "Call this first thing, before starting threads." + end
}
