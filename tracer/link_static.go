//go:build static

package tracer

// #cgo LDFLAGS: -l:libbpf.a -lelf -lz
import "C"

// The libraries that libbpf.a asks for stay shared.
