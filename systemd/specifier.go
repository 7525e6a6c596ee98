package systemd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/hint"
)

// maxExpanded bounds what a word becomes, in bytes: as much as one argument of
// a program may have (MAX_ARG_STRLEN of uapi/linux/binfmts.h).
const maxExpanded = 128 << 10

// expand replaces the specifiers of a value (man systemd.unit, "Specifiers").
// A letter that is none, or whose meaning cannot be known here, is an error;
// a percent sign before anything else stays (src/shared/specifier.c).
func (f *File) expand(value string) (string, error) {
	if !strings.Contains(value, "%") {
		return value, nil
	}
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		c := value[i]
		if c != '%' || i+1 == len(value) {
			b.WriteByte(c)
			continue
		}
		i++
		switch letter := value[i]; {
		case letter == '%':
			b.WriteByte('%')
		case letter >= 'a' && letter <= 'z' || letter >= 'A' && letter <= 'Z' || letter >= '0' &&
			letter <= '9':
			text, err := f.specifier(letter)
			if err != nil {
				return "", fmt.Errorf("%%%c in %q: %w", letter, shortened(value), err)
			}
			b.WriteString(text)
		default:
			b.WriteByte('%')
			b.WriteByte(letter)
		}
		if b.Len() > maxExpanded {
			return "", fmt.Errorf("%q becomes longer than %d bytes", shortened(value), maxExpanded)
		}
	}
	return b.String(), nil
}

// fixed are specifiers with one meaning for every service of the system.
var fixed = map[byte]string{
	'C': "/var/cache", 'E': "/etc", 'L': "/var/log", 'S': "/var/lib", 't': "/run", 'T': "/tmp",
	'V': "/var/tmp",
	// of the manager's user
	'g': "root", 'G': "0", 'h': "/root", 'u': "root", 'U': "0",
}

// unknowable are specifiers that only the manager can tell (credentials,
// control groups), or that other versions of it tell otherwise.
const unknowable = "cdDqrRs"

var errNoSpecifier = errors.New("is no specifier of systemd")

func (f *File) specifier(letter byte) (string, error) {
	prefix, instance, _ := splitName(f.Name)
	last := prefix[strings.LastIndexByte(prefix, '-')+1:]
	switch letter {
	case 'n':
		return f.Name, nil
	case 'N':
		return strings.TrimSuffix(f.Name, serviceSuffix), nil
	case 'p':
		return prefix, nil
	case 'P':
		return unescape(prefix)
	case 'i':
		return instance, nil
	case 'I':
		return unescape(instance)
	case 'j':
		return last, nil
	case 'J':
		return unescape(last)
	case 'f':
		if instance == "" {
			instance = prefix
		}
		path, err := unescape(instance)
		return "/" + strings.TrimPrefix(path, "/"), err
	case 'y', 'Y':
		path, err := filepath.Abs(f.Path)
		if letter == 'Y' {
			path = filepath.Dir(path)
		}
		return path, err
	}
	return hostSpecifier(letter)
}

// hostSpecifier is one that says the same in every unit.
func hostSpecifier(letter byte) (string, error) {
	switch letter {
	case 'H', 'l':
		name, err := os.Hostname()
		if letter == 'l' {
			name, _, _ = strings.Cut(name, ".")
		}
		return name, err
	case 'v':
		var u unix.Utsname
		err := unix.Uname(&u)
		return unix.ByteSliceToString(u.Release[:]), err
	case 'a':
		return machine()
	case 'm':
		return identifier("/etc/machine-id")
	case 'b':
		return identifier("/proc/sys/kernel/random/boot_id")
	case 'o', 'w', 'B', 'W', 'A', 'M':
		return osRelease(map[byte]string{'o': "ID", 'w': "VERSION_ID", 'B': "BUILD_ID", 'W': "VARIANT_ID",
			'A': "IMAGE_VERSION", 'M': "IMAGE_ID"}[letter])
	}
	if text, ok := fixed[letter]; ok {
		return text, nil
	}
	if strings.IndexByte(unknowable, letter) >= 0 {
		return "", hint.Add(errors.New("is a specifier whose value cannot be known without systemd"),
			"put its value into the file")
	}
	return "", errNoSpecifier
}

// machine is the architecture as systemd names it (man systemd.unit,
// "ConditionArchitecture=").
func machine() (string, error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "", err
	}
	name := unix.ByteSliceToString(u.Machine[:])
	known := map[string]string{"x86_64": "x86-64", "aarch64": "arm64", "i386": "x86", "i486": "x86",
		"i586": "x86", "i686": "x86",
		"armv7l": "arm", "ppc64le": "ppc64-le", "riscv64": "riscv64", "s390x": "s390x",
		"loongarch64": "loongarch64"}
	if spelt, ok := known[name]; ok {
		return spelt, nil
	}
	return "", fmt.Errorf("systemd's name for the machine %q is not known here", name)
}

// identifier reads 128 bits in hexadecimal, with or without dashes.
func identifier(path string) (string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	id := strings.ReplaceAll(strings.TrimSpace(string(raw)), "-", "")
	if len(id) != 32 {
		return "", fmt.Errorf("%s holds no identifier", path)
	}
	return id, nil
}

func osRelease(key string) (string, error) {
	for _, path := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		if text, err := readRegular(path); err == nil {
			for _, assignment := range parseEnvironmentFile(string(text)) {
				if name, value, _ := strings.Cut(assignment, "="); name == key {
					return value, nil
				}
			}
			return "", nil
		}
	}
	return "", errors.New("there is no /etc/os-release")
}
