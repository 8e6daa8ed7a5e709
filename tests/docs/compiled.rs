//! Pieces of C, C++, Python and Swift: the compilers read the first three, the last is compared
//! with what Rust exports, as there may be no compiler for it (`generated.rs` gives it to one).

use super::markdown::{blocks, Block};
use super::{path, read};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

/// A new folder for one language.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("docs").join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a folder");
    path
}

fn succeed(command: &mut Command, place: &str) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{place}:\n{complaint}");
}

/// The paragraphs that stand outside of functions, and those that are statements.
fn parted(text: &str, outside: &[&str]) -> (String, String) {
    let is_outside = |paragraph: &&str| {
        paragraph.lines().any(|line| outside.iter().any(|start| line.starts_with(start)))
    };
    let (outside, inside): (Vec<&str>, Vec<&str>) = text.split("\n\n").partition(is_outside);
    (outside.join("\n\n"), inside.join("\n\n"))
}

/// `place` goes into the file, so that a complaint names the text.
fn numbered(block: &Block) -> String {
    format!("#line {} \"{}\"\n", block.line + 1, block.file)
}

const C_GIVEN: &str = "#include \"signalwire.h\"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static const char *token, *client_id;
static sw_client *client;
static sw_call *call;
static sw_waiter *waiter;
";

#[test]
fn every_piece_of_c_is_compiled() {
    let here = folder("c");
    for block in blocks("c") {
        let line = numbered(&block);
        let source = if block.text.contains("int main(") {
            line + &block.text
        } else {
            let (outside, inside) = parted(&block.text, &["static ", "#include", "typedef "]);
            format!(
                "{C_GIVEN}{line}{outside}\nint statements(void);\n\
                 int statements(void) {{\n{line}{inside}\nreturn 0;\n}}\n"
            )
        };
        let file = here.join(block.name()).with_extension("c");
        std::fs::write(&file, source).expect("the source");
        let mut cc = Command::new("cc");
        cc.args(["-std=c99", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Wpedantic"]);
        cc.args(["-Werror", "-Wno-unused", "-fsyntax-only"]);
        succeed(cc.arg("-I").arg(path("include")).arg(&file), &block.place());
    }
}

#[test]
fn every_piece_of_cpp_is_compiled() {
    let here = folder("cpp");
    // One file for all: the headers take the time.
    let mut source =
        "#include \"signalwire.hpp\"\n#include <cstdio>\n#include <cstdlib>\n".to_owned();
    for block in blocks("cpp") {
        let (name, line) = (block.name(), numbered(&block));
        let text: String = block
            .text
            .lines()
            .filter(|l| !l.starts_with("#include"))
            .map(|l| format!("{l}\n"))
            .collect();
        if text.contains("int main(") {
            let text = text.replace("int main(", "int program(");
            source += &format!("namespace {name} {{\n{line}{text}}}\n");
            continue;
        }
        let (outside, inside) = parted(&text, &["static ", "struct ", "class "]);
        source += &format!(
            "namespace {name} {{\n{line}{outside}\nvoid statements(signalwire::ClientOptions options, \
             signalwire::Client &client, signalwire::Call &call, std::string token) {{ {{\n\
             {line}{inside}\n}} }}\n}}\n"
        );
    }
    let file = here.join("pieces.cpp");
    std::fs::write(&file, source).expect("the source");
    let mut cxx = Command::new("c++");
    cxx.args(["-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wno-unused"]);
    cxx.args(["-Wno-unused-parameter", "-fsyntax-only", "-I"]);
    succeed(cxx.arg(path("include")).arg(&file), "C++");
}

/// `names.py` compiles each piece and compares what it uses with the package's source. The Python
/// tests run the pieces against the gateway.
#[test]
fn every_piece_of_python_is_compiled_and_uses_what_is_there() {
    let here = folder("python");
    let mut check = Command::new("python3");
    check.arg(path("tests/docs/names.py")).arg(path("bindings/python/src/signalwire_client"));
    for block in blocks("python") {
        let file = here.join(block.name()).with_extension("py");
        std::fs::write(&file, &block.text).expect("the source");
        check.arg(file);
    }
    succeed(&mut check, "Python");
}

fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| name + &part[..1].to_uppercase() + &part[1..])
}

/// The names of the functions that Swift has: those of `src/bind`, and those written by hand.
fn swift_functions() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(path("src/bind")).expect("src/bind") {
        let source = std::fs::read_to_string(entry.expect("an entry").path()).expect("a source");
        let functions =
            source.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
        names.extend(functions.map(camel));
    }
    let own = ["Streams", "Structured"]
        .map(|file| read(&format!("bindings/swift/Sources/SignalWireClient/{file}.swift")))
        .concat();
    let functions = own.split("func ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
    names.extend(functions.map(str::to_owned));
    names
}

#[test]
fn every_piece_of_swift_calls_what_is_there() {
    let (functions, mut count) = (swift_functions(), 0);
    for block in blocks("swift") {
        for object in ["client.", "call.", "oauth.", "screen.", "expected."] {
            for rest in block.text.split(object).skip(1) {
                let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
                if rest[name.len()..].starts_with('(') {
                    assert!(functions.contains(&name), "{}: {object}{name}()", block.place());
                    count += 1;
                }
            }
        }
        for pair in ["{}", "()", "[]"] {
            let (open, close) = pair.split_at(1);
            let count = |what: &str| block.text.matches(what).count();
            assert_eq!(count(open), count(close), "{}: {pair}", block.place());
        }
    }
    assert!(count > 10, "only {count} calls were found");
}
