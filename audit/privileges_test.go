package audit

import (
	"slices"
	"testing"
)

func TestGains(t *testing.T) {
	run := func(path string, users ...int) Program { return Program{Path: path, Users: users} }
	capable := Program{GainsCaps: true, Users: []int{7}}
	programs := func(list ...Program) Observation { return Observation{Programs: list} }
	for name, c := range map[string]struct {
		o    Observation
		want []Gain
	}{
		"nothing":           {Observation{}, nil},
		"a login":           {Observation{Sessions: 1}, []Gain{GainSessions}},
		"made for logins":   {programs(Program{OpensSessions: true}), []Gain{GainSessions}},
		"one account":       {programs(run("/bin/sh", 33), run("/cgi", 33)), nil},
		"its own accounts":  {programs(run("/d/login", 104), run("/d/stats", 105)), nil},
		"shells of two":     {programs(run("/bin/sh", 1), run("/bin/bash", 2)), []Gain{GainUsers}},
		"one shell, two":    {programs(run("/bin/dash", 1, 2)), []Gain{GainUsers}},
		"two people":        {programs(run("/job", 1000, 1001)), []Gain{GainUsers}},
		"one person":        {programs(run("/job", 33, 1000)), nil},
		"dynamic, nobody":   {programs(run("/d", 61184, 65534)), nil},
		"set-user-ID":       {programs(Program{SetID: true}), []Gain{GainSetID}},
		"file capabilities": {programs(capable), []Gain{GainFileCaps}},
		"root needs none":   {programs(Program{GainsCaps: true}), nil},
		"users of a namespace": {Observation{Subject: Subject{UserNamespace: true},
			Programs: []Program{run("/bin/sh", 100000, 100033)}}, nil},
		"both": {Observation{Sessions: 1, Programs: []Program{{SetID: true}}},
			[]Gain{GainSessions, GainSetID}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Analyze(&c.o).Gains; !slices.Equal(got, c.want) {
				t.Errorf("%q", got)
			}
		})
	}
}

// A union has what any report has, and keeps what it does not know.
func TestGainsOfUnion(t *testing.T) {
	u := NewUnion()
	for _, list := range [][]Gain{{GainSetID}, nil, {"later"}, {GainSessions, GainSetID}} {
		u.Add("report", &Findings{Gains: list})
	}
	if got := u.Findings().Gains; !slices.Equal(got, []Gain{GainSessions, GainSetID, "later"}) {
		t.Errorf("%q", got)
	}
}
