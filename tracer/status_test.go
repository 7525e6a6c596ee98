package tracer

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a process calls itself says nothing about who it is: the kernel writes a name
// with its backslashes and line feeds escaped (fs/proc/array.c, proc_task_name()).
func FuzzStatus(f *testing.F) {
	for _, name := range []string{"cat", "", "a b", "Uid:", "x\nUid:\t0\t0\t0\t0", "\\n", "\xff", "\r",
		"\u2028"} {
		f.Add(name, "Uid:\t1000\t1001\t1000\t1000\nCapEff:\t0000000000002000\nGroups:\t4 24 \n")
	}
	escape := strings.NewReplacer("\n", `\n`, `\`, `\\`)
	f.Fuzz(func(t *testing.T, name, rest string) {
		plain := parseStatus("Name:\tcat\n" + rest)
		named := parseStatus("Name:\t" + escape.Replace(name) + "\n" + rest)
		if _, again := parseStatus(rest)["Name"]; !again {
			delete(plain, "Name")
			delete(named, "Name")
		}
		if diff := cmp.Diff(plain, named); diff != "" {
			t.Errorf("a name makes another status (-plain +named):\n%s", diff)
		}
		for key, value := range named {
			if strings.ContainsAny(key+value, "\n") {
				t.Errorf("%q is %q", key, value)
			}
		}
		if real, effective := named.users(); (real == -1) != (effective == -1) {
			t.Errorf("users %d, %d in %q", real, effective, named["Uid"])
		}
	})
}
