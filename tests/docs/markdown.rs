//! The texts: their pieces of code, their headings, their links.

use super::{path, read};
use std::collections::BTreeSet;

/// A fenced piece of code.
pub struct Block {
    /// The file, from the project's root.
    pub file: String,
    /// The line of the fence.
    pub line: usize,
    pub language: String,
    pub text: String,
}

impl Block {
    /// Where it stands, for messages.
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }

    /// A name for what is made of it.
    pub fn name(&self) -> String {
        let stem = self.file.trim_end_matches(".md").to_lowercase();
        let name: String =
            stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        format!("{name}_{}", self.line)
    }
}

/// All texts of the documentation, from the project's root; not Android's, whose pieces need its
/// framework.
pub fn files() -> Vec<String> {
    let mut files: Vec<String> = [
        "README.md",
        "bindings/kotlin/README.md",
        "bindings/python/README.md",
        "bindings/swift/README.md",
    ]
    .map(str::to_owned)
    .into();
    for folder in ["docs", "docs/guide"] {
        for entry in std::fs::read_dir(path(folder)).expect("a folder") {
            let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
            if name.ends_with(".md") {
                files.push(format!("{folder}/{name}"));
            }
        }
    }
    files.sort();
    assert!(files.len() > 15, "texts are missing: {files:?}");
    files
}

/// The pieces of code in one language, in all texts.
pub fn blocks(language: &str) -> Vec<Block> {
    let found: Vec<Block> = files()
        .iter()
        .flat_map(|file| blocks_of(file))
        .filter(|b| b.language == language)
        .collect();
    assert!(!found.is_empty(), "there is no piece of {language}");
    found
}

fn blocks_of(file: &str) -> Vec<Block> {
    let (text, mut blocks, mut open) = (read(file), Vec::new(), None::<Block>);
    for (number, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => {
                let language = info.split([',', ' ']).next().unwrap_or_default().to_owned();
                assert!(!language.is_empty(), "{file}:{}: a fence without language", number + 1);
                let (file, text) = (file.to_owned(), String::new());
                open = Some(Block { file, line: number + 1, language, text });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.text += &format!("{line}\n"),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{file}: a fence is not closed");
    blocks
}

/// The text without its pieces of code.
fn prose(file: &str) -> String {
    let mut inside = false;
    let lines = read(file);
    let keep = |line: &&str| {
        let is_fence = line.starts_with("```");
        inside ^= is_fence;
        !inside && !is_fence
    };
    lines.lines().filter(keep).map(|line| format!("{line}\n")).collect()
}

/// What the headings can be linked by, as GitHub and mdBook name them.
fn anchors(file: &str) -> BTreeSet<String> {
    let heading = |line: &str| {
        let title = line.trim_start_matches('#').strip_prefix(' ')?;
        let kept = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        line.starts_with('#').then(|| kept.collect::<String>().to_lowercase().replace(' ', "-"))
    };
    prose(file).lines().filter_map(heading).collect()
}

/// The targets of the links `[text](target)`.
fn links(file: &str) -> Vec<String> {
    let prose = prose(file);
    let parts = prose.split("](").skip(1);
    parts.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.to_owned()).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut count = 0;
    for file in files() {
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        for link in links(&file).iter().filter(|link| !link.starts_with("https://")) {
            let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if target.is_empty() {
                file.clone()
            } else {
                let joined = path(folder).join(target);
                let full = joined.canonicalize().unwrap_or_else(|e| panic!("{file}: {link}: {e}"));
                let root = path("").canonicalize().expect("the project");
                full.strip_prefix(root).expect("inside").to_string_lossy().into_owned()
            };
            assert!(
                anchor.is_empty() || anchors(&target).contains(anchor),
                "{file}: {link}: no such heading"
            );
            count += 1;
        }
    }
    assert!(count > 60, "only {count} links were found");
}

#[test]
fn the_summary_has_every_page() {
    let summary = links("docs/SUMMARY.md");
    for file in files() {
        let Some(page) = file.strip_prefix("docs/") else { continue };
        if page != "SUMMARY.md" {
            assert!(summary.iter().any(|link| link == page), "docs/SUMMARY.md lacks {page}");
        }
    }
}

#[test]
fn only_known_languages_are_used() {
    let known = [
        "rust", "c", "cpp", "python", "kotlin", "swift", "sh", "json", "text", "toml", "xml",
        "cmake",
    ];
    for file in files() {
        for block in blocks_of(&file) {
            let place = block.place();
            assert!(known.contains(&block.language.as_str()), "{place}: {}", block.language);
            if block.language == "json" {
                let parsed = serde_json::from_str::<serde_json::Value>(&block.text);
                assert!(parsed.is_ok(), "{place}: {parsed:?}");
            }
        }
    }
}
