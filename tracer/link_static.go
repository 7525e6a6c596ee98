//go:build static

package tracer

// #cgo CFLAGS: -DSTATIC_LIBBPF
// #cgo LDFLAGS: -l:libbpf.a -lelf -lz -Wl,--wrap=btf__load_vmlinux_btf -Wl,--wrap=bpf_btf_get_next_id
import "C"

// The libraries that libbpf.a asks for stay shared.
