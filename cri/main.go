// cap-audit-cri asks a container runtime of Kubernetes what it knows of pods and containers,
// for cap-audit: see container.CRIProgram. It has no privileges: the caller's identity alone
// opens the socket.
//
//	cap-audit-cri SOCKET containers NAME
//	cap-audit-cri SOCKET pod NAMESPACE/NAME
//	cap-audit-cri SOCKET ids ID...
//
// writes a container.CRIAnswer.
package main

/*
#include "../privilege/none.h"

__attribute__((constructor)) static void begin(int argc, char **argv)
{
	give_up_all();
	forget_go(argv + argc + 1);
}
*/
import "C"

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/container"
)

// patience is longer than cap-audit's: the process ends when that is gone, too.
const patience = 15 * time.Second

// mostMemory bounds what becomes of answers.
const mostMemory = 512 << 20

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) < 3 {
		return errors.New("cap-audit-cri is for cap-audit to run")
	}
	limit := unix.Rlimit{Cur: mostMemory, Max: mostMemory}
	if err := unix.Setrlimit(unix.RLIMIT_DATA, &limit); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	answer, err := ask(ctx, arguments[0], arguments[1], arguments[2:])
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(answer)
}

// ask finds what is asked for.
func ask(ctx context.Context, socket, question string, about []string) (container.CRIAnswer, error) {
	r, err := connect(ctx, socket)
	if err != nil {
		return container.CRIAnswer{}, err
	}
	answer := container.CRIAnswer{Absent: r.absent, Runtime: r.name}
	if r.absent != "" {
		return answer, nil
	}
	switch question {
	case container.CRIContainers:
		answer.Containers, err = r.fitting(about[0])
	case container.CRIPod:
		answer.Sandbox, answer.Containers, err = r.pod(about[0])
	case container.CRIByID:
		answer.Containers, err = r.byID(about)
	default:
		err = fmt.Errorf("%q is no question", question)
	}
	return answer, err
}
