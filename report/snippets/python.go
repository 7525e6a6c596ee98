package snippets

import (
	"strings"

	"github.com/cap-audit/cap-audit/capng"
)

// Python is the same as C for a Python program.
func Python(a Advice) string {
	keep := spell(a.Keep, func(n int) string { return "capng." + capng.Constant(n) })

	text := `import capng  # Debian's package: python3-cap-ng

` + when(a, "# ", "") + `
def keep_needed_capabilities():
    capng.capng_clear(capng.CAPNG_SELECT_CAPS)
`
	if len(keep) > 0 {
		// capng_updatev takes any number of arguments in C, where the last one
		// is -1, but not through SWIG
		text += "    for capability in (\n        " + strings.Join(keep, ",\n        ") + `,
    ):
        capng.capng_update(capng.CAPNG_ADD,
                           capng.CAPNG_EFFECTIVE | capng.CAPNG_PERMITTED,
                           capability)
`
	}
	return text + `    if capng.capng_apply(capng.CAPNG_SELECT_CAPS) != 0:
        raise SystemExit("cannot give up capabilities")`
}
