package container

import (
	"context"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/cgroup"
	"github.com/cap-audit/cap-audit/lazy"
)

// groupNames are what engines call the group of a container: libpod-ID, docker-ID.scope or
// docker/ID; cri-containerd-ID.scope and crio-ID.scope, or without systemd ID alone, in Kubernetes.
var groupNames = lazy.Regexp(`^(libpod-|docker-|cri-containerd-|crio-|)([0-9a-f]{64})(\.scope)?$`)

// engineOf is the engine that has made a group, or the one that it is below, and the container's
// ID; both are "" for other groups.
func engineOf(group string) (engine, id string) {
	above := ""
	for part := range strings.SplitSeq(group, "/") {
		if found := groupNames().FindStringSubmatch(part); found != nil {
			switch {
			case found[1] == "libpod-":
				return "podman", found[2]
			case found[1] == "docker-" || above == "docker":
				return "docker", found[2]
			}
			return "CRI", found[2]
		}
		above = part
	}
	return "", ""
}

// Named asks the engines for the containers that have these control groups, as far as they still
// know them. Of a pod's sandbox only that and the ID are told. The error is the last engine's that
// could not tell; what the others told is there.
func Named(ctx context.Context, groups []string) (map[string]Container, error) {
	of, ids := map[string][]string{}, map[string][]string{}
	for _, group := range groups {
		if engine, id := engineOf(group); id != "" {
			of[id] = append(of[id], group)
			ids[engine] = append(ids[engine], id)
		}
	}
	named := map[string]Container{}
	var failed error
	for name, ids := range ids {
		found, err := lookUp(ctx, name, ids)
		if err != nil {
			failed = err
		}
		for _, c := range found {
			for _, group := range of[c.ID] {
				if !isGroupOf(group, c) {
					continue
				}
				c.Cgroup = group
				named[group] = c
			}
		}
	}
	return named, failed
}

// isGroupOf tells whether a group is the one of a container's processes, or below that, and not only
// called so: who has been given a group can make others in it, by any name. Where that is not known, it is.
func isGroupOf(group string, c Container) bool {
	if c.PID == 0 {
		return true
	}
	of, err := cgroup.Of(c.PID)
	own := ownGroup(of, c.ID)
	unknown := err != nil || own == "" || strings.HasPrefix(own, "/../") // outside of our cgroup namespace
	return unknown || own == ownGroup(group, c.ID)
}

// lookUp takes as long as one engine may, for all IDs together.
func lookUp(ctx context.Context, name string, ids []string) (list []Container, failed error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	e := engines[slices.IndexFunc(engines, func(e engine) bool { return e.name == name })]
	if name == "CRI" { // which can be asked for all at once
		e.find = func(ctx context.Context, _ string) ([]Container, error) {
			answer, err := askCRI(ctx, append([]string{CRIByID}, ids...)...)
			return answer.Containers, err
		}
		return ask(ctx, e, "")
	}
	for _, id := range ids {
		found, err := ask(ctx, e, id)
		if err != nil {
			failed = err
		}
		list = append(list, found...)
	}
	return list, failed
}
