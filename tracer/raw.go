package tracer

// Raw are strings as bytes: JSON's strings would have to be UTF-8.
func Raw(list []string) [][]byte {
	all := make([][]byte, len(list))
	for i, s := range list {
		all[i] = []byte(s)
	}
	return all
}

// Cooked are the strings again.
func Cooked(list [][]byte) []string {
	all := make([]string, len(list))
	for i, b := range list {
		all[i] = string(b)
	}
	return all
}
