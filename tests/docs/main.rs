//! The documentation says what is true: every piece of code in `docs/` and in the README is
//! compiled, every link leads somewhere, every command can be typed, and the tables of errors are
//! those of the code.
//!
//! `SW_UPDATE_DOCS=1 cargo test --all-features --test docs` writes anew what is made of the texts:
//! `snippets.rs` here, and `Guides.kt` for Kotlin, which the Kotlin tests compile.

mod commands;
mod compiled;
mod features;
mod generated;
mod markdown;
mod tables;

/// The pieces of Rust, each in a function of its own.
#[allow(
    dead_code,
    unused_variables,
    unused_imports,
    unused_mut,
    unreachable_code,
    clippy::all,
    reason = "pieces of text are compiled, not called"
)]
mod snippets {
    include!("snippets.rs");
}

use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A file of the project.
fn path(inside: &str) -> PathBuf {
    Path::new(ROOT).join(inside)
}

fn read(inside: &str) -> String {
    let path = path(inside);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Compares a generated file with what it should be, or writes it.
fn keep(inside: &str, wanted: &str) {
    if std::env::var_os("SW_UPDATE_DOCS").is_some() {
        std::fs::write(path(inside), wanted).expect("the file can be written");
        return;
    }
    let message = format!(
        "{inside} is not what the texts and sources say; \
         SW_UPDATE_DOCS=1 cargo test --all-features --test docs"
    );
    assert!(std::fs::read_to_string(path(inside)).unwrap_or_default() == wanted, "{message}");
}
