package completions

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/test/scratch"
)

// inZsh has the key Tab write what could be inserted to a file, and insert nothing.
const inZsh = `
unsetopt prompt_cr prompt_sp
fpath=($COMPLETIONS $fpath)
autoload -Uz compinit && compinit -u -D
compadd() {
	local -a hits
	if [[ " $* " != *' -'[OAD]' '* ]]; then
		builtin compadd -O hits "$@"
		((! $#hits)) || print -rl -- $hits >>$ANSWERS
	fi
	builtin compadd "$@"
}
answer() {
	_main_complete
	compstate[insert]= compstate[list]=
	print >>$ANSWERS
}
zle -C answer complete-word answer
bindkey '^I' answer '^U' kill-whole-line
print >>$ANSWERS
`

// startZsh has a zsh complete words that runs on a terminal of its own, as completion there wants.
func startZsh(t *testing.T, environ []string) func([]string) []string {
	t.Helper()
	zsh := find(t, "zsh")
	keyboard, tty := scratch.Terminal(t)
	dir := t.TempDir()
	scratch.Write(t, filepath.Join(dir, ".zshrc"), inZsh)
	fifo := filepath.Join(dir, "answers")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	answers, err := os.OpenFile(fifo, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(zsh, "-d", "-i")
	cmd.Env = append(append(os.Environ(), environ...), "ZDOTDIR="+dir, "TERM=dumb", "COMPLETIONS="+here,
		"ANSWERS="+fifo)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	screen, err := os.Create(filepath.Join(dir, "screen"))
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(screen, keyboard) // or zsh would wait for it
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		answers.Close()
		if shown := scratch.Contents(t, screen.Name()); strings.Contains(shown, "noise") {
			t.Errorf("on the screen:\n%s", shown)
		}
	})
	lines := bufio.NewScanner(answers)
	read := func() (list []string) {
		late := time.AfterFunc(time.Minute, func() { answers.Close() })
		defer late.Stop()
		for lines.Scan() {
			if lines.Text() == "" {
				return list
			}
			list = append(list, lines.Text())
		}
		t.Fatalf("zsh does not answer: %v", lines.Err())
		return nil
	}
	read() // it is ready
	return func(words []string) []string {
		keyboard.WriteString("\x15cap-audit " + strings.Join(words, " ") + "\t")
		return read()
	}
}

func TestZsh(t *testing.T) {
	t.Parallel()
	complete := startZsh(t, programs(t, nil))
	check(t, slices.Concat(common, named), complete)
	var offered []string
	for _, option := range complete([]string{"-"}) {
		offered = append(offered, strings.TrimSuffix(option, "="))
	}
	slices.Sort(offered)
	if diff := cmp.Diff(options(t), slices.Compact(offered)); diff != "" {
		t.Errorf("- cli/options.go, + %s:\n%s", files["zsh"], diff)
	}
	unanswered(t, func(environ []string) func([]string) []string { return startZsh(t, environ) })
}
