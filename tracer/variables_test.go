package tracer

import (
	"encoding/binary"
	"strings"
	"testing"

	bpflib "github.com/aquasecurity/libbpfgo"

	"github.com/cap-audit/cap-audit/bpf"
)

// openedHalf is the kernel half before it is loaded, which takes no privileges.
func openedHalf(t *testing.T) *bpflib.Module {
	t.Helper()
	captureLibbpfLog()
	module, err := bpflib.NewModuleFromBufferArgs(bpflib.NewModuleArgs{
		BPFObjBuff: bpf.Object, BPFObjName: "cap_audit", SkipMemlockBump: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(module.Close)
	return module
}

// valueOf is what the kernel half begins with.
func valueOf(t *testing.T, module *bpflib.Module, name string) []byte {
	t.Helper()
	rodata, err := module.GetMap(".rodata")
	if err != nil {
		t.Fatal(err)
	}
	all, err := rodata.InitialValue()
	if err != nil {
		t.Fatal(err)
	}
	half, err := openHalf()
	if err != nil {
		t.Fatal(err)
	}
	for s := range half.Symbols().All() {
		if s.String() == name {
			return all[s.Value : s.Value+s.Size]
		}
	}
	t.Fatalf("no variable %s", name)
	return nil
}

func TestVariables(t *testing.T) {
	module := openedHalf(t)
	before := string(valueOf(t, module, "long_wait"))
	if err := (variables{"idle_matters": uint64(7), "verbose": true}).give(module); err != nil {
		t.Fatal(err)
	}
	if err := (variables{"an_integer": uint32(9)}).give(module); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"idle_matters": string(binary.NativeEndian.AppendUint64(nil, 7)),
		"verbose":      "\x01",
		"an_integer":   string(binary.NativeEndian.AppendUint32(nil, 9)),
		"long_wait":    before,
	} {
		if got := string(valueOf(t, module, name)); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestNoSuchVariables(t *testing.T) {
	module := openedHalf(t)
	for want, v := range map[string]variables{
		"magic":      {"magic": true, "verbose": true},
		"an_integer": {"an_integer": uint64(1)},
	} {
		if err := v.give(module); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want one that names %s", v, err, want)
		}
	}
}
