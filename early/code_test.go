package early

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// mappedOfFiles is how much this process has mapped of files, in KiB.
func mappedOfFiles(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`RssFile:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		t.Fatalf("no RssFile in %s", status)
	}
	size, _ := strconv.Atoi(string(found[1]))
	return size
}

// useCode has all of this program's code and constants, and of its libraries', mapped.
func useCode(t *testing.T) {
	t.Helper()
	mappings, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	memory, err := os.Open("/proc/self/mem")
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	for line := range strings.Lines(string(mappings)) {
		var begin, end int64
		var allowed string
		if !strings.Contains(line, "/") {
			continue
		}
		if _, err := fmt.Sscanf(line, "%x-%x %s", &begin, &end, &allowed); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if allowed[0] == 'r' && allowed[1] != 'w' {
			if _, err := memory.ReadAt(make([]byte, end-begin), begin); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
		}
	}
}

func TestCodeIsLetGo(t *testing.T) {
	useCode(t)
	before := mappedOfFiles(t)
	LetCodeGo()
	if after := mappedOfFiles(t); after > before*3/4 {
		t.Errorf("of %d KiB that were mapped of files %d KiB still are", before, after)
	} else {
		t.Logf("%d KiB, then %d", before, after)
	}
}
