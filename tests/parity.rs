//! Every public method of the core is in every face: the C header, the generated languages, and
//! the Python package written by hand. What is missing on purpose is listed with its reason.

use std::collections::BTreeSet;
use std::path::Path;

/// The objects of the core, where their methods are, and what C and Python call them.
struct Object {
    name: &'static str,
    files: &'static [&'static str],
    c_prefix: &'static str,
    python: (&'static str, &'static str),
}

const OBJECTS: [Object; 17] = [
    Object {
        name: "Client",
        files: &[
            "src/client/mod.rs",
            "src/client/directory.rs",
            "src/client/messages.rs",
            "src/client/push.rs",
            "src/client/notification.rs",
            "src/client/diagnostics.rs",
        ],
        c_prefix: "sw_client_",
        python: ("client.py", "Client"),
    },
    Object {
        name: "Call",
        files: &[
            "src/call/mod.rs",
            "src/call/control.rs",
            "src/call/video.rs",
            "src/call/diagnostics.rs",
            "src/call/devices.rs",
            "src/call/pictures.rs",
        ],
        c_prefix: "sw_call_",
        python: ("call.py", "Call"),
    },
    Object {
        name: "Recorder",
        files: &["src/media/file.rs"],
        c_prefix: "sw_recorder_",
        python: ("recorder.py", "Recorder"),
    },
    Object {
        name: "Mixer",
        files: &["src/call/mixer.rs"],
        c_prefix: "sw_mixer_",
        python: ("mixer.py", "Mixer"),
    },
    Object {
        name: "OutgoingMessage",
        files: &["src/rest/outgoing.rs"],
        c_prefix: "sw_outgoing_message_",
        python: ("messages.py", "OutgoingMessage"),
    },
    Object {
        name: "ExpectedCall",
        files: &["src/call/expected.rs"],
        c_prefix: "sw_expected_call_",
        python: ("wake_up.py", "ExpectedCall"),
    },
    Object {
        name: "HostCall",
        files: &["src/host/mod.rs"],
        c_prefix: "sw_host_call_",
        python: ("wake_up.py", "HostCall"),
    },
    Object {
        name: "AudioDevices",
        files: &["src/media/device/list.rs"],
        c_prefix: "sw_audio_devices_",
        python: ("devices.py", "AudioDevices"),
    },
    Object {
        name: "Microphone",
        files: &["src/media/device/microphone.rs"],
        c_prefix: "sw_microphone_",
        python: ("devices.py", "Microphone"),
    },
    Object {
        name: "Loudspeaker",
        files: &["src/media/device/loudspeaker.rs"],
        c_prefix: "sw_loudspeaker_",
        python: ("devices.py", "Loudspeaker"),
    },
    Object {
        name: "AudioProcessor",
        files: &["src/media/processing.rs"],
        c_prefix: "sw_audio_processor_",
        python: ("devices.py", "AudioProcessor"),
    },
    Object {
        name: "Picture",
        files: &[
            "src/media/picture/picture.rs",
            "src/media/picture/convert.rs",
            "src/media/picture/scale.rs",
            "src/media/picture/png.rs",
        ],
        c_prefix: "sw_picture_",
        python: ("pictures.py", "Picture"),
    },
    Object {
        name: "TestCard",
        files: &["src/media/picture/test_card.rs"],
        c_prefix: "sw_test_card_",
        python: ("pictures.py", "TestCard"),
    },
    Object {
        name: "Credentials",
        files: &["src/auth/credentials.rs", "src/oauth/provider.rs", "src/rest/embed.rs"],
        c_prefix: "sw_credentials_",
        python: ("credentials.py", "Credentials"),
    },
    Object {
        name: "DeviceKey",
        files: &["src/auth/device_key.rs"],
        c_prefix: "sw_device_key_",
        python: ("credentials.py", "DeviceKey"),
    },
    Object {
        name: "OAuth",
        files: &["src/oauth/mod.rs", "src/oauth/loopback.rs"],
        c_prefix: "sw_oauth_",
        python: ("credentials.py", "OAuth"),
    },
    Object {
        name: "RestClient",
        files: &[
            "src/rest/admin/client.rs",
            "src/rest/admin/tokens.rs",
            "src/rest/admin/subscribers.rs",
            "src/rest/admin/resources.rs",
            "src/rest/admin/sip_credentials.rs",
        ],
        c_prefix: "sw_rest_client_",
        python: ("rest_api.py", "RestClient"),
    },
];

/// Not in the C interface: events come to an observer that is given when the object is made, a C
/// program keeps the handles of its calls itself, reads lists by pages, and dials an address by
/// its `dial_string`. `sw_picture_get_info` gives all that is known of a picture, and the test card
/// is no object. One token is an option of the client there, also for a client with a key.
const NOT_IN_C: [(&str, &str); 16] = [
    ("Client", "events"),
    ("Client", "calls"),
    ("Client", "all_addresses"),
    ("Client", "all_conversations"),
    ("Client", "all_messages"),
    ("Client", "dial_address"),
    ("Call", "events"),
    ("AudioDevices", "events"),
    ("Picture", "format"),
    ("Picture", "width"),
    ("Picture", "height"),
    ("Picture", "timestamp_us"),
    ("Picture", "rotation"),
    ("Picture", "plane"),
    ("TestCard", "new"),
    ("Credentials", "token"),
];

/// What C calls otherwise.
const OTHERWISE_IN_C: [(&str, &str, &str); 1] = [("DeviceKey", "to_pkcs8", "sw_device_key_pkcs8")];

/// In the core alone: a host is called by the devices' own threads, where no other language can run;
/// other languages take a picture's planes one by one; the token to begin with is an option of the
/// client elsewhere; and the lists of other languages read the next page by themselves.
const ONLY_IN_RUST: [(&str, &str); 7] = [
    ("AudioDevices", "of_host"),
    ("Picture", "data"),
    ("Credentials", "starting_with"),
    ("RestClient", "addresses_at"),
    ("RestClient", "resources_at"),
    ("RestClient", "sip_credentials_at"),
    ("RestClient", "subscribers_at"),
];

/// Only in the generated interface: the bridge from it to the C interface, and `Credentials::oauth`.
const ONLY_IN_BIND: [(&str, &str); 2] = [("Call", "native_handle"), ("OAuth", "credentials")];

/// Written otherwise in the generated interface: `OAuth.credentials`.
const OTHERWISE_IN_BIND: [(&str, &str); 1] = [("Credentials", "oauth")];

/// Written otherwise in Python: a class is called to make an object, credentials of a login are
/// made by `OAuth.credentials`, and `OAuth.login` is the whole login with a listener.
const OTHERWISE_IN_PYTHON: [(&str, &str); 10] = [
    ("Client", "new"),
    ("HostCall", "new"),
    ("Mixer", "new"),
    ("AudioProcessor", "new"),
    ("Picture", "new"),
    ("TestCard", "new"),
    ("OAuth", "new"),
    ("OAuth", "begin_loopback"),
    ("RestClient", "new"),
    ("Credentials", "oauth"),
];

/// Only in Python: the asynchronous iterators over sinks, and what stands for the core's otherwise.
const ONLY_IN_PYTHON: [(&str, &str); 4] =
    [("Call", "audio"), ("Call", "pictures"), ("OAuth", "credentials"), ("OAuth", "login")];

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The public methods in all inherent `impl` blocks of a type in a Rust source.
fn rust_methods(source: &str, name: &str) -> BTreeSet<String> {
    let start = [format!("impl {name} {{"), format!("impl<T> {name}<T> {{")];
    let mut methods = BTreeSet::new();
    let mut inside = false;
    for line in source.lines() {
        match line {
            _ if start.iter().any(|start| line == start) => inside = true,
            "}" => inside = false,
            _ if inside => methods.extend(public_function(line.strip_prefix("    "))),
            _ => {}
        }
    }
    assert!(!methods.is_empty(), "there is no public method of {name} in its source");
    methods
}

fn public_function(line: Option<&str>) -> Option<String> {
    let rest = line?.strip_prefix("pub ")?;
    let rest = rest.strip_prefix("async ").unwrap_or(rest).strip_prefix("fn ")?;
    Some(rest.split(['(', '<']).next()?.to_owned())
}

/// The public methods of a class in a Python source, with those of its bases in the same source.
fn python_methods(source: &str, class: &str) -> BTreeSet<String> {
    let mut methods = BTreeSet::new();
    let start = format!("class {class}");
    let body: Vec<&str> = source
        .lines()
        .skip_while(|line| {
            !line.strip_prefix(&start).is_some_and(|rest| rest.starts_with([':', '(']))
        })
        .collect();
    let Some((head, body)) = body.split_first() else { return methods };
    for base in bases(head) {
        methods.extend(python_methods(source, base));
    }
    methods.extend(body.iter().take_while(|line| !line.starts_with("class ")).filter_map(|line| {
        let line = line.strip_prefix("    ")?;
        let name = line.strip_prefix("async ").unwrap_or(line).strip_prefix("def ")?;
        name.split('(').next().filter(|name| !name.starts_with('_')).map(str::to_owned)
    }));
    methods
}

/// `A` and `B` of `class C(A[T, "U"], B):`.
fn bases(head: &str) -> Vec<&str> {
    let list = head.split_once('(').map_or("", |(_, list)| list.trim_end_matches("):"));
    let mut depth = 0;
    let outer = list.split(|c| {
        depth += i32::from(c == '[') - i32::from(c == ']');
        c == ',' && depth == 0
    });
    outer.map(|base| base.split('[').next().unwrap_or_default().trim()).collect()
}

#[test]
fn methods_of_bases_in_the_same_source_count() {
    let source = "\
class Base(Generic[T]):
    def stop(self) -> None: ...
    def _own(self) -> None: ...


class Other:
    def other(self) -> None: ...


class Both(Base[\"A, B\"], Other, Elsewhere):
    async def wait(self) -> None: ...


class BothOfThem:
    def nothing(self) -> None: ...
";
    let methods: Vec<String> = python_methods(source, "Both").into_iter().collect();
    assert_eq!(methods, ["other", "stop", "wait"]);
    assert!(python_methods(source, "Bot").is_empty() && bases("class A:") == [""]);
}

fn without(methods: &BTreeSet<String>, name: &str, list: &[(&str, &str)]) -> BTreeSet<String> {
    for (_, method) in list.iter().filter(|(owner, _)| *owner == name) {
        assert!(methods.contains(*method), "{name}::{method} is no exception any more");
    }
    let is_listed = |method: &String| list.contains(&(name, method.as_str()));
    methods.iter().filter(|method| !is_listed(method)).cloned().collect()
}

/// The public methods of an object that every face has to have.
fn core_methods(name: &str, files: &[&str]) -> BTreeSet<String> {
    let methods = rust_methods(&files.iter().map(|file| read(file)).collect::<String>(), name);
    without(&methods, name, &ONLY_IN_RUST)
}

/// What a method is called in C, if it is there.
fn c_name(object: &str, prefix: &str, method: &str) -> String {
    OTHERWISE_IN_C
        .iter()
        .find(|(of, core, _)| (*of, *core) == (object, method))
        .map_or_else(|| format!("{prefix}{method}"), |(_, _, name)| (*name).to_owned())
}

fn bind_sources() -> String {
    [
        "client",
        "call",
        "mixer",
        "control",
        "audio",
        "events",
        "native",
        "directory",
        "messages",
        "preflight",
        "push",
        "host",
        "video",
        "devices",
        "processing",
        "picture",
        "credentials",
        "device_key",
        "oauth",
        "rest_api",
    ]
    .map(|file| read(&format!("src/bind/{file}.rs")))
    .concat()
}

#[test]
fn the_generated_interface_has_every_method_and_no_other() {
    let bind = bind_sources();
    for Object { name, files, .. } in OBJECTS {
        let core = without(&core_methods(name, files), name, &OTHERWISE_IN_BIND);
        assert_eq!(core, without(&rust_methods(&bind, name), name, &ONLY_IN_BIND), "{name}");
    }
    let stream = rust_methods(&read("src/util/bus.rs"), "EventStream");
    for name in ["ClientEvents", "CallEvents", "AudioDeviceEvents"] {
        assert_eq!(stream, rust_methods(&bind, name), "{name}");
    }
}

#[test]
fn the_c_interface_has_every_method() {
    let header = read("include/signalwire.h");
    for Object { name, files, c_prefix, .. } in OBJECTS {
        for method in without(&core_methods(name, files), name, &NOT_IN_C) {
            let function = format!(" {}(", c_name(name, c_prefix, &method));
            assert!(header.contains(&function), "signalwire.h has no{function}");
        }
    }
}

#[test]
fn the_python_package_has_every_method_and_no_other() {
    for Object { name, files, python: (module, class), .. } in OBJECTS {
        let core = without(&core_methods(name, files), name, &OTHERWISE_IN_PYTHON);
        let source = read(&format!("bindings/python/src/signalwire_client/{module}"));
        let python = without(&python_methods(&source, class), name, &ONLY_IN_PYTHON);
        assert_eq!(core, python, "{name}");
    }
}

#[test]
fn every_kind_of_failure_has_an_exception_in_the_order_of_the_numbers() {
    let errors = read("src/error.rs");
    let kinds: Vec<String> = errors
        .lines()
        .skip_while(|line| !line.starts_with("pub enum ErrorKind"))
        .take_while(|line| *line != "}")
        .filter_map(|line| Some(line.trim().strip_suffix(',')?.split_once(" = ")?.0.to_owned()))
        .collect();
    let python = read("bindings/python/src/signalwire_client/errors.py");
    let exceptions: Vec<String> = python
        .lines()
        .skip_while(|line| !line.starts_with("BY_KIND"))
        .filter_map(|line| Some(line.strip_prefix("    \"")?.split_once("\": ")?.0.to_owned()))
        .collect();
    assert!(kinds.len() >= 22);
    assert_eq!(kinds, exceptions);
}

/// Fields that are secrets though their type does not say so.
const SECRET_FIELDS: [&str; 6] =
    ["token", "device_token", "push_notification_key", "resume_from", "password", "invite"];

/// By itself a record of the generated languages shows all its fields.
#[test]
fn records_with_secrets_have_a_description_without_them() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut with_secrets = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            for part in source.split("uniffi::Record)").skip(1) {
                let (head, fields) = part.split_once(" {\n").expect("a struct with fields");
                let fields = fields.split("\n}").next().unwrap_or_default();
                let is_secret = fields.lines().any(|line| {
                    let field = line.trim().strip_prefix("pub ").and_then(|l| l.split_once(": "));
                    let is_named = |name: &str| SECRET_FIELDS.contains(&name);
                    field.is_some_and(|(name, kind)| is_named(name) || kind.contains("Secret"))
                });
                if is_secret {
                    let name = head.rsplit(' ').next().unwrap_or_default().to_owned();
                    assert!(
                        head.starts_with(", uniffi::export(Debug, Display))]"),
                        "{name} in {} shows its secrets",
                        path.display()
                    );
                    with_secrets.push(name);
                }
            }
        }
    }
    assert!(with_secrets.len() >= 7, "{with_secrets:?}");
}

/// A method of the core and the faces that have it.
#[allow(dead_code, reason = "for docs/features.md, which tests/docs makes")]
pub struct Method {
    pub object: &'static str,
    pub name: String,
    /// Its name in C, if it has one there.
    pub c: Option<String>,
    /// Whether a class of the Python package has it under its own name.
    pub in_python: bool,
    /// Whether Kotlin and Swift are generated with it.
    pub is_generated: bool,
}

/// Every public method of the core, object by object.
#[allow(dead_code, reason = "for docs/features.md, which tests/docs makes")]
pub fn methods() -> Vec<Method> {
    let (header, bind, mut all) = (read("include/signalwire.h"), bind_sources(), Vec::new());
    for Object { name: object, files, c_prefix, python: (module, class) } in OBJECTS {
        let python = read(&format!("bindings/python/src/signalwire_client/{module}"));
        let (python, generated) = (python_methods(&python, class), rust_methods(&bind, object));
        for name in core_methods(object, files) {
            let c = c_name(object, c_prefix, &name);
            let c = header.contains(&format!(" {c}(")).then_some(c);
            let in_python =
                python.contains(&name) || OTHERWISE_IN_PYTHON.contains(&(object, name.as_str()));
            let is_generated =
                generated.contains(&name) || OTHERWISE_IN_BIND.contains(&(object, name.as_str()));
            all.push(Method { object, name, c, in_python, is_generated });
        }
    }
    all
}
