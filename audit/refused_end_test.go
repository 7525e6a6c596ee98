package audit

import (
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/objects"
)

func TestRefusedEnd(t *testing.T) {
	send := Syscall{Number: 46, Name: "sendmsg"}
	setuid, setresuid := Syscall{Number: 105, Name: "setuid"}, Syscall{Number: 117, Name: "setresuid"}
	for name, c := range map[string]struct {
		end     End
		sampled bool
		want    []int
	}{
		"a call that failed": {
			End{Status: 1, Syscall: sysBind, Return: -13, Refused: 1 << 10}, false, []int{10}},
		"a success": {End{Syscall: sysBind, Return: -13, Refused: 1 << 10}, false, nil},
		"a call that went on": {
			End{Status: 1, Syscall: sysBind, Refused: 1 << 10}, false, nil},
		"that failed for another reason": {
			End{Status: 1, Syscall: sysBind, Return: -98, Refused: 1 << 10}, false, nil},
		"that is answered by a message": {
			End{Status: 2, Syscall: send, Return: 40, Refused: 1 << 12}, false, []int{12}},
		"either would have done": {
			End{Status: 1, Syscall: sysOpenat, Return: -13, Refused: 1<<1 | 1<<2}, false, []int{2}},
		"a probe": {End{Status: 1, Syscall: sysOpenat, Return: -13, Refused: 1 << 21}, false, nil},
		"long before": {
			End{Status: 1, Syscall: sysBind, Return: -13, Refused: 1 << 10, Since: time.Minute}, false, nil},
		"some time before": {
			End{Status: 1, Syscall: sysBind, Return: -13, Refused: 1 << 10, Since: 2 * time.Second}, false,
			[]int{10}},
		"some time before, of a sample": {
			End{Status: 1, Syscall: sysBind, Return: -13, Refused: 1 << 10, Since: 2 * time.Second},
			true, nil},
		"a child's": {
			End{Status: 3, Syscall: sysBind, Return: -13, Refused: 1 << 10, Child: true, ChildStatus: 3},
			false, []int{10}},
		"a child's that ended otherwise": {
			End{Status: 3, Syscall: sysBind, Return: -13, Refused: 1 << 10, Child: true, ChildStatus: 1},
			false, nil},
		"a child's that a signal ended": {
			End{Status: 134, Syscall: sysBind, Return: -1, Refused: 1 << 10, Child: true, ChildSignal: 6},
			false, []int{10}},
		"whether it is root no more": {
			End{Status: 1, Syscall: setuid, Return: -1, Refused: 1 << 7}, false, nil},
		"that it may become another user": {
			End{Status: 1, Syscall: setresuid, Return: -1, Refused: 1 << 7}, false, []int{7}},
	} {
		probe := row(unix.CAP_SYS_ADMIN, Refused, sysOpenat, 1)
		probe.Scope, probe.Credentials = ScopeNested, Credentials{Owner: true}
		f := Analyze(&Observation{End: &c.end, Sampled: c.sampled, Checks: []Checks{
			row(unix.CAP_NET_BIND_SERVICE, Refused, sysBind, 1),
			row(unix.CAP_DAC_OVERRIDE, Refused, sysOpenat, 1),
			row(unix.CAP_DAC_READ_SEARCH, Refused, sysOpenat, 1),
			row(unix.CAP_NET_ADMIN, Refused, send, 1), probe,
			becoming(Granted, setuid, "user web"), becoming(Refused, setuid, "user root"),
			becoming(Refused, setresuid, "user other")}})
		var got []int
		if f.RefusedEnd != nil {
			got = f.RefusedEnd.Capabilities
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: blamed %v, wanted %v", name, got, c.want)
		}
	}
}

// becoming is a change of users, or an attempt.
func becoming(verdict Verdict, s Syscall, option string) Checks {
	c := row(unix.CAP_SETUID, verdict, s, 1)
	c.Sites = []Site{{Frames: []string{"__sys_setuid"}, Samples: 1, Objects: Objects{Seen: []SeenObject{
		{Object: objects.Object{Kind: objects.Option, Option: option}, Checks: 1}}}}}
	return c
}

func TestWaited(t *testing.T) {
	for status, want := range map[unix.WaitStatus][2]int{0x300: {3, 0}, 6: {0, 6}, 0x86: {0, 6}, 0: {0, 0}} {
		if exit, signal := Waited(status); [2]int{exit, signal} != want {
			t.Errorf("%#x: %d, %d, wanted %v", status, exit, signal, want)
		}
	}
}
