package audit

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestNamespaces(t *testing.T) {
	nested, required := places{Nested: []int{unix.CAP_SYS_ADMIN}}, places{Required: []int{unix.CAP_SYS_ADMIN}}
	denied := places{Denied: []int{unix.CAP_SYS_ADMIN}}
	for name, c := range map[string]struct {
		scope       Scope
		credentials Credentials
		verdict     Verdict
		want        places
	}{
		"the command's own":           {ScopeOwn, Credentials{}, Granted, required},
		"below, credentials of there": {ScopeNested, Credentials{Nested: true}, Granted, nested},
		"below, as its owner":         {ScopeNested, Credentials{Owner: true}, Granted, nested},
		"below, both": {ScopeNested, Credentials{Nested: true, Owner: true},
			Granted, nested},
		"below, by a capability held in the own": {ScopeNested, Credentials{}, Granted, required},
		"below, credentials of there, refused":   {ScopeNested, Credentials{Nested: true}, Refused, nested},
		"below, refused":                         {ScopeNested, Credentials{}, Refused, denied},
		"above, refused":                         {ScopeOuter, Credentials{Nested: true}, Refused, denied},
		"above, granted":                         {ScopeOuter, Credentials{}, Granted, required},
		"the own, asked of nested credentials":   {ScopeOwn, Credentials{Nested: true}, Refused, denied},
		"below, nested credentials put in its place": {ScopeNested,
			Credentials{Nested: true, Overridden: true}, Granted, nested},
	} {
		t.Run(name, func(t *testing.T) {
			r := row(unix.CAP_SYS_ADMIN, c.verdict, sysMount, 1, asked("path_mount", 1))
			r.Scope, r.Credentials = c.scope, c.credentials
			wantPlaces(t, observe(r), c.want)
		})
	}
}

// The nested use is told apart, the rest is not suppressed.
func TestNestedAndRequired(t *testing.T) {
	r := row(unix.CAP_SYS_ADMIN, Granted, sysMount, 5, asked("path_mount", 5))
	r.Scope, r.Credentials.Nested = ScopeNested, true
	f := Analyze(observe(r, row(unix.CAP_SYS_ADMIN, Granted, sysMount, 2, asked("path_mount", 2))))
	if len(f.Nested) != 1 || f.Nested[0].Tally != (Tally{Granted: 5}) {
		t.Errorf("nested: %+v", f.Nested)
	}
	if len(f.Required) != 1 || f.Required[0].Tally != (Tally{Granted: 2}) {
		t.Errorf("required: %+v", f.Required)
	}
	if f.Recommended() != 1<<unix.CAP_SYS_ADMIN {
		t.Errorf("Recommended() = %#x", f.Recommended())
	}
}
