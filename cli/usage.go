package cli

const usage = `Usage: cap-audit [options] -- command [args...]
       cap-audit [options] --service FILE [-- command-or-args...]
       cap-audit [options] --unit NAME | --pid PID | --container NAME |
                           --pod NAMESPACE/NAME
       cap-audit [options] --cgroup PATH [-- command [args...]]
       cap-audit [options] --merge FILE... | --diff OLD NEW
       cap-audit [options] --static PROGRAM [OBJECT...]

Records every capability check that the kernel makes for a command and its
descendants, or for what runs already, and says which capabilities it needs.

What to audit:
  -s, --service FILE    run the program of a unit file as the unit says
      --unit NAME       watch a service of the running system
      --restart         with --unit: restart it, so that its start is seen
  -p, --pid PID         watch a process and its descendants
      --cgroup PATH     watch a control group; a command is started in it
      --each            with --cgroup: a report on each control group directly
                        below it, with --pod on each container; -o names a
                        directory
      --each-depth N    and on those below these, down to the Nth level
      --container NAME  watch a container of podman, docker, containerd or a pod
      --pod NAMESPACE/NAME  watch a pod of Kubernetes, all its containers
How to run a command:
  -f, --follow          wait for the last descendant, not only for the command
                        itself: for daemons that fork into the background
      --as USER[:GROUP] run the command as that user with every capability, so
                        that what a service's account lacks is seen
      --as-environment WHOSE  service (default): what a service of that user has
                        in HOME, PATH and the like; caller: what is here
      --if-possible     where tracing is not possible run the command untraced
When to end:
  -d, --duration TIME   after that time: 90, 90s, 15m, 2h
      --until-idle TIME after that time without a new kind of check
      --test COMMAND    exercise it with a shell command while it is watched,
                        then end; its exit status decides "the same" below
Is the answer right:
      --verify          run the command again with exactly the recommended set,
                        and say whether it behaves the same
      --minimize        and again without each capability of the set, one by one
      --untraced        find the set by that alone, where tracing is forbidden:
                        run it without each capability that root has here
      --check POLICY    exit with 3 unless the run fits the policy: a unit file,
                        a file of --policy-out, or name,name,...
      --check-unused    and unless it used all that the policy allows
Report:
  -o, --output FILE     write the report to FILE, - for standard output
  -j, --json            report as JSON
  -y, --yaml            report as YAML
      --format NAME     text (default), json, ndjson, yaml, junit, prometheus,
                        markdown, html; with --check: sarif, github, gitlab
      --emit KIND       print only how to grant the set, for one of: systemd,
                        docker, compose, kubernetes, kustomize, helm, quadlet,
                        lxc, nspawn, nomad, filecap, setcap, rpm-caps, ansible,
                        nixos, c, python, go, rust, apparmor, selinux, setpriv,
                        bwrap, seccomp, systemcallfilter, hardening
      --policy-out FILE write the policy that this run satisfies
      --write-dropin    with --unit: limit the service to the set by a drop-in
      --revert-dropin   with --unit: take that drop-in away, and do nothing else
      --propagate       exit as the command did
      --events FILE     write each capability check to FILE as it happens, as a
                        line of JSON
  -v, --verbose         print each capability check as it happens
  -q, --quiet           no progress and no status line: warnings, errors and the
                        report alone
Earlier reports:
      --merge           join the reports FILE..., - for a list on standard input
      --diff            compare two reports; exit with 3 when something came
Without a run:
      --static          say what the code of a program can ask for, and what it
                        never does; OBJECTs are plugins that it loads
About:
      --backend NAME    how to watch the kernel: auto (default), fentry,
                        tracepoint or kprobe
      --outcomes WHICH  how calls ended that asked for a capability: all counts
                        each, by a look at the end of every system call on the
                        machine; sampled looks at a sample of them alone, from
                        Linux 6.18 on the default for what runs already
      --no-objects      do not note what is asked for: paths, ports, processes
      --no-static       do not look at what the programs' code can ask for
      --probe           say what this kernel and these privileges allow, and
                        run nothing
  -h, --help            show this help
  -V, --version         show the version
      --                end of options: the command follows

With a format for programs and no -o, standard output carries the report and
nothing else; what the command prints there goes to standard error. SIGUSR1
writes an interim report.

Exit status: 0 the audit ran, however the command ended; 1 it could not; 3 the
policy is not met, or a difference was found; 126 the command could not be
executed; 127 it was not found. See --propagate.

Needs root, or cap-audit with the file capabilities cap_bpf and cap_perfmon.
See cap-audit(8).
`
