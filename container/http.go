package container

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// statusOK and statusNotFound begin what an HTTP server says of a request.
const (
	statusOK       = "200 "
	statusNotFound = "404 "
)

// get asks the server behind a socket, by HTTP/1.0 (RFC 1945): the answer ends with
// the connection. For one request of one server, net/http and the cryptography that
// comes with it would be a quarter of this program.
func get(ctx context.Context, socket, path string) (status string, body []byte, err error) {
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "unix", socket)
	if err != nil {
		return "", nil, err
	}
	defer connection.Close()
	defer context.AfterFunc(ctx, func() { connection.SetDeadline(time.Unix(1, 0)) })()
	answer, err := exchange(connection, path)
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		return "", nil, err
	}
	head, body, ok := bytes.Cut(answer, []byte("\r\n\r\n"))
	line, _, _ := strings.Cut(string(head), "\r\n")
	version, status, _ := strings.Cut(line, " ")
	if !ok || !strings.HasPrefix(version, "HTTP/1.") {
		return "", nil, errors.New("its answer is none of HTTP")
	}
	return status, body, nil
}

// exchange sends a request, and reads all of the answer.
func exchange(connection net.Conn, path string) ([]byte, error) {
	if _, err := fmt.Fprintf(connection, "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", path); err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(io.LimitReader(connection, most+1))
	if len(answer) > most {
		return nil, errTooLong
	}
	return answer, err
}
