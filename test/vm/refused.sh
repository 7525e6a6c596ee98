#!/bin/bash
# refused.sh [lockdown=MODE]: the payload for a kernel that cap-audit must decline, because it is too old or was booted with
# that lockdown: one line, exit status 1, nothing left behind. Speaks as `go test -v` does, for the suite to count.
case ${1:-} in
lockdown=*) missing='lockdown' ;;
*) missing='kernel|task.storage|5\.1[01]' ;;
esac
cd "$(mktemp -d)" || exit
failed=0
check() { # check NAME COMMAND...
	local name=$1
	shift
	if "$@"; then
		echo "--- PASS: Refused/$name"
	else
		echo "--- FAIL: Refused/$name"
		failed=1
	fi
}

# What a run may leave: loaded BPF, probes, pinned files, cgroups, processes (kernel threads come and go), files.
traces() {
	bpftool prog show
	bpftool map show
	bpftool link show
	cat /sys/kernel/tracing/{kprobe_events,uprobe_events,dynamic_events}
	find /sys/fs/bpf /sys/fs/cgroup -type d -o -type f -path '/sys/fs/bpf/*'
	ps -e -o ppid=,pid=,comm= | awk '$1 != 2 && $2 != 2 && $3 !~ /^(ps|awk|bash)$/ { print $3 }' | sort
	find / /run /tmp /dev/shm -xdev -newer before -not -type d -not -path "$PWD/*"
}
# shellcheck disable=SC2317 # called by check
nothing_left() {
	# The kernel frees programs and maps a moment after their last user has gone.
	for _ in {1..50}; do
		traces >after.txt 2>/dev/null
		cmp -s before.txt after.txt && return
		sleep 0.1
	done
	diff before.txt after.txt
	return 1
}

uname -r
touch before
traces >before.txt 2>/dev/null
cap-audit -- touch /root/target-ran >out 2>err
status=$?
cat out err
check exit_status_1 [ $status = 1 ]
check nothing_on_stdout [ ! -s out ]
check one_line [ "$(wc -l <err)" = 1 ]
check begins_with_Error grep -q '^Error: ' err
check names_what_is_missing grep -qiE "$missing" err
check target_not_started [ ! -e /root/target-ran ]
check nothing_left_behind nothing_left
exit $failed
