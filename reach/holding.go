package reach

// holding is code that puts a function's address into a register, as compilers do with
// one that they call often.
type holding struct {
	at       place
	register register
	slot     slot
}

// sort takes the functions that are held, but for those that are called at once by their registers, or
// by registers that calls do not change: those are looked at when it is known what returns.
func (s *scanner) sort() {
	for _, h := range s.held {
		kept := s.from.lostInCall&bit(h.register) == 0
		if s.calledBy&bit(h.register) == 0 || s.from.reads == nil {
			s.takeSlot(s.object, h.slot, h.at)
		} else if i, passedOn := s.firstUse(h); !kept && i != nil {
			s.connectSlot(s.object, i.address, h.slot, i.op == opJumpAny)
		} else if kept && !passedOn {
			s.holdings = append(s.holdings, h)
		} else {
			s.takeSlot(s.object, h.slot, h.at)
		}
	}
}

// firstUse is the call through the register, if that comes next, and tells whether its value is passed
// on before anything is decided.
func (s *scanner) firstUse(h holding) (call *instruction, passedOn bool) {
	o, address := s.object, h.at.address()
	i := s.from.decode(o.bytesAt(address), address)
	for range 32 {
		code := o.bytesAt(i.next())
		i = s.from.decode(code, i.next())
		switch i.op {
		case opCall, opCallSlot:
			return nil, s.from.lostInCall&bit(h.register) != 0
		case opCallAny, opJumpAny:
			if i.src == h.register {
				return &i, false
			}
			return nil, false
		case opBranch, opJump, opBad:
			return nil, false
		}
		reads := i.op != opTest && s.from.reads(code, i.address)&bit(h.register) != 0
		if reads || i.ends() || i.writes(h.register) {
			return nil, reads
		}
	}
	return nil, false
}

// settleHolding makes direct ways of the calls through a register, or takes the function if
// anything else is done with it.
func (p *program) settleHolding(h holding) {
	o := p.object(h.at)
	calls, only := p.onlyCalled(h)
	if !only {
		p.takeSlot(o, h.slot, h.at)
		return
	}
	for _, i := range calls {
		p.connectSlot(o, i.address, h.slot, i.op == opJumpAny)
	}
}

// follower goes wherever a register's value goes.
type follower struct {
	*program
	body     *body
	register register
	after    map[int32][]int32
	seen     map[int32]bool
	work     []int32
	caught   bool
	calls    []*instruction
}

// onlyCalled finds the calls through the register, and tells whether nothing else is done with it.
func (p *program) onlyCalled(h holding) (calls []*instruction, only bool) {
	b, n := p.bodyAt(h.at)
	if n < 0 || b.blind {
		return nil, false
	}
	f := follower{program: p, body: b, register: h.register, after: map[int32][]int32{},
		seen: map[int32]bool{}}
	for to := range b.code {
		for _, from := range b.before(int32(to)) {
			f.after[from] = append(f.after[from], int32(to))
		}
	}
	f.push(n + 1)
	for len(f.work) > 0 {
		n := f.work[len(f.work)-1]
		f.work = f.work[:len(f.work)-1]
		if int(n) == len(b.code) || len(f.seen) > maxFollowed || !f.step(n) {
			return nil, false
		}
	}
	return f.calls, true
}

const maxFollowed = 1 << 13 // instructions of functions

func (f *follower) push(n int32) {
	if !f.seen[n] {
		f.seen[n] = true
		f.work = append(f.work, n)
	}
}

// step tells whether an instruction does no more than call what the register holds.
func (f *follower) step(n int32) bool {
	i := &f.body.code[n]
	lost := f.from.lostInCall&bit(f.register) != 0
	switch i.op {
	case opCallAny, opJumpAny:
		if i.src == f.register {
			f.calls = append(f.calls, i)
			if i.op == opJumpAny || lost {
				return true
			}
		} else if lost || i.op == opJumpAny && len(f.after[n]) == 0 {
			return false
		}
	case opCall, opCallSlot:
		if lost { // who knows whether it is an argument
			return false
		}
	case opReturn, opJumpSlot, opBad:
		return false
	case opJump, opBranch:
		if f.body.jumpsTo(i) < 0 {
			return false
		}
	default:
		code := f.body.object.bytesAt(i.address)
		reads := f.from.reads(code, i.address)&bit(f.register) != 0
		if reads || i.writes(f.register) {
			return !reads
		}
	}
	if i.calls() {
		f.catch()
	}
	for _, to := range f.after[n] {
		f.push(to)
	}
	last := i.calls() && int(n+1) == len(f.body.code) // it does not return
	if !i.ends() && !last && !f.noReturn(f.body, i) {
		f.push(n + 1)
	}
	return true
}

// catch goes on where exceptions may, which calls throw: to what nothing else leads to.
func (f *follower) catch() {
	b := f.body
	for n := int32(1); int(n) < len(b.code) && !f.caught; n++ {
		if len(b.before(n)) == 0 && !b.dead[n] && !f.goesOn(b, n) {
			f.push(n)
		}
	}
	f.caught = true
}
