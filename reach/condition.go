package reach

import (
	"math"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// condition is what an argument must be for the kernel to ask. An argument that
// is not known fulfils any.
type condition struct {
	argument int
	holds    func(constant) bool
	// known: one that is not known does not fulfil it.
	known bool
	// wakes: one that is not known fulfils it where the object has the constant.
	wakes bool
}

// is: the argument is one of these.
func is(argument int, values ...int64) condition {
	return condition{argument: argument, holds: func(c constant) bool {
		return !c.plain() || slices.Contains(values, low(c))
	}}
}

// not: it is none of these.
func not(argument int, values ...int64) condition {
	return condition{argument: argument, holds: func(c constant) bool {
		return !c.plain() || !slices.Contains(values, low(c))
	}}
}

// between: it is one of a range.
func between(argument int, first, last int64) condition {
	return condition{argument: argument, holds: func(c constant) bool {
		return !c.plain() || low(c) >= first && low(c) <= last
	}}
}

// lowAddress: it is the constant of an address below vm.mmap_min_addr. What is
// computed is taken from other mappings.
func lowAddress(argument int) condition {
	return condition{argument: argument, known: true, holds: func(c constant) bool {
		return c.plain() && c.number > 0 && c.number < 1<<16
	}}
}

// kind: its lowest four bits are one of these, as those of a socket's type.
func kind(argument int, values ...int64) condition {
	return condition{argument: argument, holds: func(c constant) bool {
		if c.loaded == 4 && c.number == addrinfoType {
			return false
		}
		return !c.plain() || slices.Contains(values, c.number&15)
	}}
}

// Offsets of members of struct addrinfo, as getaddrinfo returns it.
const (
	addrinfoFamily = 4
	addrinfoType   = 8
)

// family: it is one of these address families. That of an address, read from
// struct addrinfo or, of two bytes, from struct sockaddr, is none but these: AF_INET, AF_INET6, AF_UNIX.
// (Types of addrinfo are not raw: for those, getaddrinfo gives no protocol, and
// without one the kernel asks for nothing.)
func family(argument int, families ...int64) condition {
	return condition{argument: argument, holds: func(c constant) bool {
		if c.loaded == 4 && c.number == addrinfoFamily || c.loaded == 2 {
			return slices.Contains(families, unix.AF_INET)
		}
		return !c.plain() || slices.Contains(families, low(c))
	}}
}

// hasBit: it has one of these bits.
func hasBit(argument int, mask int64) condition {
	return condition{argument: argument, holds: func(c constant) bool {
		return !c.plain() ||
			c.number&mask != 0
	}}
}

// other: it is not the process's own ID, nor a zero that stands for it.
func other(argument int) condition {
	return condition{argument: argument, holds: func(c constant) bool {
		return !c.own && (!c.plain() ||
			c.number != 0)
	}}
}

// foreign: as other, where zero stands for more than the process.
func foreign(argument int) condition {
	return condition{argument: argument, holds: func(c constant) bool { return !c.own }}
}

// wakes: it has EPOLLWAKEUP, which who knows it uses as a constant: see object.wakes.
func wakes(argument int) condition {
	c := hasBit(argument, 1<<29)
	c.wakes = true
	return c
}

// given: it points to something.
func given(argument int) condition {
	return condition{argument: argument, holds: func(c constant) bool { return !c.plain() || c.number != 0 }}
}

// named: it points to a text that begins so.
func named(argument int, prefixes ...string) condition {
	return condition{argument: argument, holds: func(c constant) bool {
		if c.in == nil {
			return !c.plain() || c.number != 0
		}
		if s := c.in.segmentAt(uint64(c.number)); s == nil || s.writable {
			return true
		}
		text := c.in.text(uint64(c.number))
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(text, p) })
	}}
}

// low is a number as the kernel's int and unsigned int have it.
func low(c constant) int64 {
	if c.number < math.MinInt32 || c.number > math.MaxUint32 {
		return c.number
	}
	return int64(uint32(c.number))
}

// fulfils tells whether the arguments can fulfil all of some conditions.
func (k *call) fulfils(conditions []condition) bool {
	return !slices.ContainsFunc(conditions, func(c condition) bool { return !c.fulfilled(k) })
}

// fulfilled tells whether the arguments of a call can fulfil a condition.
func (c condition) fulfilled(k *call) bool {
	v := k.arguments[c.argument]
	if c.wakes && !k.wakes {
		return slices.ContainsFunc(v.constants, func(k constant) bool { return k.plain() && c.holds(k) })
	}
	return v.any && !c.known || slices.ContainsFunc(v.constants, c.holds)
}
