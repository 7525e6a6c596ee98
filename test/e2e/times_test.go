package e2e

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A program begins to serve when its first process first waits, and what it used
// before and not after that is told.
func TestBeforeServing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		arguments string
		calls     []string // that libc can make; none: it is not seen to serve
		before    bool
	}{
		"poll":                {"serve poll", []string{"poll", "ppoll"}, true},
		"poll, check after":   {"serve poll late", []string{"poll", "ppoll"}, false},
		"select":              {"serve select", []string{"select", "pselect6"}, true},
		"epoll_wait":          {"serve epoll_wait", []string{"epoll_wait", "epoll_pwait"}, true},
		"accept":              {"serve accept", []string{"accept"}, true},
		"accept, check after": {"serve accept late", []string{"accept"}, false},
		"rt_sigtimedwait":     {"serve rt_sigtimedwait", []string{"rt_sigtimedwait"}, true},
		"pause":               {"serve pause", []string{"pause", "ppoll", "rt_sigsuspend"}, true},
		"a long read":         {"serve read", []string{""}, true},
		"check after":         {"serve read late", []string{""}, false},
		"a thread":            {"serve thread", []string{"poll", "ppoll"}, true},
		"in the background":   {"serve background", []string{"poll", "ppoll"}, true},
		"late there":          {"serve background late", []string{"poll", "ppoll"}, false},
		"a child":             {"serve child", nil, false},
		"nothing":             {"serve nothing", nil, false},
		"a drop":              {"tree drop 1 0", []string{"capset"}, true},
		"a check after it":    {"tree drop 1 1", []string{"capset"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			words := strings.Fields(c.arguments)
			options := []string{"-j", "-f", "--", built(words[0])}
			d := documentOf(t, capAudit(t, append(options, words[1:]...)...))
			call := "none"
			if d.Serving != nil {
				call = d.Serving.Syscall
			}
			if (len(c.calls) > 0 || call != "none") && !slices.Contains(c.calls, call) {
				t.Errorf("it serves from its first %s on, wanted one of %q", call, c.calls)
			}
			r := d.required("sys_chroot")
			if r == nil {
				t.Fatalf("required: %v", d.Required)
			}
			known := r.BeforeServing != nil
			if known != (len(c.calls) > 0) || known && *r.BeforeServing != c.before {
				t.Errorf("before it served: %v, wanted %t", r.BeforeServing, c.before)
			}
			if r.First > r.Last || r.Last > d.Watched || c.before && r.Last > d.Serving.After {
				t.Errorf("from %v to %v of %v, serving from %+v on", r.First, r.Last, d.Watched, d.Serving)
			}
		})
	}
}

// Many checks are counted by a chain that is known: it has the last time.
func TestLastOfManyChecks(t *testing.T) {
	t.Parallel()
	d := documentOf(t, capAudit(t, "-j", "--", "sh", "-c", `"$0" loop 3000; sleep 0.3; "$0" loop 3000`,
		built("tree")))
	if r := d.required("sys_chroot"); r == nil || r.Last-r.First < 0.28 {
		t.Errorf("required: %+v, wanted checks 0.3 s apart", d.Required)
	}
}

// A wait that goes on is seen in an interim report.
func TestServingSoFar(t *testing.T) {
	t.Parallel()
	r := begin(t, capAudit(t, "-j", "--", built("serve"), "forever"))
	r.target()
	var d document
	eventually(t, "that it serves", func() bool {
		d = r.interim()
		return d.Serving != nil
	})
	if !strings.HasSuffix(d.Serving.Syscall, "poll") {
		t.Errorf("serving: %+v", d.Serving)
	}
	r.signal(unix.SIGINT)
	r.document()
}

// Of a sample nothing is concluded: the ends of other calls are not seen.
func TestServingNotKnown(t *testing.T) {
	t.Parallel()
	needSampling(t)
	d := documentOf(t, capAudit(t, "-j", "--outcomes", "sampled", "--", built("serve"), "poll"))
	if d.Serving != nil || d.Required[0].BeforeServing != nil || d.Watched < 0.15 {
		t.Errorf("of a sample: %+v, %+v of %v", d.Serving, d.Required, d.Watched)
	}
}

// Where it tells something the report says so, and the snippets when to call them.
func TestReportOfEarlyUse(t *testing.T) {
	t.Parallel()
	r := finish(t, capAudit(t, "--duration", "2.5", "--", built("serve"), "forever"))
	for _, want := range []string{"When: Only in the first 100ms of ", "before it began to serve",
		"Or call it right before its first "} {
		if !strings.Contains(string(r.stdout), want) {
			t.Errorf("wanted %q: %s", want, r.stdout)
		}
	}
}
