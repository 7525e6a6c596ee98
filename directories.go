package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/systemd"
)

// makeDirectories makes what is missing of the directories that the unit asks
// for. What is there stays as it is.
func (s *service) makeDirectories() error {
	for _, d := range s.unit.Directories {
		if err := s.makeDirectory(d); err != nil {
			return fmt.Errorf("--service: make %s for the unit: %w", printable(filepath.Join(d.Root, d.Name)), err)
		}
	}
	return nil
}

// makeDirectory goes from directory to directory and follows no link, which
// the service's user may have put there.
func (s *service) makeDirectory(d systemd.Directory) error {
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
		fd, err := unix.Openat(int(dir.Fd()), name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		dir.Close()
		dir = os.NewFile(uintptr(fd), path)
		if made != nil {
			continue
		}
		s.made = append(s.made, path)
		if err := unix.Fchmod(fd, 0o755); err != nil { // whatever the umask
			return err
		}
		if i < len(names)-1 {
			continue
		}
		if d.Owned {
			if err := unix.Fchown(fd, max(s.unit.Account.UID, 0), max(s.unit.Account.GID, 0)); err != nil {
				return err
			}
		}
		if err := unix.Fchmod(fd, d.Mode); err != nil {
			return err
		}
	}
	return nil
}

// removeDirectories takes away those that it made and nobody filled.
func (s *service) removeDirectories() {
	for i := len(s.made) - 1; i >= 0; i-- {
		unix.Rmdir(s.made[i])
	}
}
