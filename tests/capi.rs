//! The C interface as C programs see it: `tests/capi/*.c`, compiled, linked with the shared
//! library, run against the gateway, and again under valgrind where that is installed.

use serde_json::{json, Value};
use signalwire_gateway::{secrets, Gateway, GatewayConfig};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// `target/debug` or `target/release`, whichever this test was built in.
fn target() -> PathBuf {
    let exe = std::env::current_exe().expect("the path of this test");
    exe.ancestors().nth(2).expect("target/<profile>/deps/<test>").to_owned()
}

fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let show = |bytes| String::from_utf8_lossy(bytes).into_owned();
    for part in [&output.stdout, &output.stderr] {
        assert!(!show(part).contains(secrets::MARK), "a secret in the program's output");
    }
    assert!(
        output.status.success(),
        "{:?}: {}\n{}{}",
        command.get_program(),
        output.status,
        show(&output.stdout),
        show(&output.stderr)
    );
    output
}

/// Builds the shared library once; gives the directory that holds it.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let target = target();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(ROOT).args([
            "rustc",
            "--quiet",
            "--lib",
            "--features",
            "capi,rest-api,audio-processing,video-codecs",
        ]);
        cargo
            .args(["--crate-type", "cdylib,staticlib", "--target-dir"])
            .arg(target.parent().expect("target"));
        if target.ends_with("release") {
            cargo.arg("--release");
        }
        succeed(&mut cargo);
        target
    })
}

fn compiler() -> Command {
    let mut cc = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
    cc.args(["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g"]);
    cc.arg("-I").arg(Path::new(ROOT).join("include"));
    cc
}

fn cpp_compiler() -> Command {
    let mut cxx = Command::new(std::env::var_os("CXX").unwrap_or_else(|| "g++".into()));
    cxx.args(["-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g"]);
    cxx.arg("-I").arg(Path::new(ROOT).join("include"));
    cxx
}

/// Compiles a C or C++ file and gives the program.
fn compile(source: &str) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let library = library();
    let stem = Path::new(source).file_stem().expect("a file name").to_owned();
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(stem).with_extension("capi");
    let mut cc = if source.ends_with(".cpp") { cpp_compiler() } else { compiler() };
    cc.arg(Path::new(ROOT).join(source)).arg("-o").arg(&program);
    cc.arg("-L").arg(library).args(["-lsignalwire_client", "-lm", "-ldl", "-pthread"]);
    cc.arg(format!("-Wl,-rpath,{}", library.display()));
    succeed(&mut cc);
    program
}

/// A gateway and what a program must know of it.
struct Service {
    gateway: Gateway,
    ca_file: PathBuf,
}

impl Service {
    fn start(name: &str) -> Self {
        let config = GatewayConfig {
            accept_transfer: true,
            agent_chunk: Duration::from_millis(100),
            ..GatewayConfig::default()
        };
        let gateway = Gateway::start(config).expect("the gateway");
        let ca_file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-ca.pem"));
        std::fs::write(&ca_file, gateway.ca_pem()).expect("the CA file");
        Self { gateway, ca_file }
    }

    fn settings(&self, command: &mut Command) {
        let mint = |seconds| self.gateway.mint_token("alice@example.com", seconds, None);
        command
            .env("SW_WS_URL", self.gateway.ws_url())
            .env("SW_HTTP_URL", self.gateway.http_url())
            .env("SW_CA_FILE", &self.ca_file)
            .env("SW_PROJECT", self.gateway.project())
            .env("SW_API_TOKEN", self.gateway.api_token())
            .env("SW_TOKEN", mint(7200))
            .env("SW_EXPIRED_TOKEN", mint(-60))
            .env("SW_OTHER_TOKEN", self.gateway.mint_token("bob@example.com", 7200, None))
            .env("SW_WAV_FILE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("capi-tone.wav"))
            .env("SW_CLIP_FILE", Path::new(ROOT).join("tests/data/clip.ivf"))
            .env("SW_RECORDING", self.ca_file.with_extension("wav"));
    }
}

/// Lets somebody join the room of a call that sends the digit 1, talk at 2 and leave at 3.
fn visit(service: &Service, is_over: &AtomicBool) {
    let mut done = 0;
    let mut visitor = Value::Null;
    while !is_over.load(Ordering::Acquire) {
        let digits = || {
            let state = service.gateway.state();
            let calls = state["calls"].as_array().cloned().unwrap_or_default();
            let moved = calls.iter().find(|call| call["address"] == "/public/moved");
            moved.and_then(|call| call["digits"].as_str()).unwrap_or_default().to_owned()
        };
        let goes_on = |_: &Value| digits().len() > done || is_over.load(Ordering::Acquire);
        assert!(service.gateway.wait_for(goes_on, Duration::from_secs(180)), "no digit came");
        let fault = match digits().get(done..done + 1) {
            Some("1") => json!({"fault": "member_joins", "name": "fay"}),
            Some("2") => json!({"fault": "member_talks", "member_id": visitor}),
            Some("3") => {
                json!({"fault": "member_leaves", "member_id": visitor, "reason": "went away"})
            }
            _ => return,
        };
        let applied = service.gateway.fault(fault);
        if let Some(id) = applied["members"].get(0) {
            visitor = id.clone();
        }
        done += 1;
    }
}

/// Runs a program while somebody visits its room.
fn succeed_with_visitor(service: &Service, command: &mut Command) {
    succeed_beside(command, |is_over| visit(service, is_over));
}

/// Runs a program while `other` runs, which is told when the program is over.
fn succeed_beside(command: &mut Command, other: impl Fn(&AtomicBool) + Sync) -> Output {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| other(&is_over));
        let output = command.output();
        is_over.store(true, Ordering::Release);
        let output = output.expect("the program");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{}: {text}", output.status);
        output
    })
}

/// Makes the network of the only call as its digits ask for: 1 loses packets, 2 does not, 3 is
/// dead for the present path.
fn spoil(service: &Service, is_over: &AtomicBool) {
    for (digits, fault) in [
        ("1", json!({"fault": "impair_media", "loss": 0.25})),
        ("12", json!({"fault": "impair_media"})),
        ("123", json!({"fault": "drop_media", "until_restart": true})),
    ] {
        let asked = |state: &Value| {
            state["calls"][0]["digits"] == digits || is_over.load(Ordering::Acquire)
        };
        assert!(service.gateway.wait_for(asked, Duration::from_secs(180)), "no {digits} came");
        if is_over.load(Ordering::Acquire) {
            return;
        }
        service.gateway.fault(fault);
    }
}

fn has_valgrind() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    *FOUND.get_or_init(|| Command::new("valgrind").arg("--version").output().is_ok())
}

/// Memcheck: wrong reads and writes, use after free, definite leaks. Undefined values are looked
/// for only without encryption: valgrind takes the results of ring's vector code for undefined,
/// and with them everything that was ever decrypted.
fn valgrind(program: &Path, is_encrypting: bool) -> Command {
    let mut command = Command::new("valgrind");
    if is_encrypting {
        command.arg("--undef-value-errors=no");
    }
    command.args(["--quiet", "--error-exitcode=99", "--leak-check=full"]);
    command.args(["--errors-for-leak-kinds=definite", "--show-leak-kinds=definite"]);
    command.args(["--fair-sched=try", "--num-callers=30"]);
    command.arg(program);
    command
}

/// Runs a C test against a gateway of its own; gives the program.
fn run_natively(name: &str) -> PathBuf {
    write_tone();
    let program = compile(&format!("tests/capi/{name}.c"));
    let service = Service::start(name);
    let mut native = Command::new(&program);
    service.settings(&mut native);
    succeed(&mut native);
    program
}

/// Runs a C test natively and, where it is installed, under valgrind.
fn run(name: &str) {
    let program = run_natively(name);
    if has_valgrind() && std::env::var_os("SW_NO_VALGRIND").is_none() {
        let service = Service::start(&format!("{name}-valgrind"));
        let mut checked = valgrind(&program, name != "handles");
        service.settings(&mut checked);
        succeed(&mut checked);
    }
}

/// A second of 440 Hz for the programs that play a file.
fn write_tone() {
    static WRITTEN: OnceLock<()> = OnceLock::new();
    WRITTEN.get_or_init(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("capi-tone.wav");
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 16_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut file = hound::WavWriter::create(path, spec).expect("the tone's file");
        for i in 0..16_000 {
            let phase = f64::from(i) * 440.0 / 16_000.0 * std::f64::consts::TAU;
            file.write_sample((phase.sin() * 10_000.0) as i16).expect("the tone");
        }
        file.finalize().expect("the tone");
    });
}

#[test]
fn handles() {
    run("handles");
}

#[test]
fn call() {
    run("call");
}

#[test]
fn room() {
    let program = compile("tests/capi/room.c");
    let service = Service::start("room");
    let mut native = Command::new(&program);
    service.settings(&mut native);
    succeed_with_visitor(&service, &mut native);
    // The one that the program commits to see the refusal.
    let unknown = json!(["call.layout.set: layout is not known"]);
    assert_eq!(service.gateway.state()["violations"], unknown);
    if has_valgrind() && std::env::var_os("SW_NO_VALGRIND").is_none() {
        let service = Service::start("room-valgrind");
        let mut checked = valgrind(&program, true);
        service.settings(&mut checked);
        succeed_with_visitor(&service, &mut checked);
    }
}

#[test]
fn incoming() {
    run("incoming");
}

#[test]
fn video() {
    run("video");
}

/// With one codec under valgrind, which is slow with the loops of both.
#[test]
fn pictures() {
    let program = run_natively("pictures");
    if has_valgrind() && std::env::var_os("SW_NO_VALGRIND").is_none() {
        let service = Service::start("pictures-valgrind");
        let mut checked = valgrind(&program, true);
        service.settings(&mut checked);
        succeed(checked.env("SW_ONE_CODEC", "1"));
    }
}

/// The C++ headers with pictures, which the installed library of their other test is built without.
#[test]
fn pictures_in_cpp_under_the_address_sanitizer() {
    let library = library();
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures-cpp.capi");
    let mut cxx = Command::new(std::env::var_os("CXX").unwrap_or_else(|| "c++".into()));
    cxx.args(["-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g"]);
    cxx.args(["-fsanitize=address", "-fno-omit-frame-pointer"]);
    cxx.arg("-I").arg(Path::new(ROOT).join("include"));
    cxx.arg(Path::new(ROOT).join("tests/cpp/pictures.cpp")).arg("-o").arg(&program);
    cxx.arg("-L").arg(library).args(["-lsignalwire_client", "-pthread"]);
    cxx.arg(format!("-Wl,-rpath,{}", library.display()));
    succeed(&mut cxx);
    let service = Service::start("pictures-cpp");
    let mut checked = Command::new(&program);
    service.settings(&mut checked);
    succeed(&mut checked);
}

/// Loss, a dead path, and the death of the process.
#[test]
fn survival() {
    let program = compile("tests/capi/survival.c");
    let service = Service::start("survival");
    let mut dying = Command::new(&program);
    service.settings(&mut dying);
    let token = service.gateway.mint_token("alice@example.com", 7200, None);
    dying.env("SW_TOKEN", &token);
    let output = succeed_beside(&mut dying, |is_over| spoil(&service, is_over));
    let record = String::from_utf8(output.stdout).expect("UTF-8");
    let mut next = Command::new(&program);
    service.settings(&mut next);
    succeed(next.env("SW_TOKEN", &token).env("SW_RESUME_FROM", record));
    let calls = &service.gateway.state()["calls"];
    assert_eq!(calls.as_array().map(Vec::len), Some(1), "{calls:#}");
    assert_eq!((&calls[0]["digits"], &calls[0]["reattaches"]), (&json!("12309"), &json!(1)));
    assert_eq!(calls[0]["ended_by"], "client");
}

#[test]
fn messages() {
    run("messages");
}

#[test]
fn credentials() {
    run("credentials");
}

/// Without valgrind, which takes minutes for the primes of a key in an unoptimised library.
#[test]
fn rest_api() {
    run_natively("rest_api");
}

#[test]
fn null() {
    run("null");
}

#[test]
fn refused() {
    run("refused");
}

#[test]
fn reentrancy() {
    run("reentrancy");
}

#[test]
fn devices() {
    run("devices");
}

#[test]
fn lifetime() {
    run("lifetime");
}

#[test]
fn fork() {
    run_natively("fork");
}

/// The example calls, plays and records, and its exit code tells how it went.
/// Runs `process.c` in one of its ways, or the same in C++; gives its exit code, its output and its
/// errors.
fn end_of_process(program: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let service = Service::start(&format!("process-{}", arguments[0]));
    // Ended after a time that none needs.
    let mut command = Command::new("timeout");
    command.args(["--verbose", "120"]).arg(program).args(arguments);
    service.settings(&mut command);
    let output = command.output().expect("the program");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_end_of_a_process_with_a_call_up_is_clean() {
    let program = compile("tests/capi/process.c");
    for (way, code) in [("exit", 3), ("return", 0)] {
        let ended = end_of_process(&program, &[way]);
        assert_eq!(ended, (Some(code), "heard\n".into(), String::new()), "{way}");
    }
}

#[test]
fn callbacks_that_never_return_hold_up_neither_the_others_nor_the_end() {
    let program = compile("tests/capi/process.c");
    for (way, said) in [("sink", "stuck\nhung up\nshut down\n"), ("observer", "stuck\nshut down\n")]
    {
        let ended = end_of_process(&program, &[way]);
        assert_eq!(ended, (Some(0), said.into(), String::new()), "{way}");
    }
}

#[test]
fn children_leave_their_parent_s_call_alone() {
    let ended = end_of_process(&compile("tests/capi/process.c"), &["fork"]);
    let said = "children ended\nparent ended\n";
    assert_eq!(ended, (Some(0), said.into(), String::new()));
}

#[test]
fn two_copies_of_the_library_in_one_process() {
    let program = compile("tests/capi/process.c");
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("libanother_copy.so");
    std::fs::copy(library().join("libsignalwire_client.so"), &copy).expect("a copy");
    let ended = end_of_process(&program, &["copies", &copy.to_string_lossy()]);
    let said = "both heard\none ended alone\n";
    assert_eq!(ended, (Some(0), said.into(), String::new()));
}

#[test]
fn what_cpp_programs_do_wrong_is_refused_or_ends_as_it_is_told() {
    let program = compile("tests/cpp/misuse.cpp");
    for (way, code, said) in [
        ("ended", 0, "refused\n"),
        ("throw", 7, "throws\nterminated\n"),
        ("stuck", 0, "stuck\nshut down\n"),
        ("static", 0, "heard\n"),
    ] {
        let ended = end_of_process(&program, &[way]);
        assert_eq!(ended, (Some(code), said.into(), String::new()), "{way}");
    }
}

#[test]
fn the_dial_example() {
    write_tone();
    let program = compile("examples/c/dial.c");
    let service = Service::start("dial");
    let dial = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        service.settings(&mut command);
        let output = command.args(arguments).output().expect("the example");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).expect("UTF-8"))
    };
    let heard = service.ca_file.with_extension("heard.wav");
    let tone = Path::new(env!("CARGO_TARGET_TMPDIR")).join("capi-tone.wav");
    let (tone, record) = (tone.to_str().expect("UTF-8"), heard.to_str().expect("UTF-8"));
    let (code, text) = dial(&["/public/echo", "--play", tone, "--record", record]);
    assert_eq!(code, Some(0), "{text}");
    for part in ["alice@example.com", "call: answered", "packets sent", "NORMAL_CLEARING"] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    let recording = hound::WavReader::open(&heard).expect("the recording");
    assert!(recording.duration() > 48_000 / 2, "{} samples recorded", recording.duration());
    let (code, text) = dial(&["/public/reject"]);
    assert!(code == Some(1) && text.contains("SW_ERR_CALL_FAILED"), "{text}");
    assert_eq!(dial(&[]).0, Some(2));
}

/// The table of NULLs and the header name the same functions.
#[test]
fn the_table_of_nulls_is_complete() {
    let read = |path: &str| std::fs::read_to_string(Path::new(ROOT).join(path)).expect(path);
    let (header, table) = (read("include/signalwire.h"), read("tests/capi/null.c"));
    let declarations = header.split("extern \"C\" {").nth(1).expect("the functions");
    let mut count = 0;
    for line in declarations.lines().filter(|line| !line.starts_with([' ', '/', '}', '#'])) {
        let Some((before, _)) = line.split_once('(') else { continue };
        let name = before.rsplit([' ', '*']).next().expect("a name");
        assert!(table.contains(&format!("{name}(")), "tests/capi/null.c lacks {name}");
        count += 1;
    }
    assert!(count > 40, "only {count} functions found in the header");
}

#[test]
fn the_header_alone_is_valid_c11_and_cpp17() {
    let header = Path::new(ROOT).join("include/signalwire.h");
    succeed(compiler().args(["-fsyntax-only", "-x", "c"]).arg(&header));
    let mut cxx = cpp_compiler();
    cxx.arg("-fsyntax-only");
    succeed(cxx.args(["-x", "c++"]).arg(&header));
}
