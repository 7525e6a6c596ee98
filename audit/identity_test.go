package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOtherwise(t *testing.T) {
	const all, some = 0b1111, 0b0111
	root := Identity{Program: "squid", Users: "0 0 0 0", Groups: "0 0 0 0", Permitted: all, Bounding: all}
	limited := root
	limited.Permitted, limited.Bounding = some, some
	worker := Identity{Program: "squid", Users: "13 13 13 13", Groups: "13 13 13 13", Bounding: all}
	kept := worker
	kept.Groups, kept.Bounding = "0 0 0 0", some
	fine := worker
	fine.Bounding = some
	dropped := worker
	dropped.Bounding = 0
	helper := Identity{Program: "sh", Users: "0 0 0 0"}
	full := [][]Identity{{root, worker}}
	for name, c := range map[string]struct {
		run         []Identity
		full        [][]Identity
		before, now *Identity
	}{
		"as far as the set allows": {[]Identity{limited, fine}, full, nil, nil},
		"it keeps its group":       {[]Identity{limited, kept}, full, &fine, &kept},
		"it stays root":            {[]Identity{limited, limited}, full, &fine, &limited},
		"it keeps its bounding":    {[]Identity{fine}, [][]Identity{{dropped}}, &dropped, &fine},
		"it is not there":          {[]Identity{limited}, [][]Identity{{root, helper}}, &helper, nil},
		"not always there":         {[]Identity{limited}, [][]Identity{{root, helper}, {root}}, nil, nil},
		"sometimes there": {[]Identity{limited, helper}, [][]Identity{{root}, {root, helper}}, nil,
			nil},
		"never there":  {[]Identity{limited, helper}, [][]Identity{{root}}, nil, &helper},
		"nobody there": {nil, [][]Identity{nil, nil}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			before, now := Otherwise(some, c.run, c.full...)
			if diff := cmp.Diff([]*Identity{c.before, c.now}, []*Identity{before, now}); diff != "" {
				t.Error(diff)
			}
		})
	}
}
