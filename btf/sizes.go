package btf

// Sizes are those of the structs that BTF has by name, in bytes: what a copy of one
// in another language is compared with.
func Sizes(raw []byte) (map[string]uint32, error) {
	d, err := parse(raw)
	if err != nil {
		return nil, err
	}
	sizes := map[string]uint32{}
	err = d.each(func(_ uint32, r record) error {
		if r.kind() != kindStruct {
			return nil
		}
		name, err := d.name(word(r, 0))
		sizes[string(name)] = word(r, 2)
		return err
	})
	return sizes, err
}
