# Completion of cap-audit(8) for fish. All that it runs is what is asked for the names of units and containers; the completion
# of the command that is audited may run more.

# The words of the command under audit up to the cursor, one a line; fails before the command.
function __cap_audit_command
    set -l words (commandline -opc) (commandline -ct)
    set -e words[1]
    while set -q words[1]
        switch $words[1]
            case --
                set -q words[2]; or return 1
                set -e words[1]
                break
            case --merge --diff --static
                return 1
            case -o --output --backend --outcomes --as --as-environment --test -s --service --unit -p --pid --cgroup --each-depth --container --pod -d --duration --until-idle --check \
                    --format --emit --policy-out --events
                set -e words[1]
                set -e words[1]
            case '-*'
                # -jo takes the next word, too
                string match -qr -- '^-[^-]+[osdp]$' $words[1]; and set -e words[1]
                set -e words[1]
            case '*'
                break
        end
    end
    set -q words[1]; or return 1
    # an option after -- is a strange name of a command, and no fish function likes it
    string match -q -- '-*' $words[1]; and set words ''
    printf '%s\n' $words
end

# The words are reports, not a command.
function __cap_audit_reports
    __cap_audit_options; and string match -qr -- '^--(merge|diff)$' (commandline -opc)
end

function __cap_audit_options
    not __cap_audit_command >/dev/null
end

# Arguments of an option, without the description that is the option's.
function __cap_audit_plain
    set -q argv[1]; and printf '%s\t\n' $argv
end

# What a program says, unless that takes long.
function __cap_audit_ask
    timeout -k 1 2 $argv 2>/dev/null </dev/null
end

function __cap_audit_units
    __cap_audit_plain (__cap_audit_ask systemctl list-units --type=service --all --full --plain --no-legend --no-pager |
        string replace -rf '^(\S+)\s+loaded\s.*' '$1')
end

# An ordinary user's podman knows others than can be watched, and makes directories when asked.
function __cap_audit_containers
    set -l socket unix:///run/docker.sock
    set -q DOCKER_HOST; and set socket $DOCKER_HOST
    test (id -u) = 0; and __cap_audit_plain (__cap_audit_ask podman ps --format '{{.Names}}')
    test -w (string replace unix:// '' -- $socket)
    and __cap_audit_plain (__cap_audit_ask docker --host $socket ps --format '{{.Names}}')
end

complete -c cap-audit -f
complete -c cap-audit -n __cap_audit_reports -F
complete -c cap-audit -n __cap_audit_command -x -a '(__fish_complete_subcommand --commandline (__cap_audit_command))'
complete -c cap-audit -n __cap_audit_options -s s -l service -r -F -d 'Run the program of a unit file as the unit says'
complete -c cap-audit -n __cap_audit_options -l unit -x -a '(__cap_audit_units)' -d 'Watch a service of the running system'
complete -c cap-audit -n __cap_audit_options -l restart -d 'Restart the unit, so that its start is seen'
complete -c cap-audit -n __cap_audit_options -s p -l pid -x -a '(__fish_complete_pids)' -d 'Watch a process and its descendants'
complete -c cap-audit -n __cap_audit_options -l cgroup -x -a '(__fish_complete_directories)' -d 'Watch a control group'
complete -c cap-audit -n __cap_audit_options -l each -d 'Report on each control group directly below it'
complete -c cap-audit -n __cap_audit_options -l each-depth -x -d 'And on those below these, down to that level'
complete -c cap-audit -n __cap_audit_options -l container -x -a '(__cap_audit_containers)' -d 'Watch a container'
complete -c cap-audit -n __cap_audit_options -l pod -x -d 'Watch a pod of Kubernetes'
complete -c cap-audit -n __cap_audit_options -s f -l follow -d 'Wait for the last descendant'
complete -c cap-audit -n __cap_audit_options -l as -x -a '(__fish_complete_users)' -d 'Run as that user with every capability'
complete -c cap-audit -n __cap_audit_options -l as-environment -x -a '(__cap_audit_plain service caller)' -d 'Choose whose HOME, PATH and the like it has'
complete -c cap-audit -n __cap_audit_options -l if-possible -d 'Run untraced where tracing is not possible'
complete -c cap-audit -n __cap_audit_options -s d -l duration -x -d 'End after a time'
complete -c cap-audit -n __cap_audit_options -l until-idle -x -d 'End after a time without a new kind of check'
complete -c cap-audit -n __cap_audit_options -l test -x -d 'Exercise it with a shell command'
complete -c cap-audit -n __cap_audit_options -l verify -d 'Run again with exactly the recommended set'
complete -c cap-audit -n __cap_audit_options -l minimize -d 'Run again without each capability of the set'
complete -c cap-audit -n __cap_audit_options -l untraced -d 'Find the set by repetitions alone'
complete -c cap-audit -n __cap_audit_options -l check -r -F -d 'Exit with 3 unless the run fits a policy'
complete -c cap-audit -n __cap_audit_options -l check-unused -d 'And unless it used all that the policy allows'
complete -c cap-audit -n __cap_audit_options -s o -l output -r -F -d 'Write the report to a file'
complete -c cap-audit -n __cap_audit_options -s j -l json -d 'Report as JSON'
complete -c cap-audit -n __cap_audit_options -s y -l yaml -d 'Report as YAML'
complete -c cap-audit -n __cap_audit_options -l format -x -a '(__cap_audit_plain text json ndjson yaml junit prometheus markdown html sarif github gitlab)' -d 'Choose the format of the report'
complete -c cap-audit -n __cap_audit_options -l emit -x -a '(__cap_audit_plain systemd docker compose kubernetes kustomize helm quadlet lxc nspawn nomad filecap setcap rpm-caps ansible nixos c python go rust apparmor selinux setpriv bwrap seccomp systemcallfilter hardening)' -d 'Print only how to grant the set'
complete -c cap-audit -n __cap_audit_options -l policy-out -r -F -d 'Write the policy that this run satisfies'
complete -c cap-audit -n __cap_audit_options -l write-dropin -d 'Limit the unit to the set by a drop-in'
complete -c cap-audit -n __cap_audit_options -l revert-dropin -d 'Take that drop-in away'
complete -c cap-audit -n __cap_audit_options -l propagate -d 'Exit as the command did'
complete -c cap-audit -n __cap_audit_options -l events -r -F -d 'Write each capability check to a file'
complete -c cap-audit -n __cap_audit_options -s v -l verbose -d 'Print each capability check as it happens'
complete -c cap-audit -n __cap_audit_options -s q -l quiet -d 'Print no progress and no status line'
complete -c cap-audit -n __cap_audit_options -l merge -d 'Join reports'
complete -c cap-audit -n __cap_audit_options -l diff -d 'Compare two reports'
complete -c cap-audit -n __cap_audit_options -l static -d 'Say what the code of a program can ask for'
complete -c cap-audit -n __cap_audit_options -l backend -x -a '(__cap_audit_plain auto fentry tracepoint kprobe)' -d 'How to watch the kernel'
complete -c cap-audit -n __cap_audit_options -l outcomes -x -a '(__cap_audit_plain all sampled)' -d 'Of which calls it is seen how they end'
complete -c cap-audit -n __cap_audit_options -l no-objects -d 'Do not note paths, ports and processes'
complete -c cap-audit -n __cap_audit_options -l no-static -d 'Do not look at the code of the programs'
complete -c cap-audit -n __cap_audit_options -l probe -d 'Say what this kernel allows, and run nothing'
complete -c cap-audit -n __cap_audit_options -s h -l help -d 'Show help'
complete -c cap-audit -n __cap_audit_options -s V -l version -d 'Show the version'
