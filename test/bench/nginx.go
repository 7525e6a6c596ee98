package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// configuration of an nginx with one worker, as it comes but for where its files are.
const configuration = `daemon off;
worker_processes 1;
pid DIR/pid;
error_log DIR/error.log;
events { }
http {
	access_log DIR/access.log;
	client_body_temp_path DIR/body;
	proxy_temp_path DIR/proxy;
	fastcgi_temp_path DIR/fastcgi;
	uwsgi_temp_path DIR/uwsgi;
	scgi_temp_path DIR/scgi;
	server {
		listen ADDRESS;
		root DIR/files;
	}
}
`

// asked is how long nginx is asked, in milliseconds, and more than what it takes to look at its code where
// nothing else wants the processor.
const asked = 2000

// requests is what nginx takes for one, as wrk measures it from outside.
func (b *bench) requests(dir string, list []surroundings) ([]way, error) {
	return b.requestsAfter(0, dir, list)
}

// laterRequests are those when its code has been looked at.
func (b *bench) laterRequests(dir string, list []surroundings) ([]way, error) {
	return b.requestsAfter(asked, dir, list)
}

// requestsAfter are those that begin so many milliseconds after nginx answers.
func (b *bench) requestsAfter(wait int, dir string, list []surroundings) ([]way, error) {
	for _, name := range []string{"nginx", "wrk"} {
		if _, err := exec.LookPath(name); err != nil {
			return nil, fmt.Errorf("wanted %s: %w", name, err)
		}
	}
	s, err := newServer(dir)
	if err != nil {
		return nil, err
	}
	var ways []way
	for _, in := range list {
		ways = append(ways, way{in.name, func() (figures, error) {
			ctx, cancel := bounded()
			defer cancel()
			return s.loaded(ctx, in, time.Duration(b.scaled(wait))*time.Millisecond,
				time.Duration(b.scaled(asked))*time.Millisecond)
		}})
	}
	return ways, nil
}

// server is an nginx that is to be started.
type server struct{ dir, address string }

func newServer(dir string) (s server, err error) {
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return s, err
	}
	s = server{dir, port.Addr().String()}
	port.Close()
	// the worker is no longer root
	if err = os.Chmod(dir, 0o755); err == nil {
		err = os.Mkdir(filepath.Join(dir, "files"), 0o755)
	}
	if err == nil {
		err = s.write("files/index.html", strings.Repeat("a page of one kilobyte ", 45))
	}
	if err == nil {
		err = s.write("conf", strings.NewReplacer("DIR", dir, "ADDRESS", s.address).Replace(configuration))
	}
	return s, err
}

func (s server) write(name, text string) error {
	return os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o644)
}

// loaded is how many nanoseconds a request takes while wrk makes as many as it can.
func (s server) loaded(ctx context.Context, in surroundings, wait, length time.Duration) (figures, error) {
	path, err := exec.LookPath("nginx")
	if err != nil {
		return nil, err
	}
	r, err := in.begin(ctx, []string{path, "-c", filepath.Join(s.dir, "conf"), "-e",
		filepath.Join(s.dir, "error.log")})
	if err != nil {
		return nil, err
	}
	ns, err := s.hammer(ctx, wait, length)
	if stopped := s.stop(); err == nil {
		err = stopped
	}
	if err != nil {
		return nil, err
	}
	_, err = r.end()
	return figures{ns}, err
}

// hammer waits until the server answers, and a while longer, and has wrk ask it.
func (s server) hammer(ctx context.Context, wait, length time.Duration) (ns float64, err error) {
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		connection, err := net.Dial("tcp", s.address)
		if err == nil {
			connection.Close()
			break
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("nginx does not answer: %w", err)
		case <-tick.C:
		}
	}
	time.Sleep(wait)
	seconds := max(1, int(length.Seconds()))
	out, err := exec.CommandContext(ctx, "wrk", "-t1", "-c16", fmt.Sprintf("-d%ds", seconds),
		"http://"+s.address+"/").CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("wrk: %w: %s", err, out)
	}
	return perRequest(string(out))
}

// rate is in what wrk prints; answers other than a page are in it, too, if there are any.
var rate = regexp.MustCompile(`(?m)^Requests/sec: +([0-9.]+)$`)

func perRequest(out string) (ns float64, err error) {
	found := rate.FindStringSubmatch(out)
	if found == nil || strings.Contains(out, "Non-2xx") || strings.Contains(out, "Socket errors") {
		return 0, fmt.Errorf("wrk: %s", out)
	}
	perSecond, err := strconv.ParseFloat(found[1], 64)
	if err == nil && perSecond == 0 {
		err = fmt.Errorf("wrk: no request was answered")
	}
	return 1e9 / perSecond, err
}

// stop ends the server, whatever it runs below.
func (s server) stop() error {
	text, err := os.ReadFile(filepath.Join(s.dir, "pid"))
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return err
	}
	return syscall.Kill(pid, syscall.SIGTERM)
}
