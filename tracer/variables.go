package tracer

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"unsafe"

	bpflib "github.com/aquasecurity/libbpfgo"
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
	symbols, err := half.Symbols()
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
	for i := range symbols {
		value, ok := v[symbols[i].Name]
		if !ok {
			continue
		}
		if err := put(all, &symbols[i], value, half.ByteOrder); err != nil {
			return fmt.Errorf("%s: %w", symbols[i].Name, err)
		}
		delete(missing, symbols[i].Name)
	}
	if len(missing) > 0 {
		return fmt.Errorf("the kernel half has no %v", slices.Sorted(maps.Keys(missing)))
	}
	return rodata.SetInitialValue(unsafe.Pointer(&all[0]))
}

// put writes a value where the variable is.
func put(all []byte, s *elf.Symbol, value any, order binary.ByteOrder) error {
	raw, err := binary.Append(nil, order, value)
	if err != nil {
		return err
	}
	if uint64(len(raw)) != s.Size || s.Value > uint64(len(all)) || s.Size > uint64(len(all))-s.Value {
		return errors.New("is of another type in the kernel half")
	}
	copy(all[s.Value:], raw)
	return nil
}
