//! Listens to everything that is logged in the process of a test, by the library and by the crates
//! below it, at the most detailed level, and looks for secrets in it; to panics as well.
//!
//! Secrets that the gateway makes up carry a mark and are found at once. Those that clients make up
//! are known only when the gateway has seen them: of each line the long words are kept, once each,
//! and looked through when a test ends.

use signalwire_client::SAFE_LOG_DIRECTIVES;
use signalwire_gateway::secrets::{seen, MARK};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use tracing::field::{Field, Visit};
use tracing::{span, Event, Level, Metadata, Subscriber};

/// The mark as other writings have it: base64 of the mark at each place of three, its bytes in
/// decimal and in hexadecimal, and what the texts of descriptions and keys begin with.
const WRITINGS: [&str; 8] = [
    "NBbkFyWXNFY1JlV",
    "jQW5BcllzRWNSZV",
    "Y0FuQXJZc0VjUmVU",
    "99, 65, 110, 65, 114, 89",
    "63416e417259",
    "correct horse",
    "PRIVATE KEY",
    "a=crypto:",
];

/// The shortest word that is kept.
const LONG: usize = 16;
/// The number of words that are kept.
const CAPACITY: usize = 200_000;
/// Lines of one place in the crates below that are all read in one thread; then one of 64. Some are
/// written for every packet, and a test must not be slow because it listens.
const ALL_UP_TO: u32 = 200;

/// Crates that only the tests use, such as their TURN server.
const OTHERS: [&str; 4] = ["turn", "stun", "webrtc_util", "signalwire_gateway"];

#[derive(Default)]
struct Heard {
    words: Vec<String>,
    known: HashSet<String>,
    /// How many of the words were looked through for the secrets known then.
    looked: usize,
    secrets: BTreeSet<String>,
    /// What was found, without the secrets themselves.
    found: BTreeSet<String>,
    /// The library's own lines, for the test that asks for them.
    kept: Option<String>,
}

static HEARD: Mutex<Option<Heard>> = Mutex::new(None);

thread_local! {
    static LINE: RefCell<String> = const { RefCell::new(String::new()) };
    static COUNTS: RefCell<HashMap<(usize, u32), u32>> = RefCell::default();
    static IS_GATEWAY: Cell<Option<bool>> = const { Cell::new(None) };
}

fn heard<T>(with: impl FnOnce(&mut Heard) -> T) -> T {
    let mut guard: MutexGuard<'_, Option<Heard>> =
        HEARD.lock().unwrap_or_else(PoisonError::into_inner);
    with(guard.get_or_insert_default())
}

/// Listens from now on, whoever asks first.
pub fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        tracing::subscriber::set_global_default(Listener).expect("nobody else listens");
        log::set_logger(&Listener).expect("nobody else listens");
        log::set_max_level(log::LevelFilter::Trace);
        let earlier = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            look_at(&panic.to_string(), "a panic");
            earlier(panic);
        }));
    });
}

/// Keeps the library's own lines from now on.
pub fn keep() {
    start();
    heard(|heard| heard.kept.get_or_insert_default().clear());
}

/// Adds a line to those.
pub fn add(text: &str) {
    heard(|heard| {
        if let Some(kept) = &mut heard.kept {
            kept.push_str(text);
            kept.push('\n');
        }
    });
}

/// The library's own lines since `keep`.
pub fn kept() -> String {
    heard(|heard| heard.kept.clone().unwrap_or_default())
}

/// Looks for secrets in a text that an application gets: an error, an event, a description.
pub fn look_at(text: &str, from: &str) {
    let found = secrets_in(text);
    let words = long_words(text);
    if found.is_none() && words.is_empty() {
        return;
    }
    heard(|heard| {
        heard.found.extend(found.map(|what| format!("{what} in {from}")));
        for word in words {
            if heard.words.len() < CAPACITY && !heard.known.contains(word) {
                heard.known.insert(word.to_owned());
                heard.words.push(word.to_owned());
            }
        }
    });
}

/// What was found so far, in this test or another one of the process.
pub fn found() -> Vec<String> {
    let all = seen();
    heard(|heard| {
        let new: Vec<String> = all.into_iter().filter(|s| !heard.secrets.contains(s)).collect();
        let old = heard.secrets.iter().map(|secret| (secret, heard.looked));
        for (secret, from) in old.chain(new.iter().map(|secret| (secret, 0))) {
            if heard.words[from..].iter().any(|word| word.contains(secret.as_str())) {
                // Enough to find it by; a secret is longer.
                let start: String = secret.chars().take(4).collect();
                heard.found.insert(format!("a secret of a client, {start}…, in what was logged"));
            }
        }
        heard.secrets.extend(new);
        heard.looked = heard.words.len();
        heard.found.iter().cloned().collect()
    })
}

/// Fails if a secret was seen anywhere.
pub fn check() {
    let found = found();
    assert!(found.is_empty(), "secrets were seen: {found:#?}");
}

/// What of a secret is in a text, if anything.
pub fn secrets_in(text: &str) -> Option<&'static str> {
    if text.len() < MARK.len() {
        return None;
    }
    if text.contains(MARK) {
        return Some("a secret of the gateway");
    }
    if let Some((_, rest)) = text.split_once("ice-pwd:") {
        if !rest.starts_with('<') {
            return Some("a password of ICE");
        }
    }
    WRITINGS.into_iter().find(|writing| text.contains(writing))
}

fn long_words(text: &str) -> Vec<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.~+/=".contains(c);
    text.split(|c| !is_part(c)).filter(|word| word.len() >= LONG).collect()
}

/// Whether a line is none of the library's, or from where nobody may listen so closely.
fn is_exempt(target: &str, level: log::Level) -> bool {
    let name = target.split("::").next().unwrap_or_default();
    if OTHERS.contains(&name) || safest(name).is_some_and(|safest| level > safest) {
        return true;
    }
    IS_GATEWAY.get().unwrap_or_else(|| {
        let thread = std::thread::current();
        let is_gateway = thread.name().is_some_and(|name| name.starts_with("gateway"));
        IS_GATEWAY.set(Some(is_gateway));
        is_gateway
    })
}

/// The most detailed level that a crate may be logged at, if that is said.
fn safest(name: &str) -> Option<log::Level> {
    let mut directives = SAFE_LOG_DIRECTIVES.split(',').filter_map(|one| one.split_once('='));
    directives.find(|(known, _)| *known == name).map(|(_, level)| level.parse().expect("a level"))
}

/// Whether a line of this place in the code is read.
fn is_read(file: &str, line: u32) -> bool {
    COUNTS.with_borrow_mut(|counts| {
        let count = counts.entry((file.as_ptr() as usize, line)).or_default();
        *count += 1;
        *count <= ALL_UP_TO || *count % 64 == 0
    })
}

/// Writes a line and looks at it.
fn hear(target: &str, place: (&str, u32), write: impl FnOnce(&mut String)) {
    LINE.with(|line| {
        // A description that logs in turn is not looked at inside its own line.
        let Ok(mut line) = line.try_borrow_mut() else { return };
        line.clear();
        write(&mut line);
        look_at(&line, &format!("the log of {target}, {}:{}", place.0, place.1));
        if target.starts_with("signalwire_client") {
            add(&line);
        }
    });
}

struct Listener;

impl log::Log for Listener {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        // A text without arguments was written by a programmer.
        if record.args().as_str().is_some() {
            return;
        }
        let place = (record.file().unwrap_or_default(), record.line().unwrap_or_default());
        if !is_read(place.0, place.1) || is_exempt(record.target(), record.level()) {
            return;
        }
        hear(record.target(), place, |line| {
            let _ = write!(line, "{}", record.args());
        });
    }

    fn flush(&self) {}
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Of spans, which have names and no more in the crates in question, nothing is read.
        metadata.is_event()
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let about = event.metadata();
        let place = (about.file().unwrap_or_default(), about.line().unwrap_or_default());
        let is_own = about.target().starts_with("signalwire_client");
        let is_read = is_own || is_read(place.0, place.1);
        if !is_read || is_exempt(about.target(), level_of(*about.level())) {
            return;
        }
        hear(about.target(), place, |line| event.record(&mut Fields(line)));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

fn level_of(level: Level) -> log::Level {
    match level {
        Level::ERROR => log::Level::Error,
        Level::WARN => log::Level::Warn,
        Level::INFO => log::Level::Info,
        Level::DEBUG => log::Level::Debug,
        Level::TRACE => log::Level::Trace,
    }
}

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }
}
