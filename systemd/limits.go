package systemd

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Limit is a resource limit, as setrlimit(2) has it.
type Limit struct {
	Key        string // "LimitNOFILE"
	Resource   int
	Soft, Hard uint64
}

// infinity is no limit.
const infinity uint64 = math.MaxUint64 // RLIM_INFINITY

// resources are the limits and how each is written (src/basic/rlimit-util.c,
// rlimit_parsers). The kernel's numbers are those of uapi/asm-generic/resource.h,
// which x86, Arm and RISC-V have.
var resources = []struct {
	key      string
	resource int
	parse    func(string) (uint64, bool)
}{
	{"LimitCPU", unix.RLIMIT_CPU, parseSeconds},
	{"LimitFSIZE", unix.RLIMIT_FSIZE, parseSize},
	{"LimitDATA", unix.RLIMIT_DATA, parseSize},
	{"LimitSTACK", unix.RLIMIT_STACK, parseSize},
	{"LimitCORE", unix.RLIMIT_CORE, parseSize},
	{"LimitRSS", unix.RLIMIT_RSS, parseSize},
	{"LimitNPROC", unix.RLIMIT_NPROC, parseNumber},
	{"LimitNOFILE", unix.RLIMIT_NOFILE, parseNumber},
	{"LimitMEMLOCK", unix.RLIMIT_MEMLOCK, parseSize},
	{"LimitAS", unix.RLIMIT_AS, parseSize},
	{"LimitLOCKS", unix.RLIMIT_LOCKS, parseNumber},
	{"LimitSIGPENDING", unix.RLIMIT_SIGPENDING, parseNumber},
	{"LimitMSGQUEUE", unix.RLIMIT_MSGQUEUE, parseSize},
	{"LimitNICE", unix.RLIMIT_NICE, parseNiceLimit},
	{"LimitRTPRIO", unix.RLIMIT_RTPRIO, parseNumber},
	{"LimitRTTIME", unix.RLIMIT_RTTIME, parseMicroseconds},
}

// limits reads the settings Limit*=. As in systemd, the last one that can be
// read counts.
func (f *File) limits() []Limit {
	var list []Limit
	for _, r := range resources {
		var limit *Limit
		for _, value := range f.values(r.key) {
			soft, hard, two := strings.Cut(value, ":")
			if !two {
				hard = soft
			}
			s, ok1 := r.parse(soft)
			h, ok2 := r.parse(hard)
			if !ok1 || !ok2 || s > h {
				f.warn("%s=%s: is no limit; systemd ignores it", r.key, value)
				continue
			}
			limit = &Limit{r.key, r.resource, s, h}
		}
		if limit != nil {
			list = append(list, *limit)
		}
	}
	return list
}

// parseNumber reads a number as strtoull(3) does: 0x10 is 16.
func parseNumber(s string) (uint64, bool) {
	if s == "infinity" {
		return infinity, true
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "+"), 0, 64)
	return n, err == nil && !strings.Contains(s, "_")
}

// parseSize reads bytes with the suffixes of 1024.
func parseSize(s string) (uint64, bool) {
	if s == "infinity" {
		return infinity, true
	}
	var total uint64
	for rest := s; rest != ""; {
		digits := strings.IndexFunc(rest, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		number, unit := rest, ""
		if digits >= 0 {
			number, unit = rest[:digits], strings.TrimLeft(rest[digits:], blanks)
		}
		factor := 1.0
		if unit != "" {
			power := strings.IndexByte("BKMGTPE", unit[0])
			if power < 0 {
				return 0, false
			}
			factor, unit = math.Pow(1024, float64(power)), unit[1:]
		}
		n, err := strconv.ParseFloat(number, 64)
		if err != nil || n*factor >= math.MaxUint64 {
			return 0, false
		}
		if whole, err := strconv.ParseUint(number, 10, 64); err == nil && factor == 1 {
			total += whole
		} else {
			total += uint64(n * factor)
		}
		rest = strings.TrimLeft(unit, blanks)
	}
	return total, s != ""
}

// parseNiceLimit: with a sign it is a nice level, without the kernel's 20 less that.
func parseNiceLimit(s string) (uint64, bool) {
	if s == "infinity" {
		return infinity, true
	}
	n, err := strconv.Atoi(s)
	switch {
	case err != nil:
		return 0, false
	case s[0] == '+' || s[0] == '-':
		return uint64(20 - n), n >= -20 && n <= 19
	}
	return uint64(n), n <= 40
}

func parseSeconds(s string) (uint64, bool) {
	us, ok := parseTime(s, 1_000_000)
	if us == infinity || !ok {
		return us, ok
	}
	return (us + 999_999) / 1_000_000, true
}

func parseMicroseconds(s string) (uint64, bool) { return parseTime(s, 1) }

// timeUnits are systemd's, in microseconds (man systemd.time, "Parsing Time Spans").
var timeUnits = map[string]float64{
	"us": 1, "usec": 1, "µs": 1, "μs": 1, "ms": 1e3, "msec": 1e3, "s": 1e6, "sec": 1e6, "second": 1e6,
	"seconds": 1e6,
	"m":       60e6, "min": 60e6, "minute": 60e6, "minutes": 60e6, "h": 3600e6, "hr": 3600e6, "hour": 3600e6,
	"hours": 3600e6,
	"d":     86400e6, "day": 86400e6, "days": 86400e6, "w": 604800e6, "week": 604800e6, "weeks": 604800e6,
	"M": 2629800e6, "month": 2629800e6, "months": 2629800e6, "y": 31557600e6, "year": 31557600e6,
	"years": 31557600e6,
}

// parseTime reads a time span; a number without a unit counts in unit microseconds.
func parseTime(s string, unit float64) (uint64, bool) {
	if s == "infinity" {
		return infinity, true
	}
	var total float64
	for rest := s; rest != ""; {
		digits := strings.IndexFunc(rest, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		number, name := rest, ""
		if digits >= 0 {
			number, rest = rest[:digits], strings.TrimLeft(rest[digits:], blanks)
			end := strings.IndexFunc(rest, func(r rune) bool {
				return r >= '0' && r <= '9' ||
					strings.ContainsRune(blanks, r)
			})
			if end < 0 {
				end = len(rest)
			}
			name, rest = rest[:end], strings.TrimLeft(rest[end:], blanks)
		} else {
			rest = ""
		}
		factor, ok := timeUnits[name]
		if name == "" {
			factor, ok = unit, true
		}
		n, err := strconv.ParseFloat(number, 64)
		if err != nil || !ok {
			return 0, false
		}
		total += n * factor
	}
	if s == "" || total >= math.MaxUint64 {
		return 0, false
	}
	return uint64(total), true
}

func (l Limit) String() string {
	text := func(n uint64) string {
		if n == infinity {
			return "infinity"
		}
		return fmt.Sprint(n)
	}
	return l.Key + "=" + text(l.Soft) + ":" + text(l.Hard)
}
