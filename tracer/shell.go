package tracer

import "bytes"

// shell runs scripts that name no interpreter, as it does for all that start a
// command by execvp(3): execve(2) refuses these with ENOEXEC.
const shell = "/bin/sh"

// viaShell makes the order one to run the file as the shell's script, if that
// is wanted and it is one.
func (o *order) viaShell() bool {
	if !o.Shell || !isText(string(o.Path)) {
		return false
	}
	script := o.Path
	if bytes.HasPrefix(script, []byte("-")) { // found by "." in PATH; to the shell it is an option
		script = append([]byte("./"), script...)
	}
	o.Argv = append([][]byte{[]byte(shell), script}, o.Argv[1:]...)
	o.Path, o.Shell = []byte(shell), false
	return true
}

// isText: nothing in the first line is of a program for another machine. An empty
// file is a script that does nothing.
func isText(path string) bool {
	line, ok := location{"", path}.firstLine()
	return ok && bytes.IndexByte(line, 0) < 0
}

// isScript: an interpreter runs it, which its #! line names or the shell is.
func isScript(path string) bool { return interpreterOf(path) != "" || isText(path) }
