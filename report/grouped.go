package report

// grouped are values by a key, and the keys in the order in which they came.
type grouped[T any] struct {
	keys []string
	of   map[string][]T
}

func (g *grouped[T]) add(key string, value T) {
	if g.of == nil {
		g.of = map[string][]T{}
	}
	if g.of[key] == nil {
		g.keys = append(g.keys, key)
	}
	g.of[key] = append(g.of[key], value)
}
