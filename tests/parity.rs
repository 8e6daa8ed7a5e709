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

const OBJECTS: [Object; 10] = [
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
        ],
        c_prefix: "sw_call_",
        python: ("call.py", "Call"),
    },
    Object {
        name: "WavRecorder",
        files: &["src/media/file.rs"],
        c_prefix: "sw_wav_recorder_",
        python: ("call.py", "WavRecorder"),
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
];

/// Not in the C interface: events come to an observer that is given when the object is made, a C
/// program keeps the handles of its calls itself, reads lists by pages, and dials an address by
/// its `dial_string`.
const NOT_IN_C: [(&str, &str); 8] = [
    ("Client", "events"),
    ("Client", "calls"),
    ("Client", "all_addresses"),
    ("Client", "all_conversations"),
    ("Client", "all_messages"),
    ("Client", "dial_address"),
    ("Call", "events"),
    ("AudioDevices", "events"),
];

/// In the core alone: a host is called by the devices' own threads, where no other language can run.
const ONLY_IN_RUST: [(&str, &str); 1] = [("AudioDevices", "of_host")];

/// Only in the generated interface: the bridge from it to the C interface.
const ONLY_IN_BIND: [(&str, &str); 1] = [("Call", "native_handle")];

/// Written otherwise in Python: a class is called to make an object.
const OTHERWISE_IN_PYTHON: [(&str, &str); 3] =
    [("Client", "new"), ("HostCall", "new"), ("AudioProcessor", "new")];

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

/// The public methods of a class in a Python source, from its line to the next class.
fn python_methods(source: &str, class: &str) -> BTreeSet<String> {
    let start = format!("class {class}:");
    source
        .lines()
        .skip_while(|line| *line != start)
        .skip(1)
        .take_while(|line| !line.starts_with("class "))
        .filter_map(|line| {
            let line = line.strip_prefix("    ")?;
            let name = line.strip_prefix("async ").unwrap_or(line).strip_prefix("def ")?;
            name.split('(').next().filter(|name| !name.starts_with('_')).map(str::to_owned)
        })
        .collect()
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

fn bind_sources() -> String {
    [
        "client",
        "call",
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
    ]
    .map(|file| read(&format!("src/bind/{file}.rs")))
    .concat()
}

#[test]
fn the_generated_interface_has_every_method_and_no_other() {
    let bind = bind_sources();
    for Object { name, files, .. } in OBJECTS {
        let core = core_methods(name, files);
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
            let function = format!(" {c_prefix}{method}(");
            assert!(header.contains(&function), "signalwire.h has no{function}");
        }
    }
}

#[test]
fn the_python_package_has_every_method_and_no_other() {
    for Object { name, files, python: (module, class), .. } in OBJECTS {
        let core = without(&core_methods(name, files), name, &OTHERWISE_IN_PYTHON);
        let mut python = python_methods(
            &read(&format!("bindings/python/src/signalwire_client/{module}")),
            class,
        );
        // The asynchronous iterator over a sink is Python's own.
        python.remove("audio");
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
