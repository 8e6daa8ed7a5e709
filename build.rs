//! Tells the library which build it is: its version, and in release builds from a repository the
//! commit. The service sees it as part of the agent. Writes nothing.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let version = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
    // Debug builds leave the commit out: looking at it would rebuild them after every commit.
    let is_release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let build = match is_release.then(commit).flatten() {
        Some(commit) => format!("{version}+{commit}"),
        None => version,
    };
    println!("cargo::rustc-env=SIGNALWIRE_CLIENT_BUILD={build}");
}

/// The short name of the commit that is checked out, if this is a repository.
fn commit() -> Option<String> {
    let folder = std::env::var("CARGO_MANIFEST_DIR").ok()?;
    let head = format!("{folder}/.git/HEAD");
    if !std::path::Path::new(&head).exists() {
        return None;
    }
    println!("cargo::rerun-if-changed={head}");
    let output =
        Command::new("git").args(["-C", &folder, "rev-parse", "--short", "HEAD"]).output().ok()?;
    let name = String::from_utf8(output.stdout).ok()?;
    let name = name.trim();
    (output.status.success() && !name.is_empty()).then(|| name.to_owned())
}
