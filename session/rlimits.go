package session

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/systemd"
	"github.com/cap-audit/cap-audit/tracer"
)

// defaultLimits are those of services that do not set their own (man
// systemd-system.conf, "DefaultLimitCPU="). For the others there are none, and
// the caller's stay.
var defaultLimits = []systemd.Limit{
	{Key: "LimitNOFILE", Resource: unix.RLIMIT_NOFILE, Soft: 1024, Hard: 524288},
	{Key: "LimitMEMLOCK", Resource: unix.RLIMIT_MEMLOCK, Soft: 8 << 20, Hard: 8 << 20},
}

// limits are the file's and systemd's own. One that cannot be set is set as
// near to it as can be, as systemd does, and the report names the file's.
func (f *unitFile) limits() []tracer.Limit {
	all := slices.Clone(f.service.Limits)
	for _, limit := range defaultLimits {
		if !slices.ContainsFunc(all, func(own systemd.Limit) bool { return own.Resource == limit.Resource }) {
			all = append(all, limit)
		}
	}
	var list []tracer.Limit
	for i, limit := range all {
		highest := highestLimit(limit.Resource)
		if own := i < len(f.service.Limits); own && limit.Hard > highest &&
			(limit.Resource != unix.RLIMIT_NOFILE || highest < nrOpen()) {
			f.about.NotSimulated = append(f.about.NotSimulated, audit.Omission{
				Setting: audit.Setting{Key: limit.Key, Value: strings.TrimPrefix(limit.String(),
					limit.Key+"=")},
				Effect: fmt.Sprintf("cap-audit itself may not set more than %d", highest),
			})
		}
		list = append(list, tracer.Limit{
			Name: limit.Key + "=", Resource: limit.Resource, Soft: min(limit.Soft, highest),
			Hard: min(limit.Hard, highest),
		})
	}
	return list
}

// highestLimit is how high this process may set a hard limit.
func highestLimit(resource int) uint64 {
	highest := uint64(math.MaxUint64)
	if resource == unix.RLIMIT_NOFILE {
		highest = nrOpen()
	}
	if capng.Effective()>>unix.CAP_SYS_RESOURCE&1 == 0 {
		var now unix.Rlimit
		if err := unix.Getrlimit(resource, &now); err == nil {
			highest = min(highest, now.Max)
		}
	}
	return highest
}

// nrOpen is the most that RLIMIT_NOFILE can be (kernel/sys.c, do_prlimit).
func nrOpen() uint64 {
	raw, err := os.ReadFile("/proc/sys/fs/nr_open")
	if err != nil {
		return math.MaxUint64
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(raw)), 10, 64)
	if err != nil {
		return math.MaxUint64
	}
	return n
}
