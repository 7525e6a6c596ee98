#!/bin/bash
# What systemd makes of the unit files in systemd/testdata/real: each is run, and what it printed goes to NAME.want in
# /host/want, after a line with its result. Needs `run -s`. In the tree:
#   test/vm/run -s -k 6.12 -r trixie+systemd-sysv,dbus -t 1500 -o DIR -f build/programs:usr/local/lib/cap-audit/programs \
#       -f systemd/testdata/real:etc/systemd/system test/vm/record-services.sh && cp DIR/want/* systemd/testdata/real/
set -u
mkdir -p /host/want /run/systemd/system/service.d /run/record
cd /etc/systemd/system || exit
ln -sf aliased.service dropin-alias.service # `run` has copied what links lead to
printf '[Service]\nStandardOutput=append:/run/record/%%p.%%i\n' >/run/systemd/system/service.d/zz-record.conf
systemctl daemon-reload
systemctl --version | head -n 1 >/host/want/VERSION
for file in args-* env-*.service id-*.service dropin-*; do
	case $file in
	*.d | *.want) continue ;;
	*@.service) unit=${file%.service}x-y.service ;;
	*) unit=$file ;;
	esac
	timeout 60 systemctl start --wait -- "$unit" >/dev/null 2>&1
	{
		systemctl show -p LoadState -p Result -p ExecMainStatus -- "$unit" | tr '\n' ' '
		echo
		name=$(systemctl show -P Id -- "$unit") name=${name%.service} # the file may be a link to another unit
		case $name in *@*) prefix=${name%%@*} instance=${name#*@} ;; *) prefix=$name instance='' ;; esac
		cat -- "/run/record/$prefix.$instance" 2>/dev/null
	} >"/host/want/${file%.service}.want"
done
