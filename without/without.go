// Package without knows how a program can do without a capability, by what it was asked for:
// settings of the system, lines of a unit, owners and groups of files. It is pure.
package without

import (
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/objects"
)

// Use is what a capability was granted for.
type Use struct {
	// Capability was asked for; Grant is the one to grant for that, mostly the same.
	Capability, Grant int
	Syscall           string
	Object            objects.Object
}

// Program is what there is to know of who asks.
type Program struct {
	// Account is what it is to run as, "" where that is not known.
	Account string
	// Names are what its own directories may be called: as the program, as its unit.
	Names []string
	// Sessions: it opens those of users that log in. Gains: it or what it starts is to get
	// privileges by executing programs.
	Sessions, Gains bool
	// Contained: no unit of systemd's starts it. Tool: it may be that somebody or another program does.
	Contained, Tool bool
	// PtraceScope is kernel.yama.ptrace_scope.
	PtraceScope int
}

// Unknown stands for the capability of a use of which it is not known what was asked for.
const Unknown = -1

// mostWays is how many things to do for one capability may be worth it.
const mostWays = 4

// Ways are what to do, one and all, to do without granting a capability, where that is enough for all uses
// that it was to be granted for; uses are those of all capabilities. They are of plain words only.
func Ways(grant int, uses []Use, p Program) []string {
	a := &asking{p, uses}
	var todo []way
	for _, u := range uses {
		if u.Grant != grant {
			continue
		}
		rule := rules[u.Capability]
		if rule == nil {
			return nil
		}
		w, found := rule(a, u)
		if found && p.Tool {
			w, found = a.byHand(w)
		}
		if !found || p.Contained && strings.Contains(w.form, inUnit) {
			return nil
		}
		if todo, found = w.joined(todo); !found {
			return nil
		}
	}
	if len(todo) > mostWays {
		return nil
	}
	var texts []string
	for _, w := range todo {
		texts = append(texts, strings.ReplaceAll(w.form, "%", w.what))
	}
	return texts
}

// asking is who asks, and for what else.
type asking struct {
	Program
	uses []Use
}

// rule is the way around one use; false where it knows none.
type rule func(*asking, Use) (way, bool)

// rules have one for each capability that there are ways around. The functions that they name are those of
// Linux 6.12; 6.1 to 7.3 decide the same.
var rules = map[int]rule{
	unix.CAP_CHOWN:            chown,
	unix.CAP_DAC_OVERRIDE:     access,
	unix.CAP_DAC_READ_SEARCH:  access,
	unix.CAP_FOWNER:           own,
	unix.CAP_LEASE:            own,
	unix.CAP_KILL:             otherProcess,
	unix.CAP_SYS_PTRACE:       otherProcess,
	unix.CAP_SETGID:           becomeGroup,
	unix.CAP_SETUID:           becomeUser,
	unix.CAP_NET_BIND_SERVICE: lowPort,
	unix.CAP_NET_RAW:          rawSocket,
	unix.CAP_NET_ADMIN:        network,
	unix.CAP_IPC_LOCK:         lockedMemory,
	unix.CAP_SYS_NICE:         priority,
	unix.CAP_SYS_RESOURCE:     limits,
	unix.CAP_SYS_CHROOT:       rootDirectory,
	unix.CAP_SYS_TIME:         clock,
	unix.CAP_SYS_BOOT:         boot,
	unix.CAP_SYS_ADMIN:        administration,
	unix.CAP_SYS_MODULE:       module,
	unix.CAP_SYSLOG:           kernelLog,
	unix.CAP_PERFMON:          performance,
}

// way is something to do. Those of one form become one, with what stands for % joined.
type way struct {
	form, what string
	join       func(one, other string) string
}

// nothing has to be done.
var nothing = way{}

// inUnit ends what is a line of the unit.
const inUnit = " in its unit"

// plainly is a way that is the same for all uses.
func plainly(form string) (way, bool) { return way{form: form, join: only}, true }

// with is a way with a word that needs no quotes. None without such a word.
func with(form, what string, join func(string, string) string) (way, bool) {
	return way{form, what, join}, plain(what)
}

// none is known.
func none() (way, bool) { return nothing, false }

// joined adds a way to others. False where it does not go with them.
func (w way) joined(list []way) ([]way, bool) {
	if w.form == "" {
		return list, true
	}
	at := slices.IndexFunc(list, func(have way) bool { return have.form == w.form })
	if at < 0 {
		return append(list, w), true
	}
	what := w.join(list[at].what, w.what)
	list[at].what = what
	return list, what != "" || w.what == ""
}
