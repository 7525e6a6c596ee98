package report

import (
	"reflect"
	"strings"
	"sync"
	"unicode"
)

// anotherKey tells whether a key is none of the document's, and encoding/json
// would take it for one: that ignores case, and other readers, such as jq, do
// not.
func anotherKey(key string) bool {
	exact, known := documentKeys()[folded(key)]
	return known && exact != key
}

// documentKeys are the keys of a report, at any depth, by folded.
var documentKeys = sync.OnceValue(func() map[string]string {
	keys := map[string]string{}
	addKeys(keys, reflect.TypeFor[earlier](), map[reflect.Type]bool{})
	return keys
})

func addKeys(keys map[string]string, t reflect.Type, seen map[reflect.Type]bool) {
	if seen[t] {
		return
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		addKeys(keys, t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			field := t.Field(i)
			if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
				keys[folded(name)] = name
			}
			if field.IsExported() {
				addKeys(keys, field.Type, seen)
			}
		}
	}
}

// folded is one for all strings that are equal under simple case folding, as
// encoding/json compares keys (Go 1.26, foldName).
func folded(s string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, s)
}
