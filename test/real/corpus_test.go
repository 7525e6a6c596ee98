package real

import (
	"os"
	"slices"
	"strings"
)

// The suite has time for one in so many.
const (
	partOfLines      = 16
	partOfOperations = 3
)

// corpus is all that the hunt goes through, or a part.
func corpus(whole bool) []commandLine {
	lines := systemCalls()
	for _, g := range groups {
		lines = append(lines, g.commandLines()...)
	}
	if whole {
		return append(lines, fileOperations()...)
	}
	list := sampledFileOperations()
	for i := 0; i < len(lines); i += partOfLines {
		list = append(list, lines[i])
	}
	return list
}

// owners are who the files belong to, and who is at work on them.
var owners = []struct{ files, as string }{
	{"nobody", "nobody"}, {"nobody", "mail"}, {"nobody", ""},
}

// fileOperations are all operations, on all file systems, for all owners; root
// is at work on one file system only.
func fileOperations() []commandLine {
	var list []commandLine
	for _, kind := range kinds() {
		for operation := range strings.Lines(operations + operationsOn[kind]) {
			for _, who := range owners {
				if who.as != "" || kind == "xfs" {
					list = append(list, fileOperation(operation, kind, who.files, who.as))
				}
			}
		}
	}
	return list
}

// sampledFileOperations are some operations, each on one of the file systems
// that are made at once, for one of the owners.
func sampledFileOperations() []commandLine {
	var list []commandLine
	for i, operation := range slices.Collect(strings.Lines(operations)) {
		if i%partOfOperations == 0 {
			n := len(list)
			who, f := owners[n%len(owners)], fileSystems[n/len(owners)%3]
			list = append(list, fileOperation(operation, f.kind, who.files, who.as))
		}
	}
	return list
}

func fileOperation(operation, kind, files, as string) commandLine {
	return commandLine{run: strings.TrimSpace(operation), as: as, on: kind, setup: prepared(kind, files)}
}

// kinds are the file systems that this kernel has.
func kinds() []string {
	known, _ := os.ReadFile("/proc/filesystems")
	var list []string
	for _, f := range fileSystems {
		if strings.Contains(string(known), "\t"+f.kind+"\n") {
			list = append(list, f.kind)
		}
	}
	return list
}
