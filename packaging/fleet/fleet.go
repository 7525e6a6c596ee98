// Package fleet is for tests: it has the files of this directory.
package fleet

import "embed"

// Files are the examples.
//
//go:embed *.service *.timer *.tmpfiles *.yaml
var Files embed.FS
