package reach

import (
	"slices"

	"golang.org/x/sys/unix"
)

// controlRows are the requests of ioctl. What is in no group asks for whatever any
// driver may.
var controlRows = []row{
	{calls: names("ioctl"), when: when(request(controlOfFlags)), files: true,
		asks: c(unix.CAP_LINUX_IMMUTABLE, unix.CAP_FOWNER, unix.CAP_FSETID),
		in:   "fileattr_set_prepare(), vfs_fileattr_set(), fs/ioctl.c; fs/file_attr.c since 6.17"},
	{calls: names("ioctl"), when: when(request(controlOfFileSystem)),
		asks: c(unix.CAP_SYS_ADMIN, unix.CAP_SYS_RESOURCE, unix.CAP_DAC_READ_SEARCH),
		in: "ioctl_fsfreeze(), fs/ioctl.c; ext4_ioctl_group_add(), btrfs_ioctl(), " +
			"xfs_ioc_fsgeometry() and others"},
	{calls: names("ioctl"), when: when(request(controlOfNetwork)), asks: c(unix.CAP_NET_ADMIN),
		// dev_load() asks for NET_ADMIN and SYS_MODULE where no interface has the
		// name, to load a module that is called like it: the call goes on.
		in: "dev_ioctl(), net/core/dev_ioctl.c; devinet_ioctl(), net/ipv4/devinet.c; __tun_chr_ioctl()"},
	{calls: names("ioctl"), when: when(request(controlOfTerminal)),
		asks: c(unix.CAP_SYS_ADMIN, unix.CAP_CHECKPOINT_RESTORE, unix.CAP_NET_ADMIN),
		in:   "tiocsti(), tioccons(), tty_ioctl(), drivers/tty/tty_io.c; set_termios_lock; slip_open()"},
	{calls: names("ioctl"), when: when(is(1, unix.TIOCSCTTY), is(2, 1)), asks: c(unix.CAP_SYS_ADMIN),
		in: "tiocsctty(), drivers/tty/tty_jobctrl.c"},
	{calls: names("ioctl"), when: when(request(controlOfConsole)),
		asks: c(unix.CAP_SYS_TTY_CONFIG, unix.CAP_SYS_ADMIN, unix.CAP_KILL),
		in:   "vt_ioctl(), vt_k_ioctl(), drivers/tty/vt/vt_ioctl.c"},
	{calls: names("ioctl"), when: when(request(controlOfDisk)), asks: c(unix.CAP_SYS_ADMIN,
		unix.CAP_SYS_RAWIO),
		in: "blkdev_common_ioctl(), block/ioctl.c; scsi_cmd_allowed(), drivers/scsi/scsi_ioctl.c; " +
			"lo_ioctl()"},
	{calls: names("ioctl"), when: when(request(controlOfRandom)), asks: c(unix.CAP_SYS_ADMIN),
		in: "random_ioctl(), drivers/char/random.c"},
	{calls: names("ioctl"), when: when(request(controlOfClock)), asks: c(unix.CAP_SYS_TIME,
		unix.CAP_SYS_RESOURCE),
		in: "rtc_dev_ioctl(), drivers/rtc/dev.c"},
	{calls: names("ioctl"), when: when(request(controlOfPulse)), asks: c(unix.CAP_SYS_TIME),
		in: "pps_cdev_ioctl(), drivers/pps/pps.c"},
	{calls: names("ioctl"), when: when(request(controlUnknown)), asks: c(unix.CAP_SYS_ADMIN,
		unix.CAP_NET_ADMIN,
		unix.CAP_SYS_RAWIO, unix.CAP_SYS_TTY_CONFIG, unix.CAP_SYS_RESOURCE, unix.CAP_SYS_TIME, unix.CAP_KILL,
		unix.CAP_NET_RAW, unix.CAP_IPC_LOCK, unix.CAP_SYS_NICE, unix.CAP_PERFMON, unix.CAP_CHECKPOINT_RESTORE,
		unix.CAP_WAKE_ALARM, unix.CAP_BLOCK_SUSPEND, unix.CAP_SYS_PTRACE), in: "drivers and file systems"},
	{calls: names("ioctl"), when: when(request(controlUnknown)), files: true,
		asks: c(unix.CAP_LINUX_IMMUTABLE, unix.CAP_FOWNER, unix.CAP_FSETID, unix.CAP_DAC_READ_SEARCH),
		in:   "drivers and file systems"},
}

// control is what a request of ioctl is about.
type control int

const (
	controlUnknown control = iota
	controlHarmless
	controlOfFlags
	controlOfFileSystem
	controlOfNetwork
	controlOfTerminal
	controlOfConsole
	controlOfDisk
	controlOfRandom
	controlOfClock
	controlOfPulse
)

// request: it belongs to a group.
func request(group control) condition {
	return condition{argument: 1, holds: func(c constant) bool {
		if !c.plain() {
			return true
		}
		return controlOf(low(c)) == group
	}}
}

// harmlessControls are requests that ask for nothing, and do not begin with what
// has a range below.
var harmlessControls = []int64{
	unix.TCGETS, unix.TCSETS, unix.TCSETSW, unix.TCSETSF, unix.TCGETA, unix.TCSETA, unix.TCSETAW,
	unix.TCSETAF,
	unix.TCSBRK, unix.TCXONC, unix.TCFLSH, unix.TIOCEXCL, unix.TIOCNXCL, unix.TIOCSCTTY, unix.TIOCGPGRP,
	unix.TIOCSPGRP, unix.TIOCOUTQ, unix.TIOCGWINSZ, unix.TIOCSWINSZ, unix.TIOCMGET, unix.TIOCMBIS,
	unix.TIOCMBIC, unix.TIOCMSET, 0x541b, unix.TIOCPKT, 0x5421, unix.TIOCNOTTY, unix.TIOCGETD,
	unix.TCSBRKP, unix.TIOCSBRK, unix.TIOCCBRK, unix.TIOCGSID, unix.TCGETS2, unix.TCSETS2, unix.TCSETSW2,
	unix.TCSETSF2, unix.TIOCGPTN, unix.TIOCSPTLCK, unix.TIOCGPTPEER, unix.TIOCGPKT, unix.TIOCGPTLCK,
	0x5450, 0x5451, 0x5452, 0x5460, unix.TIOCGSERIAL,
	2, unix.FICLONE, unix.FICLONERANGE, unix.FIDEDUPERANGE, unix.FS_IOC_GETFLAGS,
	0x80087601, 0xc020660b, 0x801c581f, 0x80111500, 0x81009431, // GETVERSION, FIEMAP, FSGETXATTR, UUID, LABEL
	unix.BLKGETSIZE64, unix.BLKGETSIZE, unix.BLKSSZGET, unix.BLKPBSZGET, unix.BLKROGET, unix.BLKIOMIN,
	// HDIO_GETGEO
	unix.BLKIOOPT, unix.BLKALIGNOFF, unix.BLKROTATIONAL, unix.BLKSECTGET, unix.RNDGETENTCNT, 0x301,
	unix.SIOCGIFNAME, unix.SIOCGIFCONF, unix.SIOCGIFFLAGS, unix.SIOCGIFADDR, unix.SIOCGIFDSTADDR,
	unix.SIOCGIFBRDADDR, unix.SIOCGIFNETMASK, unix.SIOCGIFMETRIC, unix.SIOCGIFMEM, unix.SIOCGIFMTU,
	unix.SIOCGIFHWADDR, unix.SIOCGIFINDEX, unix.SIOCGIFTXQLEN, unix.SIOCGIFMAP, unix.SIOCGPGRP,
	unix.SIOCSPGRP,
	unix.SIOCATMARK, 0x8901, 0x8906, 0x8907, unix.NS_GET_USERNS, unix.NS_GET_PARENT, unix.NS_GET_NSTYPE,
	unix.NS_GET_OWNER_UID,
}

// controlOf is the group of a request: of most, the second byte tells the driver.
func controlOf(request int64) control {
	if slices.Contains(harmlessControls, request) {
		return controlHarmless
	}
	if request >= 0x8900 && request <= 0x8bff {
		return controlOfNetwork
	}
	if request>>9 == 0x42000>>9 { // aac_ioctl(), aac_cfg_ioctl(), drivers/scsi/aacraid/linit.c
		return controlOfDisk
	}
	switch number := request & 0xff; request >> 8 & 0xff {
	case 'T':
		if number >= 200 && request > 0xffff { // tun
			return controlOfNetwork
		}
		return controlOfTerminal
	case 'K', 'V':
		return controlOfConsole
	case 0, 0x02, 0x03, 0x12, 0x22, 'B', 'L', 'M', 'N', 'S', 'm':
		return controlOfDrive(request)
	case 0x09: // md_ioctl(), drivers/md/md.c
		if number >= 0x10 && number <= 0x12 { // RAID_VERSION, GET_ARRAY_INFO, GET_DISK_INFO
			return controlHarmless
		}
		return controlOfDisk
	case 'u': // ublk, uvcvideo and udmabuf have those below; above were EVMS's, which Linux never had
		if number >= 0x80 {
			return controlHarmless
		}
	case 0xfd: // ctl_ioctl(), drivers/md/dm-ioctl.c
		return controlOfDisk
	case 'H': // hci_sock_ioctl(), net/bluetooth/hci_sock.c
		return controlOfNetwork
	case 0x92, 'U': // mon_bin_ioctl(), drivers/usb/mon/mon_bin.c; usbdev_ioctl(), drivers/usb/core/devio.c
		return controlHarmless
	case 'R':
		return controlOfRandom
	case 'p':
		switch {
		case number < 0x20:
			return controlOfClock
		case number == 0xa2, number == 0xa5: // PPS_SETPARAMS, PPS_KC_BIND
			return controlOfPulse
		case number == 0xa1, number == 0xa3, number == 0xa4: // PPS_GETPARAMS, PPS_GETCAP, PPS_FETCH
			return controlHarmless
		}
	case 'X', 0x94:
		if request == 0x401c5820 {
			return controlOfFlags
		}
		return controlOfFileSystem
	case 'f':
		if request == unix.FS_IOC_SETFLAGS || request == 0x40046602 {
			return controlOfFlags
		}
		return controlOfFileSystem
	}
	return controlUnknown
}

// controlOfDrive is the same for requests to drivers of disks, tapes and flash.
func controlOfDrive(request int64) control {
	switch number := request & 0xff; request >> 8 & 0xff {
	case 0:
		if request == 1 { // FIBMAP
			return controlOfDisk
		}
	case 0x02: // fd_locked_ioctl(), drivers/block/floppy.c
		if number&0x80 == 0 {
			return controlHarmless
		}
		return controlOfDisk
	case 0x12, 0x22, 'S', 0x03, 'L':
		if request < 0x10000 || request>>8&0xff == 0x12 {
			return controlOfDisk
		}
	case 'M', 'N', 'm': // mtdchar_ioctl(), megasas_mgmt_ioctl_fw(), nvme_cmd_allowed(), st_ioctl()
		return controlOfDisk
	case 'B':
		if number < 0x20 { // hpsa_ioctl(), drivers/scsi/hpsa.c; bnep_sock_ioctl() has those from 200 on
			return controlOfDisk
		}
	}
	return controlUnknown
}
