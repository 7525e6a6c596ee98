package report

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/cap-audit/cap-audit/audit"
)

// ReadEach hands on the reports of a file with the line that each is in: many as --format ndjson writes
// them, or one as any format of Read has it, which is in line 0. After one that is damaged the
// next follows. Logs have the lines in which cap-audit says what it does, too.
func ReadEach(r io.Reader, take func(line int, f *audit.Findings, err error)) {
	in := bufio.NewReader(r)
	var before []byte
	line := 1
	text, err := readLine(in)
	for ; err == nil && isProgress(text) && len(before) <= maxDocument; line++ {
		before = append(before, text...)
		text, err = readLine(in)
	}
	if !oneALine(text) {
		var f *audit.Findings
		if err == nil || err == io.EOF {
			f, err = Read(io.MultiReader(bytes.NewReader(before), bytes.NewReader(text), in))
		}
		take(0, f, err)
		return
	}
	for ; ; line++ {
		switch {
		case err != nil && err != io.EOF:
			take(line, nil, err)
			return
		case !isProgress(text):
			f, damage := Read(bytes.NewReader(text))
			take(line, f, damage)
		}
		if err == io.EOF {
			return
		}
		text, err = readLine(in)
	}
}

// isProgress: it is blank, or says what an audit does.
func isProgress(text []byte) bool {
	return len(bytes.TrimSpace(text)) == 0 || bytes.HasPrefix(text, []byte(progress))
}

// oneALine: an object begins and ends in the first line.
func oneALine(text []byte) bool {
	text = bytes.TrimSpace(text)
	return bytes.HasPrefix(text, []byte("{")) && bytes.HasSuffix(text, []byte("}"))
}

// readLine reads the next line with its end, of which the last one may have none: then the error is
// io.EOF.
func readLine(in *bufio.Reader) ([]byte, error) {
	var text []byte
	for {
		piece, err := in.ReadSlice('\n')
		text = append(text, piece...)
		switch {
		case len(text) > maxDocument:
			return nil, fmt.Errorf("a line is larger than %d bytes, which no report is", maxDocument)
		case !errors.Is(err, bufio.ErrBufferFull):
			return text, err
		}
	}
}
