// callers.c in Rust: callers apart FILE.
use std::os::unix::fs::chown;

mod inner {
    #[inline(never)]
    pub fn first(file: &str) -> bool {
        super::chown(file, Some(1), None).is_ok()
    }
}

#[inline(never)]
fn second(file: &str) -> bool {
    std::hint::black_box(chown(file, Some(2), None).is_ok())
}

fn main() {
    let file = std::env::args().nth(2).unwrap();
    if !inner::first(&file) || !second(&file) {
        std::process::exit(2);
    }
}
