#!/bin/bash
# e2e.sh BACKEND OFFERED [TEST-FLAG...]: the payload that runs the end-to-end suite with one backend. OFFERED names all
# that the kernel is expected to offer, for tests that compare them.
lib=/usr/local/lib/cap-audit
export CAP_AUDIT=/usr/local/bin/cap-audit CAP_AUDIT_PROGRAMS=$lib/programs CAP_AUDIT_BACKEND=$1 CAP_AUDIT_BACKENDS=$2 CAP_AUDIT_VM=1
shift 2
echo 2 >/proc/sys/kernel/perf_event_paranoid # Linux's own default; with Debian's 3 only root may place kprobes
modprobe -a loop tun # their nodes in /dev, by which they would be loaded, are udev's to make, and there is none
cd $lib || exit # testdata lies here
# One at a time: where the kernel can be preempted, audits beside each other have it skip their programs (TestConcurrentAudits).
exec ./e2e.test -test.v -test.parallel 1 "$@"
