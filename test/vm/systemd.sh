#!/bin/bash
# systemd.sh: the payload that audits services of a running system, with systemd as the first process.
# run: -s -r trixie+systemd-sysv,dbus,openssh-server,openssh-client,chrony,nginx-light,cron,dnsmasq,busybox
lib=/usr/local/lib/cap-audit
export CAP_AUDIT=/usr/local/bin/cap-audit CAP_AUDIT_PROGRAMS=$lib/programs CAP_AUDIT_VM=1
cd $lib && exec ./systemd.test -test.v -test.skip '^TestSimulated$' "$@" # which simulated.sh runs
