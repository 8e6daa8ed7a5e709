//! The scenarios of `tests/scenarios/`, with actors in every language; see the README there.
//!
//! `cargo test` plays all parts with the softphone. Programs in other languages come by the
//! environment, `SW_SCENARIO_ACTORS="python=python3 -m signalwire_client;c=/path/to/program"`, and
//! `--ignored`: each plays all parts, then all languages play together.

mod common;

use common::DEADLINE;
use serde_json::{json, Value};
use signalwire_gateway::{Dialect, Gateway, GatewayConfig};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{channel, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How long it is waited before a question is asked again that has not yet the wanted answer.
const AGAIN: Duration = Duration::from_millis(20);

/// The command of a language that plays parts.
type Player = Vec<String>;

/// The softphone of this build.
fn softphone() -> Player {
    let test = std::env::current_exe().expect("the path of this test");
    let target = test.parent().and_then(Path::parent).expect("the folder of the profile");
    let path = target.join("examples/softphone");
    assert!(path.exists(), "{} is missing; run `cargo build --examples`", path.display());
    vec![path.to_str().expect("a path in UTF-8").to_owned()]
}

/// Whether `value` has everything that `wanted` has.
fn fits(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::Object(value), Value::Object(wanted)) => wanted
            .iter()
            .all(|(key, wanted)| value.get(key).is_some_and(|value| fits(value, wanted))),
        _ => value == wanted,
    }
}

/// One part, and the process that plays it.
struct Actor {
    name: String,
    child: Child,
    input: ChildStdin,
    lines: Receiver<Value>,
    /// What was said and not yet expected.
    said: Vec<Value>,
}

impl Actor {
    fn start(name: &str, player: &Player, args: &[String], gateway: &Gateway, ca: &Path) -> Self {
        let mut child = Command::new(&player[0])
            .args(&player[1..])
            .arg("--json")
            .args(args)
            // cargo's own, which would give every program this build's library.
            .env_remove("LD_LIBRARY_PATH")
            .env("SW_TOKEN", gateway.mint_token(name, 3600, None))
            .env("SW_WS_URL", gateway.ws_url())
            .env("SW_HTTP_URL", gateway.http_url())
            .env("SW_CA_FILE", ca)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{player:?}: {error}"));
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, lines) = channel();
        let speaker = name.to_owned();
        std::thread::spawn(move || {
            for line in output.lines() {
                let line = line.expect("text");
                let value = serde_json::from_str(&line)
                    .unwrap_or_else(|error| panic!("{speaker} says {line:?}: {error}"));
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        let input = child.stdin.take().expect("a pipe");
        Self { name: name.to_owned(), child, input, lines, said: Vec::new() }
    }

    /// Takes the first line that fits, waiting for it.
    fn expect(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + DEADLINE;
        loop {
            if let Some(at) = self.said.iter().position(&wanted) {
                return self.said.remove(at);
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => self.said.push(line),
                Err(error) => {
                    let why = match error {
                        RecvTimeoutError::Timeout => "does not say",
                        RecvTimeoutError::Disconnected => "ended without saying",
                    };
                    panic!("{} {why} {what}; left are {:#?}", self.name, self.said);
                }
            }
        }
    }

    fn say(&mut self, command: &str) {
        writeln!(self.input, "{command}").expect("the actor reads");
    }

    /// Gives a command and waits until it is done.
    fn tell(&mut self, command: &str) {
        self.say(command);
        let line = self.expect(&format!("that {command:?} is done"), |line| {
            line["command"] == command
                && (line["type"] == "command_done" || line["type"] == "error")
        });
        assert_eq!(line["type"], "command_done", "{}: {command}: {line}", self.name);
    }

    /// Who is in the room, by name.
    fn roster(&mut self) -> HashMap<String, Value> {
        self.tell("roster");
        let roster = self.expect("its roster", |line| line["type"] == "roster");
        let members = roster["members"].as_array().expect("members").iter();
        members.map(|m| (m["name"].as_str().expect("a name").to_owned(), m.clone())).collect()
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        // Only after a failure it is still there.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A scenario that is being played.
struct Stage<'a> {
    gateway: Gateway,
    ca: PathBuf,
    /// Who plays the parts, in turn.
    players: &'a [Player],
    actors: HashMap<String, Actor>,
}

impl Stage<'_> {
    fn step(&mut self, step: &Value) {
        let text = |key: &str| step[key].as_str().unwrap_or_else(|| panic!("no {key} in {step}"));
        let of = |key: &str| step.get(key).and_then(Value::as_str).map(str::to_owned);
        if let Some(name) = of("start") {
            self.start(&name, step);
        } else if let Some(name) = of("expect") {
            let wanted = &step["line"];
            self.actor(&name).expect(&wanted.to_string(), |line| fits(line, wanted));
        } else if let Some(name) = of("tell") {
            self.tell(&name, text("command"), step);
        } else if let Some(name) = of("roster") {
            self.roster(&name, &step["is"]);
        } else if let Some(name) = of("heard") {
            self.heard(&name, &step["call"]);
        } else if let Some(name) = of("end") {
            self.end(&name, &step["result"]);
        } else if let Some(fault) = step.get("gateway") {
            let mut fault = fault.clone();
            if let Some(name) = of("of") {
                fault["protocol"] = self.session(&name)["protocol"].clone();
            }
            self.gateway.fault(fault);
        } else {
            panic!("unknown step {step}");
        }
    }

    fn actor(&mut self, name: &str) -> &mut Actor {
        self.actors.get_mut(name).unwrap_or_else(|| panic!("{name} was not started"))
    }

    fn start(&mut self, name: &str, step: &Value) {
        let args = step["args"].as_array().expect("args").iter();
        let args: Vec<String> = args.map(|a| a.as_str().expect("text").to_owned()).collect();
        let player = &self.players[self.actors.len() % self.players.len()];
        let actor = Actor::start(name, player, &args, &self.gateway, &self.ca);
        self.actors.insert(name.to_owned(), actor);
    }

    fn tell(&mut self, name: &str, command: &str, step: &Value) {
        let actor = self.actor(name);
        if step["without_answer"] == true {
            actor.say(command);
        } else if let Some(refusal) = step.get("refused") {
            actor.say(command);
            let error = actor
                .expect(&format!("that {command:?} is refused"), |line| line["command"] == command);
            assert!(error["type"] == "error" && fits(&error, refusal), "{name}: {error}");
        } else {
            actor.tell(command);
        }
    }

    fn roster(&mut self, name: &str, wanted: &Value) {
        let wanted = wanted.as_object().expect("members by name");
        let actor = self.actor(name);
        let end = Instant::now() + DEADLINE;
        loop {
            let roster = actor.roster();
            let is_right = roster.len() == wanted.len()
                && wanted.iter().all(|(name, wanted)| {
                    roster.get(name).is_some_and(|member| fits(member, wanted))
                });
            if is_right {
                return;
            }
            assert!(Instant::now() < end, "{name} has {roster:#?}");
            std::thread::sleep(AGAIN);
        }
    }

    fn session(&self, name: &str) -> Value {
        let state = self.gateway.state();
        let sessions = state["sessions"].as_array().expect("sessions").iter();
        sessions.clone().find(|s| s["reference"] == name).expect("a session").clone()
    }

    fn heard(&mut self, name: &str, wanted: &Value) {
        let protocol = self.session(name)["protocol"].clone();
        let end = Instant::now() + DEADLINE;
        loop {
            let state = self.gateway.state();
            let calls = state["calls"].as_array().expect("calls").iter();
            let call = calls.rev().find(|call| call["protocol"] == protocol);
            if call.is_some_and(|call| fits(call, wanted)) {
                return;
            }
            assert!(Instant::now() < end, "{name}'s call is {call:?}, not {wanted}");
            std::thread::sleep(AGAIN);
        }
    }

    fn end(&mut self, name: &str, wanted: &Value) {
        let actor = self.actor(name);
        let result = actor.expect("its result", |line| line["type"] == "result");
        assert!(fits(&result, wanted), "{name}: {result} is not {wanted}");
        let status = actor.child.wait().expect("its end");
        assert_eq!(status.code().map(Value::from), Some(result["exit_code"].clone()), "{name}");
    }
}

/// Plays one scenario.
fn play(scenario: &Value, name: &str, players: &[Player], dialect: Dialect) {
    let gateway = Gateway::start(GatewayConfig { dialect, ..GatewayConfig::default() });
    let gateway = gateway.expect("a gateway");
    let ca = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("scenario-{}-{name}-{dialect:?}.pem", std::process::id()));
    std::fs::write(&ca, gateway.ca_pem()).expect("the CA's file");
    let mut stage = Stage { gateway, ca, players, actors: HashMap::new() };
    for step in scenario["steps"].as_array().expect("steps") {
        stage.step(step);
    }
    assert!(stage.actors.values_mut().all(|a| matches!(a.child.try_wait(), Ok(Some(_)))));
    assert_eq!(stage.gateway.state()["violations"], json!([]));
    let _ = std::fs::remove_file(&stage.ca);
}

/// All scenarios, by name.
fn scenarios() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let files = std::fs::read_dir(folder).expect("the folder").map(|f| f.expect("a file").path());
    let mut scenarios: Vec<(String, Value)> = files
        .filter(|file| file.extension().is_some_and(|e| e == "json"))
        .map(|file| {
            let text = std::fs::read_to_string(&file).expect("a text");
            let value = serde_json::from_str(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            (file.file_stem().expect("a name").to_string_lossy().into_owned(), value)
        })
        .collect();
    scenarios.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(scenarios.len() >= 6, "scenarios are missing");
    scenarios
}

/// All scenarios with these players in both dialects; every failure is told.
fn play_all(language: &str, players: &[Player]) -> Vec<String> {
    let mut failures = Vec::new();
    for (name, scenario) in scenarios() {
        for dialect in [Dialect::FreeSwitch, Dialect::Browser] {
            let played = std::panic::catch_unwind(|| play(&scenario, &name, players, dialect));
            let outcome = if played.is_ok() { "ok" } else { "FAILED" };
            println!("{language} {name} {dialect:?}: {outcome}");
            record(language, &name, dialect, played.is_ok());
            if played.is_err() {
                failures.push(format!("{language} {name} {dialect:?}"));
            }
        }
    }
    failures
}

/// With `SW_RECORD_SCENARIOS` set, writes to `tests/scenarios/played.txt` who played which version
/// of a scenario; `docs/features.md` is made of it.
fn record(language: &str, name: &str, dialect: Dialect, is_played: bool) {
    if std::env::var_os("SW_RECORD_SCENARIOS").is_none() {
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).expect("the scenario");
    // FNV-1a: a number that changes with the text.
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let fingerprint = text.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    let (file, entry) = (folder.join("played.txt"), format!("{language} {name} {dialect:?} "));
    let before = std::fs::read_to_string(&file).unwrap_or_default();
    let others = before.lines().filter(|line| !line.starts_with(&entry)).map(str::to_owned);
    let mut lines: Vec<String> = others.collect();
    if is_played {
        lines.push(format!("{entry}{fingerprint:016x}"));
    }
    lines.sort();
    std::fs::write(&file, lines.join("\n") + "\n").expect("the record");
}

#[test]
fn the_softphone_plays_every_scenario() {
    assert_eq!(play_all("rust", &[softphone()]), Vec::<String>::new());
}

#[test]
#[ignore = "needs the programs of the other languages in SW_SCENARIO_ACTORS"]
fn every_language_plays_every_scenario_alone_and_together() {
    let actors = std::env::var("SW_SCENARIO_ACTORS").expect("SW_SCENARIO_ACTORS");
    let mut players = vec![("rust".to_owned(), softphone())];
    for actor in actors.split(';').filter(|actor| !actor.is_empty()) {
        let (language, command) = actor.split_once('=').expect("LANGUAGE=COMMAND");
        let command = command.split_whitespace().map(str::to_owned).collect();
        players.push((language.to_owned(), command));
    }
    assert!(players.len() > 1, "no other language in SW_SCENARIO_ACTORS");
    let mut failures = Vec::new();
    for (language, player) in &players[1..] {
        failures.extend(play_all(language, std::slice::from_ref(player)));
    }
    let all: Vec<Player> = players.into_iter().map(|(_, player)| player).collect();
    failures.extend(play_all("all", &all));
    assert_eq!(failures, Vec::<String>::new());
}
