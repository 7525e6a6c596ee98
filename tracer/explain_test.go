package tracer

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/cap-audit/cap-audit/hint"
)

func TestExplainExec(t *testing.T) {
	script := newScript(t, "#!/no/such/shell -e\n")
	program := newScript(t, string(elfFile("/no/such/ld.so")))
	hostile := newScript(t, "#!/no/\x1b[2J\x00\xff\n")
	unusable := newScript(t, "#!/etc/passwd\n")
	throughIt := newScript(t, "#!"+unusable+"\n")
	headless := newScript(t, "echo")
	for name, c := range map[string]struct {
		path   string
		errno  syscall.Errno
		status int
		text   string
	}{
		"gone meanwhile":                 {"/nowhere/tool", syscall.ENOENT, 127, "no such file"},
		"its directory gone meanwhile":   {script + "/tool", syscall.ENOTDIR, 127, "no such file"},
		"a script's interpreter":         {script, syscall.ENOENT, 126, `"/no/such/shell"`},
		"a program's loader":             {program, syscall.ENOENT, 126, "loader"},
		"an interpreter below a file":    {script, syscall.ENOTDIR, 126, `"/no/such/shell"`},
		"a hostile interpreter":          {hostile, syscall.ENOENT, 126, `"/no/\x1b[2J\x00\xff"`},
		"no first line":                  {headless, syscall.ENOEXEC, 126, "#! line"},
		"permission":                     {script, syscall.EACCES, 126, "noexec"},
		"an interpreter's mode":          {unusable, syscall.EACCES, 126, `"/etc/passwd" is not executable`},
		"an interpreter's interpreter":   {throughIt, syscall.EACCES, 126, `"/etc/passwd" is not executable`},
		"open for writing":               {script, syscall.ETXTBSY, 126, "text file busy"},
		"too many arguments":             {script, syscall.E2BIG, 126, "argument list too long"},
		"interpreters in a circle":       {script, syscall.ELOOP, 126, "too many levels"},
		"for once without an error code": {script, 0, 126, "errno 0"},
	} {
		t.Run(name, func(t *testing.T) {
			var start *StartError
			if err := explainExec(c.path, c.errno); !errors.As(err, &start) {
				t.Fatalf("%v is no StartError", err)
			}
			if start.Path != c.path || start.Status != c.status || !strings.Contains(start.Text, c.text) {
				t.Errorf("%+v, want status %d and %q", *start, c.status, c.text)
			}
			if strings.ContainsAny(start.Error(), "\n\x1b\x00") {
				t.Errorf("%q is no line of text", start.Error())
			}
		})
	}
}

func TestExplainGroup(t *testing.T) {
	for errno, want := range map[syscall.Errno]string{
		syscall.ENOENT:     "mkdir",
		syscall.EBUSY:      "groups below",
		syscall.EBADF:      "version 2",
		syscall.EOPNOTSUPP: "version 2",
		syscall.EACCES:     "",
	} {
		err := explainGroup("/sys/fs/cgroup/x", errno)
		if !errors.Is(err, errno) {
			t.Errorf("%v is not %v", err, errno)
		}
		var hinted *hint.Error
		if errors.As(err, &hinted) != (want != "") {
			t.Errorf("%v: the hint is %+v", err, hinted)
		} else if hinted != nil && !strings.Contains(hinted.Hint, want) {
			t.Errorf("the hint %q does not speak of %q", hinted.Hint, want)
		}
	}
}
