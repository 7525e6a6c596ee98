package report

import (
	"bytes"
	"time"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
)

// Event is a check as --events has it, one line each.
type Event struct {
	Time    string `json:"time"`
	PID     int    `json:"pid"`
	Program string `json:"program"`
	Comm    string `json:"comm"`

	Capability string  `json:"capability"`
	Verdict    string  `json:"verdict"`
	Syscall    string  `json:"syscall"`
	ABI        string  `json:"abi"`
	CallSite   *string `json:"call_site"`
	Object     *string `json:"object"`
}

// verdicts are what --events calls them. The last comes after a line with granted, and
// takes that back.
var verdicts = map[audit.Verdict]string{audit.Granted: "granted", audit.Refused: "denied",
	audit.LSMRefused: "lsm_refused"}

// NewEvent is a check, of which the row has the capability, the verdict and the system
// call; site is the kernel function that asked, object what it was asked for, each "" for not known.
func NewEvent(at time.Time, pid int, program, comm string, row audit.Checks, site, object string) Event {
	s := syscallOf(row.Syscall)
	return Event{at.UTC().Format("2006-01-02T15:04:05.000000Z"), pid, valid(program), valid(comm),
		capng.Name(row.Capability), verdicts[row.Verdict], s.Name, s.ABI, optional(valid(site)),
		optional(valid(object))}
}

// TakesBack: it says what became of the check of the line before of that process.
func (e Event) TakesBack() bool { return e.Verdict == verdicts[audit.LSMRefused] }

// EventsEnd is the last line of --events. Lines are those of checks, without those that
// take another back; with Lost they are all checks.
type EventsEnd struct {
	Lines uint64 `json:"lines"`
	Lost  uint64 `json:"lost"`
}

// Line is a value of this file, as one line.
func Line[T Event | EventsEnd](value T) []byte {
	var b bytes.Buffer
	if err := writeLine(&b, value); err != nil {
		panic(err) // it is made of strings and numbers
	}
	return b.Bytes()
}
