//go:build !static

package tracer

// #cgo pkg-config: libbpf
import "C"
