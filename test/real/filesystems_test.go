package real

// fileSystems are scripts that mount each at $DIR/fs. Whether the kernel has
// one is seen in /proc/filesystems. The first three are made at once.
var fileSystems = []struct{ kind, mount string }{
	{"tmpfs", "mkdir fs; mount -t tmpfs none fs"},
	// the order of a directory's entries is that of the seed
	{"ext4", mounted("mkfs.ext4 -E hash_seed=00000000-0000-0000-0000-000000000001", "64M")},
	{"overlay", "mkdir -p fs layers.img/up layers.img/work; " +
		"mount -t overlay -o lowerdir=low,upperdir=layers.img/up,workdir=layers.img/work none fs"},
	{"xfs", mounted("mkfs.xfs", "512M")},
	{"btrfs", mounted("mkfs.btrfs", "128M")},
}

// mounted makes a file system in a file, and mounts it.
func mounted(mkfs, size string) string {
	return "truncate -s " + size + " fs.img; mkdir fs\n" +
		mkfs + " fs.img >/dev/null 2>&1 || { echo wanted " + mkfs + "; exit 77; }\n" +
		"mount -o loop fs.img fs"
}

// prepared is a file system at $DIR/fs with files of owner's. The group daemon
// is none of anyone's.
func prepared(kind, owner string) string {
	var mount string
	for _, f := range fileSystems {
		if f.kind == kind {
			mount = f.mount
		}
	}
	before, where, after := mount, "fs", ""
	if kind == "overlay" {
		// the files are in the lower layer, and have to be copied up
		before, where, after = "mkdir low", "low", mount
	}
	return before + "\ncd " + where + "\nOWNER=" + owner + `
chmod 755 .; mkdir d d/e empty private given shared sticky
for name in f g suid sgid secret readonly hard d/one d/e/two private/x given/x sticky/f sticky/mine marked; do
	echo $name >$name
done
ln hard harder; ln -s f link; mkfifo fifo
chown -hR $OWNER: .; chgrp daemon g sgid shared given; chown root: sticky sticky/f
chmod 600 secret; chmod 400 readonly; chmod 700 private; chmod 1777 sticky; chmod 666 sticky/f
chmod 4755 suid; chmod 2755 sgid; chmod 2775 shared
setcap cap_net_raw=ep marked
cd ..; mkdir -m 1777 other
` + after
}

// operations on what prepared makes.
const operations = `chmod 600 fs/f
chmod 755 fs/f
chmod 755 fs/g
chmod 2755 fs/f
chmod 2755 fs/g
chmod 4755 fs/f
chmod 0755 fs/suid
chmod 1777 fs/d
chmod 2775 fs/d
chmod 2770 fs/shared
chown nobody fs/f
chown daemon fs/f
chown daemon fs/suid
chown -h daemon fs/link
chgrp daemon fs/f
chgrp daemon fs/sgid
chown nobody:nogroup fs/sgid
touch fs/f
touch -d @1 fs/f
touch -a fs/f
touch -m -d @1 fs/g
touch -h -d @1 fs/link
touch fs/new
touch -r fs/f fs/g
cat fs/f
cat fs/secret
cat fs/private/x
ls -l fs/private
ls -la fs
test -w fs/readonly
cp fs/f fs/new
cp fs/f fs/g
cp fs/secret other/new
cp -p fs/f fs/d/new
cp -p fs/sgid other/new
cp -a fs/d fs/new
cp -a fs/suid other/new
cp --preserve=xattr fs/marked fs/new
cp --reflink=auto fs/f fs/new
cp --preserve=mode fs/g fs/new
mv fs/f fs/new
mv fs/d fs/new
mv fs/d/one fs/given
mv fs/f other
mv fs/g other
mv fs/d other
mv fs/sticky/f fs/sticky/new
mv fs/sticky/mine fs/new
mv -T fs/d fs/empty
rm -f fs/f
rm -f fs/readonly
rm -f fs/sticky/f
rm -f fs/sticky/mine
rm -rf fs/d
rm -rf fs/private
rmdir fs/empty
mkdir fs/new
mkdir -m 2775 fs/new
mkdir fs/shared/new
mkdir -p fs/d/x/y
ln fs/f fs/new
ln fs/secret fs/new
ln fs/suid fs/new
ln fs/sticky/f fs/d/new
ln -s f fs/new
ln -sf g fs/link
unlink fs/hard
truncate -s 0 fs/f
truncate -s 0 fs/suid
truncate -s 1M fs/readonly
echo more >>fs/f
echo more >>fs/suid
echo more >>fs/sgid
echo more >>fs/marked
echo more >fs/sticky/f
echo more >fs/sticky/mine
dd if=/dev/zero of=fs/f bs=4k count=1 conv=notrunc,fsync status=none
dd if=/dev/zero of=fs/suid bs=4k count=1 conv=notrunc status=none
dd if=fs/f of=/dev/null iflag=noatime status=none
dd if=fs/f of=fs/g oflag=append conv=notrunc status=none
fallocate -l 64k fs/f
fallocate -p -o 0 -l 4k fs/f
fallocate -l 64k fs/suid
install -m 755 fs/f fs/new
install -o daemon -g daemon fs/f fs/new
install -d -m 2755 fs/shared/new
setfattr -n user.name -v value fs/f
setfattr -n user.name -v value fs/d
setfattr -n user.name -v value fs/sticky
setfattr -n trusted.name -v value fs/f
setfattr -n security.name -v value fs/f
setfattr -h -n trusted.name -v value fs/link
setfattr -x security.capability fs/marked
getfattr -dm - fs/f
getfattr -dm - fs/d
getfattr -n trusted.name fs/f
getfattr -n security.capability fs/marked
setfacl -m u:daemon:r fs/f
setfacl -m u:daemon:r fs/g
setfacl -m u:daemon:r fs/sgid
setfacl -d -m u:daemon:r fs/d
setfacl -b fs/f
getfacl fs/f
setcap cap_net_raw=ep fs/f
setcap -r fs/marked
chattr +i fs/f
chattr +a fs/f
chattr +d fs/f
chattr +A fs/d
chattr -p 7 fs/f
chattr -v 7 fs/f
chattr +C fs/empty
lsattr fs/f
lsattr -pv fs/f
filefrag fs/f
mkfifo fs/new
mknod fs/new c 1 3
mknod fs/new b 7 0
mknod fs/new p
echo line <>fs/fifo >&0
sync fs/f
df fs/f
stat -f -c %T fs
du -a fs
find fs -ls >/dev/null
find fs -newer fs/f
tar -cf other/tar -C fs d
tar -cf other/tar fs
rsync -a fs/d/ fs/new
rsync -a fs/ other
rsync -aX fs/d/ other
sed -i s/f/g/ fs/f
gzip fs/f
shred -n 1 fs/f
fuser fs/f
lsof fs/f
flock fs/f true
flock fs/readonly true
fstrim fs
mount -o remount,ro fs
mount --bind fs other
umount fs
mountpoint fs
quota -v
cp -al fs/d fs/new
/usr/bin/python3 -c "import fcntl,os; f=os.open('fs/f',0); fcntl.fcntl(f,fcntl.F_SETLEASE,fcntl.F_RDLCK)"
/usr/bin/python3 -c "import os; os.open('fs/f',os.O_NOATIME)"
/usr/bin/python3 -c "import os; os.utime('fs/f')"
/usr/bin/python3 -c "import os; os.utime('fs/g',(1,1))"
/usr/bin/python3 -c "import os; os.fchmod(os.open('fs/sgid',0),0o2755)"
/usr/bin/python3 -c "import os; os.chown('fs/sgid',-1,-1)"
/usr/bin/python3 -c "import os; os.rename('fs/f','fs/g')"
/usr/bin/python3 -c "import os; os.link('fs/g','fs/new')"
/usr/bin/python3 -c "import os; os.fsync(os.open('fs',0))"
/usr/bin/python3 -c "import os; os.close(os.open('fs/d',os.O_TMPFILE|os.O_RDWR,0o6755))"
/usr/bin/python3 -c "import os; os.posix_fallocate(os.open('fs/sgid',2),0,99)"
/usr/bin/python3 -c "import os; a=os.open('fs/f',0); os.copy_file_range(a,os.open('fs/suid',2),2)"
/usr/bin/python3 -c "import os; os.sendfile(os.open('fs/sgid',2),os.open('fs/f',0),0,2)"
`

// operationsOn are those that only some file systems know.
var operationsOn = map[string]string{
	"ext4": `e4defrag fs/f
filefrag -E fs/f
quotaon -p fs
repquota fs
setquota -u daemon 0 0 100 200 fs
resize2fs -h
tune2fs -l fs.img >/dev/null
chattr +j fs/f
chattr +P fs/d
xfs_io -c fsmap fs
xfs_io -c fiemap fs/f
xfs_io -c 'resblks' fs
xfs_io -c 'lsproj' fs/f
xfs_io -c 'chproj 9' fs/f
`,
	"xfs": `xfs_io -c fsmap fs
xfs_io -c bmap fs/f
xfs_io -c 'bmap -a' fs/f
xfs_io -c fiemap fs/f
xfs_io -c lsproj fs/f
xfs_io -c 'chproj 9' fs/f
xfs_io -c 'extsize 64k' fs/empty
xfs_io -c 'cowextsize 64k' fs/f
xfs_io -c 'lsattr' fs/f
xfs_io -c 'chattr +n' fs/f
xfs_io -c statfs fs
xfs_io -c resblks fs
xfs_io -c bulkstat fs
xfs_io -c inode fs
xfs_io -c 'reflink f 0 0 0' fs/g
xfs_io -c 'dedupe fs/f 0 0 2' fs/g
xfs_io -c 'resvsp 0 64k' fs/f
xfs_io -c 'unresvsp 0 4k' fs/f
xfs_io -c label fs
xfs_io -c 'label -s new' fs
xfs_fsr fs/f
xfs_info fs
xfs_growfs -d fs
xfs_quota -x -c report fs
xfs_quota -x -c 'limit bhard=1m daemon' fs
xfs_spaceman -c freesp fs
xfs_scrub -n fs
setquota -u daemon 0 0 100 200 fs
repquota fs
`,
	"btrfs": `btrfs subvolume create fs/sub
btrfs subvolume list fs
btrfs subvolume show fs
btrfs subvolume snapshot fs fs/snap
btrfs filesystem defragment fs/f
btrfs filesystem df fs
btrfs filesystem usage fs
btrfs filesystem show fs >/dev/null
btrfs filesystem sync fs
btrfs filesystem label fs new
btrfs filesystem du fs
btrfs filesystem resize max fs
btrfs property set fs/f compression zstd
btrfs property get fs/f
btrfs property set fs ro true
btrfs quota enable fs
btrfs qgroup show fs
btrfs scrub start -B fs
btrfs balance status fs
btrfs device stats fs
btrfs inspect-internal inode-resolve 257 fs
btrfs inspect-internal rootid fs
btrfs send fs
cp --reflink=always fs/f fs/new
xfs_io -c 'reflink fs/f' fs/g
xfs_io -c 'dedupe fs/f 0 0 2' fs/g
xfs_io -c fiemap fs/f
rmdir fs/empty
`,
}
