package tracer

import (
	"slices"

	"github.com/cap-audit/cap-audit/audit"
)

// counts are the rows while they are put together: what was counted in the rows
// and sites, and by the chains that were known.
type counts struct {
	reading *reading
	checks  []audit.Checks
	groups  []uint32 // of these
	rows    map[kernelCheck]int
	sites   map[kernelSiteKey]int // index in its row
}

func (k *kernel) readChecks(r *reading) error {
	// in the opposite order of that in which they come about: what is there has its row then
	var chains []kernelChain
	err := eachOfArray(k, "chains", everyEntry, func(bucket kernelChains) {
		for _, chain := range bucket.chains {
			if chain.stack != 0 {
				chains = append(chains, kernelChain(chain))
			}
		}
	})
	if err != nil {
		return err
	}
	type keyedSite struct {
		key  kernelSiteKey
		site kernelSite
	}
	var sites []keyedSite
	err = each(k, "sites", func(key kernelSiteKey, site kernelSite) {
		sites = append(sites, keyedSite{key, site})
	})
	if err != nil {
		return err
	}
	c := counts{reading: r, rows: map[kernelCheck]int{}, sites: map[kernelSiteKey]int{}}
	err = each(k, "checks", func(key kernelCheck, row kernelRow) { c.addRow(key, row) })
	if err != nil {
		return err
	}
	for _, s := range sites {
		c.addSite(s.key, s.site)
	}
	for _, chain := range chains {
		c.addChain(chain)
	}
	if err := k.addObjects(c.checks); err != nil {
		return err
	}
	// what was moved to another verdict left nothing behind
	for i, row := range c.checks {
		row.Sites = slices.DeleteFunc(row.Sites, func(s audit.Site) bool { return s.Samples == 0 })
		if o := r.of(c.groups[i]); row.Count > 0 {
			o.Checks = append(o.Checks, row)
		}
	}
	return nil
}

func checksOf(key kernelCheck, row kernelRow, phases uint32) audit.Checks {
	return audit.Checks{
		Capability: int(key.capability),
		Verdict:    audit.Verdict(key.verdict),
		Syscall:    syscallOf(int32(key.syscall), uint8(key.abi)),
		Options:    uint8(key.options),
		Scope:      audit.Scope(key.scope),
		Phase:      phaseOf(uint32(key.phase), phases),
		Credentials: audit.Credentials{
			Overridden: key.credentials&credOverridden != 0,
			Foreign:    key.credentials&credForeign != 0,
			Owner:      key.credentials&credOwner != 0,
			Nested:     key.credentials&credNested != 0,
		},
		Idle:  key.idle != 0,
		Count: uint64(row.count),
		Order: uint64(row.kind),
		Kinds: []int{int(row.kind)},
	}
}

func (c *counts) addRow(key kernelCheck, row kernelRow) {
	group := uint32(key.group)
	clock := c.reading.clock(group)
	c.rows[key] = len(c.checks)
	checks := checksOf(key, row, c.reading.phases(group))
	checks.Span = &audit.Span{First: clock.since(uint64(row.first)), Last: clock.since(uint64(row.last))}
	c.checks = append(c.checks, checks)
	c.groups = append(c.groups, group)
}

func (c *counts) addSite(key kernelSiteKey, site kernelSite) {
	i, ok := c.rows[kernelCheck(key.check)]
	if !ok {
		return
	}
	row := &c.checks[i]
	c.sites[key] = len(row.Sites)
	row.Sites = append(row.Sites, audit.Site{Frames: framesOf(site), Samples: uint64(site.samples),
		Kind: int(site.kind)})
}

func framesOf(site kernelSite) (frames []string) {
	for _, frame := range site.frames {
		if name := cString(frame[:]); name != "" {
			frames = append(frames, name)
		}
	}
	return frames
}

// addChain adds what was counted by a chain to its row and its outcome, and to its site unless the
// chain was once taken for another: then it is not known which site that was, nor
// of the programs that are noted for it.
func (c *counts) addChain(chain kernelChain) {
	i, ok := c.rows[kernelCheck(chain.check)]
	if !ok {
		c.reading.lostRows += uint64(chain.count)
		return
	}
	row := &c.checks[i]
	if o := c.reading.of(c.groups[i]); chain.failed > 0 {
		o.Outcomes = append(o.Outcomes, audit.Outcome{Capability: row.Capability, Verdict: row.Verdict,
			Syscall: row.Syscall, Return: int(chain.result), Count: uint64(chain.failed),
			Kind: int(chain.kind)})
	}
	row.Count += uint64(chain.count)
	row.Span.Last = max(row.Span.Last, c.reading.clock(c.groups[i]).since(uint64(chain.last)))
	site, ok := c.sites[kernelSiteKey{check: chain.check, stack: chain.stack}]
	switch {
	case chain.state == chainWrong:
		row.Kinds = append(row.Kinds, int(chain.kind))
	case ok:
		row.Sites[site].Samples += uint64(chain.count)
	}
}
