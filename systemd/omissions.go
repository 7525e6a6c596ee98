package systemd

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Omission is a setting that is not carried out, and what follows from that.
type Omission struct {
	Setting Setting
	Effect  string
}

// What is missing without a setting: clauses of a report.
const (
	fileSystem = "the program sees the whole file system"
	namespaces = "the program is in the namespaces of the machine"
	calls      = "no system call is refused"
	devices    = "every device can be opened"
	network    = "no address is refused"
	label      = "the security module applies what it applies to cap-audit"
	credential = "the program does not find its credentials"
	schedule   = "the program is scheduled as cap-audit is"
	session    = "no session is opened"
	streams    = "standard input is /dev/null, and output goes where cap-audit's does"
	resource   = "the program has no such limit"
	unknown    = "cap-audit does not know this setting"
)

// omitted are the settings that could change which checks are made, or how
// they come out, and what their lack means.
var omitted = map[string]string{}

func init() {
	for effect, keys := range map[string]string{
		fileSystem: `RootDirectory RootImage RootImageOptions RootImagePolicy RootHash RootHashSignature RootVerity RootEphemeral RootDirectoryStartOnly
			RootMStack MountAPIVFS ProtectSystem ProtectHome ReadOnlyPaths ReadWritePaths InaccessiblePaths ExecPaths NoExecPaths ReadOnlyDirectories
			ReadWriteDirectories InaccessibleDirectories TemporaryFileSystem BindPaths BindReadOnlyPaths BindLogSockets MountImages
			MountImagePolicy ExtensionImages ExtensionImagePolicy ExtensionDirectories MountFlags PrivateTmp PrivateMounts ProtectProc ProcSubset
			ProtectControlGroups ProtectKernelTunables`,
		namespaces: `PrivateNetwork NetworkNamespacePath PrivateIPC IPCNamespacePath PrivateUsers PrivatePIDs UserNamespacePath ProtectHostname PrivateBPF`,
		calls: `SystemCallFilter SystemCallArchitectures SystemCallErrorNumber SystemCallLog RestrictAddressFamilies RestrictFileSystems
			RestrictNamespaces DelegateNamespaces RestrictRealtime RestrictSUIDSGID LockPersonality MemoryDenyWriteExecute ProtectKernelModules
			ProtectKernelLogs ProtectClock BPFDelegateCommands BPFDelegateMaps BPFDelegatePrograms BPFDelegateAttachments`,
		devices:    `PrivateDevices DeviceAllow DevicePolicy`,
		network:    `IPAddressAllow IPAddressDeny IPIngressFilterPath IPEgressFilterPath SocketBindAllow SocketBindDeny RestrictNetworkInterfaces BPFProgram NFTSet`,
		label:      `SELinuxContext AppArmorProfile SmackProcessLabel`,
		credential: `LoadCredential LoadCredentialEncrypted ImportCredential SetCredential SetCredentialEncrypted`,
		schedule: `CPUSchedulingPolicy CPUSchedulingPriority CPUSchedulingResetOnFork CPUAffinity NUMAPolicy NUMAMask IOSchedulingClass
			IOSchedulingPriority OOMScoreAdjust TimerSlackNSec Personality CoredumpFilter MemoryTHP MemoryKSM KeyringMode UtmpIdentifier UtmpMode`,
		session:                    `PAMName`,
		streams:                    `StandardInput StandardInputText StandardInputData TTYPath OpenFile RootStdin`,
		resource:                   `TasksMax MemoryMax MemoryHigh MemorySwapMax MemoryZSwapMax Delegate DelegateSubgroup DisableControllers Slice`,
		"they are not handed over": `Sockets USBFunctionDescriptors USBFunctionStrings`,
		"what the service manager itself has is not known": `PassEnvironment`,
		"the program runs as the user on the host":         `PermissionsStartOnly`,
	} {
		for key := range strings.FieldsSeq(keys) {
			omitted[key] = effect
		}
	}
}

// honoured are the settings that Service carries out.
const honoured = `RuntimeDirectory StateDirectory CacheDirectory LogsDirectory ConfigurationDirectory Type ExecStart User Group SupplementaryGroups DynamicUser AmbientCapabilities CapabilityBoundingSet NoNewPrivileges SecureBits
	Environment EnvironmentFile UnsetEnvironment ExecSearchPath SetLoginEnvironment WorkingDirectory UMask Nice IgnoreSIGPIPE LimitCPU LimitFSIZE
	LimitDATA LimitSTACK LimitCORE LimitRSS LimitNPROC LimitNOFILE LimitMEMLOCK LimitAS LimitLOCKS LimitSIGPENDING LimitMSGQUEUE LimitNICE
	LimitRTPRIO LimitRTTIME ExecCondition ExecStartPre ExecStartPost ExecReload ExecReloadPost ExecStop ExecStopPost`

// withoutEffect are the settings that have none on the checks of a program: how
// the service is kept running, stopped, logged and accounted for.
const withoutEffect = `BusName BusPolicy NotifyAccess PIDFile RemainAfterExit ExitType GuessMainPID Restart RestartSec RestartSteps RestartMaxDelaySec
	RestartMode RestartForceExitStatus RestartPreventExitStatus RestartKillSignal SuccessExitStatus NonBlocking FileDescriptorStoreMax
	FileDescriptorStorePreserve ReloadSignal RefreshOnReload OOMPolicy TimeoutSec TimeoutStartSec TimeoutStopSec TimeoutAbortSec TimeoutCleanSec
	TimeoutStartFailureMode TimeoutStopFailureMode RuntimeMaxSec RuntimeRandomizedExtraSec WatchdogSec WatchdogSignal FailureAction
	SuccessAction FailureActionExitStatus SuccessActionExitStatus RebootArgument StartLimitInterval StartLimitIntervalSec StartLimitBurst
	StartLimitAction KillMode KillSignal SendSIGHUP SendSIGKILL FinalKillSignal StandardOutput StandardError SyslogIdentifier SyslogFacility
	SyslogLevel SyslogLevelPrefix LogLevelMax LogExtraFields LogRateLimitIntervalSec LogRateLimitBurst LogFilterPatterns LogNamespace
	TTYReset TTYVHangup TTYVTDisallocate TTYRows TTYColumns RemoveIPC RuntimeDirectoryMode RuntimeDirectoryPreserve StateDirectoryMode
	StateDirectoryAccounting StateDirectoryQuota CacheDirectoryMode LogsDirectoryMode ConfigurationDirectoryMode CPUAccounting CPUWeight
	StartupCPUWeight CPUShares StartupCPUShares CPUQuota CPUQuotaPeriodSec AllowedCPUs StartupAllowedCPUs AllowedMemoryNodes
	StartupAllowedMemoryNodes MemoryAccounting MemoryMin MemoryLow MemoryLimit StartupMemoryHigh StartupMemoryMax StartupMemoryLow
	StartupMemorySwapMax StartupMemoryZSwapMax DefaultMemoryMin DefaultMemoryLow MemoryZSwapWriteback MemoryPressureWatch
	MemoryPressureThresholdSec TasksAccounting IOAccounting IOWeight StartupIOWeight IODeviceWeight IOReadBandwidthMax IOWriteBandwidthMax
	IOReadIOPSMax IOWriteIOPSMax IODeviceLatencyTargetSec BlockIOAccounting BlockIOWeight StartupBlockIOWeight BlockIODeviceWeight
	BlockIOReadBandwidth BlockIOWriteBandwidth IPAccounting ManagedOOMSwap ManagedOOMMemoryPressure ManagedOOMMemoryPressureLimit
	ManagedOOMMemoryPressureDurationSec ManagedOOMPreference CoredumpReceive`

var known = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	for key := range strings.FieldsSeq(honoured + " " + withoutEffect) {
		all[key] = true
	}
	return all
})

// Bounds of what is said about settings: how many, and bytes of each.
const (
	maxListed = 500
	maxShown  = 4096
)

// omissions are the settings that are in force and not carried out, by their
// first appearance.
func (f *File) omissions() []Omission {
	var order []string
	values := map[string][]string{}
	for _, s := range f.settings {
		if known()[s.Key] || strings.HasPrefix(s.Key, "X-") {
			continue
		}
		if _, seen := values[s.Key]; !seen {
			order = append(order, s.Key)
		}
		if s.Value == "" {
			values[s.Key] = []string{} // a reset
			continue
		}
		values[s.Key] = append(values[s.Key], s.Value)
	}
	var list []Omission
	for _, key := range order {
		effect, ok := omitted[key]
		if !ok {
			effect = unknown
		}
		value := inForce(values[key])
		if value == "" || harmless(key, value) {
			continue
		}
		if len(list) == maxListed {
			list = append(list, Omission{Setting{"...", ""}, "and more"})
			break
		}
		list = append(list, Omission{Setting{cut(key, maxShown), cut(value, maxShown)}, effect})
	}
	if f.on("DynamicUser") {
		list = append(list, Omission{Setting{"DynamicUser", "yes"},
			"no user is made, and " + fileSystem +
				", without the ProtectSystem=strict, ProtectHome=read-only, " +
				"PrivateTmp= and RestrictSUIDSGID= that go with it"})
	}
	if socket := f.socket(); socket != "" && len(values["Sockets"]) == 0 {
		list = append(list, Omission{Setting{"Sockets", filepath.Base(socket)}, omitted["Sockets"]})
	}
	return list
}

// inForce is what the values of a setting come to, "" for nothing.
func inForce(values []string) string {
	if len(values) == 0 {
		return ""
	}
	last := values[len(values)-1]
	switch b, isBool := parseBoolean(last); {
	case isBool && b:
		return last // not a list
	case isBool:
		return ""
	}
	return strings.Join(values, " ")
}

// harmless are values that ask for nothing.
func harmless(key, value string) bool {
	switch key {
	case "StandardInput":
		return value == "null"
	case "ProtectProc":
		return value == "default"
	case "ProcSubset":
		return value == "all"
	case "DevicePolicy":
		return value == "auto"
	case "TasksMax", "MemoryMax", "MemoryHigh", "MemorySwapMax", "MemoryZSwapMax":
		return value == "infinity"
	case "KeyringMode":
		return true // a keyring takes no capability
	case "Slice":
		return true
	}
	return false
}

// socket is the socket unit that would start this service, "" for none.
func (f *File) socket() string {
	name := strings.TrimSuffix(f.Name, serviceSuffix) + ".socket"
	dirs := []string{filepath.Dir(f.Path)}
	if isUnitDir(dirs[0]) {
		dirs = unitPath
	}
	for _, dir := range dirs {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	return ""
}

func (o Omission) String() string { return fmt.Sprintf("%s: %s", o.Setting, o.Effect) }
