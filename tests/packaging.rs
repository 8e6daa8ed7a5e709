//! The C library as a package: what `scripts/install.sh` installs, as projects outside this tree
//! find and link it, what the library exports, the promise about its binary interface
//! (`docs/abi.md`), and the C++ headers and the examples against the gateway.

#[cfg(feature = "oauth")]
mod login;

use serde_json::json;
use signalwire_gateway::{Gateway, GatewayConfig};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const STRICT: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];

/// A new folder for one test.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packaging").join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a folder");
    path
}

fn read(path: impl AsRef<Path>) -> String {
    let path = Path::new(ROOT).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs a command that has to succeed; gives what it wrote on standard output.
fn succeed(command: &mut Command) -> String {
    let output: Output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; scripts/setup.sh installs it"));
    let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (said, complained) = (show(&output.stdout), show(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{said}{complained}", output.status);
    said
}

/// Installs a debug build once; gives the prefix.
fn prefix() -> &'static Path {
    static PREFIX: OnceLock<PathBuf> = OnceLock::new();
    PREFIX.get_or_init(|| {
        let exe = std::env::current_exe().expect("the path of this test");
        let target = exe.ancestors().nth(3).expect("target/<profile>/deps/<test>");
        let prefix = folder("prefix");
        let mut install = Command::new("sh");
        install.current_dir(ROOT).arg("scripts/install.sh").arg(&prefix);
        succeed(install.env("PROFILE", "dev").env("CARGO_TARGET_DIR", target));
        prefix
    })
}

/// What pkg-config says of the installed library.
fn pkg_config(question: &[&str]) -> Vec<String> {
    let mut command = Command::new("pkg-config");
    command.env("PKG_CONFIG_PATH", prefix().join("lib/pkgconfig"));
    let said = succeed(command.args(question).arg("signalwire_client"));
    said.split_whitespace().map(str::to_owned).collect()
}

/// The functions that the header declares, with their declarations.
fn declarations() -> Vec<(String, String)> {
    let header = read("include/signalwire.h");
    let functions = header.split("extern \"C\" {").nth(1).expect("the functions");
    let code: Vec<&str> =
        functions.lines().filter(|line| !line.starts_with(['/', '}', '#'])).collect();
    let mut found = Vec::new();
    for declaration in code.join("\n").split(';').map(str::trim).filter(|text| !text.is_empty()) {
        let before = declaration.split_once('(').expect("a function").0;
        let name = before.rsplit([' ', '*']).next().expect("a name");
        found.push((name.to_owned(), declaration.to_owned()));
    }
    assert!(found.len() > 130, "only {} functions found in the header", found.len());
    found
}

#[test]
fn the_shared_library_exports_the_header_s_functions_under_their_version_and_nothing_else() {
    let library = prefix().join("lib/libsignalwire_client.so.0.1.0");
    let dynamic = succeed(Command::new("readelf").arg("-dW").arg(&library));
    assert!(dynamic.contains("soname: [libsignalwire_client.so.0]"), "{dynamic}");
    for link in ["libsignalwire_client.so", "libsignalwire_client.so.0"] {
        let target = prefix().join("lib").join(link).canonicalize().expect(link);
        assert_eq!(target, library.canonicalize().expect("the library"));
    }
    let symbols = succeed(Command::new("nm").args(["-D", "--defined-only"]).arg(&library));
    let exported: BTreeSet<&str> =
        symbols.lines().filter_map(|line| line.split(' ').nth(2)).collect();
    let mut wanted: BTreeSet<String> = declarations()
        .into_iter()
        .map(|(name, _)| format!("{name}@@SIGNALWIRE_CLIENT_0"))
        .collect();
    wanted.insert("SIGNALWIRE_CLIENT_0".to_owned());
    assert_eq!(exported, wanted.iter().map(String::as_str).collect());
}

#[test]
fn a_project_outside_the_tree_links_it_by_pkg_config_shared_and_static() {
    let here = folder("by-pkg-config");
    assert_eq!(pkg_config(&["--modversion"]), [env!("CARGO_PKG_VERSION")]);
    std::fs::copy(Path::new(ROOT).join("tests/consumer/main.c"), here.join("main.c")).unwrap();
    for compiler in ["gcc", "clang"] {
        let compile = |program: &str, libraries: Vec<String>| {
            let mut cc = Command::new(compiler);
            cc.current_dir(&here).arg("-std=c99").args(STRICT).args(pkg_config(&["--cflags"]));
            succeed(cc.args(["main.c", "-o", program]).args(libraries));
            here.join(program)
        };
        let shared = compile("shared", pkg_config(&["--libs"]));
        let folder = prefix().join("lib");
        let said = succeed(Command::new(shared).env("LD_LIBRARY_PATH", folder));
        assert_eq!(said.trim(), env!("CARGO_PKG_VERSION"), "{compiler}");
        if compiler != "gcc" {
            continue; // the linker is the same one, and the archive is large
        }
        let archive = prefix().join("lib/libsignalwire_client.a").display().to_string();
        let mut libraries = vec![archive];
        let needed = pkg_config(&["--static", "--libs-only-l"]);
        libraries.extend(needed.into_iter().filter(|flag| flag != "-lsignalwire_client"));
        let said = succeed(&mut Command::new(compile("static", libraries)));
        assert_eq!(said.trim(), env!("CARGO_PKG_VERSION"), "{compiler}, static");
    }
}

#[test]
fn a_project_outside_the_tree_links_it_by_cmake_shared_and_static() {
    let here = folder("by-cmake");
    for file in ["CMakeLists.txt", "main.c"] {
        let from = Path::new(ROOT).join("tests/consumer").join(file);
        std::fs::copy(from, here.join(file)).expect(file);
    }
    let build = here.join("build");
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(&here).arg("-B").arg(&build);
    succeed(configure.arg(format!("-DCMAKE_PREFIX_PATH={}", prefix().display())));
    succeed(Command::new("cmake").arg("--build").arg(&build).args(["--parallel", "2"]));
    for program in ["shared", "static"] {
        let said = succeed(&mut Command::new(build.join(program)));
        assert_eq!(said.trim(), env!("CARGO_PKG_VERSION"), "{program}");
    }
    // Another minor version is another interface.
    let list = read("tests/consumer/CMakeLists.txt").replace("Client 0.1 REQ", "Client 0.2 REQ");
    std::fs::write(here.join("CMakeLists.txt"), list).expect("the file");
    let mut refused = Command::new("cmake");
    refused.arg("-S").arg(&here).arg("-B").arg(folder("by-cmake-refused"));
    let output = refused.arg(format!("-DCMAKE_PREFIX_PATH={}", prefix().display())).output();
    assert!(!output.expect("cmake").status.success());
}

/// A library with debug information that defines the header's functions and mentions all its
/// types: the interface without the implementation.
fn interface(here: &Path) -> PathBuf {
    let mut source = "#include \"signalwire.h\"\n".to_owned();
    for (_, declaration) in declarations() {
        source += &format!("{declaration} {{ __builtin_trap(); }}\n");
    }
    for line in read("include/signalwire.h").lines() {
        if let Some(name) =
            line.strip_prefix("typedef enum ").and_then(|rest| rest.strip_suffix(" {"))
        {
            source += &format!("enum {name} abi_of_{name};\n");
        }
    }
    std::fs::write(here.join("interface.c"), source).expect("the source");
    let mut cc = Command::new("gcc");
    cc.current_dir(here).args(["-std=c99", "-g", "-O0", "-shared", "-fPIC", "-w", "-I"]);
    cc.arg(Path::new(ROOT).join("include"));
    succeed(cc.args(["interface.c", "-o", "interface.so"]));
    here.join("interface.so")
}

/// `SW_UPDATE_ABI=1` writes the dump anew: after a change that docs/abi.md allows.
#[test]
#[cfg_attr(not(target_arch = "x86_64"), ignore = "the stored interface is that of x86-64")]
fn the_binary_interface_is_the_stored_one() {
    let here = folder("abi");
    let library = interface(&here);
    let stored = Path::new(ROOT).join("docs/abi.abixml");
    if std::env::var_os("SW_UPDATE_ABI").is_some() {
        let mut dump = Command::new("abidw");
        dump.args(["--no-corpus-path", "--no-comp-dir-path", "--no-show-locs"]);
        succeed(dump.arg("--out-file").arg(&stored).arg(&library));
    }
    let mut compare = Command::new("abidiff");
    let output = compare.arg(&stored).arg(&library).output();
    let output = output.expect("abidiff; scripts/setup.sh installs it");
    assert!(
        output.status.success(),
        "the binary interface changed; see docs/abi.md, then SW_UPDATE_ABI=1:\n{}",
        String::from_utf8_lossy(&output.stdout)
    );
    // A field in the middle of a struct is noticed, so the comparison can fail.
    let other = folder("abi-changed");
    let source = std::fs::read_to_string(here.join("interface.c")).expect("the source");
    let header = read("include/signalwire.h");
    let changed = header.replacen("    const char *ws_url;\n", "    int x;\n", 1);
    assert_ne!(header, changed);
    std::fs::write(other.join("signalwire.h"), changed).expect("the header");
    std::fs::write(other.join("interface.c"), source).expect("the source");
    let mut cc = Command::new("gcc");
    cc.current_dir(&other).args(["-std=c99", "-g", "-O0", "-shared", "-fPIC", "-w", "-I."]);
    succeed(cc.args(["interface.c", "-o", "interface.so"]));
    let mut compare = Command::new("abidiff");
    let output = compare.arg(&stored).arg(other.join("interface.so")).output().expect("abidiff");
    assert!(!output.status.success());
}

/// What the C++ headers leave to C, by the beginnings of the names, and why.
const NOT_WRAPPED: [(&str, &str); 8] = [
    ("sw_waiter_", "an Operation waits by itself"),
    ("sw_rest_client_", "for backends, which have the project's secret; devices have not"),
    ("sw_audio_devices_", "the installed library has no devices: a program that has them uses C"),
    ("sw_microphone_", "as the devices"),
    ("sw_loudspeaker_", "as the devices"),
    ("sw_call_connect_", "as the devices"),
    ("sw_call_disconnect_", "as the devices"),
    ("sw_audio_processor_", "the installed library has no processing, which needs a newer Rust"),
];

#[test]
fn the_cpp_headers_wrap_every_function() {
    let files = [
        "signalwire.hpp",
        "signalwire_call.hpp",
        "signalwire_client.hpp",
        "signalwire_picture.hpp",
    ];
    let code: String = files
        .iter()
        .flat_map(|file| {
            read(format!("include/{file}")).lines().map(str::to_owned).collect::<Vec<_>>()
        })
        .map(|line| line.split("//").next().unwrap_or_default().to_owned() + "\n")
        .collect();
    let words: BTreeSet<&str> =
        code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    for (name, _) in declarations() {
        let is_left = NOT_WRAPPED.iter().any(|(beginning, _)| name.starts_with(beginning));
        assert_ne!(words.contains(name.as_str()), is_left, "{name}");
    }
}

/// The first values of the structs name every field: both languages warn about what is missing.
#[test]
fn the_first_values_are_complete() {
    let here = folder("first-values");
    let mut source = "#include \"signalwire.h\"\n".to_owned();
    let header = read("include/signalwire.h").replace("\\\n", "");
    for line in header.lines() {
        let Some((name, value)) =
            line.strip_prefix("#define ").and_then(|rest| rest.split_once("_INIT"))
        else {
            continue;
        };
        let kind = value.split_once("{sizeof(").and_then(|(_, rest)| rest.split_once(')'));
        let kind = kind.unwrap_or_else(|| panic!("{line}")).0;
        source += &format!("extern {kind} first_{kind};\n{kind} first_{kind} = {name}_INIT;\n");
    }
    assert!(source.matches("_INIT").count() > 20, "{source}");
    for (compiler, standard, file) in [("gcc", "c99", "values.c"), ("g++", "c++17", "values.cpp")] {
        std::fs::write(here.join(file), &source).expect("the source");
        let mut check = Command::new(compiler);
        check.arg(format!("-std={standard}")).args(STRICT).arg("-fsyntax-only");
        succeed(check.arg("-I").arg(Path::new(ROOT).join("include")).arg(here.join(file)));
    }
}

/// A gateway and what a program must know of it.
struct Service {
    gateway: Gateway,
    ca_file: PathBuf,
}

impl Service {
    fn start(program: &Path) -> Self {
        let gateway = Gateway::start(GatewayConfig::default()).expect("the gateway");
        let ca_file = program.with_extension("pem");
        std::fs::write(&ca_file, gateway.ca_pem()).expect("the CA file");
        Self { gateway, ca_file }
    }

    /// The program, which is ended after a time that none needs, and then says so.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("timeout");
        command
            .args(["--verbose", "90"])
            .arg(program)
            .env("SW_WS_URL", self.gateway.ws_url())
            .env("SW_HTTP_URL", self.gateway.http_url())
            .env("SW_CA_FILE", &self.ca_file)
            .env("SW_TOKEN", self.gateway.mint_token("alice@example.com", 7200, None))
            .env("LD_LIBRARY_PATH", prefix().join("lib"));
        command
    }
}

/// Runs a program against a gateway of its own; gives its exit code and what it wrote.
fn run(program: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let service = Service::start(program);
    let output = service.command(program).args(arguments).output().expect("the program");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert_eq!(service.gateway.state()["violations"], json!([]), "{text}");
    (output.status.code(), text)
}

fn compile_cpp(compiler: &str, source: &str, flags: &[&str]) -> PathBuf {
    let stem = Path::new(source).file_stem().expect("a file").to_string_lossy().into_owned();
    let program = folder(&format!("{stem}-{compiler}")).join(stem);
    let mut cxx = Command::new(compiler);
    cxx.arg("-std=c++17").args(STRICT).arg("-g").args(flags).args(pkg_config(&["--cflags"]));
    cxx.arg(Path::new(ROOT).join(source));
    succeed(cxx.arg("-o").arg(&program).args(pkg_config(&["--libs"])).arg("-pthread"));
    program
}

fn check_cpp(compiler: &str) {
    let sanitizers = ["-fsanitize=address", "-fno-omit-frame-pointer"];
    let program = compile_cpp(compiler, "tests/cpp/check.cpp", &sanitizers);
    let (code, text) = run(&program, &[]);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn cpp_by_gcc_under_the_address_sanitizer() {
    check_cpp("g++");
}

#[test]
fn cpp_by_clang_under_the_address_sanitizer() {
    check_cpp("clang++");
}

fn compile_c(source: &str) -> PathBuf {
    let stem = Path::new(source).file_stem().expect("a file").to_string_lossy().into_owned();
    let program = folder(&format!("{stem}-c")).join(stem);
    let mut cc = Command::new("gcc");
    cc.args(["-std=c99", "-g"]).args(STRICT).args(pkg_config(&["--cflags"]));
    cc.arg(Path::new(ROOT).join(source)).arg("-o").arg(&program);
    succeed(cc.args(pkg_config(&["--libs"])).arg("-lm"));
    program
}

/// Starts a program; gives it and the lines that it writes.
fn spawn(command: &mut Command) -> (Child, impl Iterator<Item = String>) {
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the program");
    let output = BufReader::new(child.stdout.take().expect("its output"));
    (child, output.lines().map(|line| line.expect("UTF-8")))
}

#[test]
fn the_cpp_dial_example() {
    let program = compile_cpp("g++", "examples/cpp/dial.cpp", &[]);
    let (code, text) = run(&program, &["/public/echo"]);
    assert!(code == Some(0) && text.contains("audio is up") && text.contains("ended: "), "{text}");
    let (code, text) = run(&program, &["/public/reject"]);
    assert!(code == Some(1) && text.contains("SW_ERR_CALL_FAILED"), "{text}");
    assert_eq!(run(&program, &[]).0, Some(2));
}

/// One program waits for a call and answers it, another one calls: two separate processes.
#[test]
fn the_answer_example_is_an_echo() {
    let (answer, dial) = (compile_c("examples/c/answer.c"), compile_c("examples/c/dial.c"));
    let service = Service::start(&answer);
    let (mut waiting, mut said) = spawn(&mut service.command(&answer));
    let first = said.next().expect("a line");
    let address = first.strip_prefix("reachable as ").expect("the own address");
    let heard = dial.with_extension("wav");
    let tone = dial.with_file_name("tone.wav");
    write_tone(&tone);
    let output = service
        .command(&dial)
        .args([address, "--play"])
        .arg(&tone)
        .arg("--record")
        .arg(&heard)
        .output()
        .expect("dial");
    let rest: Vec<String> = said.collect();
    let code = waiting.wait().expect("its end").code();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(code, Some(0), "{rest:?}");
    assert_eq!(rest.len(), 2, "{rest:?}");
    assert!(rest[0].starts_with("/private/") && rest[0].ends_with(" calls"), "{rest:?}");
    assert_eq!(rest[1], "the call is over");
    assert_loud(&heard);
}

/// A tenth of a second and more of what was recorded is loud.
fn assert_loud(recording: &Path) {
    let samples: Vec<i16> = hound::WavReader::open(recording)
        .expect("the recording")
        .into_samples()
        .collect::<Result<_, _>>()
        .expect("samples");
    let loud = samples.iter().filter(|sample| sample.unsigned_abs() > 3_000).count();
    assert!(loud > 4_800, "{loud} loud samples of {} came back", samples.len());
}

/// It answers one call after the other, and ends when it is told to.
#[test]
fn the_echo_bot_example_answers_every_call() {
    let (bot, dial) = (compile_c("examples/c/echo_bot.c"), compile_c("examples/c/dial.c"));
    let service = Service::start(&bot);
    let (mut running, mut said) = spawn(&mut service.command(&bot));
    let first = said.next().expect("a line");
    let address = first.strip_prefix("reachable as ").expect("the own address").to_owned();
    let tone = dial.with_file_name("tone-for-bot.wav");
    write_tone(&tone);
    for turn in ["first", "second"] {
        let heard = dial.with_file_name(format!("{turn}.wav"));
        let mut call = service.command(&dial);
        call.args([&address, "--play"]).arg(&tone).arg("--record").arg(&heard);
        succeed(&mut call);
        assert!(said.next().expect("a line").ends_with(" calls"));
        assert!(said.next().expect("a line").ends_with(" is over"));
        assert_loud(&heard);
    }
    let program = running.id().to_string();
    succeed(Command::new("kill").args(["-s", "TERM", &program]));
    assert_eq!(said.collect::<Vec<_>>(), ["going"]);
    assert_eq!(running.wait().expect("its end").code(), Some(0));
    assert_eq!(service.gateway.state()["violations"], json!([]));
}

/// What the gateway hears is the tone that was asked for.
#[test]
fn the_tone_example_is_heard() {
    let tone = compile_c("examples/c/tone.c");
    let service = Service::start(&tone);
    let mut command = service.command(&tone);
    let (mut running, mut said) = spawn(command.args(["/public/record", "3", "700"]));
    let is_heard = |state: &serde_json::Value| {
        let hertz = state["calls"][0]["frequency"].as_f64().unwrap_or(0.0);
        (hertz - 700.0).abs() < 15.0
    };
    assert!(service.gateway.wait_for(is_heard, Duration::from_secs(60)), "no tone of 700 Hz");
    let line = said.next().expect("a line");
    assert!(line.contains(" packets sent at -") && line.ends_with(" dBFS"), "{line}");
    assert_eq!(running.wait().expect("its end").code(), Some(0), "{line}");
    assert_eq!(service.gateway.state()["violations"], json!([]));
    let (code, text) = run(&tone, &["/public/busy"]);
    assert!(code == Some(1) && text.contains("SW_ERR_CALL_FAILED"), "{text}");
    assert_eq!(run(&tone, &[]).0, Some(2));
}

/// A person in a browser logs in, allows it, and comes back to the program.
#[cfg(feature = "oauth")]
#[test]
fn the_login_example_waits_for_the_browser() {
    let program = compile_c("examples/c/oauth_login.c");
    let service = Service::start(&program);
    let start = || {
        let mut command = service.command(&program);
        let at = |path: &str| format!("{}{path}", service.gateway.http_url());
        command.env("SW_CLIENT_ID", "gateway-app");
        command.env("SW_AUTHORIZE_URL", at("/login/oauth/authorize"));
        spawn(command.env("SW_TOKEN_URL", at("/oauth/token")))
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (decision, page, outcome) in [("allow", 200, 0), ("deny", 400, 1)] {
        let (mut running, mut said) = start();
        let line = said.next().expect("a line");
        let url = line.strip_prefix("open ").expect("the URL").to_owned();
        runtime.block_on(async {
            let browser = login::Browser::new(&service.gateway);
            let back = browser.log_in(&url, decision).await;
            assert!(back.starts_with("http://127.0.0.1:"), "{back}");
            assert_eq!(browser.get(&back).await.0, page);
        });
        let rest: Vec<String> = said.collect();
        assert_eq!(running.wait().expect("its end").code(), Some(outcome), "{rest:?}");
        let is_told = rest.iter().any(|line| line.starts_with("logged in: "));
        assert_eq!(is_told, outcome == 0, "{rest:?}");
        assert!(rest.iter().all(|line| !line.contains("eyJ")), "a token was printed");
    }
    assert_eq!(service.gateway.state()["violations"], json!([]));
}

#[test]
fn the_directory_example() {
    let (code, text) = run(&compile_c("examples/c/directory.c"), &[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("/public/echo") && text.lines().count() > 2, "{text}");
}

/// Five seconds of 440 Hz: the far device needs some of them to get ready after its answer.
fn write_tone(path: &Path) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = hound::WavWriter::create(path, spec).expect("the tone's file");
    for i in 0..5 * 16_000 {
        let phase = f64::from(i) * 440.0 / 16_000.0 * std::f64::consts::TAU;
        file.write_sample((phase.sin() * 10_000.0) as i16).expect("the tone");
    }
    file.finalize().expect("the tone");
}
