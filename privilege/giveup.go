// Package privilege is about the capabilities that cap-audit has from its own
// file and its caller has not. All of them are given up before anything of the
// caller's is looked at, but for those that tracing takes: these stay permitted,
// and are effective in one thread for as long as a step needs them.
package privilege

/*
#include <sys/auxv.h>
#include "../early/stub.h"
#include "none.h"

#define BIT(n) (1ULL << (n))

// CAP_SYS_ADMIN stands in for the two, and is what kprobes take where Debian's
// and Ubuntu's kernel.perf_event_paranoid is above 2.
#define TRACING (BIT(CAP_BPF) | BIT(CAP_PERFMON) | BIT(CAP_SYS_ADMIN))

// What the file gave for tracing, of which a stub keeps nothing.
static unsigned long long given;

// AT_SECURE says that this process has privileges that its caller has not
// (security/commoncap.c, cap_bprm_creds_from_file(), secureexec), or that a
// security module has changed its domain. Root's privileges are the caller's, and
// so are ambient ones: a file that gives any clears the ambient set.
static int is_deputy(void)
{
	if (!getauxval(AT_SECURE) || getuid() == 0)
		return 0;
	for (int n = 0; n < 64; n++)
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, n, 0, 0) == 1)
			return 0;
	return 1;
}

// Runs before Go's runtime. The analyst gets none at all.
__attribute__((constructor)) static void begin(int argc, char **argv)
{
	if (argc > 0 && strcmp(argv[0], CAP_AUDIT_ANALYST) == 0) {
		give_up_all();
		forget_go(argv + argc + 1);
		return;
	}
	if (!is_deputy())
		return;
	given = TRACING & give_up(argc > 0 && strcmp(argv[0], CAP_AUDIT_STUB) == 0 ? 0 : TRACING);
	forget_go(argv + argc + 1);
}

static unsigned long long given_for_tracing(void) { return given; }
static int is_secure(void) { return getauxval(AT_SECURE) != 0; }
*/
import "C"

import (
	"errors"
	"os"

	"github.com/cap-audit/cap-audit/hint"
)

// Tracing are the capabilities that any step of tracing can need, bit n for
// capability n.
const Tracing = uint64(C.TRACING)

// Given are the capabilities for tracing that this process got from its file,
// bit n for capability n. A stub has had them, and has them no more.
func Given() uint64 { return uint64(C.given_for_tracing()) }

// CheckFile refuses to run from a set-user-ID or set-group-ID file: whose files
// may be touched is then not the caller's to say, and no set of capabilities
// takes that back.
func CheckFile() error {
	if C.is_secure() == 0 || os.Getuid() == os.Geteuid() && os.Getgid() == os.Getegid() {
		return nil
	}
	err := errors.New("cap-audit does not run set-user-ID or set-group-ID: it would act for its caller on " +
		"files that the caller must not touch")
	return hint.Add(err, "chmod ug-s it, and give it file capabilities, see cap-audit(8)")
}
