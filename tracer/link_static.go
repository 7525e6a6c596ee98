//go:build static

package tracer

// libbpf.a with the libraries it asks for; those stay shared.
// #cgo LDFLAGS: -l:libbpf.a -lelf -lz
import "C"
