package real

import "strings"

// others are processes of root's and of daemon's, and a message queue, a
// semaphore and a segment of root's. The processes have the same numbers each
// time, where the kernel lets that be chosen, however many threads began before.
const others = `
{ echo 500 >/proc/sys/kernel/ns_last_pid; } 2>/dev/null
sleep 1000 >/dev/null 2>&1 & echo $! >root
{ echo 600 >/proc/sys/kernel/ns_last_pid; } 2>/dev/null
setpriv --reuid daemon --regid daemon --clear-groups sleep 1000 >/dev/null 2>&1 & echo $! >daemon
`

// group is a number of command lines, one on each line of text, with a setup.
type group struct {
	setup, after string
	accounts     []string
	text         string
}

// Who the command lines are run as.
var (
	both     = []string{"", "nobody"}
	rootOnly = []string{""}
	userOnly = []string{"nobody"}
)

// commandLines are those of the group.
func (g group) commandLines() []commandLine {
	var list []commandLine
	for line := range strings.Lines(g.text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		for _, account := range g.accounts {
			list = append(list, commandLine{run: line, as: account, setup: g.setup, after: g.after})
		}
	}
	return list
}

const (
	// someTree is of several owners
	someTree = owned + "tar --mtime=@1 -cf src.tar src; mkdir -m 1777 out\n"

	showOthers = `ps -eo user,ni,cls,rtprio,stat,comm | grep sleep
ionice -p $(cat root); ionice -p $(cat daemon); prlimit -p $(cat root); prlimit -p $(cat daemon)
cat /proc/$(cat root)/oom_score_adj /proc/$(cat daemon)/oom_score_adj`

	showNet = `ip -o addr; ip -o link; ip route show table all; ip rule; ip neigh; nft list ruleset
tc qdisc; ip xfrm state; sysctl net.ipv4.ip_forward; ls /run/netns`

	image = "truncate -s 64M disk; mkfs.ext4 -q disk; chmod 666 disk\n"
)

// groups are the programs of the system.
var groups = []group{
	{accounts: both, text: `
id
groups
who
uname -a
nproc
hostname
date +%Y
printenv PATH
ls -la /root
ls -lZ /etc
ls /proc/self/fd
du -s /var/spool
find /root -maxdepth 0
find /etc -newer /etc/passwd -maxdepth 1
stat /etc/shadow
wc -l /etc/shadow
cat /etc/shadow
head -c 10 /dev/urandom >/dev/null
sort /etc/gshadow
df /
df -a >/dev/null
mount
findmnt
lsblk >/dev/null
lscpu
lsmem
lsns >/dev/null
lsipc
lslocks
lslogins root
lsirq >/dev/null
lspci
lsusb
lsmod
modprobe -n loop
modinfo loop
dmidecode >/dev/null
blkid
free >/dev/null
vmstat >/dev/null
vmstat -m >/dev/null
slabtop -o >/dev/null
iostat >/dev/null
mpstat >/dev/null
pidstat >/dev/null
uptime >/dev/null
w >/dev/null
dmesg >/dev/null
swapon --show
losetup -a >/dev/null
ipcs
ipcmk -M 4096
ipcmk -S 4
ipcmk -Q
sysctl -a >/dev/null
sysctl kernel.pid_max
sysctl -w kernel.hostname=sandbox
sysctl -w kernel.shmmax=1000000
sysctl -w net.ipv4.ip_forward=1
sysctl -w net.core.somaxconn=100
hostname sandbox
domainname sandbox
nice -n 5 true
nice -n -5 true
chrt -b 0 true
chrt -i 0 true
chrt -f 5 true
chrt -r 5 true
chrt -m
ionice
ionice -c 1 true
ionice -c 2 -n 0 true
ionice -c 3 true
taskset 1 true
prlimit >/dev/null
prlimit --nofile=100:200 true
prlimit --core=0 true
prlimit --memlock=100000000 true
prlimit --nice=0:20 true
choom -n 100 -- true
choom -n -100 -- true
setsid true
setarch -R true
numactl --interleave=all true
numactl --hardware >/dev/null
unshare -m true
unshare -n true
unshare -u true
unshare -i true
unshare -C true
unshare -pf true
unshare -U true
unshare -r true
unshare -rm true
unshare -rn ip link set lo up
bwrap --bind / / --unshare-user --uid 0 --gid 0 true
chroot / true
capsh --print >/dev/null
capsh --drop=cap_net_raw -- -c true
capsh --user=daemon -- -c true
getpcaps 1
setpriv --dump >/dev/null
setpriv --no-new-privs true
setpriv --reuid daemon --regid daemon --clear-groups true
setpriv --reuid daemon --regid daemon --init-groups true
setpriv --bounding-set -net_raw true
setpriv --securebits +noroot true
setpriv --pdeathsig TERM true
runuser -u daemon true
su -s /bin/sh daemon -c true
sudo -n -u daemon true
sg daemon true
passwd -S
chage -l root
pwck -r >/dev/null
grpck -r
lastlog -u root
crontab -l
atq
at -l
last
getent shadow root
getent hosts localhost
systemd-detect-virt
systemd-id128 new >/dev/null
udevadm info /dev/null
journalctl -n 1 --no-pager
systemd-tmpfiles --cat-config >/dev/null
systemd-analyze --version
logger line
git --version
gcc --version
dpkg -l bash
dpkg -S /bin/sh
dpkg --audit
apt-config dump >/dev/null
apt-get --version >/dev/null
update-alternatives --list editor
ldconfig -p >/dev/null
man -w ls
openssl rand -hex 4 >/dev/null
ssh-keyscan -p 1 127.0.0.1
keyctl show >/dev/null
keyctl new_session
perl -e 'print getppid()'
strace -o /dev/null true
strace -f -o /dev/null sh -c 'true; true'
ltrace -o /dev/null true
gdb -nx -batch -ex run -ex bt /bin/true >/dev/null
cat /proc/modules
cat /proc/iomem
cat /proc/ioports
head -n 3 /proc/kallsyms
cat /proc/slabinfo >/dev/null
cat /proc/vmallocinfo >/dev/null
cat /proc/timer_list >/dev/null
cat /proc/pagetypeinfo >/dev/null
cat /proc/self/stack
cat /proc/self/environ
cat /proc/self/mountstats >/dev/null
cat /proc/1/environ >/dev/null
cat /proc/1/io >/dev/null
head -c 8 /proc/self/pagemap | od
cat /proc/locks
cat /proc/swaps
cat /proc/net/tcp
cat /proc/net/unix >/dev/null
cat /proc/keys >/dev/null
cat /proc/sys/kernel/cad_pid
cat /proc/sys/vm/mmap_rnd_bits
cat /proc/sys/fs/protected_hardlinks
cat /proc/sys/net/core/bpf_jit_harden
cat /sys/kernel/debug/sleep_time
cat /sys/kernel/notes >/dev/null
cat /sys/firmware/dmi/tables/DMI >/dev/null
test -w /etc/passwd
test -r /etc/shadow
test -x /root
mktemp -u >/dev/null
flock /dev/null true
script -qc true /dev/null
timeout 5 true
tty
stty -F /dev/tty1 -a
kbd_mode -C /dev/tty1
lsattr -d /
getfattr -dm - /bin/ping
getcap /bin/ping
quota
repquota -a
ps aux >/dev/null
ps -ef >/dev/null
ps -eo pid,wchan,stackp,eip,args >/dev/null
ps -eM >/dev/null
pgrep -a sleep
pidof sleep
top -bn1 >/dev/null
pstree >/dev/null
pmap $$ >/dev/null
lsof -p 1 >/dev/null
fuser -v /bin/sh
`},
	{accounts: both, setup: others, after: showOthers, text: `
ls -l /proc/$(cat root)/fd
ls -l /proc/$(cat root)/ns
ls -l /proc/$(cat daemon)/cwd
readlink /proc/$(cat root)/exe
readlink /proc/$(cat daemon)/exe
cat /proc/$(cat root)/maps
cat /proc/$(cat root)/environ
cat /proc/$(cat daemon)/environ
cat /proc/$(cat root)/stat
cat /proc/$(cat root)/status | grep -v ctxt
cat /proc/$(cat daemon)/status | grep -v ctxt
cat /proc/$(cat root)/io
cat /proc/$(cat root)/wchan >/dev/null
cat /proc/$(cat root)/syscall
cat /proc/$(cat root)/stack
cat /proc/$(cat root)/auxv | od
cat /proc/$(cat root)/timerslack_ns
cat /proc/$(cat root)/oom_score_adj
cat /proc/$(cat root)/limits
cat /proc/$(cat root)/smaps >/dev/null
cat /proc/$(cat root)/numa_maps >/dev/null
echo 1 >/proc/$(cat root)/clear_refs
echo 100 >/proc/$(cat root)/oom_score_adj
echo 100 >/proc/$(cat daemon)/oom_score_adj
kill -0 $(cat root)
kill -0 $(cat daemon)
kill -TERM $(cat root)
kill -TERM $(cat daemon)
pkill -u daemon sleep
renice 5 $(cat daemon)
renice -5 $(cat root)
renice -5 $(cat daemon)
chrt -p $(cat root)
chrt -p -f 3 $(cat daemon)
chrt -p -b 0 $(cat root)
ionice -p $(cat root)
ionice -c 3 -p $(cat daemon)
ionice -c 1 -p $(cat root)
taskset -p $(cat root)
taskset -p 1 $(cat daemon)
prlimit --pid $(cat root) --nofile
prlimit --pid $(cat daemon) --nofile=100:200
prlimit --pid $(cat root) --nofile=100:200
nsenter -t $(cat root) -m true
nsenter -t $(cat root) -n -u -i true
nsenter -t $(cat daemon) -p true
nsenter -t $(cat root) -a true
timeout -k 1 0.5 strace -o /dev/null -p $(cat daemon)
gdb -nx -batch -p $(cat root) >/dev/null
gdb -nx -batch -p $(cat daemon) >/dev/null
gcore -o core $(cat daemon) >/dev/null
pmap $(cat root)
pmap -X $(cat daemon) >/dev/null
pwdx $(cat root)
pwdx $(cat daemon)
lsof -p $(cat root)
lsof -p $(cat daemon)
lsof -a -u daemon -d cwd
lsns -p $(cat root) >/dev/null
fuser -k -n file /bin/sleep
getpcaps $(cat root)
top -bn1 -p $(cat root) >/dev/null
ps -o pid,user,wchan,args -p $(cat root)
migratepages $(cat root) 0 0
killall sleep
cat /proc/$(cat root)/fdinfo/0
cat /proc/$(cat root)/mountinfo >/dev/null
cat /proc/$(cat root)/net/dev
cat /proc/$(cat daemon)/task/$(cat daemon)/children
cat /proc/$(cat root)/personality
cat /proc/$(cat root)/pagemap | head -c 8 | od
head -c 4 /proc/$(cat root)/exe | od
ls /proc/$(cat root)/map_files
ls /proc/$(cat root)/root/
ls /proc/$(cat daemon)/root/
`},
	{accounts: both, after: showNet, text: `
ip link
ip -s addr
ip route
ip neigh
ip rule
ip maddr
ip tcp_metrics
ip xfrm state
ip netns list
ip netns add blue
ip addr add 10.0.0.1/24 dev lo
ip route add 10.1.0.0/16 dev lo
ip neigh add 10.0.0.9 lladdr 00:00:00:00:00:01 dev lo
ip rule add from 10.0.0.0/8 table 7
ip link add one type veth peer name two
ip link add zero type dummy
ip link add bridge type bridge
ip link set lo mtu 1500
ip link set lo down
ip tuntap add tun0 mode tun
ip xfrm state add src 10.0.0.1 dst 10.0.0.2 proto esp spi 1 enc cipher_null ''
ss -a >/dev/null
ss -tupan
ss -tei
ss -m
ss -x >/dev/null
ss -K dst 10.9.9.9
netstat -an >/dev/null
netstat -tlp
arp -n
ifconfig -a
ifconfig lo 127.0.0.2
route -n
route add -net 10.2.0.0/16 dev lo
ethtool lo
ethtool -k lo >/dev/null
ethtool -i lo
ethtool -K lo tso off
tc qdisc
tc qdisc add dev lo root pfifo
bridge link
brctl show
nft list ruleset
nft add table ip t
iptables -L
iptables -S
iptables -A INPUT -j ACCEPT
iptables-save
ip6tables -L
ipset list
conntrack -L
ping -c 1 127.0.0.1 >/dev/null
ping -6 -c 1 ::1 >/dev/null
ping -f -c 5 127.0.0.1 >/dev/null
ping -I lo -c 1 127.0.0.1 >/dev/null
ping -m 5 -c 1 127.0.0.1 >/dev/null
ping -Q 0xc0 -c 1 127.0.0.1 >/dev/null
traceroute -m 1 127.0.0.1 >/dev/null
traceroute -I -m 1 127.0.0.1 >/dev/null
traceroute -T -m 1 127.0.0.1 >/dev/null
arping -c 1 -w 1 -I lo 127.0.0.1 >/dev/null
tcpdump -D >/dev/null
tcpdump -d icmp >/dev/null
nmap -sT -p 1 127.0.0.1 >/dev/null
nmap -sS -p 1 127.0.0.1 >/dev/null
nc -z 127.0.0.1 1
socat -u OPEN:/dev/null UDP:127.0.0.1:9
socat -u OPEN:/dev/null TCP-LISTEN:80,accept-timeout=1
socat -u OPEN:/dev/null UNIX-SENDTO:/run/nobody
curl -s http://127.0.0.1:1/
dnsmasq --test
`},
	{accounts: both, setup: "mkdir -m 777 mnt; mkdir low up work.img", after: "cat /proc/self/mounts | grep $DIR", text: `
mount -t tmpfs none mnt
mount -t devpts devpts mnt
mount --bind /usr mnt
mount --rbind /run mnt
mount -o remount,ro /run
mount -o remount,size=1m /run
mount --make-shared /run
mount -t overlay -o lowerdir=low,upperdir=up,workdir=work.img none mnt
umount /var/log
umount -l /var/log
umount -f /var/log
mountpoint /run
bindfs /etc mnt
`},
	{accounts: both, setup: image + "mkdir mnt", after: "sha256sum disk", text: `
mkfs.ext4 -qF -U 00000000-0000-0000-0000-000000000001 -E hash_seed=00000000-0000-0000-0000-000000000001 disk
e2fsck -fp disk
tune2fs -L name disk
dumpe2fs disk
debugfs -R stat disk
debugfs -w -R mkdir\ name disk
resize2fs disk 60M
e2label disk name
e2image -r disk - | wc -c
mkswap -U 00000000-0000-0000-0000-000000000001 disk
blkid -p disk
wipefs disk
wipefs -a disk
mount -o loop,ro disk mnt
mount -o loop disk mnt
fsck -n disk
fdisk -l disk
sfdisk -d disk
blockdev --getsz disk
dd if=disk of=/dev/null bs=1M
dd if=disk of=/dev/null bs=1M iflag=direct
`},
	{accounts: both, setup: someTree, text: `
tar -cf out/tar src
tar -xf src.tar -C out
tar -xpf src.tar -C out
tar --no-same-owner -xf src.tar -C out
tar --atime-preserve=system -cf /dev/null src
find src | cpio -oO out/cpio
cpio -idmD out <src.tar
zip -qr out/zip src
rsync -a src/ out
rsync -rt src/ out
cp -r src out
cp -a src out
cp -rp src out
cp -r --no-preserve=mode src out
mv src out
rm -r src
du -s src
find src -ls >/dev/null
find src -type f -delete
find src -exec chmod 700 {} +
chown -R daemon src
chgrp -R daemon src
chmod -R u+rwX,go=rX src
gzip src/b
gzip -k src/a
xz src/b
bzip2 src/b
shred -u src/b
sed -i s/b/c/ src/b
split src/b out/part
sort -o src/b src/b
touch src/b
tee src/b </dev/null
patch src/b /dev/null
ln src/b out/b
ln -s src/b out/b
install -o daemon src/a out/a
install -m 600 src/a out/a
install -D -m 755 src/a out/some/where
install -d -o daemon -m 2750 out/dir
mknod out/null c 1 3
mknod out/fifo p
mkfifo -m 600 out/fifo
git -C out init -q
openssl genrsa -out out/key 512
ssh-keygen -q -t ed25519 -N '' -f out/key
gpg --homedir out --list-keys
borg --version
restic version
setcap cap_net_raw=ep src/a
setcap -r src/a
filecap src/a net_raw
script -qc true out/typescript
screen -v
tmux -V
logrotate -s out/state /dev/null
flock out/lock true
dpkg-deb -b src out/deb
unshare -r chown 0 src/b
unshare -r touch out/mine
bwrap --ro-bind / / true
bwrap --ro-bind / / --unshare-all true
setfacl -R -m u:daemon:r src
getfacl -R src
chattr +i src/b
chattr +d src/a
getfattr -R -d -m - src
setfattr -n user.name -v value src/b
setfattr -n trusted.name -v value src/b
setfattr -n security.name -v value src/b
busybox chown daemon src/b
busybox touch src/b
busybox cp -a src out
busybox tar -xf src.tar -C out
busybox ping -c 1 127.0.0.1 >/dev/null
busybox id
busybox ps >/dev/null
`},
	{accounts: rootOnly, setup: ownEtc + "over /var/lib /home", text: `
useradd -m someone
useradd -r -s /bin/false someone
usermod -c comment daemon
usermod -aG daemon nobody
userdel daemon
groupadd someones
groupmod -n other users
groupdel users
gpasswd -a nobody daemon
passwd -l daemon
passwd -d daemon
chpasswd -e </dev/null
echo daemon:secret | chpasswd
chage -M 90 daemon
chsh -s /bin/sh daemon
chfn -f name daemon
pwconv
pwunconv
newusers /dev/null
vipw -h >/dev/null
crontab -u nobody /dev/null
systemd-sysusers --inline 'u someone -'
systemd-tmpfiles --create /usr/lib/tmpfiles.d/tmp.conf
systemd-tmpfiles --create /usr/lib/tmpfiles.d/var.conf
systemd-tmpfiles --create --prefix=/run
systemd-tmpfiles --clean --prefix=/run
systemd-machine-id-setup
ldconfig
update-alternatives --set editor /bin/true
update-passwd -s
logrotate -f /etc/logrotate.d/dpkg
dpkg-divert --local --rename --add /etc/issue
adduser --system someone --quiet
deluser --quiet daemon
addgroup --quiet someones
visudo -c
ssh-keygen -A
dbus-uuidgen --ensure
iptables-restore </dev/null
savelog /etc/issue
`},
	{accounts: userOnly, setup: "chmod 1777 /var/spool; mkdir -m 777 out", text: `
crontab -l
newgrp daemon </dev/null
passwd -S nobody
chsh -s /bin/sh nobody
write root </dev/null
wall -n line
mail -E -s subject root </dev/null
ssh -F none -o BatchMode=yes 127.0.0.1 true
`},
}
