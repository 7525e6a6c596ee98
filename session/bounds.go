package session

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/analyst"
	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/early"
	"github.com/cap-audit/cap-audit/report/snippets"
	"github.com/cap-audit/cap-audit/tracer"
)

const (
	// mostCodes is how many programs are looked at; those of the same bytes are one.
	mostCodes = 64
	// mostNamed is how many programs it is known of which of these they are.
	mostNamed = 2048
	// mostTries is how often a program is tried to be opened: its processes come and go.
	mostTries = 3
	// mostAnswers bounds what is kept of the answers, in bytes of their text.
	mostAnswers = 64 << 20
	// lookPause is how often it is seen what is new, firstPause how often at first, as programs
	// can end soon; looksShare, how much more time passes than that takes.
	lookPause, firstPause, looksShare = time.Second, time.Second / 64, 20
	// lateness is how long the report waits for what is not known when the run has ended, and
	// endPause for the end of what is killed then.
	lateness, endPause = 950 * time.Millisecond, 50 * time.Millisecond
	// filterLateness is for a filter of system calls, which is made of just that.
	filterLateness = 20 * time.Second
	// fewestFiles is how many have to be open at a time: the report needs some, too.
	fewestFiles = 512
	// threadsBeside is how many threads there have to be room for before the analyst begins beside the stub:
	// those of both, with some to spare.
	threadsBeside = 24
)

// Why it is not known what a program's code can ask for.
const (
	notYet    = "not looked at yet"
	notInTime = "not in time: --static FILE shows it"
	tooMany   = "more than 64 programs"
	notApart  = "not told apart from others"
	tooMuch   = "more was found than is kept"
	noFiles   = "too few files may be open: see ulimit -n"
)

// bounding finds out what the code of the programs of a run can ask for, while it goes on.
type bounding struct {
	audit *tracer.Audit // nil before it has begun
	names []string      // paths that the command was given
	files uint64        // how many may be open
	// begun gets the audit, and is closed where none begins; over is closed when the run has ended, done when
	// all has been looked at.
	begun      chan *tracer.Audit
	over, done chan struct{}
	runs       bool

	mu    sync.Mutex // the goroutine of look() alone writes, but for late
	codes []*code
	seen  map[fileState]*code // nil is for one too many
	of    map[int]*code       // by index of the program
	// failed says of programs why they could not be opened, tries how often they were.
	failed map[int]string
	tries  map[int]int
	kept   int                 // bytes of answers
	under  []*analyst.Analysis // those under way
	late   bool                // nobody waits any more
	// long is code whose analysis was under way when the run ended, nil for none, looked is closed when
	// that is done. The others, of which there can be small ones, do not wait for it.
	long   *code
	looked chan struct{}
}

// bound is to look at the code of what an attempt runs; nil where that is not wanted.
func (s *session) bound(at attempt) *bounding {
	if at.repetition || s.NoStatic || s.Untraced {
		return nil
	}
	b := &bounding{begun: make(chan *tracer.Audit, 1), over: make(chan struct{}), done: make(chan struct{}),
		seen: map[fileState]*code{}, of: map[int]*code{}, failed: map[int]string{}, tries: map[int]int{}}
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		b.files = limit.Cur
	}
	return b
}

// expect has the code of what is to be launched looked at while the kernel half is being loaded: it is nearly
// always what runs first, and what is known of it by then need not be waited for at the end.
func (b *bounding) expect(t tracer.Target) {
	if b == nil {
		return
	}
	for _, word := range t.Argv[1:] {
		if filepath.IsAbs(word) && len(b.names) < mostNames {
			b.names = append(b.names, word)
		}
	}
	var c *code
	if early.RoomFor(threadsBeside) == nil {
		if file := tracer.OpenExecuted(t.Path); file != nil {
			c = b.codeIn(file, t.Path, 0)
		}
	}
	b.run(c)
}

// begin goes on with what the audit sees.
func (b *bounding) begin(a *tracer.Audit) {
	if b == nil {
		return
	}
	b.begun <- a
	if !b.runs {
		b.run(nil)
	}
}

// run looks at code that is expected, nil for none, and then at what the audit sees.
func (b *bounding) run(expected *code) {
	b.runs = true
	if b.files < fewestFiles {
		close(b.done)
		return
	}
	go func() {
		defer close(b.done)
		if expected != nil {
			b.analyze(expected)
		}
		if b.audit = <-b.begun; b.audit != nil {
			b.look()
		}
	}()
}

// giveUp ends it where the audit has not begun.
func (b *bounding) giveUp() {
	if b == nil {
		return
	}
	b.beLate()
	close(b.begun)
}

// look goes on until the run has ended and nothing is left to look at.
func (b *bounding) look() {
	last, often := false, firstPause
	for {
		began := time.Now()
		programs, err := b.audit.Programs()
		pause := max(often, looksShare*time.Since(began))
		often = min(2*often, lookPause)
		if err == nil { // else the report does not come about either
			b.round(programs, last)
		}
		if last && b.long != nil {
			<-b.looked
			b.long = nil
			b.round(programs, last)
		}
		if last {
			return
		}
		select {
		case <-time.After(pause):
		case <-b.over:
			last = true
		}
	}
}

// round looks at what is new. What has changed since the last time may go on to.
func (b *bounding) round(programs []audit.Program, last bool) {
	changed := map[*code]bool{}
	for index := 1; index < len(programs) && !b.isLate(); index++ {
		if c := b.codeOf(index, &programs[index]); c != nil && b.note(c, index, programs[index].Code) {
			changed[c] = true
		}
	}
	// the small ones first: there may be no time for the large ones
	codes := slices.Clone(b.codes)
	slices.SortStableFunc(codes, func(c, d *code) int { return cmp.Compare(c.size, d.size) })
	for _, c := range codes {
		if c != b.long && !c.settled() && (last || !changed[c] || c.answer == nil) && !b.isLate() {
			b.analyze(c)
		}
	}
}

func (b *bounding) isLate() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.late
}

// codeOf is a program's code, nil where it cannot be looked at.
func (b *bounding) codeOf(index int, p *audit.Program) *code {
	if c, ok := b.of[index]; ok {
		return c
	}
	if len(b.of) == mostNamed || b.tries[index] == mostTries {
		return nil
	}
	b.tries[index]++
	file, err := b.audit.OpenProgram(index)
	var c *code
	if err == nil {
		c = b.codeIn(file, p.Path, index)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.failed[index] = cmp.Or(errors.Unwrap(err), err).Error() // without its path
		return nil
	}
	b.of[index] = c
	return c
}

func (b *bounding) note(c *code, index int, files []audit.CodeFile) (changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return c.note(index, files)
}

// codeIn is the code in a file, which stays open if there was no such code before.
func (b *bounding) codeIn(file *os.File, path string, index int) *code {
	state := stateOf(file)
	c, ok := b.seen[state]
	if !ok {
		same := slices.IndexFunc(b.codes, func(c *code) bool { return c.isIn(file, state.size) })
		switch {
		case same >= 0:
			c = b.codes[same]
		case len(b.codes) < mostCodes:
			c = &code{file: file, name: path, by: index, size: state.size, at: map[audit.CodeFile]int{}}
			b.mu.Lock()
			b.codes = append(b.codes, c)
			b.mu.Unlock()
		}
		b.seen[state] = c
	}
	if c == nil || c.file != file {
		file.Close()
	}
	if c != nil && c.by == 0 { // it was expected
		c.by = index
	}
	return c
}

// analyze looks at code with what its programs have mapped by now.
func (b *bounding) analyze(c *code) {
	p := c.program(b.audit, int(min(b.files-fewestFiles/2, mostMapped)))
	p.Names = b.names
	under, err := analyst.Start(p)
	p.Root.Close() // or nothing is there
	for _, m := range p.Mapped {
		m.File.Close()
	}
	if err != nil {
		b.settle(c, &analyst.Answer{Failed: err.Error()}, len(p.Mapped))
		return
	}
	b.mu.Lock()
	b.under = append(b.under, under)
	if b.late {
		under.End()
	}
	b.mu.Unlock()
	select {
	case <-b.over:
		under.Hurry()
		b.await(c, under, len(p.Mapped))
		return
	default:
	}
	looked := make(chan struct{})
	go func() {
		defer close(looked)
		b.await(c, under, len(p.Mapped))
	}()
	select {
	case <-looked:
	case <-b.over:
		b.long, b.looked = c, looked
	}
}

// await waits for the answer of an analysis that is under way.
func (b *bounding) await(c *code, under *analyst.Analysis, given int) {
	answer := under.Answer()
	b.mu.Lock()
	b.under = slices.DeleteFunc(b.under, func(u *analyst.Analysis) bool { return u == under })
	b.mu.Unlock()
	b.settle(c, answer, given)
}

// settle keeps an answer. What was ended since nobody waits for it is none.
func (b *bounding) settle(c *code, answer *analyst.Answer, given int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.late {
		return
	}
	if b.kept += answer.Size; b.kept > mostAnswers {
		answer = &analyst.Answer{Failed: tooMuch}
	}
	c.settle(answer, given)
}

// hurry: the run has ended.
func (b *bounding) hurry() {
	if b == nil {
		return
	}
	close(b.over)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, under := range b.under {
		under.Hurry()
	}
}

// lateness is how long what is printed waits.
func (o *Options) lateness() time.Duration {
	if snippets.IsFilter(o.Output.Emit) {
		return filterLateness
	}
	return lateness
}

// conclude waits until the deadline for what is not known yet, and no longer: files can be on
// file systems that the program itself has made.
func (b *bounding) conclude(deadline time.Time) {
	if b == nil {
		return
	}
	select {
	case <-b.done:
	case <-time.After(time.Until(deadline)):
	}
	b.beLate()
	select {
	case <-b.done:
	case <-time.After(endPause):
	}
}

// beLate: nobody waits any more.
func (b *bounding) beLate() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.late = true
	for _, under := range b.under {
		under.End()
	}
}

// known is what is known of programs by now, and of the others why not.
func (b *bounding) known(programs []audit.Program, otherwise string) *audit.Bounds {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	all := &audit.Bounds{}
	for index := range programs {
		if index > 0 || programs[0].Processes > 0 {
			one := b.knownOf(programs[index].Number, &programs[index], otherwise)
			one.Index = index
			all.Programs = append(all.Programs, one)
		}
	}
	return all
}

func (b *bounding) knownOf(index int, p *audit.Program, otherwise string) audit.ProgramBounds {
	c, ok := b.of[index]
	switch {
	case index == 0:
		return audit.ProgramBounds{Failed: notApart}
	case b.files < fewestFiles:
		return audit.ProgramBounds{Failed: noFiles}
	case !ok && b.failed[index] != "":
		return audit.ProgramBounds{Failed: b.failed[index]}
	case ok && c == nil, !ok && len(b.of) == mostNamed:
		return audit.ProgramBounds{Failed: tooMany}
	case !ok, !c.coversAll(p.Code):
		return audit.ProgramBounds{Failed: otherwise}
	}
	return audit.ProgramBounds{Result: c.answer.Result, Failed: c.answer.Failed}
}
