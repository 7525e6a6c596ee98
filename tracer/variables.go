package tracer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"unsafe"

	bpflib "github.com/aquasecurity/libbpfgo"

	"github.com/cap-audit/cap-audit/unwind"
)

// variables are values for read-only variables of the kernel half, by name.
type variables map[string]any

// give has the kernel half begin with them. libbpfgo's InitGlobalVariable would read all symbols of the
// object for each, which takes longer than the kernel takes for most programs.
func (v variables) give(module *bpflib.Module) error {
	half, err := openHalf()
	if err != nil {
		return err
	}
	rodata, err := module.GetMap(".rodata")
	if err != nil {
		return err
	}
	all, err := rodata.InitialValue()
	if err != nil {
		return err
	}
	missing := maps.Clone(v)
	for s := range half.Symbols().All() {
		name := s.String()
		value, ok := v[name]
		if !ok {
			continue
		}
		if err := put(all, &s, value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		delete(missing, name)
	}
	if len(missing) > 0 {
		return fmt.Errorf("the kernel half has no %v", slices.Sorted(maps.Keys(missing)))
	}
	return rodata.SetInitialValue(unsafe.Pointer(&all[0]))
}

// put writes a value where the variable is.
func put(all []byte, s *unwind.Symbol, value any) error {
	raw, err := binary.Append(nil, binary.NativeEndian, value)
	if err != nil {
		return err
	}
	if uint64(len(raw)) != s.Size || s.Value > uint64(len(all)) || s.Size > uint64(len(all))-s.Value {
		return errors.New("is of another type in the kernel half")
	}
	copy(all[s.Value:], raw)
	return nil
}
