package tracer

import (
	"fmt"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/capng"
)

const scoreFile = "/proc/self/oom_score_adj"

// lastToGo: of all in a control group that has used up its memory, the auditor is
// killed last. -1000 would spare it for ever, and alone in such a group it would
// fault on one page again and again (mm/oom_kill.c, pagefault_out_of_memory()).
const lastToGo = "-999"

// score is the caller's, once this process has another.
var score struct {
	sync.Mutex
	callers []byte
}

// outlive has the OOM killer choose others before the auditor, who is to tell of
// them. That takes CAP_SYS_RESOURCE (fs/proc/base.c, __set_oom_adj()); where it
// cannot be, it is as ever. What ran before keeps its score.
func outlive() {
	score.Lock()
	defer score.Unlock()
	if score.callers != nil || capng.Effective()>>unix.CAP_SYS_RESOURCE&1 == 0 {
		return
	}
	callers, err := os.ReadFile(scoreFile)
	if err == nil && os.WriteFile(scoreFile, []byte(lastToGo), 0) == nil {
		score.callers = callers
	}
}

// forkExec starts a process, which is to have it, as all but the auditor.
func forkExec(path string, argv []string, attributes *syscall.ProcAttr) (pid int, err error) {
	score.Lock()
	defer score.Unlock()
	if score.callers != nil {
		if err := os.WriteFile(scoreFile, score.callers, 0); err != nil {
			return 0, fmt.Errorf("set the caller's OOM score: %w", err)
		}
		defer os.WriteFile(scoreFile, []byte(lastToGo), 0)
	}
	return syscall.ForkExec(path, argv, attributes)
}
