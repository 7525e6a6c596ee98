package tracer

import (
	"time"

	"github.com/cap-audit/cap-audit/audit"
)

// eventNames find what events have the numbers of, and when they were by the clock on
// the wall. It is for one goroutine.
type eventNames struct {
	audit *Audit
	// began is when the kernel's clock was at 0.
	began    time.Time
	programs map[uint32]string
	sites    map[uint32]string
	objects  map[kernelObjectKey]string
	accounts accounts
}

func (a *Audit) nameEvents() (*eventNames, error) {
	// to list tasks notes the time, which in a time namespace is not that of ours
	if _, err := a.kernel.liveProcesses(); err != nil {
		return nil, err
	}
	now := time.Now()
	state, err := a.kernel.state()
	return &eventNames{audit: a, began: now.Add(-time.Duration(state.listed_at)),
		programs: map[uint32]string{}, sites: map[uint32]string{},
		objects: map[kernelObjectKey]string{}, accounts: accounts{}}, err
}

func (n *eventNames) event(e kernelEvent) Event {
	out := event(e)
	out.Time = n.began.Add(time.Duration(e.time))
	if out.Kind == EventCheck {
		out.Program, out.Site = n.program(uint32(e.program)), n.site(uint32(e.object.kind))
		out.Object = n.object(kernelObjectKey(e.object), out.Syscall)
	}
	return out
}

// program is the path; that of one that ran before it was watched may be found later.
func (n *eventNames) program(index uint32) string {
	if path, known := n.programs[index]; known {
		return path
	}
	p, err := n.audit.kernel.program(index)
	if err != nil {
		return ""
	}
	path := n.audit.pathOf(index, p)
	if _, found := n.audit.ranBefore(index); found || p.ran == 0 {
		n.programs[index] = path
	}
	return path
}

// site is the function that asked in a call site of that number; a row has none. All
// that are new are read at once.
func (n *eventNames) site(number uint32) string {
	function, known := n.sites[number]
	if known || number == 0 {
		return function
	}
	n.sites[number] = ""
	// without names the events are as true
	each(n.audit.kernel, "sites", func(_ kernelSiteKey, site kernelSite) {
		number := uint32(site.kind)
		if n.sites[number] == "" {
			n.sites[number] = audit.Site{Frames: framesOf(site)}.Function()
		}
	})
	return n.sites[number]
}

// object is what was asked for in a call of that kind. It is looked at before the event comes.
func (n *eventNames) object(key kernelObjectKey, call audit.Syscall) string {
	text, known := n.objects[key]
	if known || key.hash == 0 {
		return text
	}
	m, err := n.audit.kernel.module.GetMap("objects")
	if err == nil {
		var o kernelObject
		if o, err = lookUp[kernelObject](m, key); err == nil {
			text = askedOf(o, call).Object(n.accounts).Text()
		}
	}
	// without names the events are as true
	n.objects[key] = text
	return text
}
