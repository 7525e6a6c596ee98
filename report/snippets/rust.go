package snippets

import (
	"strings"

	"github.com/cap-audit/cap-audit/capng"
)

// Rust is the same as C for a Rust program, with the crate that most use.
func Rust(a Advice) string {
	keep := spell(a.Keep, func(n int) string { return "Capability::" + capng.Constant(n) })

	if len(keep) == 0 {
		return `// Cargo.toml: caps = "0.5"
use caps::{errors::CapsError, CapSet};

` + when(a, "// ", "") + `
fn keep_needed_capabilities() -> Result<(), CapsError> {
    caps::clear(None, CapSet::Effective)?;
    caps::clear(None, CapSet::Permitted)?;
    caps::clear(None, CapSet::Inheritable)
}`
	}
	list := "[" + strings.Join(keep, ", ") + "]"
	if len(list) > rustArray {
		list = "[\n        " + strings.Join(keep, ",\n        ") + ",\n    ]"
	}
	return `// Cargo.toml: caps = "0.5"
use caps::{errors::CapsError, CapSet, Capability, CapsHashSet};

` + when(a, "// ", "") + `
fn keep_needed_capabilities() -> Result<(), CapsError> {
    let needed = ` + list + `;
    let keep: CapsHashSet = needed.into_iter().collect();
    // in this order: the permitted set has to hold the effective one
    caps::set(None, CapSet::Effective, &keep)?;
    caps::set(None, CapSet::Permitted, &keep)?;
    caps::clear(None, CapSet::Inheritable)
}`
}

// rustArray is how long an array rustfmt leaves on one line.
const rustArray = 60
