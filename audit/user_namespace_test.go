package audit

import "testing"

// Where a capability has to be held follows from the wrapper that asked, and from who asked by it.
func TestUserNamespaceOfSites(t *testing.T) {
	for _, c := range []struct {
		want   UserNamespace
		frames []string
	}{
		{OnHost, []string{"cap_capable", "security_capable", "capable", "vfs_mknod"}},
		{OnHost, []string{"cap_capable", "ns_capable", "capable", "vfs_mknod"}},
		{Inside, []string{"security_capable", "bpf_trampoline_6442518257", "ns_capable", "inet_create"}},
		{Inside, []string{"cap_capable", "capable_wrt_inode_uidgid", "setattr_prepare"}},
		{Inside, []string{"cap_capable", "ns_capable_setid.part.0", "__sys_setuid"}},
		{OnHost, []string{"cap_capable", "ns_capable", "audit_receive_msg"}},
		{Inside, []string{"cap_capable", "ns_capable_common", "ns_capable", "inet_create"}},
		{OnHost, []string{"cap_capable", "ns_capable_common", "capable", "vfs_mknod"}},
		{"", []string{"cap_capable", "ns_capable_common", "vfs_mknod"}},
		{OnHost, []string{"cap_capable", "aa_policy_admin_capable", "aa_may_manage_policy"}},
		{OnHost, []string{"cap_capable", "ns_capable", "bpf_token_capable", "__sys_bpf"}},
		{"", []string{"cap_capable", "ns_capable", "genl_rcv_msg"}},
		{"", []string{"cap_capable", "security_capable", "one_that_asks_by_itself"}},
		{"", []string{"cap_capable", "capable"}},
		{"", nil},
	} {
		if got := (Site{Frames: c.frames}).userNamespace(); got != c.want {
			t.Errorf("%q, want %q: %v", got, c.want, c.frames)
		}
	}
}

// One use that takes the host makes it the host's, and one that is not known makes it unknown;
// refusals say nothing.
func TestUserNamespaceOfCapability(t *testing.T) {
	within, host := through("ns_capable", "inet_create", 1), through("capable", "sk_setsockopt", 1)
	unknown := through("security_capable", "other", 1)
	for name, c := range map[string]struct {
		want UserNamespace
		rows []Checks
	}{
		"inside":    {Inside, []Checks{row(13, Granted, sysOpenat, 2, within, within)}},
		"both":      {OnHost, []Checks{row(13, Granted, sysOpenat, 3, within, host, unknown)}},
		"not known": {"", []Checks{row(13, Granted, sysOpenat, 2, within, unknown)}},
		"without sites": {"", []Checks{row(13, Granted, sysOpenat, 1, within),
			row(13, Granted, sysOpenat, 1)}},
		"refused": {Inside, []Checks{row(13, Granted, sysOpenat, 1, within),
			row(13, Refused, sysOpenat, 1, host)}},
	} {
		f := Analyze(&Observation{Checks: c.rows})
		if got := f.Required[0].UserNamespace; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		u := NewUnion()
		u.Add("one", f)
		u.Add("other", Analyze(&Observation{Checks: []Checks{row(13, Granted, sysOpenat, 1, within)}}))
		if got := u.Findings().Required[0].UserNamespace; got != c.want {
			t.Errorf("%s, joined: %q, want %q", name, got, c.want)
		}
	}
}
