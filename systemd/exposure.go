package systemd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/cap-audit/cap-audit/lazy"
)

// exposureTime bounds the wait for an answer, which takes some 20 ms.
const exposureTime = 5 * time.Second

// exposureLine is the last of what systemd-analyze prints.
var exposureLine = lazy.Regexp(`exposure level for .*: ([0-9]+\.[0-9]+) `)

// Exposure is what systemd-analyze security thinks of a service with these files, the unit's first,
// and more lines: from 0, the best, to 10. It wants systemd 250.
func Exposure(unit string, files []string, more ...string) (float64, error) {
	name, err := ServiceName(unit)
	if err != nil {
		return 0, err
	}
	var whole bytes.Buffer
	for _, path := range files {
		text, err := readRegular(path)
		if err != nil {
			return 0, err
		}
		whole.Write(append(text, '\n'))
	}
	for _, lines := range more {
		whole.WriteString(lines + "\n")
	}
	dir, err := os.MkdirTemp("", "cap-audit-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, whole.Bytes(), 0o600); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), exposureTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "systemd-analyze", "security", "--offline=true", "--no-pager", path)
	// drop-ins of other places are among the files
	cmd.Env = append(os.Environ(), "SYSTEMD_UNIT_PATH="+dir, "SYSTEMD_COLORS=0")
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("systemd-analyze: %w", err)
	}
	found := exposureLine().FindSubmatch(out)
	if found == nil {
		return 0, errors.New("systemd-analyze tells no exposure level")
	}
	return strconv.ParseFloat(string(found[1]), 64)
}
