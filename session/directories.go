package session

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/systemd"
)

// makeDirectories makes what is missing of the directories that the unit file asks
// for. What is there stays as it is, and is told where systemd would change it.
func (f *unitFile) makeDirectories() error {
	for _, d := range f.service.Directories {
		if err := f.makeDirectory(d); err != nil {
			return fmt.Errorf("--service: make %s for the unit: %w",
				console.Printable(filepath.Join(d.Root, d.Name)),
				err)
		}
	}
	return nil
}

// makeDirectory goes from directory to directory and follows no link, which
// the service's user may have put there.
func (f *unitFile) makeDirectory(d systemd.Directory) error {
	dir, err := os.Open(d.Root)
	if err != nil {
		return err
	}
	defer func() { dir.Close() }()
	path := d.Root
	names := strings.Split(d.Name, "/")
	for i, name := range names {
		path = filepath.Join(path, name)
		made := unix.Mkdirat(int(dir.Fd()), name, 0o755)
		if made != nil && !errors.Is(made, unix.EEXIST) {
			return made
		}
		fd, err := unix.Openat(int(dir.Fd()), name,
			unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		dir.Close()
		dir = os.NewFile(uintptr(fd), path)
		uid, gid := max(f.service.Account.UID, 0), max(f.service.Account.GID, 0)
		last := i == len(names)-1
		if made != nil {
			if last && d.Owned {
				if err := f.checkOwner(fd, d, uid, gid); err != nil {
					return err
				}
			}
			continue
		}
		f.made = append(f.made, path)
		if err := unix.Fchmod(fd, 0o755); err != nil { // whatever the umask
			return err
		}
		if !last {
			continue
		}
		if d.Owned {
			if err := unix.Fchown(fd, uid, gid); err != nil {
				return err
			}
		}
		if err := unix.Fchmod(fd, d.Mode); err != nil {
			return err
		}
	}
	return nil
}

// checkOwner tells the report of a directory that was there and is not the
// service's own.
func (f *unitFile) checkOwner(fd int, d systemd.Directory, uid, gid int) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if int(st.Uid) == uid && int(st.Gid) == gid {
		return nil
	}
	user := f.service.Account.Name
	if user == "" && uid == 0 {
		user = "root"
	}
	// src/core/execute.c, setup_exec_directory
	f.about.NotSimulated = append(f.about.NotSimulated,
		audit.Omission{Setting: audit.Setting{Key: d.Key, Value: d.Name},
			Effect: fmt.Sprintf("it is there with another owner or group; systemd would hand it over to %s "+
				"(uid %d, gid %d), with all in it",
				user, uid, gid)})
	return nil
}

// removeDirectories takes away those that it made and nobody filled.
func (f *unitFile) removeDirectories() {
	for i := len(f.made) - 1; i >= 0; i-- {
		unix.Rmdir(f.made[i])
	}
}
