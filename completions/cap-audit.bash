# shellcheck shell=bash
# Completion of cap-audit(8) for bash. All that it runs is what is asked for the names of units and containers; the completion
# of the command that is audited may run more.

_cap_audit() {
	local cur=${COMP_WORDS[COMP_CWORD]} i=1 value='' before='' what=command

	# Walk over what stands before the cursor. Bash hands "--backend=x" over as three words.
	while ((i < COMP_CWORD)); do
		case ${COMP_WORDS[i]} in
		--)
			((i++))
			_cap_audit_$what "$i"
			return
			;;
		--merge | --diff | --static)
			what=reports
			((i++))
			;;
		-[osdp] | --output | --backend | --outcomes | --as | --as-environment | --test | --service | --unit | --pid | --cgroup | \
			--each-depth | --container | --pod | --duration | --until-idle | --check | --format | --emit | --policy-out | --events | -[!-]*[osdp])
			value=${COMP_WORDS[i]}
			((i++))
			[[ ${COMP_WORDS[i]} != = ]] || ((i++))
			if [[ $value == --as && ${COMP_WORDS[i + 1]} == : ]] && ((i < COMP_CWORD)); then
				value=--as: # USER:GROUP are three words, too
				((i += 2))
			fi
			before=
			while [[ $value == --unit && (${COMP_WORDS[i]} == @ || ${COMP_WORDS[i + 1]} == @) ]] && ((i < COMP_CWORD)); do
				before+=${COMP_WORDS[i]} # nor is an instance one word; readline takes its @ to what is typed
				((i++))
			done
			if ((i >= COMP_CWORD)); then
				_cap_audit_value "$value" "${cur#[=:]}" "$before"
				return
			fi
			((i++))
			;;
		-?*) ((i++)) ;;
		*)
			_cap_audit_$what "$i"
			return
			;;
		esac
	done

	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W '-s --service --unit --restart -p --pid --cgroup --each --each-depth --container --pod -f --follow --as --as-environment --if-possible
			-d --duration --until-idle --test --verify --minimize --untraced --check --check-unused -o --output -j --json -y --yaml --format
			--emit --policy-out --write-dropin --revert-dropin --propagate --events -v --verbose -q --quiet --merge --diff --static
			--backend --outcomes --no-objects --no-static --probe -h --help -V --version --' -- "$cur")
	else
		_cap_audit_$what "$i"
	fi
}

# _cap_audit_reports: files, as readline quotes them.
_cap_audit_reports() { compopt -o default; }

# _cap_audit_ask PROGRAM ARGUMENT...: what it says, unless that takes long.
_cap_audit_ask() { timeout -k 1 2 "$@" 2>/dev/null </dev/null; }

_cap_audit_units() {
	local unit load
	_cap_audit_ask systemctl list-units --type=service --all --full --plain --no-legend --no-pager |
		while read -r unit load _; do
			[[ $load != loaded ]] || printf '%s\n' "$unit"
		done
}

# An ordinary user's podman knows others than can be watched, and makes directories when asked.
_cap_audit_containers() {
	local socket=${DOCKER_HOST:-unix:///run/docker.sock}

	((EUID)) || _cap_audit_ask podman ps --format '{{.Names}}'
	[[ ! -w ${socket#unix://} ]] || _cap_audit_ask docker --host "$socket" ps --format '{{.Names}}'
}

# _cap_audit_names BEGINNING BEFORE: those on standard input that begin so, without what stands before the word. Nothing in
# them is expanded, as compgen -W would.
_cap_audit_names() {
	local name

	COMPREPLY=()
	while read -r name; do
		printf -v name %q "$name"
		[[ $name != "$1"* ]] || COMPREPLY+=("${name#"$2"}")
	done
}

# _cap_audit_value OPTION BEGINNING BEFORE: what may follow an option that takes a value. Before the word are others of the
# value.
_cap_audit_value() {
	case $1 in
	--backend) mapfile -t COMPREPLY < <(compgen -W 'auto fentry tracepoint kprobe' -- "$2") ;;
	--outcomes) mapfile -t COMPREPLY < <(compgen -W 'all sampled' -- "$2") ;;
	--as-environment) mapfile -t COMPREPLY < <(compgen -W 'service caller' -- "$2") ;;
	--as) mapfile -t COMPREPLY < <(compgen -u -- "$2") ;;
	--as:) mapfile -t COMPREPLY < <(compgen -g -- "$2") ;;
	--format) mapfile -t COMPREPLY < <(compgen -W 'text json ndjson yaml junit prometheus markdown html sarif github gitlab' -- "$2") ;;
	--emit) mapfile -t COMPREPLY < <(compgen -W 'systemd docker compose kubernetes kustomize helm quadlet lxc nspawn nomad
			filecap setcap rpm-caps ansible nixos c python go rust apparmor selinux
			setpriv bwrap seccomp systemcallfilter hardening' -- "$2") ;;
	-p | --pid) mapfile -t COMPREPLY < <(compgen -W "$(cd /proc && echo [0-9]*)" -- "$2") ;;
	--cgroup) mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
	--unit) _cap_audit_names "$3$2" "${3%@}" < <(_cap_audit_units) ;;
	--container) _cap_audit_names "$2" '' < <(_cap_audit_containers) ;;
	-d | --duration | --until-idle) ;;
	--test) mapfile -t COMPREPLY < <(compgen -c -- "$2") ;;
	*) compopt -o default ;; # file names, as readline quotes them
	esac
}

# _cap_audit_command N: the command begins at word N; its own completion takes over.
_cap_audit_command() {
	local cur=${COMP_WORDS[COMP_CWORD]}

	if declare -F _comp_command_offset >/dev/null; then # bash-completion 2.12
		_comp_command_offset "$1"
	elif declare -F _command_offset >/dev/null; then
		_command_offset "$1"
	elif ((COMP_CWORD == $1)) && [[ $cur != */* ]]; then
		mapfile -t COMPREPLY < <(compgen -c -- "$cur")
	else
		compopt -o default
	fi
}

complete -F _cap_audit cap-audit
