package real

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// observation is all that a command did that can be seen: its status, each line
// of its output, what became of the files, what a look around showed after it.
type observation map[string]string

// longAgo is the time of all files before the command. It sets what it touches
// apart, and keeps apart no two runs.
var longAgo = time.Unix(1e9, 0)

// longest is how long a command may take.
const longest = 20 * time.Second

// observeRole AFTER: run the command whose words are on standard input, where
// no process list shows them, and print what can be seen of what it did. AFTER
// is a shell script that looks where no file tells.
func observeRole(arguments []string) error {
	after := arguments[0]
	var words []string
	if err := json.NewDecoder(os.Stdin).Decode(&words); err != nil {
		return err
	}
	places := []string{os.Getenv("DIR"), "/run", "/var/spool", "/var/mail", "/var/log"}
	start := time.Now()
	for _, place := range places {
		backdate(place)
	}
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	seen := observation{}
	if err := seen.run("command", exec.CommandContext(ctx, words[0], words[1:]...)); err != nil {
		return err
	}
	for _, place := range places {
		seen.files(place, start)
	}
	if after != "" {
		if err := seen.run("after", exec.Command("sh", "-c", after)); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(seen)
}

// note what was seen: the directory of each run has another name.
func (seen observation) note(what, text string) {
	dir := os.Getenv("DIR")
	seen[strings.ReplaceAll(what, dir, "$DIR")] = strings.ReplaceAll(text, dir, "$DIR")
}

// backdate gives all files the same old time, as far as they can be changed.
func backdate(place string) {
	_ = filepath.WalkDir(place, func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			old := unix.NsecToTimespec(longAgo.UnixNano())
			_ = unix.UtimesNanoAt(unix.AT_FDCWD, path, []unix.Timespec{old, old}, unix.AT_SYMLINK_NOFOLLOW)
		}
		return nil
	})
}

// run notes the status and the output of a command.
func (seen observation) run(name string, cmd *exec.Cmd) error {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	// what it leaves in the background may keep its output open
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		return fmt.Errorf("%q: %w", cmd.Args, err)
	}
	seen.note(name+": status", cmd.ProcessState.String())
	for stream, text := range map[string]string{"stdout": stdout.String(), "stderr": stderr.String()} {
		for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
			seen.note(fmt.Sprintf("%s: %s, line %d", name, stream, i+1), line)
		}
	}
	return nil
}

// files notes what lies in a place. What ends in .img is seen as what is mounted
// from there.
func (seen observation) files(place string, start time.Time) {
	_ = filepath.WalkDir(place, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			seen.note(path, err.Error())
		case entry.IsDir() && (path == filepath.Join(place, "client") || strings.HasSuffix(path, ".img")):
			return fs.SkipDir
		case !strings.HasSuffix(path, ".img"):
			seen.note(path, look(path, start))
		}
		return nil
	})
}

// look is what can be told of a file, but for times that differ from run to run.
func look(path string, start time.Time) string {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return err.Error()
	}
	text := fmt.Sprintf("%o %d:%d links %d", st.Mode, st.Uid, st.Gid, st.Nlink)
	changed := time.Unix(st.Mtim.Unix())
	if changed.Before(start.Add(-time.Second)) {
		text += " of " + changed.UTC().String()
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		content, err := os.ReadFile(path)
		text += fmt.Sprintf(" %d bytes %x %v", st.Size, sha256.Sum256(content), err)
	case unix.S_IFLNK:
		to, _ := os.Readlink(path)
		return text + " to " + to
	case unix.S_IFCHR, unix.S_IFBLK:
		text += fmt.Sprintf(" device %x", st.Rdev)
	}
	return text + attributes(path) + flags(path, st.Mode)
}

// attributes are the extended ones.
func attributes(path string) string {
	names := make([]byte, 4096)
	n, err := unix.Llistxattr(path, names)
	if err != nil {
		return ""
	}
	var text strings.Builder
	for name := range strings.SplitSeq(strings.TrimSuffix(string(names[:n]), "\x00"), "\x00") {
		value := make([]byte, 4096)
		if n, err := unix.Lgetxattr(path, name, value); err == nil {
			fmt.Fprintf(&text, " %s=%x", name, value[:n])
		}
	}
	return text.String()
}

// flags are those of chattr.
func flags(path string, mode uint32) string {
	if kind := mode & unix.S_IFMT; kind != unix.S_IFREG && kind != unix.S_IFDIR {
		return ""
	}
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	set, err := unix.IoctlGetInt(int(file.Fd()), unix.FS_IOC_GETFLAGS)
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" flags %x", uint32(set))
}
