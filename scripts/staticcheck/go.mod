// What make lint runs, pinned: go.sum has the checksums. It builds with the Go that the program's go.mod asks for; a
// newer staticcheck wants Go 1.25. golang.org/x/tools is newer than it asks for, to read what Go 1.26 compiles.
module github.com/cap-audit/cap-audit/scripts/staticcheck

go 1.24.0

tool honnef.co/go/tools/cmd/staticcheck

require (
	golang.org/x/tools v0.41.0 // indirect
	honnef.co/go/tools v0.6.1 // indirect
)

require (
	github.com/BurntSushi/toml v1.4.1-0.20240526193622-a339e1f7089c // indirect
	golang.org/x/exp/typeparams v0.0.0-20231108232855-2478ac86f678 // indirect
	golang.org/x/mod v0.32.0 // indirect
	golang.org/x/sync v0.19.0 // indirect
	golang.org/x/tools/go/expect v0.1.1-deprecated // indirect
)
