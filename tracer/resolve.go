package tracer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/files"
	"github.com/cap-audit/cap-audit/hint"
)

// StartError is a command that could not be started.
type StartError struct {
	Path string
	// Status is the exit status that says so: 126 found but not executable,
	// 127 not found, as shells have it.
	Status int
	Text   string
	// Hint is what to try, "" for nothing.
	Hint string
}

func (e *StartError) Error() string {
	return hint.Add(fmt.Errorf("%q: %s", e.Path, e.Text), e.Hint).Error()
}

// unitSuffixes are unit files: nobody runs them, and --service reads one kind.
var unitSuffixes = []string{".service", ".socket", ".timer", ".mount", ".target", ".path"}

// Resolve finds the program that execvp would run for command.
func Resolve(command string) (string, error) {
	if _, set := os.LookupEnv("PATH"); !set && !strings.Contains(command, "/") {
		if found := inPath(command); found != "" {
			command = found
		}
	}
	path, err := exec.LookPath(command)
	if err == nil || errors.Is(err, exec.ErrDot) {
		return path, nil
	}
	if !strings.Contains(command, "/") {
		found := inPath(command)
		if found == "" {
			return "", notInPath(command)
		}
		command = found
	}
	return "", cannotStart(command)
}

func notInPath(command string) error {
	e := &StartError{Path: command, Status: 127, Text: "not found in PATH",
		Hint: "give its path, or check the spelling"}
	if unit := unitHint(command); unit != "" {
		e.Hint += "; " + unit
	}
	return e
}

// cannotStart says why a file of that path cannot be executed.
func cannotStart(path string) error {
	e := &StartError{Path: path, Status: 126}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		e.Status, e.Text, e.Hint = 127, "no such file", unitHint(path)
	case err != nil:
		e.Text = fmt.Sprintf("cannot be looked at: %v", errors.Unwrap(err))
	case info.IsDir():
		e.Text, e.Hint = "is a directory", "name the program in it"
	case unitHint(path) != "":
		e.Text, e.Hint = "is a unit file, not a program", unitHint(path)
	case info.Mode().IsRegular() && mountedNoexec(path):
		e.Text, e.Hint = isNoexec, "copy it to another one, or run its interpreter with it"
	default:
		e.Text, e.Hint = "is not executable", "chmod +x it, or run its interpreter with it"
	}
	return e
}

const isNoexec = "is on a file system that is mounted noexec"

// mountedNoexec tells whether nothing there can be executed, whatever its mode is
// (fs/exec.c, path_noexec()).
func mountedNoexec(path string) bool {
	var fs unix.Statfs_t
	return unix.Statfs(path, &fs) == nil && fs.Flags&unix.ST_NOEXEC != 0
}

// unitHint is for who names a unit file, "" for any other path.
func unitHint(command string) string {
	for _, suffix := range unitSuffixes {
		if strings.HasSuffix(command, suffix) {
			return "--service FILE audits the program of a .service file's ExecStart=, --unit NAME a " +
				"service that runs"
		}
	}
	return ""
}

// defaultPath is where execvp looks without PATH (glibc's confstr(_CS_PATH)).
const defaultPath = "/bin:/usr/bin"

// inPath finds a file of that name, whether or not it can be executed.
func inPath(name string) string {
	path, set := os.LookupEnv("PATH")
	if !set {
		path = defaultPath
	}
	for _, dir := range filepath.SplitList(path) {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && !info.IsDir() {
			return file
		}
	}
	return ""
}

// explainExec says why execve refused a file that was found.
func explainExec(path string, errno syscall.Errno) error {
	e := &StartError{Path: path, Status: 126}
	switch errno {
	case syscall.ENOENT, syscall.ENOTDIR:
		if _, err := os.Stat(path); err != nil {
			e.Status, e.Text = 127, "no such file"
			break
		}
		e.Text, e.Hint = "its dynamic loader is missing", "readelf -l names it"
		if interpreter := interpreterOf(path); interpreter != "" {
			e.Text = fmt.Sprintf("its interpreter %q is missing", interpreter)
			e.Hint = "install it or mend the script's first line"
		}
	case syscall.ENOEXEC:
		e.Text = "is no program that this kernel can execute: a script without a #! line, or for another " +
			"machine"
	case syscall.EACCES:
		e.Text, e.Hint = explainDenied(path)
	case syscall.EPERM:
		// fs/exec.c asks cap_bprm_creds_from_file(): EPERM when the effective
		// bit is set and the bounding set holds something back
		e.Text = "operation not permitted: its file capabilities exceed what may be granted here, or a " +
			"security module refuses it"
	default:
		e.Text = errno.Error()
	}
	return e
}

// mostInterpreters is how many scripts can have each other as interpreter (fs/exec.c,
// exec_binprm()).
const mostInterpreters = 5

// explainDenied says which of a program and its interpreters cannot be executed.
func explainDenied(path string) (text, hint string) {
	const denied = "permission denied: "
	interpreter := interpreterOf(path)
	for n := 0; interpreter != "" && n < mostInterpreters; n++ {
		switch {
		case mountedNoexec(interpreter):
			return fmt.Sprintf(denied+"its interpreter %q "+isNoexec, interpreter),
				"name another in its first line"
		case unix.Faccessat(unix.AT_FDCWD, interpreter, unix.X_OK, unix.AT_EACCESS) == unix.EACCES:
			return fmt.Sprintf(denied+"its interpreter %q is not executable", interpreter), "chmod +x that"
		}
		interpreter = interpreterOf(interpreter)
	}
	return denied + "it, its interpreter or a directory above is not executable, or the file system is " +
		"mounted noexec", ""
}

// firstLine bounds what is read of a script: BINPRM_BUF_SIZE is 256.
const firstLine = 256

// interpreterOf is what a script's #! line asks for, "" if it is no script.
func interpreterOf(path string) string { return location{"", path}.interpreter() }

func (l location) interpreter() string {
	words := strings.Fields(l.shebang())
	if len(words) == 0 {
		return ""
	}
	return words[0]
}

// shebang is a script's first line after #!, "" if it is no script.
func (l location) shebang() string {
	line, _ := l.firstLine()
	line, ok := bytes.CutPrefix(line, []byte("#!"))
	if !ok {
		return ""
	}
	return strings.TrimSpace(string(line))
}

// firstLine is a file's first line as far as the kernel looks at it; false if it
// cannot be read.
func (l location) firstLine() (line []byte, ok bool) {
	f, err := l.open(files.Any)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	raw := make([]byte, firstLine)
	n, _ := io.ReadFull(f, raw)
	line, _, _ = bytes.Cut(raw[:n], []byte("\n"))
	return line, true
}

// isPython tells whether a command is a Python script. The command decides,
// not /proc/PID/exe: that is the interpreter.
func isPython(path string) bool {
	for i, word := range strings.Fields(location{"", path}.shebang()) {
		name := filepath.Base(word)
		if strings.HasPrefix(name, "python") {
			return true
		}
		// "#!/usr/bin/env -S python3 -u": look on after env and its options
		if i > 0 && name != "env" && !strings.HasPrefix(word, "-") && !strings.Contains(word, "=") {
			return false
		}
	}
	return false
}
