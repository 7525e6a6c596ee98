// Command sbom describes the vendored modules to those who pass them on:
//
//	sbom VERSION VENDOR COPYRIGHT <list of the modules in the program
//
// It writes VENDOR/sbom.cdx.json, a CycloneDX document, and VENDOR/LICENSES,
// the text of every licence. Which licence a module has is read from
// COPYRIGHT, Debian's copyright file, where a person has put it down after
// reading: detectors take golang.org/x for BSD-Source-Code and see only one of
// yaml.v3's two licences. A module that is missing there is an error.
//
// It is a module of its own, so that the program does not carry what only a
// release needs. The output has no time and no serial number: the same bytes
// for the same modules.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

const (
	program = "github.com/cap-audit/cap-audit"
	licence = "GPL-2.0-or-later"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: sbom VERSION VENDOR COPYRIGHT <MODULES")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

// module is one that is vendored.
type module struct {
	path, version string
	// an SPDX expression
	licence string
	// linked: it is in the program, not only in its tests.
	linked bool
}

func run(version, vendor, copyright string) error {
	linked, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	licences, err := licencesOf(copyright)
	if err != nil {
		return err
	}
	modules, err := vendored(filepath.Join(vendor, "modules.txt"))
	if err != nil {
		return err
	}
	var unknown []error
	for i := range modules {
		m := &modules[i]
		m.linked = slices.Contains(strings.Fields(string(linked)), m.path)
		if m.licence = licences[m.path]; m.licence == "" {
			unknown = append(unknown, fmt.Errorf("%s: no paragraph \"Files: vendor/%s/*\": read its licence "+
				"and add one", copyright, m.path))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(licences)) {
		if !slices.ContainsFunc(modules, func(m module) bool { return m.path == path }) {
			unknown = append(unknown, fmt.Errorf("%s: \"Files: vendor/%s/*\" is of no module that is "+
				"vendored: take it away", copyright, path))
		}
	}
	if err := errors.Join(unknown...); err != nil {
		return err
	}

	var sbom bytes.Buffer
	if err := cdx.NewBOMEncoder(&sbom, cdx.BOMFileFormatJSON).SetPretty(true).Encode(document(version,
		modules)); err != nil {
		return err
	}
	texts, err := licenceTexts(vendor, modules)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(vendor, "sbom.cdx.json"), sbom.Bytes(), 0o666),
		os.WriteFile(filepath.Join(vendor, "LICENSES"), texts, 0o666))
}

// vendored reads what `go mod vendor` has put into vendor/. Modules that only keep others' versions
// are listed, too, and no package of theirs.
func vendored(file string) ([]module, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var list []module
	with := regexp.MustCompile(`(?m)^# (\S+) (\S+)\n(?:## .*\n)?[^#\n]`)
	for _, m := range with.FindAllStringSubmatch(string(text), -1) {
		list = append(list, module{path: m[1], version: m[2]})
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s names no modules", file)
	}
	return list, nil
}

// licencesOf gives the licence of each module, as SPDX has it. Debian's names
// differ from SPDX's in that they may be written in any case, and in Expat,
// since MIT has had several licences.
func licencesOf(copyright string) (map[string]string, error) {
	text, err := os.ReadFile(copyright)
	if err != nil {
		return nil, err
	}
	spdx := strings.NewReplacer("Expat", "MIT", " and ", " AND ", " or ", " OR ")
	of := make(map[string]string)
	for paragraph := range strings.SplitSeq(string(text), "\n\n") {
		files := regexp.MustCompile(`(?m)^Files: ((?:.|\n )*)`).FindStringSubmatch(paragraph)
		name := regexp.MustCompile(`(?m)^License: (.*)`).FindStringSubmatch(paragraph)
		if files == nil || name == nil {
			continue
		}
		for _, file := range strings.Fields(files[1]) {
			if path, ok := strings.CutPrefix(file, "vendor/"); ok {
				of[strings.TrimSuffix(path, "/*")] = spdx.Replace(name[1])
			}
		}
	}
	return of, nil
}

func document(version string, modules []module) *cdx.BOM {
	bom := cdx.NewBOM()
	self := component(program, "v"+version, licence)
	self.Type = cdx.ComponentTypeApplication
	bom.Metadata = &cdx.Metadata{Component: &self}
	components, uses := []cdx.Component{}, []string{}
	for _, m := range modules {
		c := component(m.path, m.version, m.licence)
		c.Scope = cdx.ScopeExcluded // used by the tests alone
		if m.linked {
			c.Scope = cdx.ScopeRequired
			uses = append(uses, c.BOMRef)
		}
		components = append(components, c)
	}
	bom.Components = &components
	bom.Dependencies = &[]cdx.Dependency{{Ref: self.BOMRef, Dependencies: &uses}}
	return bom
}

func component(path, version, expression string) cdx.Component {
	purl := "pkg:golang/" + path + "@" + version
	return cdx.Component{
		BOMRef: purl, PackageURL: purl, Type: cdx.ComponentTypeLibrary,
		Name: path, Version: version,
		Licenses: &cdx.Licenses{{Expression: expression}},
	}
}

// licenceTexts is what the licences want to be passed on with the program.
func licenceTexts(vendor string, modules []module) ([]byte, error) {
	var all bytes.Buffer
	fmt.Fprintln(&all, "The licences of the Go modules that cap-audit is built and tested with.")
	for _, m := range modules {
		use := "in the program"
		if !m.linked {
			use = "in the tests only"
		}
		fmt.Fprintf(&all, "\n%s\n%s %s: %s, %s\n", strings.Repeat("=", 80), m.path, m.version, m.licence, use)
		var files []string
		for _, pattern := range []string{"LICEN[CS]E*", "COPYING*", "NOTICE*", "PATENTS*"} {
			match, err := filepath.Glob(filepath.Join(vendor, m.path, pattern))
			if err != nil {
				return nil, err
			}
			files = append(files, match...)
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("%s: no licence file is vendored", m.path)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(&all, "%s\n%s:\n\n%s\n", strings.Repeat("-", 80), filepath.Base(file),
				bytes.TrimSpace(text))
		}
	}
	return all.Bytes(), nil
}
