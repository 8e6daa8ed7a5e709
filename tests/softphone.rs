//! The example `softphone` as a program: arguments, output, commands and exit codes.
//!
//! `cargo test` builds the examples; with `--test softphone` alone they must have been built
//! before (`cargo build --examples`).

mod common;
mod login;

use common::{assert_clean, gateway, listener, DEADLINE};
use serde_json::{json, Value};
use signalwire_gateway::{Dialect, Gateway};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{channel, Receiver};
use std::thread::JoinHandle;
use std::time::Instant;

/// Every setting that the softphone takes from the environment.
const VARIABLES: [&str; 11] = [
    "SW_TOKEN",
    "SW_PROJECT",
    "SW_API_TOKEN",
    "SW_SPACE_URL",
    "SW_WS_URL",
    "SW_HTTP_URL",
    "SW_CA_FILE",
    "SW_LOGIN_FILE",
    "SW_CLIENT_ID",
    "SW_AUTHORIZE_URL",
    "SW_TOKEN_URL",
];

/// A folder of this test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("softphone-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("a path in UTF-8").to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A built example.
fn example(name: &str) -> Command {
    let test = std::env::current_exe().expect("the path of this test");
    let target = test.parent().and_then(Path::parent).expect("the folder of the profile");
    let path = target.join("examples").join(name).with_extension(std::env::consts::EXE_EXTENSION);
    assert!(path.exists(), "{} is missing; run `cargo build --examples`", path.display());
    let mut command = Command::new(path);
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    // Nobody is logged in.
    command.env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"));
    // Nobody is heard: a configuration of ALSA without devices.
    command.env("ALSA_CONFIG_PATH", "/dev/null");
    command.env_remove("RUST_LOG").env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// A softphone for this gateway with a fresh token, and that token.
fn softphone(gateway: &Gateway, folder: &Folder) -> (Command, String) {
    let ca = folder.file("ca.pem");
    std::fs::write(&ca, gateway.ca_pem()).expect("the CA's file");
    let token = gateway.mint_token("tester", 3600, None);
    let mut command = example("softphone");
    command
        .env("SW_TOKEN", &token)
        .env("SW_WS_URL", gateway.ws_url())
        .env("SW_HTTP_URL", gateway.http_url())
        .env("SW_CA_FILE", ca);
    (command, token)
}

/// Runs a program that needs no attendance; a hang is a failure.
fn output(command: &mut Command) -> Output {
    let child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let (report, done) = channel();
    std::thread::spawn(move || report.send(child.wait_with_output()));
    let output = done.recv_timeout(DEADLINE).expect("the program hangs").expect("its output");
    for part in [&output.stdout, &output.stderr] {
        assert_eq!(listener::secrets_in(&String::from_utf8_lossy(part)), None, "in the output");
    }
    output
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

fn objects(output: &Output) -> Vec<Value> {
    text(&output.stdout).lines().map(object).collect()
}

fn object(line: &str) -> Value {
    let value: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
    assert!(value["type"].is_string() && value["time_ms"].is_number(), "{line}");
    value
}

/// The first of this type.
fn find<'a>(objects: &'a [Value], name: &str) -> &'a Value {
    objects.iter().find(|o| o["type"] == name).unwrap_or_else(|| panic!("no {name}: {objects:#?}"))
}

fn make_melody(folder: &Folder) -> String {
    let file = folder.file("melody.wav");
    let made = output(example("melody").args(["make", &file]));
    assert!(made.status.success(), "{}", text(&made.stderr));
    file
}

fn assert_melody(recording: &str) {
    let heard = output(example("melody").args(["check", recording]));
    assert!(heard.status.success(), "{}", text(&heard.stderr));
}

/// A softphone in a call with `--json`, as a script has it.
struct Script {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    stderr: Option<JoinHandle<String>>,
    seen: Vec<Value>,
}

impl Script {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the softphone starts");
        let (sender, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().expect("standard output"));
        std::thread::spawn(move || {
            for line in stdout.lines() {
                let _ = sender.send(line.expect("a line in UTF-8"));
            }
        });
        let mut errors = child.stderr.take().expect("standard error");
        let stderr = std::thread::spawn(move || {
            let mut text = String::new();
            errors.read_to_string(&mut text).expect("text in UTF-8");
            text
        });
        let stdin = child.stdin.take();
        Self { child, stdin, lines, stderr: Some(stderr), seen: Vec::new() }
    }

    fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("standard input is open");
        writeln!(stdin, "{line}").and_then(|()| stdin.flush()).expect("the softphone reads");
    }

    /// Waits for an object of this type whose member `key` is `value`.
    fn wait_for(&mut self, name: &str, key: &str, value: &str) -> Value {
        let limit = Instant::now() + DEADLINE;
        loop {
            let left = limit.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).unwrap_or_else(|_| {
                panic!("no {name} with {key} {value}; seen: {:#?}", self.seen);
            });
            let object = object(&line);
            self.seen.push(object.clone());
            if object["type"] == name && (key.is_empty() || object[key] == value) {
                return object;
            }
        }
    }

    /// Waits for an object that fits, among those since `forget`.
    fn sees(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        let limit = Instant::now() + DEADLINE;
        loop {
            if let Some(found) = self.seen.iter().find(|object| fits(object)) {
                return found.clone();
            }
            let left = limit.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).unwrap_or_else(|_| {
                panic!("nothing fits; seen: {:#?}", self.seen);
            });
            self.seen.push(object(&line));
        }
    }

    fn forget(&mut self) {
        self.seen.clear();
    }

    /// Waits until the call can do everything.
    fn wait_for_media(&mut self) {
        self.wait_for("joined", "", "");
        self.wait_for("media_connected", "", "");
    }

    /// A command and its success.
    fn run(&mut self, command: &str) {
        self.say(command);
        self.wait_for("command_done", "command", command);
    }

    /// Waits for the end: the exit code, the last object, and what was on standard error.
    fn finish(mut self) -> (Option<i32>, Value, String) {
        let result = self.wait_for("result", "", "");
        // Its standard output is closed when it exits.
        assert!(self.lines.recv_timeout(DEADLINE).is_err(), "something follows the result");
        let status = self.child.wait().expect("the exit code");
        let stderr = self.stderr.take().expect("not yet read").join().expect("standard error");
        assert_eq!(result["exit_code"].as_i64(), status.code().map(i64::from));
        for text in [&stderr, &format!("{:?} {result}", self.seen)] {
            assert_eq!(listener::secrets_in(text), None, "in the output");
        }
        (status.code(), result, stderr)
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn info_and_addresses_for_scripts_and_people() {
    let folder = Folder::new("info");
    let gateway = gateway(Dialect::FreeSwitch);
    let (_, token) = softphone(&gateway, &folder);
    let run = |args: &[&str]| {
        let (mut command, _) = softphone(&gateway, &folder);
        let output = output(command.env("SW_TOKEN", &token).args(args));
        assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
        assert!(!text(&output.stdout).contains(&token));
        output
    };
    let info = objects(&run(&["--json", "info"]));
    let own = &find(&info, "subscriber")["addresses"][0];
    assert_eq!(own["dial"], "/private/tester?channel=audio");
    assert_eq!(find(&info, "result")["outcome"], "ok");
    assert!(text(&run(&["info"]).stdout).contains("/private/tester"));

    let addresses = objects(&run(&["addresses", "--json", "--type", "room", "--name", "lounge"]));
    assert_eq!(find(&addresses, "address")["dial"], "/public/lounge?channel=video");
    assert_eq!(find(&addresses, "addresses")["count"], 1);
    assert!(text(&run(&["addresses"]).stdout).contains("/public/echo?channel=audio"));
    assert_clean(&gateway);
}

#[test]
fn a_melody_comes_back_and_the_result_has_the_numbers() {
    let folder = Folder::new("melody");
    let gateway = gateway(Dialect::Browser);
    let (melody, recording) = (make_melody(&folder), folder.file("recording.wav"));
    let (mut command, _) = softphone(&gateway, &folder);
    command.args(["--json", "dial", "/public/echo", "--play", &melody, "--record", &recording]);
    let output = output(&mut command);
    assert!(output.status.success(), "{}", text(&output.stdout));

    let objects = objects(&output);
    assert_eq!(find(&objects, "play_finished")["is_complete"], true);
    let result = objects.last().expect("a result");
    assert_eq!((&result["type"], &result["outcome"]), (&"result".into(), &"answered".into()));
    assert_eq!(result["end"]["kind"], "local_hangup");
    assert_eq!(result["stats"]["codec"], "opus");
    assert!(result["stats"]["packets_received"].as_u64() > Some(150), "{result:#}");
    for time in
        ["offer_ready", "created", "answered", "media_connected", "first_packet", "first_audio"]
    {
        assert!(result["setup_times"][format!("{time}_ms")].is_number(), "{time}: {result:#}");
    }
    assert_melody(&recording);
    assert_clean(&gateway);
}

#[test]
fn a_person_sees_states_a_meter_and_a_summary() {
    let folder = Folder::new("person");
    let gateway = gateway(Dialect::FreeSwitch);
    let (mut command, token) = softphone(&gateway, &folder);
    command.args(["dial", "/public/tone", "--codec", "pcmu", "--duration", "1.5"]);
    let output = output(&mut command);
    let shown = text(&output.stdout);
    assert!(output.status.success(), "{shown}");
    for part in [
        "answered",
        "codec PCMU",
        "● active",
        "Summary",
        "first packet",
        "first audio",
        "host 127.0.0.1",
    ] {
        assert!(shown.contains(part), "{part} is missing: {shown}");
    }
    assert!(!shown.contains('\x1b') && !shown.contains(&token), "{shown}");
}

#[cfg(feature = "devices")]
#[test]
fn a_machine_without_devices_is_told_and_calls_all_the_same() {
    let folder = Folder::new("devices");
    let gateway = gateway(Dialect::FreeSwitch);
    let list = output(example("softphone").args(["--json", "devices"]));
    assert!(list.status.success(), "{}", text(&list.stderr));
    assert_eq!(find(&objects(&list), "devices")["devices"], serde_json::json!([]));
    let shown = output(example("softphone").arg("devices"));
    assert!(text(&shown.stdout).contains("no microphone and no loudspeaker"), "{shown:?}");

    let (mut command, _) = softphone(&gateway, &folder);
    let called = output(command.args(["--json", "dial", "/public/tone", "--duration", "0.5"]));
    assert!(called.status.success(), "{}", text(&called.stdout));
    let message = find(&objects(&called), "no_device")["message"].clone();
    assert!(message.as_str().is_some_and(|text| text.contains("connect one")), "{message}");

    // Who names a device wants that one.
    let (mut command, _) = softphone(&gateway, &folder);
    let refused = output(command.args(["--json", "dial", "/public/tone", "--input", "headset"]));
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stdout));
    let result = find(&objects(&refused), "result").clone();
    let message = result["error"]["message"].as_str().expect("a text").to_owned();
    assert!(message.contains("no microphone is called \"headset\""), "{message}");
    assert_eq!(
        gateway.state()["calls"].as_array().map(Vec::len),
        Some(1),
        "nobody else was called"
    );
    assert_clean(&gateway);
}

#[test]
fn commands_on_standard_input() {
    let folder = Folder::new("commands");
    let gateway = gateway(Dialect::FreeSwitch);
    let melody = make_melody(&folder);
    let (mut command, _) = softphone(&gateway, &folder);
    let mut script =
        Script::start(command.args(["--json", "dial", "/public/echo", "--digits", "1w"]));
    script.say("mute now");
    script.wait_for("error", "command", "mute now");
    script.wait_for_media();
    script.wait_for("command_done", "command", "--digits");

    script.run("mute");
    assert_eq!(gateway.state()["calls"][0]["audio_muted"], true);
    script.run("unmute");
    assert_eq!(gateway.state()["calls"][0]["audio_muted"], false);
    script.run("dtmf 23#");
    assert_eq!(gateway.state()["calls"][0]["digits"], "1w23#");
    script.run("hold");
    script.run("unhold");
    let held = |o: &Value| o["type"] == "state" && o["state"] == "held";
    assert!(script.seen.iter().any(held));
    script.say("stats");
    assert_eq!(script.wait_for("stats", "", "")["codec"], "opus");

    script.say("dance");
    script.wait_for("error", "command", "dance");
    script.say("dtmf x");
    assert_eq!(script.wait_for("error", "command", "dtmf x")["kind"], "invalid_argument");
    script.say("play nothing.wav");
    assert_eq!(script.wait_for("error", "command", "play")["kind"], "media");
    script.run(&format!("play {melody}"));
    script.wait_for("play_finished", "file", &melody);

    script.say("hangup");
    let (code, result, _) = script.finish();
    assert_eq!((code, &result["end"]["kind"]), (Some(0), &"local_hangup".into()));
    assert_clean(&gateway);
}

#[test]
fn what_members_of_a_room_are_given_by_commands() {
    let folder = Folder::new("members");
    let gateway = gateway(Dialect::FreeSwitch);
    let (mut command, _) = softphone(&gateway, &folder);
    let mut script = Script::start(command.args(["--json", "dial", "/public/room"]));
    script.wait_for_media();
    script.run("roster");
    let roster = script.sees(|o| o["type"] == "roster");
    let me = roster["members"][0]["name"].as_str().expect("a name").to_owned();
    for (command, key, value) in [
        ("input-volume -7", "input_volume", json!(-7.0)),
        ("output-volume 50 ME", "output_volume", json!(50.0)),
        ("sensitivity 0", "input_sensitivity", json!(0.0)),
        ("hand up", "hand_raised", json!(true)),
        ("hand down ME", "hand_raised", json!(false)),
        ("deaf ME", "is_deaf", json!(true)),
        ("undeaf ME", "is_deaf", json!(false)),
        ("flags gain=off,echo=off", "auto_gain", json!(false)),
        ("flags noise=on all", "noise_suppression", json!(true)),
        ("camera off", "video_muted", json!(true)),
    ] {
        script.forget();
        script.run(&command.replace("ME", &me));
        script.sees(|o| o["type"] == "member_updated" && o[key] == value);
    }
    script.forget();
    script.run("position reserved-0");
    let layout = script.sees(|o| o["type"] == "layout_changed");
    let positions = layout["positions"].as_object().expect("positions").clone();
    assert_eq!(positions.values().collect::<Vec<_>>(), ["reserved-0"]);

    script.run("screen start");
    script.sees(|o| o["type"] == "member_joined" && o["kind"] == "screen");
    script.say("screen start");
    assert_eq!(script.wait_for("error", "command", "screen start")["kind"], "invalid_state");
    script.run("screen stop");
    script.sees(|o| o["type"] == "member_left" && o["kind"] == "screen");
    script.say("screen stop");
    assert_eq!(script.wait_for("error", "command", "screen stop")["kind"], "invalid_state");
    for nonsense in [
        "hand",
        "hand over",
        "camera",
        "flags",
        "flags echo",
        "flags echo=loud",
        "flags x=on",
        "position",
        "input-volume loud",
        "sensitivity",
        "screen",
        "end",
    ] {
        script.say(nonsense);
        assert_eq!(script.wait_for("error", "command", nonsense)["kind"], "usage");
    }
    script.run(&format!("end {me}"));
    let (code, result, _) = script.finish();
    assert_eq!((code, &result["end"]["kind"]), (Some(0), &"remote_hangup".into()));
    assert_clean(&gateway);
}

#[test]
fn the_end_of_standard_input_hangs_up_only_if_asked() {
    let folder = Folder::new("eof");
    let gateway = gateway(Dialect::FreeSwitch);
    for (address, option, kind) in [
        ("/public/bye", &[][..], "remote_hangup"),
        ("/public/echo", &["--hangup-on-eof"][..], "local_hangup"),
    ] {
        let (mut command, _) = softphone(&gateway, &folder);
        let mut script = Script::start(command.args(["--json", "dial", address]).args(option));
        script.wait_for_media();
        script.stdin = None;
        let (code, result, _) = script.finish();
        assert_eq!((code, &result["end"]["kind"]), (Some(0), &kind.into()), "{address}");
    }
    assert_clean(&gateway);
}

#[test]
fn every_outcome_has_its_exit_code() {
    let folder = Folder::new("outcomes");
    let gateway = gateway(Dialect::FreeSwitch);
    let nothing: &[&str] = &[];
    for (address, options, code, outcome) in [
        ("/public/bye", nothing, 0, "answered"),
        ("no address", nothing, 1, "usage"),
        ("/public/echo", &["--play", "missing.wav"], 1, "usage"),
        ("/public/reject", nothing, 4, "refused"),
        ("/public/nobody-by-this-name", nothing, 4, "refused"),
        ("/public/busy", nothing, 5, "busy"),
        ("/public/never", &["--ring-timeout", "0.3"], 6, "no_answer"),
    ] {
        let (mut command, _) = softphone(&gateway, &folder);
        let output = output(command.args(["--json", "dial", address]).args(options));
        let last = objects(&output).pop().expect("a result");
        assert_eq!(output.status.code(), Some(code), "{address} {options:?}: {last:#}");
        assert_eq!((&last["type"], &last["outcome"]), (&"result".into(), &outcome.into()));
    }
    assert_clean(&gateway);
}

#[test]
fn arguments_that_cannot_be_are_usage_errors() {
    let usage: [&[&str]; 7] = [
        &[],
        &["dial"],
        &["sing"],
        &["dial", "/public/echo", "--codec", "mp3"],
        &["dial", "/public/echo", "--duration", "-1"],
        &["--mint", "info"],
        &["info"],
    ];
    for args in usage {
        let output = output(example("softphone").args(args));
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(!output.stderr.is_empty(), "{args:?} must be told why");
    }
    let help = output(example("softphone").arg("--help"));
    assert!(help.status.success() && text(&help.stdout).contains("Exit codes"));
}

#[test]
fn refused_tokens_and_unreachable_hosts() {
    let folder = Folder::new("refused");
    let gateway = gateway(Dialect::FreeSwitch);
    let expired = gateway.mint_token("tester", -1, None);
    let closed = "wss://127.0.0.1:1";
    for (command_line, variable, value, code) in [
        (&["dial", "/public/echo"][..], "SW_TOKEN", "garbage", 2),
        (&["dial", "/public/echo"], "SW_TOKEN", &expired, 2),
        (&["info"], "SW_TOKEN", &expired, 2),
        (&["dial", "/public/echo"], "SW_WS_URL", closed, 3),
        (&["dial", "/public/echo"], "SW_CA_FILE", "", 3),
        (&["info"], "SW_HTTP_URL", "https://127.0.0.1:1", 3),
    ] {
        let (mut command, _) = softphone(&gateway, &folder);
        let output = output(command.arg("--json").args(command_line).env(variable, value));
        let last = objects(&output).pop().expect("a result");
        assert_eq!(output.status.code(), Some(code), "{command_line:?} {variable}: {last:#}");
        assert!(last["error"]["message"].is_string(), "{last:#}");
        assert!(!text(&output.stdout).contains(&expired));
    }
}

#[test]
fn a_token_is_minted_with_the_projects_credentials() {
    let folder = Folder::new("mint");
    let gateway = gateway(Dialect::FreeSwitch);
    for (api_token, code) in [(gateway.api_token(), 0), ("wrong", 2)] {
        let (mut command, _) = softphone(&gateway, &folder);
        command
            .env("SW_PROJECT", gateway.project())
            .env("SW_API_TOKEN", api_token)
            .env("SW_SPACE_URL", gateway.http_url())
            .env("RUST_LOG", "trace")
            .args(["--json", "--mint", "--reference", "carol@example.com", "info"]);
        let output = output(&mut command);
        assert_eq!(output.status.code(), Some(code), "{}", text(&output.stdout));
        assert!(!text(&output.stdout).contains(api_token) || code == 2);
        assert!(!text(&output.stderr).contains(gateway.api_token()));
        let last = &objects(&output);
        match code {
            0 => assert_eq!(find(last, "subscriber")["email"], "carol@example.com"),
            _ => assert_eq!(find(last, "result")["outcome"], "unauthorized"),
        }
    }
}

#[test]
fn the_token_is_in_no_output_however_much_is_logged() {
    let folder = Folder::new("secret");
    let gateway = gateway(Dialect::FreeSwitch);
    let (mut command, token) = softphone(&gateway, &folder);
    command.env("RUST_LOG", "trace").args(["--json", "--token", &token, "dial", "/public/echo"]);
    let mut script = Script::start(&mut command);
    script.wait_for_media();
    script.say("hangup");
    let seen = format!("{:?}", script.seen);
    let (code, result, log) = script.finish();
    assert_eq!(code, Some(0), "{result:#}");
    assert!(log.contains("ClientOptions"), "nothing is logged: {log}");
    for part in token.split('.').filter(|part| part.len() > 10).skip(1).chain([token.as_str()]) {
        assert!(!log.contains(part), "the token is in the log");
        assert!(!seen.contains(part) && !result.to_string().contains(part), "it is in the output");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_hangs_up() {
    let folder = Folder::new("ctrl-c");
    let gateway = gateway(Dialect::FreeSwitch);
    for (address, ready, code) in [("/public/echo", "active", 0), ("/public/never", "ringing", 8)] {
        let (mut command, _) = softphone(&gateway, &folder);
        let mut script = Script::start(command.args(["--json", "dial", address]));
        script.wait_for("state", "state", ready);
        let process = libc::pid_t::try_from(script.child.id()).expect("a process id");
        // SAFETY: kill takes no pointers; the child has not been waited for, so the id is its.
        assert_eq!(unsafe { libc::kill(process, libc::SIGINT) }, 0);
        let (status, result, _) = script.finish();
        assert_eq!((status, &result["end"]["kind"]), (Some(code), &"local_hangup".into()));
        let state = gateway.state();
        let calls = state["calls"].as_array().expect("calls");
        let call = calls.iter().find(|call| call["address"] == address).expect("the call");
        assert_eq!(
            (&call["state"], &call["cause_code"]),
            (&"ended".into(), &16.into()),
            "{call:#}"
        );
    }
    assert_clean(&gateway);
}

/// A softphone without a token, with this folder's login.
fn logged_out(gateway: &Gateway, folder: &Folder) -> Command {
    let (mut command, _) = softphone(gateway, folder);
    command
        .env_remove("SW_TOKEN")
        .env("SW_LOGIN_FILE", folder.file("state/login.json"))
        .env("SW_CLIENT_ID", "gateway-app")
        .env("SW_AUTHORIZE_URL", format!("{}/login/oauth/authorize", gateway.http_url()))
        .env("SW_TOKEN_URL", format!("{}/oauth/token", gateway.http_url()));
    command
}

/// Logs in as a person would, and gives how the softphone ended.
fn log_in(gateway: &Gateway, folder: &Folder, decision: &str) -> (Option<i32>, Value, String) {
    let mut command = logged_out(gateway, folder);
    command.env("RUST_LOG", "trace").args(["--json", "login", "--no-browser"]);
    let mut script = Script::start(&mut command);
    let page = script.wait_for("login_page", "", "");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let browser = login::Browser::new(gateway);
        let url = page["url"].as_str().expect("a URL");
        let callback = browser.log_in(url, decision).await;
        let (status, _, _) = browser.get(&callback).await;
        assert_eq!(status, if decision == "allow" { 200 } else { 400 });
    });
    script.finish()
}

#[test]
fn a_login_is_kept_for_its_owner_alone_and_renewed_at_the_next_start() {
    let folder = Folder::new("login");
    let gateway = gateway(Dialect::FreeSwitch);
    let before = output(logged_out(&gateway, &folder).args(["--json", "info"]));
    assert_eq!(before.status.code(), Some(1), "{}", text(&before.stdout));
    let (code, result, log) = log_in(&gateway, &folder, "allow");
    assert_eq!(code, Some(0), "{result:#} {log}");

    let file = folder.file("state/login.json");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &str| std::fs::metadata(path).expect("it is there").permissions().mode();
        assert_eq!(mode(&file) & 0o777, 0o600);
        assert_eq!(mode(&folder.file("state")) & 0o777, 0o700);
    }
    let tokens = |text: &str| -> Value { serde_json::from_str(text).expect("JSON") };
    let first = tokens(&std::fs::read_to_string(&file).expect("the login"))["tokens"].clone();
    for secret in ["access_token", "refresh_token"] {
        let secret = first[secret].as_str().expect("a token");
        assert!(!log.contains(secret) && !result.to_string().contains(secret));
    }

    let mut command = logged_out(&gateway, &folder);
    let dialed = output(command.args(["--json", "dial", "/public/echo", "--duration", "0.2"]));
    assert_eq!(dialed.status.code(), Some(0), "{}", text(&dialed.stdout));
    let state = gateway.state();
    assert_eq!(state["oauth"]["refreshes"], 0, "the first token was still good");
    gateway.fault(serde_json::json!({"fault": "expire_token"}));
    let info = output(logged_out(&gateway, &folder).args(["--json", "info"]));
    assert_eq!(find(&objects(&info), "subscriber")["email"], login::USER);
    assert_eq!(gateway.state()["oauth"]["refreshes"], 1);
    let second = tokens(&std::fs::read_to_string(&file).expect("the login"))["tokens"].clone();
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let rest = std::fs::read_dir(folder.file("state")).expect("the folder").count();
    assert_eq!(rest, 1, "nothing is left of the writing");

    let out = output(logged_out(&gateway, &folder).args(["--json", "logout"]));
    assert_eq!(out.status.code(), Some(0));
    assert!(!Path::new(&file).exists());
    assert_clean(&gateway);
}

#[test]
fn a_login_that_is_refused_keeps_nothing() {
    let folder = Folder::new("denied");
    let gateway = gateway(Dialect::FreeSwitch);
    let (code, result, _) = log_in(&gateway, &folder, "deny");
    assert_eq!((code, &result["outcome"]), (Some(2), &"unauthorized".into()), "{result:#}");
    assert!(!Path::new(&folder.file("state/login.json")).exists());
    let mut command = logged_out(&gateway, &folder);
    let slow = output(command.args(["--json", "login", "--no-browser", "--timeout", "0.05"]));
    assert_eq!(slow.status.code(), Some(8), "{}", text(&slow.stdout));
}
