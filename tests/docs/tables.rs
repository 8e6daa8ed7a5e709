//! The tables of the guides that have to name every value of an enumeration: what goes wrong, and
//! what to do about it.

use super::read;
use std::collections::BTreeSet;

/// The names of the variants of an enumeration in a source, in order.
pub fn variants(source: &str, name: &str) -> Vec<String> {
    let start = format!("pub enum {name} {{");
    let source = read(source);
    let inside = source.lines().skip_while(|line| *line != start).skip(1);
    let found: Vec<String> = inside
        .take_while(|line| *line != "}")
        .filter_map(|line| {
            let name = line.strip_prefix("    ")?.split([' ', ',', '(', '{']).next()?;
            name.starts_with(char::is_uppercase).then(|| name.to_owned())
        })
        .collect();
    assert!(found.len() > 1, "{name} was not found");
    found
}

/// The first cells of the table under a heading, without the marks of code, one per row.
fn rows(file: &str, heading: &str) -> Vec<Vec<String>> {
    let text = read(file);
    let table = text.lines().skip_while(|line| *line != heading).skip(1);
    let rows: Vec<Vec<String>> = table
        .take_while(|line| !line.starts_with('#'))
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells = line.trim_matches('|').split(" | ");
            cells.map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
        })
        .collect();
    assert!(!rows.is_empty(), "{file}: no table under {heading}");
    rows
}

fn first_cells(heading: &str) -> Vec<String> {
    rows("docs/guide/troubleshooting.md", heading).into_iter().map(|row| row[0].clone()).collect()
}

#[test]
fn the_tables_of_trouble_are_complete() {
    for (heading, source, name) in [
        ("## Errors", "src/error.rs", "ErrorKind"),
        ("## Logins", "src/error.rs", "OAuthFailure"),
        ("## Why a call ended", "src/call/event.rs", "EndKind"),
        ("## Warnings during a call", "src/media/quality.rs", "WarningKind"),
        ("## Preflight", "src/client/preflight.rs", "PreflightProblemKind"),
    ] {
        assert_eq!(first_cells(heading), variants(source, name), "{heading}");
    }
}

/// Each kind of error has its name in C and in Python in the same row.
#[test]
fn the_names_of_errors_in_other_languages_are_right() {
    let header = read("include/signalwire.h");
    let python = read("bindings/python/src/signalwire_client/errors.py");
    for row in rows("docs/guide/troubleshooting.md", "## Errors") {
        let (kind, c, exception) = (&row[0], &row[1], &row[2]);
        assert!(header.contains(&format!("    {c} = ")), "{c} is not in the header");
        let pair = format!("    \"{kind}\": {exception},");
        assert!(python.contains(&pair), "errors.py has no {pair}");
        let mut upper = String::new();
        for letter in kind.chars() {
            if letter.is_uppercase() && !upper.is_empty() {
                upper.push('_');
            }
            upper.extend(letter.to_uppercase());
        }
        assert_eq!(*c, format!("SW_ERR_{upper}"), "{kind}");
        assert!(row[3].len() > 20, "{kind}: no advice");
    }
}

/// Every event of a call and of a client is explained where events are.
#[test]
fn every_event_is_named_in_the_guides() {
    let words: BTreeSet<String> =
        ["calling", "media", "mobile", "resilience", "authentication", "rooms"]
            .iter()
            .flat_map(|guide| {
                let text = read(&format!("docs/guide/{guide}.md"));
                text.split('`').map(str::to_owned).collect::<Vec<_>>()
            })
            .collect();
    for (source, name) in
        [("src/call/event.rs", "CallEvent"), ("src/session/event.rs", "ClientEvent")]
    {
        for event in variants(source, name) {
            assert!(words.contains(&event), "no guide names the event {name}::{event}");
        }
    }
}

/// `docs/abi.md` says which structs never change since they do not begin with their size.
#[test]
fn the_structs_without_a_size_are_the_ones_that_never_change() {
    let (header, page) = (read("include/signalwire.h"), read("docs/abi.md"));
    let mut count = 0;
    for text in header.split("typedef struct ").skip(1) {
        let Some((name, fields)) = text.split_once(" {\n") else { continue };
        let first = fields.lines().map(str::trim).find(|line| !line.starts_with("//"));
        let is_completion = name.ends_with("_completion");
        if name.contains(';') || first == Some("uint32_t struct_size;") {
            continue;
        }
        let is_said = is_completion || page.contains(&format!("`{name}`"));
        assert!(is_said, "docs/abi.md does not say that {name} never changes");
        count += 1;
    }
    assert!(count > 10, "only {count} structs without a size were found");
    let map = read("include/signalwire.map");
    let version = map.lines().find_map(|line| line.strip_suffix(" {")).expect("a version");
    assert!(page.contains(&format!("`{version}`")), "docs/abi.md does not name {version}");
}
