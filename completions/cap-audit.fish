# Completion of cap-audit(8) for fish. It runs nothing itself, least of all cap-audit; the completion of the command that is
# audited may.

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
            case -o --output --backend --as --test
                set -e words[1]
                set -e words[1]
            case '-*'
                # -jo takes the next word, too
                string match -qr -- '^-[^-]+o$' $words[1]; and set -e words[1]
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

function __cap_audit_options
    not __cap_audit_command >/dev/null
end

complete -c cap-audit -f
complete -c cap-audit -n __cap_audit_command -x -a '(__fish_complete_subcommand --commandline (__cap_audit_command))'
complete -c cap-audit -n __cap_audit_options -s f -l follow -d 'Wait for the last descendant'
complete -c cap-audit -n __cap_audit_options -l as -x -a '(__fish_complete_users)' -d 'Run as that user with every capability'
complete -c cap-audit -n __cap_audit_options -l verify -d 'Run again with exactly the recommended set'
complete -c cap-audit -n __cap_audit_options -l minimize -d 'Run again without each capability of the set'
complete -c cap-audit -n __cap_audit_options -l test -x -d 'Exercise the command with a shell command'
complete -c cap-audit -n __cap_audit_options -s o -l output -r -F -d 'Write the report to a file'
complete -c cap-audit -n __cap_audit_options -s j -l json -d 'Report as JSON'
complete -c cap-audit -n __cap_audit_options -s y -l yaml -d 'Report as YAML'
complete -c cap-audit -n __cap_audit_options -s v -l verbose -d 'Print each capability check as it happens'
complete -c cap-audit -n __cap_audit_options -l backend -x -a 'auto fentry tracepoint kprobe' -d 'How to watch the kernel'
complete -c cap-audit -n __cap_audit_options -l probe -d 'Say what this kernel allows, and run nothing'
complete -c cap-audit -n __cap_audit_options -s h -l help -d 'Show help'
complete -c cap-audit -n __cap_audit_options -s V -l version -d 'Show the version'
