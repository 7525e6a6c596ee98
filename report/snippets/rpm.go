package snippets

import "strings"

// RPM is the program's line in the list of files of a spec file. What it says lasts:
// rpm gives the set to the file whenever it installs it.
func RPM(a Advice) string {
	return inFile(a, fileGrant{
		quote: func(path string) (string, bool) {
			// rpmbuild expands macros in that list more than once (4.18), so that no
			// number of signs keeps one
			return path, isPlain(path) && !strings.Contains(path, "%")
		},
		add:     func(file string, h Holder) string { return "%caps(" + textForm(h.Needs) + ") " + file },
		remove:  func(file string, _ Holder) string { return "# Without capabilities:\n" + file },
		lasting: true,
	})
}
