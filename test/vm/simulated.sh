#!/bin/bash
# simulated.sh: the payload that compares what services need when systemd runs them with what --service finds.
# run: -s -r trixie+systemd-sysv,dbus,openssh-server,openssh-client,chrony,nginx-light,cron,dnsmasq,busybox
lib=/usr/local/lib/cap-audit
export CAP_AUDIT=/usr/local/bin/cap-audit CAP_AUDIT_PROGRAMS=$lib/programs CAP_AUDIT_VM=1
cd $lib && exec ./simulated.test -test.v -test.run '^TestSimulated$' "$@"
