package snippets

import (
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// NixOS is a part of a module of the system's: for a service what Systemd has, for other
// programs a wrapper, as no file in the store has capabilities. The wrapper passes them on
// as ambient ones, but for setpcap (wrappers/wrapper.c of nixos/modules/security in nixpkgs,
// as of its commit 03a362f).
func NixOS(a Advice) string {
	if fitting(a) == "filecap" && a.grantsAny() && !slices.Contains(a.held(), unix.CAP_SETPCAP) {
		return nixWrapper(a)
	}
	return nixService(a)
}

func nixWrapper(a Advice) string {
	name := path.Base(a.Path)
	if !isPlain(name) || !path.IsAbs(a.Path) {
		name = "PROGRAM"
	}
	return "# For a module that takes pkgs. Put the package's name for PACKAGE.\n" + a.warnings() +
		`security.wrappers."` + name + `" = {
  owner = "root";
  group = "root";
  capabilities = "` + textForm(a.held()) + `";
  source = "${pkgs.PACKAGE}/bin/` + name + `";
};`
}

// nixService has strings, since of an empty list NixOS makes no line, and forces them, since
// a list of another module's would be added.
func nixService(a Advice) string {
	lines := []string{"# For a module that takes lib. Put the service's name for SERVICE.",
		"systemd.services.SERVICE.serviceConfig = {"}
	unit := strings.ReplaceAll(Systemd(a), " \\\n    ", " ")
	for line := range strings.SplitSeq(unit, "\n") {
		key, value, assigns := strings.Cut(line, "=")
		switch {
		case line == "[Service]", line == takesBack, strings.HasSuffix(key, " "):
		case strings.HasPrefix(line, "# "):
			lines = append(lines, "  "+line)
		case assigns && value == "yes":
			lines = append(lines, "  "+key+" = lib.mkForce true;")
		default:
			lines = append(lines, "  "+key+` = lib.mkForce "`+value+`";`)
		}
	}
	return strings.Join(append(lines, "};"), "\n")
}
