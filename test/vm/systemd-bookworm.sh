#!/bin/bash
# systemd-bookworm.sh: systemd.sh with the systemd of Debian 12 (252), which executes services without systemd-executor.
# run: -s -r bookworm+systemd-sysv,dbus,openssh-server,openssh-client,chrony,nginx-light,cron,dnsmasq,busybox
lib=/usr/local/lib/cap-audit
export CAP_AUDIT=/usr/local/bin/cap-audit CAP_AUDIT_PROGRAMS=$lib/programs CAP_AUDIT_VM=1
cd $lib && exec ./systemd-bookworm.test -test.v -test.skip '^TestSimulated$' "$@"
