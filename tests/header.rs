//! `include/signalwire.h` is what `src/ffi` says. `SW_UPDATE_HEADER=1` writes it anew.

use std::path::Path;

/// The order of the functions in the header.
const SOURCES: [&str; 41] = [
    "library",
    "status",
    "guard",
    "text",
    "log",
    "completion",
    "waiter",
    "client",
    "directory",
    "call",
    "control",
    "roster",
    "members",
    "incoming",
    "survival",
    "audio",
    "devices",
    "processing",
    "recording",
    "mixer",
    "preflight",
    "conversation",
    "outgoing",
    "wake_up",
    "host",
    "credentials",
    "device_key",
    "oauth",
    "rest_api",
    "rest_resources",
    "rest_sip",
    "video",
    "picture",
    "picture_object",
    "child",
    "options",
    "observer",
    "event",
    "call_event",
    "stats",
    "handle",
];

fn generate() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml");
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in SOURCES {
        builder = builder.with_src(root.join("src/ffi").join(source).with_extension("rs"));
    }
    let mut header = Vec::new();
    builder.generate().expect("cbindgen").write(&mut header);
    String::from_utf8(header).expect("UTF-8")
}

#[test]
fn the_committed_header_is_the_generated_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/signalwire.h");
    let generated = generate();
    if std::env::var_os("SW_UPDATE_HEADER").is_some() {
        std::fs::create_dir_all(path.parent().expect("include/")).expect("include/");
        std::fs::write(&path, &generated).expect("write the header");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "include/signalwire.h is stale; run: SW_UPDATE_HEADER=1 cargo test --test header"
    );
}

#[test]
fn the_version_in_the_header_is_the_crate_s() {
    let header = generate();
    for (name, value) in [
        ("MAJOR", env!("CARGO_PKG_VERSION_MAJOR")),
        ("MINOR", env!("CARGO_PKG_VERSION_MINOR")),
        ("PATCH", env!("CARGO_PKG_VERSION_PATCH")),
    ] {
        let line = format!("#define SW_VERSION_{name} {value}\n");
        assert!(header.contains(&line), "{line}");
    }
}

#[test]
fn every_function_and_type_of_the_header_is_documented() {
    let header = generate();
    let lines: Vec<&str> = header.lines().collect();
    for (at, line) in lines.iter().enumerate().skip(1) {
        let is_item = line.starts_with("sw_status sw_")
            || line.starts_with("const ")
            || line.starts_with("typedef ")
            || line.starts_with("uint32_t sw_");
        assert!(!is_item || lines[at - 1].starts_with("//"), "undocumented: {line}");
    }
    for source in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ffi")).unwrap()
    {
        let text = std::fs::read_to_string(source.unwrap().path()).unwrap();
        for (at, _) in text.match_indices("pub extern \"C\" fn ") {
            let name = text[at + 18..].split('(').next().unwrap();
            assert!(header.contains(&format!("{name}(")), "{name} is not in the header");
        }
    }
}
