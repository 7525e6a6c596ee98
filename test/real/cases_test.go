package real

// program is one of the system's, and what it is known to need.
type program struct {
	// name of the case, unique; does is the command in short, for readers.
	name, does string
	// tools that must be installed, the program itself first.
	tools []string
	// version is a shell command that prints it.
	version string
	// setup is a shell script that is run before, in the sandbox. Where it exits
	// with 77, its output says why this host cannot run the program.
	setup string
	// as is --as, "" for root.
	as string
	// run is a shell script that becomes the program. What a run leaves behind
	// must not be in the way of the next: it has its own $$.
	run string
	// test is --test, "" for none.
	test string
	// needs must be found, may can be as well: versions of programs and
	// settings of hosts differ.
	needs, may []string
	// unneeded explains what --minimize shows not to be needed; "" is for all
	// that have no explanation of their own.
	unneeded map[string]string
}

// Parts of more than one case.
const (
	// files of several owners, one with the set-uid bit, one in a directory
	owned = `
mkdir -p src/sub
for name in a b sub/c; do echo $name >src/$name; done
chown 1:1 src/b; chmod 600 src/b
chown nobody: src/sub src/sub/c; chmod 4755 src/sub/c
`
	// get is a client of a web server
	get = `exec client/real:talk tcp 127.0.0.1:80 'GET / HTTP/1.0\r\n\r\n' '200 OK'`

	nginx = `
cat >nginx.conf <<END
daemon off;
pid nginx.pid;
error_log stderr;
worker_processes 1;
events {}
http {
	access_log off;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	server { listen 127.0.0.1:80; location / { return 200 hello; } }
}
END
chmod 1777 .
`
	dnsmasq = `
cat >dnsmasq.conf <<END
user=nobody
listen-address=127.0.0.1
bind-interfaces
no-resolv
no-hosts
address=/test/10.0.0.1
END
`

	// the worker's temporary directories are made by each run
	nginxRun = `mkdir run.$$ && exec nginx -p "$DIR/run.$$" -c "$DIR/nginx.conf"`

	notAudited = "the event is missing in the audit log, of which the program makes nothing"
	ownDropped = "it narrows its set down to this and more, but made no use of it"
)

var programs = []program{
	{
		name: "ping", does: "ping -c 1", tools: []string{"ping"}, version: "ping -V",
		run:   "exec ping -c 1 127.0.0.1",
		needs: []string{"net_raw"}, may: []string{"net_admin"},
		unneeded: map[string]string{"net_admin": ownDropped},
	},
	{
		name: "ping-user", does: "ping -c 1", tools: []string{"ping"}, version: "ping -V", as: "nobody",
		run:   "exec ping -c 1 127.0.0.1",
		needs: []string{"net_raw"}, may: []string{"net_admin"},
		unneeded: map[string]string{"net_admin": ownDropped},
	},
	{
		name: "traceroute", does: "traceroute -I", tools: []string{"traceroute"},
		version: "traceroute -V 2>&1",
		run:     "exec traceroute -I -m 1 127.0.0.1",
		needs:   []string{"net_raw"},
	},
	{
		name: "mount", does: "mount -t tmpfs, umount", tools: []string{"mount", "umount"},
		version: "mount -V",
		setup:   "mkdir mnt",
		run:     "mount -t tmpfs none mnt && umount mnt",
		needs:   []string{"sys_admin"},
	},
	{
		name: "dmesg", does: "dmesg", tools: []string{"dmesg"}, version: "dmesg -V",
		run:   "exec dmesg",
		needs: []string{"syslog"},
	},
	{
		name: "hostname", does: "hostname NAME", tools: []string{"hostname"}, version: "hostname -V 2>&1",
		run:   "exec hostname sandbox",
		needs: []string{"sys_admin"},
	},
	{
		name: "ip-link", does: "ip -batch: a veth pair added and removed", tools: []string{"ip"},
		version: "ip -V",
		setup: "printf '%s\n' 'link add one type veth peer name two' 'addr add 10.0.0.1/24 dev one' 'link " +
			"del one' >batch; ip -batch batch || exit 77",
		run:   "exec ip -batch batch",
		needs: []string{"net_admin"},
	},
	{
		name: "ip-netns", does: "ip netns add, delete", tools: []string{"ip"}, version: "ip -V",
		run:   "ip netns add blue && ip netns delete blue",
		needs: []string{"sys_admin"},
	},
	{
		name: "nft", does: "nft -f: a table added and flushed", tools: []string{"nft"}, version: "nft -v",
		setup: "printf '%s\n' 'add table ip t' 'add chain ip t c { type filter hook input priority 0; }' " +
			"'delete table ip t' >rules; nft -f rules || exit 77",
		run:   "exec nft -f rules",
		needs: []string{"net_admin"},
	},
	{
		name: "iptables", does: "iptables -A, -D", tools: []string{"iptables"}, version: "iptables -V",
		setup: "iptables -S INPUT || exit 77",
		run:   "iptables -A INPUT -s 10.0.0.1 -j DROP && iptables -D INPUT -s 10.0.0.1 -j DROP",
		needs: []string{"net_admin"}, may: []string{"net_raw", "sys_module"},
	},
	{
		name: "tcpdump", does: "tcpdump -i lo -c 1 -w FILE", tools: []string{"tcpdump", "ping"},
		version: "tcpdump --version 2>&1",
		setup:   "mkdir -m 1777 out",
		run:     "exec tcpdump -i lo -c 1 --immediate-mode -w out/packet",
		// the first packet that it gets to see ends it
		test: "while kill -0 $CAP_AUDIT_PID; do ping -c 1 127.0.0.1; done >/dev/null 2>&1; " +
			// a file's header has 24 bytes
			"size=$(stat -c %s out/packet); rm -f out/packet; test $size -gt 24",
		needs: []string{"chown", "net_raw", "setgid", "setuid"},
		may:   []string{"dac_override", "net_admin", "sys_admin"},
		unneeded: map[string]string{"sys_admin": "the kernel asks it (do_jit) whether the packet filter " +
			"can go without a mitigation"},
	},
	{
		name: "python", does: "python3 -m http.server 80", tools: []string{"/usr/bin/python3"},
		version: "/usr/bin/python3 -V",
		run:     "exec /usr/bin/python3 -m http.server 80", test: get,
		needs: []string{"net_bind_service"},
	},
	{
		name: "python-user", does: "python3 -m http.server 80", tools: []string{"/usr/bin/python3"},
		version: "/usr/bin/python3 -V",
		as:      "nobody",
		run:     "exec /usr/bin/python3 -m http.server 80", test: get,
		needs: []string{"net_bind_service"},
	},
	{
		name: "nginx", does: "nginx: port 80, one worker", tools: []string{"nginx"}, version: "nginx -v 2>&1",
		setup: nginx, run: nginxRun, test: get,
		needs: []string{"chown", "net_bind_service", "setgid", "setuid"},
	},
	{
		name: "nginx-user", does: "nginx: port 80, one worker", tools: []string{"nginx"},
		version: "nginx -v 2>&1",
		as:      "nobody",
		setup:   nginx, run: nginxRun, test: get,
		needs: []string{"net_bind_service"},
	},
	{
		name: "sshd", does: "sshd -D: a login by key", tools: []string{"sshd", "ssh", "ssh-keygen"},
		version: "ssh -V 2>&1",
		setup: `
mkdir -p /run/sshd .ssh
ssh-keygen -q -t ed25519 -N '' -f host
ssh-keygen -q -t ed25519 -N '' -f key
chmod 755 .; chmod 644 key.pub
usermod -s /bin/sh nobody
cat >sshd_config <<END
Port 22
ListenAddress 127.0.0.1
HostKey $DIR/host
AuthorizedKeysFile $DIR/key.pub
UsePAM no
StrictModes no
PidFile none
END
`,
		run: `exec "$(command -v sshd)" -D -e -f "$DIR/sshd_config"`,
		test: `client/real:talk tcp 127.0.0.1:22 '' SSH-2.0 &&
exec ssh -F none -i key -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null nobody@127.0.0.1 true`,
		needs: []string{"net_bind_service", "setgid", "setuid", "sys_chroot"},
		may: []string{"sys_resource", "kill", "audit_write", "chown", "dac_override", "dac_read_search",
			"sys_admin"},
		unneeded: map[string]string{"kill": "it signals a session's process, which is ending anyway"},
	},
	{
		name: "chronyd", does: "chronyd -d -x: serves on port 123", tools: []string{"chronyd"},
		version: "chronyd --version",
		setup: `
cat >chrony.conf <<END
user nobody
local stratum 10
allow 127.0.0.1
bindaddress 127.0.0.1
bindcmdaddress /
pidfile $DIR/pid
END
`,
		run: `exec chronyd -d -x -f "$DIR/chrony.conf"`,
		// a client's request: version 4, mode 3
		test:  `exec client/real:talk udp 127.0.0.1:123 '\x23` + zeros47 + `' ''`,
		needs: []string{"net_bind_service", "setgid", "setuid"},
		may: []string{"sys_time", "chown", "dac_override", "fowner", "sys_nice", "ipc_lock",
			"sys_resource"},
	},
	{
		name: "dnsmasq", does: "dnsmasq -k: answers on port 53", tools: []string{"dnsmasq"},
		version: "dnsmasq -v",
		setup:   dnsmasq + `echo "group=$(id -gn nobody)" >>dnsmasq.conf`,
		run:     `exec dnsmasq -k -C "$DIR/dnsmasq.conf" --pid-file="$DIR/pid.$$"`,
		test:    dnsQuery,
		needs:   []string{"net_bind_service", "setgid", "setuid"},
		may:     []string{"net_admin", "net_raw", "chown", "setpcap", "dac_override"},
		unneeded: map[string]string{"chown": "it hands its pid file over to its user, and goes on when it " +
			"cannot"},
	},
	{
		name: "dnsmasq-user", does: "dnsmasq -k: answers on port 53", tools: []string{"dnsmasq"},
		version: "dnsmasq -v",
		as:      "nobody",
		setup:   dnsmasq,
		run:     `exec dnsmasq -k -C "$DIR/dnsmasq.conf" --pid-file=`,
		test:    dnsQuery,
		needs:   []string{"net_bind_service"},
		may:     []string{"net_admin", "net_raw", "setpcap"},
	},
	{
		name: "cron", does: "cron -f: a job of nobody's", tools: []string{"cron"},
		version: "dpkg-query -W -f '${Version}' cron",
		setup: `
getent group crontab >/dev/null || { echo "this is not Debian's cron"; exit 77; }
mkdir -p /var/spool/cron/crontabs
chmod 1730 /var/spool/cron/crontabs; chgrp crontab /var/spool/cron/crontabs
echo "@reboot echo done >$DIR/done" >/var/spool/cron/crontabs/nobody
chown nobody:crontab /var/spool/cron/crontabs/nobody; chmod 600 /var/spool/cron/crontabs/nobody
usermod -s /bin/sh nobody
mkfifo -m 666 done
`,
		// each run is the first since the machine was started
		run: `rm -f /run/crond.reboot; exec cron -f`,
		// nobody ever writes where cron cannot run the job
		test:  `test "$(timeout 10 cat done)" = done`,
		needs: []string{"setgid", "setuid"},
		may: []string{"audit_write", "dac_override", "dac_read_search", "sys_resource", "chown",
			"fowner"},
		unneeded: map[string]string{"audit_write": notAudited},
	},
	{
		name: "su", does: "su nobody -c true", tools: []string{"su"}, version: "su -V",
		run:   "exec su -s /bin/sh nobody -c true",
		needs: []string{"audit_write", "setgid", "setuid"}, may: []string{"sys_resource"},
		unneeded: map[string]string{"audit_write": notAudited},
	},
	{
		name: "sudo", does: "sudo -u nobody true", tools: []string{"sudo"}, version: "sudo -V",
		run:   "exec sudo -n -u nobody true",
		needs: []string{"audit_write", "setgid", "setuid"}, may: []string{"sys_resource"},
		unneeded: map[string]string{"audit_write": notAudited},
	},
	{
		name: "useradd", does: "useradd -m", tools: []string{"useradd"},
		version: "dpkg-query -W -f '${Version}' passwd",
		setup: "mkdir bak; for name in passwd shadow group gshadow subuid subgid; do touch /etc/$name; cat " +
			"/etc/$name >bak/$name; done",
		run: `cd bak && for name in *; do cat $name >/etc/$name; done; rm -f /var/mail/someone
exec useradd -m -d "$DIR/home.$$" someone`,
		needs: []string{"audit_write", "chown", "dac_override", "fowner"}, may: []string{"fsetid"},
		unneeded: map[string]string{"audit_write": notAudited},
	},
	{
		name: "logrotate", does: "logrotate -f: files of nobody's", tools: []string{"logrotate"},
		version: "logrotate --version 2>&1",
		setup: `
mkdir logs; chown nobody: logs
group=$(id -gn nobody)
cat >rotate.conf <<END
$DIR/logs/log {
	su nobody $group
	rotate 1000
	create 640 nobody $group
}
END
echo line >logs/log; chown nobody: logs/log
`,
		run:   `exec logrotate -f -s "$DIR/state" rotate.conf`,
		needs: []string{"setgid", "setuid"},
		may:   []string{"chown", "fowner", "dac_override", "dac_read_search"},
	},
	{
		name: "rsync", does: "rsync -a: files of three owners", tools: []string{"rsync"}, version: "rsync -V",
		setup: owned,
		run:   "exec rsync -a src/ out.$$",
		needs: []string{"chown", "dac_override", "fowner"}, may: []string{"fsetid"},
	},
	{
		name: "tar", does: "tar -x: files of three owners", tools: []string{"tar"}, version: "tar --version",
		setup: owned + "tar -cf src.tar src",
		run:   "mkdir out.$$ && exec tar -xpf src.tar -C out.$$",
		needs: []string{"chown", "fowner"}, may: []string{"dac_override"},
	},
	{
		name: "tar-user", does: "tar -c: files of three owners", tools: []string{"tar"},
		version: "tar --version", as: "mail",
		setup: owned + "chmod 700 src/sub",
		run:   "exec tar -cf - src >/dev/null",
		needs: []string{"dac_read_search"},
	},
	{
		name: "cp", does: "cp -a: files of three owners", tools: []string{"cp"}, version: "cp --version",
		setup: owned,
		run:   "exec cp -a src out.$$",
		needs: []string{"chown", "dac_read_search", "fowner"}, may: []string{"dac_override", "fsetid"},
		unneeded: map[string]string{"fsetid": "the kernel asks it (posix_acl_update_mode) whether a setgid " +
			"bit can stay, and there is none"},
	},
	{
		name: "install", does: "install -o 65534 -m 4755", tools: []string{"install"},
		version: "install --version",
		setup:   owned,
		run:     "exec install -o 65534 -g 65534 -m 4755 src/a out.$$",
		needs:   []string{"chown", "fowner"},
	},
	{
		name: "chown", does: "chown -R: files of three owners", tools: []string{"chown"},
		version: "chown --version",
		setup:   owned + "chmod 755 src/sub/c",
		// there and back: the next run finds what the first found
		run:   "chown -R 1:1 src && chown -R 65534:65534 src",
		needs: []string{"chown"}, may: []string{"dac_read_search", "dac_override"},
	},
	{
		name: "mknod", does: "mknod: a device", tools: []string{"mknod"}, version: "mknod --version",
		run:   "exec mknod null.$$ c 1 3",
		needs: []string{"mknod"},
	},
	{
		name: "setcap", does: "setcap cap_net_raw=ep", tools: []string{"setcap"},
		version: "dpkg-query -W -f '${Version}' libcap2-bin",
		setup:   "touch file",
		run:     "exec setcap cap_net_raw=ep file",
		needs:   []string{"setfcap"},
	},
	{
		name: "chroot", does: "chroot / true", tools: []string{"chroot"}, version: "chroot --version",
		run:   "exec chroot / true",
		needs: []string{"sys_chroot"},
	},
	{
		name: "nice", does: "nice -n -5 true", tools: []string{"nice"}, version: "nice --version",
		run:   "exec nice -n -5 true",
		needs: []string{"sys_nice"},
	},
	{
		name: "chrt", does: "chrt -f 5 true", tools: []string{"chrt"}, version: "chrt -V",
		run:   "exec chrt -f 5 true",
		needs: []string{"sys_nice"},
	},
	{
		name: "ionice", does: "ionice -c 1 true", tools: []string{"ionice"}, version: "ionice -V",
		run: "exec ionice -c 1 true",
		// the kernel asks for sys_admin first, and takes this one
		// (ioprio_check_cap)
		needs: []string{"sys_nice"},
	},
	{
		name: "setpriv", does: "setpriv --reuid 65534 --bounding-set -all", tools: []string{"setpriv"},
		version: "setpriv -V",
		run:     "exec setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all true",
		needs:   []string{"setgid", "setpcap", "setuid"}, may: every,
		unneeded: map[string]string{
			"setpcap": "without it, it leaves the bounding set alone and says nothing",
			"":        "it sets what it holds already",
		},
	},
	{
		name: "unshare", does: "unshare -m true", tools: []string{"unshare"}, version: "unshare -V",
		run:   "exec unshare -m true",
		needs: []string{"sys_admin"},
	},
	{
		name: "unshare-user", does: "unshare -Ur true", tools: []string{"unshare"}, version: "unshare -V",
		as:  "nobody",
		run: "exec unshare -Ur true",
	},
	{
		name: "unshare-root", does: "unshare -Ur true", tools: []string{"unshare"}, version: "unshare -V",
		run: "exec unshare -Ur true",
		// to map root, the kernel reads it off the credentials that made the
		// namespace: kernel/user_namespace.c, create_user_ns()
		needs: []string{"setfcap"},
	},
	{
		name: "readlink-user", does: "readlink /proc/PID/exe", tools: []string{"readlink"},
		version: "readlink --version", as: "nobody",
		// its parent is cap-audit, of root's
		run:   "exec readlink /proc/$PPID/exe",
		needs: []string{"sys_ptrace"},
	},
	{
		name: "kill-user", does: "kill -0 1", tools: []string{"/bin/kill"}, version: "/bin/kill --version",
		as:    "nobody",
		run:   "exec /bin/kill -0 1",
		needs: []string{"kill"},
	},
}

// zeros47 fill an NTP packet up to its 48 bytes.
const zeros47 = `\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00` +
	`\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00`

// dnsQuery asks for the address of www.test: an id, "recursion desired", one
// question, the name, type A, class IN. The answer has the address as it is.
const dnsQuery = `exec client/real:talk udp 127.0.0.1:53 ` +
	`'\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x04test\x00\x00\x01\x00\x01' '\x0a\x00\x00\x01'`

// every capability, for programs that ask for all that they hold.
var every = []string{"audit_control", "audit_read", "audit_write", "block_suspend", "bpf",
	"checkpoint_restore", "chown",
	"dac_override", "dac_read_search", "fowner", "fsetid", "ipc_lock", "ipc_owner", "kill", "lease",
	"linux_immutable",
	"mac_admin", "mac_override", "mknod", "net_admin", "net_bind_service", "net_broadcast", "net_raw",
	"perfmon", "setfcap",
	"setgid", "setpcap", "setuid", "sys_admin", "sys_boot", "sys_chroot", "sys_module", "sys_nice",
	"sys_pacct", "sys_ptrace",
	"sys_rawio", "sys_resource", "sys_time", "sys_tty_config", "syslog", "wake_alarm"}
