package session

import (
	"context"
	"time"

	"github.com/cap-audit/cap-audit/tracer"
)

// enough is closed when the run has been watched for long enough, by --duration
// or --until-idle.
func (s *session) enough(a *tracer.Audit) (enough <-chan struct{}, stop func()) {
	ctx, stop := context.WithCancel(context.Background())
	reached := make(chan struct{})
	go func() {
		if s.awaitEnough(ctx, a) {
			close(reached)
		}
	}()
	return reached, stop
}

// awaitEnough returns false when the context has ended before.
func (s *session) awaitEnough(ctx context.Context, a *tracer.Audit) bool {
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
