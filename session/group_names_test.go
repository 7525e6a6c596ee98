package session

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/container"
)

// A group that no engine knows is asked about less and less often, and then no more; what is
// known is not asked about again.
func TestGroupNames(t *testing.T) {
	const (
		web     = "/pods/web"
		pod     = "/pods/sandbox"
		service = "/system.slice/a.service"
	)
	began := time.Unix(1_800_000_000, 0)
	var now time.Time
	var asks [][]string
	answer := map[string]container.Container{}
	var failure error
	n := newGroupNames()
	n.ask = func(_ context.Context, groups []string) (map[string]container.Container, error) {
		asks = append(asks, groups)
		return answer, failure
	}
	learn := func(after time.Duration) {
		now = began.Add(after)
		n.learn(t.Context(), []string{web, pod, service}, now)
	}

	failure = errors.New("the engine is made anew")
	learn(0)
	if !n.silent || n.subject(web).Kind != audit.SubjectCgroup || n.subject(web).Cgroup != web {
		t.Errorf("silent %v, %+v", n.silent, n.subject(web))
	}
	failure = nil
	answer[web] = container.Container{ID: "1", Name: "web", Engine: "containerd"}
	answer[pod] = container.Container{ID: "2", Pod: container.Pod{Namespace: "shop", Name: "front"}}
	learn(500 * time.Millisecond)
	if len(asks) != 1 {
		t.Errorf("asked %q before the pause was over", asks)
	}
	learn(time.Second)
	if about := n.subject(web); n.silent || about.Kind != audit.SubjectContainer || about.Name != "web" {
		t.Errorf("silent %v, %+v", n.silent, about)
	}
	if about := n.subject(pod); about.Kind != audit.SubjectCgroup || about.Pod != "front" ||
		about.Cgroup != pod {
		t.Errorf("%+v", about)
	}
	for after := range 600 {
		learn(time.Duration(after) * time.Second)
	}
	if len(asks) != mostAsks || slices.Contains(asks[2], web) ||
		!slices.Equal(asks[mostAsks-1], []string{service}) {
		t.Errorf("asked %q", asks)
	}
}

// An answer that nobody has waited for says nothing of the engine.
func TestGroupNamesAtTheEnd(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	n := newGroupNames()
	asks := 0
	n.ask = func(ctx context.Context, _ []string) (map[string]container.Container, error) {
		asks++
		stop()
		return nil, ctx.Err()
	}
	n.learn(ctx, []string{"/a"}, time.Now())
	if n.silent || n.warned {
		t.Errorf("silent %v, warned %v", n.silent, n.warned)
	}
	n.learn(t.Context(), []string{"/a"}, time.Now())
	if asks != 2 {
		t.Errorf("asked %d times", asks)
	}
}
