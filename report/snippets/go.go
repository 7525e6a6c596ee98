package snippets

import (
	"strings"

	"github.com/cap-audit/cap-audit/capng"
)

// Go is the same as C for a Go program. The package is libcap's: the kernel
// keeps capabilities for each thread, a Go program has several from its start,
// and this package changes them all.
func Go(a Advice) string {
	keep := spell(a.Keep, func(n int) string { return "cap." + capng.Upper(n) })

	text := `import (
	"log"

	"kernel.org/pub/linux/libs/security/libcap/cap"
)

` + whenTo(a, "// ", "") + `
// The package limits all threads of the program; capset(2) would limit one.
func keepNeededCapabilities() {
	keep := cap.NewSet()
`
	if len(keep) > 0 {
		list := "{" + strings.Join(keep, ", ") + "}"
		if len(list) > columns/2 {
			list = fill("{\n\t\t", keep, ", ", ",\n\t\t") + ",\n\t}"
		}
		text += `	needed := []cap.Value` + list + `
	for _, flag := range []cap.Flag{cap.Permitted, cap.Effective} {
		if err := keep.SetFlag(flag, true, needed...); err != nil {
			log.Fatalf("cannot give up capabilities: %v", err)
		}
	}
`
	}
	return text + `	if err := keep.SetProc(); err != nil {
		log.Fatalf("cannot give up capabilities: %v", err)
	}
}`
}
