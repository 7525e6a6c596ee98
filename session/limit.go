package session

import (
	"context"
	"time"

	"github.com/cap-audit/cap-audit/tracer"
)

// limit is when a run has been watched for long enough.
type limit struct {
	reached <-chan struct{} // closed then
	stop    func()
}

// limit begins to count --duration and --until-idle.
func (s *session) limit(a *tracer.Audit) limit {
	ctx, stop := context.WithCancel(context.Background())
	reached := make(chan struct{})
	go func() {
		if s.enough(ctx, a) {
			close(reached)
		}
	}()
	return limit{reached, stop}
}

// enough returns true once one of the limits is reached, false when the context ends.
func (s *session) enough(ctx context.Context, a *tracer.Audit) bool {
	var over <-chan time.Time
	if s.Duration > 0 {
		over = time.After(s.Duration)
	}
	var look <-chan time.Time
	quiet := idleness{limit: s.UntilIdle, since: time.Now()}
	if s.UntilIdle > 0 {
		ticker := time.NewTicker(min(max(s.UntilIdle/20, time.Millisecond), time.Second))
		defer ticker.Stop()
		look = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			return false
		case <-over:
			return true
		case <-look:
			if quiet.reached(a) {
				return true
			}
		}
	}
}

// idleness is a time without a new kind of check.
type idleness struct {
	limit time.Duration
	kinds uint64
	since time.Time
}

// reached reports whether nothing new has come for long enough.
func (i *idleness) reached(a *tracer.Audit) bool {
	p, err := a.Progress()
	if err != nil || p.Kinds != i.kinds {
		i.kinds, i.since = p.Kinds, time.Now()
		return false
	}
	return time.Since(i.since) >= i.limit
}
