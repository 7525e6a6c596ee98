#!/bin/bash
# bench.sh BACKEND [BENCH-OPTION...] [PAGE]: the payload that measures what an audit costs by one backend.
lib=/usr/local/lib/cap-audit
export CAP_AUDIT=/usr/local/bin/cap-audit CAP_AUDIT_PROGRAMS=$lib/programs CAP_AUDIT_BACKEND=$1
[ ! -x $lib/original ] || export CAP_AUDIT_ORIGINAL=$lib/original
shift
# Emulated, all is some ten times slower: a tenth of the length, if nothing else is said later. What a build and nginx take by
# the clock says nothing there: they wait for disks, and for the host.
exec $lib/bench -share 0.1 -skip 'a build|nginx' "$@"
