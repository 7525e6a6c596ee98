package snippets

import (
	"maps"
	"slices"
	"strings"
)

// SystemCallFilter is a drop-in that lets a service make its system calls: those for
// services, without privileged ones and the groups of which it makes none; then by name
// what it makes of these, and what else.
func SystemCallFilter(a Advice) string {
	f := a.Filter
	out, named := a.groups()
	text := "[Service]\n" + remark(f.origin()+". Groups as systemd "+groupsVersion+" has them.")
	for _, reason := range f.Unsure {
		text += remark(reason)
	}
	if len(a.Gains) > 0 {
		text += remark("With User= a filter forbids new privileges: set-user-ID programs, file " +
			"capabilities and sudo count for nothing then.")
	}
	if a.Subject.Service() {
		text += takesBack + "\nSystemCallFilter=\nSystemCallArchitectures=\n"
	}
	text += "SystemCallFilter=" + forServices + "\n" + continued("SystemCallFilter=~", out) + "\n"
	if len(named) > 0 {
		text += continued("SystemCallFilter=", named) + "\n"
	}
	return text + "SystemCallErrorNumber=EPERM\n" +
		"SystemCallArchitectures=" + strings.Join(f.architectures(), " ")
}

// groups are what is to be taken out of @system-service, and what is to be named then. A
// group can have calls of another in it.
func (a Advice) groups() (out, named []string) {
	needed := slices.DeleteFunc(a.Filter.calls(), a.futile)
	allowed := members(forServices)
	for _, group := range append([]string{privileged}, ofServices()...) {
		these := members(group)
		unneeded := !slices.ContainsFunc(needed, func(call string) bool { return these[call] })
		before := len(allowed)
		if group == privileged || unneeded {
			maps.DeleteFunc(allowed, func(call string, _ bool) bool { return these[call] })
		}
		if len(allowed) < before {
			out = append(out, group)
		}
	}
	maps.Copy(allowed, members(implied))
	return out, slices.DeleteFunc(needed, func(call string) bool { return allowed[call] })
}

// ofMachine are groups whose calls take a capability on the machine, which no user
// namespace gives.
var ofMachine = []string{"@clock", "@module", "@raw-io", "@reboot"}

// futile tells of a call that was not answered and would not be: without a capability that
// is not granted the kernel refuses it, with EPERM, too.
func (a Advice) futile(call string) bool {
	held := bits(a.Grant)
	has := func(group string) bool { return members(group)[call] }
	granted := func(set uint64) bool { return set&^held == 0 }
	return !a.Filter.answered(call) && slices.ContainsFunc(ofMachine, has) &&
		!slices.ContainsFunc(Gates(Moby, call)[0].Sets, granted)
}

// architectures are the ABIs as systemd names them.
func (f Filter) architectures() []string {
	list := []string{"native"}
	for _, abi := range f.ABIs {
		if abi == "i386" {
			abi = "x86"
		}
		list = append(list, abi)
	}
	return list
}
