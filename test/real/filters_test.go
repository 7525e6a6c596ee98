package real

// filters are programs that do little but read and write. They ask for hardly anything, which makes them
// nothing for the hunt; but their code must be able to do what they do.
var filters = group{accounts: rootOnly, setup: `
printf 'one two\nthree four\nfive six\n' >a
printf 'one 1\nsix 6\n' >b
gzip -k a
xz -k a
bzip2 -k a
zstd -q a
lz4 -q a
cp /bin/true t
printf 'int f(void);\nint f(void) { return 0; }\n' >f.c
cc -c f.c && ar r f.a f.o 2>/dev/null
`, text: `
/usr/bin/[ -r a ]
/usr/bin/echo a
/usr/bin/test -r a
/usr/bin/true
ar t f.a
arch
as --version
awk '{ print $2 }' a
b2sum a
badblocks -b 1024 a 1
base32 a
base64 a
basenc --base16 a
basename /a/b
bash -c 'read x <a; ulimit -n; echo $x'
batcat --color never a
bc -v
bunzip2 -c a.bz2
bzdiff a.bz2 a
c_rehash -h
cal 1 2000
catman -h
chcpu -h
cksum a
cmp a a
col -b a
colcrt a
colrm 2 3
column a
comm a b
csplit -s a 2
cut -d ' ' -f 1 a
dash -c 'umask 22; echo a >out'
dc -V
diff a b
diff3 a b a
dir
dircolors
dirname /a/b
egrep one a
env -i A=b printenv
envsubst
expand a
expr 1 + 1
factor 12345678
faillog -a
/usr/bin/false
fdfind a .
fgrep one a
fincore a
fmt a
fold -w 3 a
fsck.minix a
fzf -f one
gencat
getconf PATH
getopt a: -a b
gettext a
gosu nobody id
age-keygen -o key
gunzip -c a.gz
hexdump -C a
hostid
hyperfine -N -w 0 -r 2 true
iconv -f utf-8 -t latin1 a
infocmp dumb
isosize a
java -version
jq -n 1
join a b
ld --version
ldd /bin/ls
link a c
locale
localedef --version
logname
look -f one a
lsfd -p $$
lz4 -dc a.lz4
make -n -f /dev/null a
mawk '{ print }' a
mcookie
md5sum a
mesg
mkfs.bfs -h
mkfs.cramfs -h
mkfs.minix a
msgfmt --version
namei -l a
nl a
nm f.o
nohup true
node -e 'console.log(process.pid)'
numfmt --to iec 10000
objcopy f.o g.o
objdump -d f.o
od a
partx -s a
paste a b
patch --version
pathchk a
peekfd -V
pinky
pkg-config --version
pldd 1
pod2text --help
pr a
/usr/bin/printf a
prtstat $$
psql --version
ptx a
/usr/bin/pwd
python3 -c 'import os, socket; print(os.getpid())'
ranlib f.a
readelf -h f.o
realpath a
restic version
rev a
rg one a
rgrep one .
rtcwake -m show
runcon -V
sdiff a b
seq 3
sha1sum a
sha224sum a
sha256sum a
sha384sum a
sha512sum a
shuf -i 1-1
size f.o
sleep 0.1
socat -V
sprof
sqlite3 :memory: 'select 1'
stdbuf -o L cat a
strings t
strip t
stty
sum a
swaplabel a
tabs
tac a
tail -n 1 a
tic -V
tload -V
toe
tput -T dumb cols
tr a b
tsort b
tzselect --help
ul a
unexpand a
uniq a
unxz -c a.xz
unzstd -qc a.zst
users
utmpdump /dev/null
vdir
watch -v
wdctl
whereis ls
which ls
xargs -a a echo
xgettext --version
xmllint --version
xzcat a.xz
xzdiff a.xz a
yes --version
zcat a.gz
zdiff a.gz a
zdump UTC
zgrep one a.gz
zramctl
zstdcat a.zst
`}
