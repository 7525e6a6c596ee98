package container

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cap-audit/cap-audit/cgroup"
	"github.com/cap-audit/cap-audit/hint"
)

// ids as podman and docker make them.
var (
	idA = strings.Repeat("a1", 32)
	idB = strings.Repeat("b2", 32)
)

// machine has no engine but those that a test puts there.
type machine struct {
	t   *testing.T
	bin string
}

func newMachine(t *testing.T) machine {
	t.Helper()
	dir := t.TempDir()
	m := machine{t, filepath.Join(dir, "bin")}
	if err := os.Mkdir(m.bin, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", m.bin)
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(dir, "docker.sock"))
	t.Setenv("CONTAINERD_ADDRESS", filepath.Join(dir, "containerd.sock"))
	t.Setenv(CRIEndpoint, "unix://"+filepath.Join(dir, "cri.sock"))
	return m
}

// program puts a shell script into PATH.
func (m machine) program(name, script string) {
	m.t.Helper()
	script = "#!/bin/sh\nPATH=/usr/bin:/bin\n" + script
	if err := os.WriteFile(filepath.Join(m.bin, name), []byte(script), 0o755); err != nil {
		m.t.Fatal(err)
	}
}

// podman answers so, whatever it is asked.
func (m machine) podman(answer string) { m.program("podman", "cat <<'EOF'\n"+answer+"\nEOF\n") }

// docker serves its API.
func (m machine) docker(handler http.HandlerFunc) {
	m.t.Helper()
	path := strings.TrimPrefix(os.Getenv("DOCKER_HOST"), "unix://")
	listener, err := net.Listen("unix", path)
	if err != nil {
		m.t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	go server.Serve(listener)
	m.t.Cleanup(func() { server.Close() })
}

// containerd is a ctr, for which $1 is the namespace and $2 the command.
func (m machine) containerd(script string) {
	m.t.Helper()
	if err := os.WriteFile(os.Getenv("CONTAINERD_ADDRESS"), nil, 0o600); err != nil {
		m.t.Fatal(err)
	}
	m.program("ctr", `
[ "$1 $2" = "--address $CONTAINERD_ADDRESS" ] || exit 9
shift 2
ns=
[ "$1" != --namespace ] || { ns=$2; shift 2; }
set -- "$ns" "$*"
`+script)
}

func answer(id, name, image, status string, pid int) string {
	return fmt.Sprintf(`[{"Id":%q,"Name":%q,"ImageName":%q,"State":{"Status":%q,"Pid":%d},"Other":{"Pid":[7]}}]`, id, name, image, status, pid)
}

func dockerAnswer(id, name, image, status string, pid int) string {
	return fmt.Sprintf(`{"Id":%q,"Name":"/%s","Image":"sha256:00","Config":{"Image":%q},"State":{"Status":%q,"Pid":%d}}`, id, name, image, status, pid)
}

// fails looks for a container that cannot be found, and for words in the error.
func fails(t *testing.T, name string, words ...string) {
	t.Helper()
	c, err := Find(t.Context(), name)
	if err == nil {
		t.Fatalf("found %+v", c)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error %q, wanted %q in it", err, word)
		}
	}
	if len(err.Error()) > 4000 || strings.Contains(err.Error(), "\n") {
		t.Errorf("not one line of bearable length: %q", err)
	}
}

func TestNamesThatAreNone(t *testing.T) {
	m := newMachine(t)
	m.program("podman", "echo '[]'; touch "+filepath.Join(m.bin, "asked"))
	for _, name := range []string{"", "-x", "--help", "--", "-", ".x", "_x", "a b", "a/../b", "a?b", "a%2fb",
		"a\nb", "a\x00b",
		"\x1b[2J", "é", "a\xff", `a"b`, "$(id)", "a;b", strings.Repeat("a", 256), strings.Repeat("x", 1<<20)} {
		fails(t, name, "is no name or ID of a container")
	}
	if _, err := os.Stat(filepath.Join(m.bin, "asked")); err == nil {
		t.Error("podman was asked for them")
	}
}

func TestNoEngine(t *testing.T) {
	newMachine(t)
	fails(t, "web", "no engine to ask", "no podman in PATH", "docker.sock", "no ctr in PATH", "--pid")
}

func TestErrorHasAHint(t *testing.T) {
	newMachine(t)
	_, err := Find(t.Context(), "web")
	err = fmt.Errorf("--container web: %w", err)
	var hinted *hint.Error
	if !errors.As(err, &hinted) || !strings.Contains(hinted.Hint, "--pid") {
		t.Errorf("the hint of %q is %+v", err, hinted)
	}
}

func TestNoSuchContainer(t *testing.T) {
	m := newMachine(t)
	m.program("podman", "echo '[]'; echo 'Error: inspecting object: no such container web' >&2; exit 125")
	fails(t, "web", "no such container", "podman has none", "docker is not there", "containerd is not there",
		"--pid")
	m.docker(http.NotFound)
	m.containerd(`case $2 in "namespaces list --quiet") echo default;; esac`)
	fails(t, "web", "no such container", "podman has none", "docker has none", "containerd has none")
}

func TestStopped(t *testing.T) {
	m := newMachine(t)
	m.podman(answer(idA, "web", "image", "exited", 0))
	fails(t, "web", "does not run", "podman", idA, "exited", "start it")
}

func TestGone(t *testing.T) {
	gone := exec.Command("/bin/true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	m := newMachine(t)
	m.podman(answer(idA, "web", "image", "running", gone.Process.Pid))
	fails(t, "web", "podman", strconv.Itoa(gone.Process.Pid), "gone")
}

// A process that is in no container is somebody else's.
func TestStranger(t *testing.T) {
	m := newMachine(t)
	m.podman(answer(idA, "web", "image", "running", os.Getpid()))
	fails(t, "web", strconv.Itoa(os.Getpid()), "in no container")
}

func TestAmbiguous(t *testing.T) {
	m := newMachine(t)
	m.podman(answer(idA, "web", "image", "running", os.Getpid()))
	m.docker(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, dockerAnswer(idB, "web", "image", "running", os.Getpid()))
	})
	fails(t, "web", "ambiguous", "podman", idA, "docker", idB, "whole ID")

	// a stopped one does not count where one runs
	m.podman(answer(idA, "web", "image", "exited", 0))
	fails(t, "web", "docker says")

	// nor does podman that plays docker
	m.podman(answer(idB, "web", "image", "running", os.Getpid()))
	fails(t, "web", "podman says")
}

// A process in a mount namespace of its own is as good as a container without
// a control group.
func TestFound(t *testing.T) {
	sleep := exec.Command("/bin/sleep", "1000")
	sleep.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if err := sleep.Start(); err != nil {
		t.Skipf("wanted a mount namespace: %v", err)
	}
	defer sleep.Wait()
	defer sleep.Process.Kill()

	m := newMachine(t)
	m.podman(answer(idA, "web", "localhost/web:1", "running", sleep.Process.Pid))
	got, err := Find(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	got.Status = ""
	want := &Container{Engine: "podman", ID: idA, Name: "web", Image: "localhost/web:1",
		PID: sleep.Process.Pid}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Container{})); diff != "" {
		t.Error(diff)
	}
}

func TestPodmanIsAskedWithoutAShell(t *testing.T) {
	m := newMachine(t)
	t.Setenv("CONTAINER_HOST", "ssh://elsewhere")
	m.program("podman", `echo "$# $* ${CONTAINER_HOST:-here}" >&2; exit 125`)
	fails(t, "web", "podman cannot tell: 5 container inspect --format json web here")
}

const noAnswer = "no answer within"

// impatient shortens what has to be waited out, and nothing else: machines that
// build packages can be slow.
func impatient(t *testing.T) {
	before := patience
	t.Cleanup(func() { patience = before })
	patience = time.Second
}

func TestHostileAnswersOfPodman(t *testing.T) {
	for name, c := range map[string]struct{ script, want string }{
		"no JSON":        {"echo hello", "not understood"},
		"half of it":     {`echo '[{"Id":"aa'`, "not understood"},
		"other types":    {`echo '[{"Id":7}]'`, "not understood"},
		"PID is a text":  {`echo '[{"Id":"aa","State":{"Pid":"7"}}]'`, "not understood"},
		"PID is no int":  {`echo '[{"Id":"aa","State":{"Pid":1e99}}]'`, "not understood"},
		"PID is 1":       {`echo '[{"Id":"aa","State":{"Pid":1}}]'`, "process ID of 1"},
		"PID is -7":      {`echo '[{"Id":"aa","State":{"Pid":-7}}]'`, "process ID of -7"},
		"PID is too big": {`echo '[{"Id":"aa","State":{"Pid":5000000}}]'`, "process ID of 5000000"},
		"no ID":          {`echo '[{"State":{"Pid":7}}]'`, "no ID"},
		"ID is an option": {`echo '[{"Id":"--x","State":{"Pid":7}}]'`,
			"no ID"},
		"too deep":    {`yes '[' | head -c 200000`, "not understood"},
		"too long":    {"yes", "longer than 4 MiB"},
		"long errors": {"yes >&2", noAnswer},
		"no end":      {"exec sleep 1000", noAnswer},
		"pipe kept":   {"sleep 20 & echo '[]'", "podman cannot tell"},
		"fails": {"echo one >&2; echo 'Error: database is locked' >&2; exit 125",
			"podman cannot tell: Error: database is locked"},
		"fails quietly": {"exit 3", "exit status 3"},
		"killed":        {"kill -9 $$", "killed"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.want == noAnswer {
				impatient(t)
			}
			newMachine(t).program("podman", c.script)
			fails(t, "web", c.want)
		})
	}
}

func TestLongTexts(t *testing.T) {
	m := newMachine(t)
	m.podman(answer(idA, strings.Repeat("n", 1<<17), strings.Repeat("i", 1<<17), strings.Repeat("s", 1<<17),
		0))
	fails(t, "web", "does not run")
}

func TestDocker(t *testing.T) {
	m := newMachine(t)
	var asked string
	m.docker(func(w http.ResponseWriter, r *http.Request) {
		asked = r.Method + " " + r.URL.Path
		fmt.Fprint(w, dockerAnswer(idA, "web", "cap/web:1", "running", 77))
	})
	got, err := findDocker(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	if asked != "GET /containers/web/json" {
		t.Errorf("asked %q", asked)
	}
	want := []Container{{ID: idA, Name: "web", Image: "cap/web:1", ImageDigest: "sha256:00", PID: 77,
		Status: "running"}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Container{})); diff != "" {
		t.Error(diff)
	}
}

func TestHostileAnswersOfDocker(t *testing.T) {
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"no JSON": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") },
			"not understood"},
		"nothing": {func(w http.ResponseWriter, _ *http.Request) {}, "not understood"},
		"null":    {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "null") }, "no ID"},
		"a list":  {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "[]") }, "not understood"},
		"an error": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprint(w, `{"message":"Multiple IDs found with provided prefix: a"}`)
		}, "docker cannot tell: Multiple IDs found with provided prefix: a"},
		"an error without a word": {func(w http.ResponseWriter,
			_ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
		}, "418"},
		"sent elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		}, "302"},
		"too long": {func(w http.ResponseWriter, _ *http.Request) {
			for block := []byte(strings.Repeat(" ", 1<<20)); ; {
				if _, err := w.Write(block); err != nil {
					return
				}
			}
		}, "longer than 4 MiB"},
		"no end": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, noAnswer},
		"no HTTP": {func(w http.ResponseWriter, _ *http.Request) {
			connection, _, _ := http.NewResponseController(w).Hijack()
			fmt.Fprint(connection, "{}")
			connection.Close()
		}, "docker cannot tell: its answer is none of HTTP"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.want == noAnswer {
				impatient(t)
			}
			newMachine(t).docker(c.handler)
			fails(t, "web", c.want)
		})
	}
}

func TestDockerElsewhere(t *testing.T) {
	newMachine(t)
	t.Setenv("DOCKER_HOST", "tcp://192.0.2.1:2375")
	fails(t, "web", "DOCKER_HOST is no socket of this machine")
}

// A socket that nobody listens on any more.
func TestDockerHasEnded(t *testing.T) {
	newMachine(t)
	path := strings.TrimPrefix(os.Getenv("DOCKER_HOST"), "unix://")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	listener.Close()
	fails(t, "web", "docker cannot tell", "connection refused")
}

// What ctr says, as containerd 1.6 does.
const ctrScript = `
case "$1 $2" in
" namespaces list --quiet") printf 'default\nk8s.io\n--hostile\n' ;;
"default containers list --quiet") echo one; echo another ;;
"k8s.io containers list --quiet") echo ` + "c0ffee11" + `; echo c0ffee22; echo c0ffee33 ;;
"k8s.io containers list --quiet "*'labels."io.kubernetes.container.name"=="web"') echo c0ffee11 ;;
"k8s.io containers list --quiet "*'labels."io.kubernetes.container.name"=="twice"') echo c0ffee11; echo c0ffee22 ;;
*" containers list --quiet labels."*) ;;
*" tasks list") printf 'TASK     PID      STATUS    \none      100      RUNNING\nc0ffee11    111    RUNNING\nc0ffee22    222    STOPPED\n' ;;
"k8s.io containers info c0ffee11") echo '{"ID":"c0ffee11","Image":"docker.io/web:1","Labels":{"io.kubernetes.container.name":"web"}}' ;;
*" containers info "*) echo "{\"ID\":\"${2##* }\",\"Image\":\"img\",\"Labels\":null}" ;;
*) echo "unexpected: $1 $2" >&2; exit 1 ;;
esac
`

func TestContainerd(t *testing.T) {
	newMachine(t).containerd(ctrScript)
	one := Container{ID: "one", Name: "one", Image: "img", PID: 100, Status: "running"}
	web := Container{ID: "c0ffee11", Name: "web", Image: "docker.io/web:1", PID: 111, Status: "running"}
	stopped := Container{ID: "c0ffee22", Name: "c0ffee22", Image: "img", Status: "stopped"}
	notStarted := Container{ID: "c0ffee33", Name: "c0ffee33", Image: "img", Status: "not started"}
	for name, want := range map[string][]Container{
		"one":    {one},
		"on":     {one},
		"web":    {web},
		"c0ffee": {web, stopped, notStarted},
		"twice":  {web, stopped},
		"nosuch": nil,
	} {
		got, err := findContainerd(t.Context(), name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(Container{})); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestHostileAnswersOfContainerd(t *testing.T) {
	for name, c := range map[string]struct{ script, want string }{
		"does not listen":   {"echo 'ctr: failed to dial: connection refused' >&2; exit 1", "failed to dial"},
		"namespaces no end": {"yes default", "longer than 4 MiB"},
		"many namespaces":   {`case $2 in namespaces*) seq 100;; esac`, "more than 64 namespaces"},
		"many fit": {`case $2 in namespaces*) echo a;; *--quiet) seq -f web%.0f 100;; esac`,
			"100 of its containers fit"},
		"no JSON":             {`case $2 in namespaces*) echo a;; *--quiet) echo web;; esac`, "not understood"},
		"another's ID":        {`case $2 in namespaces*) echo a;; *--quiet) echo web;; *info*) echo '{"ID":"-x"}';; esac`, "no ID"},
		"PID is no number":    {`case $2 in namespaces*) echo a;; *--quiet) echo web;; *info*) echo '{"ID":"web"}';; *tasks*) echo web x RUNNING;; esac`, "process ID"},
		"PID is out of range": {`case $2 in namespaces*) echo a;; *--quiet) echo web;; *info*) echo '{"ID":"web"}';; *tasks*) echo web 1 RUNNING;; esac`, "process ID of 1"},
	} {
		t.Run(name, func(t *testing.T) {
			newMachine(t).containerd(c.script)
			fails(t, "web", c.want)
		})
	}
}

// Whatever an engine answers, what comes of it is sane.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(answer(idA, "web", "image", "running", 7)))
	f.Add([]byte(dockerAnswer(idA, "web", "image", "running", 7)))
	f.Add([]byte(`[{"Id":"` + idA + `","State":{"Pid":-1}}]`))
	f.Add([]byte("web 7 RUNNING\nweb 8 x y z\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if pid, _ := task(string(raw), "web"); pid < -1 && !strings.Contains(string(raw), "-") {
			t.Errorf("task = %d", pid)
		}
		for name, parse := range map[string]func([]byte) ([]Container, error){"podman": parsePodman,
			"docker": parseDocker} {
			list, err := ask(t.Context(), engine{name, func(context.Context, string) ([]Container,
				error) {
				return parse(raw)
			}}, "web")
			for _, c := range list {
				if err == nil && (!isName(c.ID) || c.PID < 0 || c.PID == 1 || c.PID > maxPID ||
					len(c.Name)+len(c.Image) > 2000) {
					t.Errorf("%s: %+v", name, c)
				}
			}
		}
	})
}

func TestOwnGroup(t *testing.T) {
	for path, want := range map[string]string{
		"/libpod_parent/libpod-" +
			idA: "/libpod_parent/libpod-" + idA,
		"/machine.slice/libpod-" + idA +
			".scope": "/machine.slice/libpod-" + idA + ".scope",
		// crun
		"/machine.slice/libpod-" + idA +
			".scope/container": "/machine.slice/libpod-" + idA + ".scope",
		"/machine.slice/libpod-" + idA +
			".scope/init.scope": "/machine.slice/libpod-" + idA + ".scope",
		"/system.slice/web.service/libpod-payload-" +
			idA: "/system.slice/web.service/libpod-payload-" + idA,
		"/system.slice/docker-" + idA +
			".scope": "/system.slice/docker-" + idA + ".scope",
		"/docker/" + idA:  "/docker/" + idA,
		"/default/" + idA: "/default/" + idA,
		"/kubepods.slice/kubepods-pod1.slice/cri-containerd-" + idA +
			".scope": "/kubepods.slice/kubepods-pod1.slice/cri-containerd-" + idA + ".scope",
		"/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:" +
			idA: "/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:" + idA,
		"/":                                   "",
		"":                                    "",
		"/user.slice/user-0.slice":            "",
		"/docker/" + idB:                      "",
		"/x" + idA:                            "",
		"/libpod_parent/libpod-" + idA + "-x": "",
	} {
		if got := ownGroup(path, idA); got != want {
			t.Errorf("ownGroup(%q) = %q, wanted %q", path, got, want)
		}
	}
}

// The group taken for the container's holds its process, and is named for it.
func FuzzOwnGroup(f *testing.F) {
	for _, path := range []string{"/docker/" + idA, "/libpod-" + idA + ".scope/container", "/", "", idA,
		"/a\n" + idA, "/docker-" + idA + "/../" + idB} {
		f.Add(path, idA)
	}
	f.Fuzz(func(t *testing.T, path, id string) {
		if !isName(id) {
			t.Skip("no engine's answer is taken with such an ID")
		}
		group := ownGroup(path, id)
		last := strings.TrimSuffix(group[strings.LastIndexByte(group, '/')+1:], ".scope")
		if group != "" && (!strings.HasPrefix(path+"/", group+"/") || !strings.HasSuffix(last, id) &&
			!strings.HasSuffix(last+".scope", id)) {
			t.Errorf("ownGroup(%q, %q) = %q", path, id, group)
		}
	})
}

func TestEngineOf(t *testing.T) {
	for group, want := range map[string]string{
		"/kubepods.slice/kubepods-pod0_1.slice/cri-containerd-" + idA + ".scope": "CRI",
		"/kubepods.slice/kubepods-pod0_1.slice/crio-" + idA + ".scope":           "CRI",
		"/kubepods/besteffort/pod0-1/" + idA:                                     "CRI",
		"/kubepods/besteffort/pod0-1/" + idA + "/init.scope":                     "CRI",
		"/machine.slice/libpod-" + idA + ".scope/container":                      "podman",
		"/libpod_parent/libpod-" + idA:                                           "podman",
		"/system.slice/docker-" + idA + ".scope":                                 "docker",
		"/docker/" + idA:                                                         "docker",
		"/kubepods/besteffort":                                                   "",
		"/system.slice/x-" + idA + ".service":                                    "",
		"/cri-containerd-" + idA[1:] + ".scope":                                  "",
	} {
		engine, id := engineOf(group)
		if engine != want || (id == idA) != (want != "") {
			t.Errorf("%s: %q, %q; wanted %q", group, engine, id, want)
		}
	}
}

// All groups of an engine are asked for, and one that cannot tell does not keep others from it.
func TestNamed(t *testing.T) {
	m := newMachine(t)
	m.cri(`[ "$2" = ids ] || exit 9; shift 2; echo '{"Runtime":"x","Containers":[{"ID":"'$2'","Name":"app",
		"Pod":{"Namespace":"n","Name":"p"}},{"ID":"'$1'","Name":"db"}]}'`)
	m.podman("hello")
	podman, below := "/libpod-"+strings.Repeat("c3", 32), "/kubepods/pod1/"+idA+"/deeper"
	named, err := Named(t.Context(), []string{"/kubepods/pod1/" + idB, below, podman, "/system.slice"})
	if err == nil || !strings.Contains(err.Error(), "not understood") {
		t.Errorf("podman's error: %v", err)
	}
	want := map[string]Container{
		"/kubepods/pod1/" + idB: {Engine: "x", ID: idB, Name: "db", Cgroup: "/kubepods/pod1/" + idB},
		below: {Engine: "x", ID: idA, Name: "app", Cgroup: below,
			Pod: Pod{Namespace: "n", Name: "p"}}}
	if diff := cmp.Diff(want, named); diff != "" {
		t.Error(diff)
	}
}

// One that does not answer leaves the others their time.
func TestNamedBesideASilentEngine(t *testing.T) {
	before := patience
	patience = time.Second
	t.Cleanup(func() { patience = before })
	groups := []string{"/kubepods/pod1/" + idB, "/libpod-" + idA}
	for range 4 { // they are asked in any order
		m := newMachine(t)
		m.cri("exec sleep 60")
		m.podman(answer(idA, "web", "image", "exited", 0))
		named, err := Named(t.Context(), groups)
		if err == nil || named[groups[1]].Name != "web" {
			t.Errorf("%+v, %v", named, err)
		}
	}
}

// A group that is only called as a container's is nobody's.
func TestNamedByAnother(t *testing.T) {
	top := filepath.Join(cgroup.Root(), fmt.Sprintf("named-%d", os.Getpid()))
	own, below := filepath.Join(top, "libpod-"+idA), filepath.Join(top, "user")
	other := filepath.Join(below, "libpod-"+idA)
	t.Cleanup(func() {
		for _, group := range []string{other, below, own, top} {
			os.Remove(group)
		}
	})
	if err := os.MkdirAll(own, 0o755); cgroup.Root() == "" || err != nil {
		t.Skip("want control groups of version 2 that can be made:", err)
	}
	if err := os.MkdirAll(other, 0o755); err != nil {
		t.Fatal(err)
	}
	directory, err := os.Open(own)
	if err != nil {
		t.Fatal(err)
	}
	defer directory.Close()
	inside := exec.Command("sleep", "60")
	inside.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(directory.Fd())}
	if err := inside.Start(); err != nil {
		t.Fatal(err)
	}
	defer inside.Wait()
	defer inside.Process.Kill()
	newMachine(t).podman(fmt.Sprintf(`[{"Id":%q,"Name":"web","State":{"Pid":%d}}]`, idA, inside.Process.Pid))
	groups := []string{strings.TrimPrefix(own, cgroup.Root()), strings.TrimPrefix(other, cgroup.Root())}
	named, err := Named(t.Context(), groups)
	if err != nil || len(named) != 1 || named[groups[0]].Name != "web" {
		t.Errorf("%+v, %v", named, err)
	}
}
