package soak

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// long is an audit for the whole time, of a group in which storms never end. It counts
// each check of them, and needs no more at the end than at the beginning.
type long struct {
	*audit
	resident *exec.Cmd
	storms   uint64
	done     chan struct{}
	samples  []sample
}

// sample is what a process needs.
type sample struct{ memory, files int }

// stormSize is how many checks one makes.
const stormSize = 100

func (s *soak) beginLong() *long {
	l := &long{audit: s.newAudit("long"), done: make(chan struct{})}
	l.adopts = true
	watched := filepath.Join(l.group, "watched")
	if err := os.Mkdir(watched, 0o755); err != nil {
		s.Fatal(err)
	}
	l.resident = l.in(watched, "sleep", "infinity") // an empty group would end the audit
	l.begin("-j", "-o", l.report(), "--cgroup", watched)
	for !strings.Contains(l.text(l.stdout), "Press Ctrl-C") {
		if l.over(10 * time.Millisecond) {
			s.Fatalf("the long audit: %s", l.text(l.stderr))
		}
	}
	go func() {
		defer close(l.done)
		for next := time.Now(); time.Now().Before(s.until) && !s.Failed(); l.storms++ {
			l.in(watched, tree, "storm", fmt.Sprint(stormSize)).Wait()
			if time.Now().After(next) {
				l.samples = append(l.samples, l.needs())
				next = next.Add(time.Second)
			}
		}
	}()
	return l
}

// needs is what the auditor needs now.
func (l *long) needs() sample {
	proc := fmt.Sprintf("/proc/%d", l.cmd.Process.Pid)
	files, _ := os.ReadDir(proc + "/fd")
	raw, _ := os.ReadFile(proc + "/statm")
	fields := bytes.Fields(raw)
	if len(fields) < 2 {
		return sample{}
	}
	pages, _ := strconv.Atoi(string(fields[1]))
	return sample{pages * os.Getpagesize() >> 10, len(files)}
}

// end compares. Go's runtime takes its time to find out how much memory it wants: the
// first tenth does not count.
func (l *long) end() {
	<-l.done
	if d := l.audit.end(); d != nil && d.Complete && d.chroots() != l.storms*stormSize {
		l.Errorf("the long audit has %d of %d checks", d.chroots(), l.storms*stormSize)
	}
	l.resident.Process.Kill()
	l.resident.Wait()
	l.cleanUp()
	samples := l.samples[len(l.samples)/10:]
	first, last := samples[0], samples[len(samples)-1]
	if last.memory > first.memory+8<<10 || last.files > first.files+2 {
		l.Errorf("the long audit grows: from %+v to %+v (KiB)", first, last)
	}
	l.Logf("the long audit: %d storms of %d checks; %d KiB and %d descriptors, at the end %d and %d",
		l.storms, stormSize, first.memory, first.files, last.memory, last.files)
}
