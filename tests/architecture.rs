//! The rules of ARCHITECTURE.md that a machine can check: which module may use which, and who may
//! look at a clock.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What each module may use besides itself and the ground floor.
const MAY_USE: [(&str, &[&str]); 15] = [
    ("util", &[]),
    ("runtime", &[]),
    ("proto", &[]),
    ("auth", &[]),
    ("push", &[]),
    ("host", &[]),
    ("net", &["auth"]),
    ("oauth", &["net", "auth"]),
    ("rest", &["net", "auth", "proto"]),
    ("media", &["proto::sdp", "proto::ice"]),
    ("session", &["net", "auth", "proto"]),
    ("call", &["session", "media", "proto"]),
    (
        "client",
        &[
            "call",
            "session",
            "rest",
            "oauth",
            "auth",
            "net",
            "proto",
            "push",
            "media::frame",
            "media::gather::probe",
            "media::relay::RelayTransport",
            "media::sink",
        ],
    ),
    ("ffi", &["client", "call", "rest", "oauth", "media", "push", "host"]),
    ("bind", &["client", "call", "rest", "oauth", "media", "push", "host", "ffi"]),
];

/// The ground floor, and what the crate's root re-exports.
const GROUND: [&str; 4] = ["error", "config", "util", "runtime"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn module(path: &Path) -> String {
    let inside = path.strip_prefix(src()).expect("a file of src");
    let first = inside.components().next().expect("a name").as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// The code of a file without its tests.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("a source file");
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned()
}

#[test]
fn modules_use_only_the_floors_below() {
    let rules: BTreeMap<&str, &[&str]> = MAY_USE.into_iter().collect();
    let mut broken = Vec::new();
    for path in sources(&src()) {
        let own = module(&path);
        let Some(allowed) = rules.get(own.as_str()) else { continue };
        for line in code(&path).lines() {
            let Some(used) = line.trim().strip_prefix("use crate::") else { continue };
            let used = used.trim_end_matches(';');
            let is_allowed = used.starts_with(&own)
                || GROUND.iter().any(|ground| used.starts_with(ground))
                || allowed.iter().any(|prefix| used.starts_with(prefix))
                // The faces may use what the crate exports, by its public name.
                || (matches!(own.as_str(), "ffi" | "bind") && used.starts_with(char::is_uppercase))
                || (matches!(own.as_str(), "ffi" | "bind") && used.starts_with('{'));
            if !is_allowed {
                broken.push(format!("{}: use crate::{used}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn pure_code_is_told_the_time() {
    let pure = [
        "proto",
        "push",
        "host",
        "session/state.rs",
        "call/state.rs",
        "call/members.rs",
        "media/jitter.rs",
        "media/peer.rs",
        "media/peer/",
        "media/picture/codec.rs",
        "media/picture/convert.rs",
        "media/picture/picture.rs",
        "media/picture/png.rs",
        "media/picture/rate.rs",
        "media/picture/scale.rs",
        "media/picture/test_card.rs",
        "media/picture/y4m.rs",
        "media/video/assembler.rs",
        "media/video/h264.rs",
        "media/video/ivf.rs",
        "media/video/sender.rs",
        "media/video/vp8.rs",
    ];
    for path in sources(&src()) {
        let inside =
            path.strip_prefix(src()).expect("a file of src").to_string_lossy().into_owned();
        if pure.iter().any(|prefix| inside.starts_with(prefix)) {
            let code = code(&path);
            for word in ["Instant::now()", "SystemTime::now()", "tokio::"] {
                assert!(!code.contains(word), "{inside} uses {word}");
            }
        }
    }
}

#[test]
fn files_have_one_subject_and_unsafe_has_its_places() {
    for path in sources(&src()) {
        let text = std::fs::read_to_string(&path).expect("a source file");
        let lines = text.lines().count();
        assert!(lines <= 800, "{} has {lines} lines", path.display());
        let may_be_unsafe = path.starts_with(src().join("ffi"))
            || path.starts_with(src().join("bind"))
            || path.ends_with("runtime/fork.rs");
        let code = code(&path);
        let is_unsafe = code.contains("unsafe {") || code.contains("unsafe fn");
        assert!(may_be_unsafe || !is_unsafe, "{} has unsafe code", path.display());
    }
}
