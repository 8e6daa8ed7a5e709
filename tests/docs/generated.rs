//! What is made of the pieces of Rust, Kotlin and Swift, so that their compilers read them.

use super::keep;
use super::markdown::{blocks, Block};

/// What a piece of Rust may use without saying where it comes from.
const RUST_GIVEN: &str = "    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
";

const RUST_HEAD: &str = "// Made of docs/ and README.md by tests/docs; do not edit.

use signalwire_client::rest_api::*;
use signalwire_client::*;
use std::sync::Arc;
use std::time::Duration;

type Outcome = std::result::Result<(), Box<dyn std::error::Error>>;

fn open_in_the_browser(url: &str) {}
";

fn indented(text: &str, by: &str) -> String {
    text.lines()
        .map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{by}{line}\n") })
        .collect()
}

fn rust(block: &Block) -> String {
    let (name, place) = (block.name(), block.place());
    if block.text.contains("fn main()") {
        return format!("\n// {place}\nmod {name} {{\n{}}}\n", indented(&block.text, "    "));
    }
    let body = indented(&block.text, "    ");
    format!("\n// {place}\nasync fn {name}(\n{RUST_GIVEN}) -> Outcome {{\n{body}    Ok(())\n}}\n")
}

#[test]
fn every_piece_of_rust_is_compiled() {
    let pieces: String = blocks("rust").iter().map(rust).collect();
    keep("tests/docs/snippets.rs", &(RUST_HEAD.to_owned() + &pieces));
}

const KOTLIN_HEAD: &str = "// Made of docs/ by tests/docs; do not edit.
@file:Suppress(\"UNUSED_PARAMETER\", \"UNUSED_VARIABLE\", \"unused\", \"NAME_SHADOWING\")

package com.signalwire.client.guides

import com.signalwire.client.*
";

/// The imports of a piece of Kotlin, and the rest of it.
fn kotlin(block: &Block) -> (Vec<String>, String) {
    let (imports, body): (Vec<&str>, Vec<&str>) =
        block.text.lines().partition(|line| line.starts_with("import "));
    let body = indented(body.join("\n").trim_start_matches('\n'), "    ");
    let (name, place) = (block.name(), block.place());
    let given = "token: String, client: Client, call: Call";
    let piece = format!("\n// {place}\nprivate suspend fun {name}({given}) {{\n{body}}}\n");
    (imports.into_iter().map(str::to_owned).collect(), piece)
}

#[test]
fn every_piece_of_kotlin_is_among_what_maven_compiles() {
    let (imports, pieces): (Vec<_>, Vec<_>) = blocks("kotlin").iter().map(kotlin).unzip();
    let mut imports: Vec<String> = imports
        .concat()
        .into_iter()
        .filter(|line| !line.starts_with("import com.signalwire.client."))
        .collect();
    imports.sort();
    imports.dedup();
    let imports: String = imports.iter().map(|line| format!("{line}\n")).collect();
    keep(
        "bindings/kotlin/src/test/kotlin/com/signalwire/client/Guides.kt",
        &(KOTLIN_HEAD.to_owned() + &imports + &pieces.concat()),
    );
}

const SWIFT_HEAD: &str = "// Made of docs/ and the readmes by tests/docs; do not edit.
import SignalWireClient

private enum Guides {
";

/// One function of Swift for a piece.
fn swift(block: &Block) -> String {
    let body: Vec<&str> = block.text.lines().filter(|line| !line.starts_with("import ")).collect();
    let body = indented(body.join("\n").trim_start_matches('\n'), "        ");
    let (name, place) = (block.name(), block.place());
    let given = "token: String, client: Client, call: Call";
    format!("\n    // {place}\n    static func {name}({given}) async throws {{\n{body}    }}\n")
}

#[test]
fn every_piece_of_swift_is_among_what_its_tests_compile() {
    let pieces: String = blocks("swift").iter().map(swift).collect();
    keep(
        "bindings/swift/Tests/SignalWireClientTests/Guides.swift",
        &(SWIFT_HEAD.to_owned() + &pieces + "}\n"),
    );
}
