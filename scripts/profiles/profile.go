package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/capng"
)

// profile is what of a file bears on who may make a system call.
type profile struct {
	Rules []rule `json:"syscalls"`
}

type rule struct {
	Names    []string
	Action   string
	Args     []json.RawMessage
	Includes filter
	Excludes filter
}

// filter says for which containers a rule is, or is not. Kernels are all newer
// than those named.
type filter struct{ Arches, Caps []string }

func readProfile(path string) (*profile, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	p := &profile{}
	if err := json.Unmarshal(raw, p); err != nil {
		return nil, err
	}
	if len(p.Rules) == 0 {
		return nil, errors.New("it has no rules for system calls")
	}
	for _, r := range p.Rules {
		for _, name := range slices.Concat(r.Includes.Caps, r.Excludes.Caps) {
			if _, ok := number(name); !ok {
				return nil, fmt.Errorf("%q is no capability", name)
			}
		}
	}
	return p, nil
}

// newest is the highest number of a call that the profile names.
func (p *profile) newest(table map[int]string) int {
	highest := -1
	for n, call := range table {
		isNamed := func(r rule) bool { return slices.Contains(r.Names, call) }
		if n > highest && slices.ContainsFunc(p.Rules, isNamed) {
			highest = n
		}
	}
	return highest
}

// sets are the least ones of capabilities with which a call is let through,
// whatever its arguments.
func (p *profile) sets(call, machine string) []uint64 {
	var rules []rule
	var matters uint64
	for _, r := range p.Rules {
		if slices.Contains(r.Names, call) && len(r.Args) == 0 && r.isFor(machine) {
			rules = append(rules, r)
			matters |= mask(r.Includes.Caps) | mask(r.Excludes.Caps)
		}
	}
	var sets []uint64
	for set := uint64(0); ; set = (set - matters) & matters { // all that are part of matters, the least first
		isMore := slices.ContainsFunc(sets, func(less uint64) bool { return less&^set == 0 })
		if !isMore && allow(rules, set) {
			sets = append(sets, set)
		}
		if set == matters {
			return sets
		}
	}
}

// allow tells what becomes of a call for a container with these capabilities. Of
// several rules without arguments the first counts (libseccomp 2.5.4, with runc
// 1.1: setns and perf_event_open of containers/common were tried).
func allow(rules []rule, set uint64) bool {
	for _, r := range rules {
		includes := mask(r.Includes.Caps)
		if set&includes == includes && set&mask(r.Excludes.Caps) == 0 {
			return r.Action == "SCMP_ACT_ALLOW"
		}
	}
	return false
}

func (r rule) isFor(machine string) bool {
	return (len(r.Includes.Arches) == 0 || slices.Contains(r.Includes.Arches, machine)) &&
		!slices.Contains(r.Excludes.Arches, machine)
}

func mask(names []string) uint64 {
	var set uint64
	for _, name := range names {
		n, _ := number(name)
		set |= 1 << n
	}
	return set
}

func number(name string) (int, bool) {
	return capng.Number(strings.ToLower(strings.TrimPrefix(name, "CAP_")))
}
