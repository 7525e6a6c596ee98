package tracer

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
)

// insecure are the variables of which glibc rids a program in secure mode
// (2.36, sysdeps/generic/unsecvars.h), but for those that only make it print
// something or measure.
var insecure = []string{"GCONV_PATH", "GETCONF_DIR", "GLIBC_TUNABLES", "HOSTALIASES", "LD_AUDIT",
	"LD_LIBRARY_PATH", "LD_ORIGIN_PATH", "LD_PRELOAD", "LOCALDOMAIN", "LOCPATH", "NIS_PATH", "NLSPATH",
	"RESOLV_HOST_CONF", "RES_OPTIONS", "TMPDIR", "TZDIR"}

// origin is how losses call a directory that is named by where the file lies.
const origin = "$ORIGIN"

// trusted are the directories below which $ORIGIN counts in secure mode, too
// (glibc 2.36, elf/dl-load.c, is_trusted_path_normalize()).
var trusted = []string{"/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/"}

// maxObjects bounds how many files are looked into.
const maxObjects = 256

// secureLosses is what the loader would not heed of a run of the program at path
// if it got capabilities from its file (security/commoncap.c,
// cap_bprm_creds_from_file(), secureexec).
func secureLosses(path string, environ []string) []audit.SecureLoss {
	path, err := filepath.EvalSymlinks(absolute(path)) // as the loader has it, see AT_EXECFN
	if err != nil {
		return nil
	}
	program, ok := readObject(path)
	if !ok || !program.dynamic {
		return nil // a static program has no loader
	}
	l := loader{libraries: map[string][]string{}}
	for _, v := range environ {
		name, value, _ := strings.Cut(v, "=")
		if value == "" || !slices.Contains(insecure, name) {
			continue
		}
		if _, known := l.libraries[name]; !known {
			l.libraries[name] = nil
		}
		if name == "LD_LIBRARY_PATH" { // of several the last one counts
			l.path = directoriesOf(strings.ReplaceAll(value, ";", ":"))
			for i := range l.path {
				l.path[i].by = name
			}
		}
	}
	l.load(program)
	var losses []audit.SecureLoss
	for what, libraries := range l.libraries {
		losses = append(losses, audit.SecureLoss{What: what, Libraries: libraries})
	}
	slices.SortFunc(losses, func(a, b audit.SecureLoss) int { return strings.Compare(a.What, b.What) })
	return losses
}

// loader finds libraries as ld.so(8) does.
type loader struct {
	path      []directory         // LD_LIBRARY_PATH
	libraries map[string][]string // by what they are found through
}

// directory is one to look for libraries in. What would not count in secure
// mode is what names it.
type directory struct{ path, by string }

// load follows what is needed. What is found in none of these directories is
// the system's, and is found in secure mode, too.
func (l *loader) load(program object) {
	seen := map[string]bool{}
	for queue := []object{program}; len(queue) > 0 && len(seen) < maxObjects; queue = queue[1:] {
		o := queue[0]
		directories := slices.Concat(l.path, o.runpath)
		if len(o.runpath) == 0 {
			directories = slices.Concat(o.rpath, program.rpath, l.path)
		}
		for _, name := range o.needed {
			if seen[name] || len(seen) == maxObjects {
				continue
			}
			seen[name] = true
			if found, ok := l.find(name, directories); ok {
				queue = append(queue, found)
			}
		}
	}
}

func (l *loader) find(name string, directories []directory) (object, bool) {
	if strings.Contains(name, "/") {
		return readObject(name)
	}
	for _, dir := range directories {
		o, ok := readObject(filepath.Join(dir.path, name))
		if !ok {
			continue
		}
		if dir.by != "" {
			l.libraries[dir.by] = append(l.libraries[dir.by], name)
		}
		return o, true
	}
	return object{}, false
}

// directoriesOf splits a search path.
func directoriesOf(path string) []directory {
	var list []directory
	for _, dir := range strings.FieldsFunc(path, func(r rune) bool { return r == ':' }) {
		list = append(list, directory{path: dir})
	}
	return list
}

// expanded is the directory with that of the file in the place of $ORIGIN.
func (d directory) expanded(within string) directory {
	path := strings.NewReplacer("$ORIGIN", within, "${ORIGIN}", within).Replace(d.path)
	isTrusted := func(root string) bool { return strings.HasPrefix(filepath.Clean(path)+"/", root) }
	if path != d.path && !slices.ContainsFunc(trusted, isTrusted) {
		d.by = origin
	}
	d.path = path
	return d
}
