package snippets

// Which capabilities a program has in a container depends on its user there.
// Root has all that were added. For another user Podman makes them ambient
// (securityConfigureGenerator in its pkg/specgen/generate). Kubernetes does not
// (KEP-2763 asks for it), nor does Docker up to 29.6 at least (moby#52830 is to
// change that in a later one): the program has those that its file brings. An
// engine may have emptied the permitted set before (Docker until 23, moby#45491),
// and then no_new_privs keeps the file's from the program: under it nothing may be
// gained (cap_bprm_creds_from_file of security/commoncap.c).

// noNewPrivs tells whether an engine that makes nothing ambient should forbid
// new privileges.
func (a Advice) noNewPrivs() bool { return len(a.Gains) == 0 && !(a.Unprivileged && a.grantsAny()) }

// hint is the comment on that: one for a program of root, one for a program of
// another user, none where nothing is granted.
func (a Advice) hint(root, other string) string {
	text := ""
	switch {
	case !a.grantsAny():
	case a.script():
		text = scriptHint
	case a.doesAnything():
		text = interpreterHint
	case a.Unprivileged:
		text = other
	default:
		text = root
	}
	return text + a.gainHint()
}

// scriptHint is for a program whose file the kernel takes no capabilities from.
const scriptHint = `# Another user than root has these in Podman alone: elsewhere a file would
# give them, and scripts take none from theirs.
`

// interpreterHint is for one whose file capabilities would serve whatever it is given.
const interpreterHint = `# Root in the container has these at once, another user in Podman only:
# elsewhere file capabilities would give them, to whatever this program is
# told to run.
`

// ofDocker is for what both Docker and Podman read.
func ofDocker(a Advice) string {
	return a.hint(`# Another user than root has these in Podman alone: for Docker (up to 29.6
# at least) give them to the program's file, too (setcap), and leave out
# no-new-privileges.
`, `# It ran as another user than root: for Docker (up to 29.6 at least) give
# them to its file in the image, too (setcap).
`)
}
