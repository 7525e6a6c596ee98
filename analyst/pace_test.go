package analyst

import (
	"testing"
	"time"
)

func TestRest(t *testing.T) {
	const ms = time.Millisecond
	for name, test := range map[string]struct {
		took, spent time.Duration
		displaced   bool
		want        time.Duration
	}{
		"alone":               {5 * ms, 5 * ms, false, 0},
		"but for a tick":      {8 * ms, 7 * ms, true, 0},
		"waited for a file":   {50 * ms, 2 * ms, false, 0},
		"in the gaps":         {6 * ms, 1 * ms, true, 240 * ms},
		"among many":          {400 * ms, 5 * ms, true, time.Second},
		"half of a processor": {10 * ms, 5 * ms, true, 400 * ms},
	} {
		if got := restAfter(test.took, test.spent, test.displaced); got != test.want {
			t.Errorf("%s: rests for %v, want %v", name, got, test.want)
		}
	}
}

// Where others want the processor all the time, it goes on nevertheless.
func TestRestsEnd(t *testing.T) {
	p, all := newPace(), time.Duration(0)
	for range 1000 {
		all += p.share(700 * time.Millisecond)
	}
	if all != allRests {
		t.Errorf("rests for %v in all", all)
	}
}

// Who is to hurry rests no more, however often that is said.
func TestHurry(t *testing.T) {
	p := newPace()
	rested := make(chan struct{})
	go func() {
		p.rest(time.Hour)
		p.rest(time.Hour)
		close(rested)
	}()
	p.hurry()
	p.hurry()
	select {
	case <-rested:
	case <-time.After(patience):
		t.Error("it rests")
	}
}
