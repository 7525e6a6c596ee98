package audit

import "slices"

// Identity is who a process of an untraced run was at its end, or at that of the
// test. Words are those of proc_pid_status(5).
type Identity struct {
	// Program is as the kernel calls it, cut short.
	Program string
	// Users and Groups are the real, effective and saved one, and that of the file
	// system.
	Users, Groups, Supplementary string
	// The sets, bit n for capability number n.
	Permitted, Effective, Inheritable, Bounding, Ambient uint64

	NoNewPrivs, Seccomp string
	// Root is the root directory, "" where that cannot be known.
	Root string
}

// within is the same with no capability outside of a set.
func (id Identity) within(set uint64) Identity {
	for _, own := range []*uint64{&id.Permitted, &id.Effective, &id.Inheritable, &id.Bounding, &id.Ambient} {
		*own &= set
	}
	return id
}

// distance is in how much two differ.
func (id Identity) distance(other Identity) int {
	n := 0
	for _, differs := range []bool{
		id.Users != other.Users, id.Groups != other.Groups, id.Supplementary != other.Supplementary,
		id.Permitted != other.Permitted, id.Effective != other.Effective,
		id.Inheritable != other.Inheritable, id.Bounding != other.Bounding, id.Ambient != other.Ambient,
		id.NoNewPrivs != other.NoNewPrivs, id.Seccomp != other.Seccomp, id.Root != other.Root,
	} {
		if differs {
			n++
		}
	}
	return n
}

// Otherwise finds a process that was not, in a run with the set, who it was in
// all of those that lacked nothing. A program that cannot give its privileges up
// and goes on passes every test, and keeps what it was to lose. Of what differs
// between those runs nothing is known. nil for a process that was not there.
func Otherwise(set uint64, run []Identity, full ...[]Identity) (before, now *Identity) {
	within := func(list []Identity) []Identity {
		limited := slices.Clone(list)
		for i := range limited {
			limited[i] = limited[i].within(set)
		}
		return limited
	}
	run = within(run)
	var all []Identity
	always := within(full[0])
	for _, list := range full {
		list = within(list)
		all = append(all, list...)
		always = slices.DeleteFunc(always, func(id Identity) bool { return !slices.Contains(list, id) })
	}
	for _, id := range always {
		if !slices.Contains(run, id) {
			return &id, nearest(id, run)
		}
	}
	for _, id := range run {
		if !slices.Contains(all, id) {
			return nearest(id, all), &id
		}
	}
	return nil, nil
}

// nearest is the most similar one of the same program, nil for none.
func nearest(id Identity, list []Identity) (best *Identity) {
	for _, other := range list {
		if other.Program == id.Program && (best == nil || id.distance(other) < id.distance(*best)) {
			best = &other
		}
	}
	return best
}
