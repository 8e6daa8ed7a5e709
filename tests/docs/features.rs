//! `docs/features.md`: what each language has, made of the sources (`tests/parity.rs`), of what the
//! tests of each language call, and of the scenarios that were played (`tests/scenarios`).

use super::{keep, path, read};
use std::collections::BTreeMap;

#[path = "../parity.rs"]
mod parity;

const HEAD: &str = "# What each language has

Made of the sources and of the results of tests by `make features`; do not edit.

| word | meaning |
|---|---|
| tested | a test or an example of that language calls it by this name |
| yes | it is there, and no test of that language calls it |
| generated | it is in what is generated for Swift, and no test of Swift calls it; not every machine that runs the tests can compile it |
| – | it is not there; `tests/parity.rs` says why |

";

/// All of a language's tests and examples in one text.
fn texts(folders: &[&str], end: &str, without: &[&str]) -> String {
    let mut text = String::new();
    for folder in folders {
        let entries = std::fs::read_dir(path(folder)).unwrap_or_else(|e| panic!("{folder}: {e}"));
        let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        files.sort();
        for file in files {
            let name = file.file_name().expect("a name").to_string_lossy().into_owned();
            if name.ends_with(end) && !without.contains(&name.as_str()) {
                text += &std::fs::read_to_string(&file).expect("a text");
            }
        }
    }
    assert!(text.len() > 1_000, "{folders:?} have no tests");
    text
}

/// What the tests of each language call.
struct Used {
    rust: String,
    c: String,
    cpp: String,
    python: String,
    kotlin: String,
    swift: String,
}

impl Used {
    fn read() -> Self {
        Self {
            rust: texts(&["tests", "tests/common", "examples/softphone"], ".rs", &["parity.rs"])
                + &texts(&["src/host", "src/call"], "tests.rs", &[]),
            // The table of NULLs names every function and uses none.
            c: texts(&["tests/capi", "examples/c"], ".c", &["null.c"]),
            cpp: texts(&["tests/cpp", "examples/cpp"], ".cpp", &[]),
            python: texts(
                &["bindings/python/tests", "bindings/python/src/signalwire_client/_softphone"],
                ".py",
                &[],
            ),
            kotlin: texts(
                &["bindings/kotlin/src/test/kotlin/com/signalwire/client"],
                ".kt",
                &["Guides.kt"],
            ),
            swift: texts(
                &["bindings/swift/Tests/SignalWireClientTests", "bindings/swift/Tests/Softphone"],
                ".swift",
                &["Guides.swift"],
            ),
        }
    }
}

/// Whether `.name` or `::name` is in a text, as a word.
fn calls(text: &str, name: &str) -> bool {
    [format!(".{name}"), format!("::{name}")].iter().any(|wanted| {
        text.match_indices(wanted.as_str()).any(|(at, _)| {
            let next = text[at + wanted.len()..].chars().next().unwrap_or(' ');
            !next.is_ascii_alphanumeric() && next != '_'
        })
    })
}

fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| name + &part[..1].to_uppercase() + &part[1..])
}

fn cell(is_there: bool, is_used: bool) -> &'static str {
    match (is_there, is_used) {
        (false, _) => "–",
        (true, true) => "tested",
        (true, false) => "yes",
    }
}

fn row(method: &parity::Method, used: &Used) -> String {
    let parity::Method { object, name, .. } = method;
    // An object is made by its name.
    let is_new = name == "new";
    let made = |text: &str, what: String| is_new && text.contains(&what);
    let c = method.c.as_deref();
    let cells = [
        cell(true, calls(&used.rust, name)),
        cell(c.is_some(), c.is_some_and(|c| used.c.contains(&format!("{c}(")))),
        cell(c.is_some(), calls(&used.cpp, name) || made(&used.cpp, format!("{object} "))),
        cell(
            method.in_python,
            calls(&used.python, name) || made(&used.python, format!("{object}(")),
        ),
        cell(
            method.is_generated,
            calls(&used.kotlin, &camel(name)) || made(&used.kotlin, format!("{object}(")),
        ),
        match cell(
            method.is_generated,
            calls(&used.swift, &camel(name)) || made(&used.swift, format!("{object}(")),
        ) {
            "yes" => "generated",
            other => other,
        },
    ];
    format!("| `{name}` | {} |\n", cells.join(" | "))
}

fn methods() -> String {
    let (used, mut text, mut object) = (Used::read(), String::new(), "");
    for method in parity::methods() {
        if method.object != object {
            object = method.object;
            text += &format!("## {object}\n\n");
            text += "| method | Rust | C | C++ | Python | Kotlin | Swift |\n|---|---|---|---|---|---|---|\n";
        }
        text += &row(&method, &used);
    }
    // A blank line before each heading but the first.
    text.replace("|\n## ", "|\n\n## ")
}

/// The languages that can play the parts of scenarios, as `tests/scenarios.rs` calls them.
const PLAYERS: [(&str, &str); 6] = [
    ("rust", "Rust"),
    ("c", "C"),
    ("python", "Python"),
    ("kotlin", "Kotlin"),
    ("swift", "Swift"),
    ("all", "all together"),
];

/// Which scenario was played by whom in both dialects, and as it is now: see
/// `tests/scenarios/played.txt`, which `SW_RECORD_SCENARIOS=1` writes.
fn scenarios() -> String {
    let mut played: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for line in read("tests/scenarios/played.txt").lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split(' ').collect();
        let [language, scenario, dialect, fingerprint] = words[..] else { panic!("{line:?}") };
        let key = (language.to_owned(), scenario.to_owned());
        played.entry(key).or_default().push(format!("{dialect} {fingerprint}"));
    }
    let mut files: Vec<String> = std::fs::read_dir(path("tests/scenarios"))
        .expect("the scenarios")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".json"))
        .collect();
    files.sort();
    let names = PLAYERS.map(|(_, name)| name).join(" | ");
    let mut text = format!(
        "\n## Scenarios\n\nWhole stories with one or more actors, played in both dialects of the far side by the programs of \
         each language and by all languages together (`tests/scenarios`). A scenario that changed since it was played counts as \
         not played.\n\n| scenario | {names} |\n|---{}|\n",
        "|---".repeat(PLAYERS.len())
    );
    for file in files {
        let scenario = read(&format!("tests/scenarios/{file}"));
        let value: serde_json::Value = serde_json::from_str(&scenario).expect("JSON");
        let name = file.trim_end_matches(".json");
        let fingerprint = fingerprint(&scenario);
        let cells = PLAYERS.map(|(language, _)| {
            let dialects = played.get(&(language.to_owned(), name.to_owned()));
            let is_played = |dialect: &str| {
                dialects.is_some_and(|all| all.contains(&format!("{dialect} {fingerprint}")))
            };
            if is_played("FreeSwitch") && is_played("Browser") {
                "played"
            } else {
                "not played"
            }
        });
        let title = value["title"].as_str().expect("a title");
        text += &format!("| `{name}`: {title} | {} |\n", cells.join(" | "));
    }
    text
}

/// A number that changes with the text (FNV-1a), the same as in `tests/scenarios.rs`.
fn fingerprint(text: &str) -> String {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    format!("{:016x}", text.bytes().fold(0xcbf2_9ce4_8422_2325, step))
}

#[test]
fn the_table_of_features_is_current() {
    keep("docs/features.md", &(HEAD.to_owned() + &methods() + &scenarios()));
}
