package capng

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

func TestNameAndNumberAgree(t *testing.T) {
	for n := range numbers {
		spellings := []string{Name(n), strings.ToUpper(Name(n)), Constant(n)}
		if Known(n) {
			spellings = append(spellings, "cap_"+Name(n), Upper(n))
		}
		for _, spelling := range spellings {
			if got, ok := Number(spelling); !ok || got != n {
				t.Errorf("Number(%q) = %d, %t, want %d", spelling, got, ok, n)
			}
		}
	}
}

func TestName(t *testing.T) {
	for n, want := range map[int]string{
		0: "chown", 8: "setpcap", 10: "net_bind_service", 13: "net_raw", 21: "sys_admin",
		63: "cap_63", 64: "cap_64", -1: "cap_-1", 1000: "cap_1000",
	} {
		if got := Name(n); got != want {
			t.Errorf("Name(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestSpellings(t *testing.T) {
	if got := Constant(13); got != "CAP_NET_RAW" {
		t.Errorf("Constant(13) = %q", got)
	}
	if got := Upper(13); got != "NET_RAW" {
		t.Errorf("Upper(13) = %q", got)
	}
}

func TestNumberRefuses(t *testing.T) {
	for _, name := range []string{"", "cap_", "net raw", "net_raw ", "cap_cap_net_raw", "13", "cap_13",
		"cap_99", "nét_raw", "chown\x00"} {
		if n, ok := Number(name); ok {
			t.Errorf("Number(%q) = %d, want none", name, n)
		}
	}
}

func TestLast(t *testing.T) {
	raw, err := os.ReadFile("/proc/sys/kernel/cap_last_cap")
	if err != nil {
		t.Skipf("want /proc/sys/kernel/cap_last_cap: %v", err)
	}
	want, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	if Last() != want {
		t.Errorf("Last() = %d, want %d", Last(), want)
	}
	if Known(want + 1) {
		t.Errorf("Known(%d), one beyond the kernel's last", want+1)
	}
}

func FuzzNumber(f *testing.F) {
	for _, seed := range []string{"net_raw", "CAP_NET_RAW", "cap_63", "K", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		n, ok := Number(name)
		if ok && (n < 0 || n >= numbers) {
			t.Errorf("Number(%q) = %d", name, n)
		}
	})
}
