package reach

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// FileID tells files apart, as stat(2) does.
type FileID struct{ Device, Inode uint64 }

func identify(file *os.File) (FileID, error) {
	info, err := file.Stat()
	if err != nil {
		return FileID{}, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return FileID{}, errors.New("has no inode")
	}
	return FileID{uint64(stat.Dev), stat.Ino}, nil
}

// unwrapPath takes the path out of an error whose reader is told it anyway.
func unwrapPath(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// FileError is why a file that was named could not be looked at.
type FileError struct {
	Path string
	Err  error
}

func (e *FileError) Error() string { return e.Path + ": " + e.Err.Error() }

func (e *FileError) Unwrap() error { return e.Err }
