package snippets

import "golang.org/x/sys/unix"

// PodSecurity is what Kubernetes' Pod Security Standards have against a container with the
// grant. As of v1.34; the capabilities are the same since v1.22.
type PodSecurity struct {
	// Standard is the strictest that admits it: restricted, baseline or privileged. Of
	// restricted that is as another user than root.
	Standard string
	// Baseline and Restricted are those of the grant that these do not admit.
	Baseline, Restricted []int
	// Escalates: it has to be able to gain privileges, which restricted forbids.
	Escalates bool
}

// inBaseline are the capabilities that baseline lets a container add.
var inBaseline = []int{unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_FOWNER, unix.CAP_FSETID, unix.CAP_KILL,
	unix.CAP_SETGID, unix.CAP_SETUID, unix.CAP_SETPCAP, unix.CAP_NET_BIND_SERVICE, unix.CAP_SYS_CHROOT,
	unix.CAP_MKNOD, unix.CAP_AUDIT_WRITE, unix.CAP_SETFCAP}

// inRestricted is what restricted does.
var inRestricted = []int{unix.CAP_NET_BIND_SERVICE}

// PodSecurityOf judges the grant.
func PodSecurityOf(a Advice) PodSecurity {
	p := PodSecurity{"restricted", minus(a.Grant, inBaseline), minus(a.Grant, inRestricted), len(a.Gains) > 0}
	switch {
	case len(p.Baseline) > 0:
		p.Standard = "privileged"
	case len(p.Restricted) > 0 || p.Escalates:
		p.Standard = "baseline"
	}
	return p
}

// podSecurity is a comment on it. Under no_new_privs no file gives another user than root a
// capability; the sysctl is among those that both standards call safe.
func podSecurity(a Advice) string {
	p := PodSecurityOf(a)
	text := "Pod Security: " + p.Standard
	switch {
	case p.Standard == "privileged":
		text += ", since baseline does not admit " + uppers(p.Baseline)
	case len(p.Restricted) > 0 && p.Escalates:
		text += ", since restricted admits neither " + uppers(p.Restricted) + " nor new privileges"
	case len(p.Restricted) > 0:
		text += ", since restricted does not admit " + uppers(p.Restricted)
	case p.Escalates:
		text += ", since restricted does not admit new privileges"
	default:
		text += ", with runAsNonRoot: true and a seccompProfile, too; as root baseline"
		if len(a.Grant) > 0 {
			text += ". Another user binds there by the pod's sysctl " +
				"net.ipv4.ip_unprivileged_port_start, not by the capability"
		}
	}
	return remark(text + ".")
}
