package without

import "strings"

// sameLimits are those that limits.conf(5) has in the same units as systemd.exec(5).
var sameLimits = map[string]string{"NOFILE": "nofile", "NPROC": "nproc", "NICE": "nice", "RTPRIO": "rtprio",
	"SIGPENDING": "sigpending", "MSGQUEUE": "msgqueue", "LOCKS": "locks"}

// byHand is what there is beside a line of a unit, or in its place, for what somebody or another program starts.
// False where there is nothing.
func (a *asking) byHand(w way) (way, bool) {
	line, _, isLine := strings.Cut(w.form, inUnit)
	setting, value, _ := strings.Cut(line, "=")
	resource, isLimit := strings.CutPrefix(setting, "Limit")
	switch item := sameLimits[resource]; {
	case !isLine:
		return w, true
	case !plain(a.account()):
		return none()
	case setting == "SupplementaryGroups":
		return with("usermod -aG % "+a.account(), w.what, commas)
	case setting == "NoNewPrivileges":
		return plainly(w.form + ", or setpriv --no-new-privs before it")
	case isLimit && value == "infinity":
		item = strings.ToLower(resource)
		fallthrough
	case isLimit && item != "":
		w.form += ", or in /etc/security/limits.conf: " + a.account() + " - " + item + " " + value
		return w, true
	}
	return w, isLimit
}
