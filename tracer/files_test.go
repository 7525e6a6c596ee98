package tracer

import (
	"os"
	"path/filepath"
	"testing"
)

// newFile makes a file of that mode, and the directories above it.
func newFile(t testing.TB, path, text string, mode os.FileMode) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	// past the umask
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func newScript(t testing.TB, text string) string {
	t.Helper()
	return newFile(t, filepath.Join(t.TempDir(), "script"), text, 0o755)
}
