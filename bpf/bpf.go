// Package bpf carries the compiled kernel half of cap-audit.
package bpf

import _ "embed"

// Object is cap_audit.bpf.o, made from cap_audit.bpf.c by make. It is CO-RE:
// the same bytes run on every kernel.
//
//go:embed cap_audit.bpf.o
var Object []byte
