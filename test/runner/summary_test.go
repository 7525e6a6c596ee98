package main

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What go test says of a package with a test that fails, of one that is cut off,
// of one that crashes, and of one that cannot be built.
const fromGoTest = `{"Action":"start","Package":"github.com/cap-audit/cap-audit/a"}
{"Action":"run","Package":"github.com/cap-audit/cap-audit/a","Test":"TestGood"}
{"Action":"output","Package":"github.com/cap-audit/cap-audit/a","Test":"TestGood","Output":"=== RUN   TestGood\n"}
{"Action":"output","Package":"github.com/cap-audit/cap-audit/a","Test":"TestGood","Output":"    a_test.go:1: chatter\n"}
{"Action":"pass","Package":"github.com/cap-audit/cap-audit/a","Test":"TestGood","Elapsed":0.5}
{"Action":"skip","Package":"github.com/cap-audit/cap-audit/a","Test":"TestLacks","Elapsed":0}
{"Action":"output","Package":"github.com/cap-audit/cap-audit/a","Test":"TestBad/one","Output":"=== RUN   TestBad/one\n"}
{"Action":"output","Package":"github.com/cap-audit/cap-audit/a","Test":"TestBad/one","Output":"    a_test.go:9: 3, wanted 4\n"}
{"Action":"output","Package":"github.com/cap-audit/cap-audit/a","Test":"TestBad/one","Output":"    --- FAIL: TestBad/one (0.10s)\n"}
{"Action":"fail","Package":"github.com/cap-audit/cap-audit/a","Test":"TestBad/one","Elapsed":0.1}
{"Action":"fail","Package":"github.com/cap-audit/cap-audit/a","Test":"TestBad","Elapsed":0.1}
{"Action":"output","Package":"github.com/cap-audit/cap-audit/a","Output":"FAIL\tgithub.com/cap-audit/cap-audit/a\t0.7s\n"}
{"Action":"fail","Package":"github.com/cap-audit/cap-audit/a","Elapsed":0.7}
{"Action":"output","Package":"github.com/cap-audit/cap-audit/late","Test":"TestLate","Output":"=== RUN   TestLate\n"}
{"Action":"output","Package":"github.com/cap-audit/cap-audit/late","Test":"TestLate","Output":"panic: test timed out after 1s\n"}
{"Action":"output","Package":"github.com/cap-audit/cap-audit/late","Test":"TestLate","Output":"\trunning tests:\n"}
{"Action":"output","Package":"github.com/cap-audit/cap-audit/late","Test":"TestLate","Output":"\t\tTestLate (1s)\n"}
{"Action":"output","Package":"github.com/cap-audit/cap-audit/late","Test":"TestLate","Output":"goroutine 8 [running]:\n"}
{"Action":"output","Package":"github.com/cap-audit/cap-audit/late","Test":"TestLate","Output":"testing.(*M).startAlarm.func1()\n"}
{"Action":"fail","Package":"github.com/cap-audit/cap-audit/late","Test":"TestLate","Elapsed":1}
{"Action":"fail","Package":"github.com/cap-audit/cap-audit/late","Elapsed":1}
{"Action":"output","Package":"github.com/cap-audit/cap-audit/crash","Test":"TestCrash","Output":"panic: nil map\n"}
{"Action":"output","Package":"github.com/cap-audit/cap-audit/crash","Test":"TestCrash","Output":"goroutine 7 [running]:\n"}
{"Action":"output","Package":"github.com/cap-audit/cap-audit/crash","Test":"TestCrash","Output":"crash.f(...)\n"}
{"Action":"output","Package":"github.com/cap-audit/cap-audit/crash","Test":"TestCrash","Output":"goroutine 1 [chan receive]:\n"}
{"Action":"output","Package":"github.com/cap-audit/cap-audit/crash","Test":"TestCrash","Output":"testing.(*T).Run()\n"}
{"Action":"fail","Package":"github.com/cap-audit/cap-audit/crash","Elapsed":0.2}
{"Action":"build-output","ImportPath":"github.com/cap-audit/cap-audit/b","Output":"b/b.go:1: undefined: x\n"}
{"Action":"fail","Package":"github.com/cap-audit/cap-audit/b","Elapsed":0,"FailedBuild":"github.com/cap-audit/cap-audit/b"}
{"Action":"output","Package":"github.com/cap-audit/cap-audit/c","Output":"skipped, all of c: wanted root\n"}
{"Action":"pass","Package":"github.com/cap-audit/cap-audit/c","Elapsed":0.1}
{"Action":"skip","Package":"github.com/cap-audit/cap-audit/none","Elapsed":0}
make: said by somebody else
`

const shown = `FAIL a TestBad/one (0.1 s)
    a_test.go:9: 3, wanted 4
FAIL a TestBad (0.1 s)
FAIL a                               1 passed   1 skipped    0.7 s
FAIL late TestLate (1.0 s)
panic: test timed out after 1s
	running tests:
		TestLate (1s)
FAIL late                            0 passed   0 skipped    1.0 s
FAIL crash TestCrash did not end
panic: nil map
goroutine 7 [running]:
crash.f(...)
FAIL crash                           0 passed   0 skipped    0.2 s
b/b.go:1: undefined: x
FAIL b                               0 passed   0 skipped    0.0 s
skipped, all of c: wanted root
ok   c                               0 passed   0 skipped    0.1 s
make: said by somebody else

1 passed, 1 skipped, 4 failed in 3s; all that was said is in LOG
FAIL a TestBad/one
FAIL b
FAIL crash TestCrash
FAIL late TestLate
`

func TestSummary(t *testing.T) {
	var out, log strings.Builder
	s := newSummary(&out, &log)
	for line := range strings.Lines(fromGoTest) {
		s.take([]byte(line))
	}
	s.end(3*time.Second, "LOG")
	if diff := cmp.Diff(shown, out.String()); diff != "" {
		t.Errorf("shown (-want +got):\n%s", diff)
	}
	if !strings.Contains(log.String(), "chatter") {
		t.Errorf("not in the log: what a test said that passed:\n%s", &log)
	}
}

// What is no test has no summary.
func TestOtherCommands(t *testing.T) {
	var out strings.Builder
	s := newSummary(&out, io.Discard)
	s.take([]byte("booted\n"))
	s.end(time.Second, "LOG")
	if out.String() != "booted\n" {
		t.Errorf("%q", out.String())
	}
}
