package reach

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestControlOf(t *testing.T) {
	for request, want := range map[int64]control{
		unix.TCGETS:          controlHarmless,
		unix.TIOCSTI:         controlOfTerminal,
		unix.TUNSETIFF:       controlOfNetwork,
		unix.SIOCSIFFLAGS:    controlOfNetwork,
		unix.BLKRRPART:       controlOfDisk,
		0x5322:               controlOfDisk,    // CDROMRESET
		0x24b:                controlHarmless,  // FDFLUSH, which tar sends
		0x80200204:           controlHarmless,  // FDGETPRM
		0x290:                controlOfDisk,    // the number of FDSETDRVPRM, which has bit 7
		0x4b46:               controlOfConsole, // KDGKBENT
		unix.RNDADDENTROPY:   controlOfRandom,
		unix.RTC_SET_TIME:    controlOfClock,
		1:                    controlOfDisk, // FIBMAP
		unix.FS_IOC_SETFLAGS: controlOfFlags,
		0x80480911:           controlHarmless, // GET_ARRAY_INFO
		0x932:                controlOfDisk,   // STOP_ARRAY
		0xc138fd0e:           controlOfDisk,   // a message to the device mapper
		0x800875f0:           controlHarmless, // EVMS_GET_STRIPE_INFO
		0xc0107520:           controlUnknown,  // UVCIOC_CTRL_MAP
		0x4040ae79:           controlUnknown,  // KVM's
	} {
		if got := controlOf(request); got != want {
			t.Errorf("%#x: %d, want %d", request, got, want)
		}
	}
}
