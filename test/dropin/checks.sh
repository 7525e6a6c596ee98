#!/bin/sh
# checks.sh NAME: the check of that line of docs/contract.md, as a script would make it. Its exit status is the answer.
#   CAP_AUDIT   the program           PROGRAMS   the test programs           T   a directory for all checks
set -eu
cd "$T"
export COLUMNS=100

# --- what is audited ------------------------------------------------------------------------------------------------------

# work makes the script that most checks audit: chown is granted, a file stays closed to nobody.
work() {
	[ ! -e work ] || return 0
	touch own closed
	chmod 600 closed
	cat >work.new <<-'END'
		#!/bin/sh
		chown daemon own
		setpriv --reuid 65534 --regid 65534 --clear-groups cat closed 2>/dev/null
		printf unfinished
		exit 3
	END
	chmod 755 work.new
	mv work.new work
}

# report FORMAT: the file with work's report in that format, made once.
report() {
	work
	[ -e "report.$1" ] || "$CAP_AUDIT" --format "$1" -o "report.$1" -- ./work >/dev/null 2>&1
	echo "report.$1"
}

# dropped: the file with the text report of a program that gives capabilities up.
dropped() {
	[ -e dropped ] || "$CAP_AUDIT" -o dropped -- "$PROGRAMS/tree" drop 2 3 >/dev/null 2>&1
	echo dropped
}

# verbose: the file with all that -v prints of a program that gives capabilities up, then runs work.
verbose() {
	work
	[ -e verbose ] || "$CAP_AUDIT" -v -- "$PROGRAMS/tree" drop 2 3 >verbose 2>&1
	[ -e verbose-work ] || "$CAP_AUDIT" -v -- ./work >verbose-work 2>&1
	echo verbose
}

# unit: the unit file of a service that needs sys_chroot, and has chown, too.
unit() {
	cat >web.service <<-END
		[Service]
		User=daemon
		Group=adm
		AmbientCapabilities=CAP_SYS_CHROOT CAP_CHOWN
		CapabilityBoundingSet=CAP_SYS_CHROOT CAP_CHOWN
		ExecStart=$T/tree loop 2
	END
	[ -e tree ] || cp "$PROGRAMS/tree" .
	echo web.service
}

service() {
	[ -e service ] || "$CAP_AUDIT" -o service -s "$(unit)" >/dev/null 2>&1
	echo service
}

json() { jq -e "$1" "$(report json)" >/dev/null; }

# tree_of FILE: where there is a value in a document, a line each.
tree_of() { jq -r 'paths(type != "object" and type != "array") | map(tostring) | join(".")'; }

# from_yaml: standard input as JSON, by either of the programs called yq.
from_yaml() {
	cat >yaml.$$
	yq -o=json . yaml.$$ 2>/dev/null || yq . yaml.$$
}

# status WANTED COMMAND...: it ends with that status.
status() {
	wanted=$1
	shift
	got=0
	"$@" >status.out 2>status.err </dev/null || got=$?
	[ "$got" = "$wanted" ] || { echo "status $got, not $wanted: $(cat status.err)"; return 1; }
}

# first LINE FILE: the number of the first line that is just so.
first() { grep -nxF -m1 -- "$1" "$2" | cut -d: -f1; }

# lives PID: it has not ended. That nobody has waited for it is not its own fault.
lives() { grep -qs '^State:.[^XZ]' "/proc/$1/status"; }

# ended_by SIGNAL ARGUMENT...: an audit in the background, of which sh ignores INT and QUIT, of a command that writes a process id
# to the file left, ends with a report and takes the command along, and that process.
ended_by() {
	rm -f background background.log left
	signal=$1
	shift
	"$CAP_AUDIT" -o background "$@" >background.log 2>&1 &
	audit=$!
	while ! grep -q 'Press Ctrl-C' background.log || [ ! -s left ]; do sleep 0.1; done
	target=$(sed -n 's/.*(PID \([0-9]*\)).*/\1/p' background.log)
	kill -"$signal" "$audit"
	wait "$audit"
	grep -q '^SUMMARY:' background
	for pid in "$target" "$(cat left)"; do
		! lives "$pid" || { echo "process $pid is left"; return 1; }
	done
}

# --- the command line -----------------------------------------------------------------------------------------------------

end_of_options() { "$CAP_AUDIT" -o /dev/null -- echo -j --help | grep -qx -- '-j --help'; }
no_end_of_options() { "$CAP_AUDIT" -o /dev/null echo -j --help | grep -qx -- '-j --help'; }
no_subcommands() {
	mkdir -p bin
	printf '#!/bin/sh\necho the program help\n' >bin/help
	chmod +x bin/help
	PATH=$T/bin:$PATH "$CAP_AUDIT" -o /dev/null help | grep -qx 'the program help'
}
help() { "$CAP_AUDIT" -h 2>/dev/null | grep -q 'cap-audit \[options\] -- command' && "$CAP_AUDIT" --help | grep -q command; }
json_option() { "$CAP_AUDIT" -j true 2>/dev/null | jq -e .tasks >/dev/null && "$CAP_AUDIT" --json true 2>/dev/null | jq -e .tasks >/dev/null; }
yaml_option() { "$CAP_AUDIT" -y true 2>/dev/null | grep -q '^application:$' && "$CAP_AUDIT" --yaml true 2>/dev/null | grep -q '^  comm: /'; }
json_and_yaml() {
	"$CAP_AUDIT" -j -y true 2>both.err | jq -e .application >/dev/null
	grep -q '^Warning: .*--yaml' both.err
}
service_option() { "$CAP_AUDIT" --service "$(unit)" 2>/dev/null | grep -q '^CAPABILITY ANALYSIS FOR: .*/tree (PID'; }
service_arguments() {
	sed "s,^ExecStart=.*,ExecStart=/bin/echo one," "$(unit)" >echo.service
	"$CAP_AUDIT" -o /dev/null -s echo.service | grep -qx one
	"$CAP_AUDIT" -o /dev/null -s echo.service -- -n two | grep -q '^two'
	"$CAP_AUDIT" -o /dev/null -s echo.service -- id -un | grep -qx daemon
}
verbose_option() { work && "$CAP_AUDIT" --verbose -- chown daemon own | grep -q '^\[CAP\] .*cap=chown'; }
scripts_without_interpreter() {
	echo 'echo plain' >plain
	chmod +x plain
	"$CAP_AUDIT" -o /dev/null -- ./plain | grep -qx plain
}

# --- exit status and signals ------------------------------------------------------------------------------------------------

exit_success() { status 0 "$CAP_AUDIT" -- false; }
exit_not_found() { status 127 "$CAP_AUDIT" -- no-such-program-anywhere; }
exit_not_executable() { status 126 "$CAP_AUDIT" -- /etc/passwd; }
exit_usage() { status 1 "$CAP_AUDIT" --no-such-option && status 1 "$CAP_AUDIT"; }
exit_full_disk() { ! "$CAP_AUDIT" -- true >/dev/full 2>/dev/null; }
interrupt_in_background() { ended_by INT -- sh -c 'echo $$ >left; exec sleep 1234'; }
terminate_in_background() { ended_by TERM -- sh -c 'echo $$ >left; exec sleep 1234'; }
nothing_left() {
	for name in INT TERM QUIT HUP; do
		ended_by "$name" -- sh -c 'sleep 1234 & echo $! >left; wait'
		ended_by "$name" -f -- sh -c 'setsid sleep 1234 & echo $! >left'
	done
}
daemon_left() {
	"$CAP_AUDIT" -- sh -c 'sleep 1234 >/dev/null 2>&1 & echo $! >left' >/dev/null 2>&1
	lives "$(cat left)"
	kill "$(cat left)"
}

# --- streams ----------------------------------------------------------------------------------------------------------------

report_on_stdout() {
	"$CAP_AUDIT" -- true >stdout.txt 2>/dev/null
	[ "$(grep -n '^\[\*\] Analyzing' stdout.txt | cut -d: -f1)" -lt "$(grep -n '^SYSTEM CONTEXT:' stdout.txt | cut -d: -f1)" ]
}
document_alone() {
	"$CAP_AUDIT" -v -j -- echo of the command 2>alone.err | jq -es 'length == 1' >/dev/null
	grep -qx 'of the command' alone.err
	grep -q '^\[\*\] Press' alone.err
	grep -q '^\[CAP\]' alone.err
	"$CAP_AUDIT" -y -- echo of the command 2>/dev/null | from_yaml | jq -e .application >/dev/null
}
errors_on_stderr() {
	status 127 "$CAP_AUDIT" -- no-such-program-anywhere
	grep -q '^Error: ' status.err && [ ! -s status.out ]
}
stdin() { echo text | "$CAP_AUDIT" -o /dev/null -- cat | grep -qx text; }

# --- lines of a run ---------------------------------------------------------------------------------------------------------

progress() {
	"$CAP_AUDIT" -- true | grep '^\[\*\]' | sed 's/([^)]*)/()/' >progress
	printf '%s\n' '[*] Capability auditor started' "[*] Tracing application: $(readlink -f /bin/true) ()" \
		'[*] Press Ctrl-C to stop' '[*] Application exited with status 0' '[*] Analyzing results...' | cmp - progress
}
quiet() {
	for option in -q --quiet; do
		"$CAP_AUDIT" $option -- true >quiet 2>&1
		head -n 1 quiet | grep -q '^=='
		[ "$(grep -c '^\[\*\]' quiet)" = 0 ]
	done
}
ending() {
	work
	"$CAP_AUDIT" -- ./work | grep -qx '\[\*\] Application exited with status 3'
	"$CAP_AUDIT" -- sh -c 'kill -KILL $$' | grep -qx '\[\*\] Application terminated by signal 9'
}
ending_is_last() { sed -n '/^\[\*\] Application/,$p' "$(verbose)" | sed 1d >after; ! grep '^\[CAP' after; }
verbose_registered() { grep -qxE '\[\*\] Registered PID [0-9]+ for tracing' "$(verbose)"; }
verbose_check() {
	line='\[CAP\] pid=[0-9]+ cap=[a-z_]+ result=(GRANTED|DENIED) syscall=[a-z0-9_]+ comm=.*'
	grep -qE "^$line$" "$(verbose)"
	grep -q 'cap=dac_override result=DENIED syscall=openat comm=cat' verbose-work
	! grep '^\[CAP\] pid=' verbose verbose-work | grep -vE ":$line$"
}
verbose_capset() { grep -qxE '\[CAPSET\] pid=[0-9]+ effective=0x[0-9a-f]+ permitted=0x[0-9a-f]+ inheritable=0x[0-9a-f]+' "$(verbose)"; }
verbose_drop() {
	[ "$(grep -cxF '[CAP] Capability drop detected (capset from initial PID); switching to operational phase' "$(verbose)")" = 1 ]
}
verbose_syscall() { verbose >/dev/null && grep -qxE '\[SYSCALL\] pid=[0-9]+ syscall=openat return=-13 denied_caps=0x[0-9a-f]+' verbose-work; }

# --- the text report --------------------------------------------------------------------------------------------------------

headings() {
	rule=$(printf %100s '' | tr ' ' -)
	awk -v rule="$rule" '/^[A-Z][A-Z -]*:$/ { want = 1; seen++; next } want { if ($0 != rule) bad = 1; want = 0 }
		END { exit bad || seen < 7 }' "$(report text)"
	COLUMNS=60 "$CAP_AUDIT" -- true | grep -qxE '={60}'
}
order() {
	last=0
	for heading in 'SYSTEM CONTEXT:' 'REQUIRED CAPABILITIES:' 'CAPSET-ONLY CAPABILITIES:' 'CAPABILITY-RELATED SYSTEM CONTEXT:' \
		'CAPABILITIES WITH ONLY NOT-GRANTED CHECKS:' 'SUMMARY:' 'RECOMMENDATIONS:'; do
		line=$(first "$heading" "$(report text)")
		[ "$line" -gt "$last" ]
		last=$line
	done
	# no other heading between the first and SUMMARY, and RECOMMENDATIONS is the last, but for what is of code
	[ "$(sed -n '/^SYSTEM CONTEXT:/,/^SUMMARY:/p' report.text | grep -cE '^[A-Z][A-Z -]*:$')" = 6 ]
	[ "$(grep -E '^[A-Z][A-Z -]*:$' report.text | grep -vx 'NOT EXERCISED:' | tail -n 1)" = RECOMMENDATIONS: ]
	[ "$(first 'NOT EXERCISED:' report.text)" -gt "$last" ]
}
title() {
	grep -qxE "CAPABILITY ANALYSIS FOR: $T/work \(PID [0-9]+\)" "$(report text)"
	ln -sf /bin/true linked
	"$CAP_AUDIT" -- ./linked | grep -qE "^CAPABILITY ANALYSIS FOR: $(readlink -f /bin/true) \(PID"
}
title_escaped() {
	strange=$(printf './a b"\033[2J\377')
	cp /bin/true "$strange"
	"$CAP_AUDIT" -- "$strange" >escaped
	for line in '[*] Tracing application:' 'CAPABILITY ANALYSIS FOR:'; do
		grep -qF "$line $T/"'a b"\x1b[2J\xff (PID ' escaped
	done
}
none() { grep -A2 -x 'CAPSET-ONLY CAPABILITIES:' "$(report text)" | tail -n 1 | grep -qx '  None'; }
entry() { sed -n '/^REQUIRED/,/^CAPSET-ONLY/p' "$(report text)" | grep -qxE '  chown \(#0\)'; }
checks() { grep -A1 -xF '  chown (#0)' "$(report text)" | grep -qxE '    Checks: [0-9]+ granted, [0-9]+ denied'; }
reason() {
	[ "$(grep -A2 -xF '  chown (#0)' "$(report text)" | sed -n 's/^    Reason: Used by //p')" = fchownat ]
	"$CAP_AUDIT" -- python3 -c 'import os
os.chown("own", 1, 1); os.chown("own", 1, 1, dir_fd=os.open(".", 0))' | grep -A2 -F '  chown (#0)' | grep -qx '    Reason: Used by chown'
}
drop_sections() {
	from=$(first 'REQUIRED CAPABILITIES:' "$(dropped)")
	[ "$from" -lt "$(first 'INITIALIZATION CAPABILITIES (before capability drop):' dropped)" ]
	sed -n '/^INITIALIZATION/,/^OPERATIONAL/p' dropped | grep -A1 -xF '  sys_chroot (#18)' | grep -q 'Checks: 2 granted'
	sed -n '/^OPERATIONAL/,/^CAPSET-ONLY/p' dropped | grep -A1 -xF '  sys_chroot (#18)' | grep -q 'Checks: 3 granted'
}
denied_entry() {
	sed -n '/NOT-GRANTED/,/SUMMARY/p' "$(report text)" >denied
	grep -qxF '  dac_override (#1)' denied
	grep -qxE '    Capability checks returning not granted: [0-9]+' denied
	grep -qxF '    Outcomes of syscall invocations containing such a check:' denied
	grep -qxE '      openat: [0-9]+ failed with -EACCES \(Permission denied\)' denied
	grep -q '^    Assessment: ' denied
	grep -qxF '    Recommendation: Not added automatically.' denied
}
denied_section() {
	[ "$(sed -n '/NOT-GRANTED/,/SUMMARY/p' "$(report text)" | sed -nE 's/^  ([a-z_]+) \(#[0-9]+\)$/\1/p' | sort | tr '\n' ' ')" = \
		"$(jq -r '.denied_capabilities[].name' "$(report json)" | sort | tr '\n' ' ')" ]
}
summary() {
	for line in 'Total capability checks' 'Required capabilities' 'Capabilities with related system context' \
		'Successful capset calls' 'Capset-only capabilities' 'Capabilities with only not-granted checks'; do
		sed -n '/^SUMMARY:/,$p' "$(report text)" | grep -qxE "  $line: [0-9]+"
	done
	[ "$(sed -n 's/^  Required capabilities: //p' report.text)" = "$(jq '.required_capabilities | length' "$(report json)")" ]
}
snippets() {
	"$CAP_AUDIT" -- "$PROGRAMS/tree" loop 1 >elf.txt 2>/dev/null
	for line in '  Programmatic solution (C with libcap-ng):' '  For systemd service:' '  For file capabilities (via filecap):' \
		'  For Docker/Podman:' '  For Kubernetes:'; do
		grep -qxF "$line" elf.txt
	done
	printf '#!/usr/bin/python3\nimport os\nos.chown("own", 1, 1)\n' >script.py
	chmod +x script.py
	"$CAP_AUDIT" -- ./script.py | grep -qF '(Python with python3-libcap-ng):'
}
# kept_from WHAT...: audits what is refused chown, and fails.
kept_from() {
	work
	"$CAP_AUDIT" "$@" -- setpriv --reuid 65534 --regid 65534 --clear-groups chown daemon own
}
answer() {
	kept_from -q 2>/dev/null | tail -n 1 | grep -qxE 'Grant at least: [a-z_, ]*setgid, setuid; it exited with status 1; refused: chown'
	"$CAP_AUDIT" -- true | tail -n 1 | grep -qE '^Grant: none(;|$)'
	"$CAP_AUDIT" -- chown daemon own | tail -n 1 | grep -qE '^Grant: chown(;|$)'
}
emit_refused() {
	status 1 kept_from --emit setcap
	if grep setcap status.out; then return 1; fi
	grep -q '^Error: no snippet.*chown' status.err
}
service_recommendations() { grep -qxF 'SYSTEMD SERVICE RECOMMENDATIONS:' "$(service)" && ! grep -qx 'RECOMMENDATIONS:' service; }
service_block() {
	[ "$(sed 's/^ *//' "$(service)" | grep -m1 '^CapabilityBoundingSet=')" = 'CapabilityBoundingSet=CAP_CHOWN CAP_SYS_CHROOT' ]
	grep -qxE ' +User=daemon' service && grep -qxE ' +Group=adm' service
}
refused_not_granted() { ! sed -n '/^RECOMMENDATIONS:/,$p' "$(report text)" | grep -qE '(add=|Set=|^ +filecap ).*(DAC_OVERRIDE|dac_override)'; }

# --- the document -----------------------------------------------------------------------------------------------------------

valid() {
	name=$(printf 'odd\377name')
	cp /bin/true "$name"
	"$CAP_AUDIT" -j -- "./$name" 2>/dev/null | iconv -f utf-8 -t utf-8 | jq -es 'length == 1' >/dev/null
	"$CAP_AUDIT" -y -- "./$name" 2>/dev/null | from_yaml | jq -e .application.comm >/dev/null
}
same_tree() {
	work
	# how much of the code is looked at in time differs
	"$CAP_AUDIT" --no-static -y -- ./work 2>/dev/null >same.yaml
	from_yaml <same.yaml | tree_of >tree.yaml
	"$CAP_AUDIT" --no-static -j -- ./work 2>/dev/null | tree_of | cmp - tree.yaml
	grep -qx ' *name: chown' same.yaml
}
top_keys() {
	jq -e 'keys_unsorted[0:7] == ["application", "system_context", "capability_drop_observed", "successful_capset_calls",
		"required_capabilities", "capset_only_capabilities", "denied_capabilities"]' "$(report json)" >/dev/null
	"$CAP_AUDIT" -j -- "$PROGRAMS/tree" drop 1 1 2>/dev/null | jq -e 'keys_unsorted[5:9] == ["capset_only_capabilities",
		"initialization_capabilities", "operational_capabilities", "denied_capabilities"]' >/dev/null
}
application() { json '.application | (.pid > 1) and .comm == "'"$T"'/work"'; }
command_() { json '.command == "./work"'; }
system_context() {
	json '.system_context | (.kernel_version | type) == "string" and (del(.kernel_version) | length == 13 and all(type == "number"))'
}
empty_lists() { json '.capset_only_capabilities == []' && grep -qx 'capset_only_capabilities: \[\]' "$(report yaml)"; }
required() {
	json '.required_capabilities | (map(.number) | . == sort) and (.[0] | .number == 0 and .name == "chown" and
		(.checks | .total == .granted + .denied) and .reason == "Used by fchownat")'
}
drop_observed() {
	"$CAP_AUDIT" -j -- "$PROGRAMS/tree" drop 1 1 2>/dev/null | jq -e .capability_drop_observed >/dev/null
	"$CAP_AUDIT" -j -- "$PROGRAMS/tree" noop-capset 1 2>/dev/null | jq -e '.capability_drop_observed == false' >/dev/null
}
denied() {
	json '.denied_capabilities[] | select(.name == "dac_override") | .number == 1 and .not_granted_checks > 0 and
		.denied_syscalls[0].name == "openat" and (.syscall_outcomes[0] | .syscall == "openat" and (.syscall_number | type) == "number" and
		.outcome_class == "permission_failure" and .raw_return == -13 and .return_name == "EACCES" and .errno == 13 and .count > 0)'
}
capset_only() {
	"$CAP_AUDIT" -j -- "$PROGRAMS/tree" drop 0 0 2>/dev/null | jq -e '.capset_only_capabilities[] | select(.name == "sys_chroot") |
		.number == 18 and (.requested_sets | index("permitted"))' >/dev/null
}
assessments() {
	json '[.denied_capabilities[].assessment] - ["none", "permission_failure", "mixed_success_interruption", "inconclusive",
		"mixed_success_other_failure", "succeeded_despite_denial", "denial_not_established"] == []'
}
outcome_classes() {
	json '[.denied_capabilities[].syscall_outcomes[].outcome_class] | length > 0 and
		. - ["success", "permission_failure", "interrupted", "other_failure"] == []'
}

case $1 in command) set -- command_ ;; esac # which the shell has already
"$(echo "$1" | tr - _)"
