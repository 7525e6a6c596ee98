package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/test/scratch"
)

func TestReplaceFile(t *testing.T) {
	for name, prepare := range map[string]func(report string){
		"a new file":    func(string) {},
		"an old report": func(report string) { scratch.Write(t, report, strings.Repeat("old", 99)) },
		"a read-only one": func(report string) {
			scratch.Write(t, report, "old")
			os.Chmod(report, 0o400)
		},
		"a dangling link": func(report string) { os.Symlink("/nowhere/file", report) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			report := filepath.Join(dir, "report")
			prepare(report)
			if err := Replace(report, []byte("new\n")); err != nil {
				t.Fatal(err)
			}
			if got := scratch.Contents(t, report); got != "new\n" {
				t.Errorf("%q", got)
			}
			if diff := cmp.Diff([]string{"report"}, scratch.Names(t, dir)); diff != "" {
				t.Errorf("left behind (-want +got):\n%s", diff)
			}
			if info, err := os.Lstat(report); err != nil || !info.Mode().IsRegular() {
				t.Errorf("%v, %v", info.Mode(), err)
			}
		})
	}
}

// Who has the old report open goes on reading it, whole: it was not written over.
func TestOldReportStaysWhole(t *testing.T) {
	report := scratch.Write(t, filepath.Join(t.TempDir(), "report"), "old report")
	old, err := os.Open(report)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if err := Replace(report, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if raw, err := io.ReadAll(old); err != nil || string(raw) != "old report" {
		t.Errorf("%q, %v", raw, err)
	}
}

func TestLinkIsReplacedAndNotFollowed(t *testing.T) {
	dir := t.TempDir()
	precious := scratch.Write(t, filepath.Join(dir, "precious"), "precious")
	report := filepath.Join(dir, "report")
	if err := os.Symlink(precious, report); err != nil {
		t.Fatal(err)
	}
	if err := Replace(report, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if got := scratch.Contents(t, precious); got != "precious" {
		t.Errorf("the link was followed: %q", got)
	}
	if info, err := os.Lstat(report); err != nil || !info.Mode().IsRegular() ||
		scratch.Contents(t, report) != "new" {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestReplaceFileFails(t *testing.T) {
	for name, c := range map[string]struct {
		path string
		want error
	}{
		"no directory":        {"nowhere/report", fs.ErrNotExist},
		"below a file":        {"file/report", syscall.ENOTDIR},
		"a directory":         {"folder", nil}, // EISDIR or EEXIST, as the kernel likes
		"a name without room": {strings.Repeat("x", 256), syscall.ENAMETOOLONG},
		"a full device":       {"/dev/full", syscall.ENOSPC},
		"a FIFO nobody reads": {"fifo", syscall.ENXIO},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			scratch.Write(t, filepath.Join(dir, "file"), "kept")
			if err := errors.Join(os.Mkdir(filepath.Join(dir, "folder"), 0o755),
				unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600)); err != nil {
				t.Fatal(err)
			}
			before := scratch.Names(t, dir)
			path := c.path
			if !filepath.IsAbs(path) {
				path = filepath.Join(dir, path)
			}
			err := Replace(path, []byte("new"))
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if diff := cmp.Diff(before, scratch.Names(t, dir)); diff != "" {
				t.Errorf("the directory was changed (-before +after):\n%s", diff)
			}
			if got := scratch.Contents(t, filepath.Join(dir, "file")); got != "kept" {
				t.Errorf("%q", got)
			}
		})
	}
}

// The name beside it is longer; a report's own name may be as long as any.
func TestReplaceFileWithALongName(t *testing.T) {
	report := filepath.Join(t.TempDir(), strings.Repeat("x", 255)) // NAME_MAX
	if err := Writable(report); err != nil {
		t.Fatal(err)
	}
	if err := Replace(report, []byte("new")); err != nil {
		t.Errorf("Writable() had promised that it can be written: %v", err)
	}
}

// What is more than a pipe holds waits for the reader.
func TestFifoIsWrittenTo(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	// not blocking, so that it is open before there is a writer
	reader, err := os.OpenFile(fifo, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	size, err := unix.FcntlInt(reader.Fd(), unix.F_GETPIPE_SZ, 0)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("new", size)
	written := make(chan error, 1)
	go func() { written <- Replace(fifo, []byte(text)) }()
	// the writer is there as soon as there is something to read
	if n, err := unix.Poll([]unix.PollFd{{Fd: int32(reader.Fd()), Events: unix.POLLIN}}, 60_000); n != 1 {
		t.Fatal(n, err)
	}
	if got, err := io.ReadAll(reader); err != nil || string(got) != text {
		t.Errorf("%d bytes, want %d: %v", len(got), len(text), err)
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
	if info, err := os.Lstat(fifo); err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
		t.Errorf("the FIFO is gone: %v, %v", info, err)
	}
}

// Whose directory it is can make a link to any device or FIFO, or to what he
// has opened to read.
func TestLinkToADeviceIsReplaced(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(fifo, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	precious := scratch.Write(t, filepath.Join(dir, "precious"), "precious")
	opened, err := os.Open(precious)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	other := exec.Command("cat")
	other.ExtraFiles = []*os.File{opened}
	stdin, err := other.StdinPipe()
	if err == nil {
		err = other.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer other.Wait()
	defer stdin.Close()

	for name, target := range map[string]string{
		"a FIFO": fifo, "a device": "/dev/full",
		"another's descriptor": fmt.Sprintf("/proc/%d/fd/3", other.Process.Pid),
	} {
		t.Run(name, func(t *testing.T) {
			report := filepath.Join(t.TempDir(), "report")
			if err := os.Symlink(target, report); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(Writable(report), Replace(report, []byte("new"))); err != nil {
				t.Fatal(err)
			}
			if info, err := os.Lstat(report); err != nil || !info.Mode().IsRegular() ||
				scratch.Contents(t, report) != "new" {
				t.Errorf("%v, %v", info.Mode(), err)
			}
		})
	}
	if raw, err := io.ReadAll(reader); err != nil || len(raw) > 0 {
		t.Errorf("the FIFO was written to: %q, %v", raw, err)
	}
	if got := scratch.Contents(t, precious); got != "precious" {
		t.Errorf("another's file was written to: %q", got)
	}
}

func TestDeviceIsWrittenTo(t *testing.T) {
	if err := Replace(os.DevNull, []byte("new")); err != nil {
		t.Error(err)
	}
	if info, err := os.Lstat(os.DevNull); err != nil || info.Mode()&fs.ModeCharDevice == 0 {
		t.Errorf("%v, %v", info, err)
	}
}

// `-o /dev/stdout >file`: the name is a link into /proc, to a file that is to
// be written to, while what stands in /dev belongs to the whole machine.
func TestLinkToAnOpenFileIsWrittenTo(t *testing.T) {
	dir := t.TempDir()
	redirected, err := os.Create(filepath.Join(dir, "redirected"))
	if err != nil {
		t.Fatal(err)
	}
	defer redirected.Close()
	// progress lines, say
	if _, err := redirected.WriteString("before\n"); err != nil {
		t.Fatal(err)
	}
	// as /dev/stdout is made, so that the real one is safe from this test
	device := filepath.Join(dir, "stdout")
	if err := os.Symlink("/proc/self/fd/"+fdName(t, redirected), device); err != nil {
		t.Fatal(err)
	}
	if err := Replace(device, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(device); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info.Mode(), err)
	}
	if got := scratch.Contents(t, redirected.Name()); got != "before\nnew" {
		t.Errorf("the file has %q", got)
	}
}

// A descriptor that was opened to read is not opened anew to write.
func TestReadOnlyDescriptorIsNotWrittenTo(t *testing.T) {
	file := scratch.Write(t, filepath.Join(t.TempDir(), "file"), "kept")
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	name := "/proc/self/fd/" + fdName(t, f)
	for _, err := range []error{Writable(name), Replace(name, []byte("new"))} {
		if !errors.Is(err, syscall.EBADF) || scratch.Contents(t, file) != "kept" {
			t.Errorf("%v, the file has %q", err, scratch.Contents(t, file))
		}
	}
}

func TestWritable(t *testing.T) {
	dir := t.TempDir()
	scratch.Write(t, filepath.Join(dir, "file"), "")
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "folder"), 0o755),
		os.Symlink("folder", filepath.Join(dir, "link")),
		os.Symlink("nowhere", filepath.Join(dir, "dangling"))); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path string
		ok   bool
	}{
		"a file":             {"file", true},
		"a new file":         {"new", true},
		"a dangling link":    {"dangling", true},
		"a directory":        {"folder", false},
		"a link to one":      {"link", false},
		"no directory":       {"nowhere/new", false},
		"below a file":       {"file/new", false},
		"a directory's name": {"new/", false},
	} {
		if err := Writable(dir + "/" + c.path); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	t.Chdir(dir)
	if err := Writable("new"); err != nil {
		t.Errorf("in the working directory: %v", err)
	}
	if err := Writable(os.DevNull); err != nil {
		t.Errorf("/dev/null: %v", err)
	}
	if _, err := os.Stat("new"); err == nil {
		t.Error("looking made a file")
	}
}

// Who could not read the old report cannot read the new one.
func TestStricterModeIsKept(t *testing.T) {
	mask := umask
	t.Cleanup(func() { umask = mask })
	groups := []int{os.Getegid()}
	if os.Geteuid() == 0 {
		groups = append(groups, 65533)
	}
	for _, group := range groups {
		for old, want := range map[uint32]uint32{0o600: 0o600, 0o640: 0o640, 0o644: 0o640, 0o400: 0o400,
			0o666: 0o640, 0o755: 0o640} {
			umask = 0o027
			report := scratch.Write(t, filepath.Join(t.TempDir(), "report"), "old")
			if err := errors.Join(os.Chown(report, -1, group), unix.Chmod(report, old),
				Replace(report, []byte("new"))); err != nil {
				t.Fatal(err)
			}
			var info unix.Stat_t
			if err := unix.Stat(report, &info); err != nil {
				t.Fatal(err)
			}
			if got := info.Mode & 0o7777; got != want || info.Gid != uint32(group) {
				t.Errorf("%#o of group %d became %#o of group %d, want %#o", old, group, got, info.Gid, want)
			}
		}
	}
}

// A report does not go to who has made a file of that name, and its readers are
// not those that he has let in.
func TestOwnerIsNotTakenOver(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("want root, to make a file another's; am user", os.Geteuid())
	}
	report := scratch.Write(t, filepath.Join(t.TempDir(), "report"), "old")
	if err := errors.Join(os.Chown(report, 65534, 65533), unix.Chmod(report, 0o640),
		Replace(report, []byte("new"))); err != nil {
		t.Fatal(err)
	}
	var info unix.Stat_t
	if err := unix.Stat(report, &info); err != nil {
		t.Fatal(err)
	}
	if info.Uid != 0 || info.Gid != uint32(os.Getegid()) || info.Mode&0o7777 != 0o640 {
		t.Errorf("owner %d, group %d, mode %#o", info.Uid, info.Gid, info.Mode&0o7777)
	}
}

func TestSave(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	first, err1 := Save("x-*.yaml", []byte("one"))
	second, err2 := Save("x-*.yaml", []byte("two"))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if scratch.Contents(t, first) != "one" || scratch.Contents(t, second) != "two" ||
		filepath.Ext(first) != ".yaml" {
		t.Errorf("%s, %s", first, second)
	}
}

// Where there is no room for all of it, nothing is left.
func TestSaveLeavesNoPart(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=4096"); err != nil {
		t.Skip("want root, to mount a small file system:", err)
	}
	defer unix.Unmount(dir, unix.MNT_DETACH)
	t.Setenv("TMPDIR", dir)
	text := make([]byte, 3*os.Getpagesize())
	if name, err := Save("x-*", text); !errors.Is(err, syscall.ENOSPC) || name != "" {
		t.Errorf("%q, %v", name, err)
	}
	if names := scratch.Names(t, dir); len(names) != 0 {
		t.Errorf("left behind: %q", names)
	}
}
