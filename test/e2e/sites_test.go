package e2e

import (
	"fmt"
	"testing"
)

// Every check has its call site, of two that share capability, system call and
// innermost caller, too, though hardly any of them was looked for by a walk.
func TestCallSites(t *testing.T) {
	t.Parallel()
	number := fewer(300000, 30000)
	d := audited(t, built("sites"), fmt.Sprint(number))
	got := map[string]uint64{}
	if c := d.required("net_raw"); c != nil {
		for _, site := range c.Sites {
			if site.Syscall == "setsockopt" {
				got[site.Function] += site.Checks
			}
		}
	}
	marks, transparent := got["sk_setsockopt"]+got["sock_setsockopt"], got["do_ip_setsockopt"]
	if (marks != number || transparent != number/3) && !d.missesChecks() || len(got) != 2 {
		t.Errorf("net_raw: asked for by %v, wanted %d by sk_setsockopt, %d by do_ip_setsockopt", got, number,
			number/3)
	}
}
