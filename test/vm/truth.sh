#!/bin/bash
# truth.sh: the payload that runs the truth suite of test/real, which needs capabilities and a kernel that the machine's own
# may not have: modules, AppArmor, suspend, and a root with CAP_SYS_RESOURCE.
lib=/usr/local/lib/cap-audit
export CAP_AUDIT=/usr/local/bin/cap-audit CAP_AUDIT_PROGRAMS=$lib/programs
sysctl -qw kernel.perf_event_paranoid=2 # above it Debian's kernel asks for SYS_ADMIN where PERFMON would do
mount -t securityfs securityfs /sys/kernel/security 2>/dev/null
cd $lib && exec ./real.test -test.v -test.run Truth
