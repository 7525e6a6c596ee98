package real

import (
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
)

// The recommended set of a real program is enough for it, and is what is known
// of the program.
func TestPrograms(t *testing.T) {
	var run atomic.Int32
	// parallel tests go on when this function has returned
	t.Cleanup(func() { t.Logf("%d of %d cases were run", run.Load(), len(programs)) })
	for _, p := range programs {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			if missing := p.missing(); missing != "" {
				t.Skipf("wanted %s, which is not installed", missing)
			}
			d, said := p.audit(t, "--verify")
			run.Add(1)
			p.check(t, d, said)
		})
	}
}

// missing is a tool that is not there, "" when all are.
func (p *program) missing() string {
	for _, tool := range p.tools {
		if !there(tool) {
			return tool
		}
	}
	return ""
}

// there looks along the PATH of the sandbox, which is not ours.
func there(tool string) bool {
	paths := []string{tool}
	if !filepath.IsAbs(tool) {
		paths = nil
		for _, dir := range filepath.SplitList(searchPath) {
			paths = append(paths, filepath.Join(dir, tool))
		}
	}
	return slices.ContainsFunc(paths, func(path string) bool {
		st, err := os.Stat(path)
		return err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0
	})
}

// audit runs the program with --verify or --minimize.
func (p *program) audit(t testing.TB, proof string) (document, string) {
	t.Helper()
	arguments := []string{"-j", proof}
	if p.as != "" {
		arguments = append(arguments, "--as", p.as)
	}
	if p.test != "" {
		arguments = append(arguments, "--test", p.test)
	}
	arguments = append(arguments, "--", "sh", "-c", p.run)
	return documentOf(t, sandboxed(t, ownEtc+p.setup, append([]string{capAuditPath},
		withBackend(arguments...)...)...))
}

// check holds the report against what is known.
func (p *program) check(t testing.TB, d document, said string) {
	t.Helper()
	if p.test == "" && d.Exit.Status != 0 {
		t.Errorf("status %d:\n%s", d.Exit.Status, said)
	}
	missing := slices.DeleteFunc(slices.Clone(p.needs),
		func(name string) bool { return slices.Contains(d.found(), name) })
	if len(missing) != 0 {
		t.Errorf("found %v, without %v:\n%s", d.found(), missing, said)
	}
	more := slices.DeleteFunc(slices.Clone(d.found()), func(name string) bool {
		return slices.Contains(p.needs, name) || slices.Contains(p.may, name)
	})
	if len(more) != 0 {
		t.Errorf("found %v; unknown of it: %v; required: %+v", d.found(), more, d.Required)
	}
	// less than that is recommended where less was shown to do
	for _, name := range d.Recommended {
		if slices.Contains(d.unneeded(), name) && d.Proof.Minimal.Behaved {
			t.Errorf("recommended %v, but it did without %v", d.Recommended, d.unneeded())
		}
	}
	if !d.Proof.Verification.Behaved {
		t.Errorf("not verified with %v: %s\n%s", d.found(), d.Proof.Verification.evidence(), said)
	}
}
