package without

import "strings"

// sameLimits are those that limits.conf(5) has in the same units as systemd.exec(5).
var sameLimits = map[string]string{"NOFILE": "nofile", "NPROC": "nproc", "NICE": "nice", "RTPRIO": "rtprio",
	"SIGPENDING": "sigpending", "MSGQUEUE": "msgqueue", "LOCKS": "locks"}

// byHand is what there is beside a line of a unit, or in its place, for what somebody or another program
// starts: where there is nothing, the line.
func (a *asking) byHand(w way) (way, bool) {
	line, condition, isLine := strings.Cut(w.form, inUnit)
	setting, value, _ := strings.Cut(line, "=")
	resource, _ := strings.CutPrefix(setting, "Limit")
	item := sameLimits[resource]
	if value == "infinity" {
		item = strings.ToLower(resource)
	}
	switch {
	case !isLine:
	case setting == "User":
		w.form = "run it as %" + condition
	case setting == "Group":
		w.form = "run it in group %"
	case !plain(a.account()):
		return none()
	case setting == "SupplementaryGroups":
		w.form, w.join = "usermod -aG % "+a.account(), commas
	case setting == "NoNewPrivileges":
		w.form += ", or setpriv --no-new-privs before it"
	case item != "":
		w.form += ", or in /etc/security/limits.conf: " + a.account() + " - " + item + " " + value
	}
	return w, true
}
