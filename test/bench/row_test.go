package main

import (
	"errors"
	"slices"
	"testing"
)

// All take their turn in each round, and one that fails is left out.
func TestInTurn(t *testing.T) {
	var order []string
	times := map[string]float64{}
	as := func(name string, failsAt float64) way {
		return way{name, func() (figures, error) {
			order = append(order, name)
			times[name]++
			if times[name] == failsAt {
				return nil, errors.New("no more")
			}
			return figures{times[name], -times[name]}, nil
		}}
	}
	b := bench{rounds: 3}
	r := b.inTurn("row", as("a", 0), as("b", 2), as("c", 0))
	if want := []string{"a", "b", "c", "a", "b", "c", "a", "c"}; !slices.Equal(order, want) {
		t.Errorf("the order was %v", order)
	}
	if f := r.medians["a"]; !slices.Equal(f, figures{2, -2}) {
		t.Errorf("the medians are %v", f)
	}
	if len(r.medians) != 2 || len(r.missing) != 1 || r.missing[0].way != "b" {
		t.Errorf("the row is %+v", r)
	}
}

func TestMedians(t *testing.T) {
	for want, runs := range map[float64][]figures{7: {{7}}, 3: {{9}, {3}, {1}}, 4: {{9}, {3}, {5}, {1}}} {
		if got := medians(runs); got[0] != want {
			t.Errorf("of %v it is %v", runs, got)
		}
	}
}

func TestFiguresIn(t *testing.T) {
	if f, err := figuresIn("1 2.5 3", 3); err != nil || !slices.Equal(f, figures{1, 2.5, 3}) {
		t.Errorf("%v, %v", f, err)
	}
	for _, line := range []string{"", "1", "1 2 3 4", "1 2 x"} {
		if f, err := figuresIn(line, 3); err == nil {
			t.Errorf("%q: %v", line, f)
		}
	}
}

func TestPerRequest(t *testing.T) {
	const good = "  100 requests in 2.00s, 1MB read\nRequests/sec:  20000.00\nTransfer/sec: 1MB\n"
	if ns, err := perRequest(good); err != nil || ns != 50000 {
		t.Errorf("%v, %v", ns, err)
	}
	for _, bad := range []string{"", "  Non-2xx or 3xx responses: 3\n" + good, "Requests/sec:      0.00\n",
		"  Socket errors: connect 0, read 5, write 0, timeout 0\n" + good} {
		if ns, err := perRequest(bad); err == nil {
			t.Errorf("%q: %v", bad, ns)
		}
	}
}
