package report

import _ "embed"

// Schema is the JSON Schema (draft 2020-12) of Document.
//
//go:embed schema.json
var Schema []byte
