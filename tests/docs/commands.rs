//! Shell commands in the texts: what they name has to be there.

use super::markdown::blocks;
use super::{path, read};

fn has_make_target(target: &str) -> bool {
    read("Makefile").lines().any(|line| line.starts_with(&format!("{target}:")))
}

/// The argument behind a flag.
fn behind<'a>(words: &[&'a str], flags: &[&str]) -> Option<&'a str> {
    let at = words.iter().position(|word| flags.contains(word))?;
    words.get(at + 1).copied()
}

fn check_cargo(words: &[&str]) -> Result<(), String> {
    if let Some(example) = behind(words, &["--example"]) {
        let file = path("examples").join(example);
        if !file.exists() && !file.with_extension("rs").exists() {
            return Err(format!("no example {example}"));
        }
    }
    if let Some(test) = behind(words, &["--test"]) {
        let file = path("tests").join(test);
        if !file.join("main.rs").exists() && !file.with_extension("rs").exists() {
            return Err(format!("no test {test}"));
        }
    }
    if behind(words, &["--example"]) == Some("softphone") {
        let args = read("examples/softphone/args.rs");
        let command = behind(words, &["--"]).unwrap_or("help");
        let variant = command[..1].to_uppercase() + &command[1..];
        if !args.contains(&format!("    {variant}(")) && command != "help" {
            return Err(format!("softphone has no {command}"));
        }
    }
    let manifest = read("Cargo.toml");
    for feature in behind(words, &["--features"]).unwrap_or("capi").split(',') {
        if !manifest.lines().any(|line| line.starts_with(&format!("{feature} = ["))) {
            return Err(format!("no feature {feature}"));
        }
    }
    match behind(words, &["-p", "--package"]) {
        Some(package) if package != "signalwire-gateway" && package != "signalwire-client" => {
            Err(format!("no package {package}"))
        }
        _ => Ok(()),
    }
}

fn check(command: &str) -> Result<(), String> {
    let words: Vec<&str> =
        command.split_whitespace().skip_while(|word| word.contains('=')).collect();
    let exists = |file: &str| {
        if path(file).exists() {
            Ok(())
        } else {
            Err(format!("no {file}"))
        }
    };
    match words.as_slice() {
        [] | ["export", ..] => Ok(()),
        ["make", "-C", folder, ..] => exists(&format!("{folder}/Makefile")),
        ["make", target, ..] if has_make_target(target) => Ok(()),
        ["cargo", rest @ ..] => check_cargo(rest),
        ["sh" | "python3", file, ..] => exists(file),
        ["pip", "install", target, ..] if !target.contains('/') => Ok(()),
        ["pip", "install", target, ..] => exists(target),
        ["softphone" | "target/debug/examples/softphone", ..] => {
            exists("examples/softphone/main.rs")
        }
        [program, ..] if program.starts_with("examples/c/") => exists(&format!("{program}.c")),
        ["cc" | "c++", source, ..] => exists(&format!("examples/c/{source}"))
            .or_else(|_| exists(&format!("examples/cpp/{source}"))),
        _ => Err("is not a command that this test knows".to_owned()),
    }
}

#[test]
fn every_command_names_what_is_there() {
    let mut count = 0;
    for block in blocks("sh") {
        let joined = block.text.replace("\\\n", " ");
        for line in joined.lines() {
            let command = line.split(" #").next().unwrap_or_default().trim();
            if command.starts_with('#') {
                continue;
            }
            let checked = check(command);
            assert!(checked.is_ok(), "{}: {command}: {checked:?}", block.place());
            count += 1;
        }
    }
    assert!(count > 10, "only {count} commands were found");
    assert!(check("make nothing").is_err() && check("sh scripts/none.sh").is_err());
}
