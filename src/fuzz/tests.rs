//! The bodies on samples that were damaged, for a while: with one seed that is always the same, and
//! with another one each time, which a failure names.

use super::samples;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::panic::{catch_unwind, AssertUnwindSafe};

type Body = fn(&[u8]);

/// Numbers that overflow something.
const NUMBERS: [&str; 6] = ["-1", "0", "65536", "4294967296", "18446744073709551616", "1e999"];
/// Bytes that end, begin or overflow something.
const BYTES: [u8; 8] = [0, 1, 0x7f, 0x80, 0xfe, 0xff, b'"', b'\n'];

/// One change of a sample; `other` is another one of its kind.
fn damage(data: &mut Vec<u8>, other: &[u8], random: &mut StdRng) {
    let at = random.random_range(0..=data.len());
    let end = random.random_range(at..=data.len().min(at + 64));
    match random.random_range(0..9) {
        0 if at < data.len() => data[at] ^= 1 << random.random_range(0..8),
        1 if at < data.len() => data[at] = BYTES[random.random_range(0..BYTES.len())],
        2 => data.truncate(at),
        3 => drop(data.drain(at..end)),
        4 => {
            let copy = data[at..end].to_vec();
            drop(data.splice(at..at, copy));
        }
        5 => {
            let number = NUMBERS[random.random_range(0..NUMBERS.len())];
            drop(data.splice(at..end.min(at + 4), number.bytes()));
        }
        6 => {
            let from = random.random_range(0..=other.len());
            drop(data.splice(at..end, other[from..].iter().take(256).copied()));
        }
        7 => data[at..end].reverse(),
        _ => data.insert(at, random.random()),
    }
}

fn input(samples: &[Vec<u8>], random: &mut StdRng) -> Vec<u8> {
    let pick = |random: &mut StdRng| random.random_range(0..samples.len());
    let mut data = samples[pick(random)].clone();
    for _ in 0..random.random_range(0..8) {
        damage(&mut data, &samples[pick(random)], random);
    }
    data
}

/// `rounds` inputs with each seed; `SW_FUZZ_TIMES` of the environment multiplies them.
fn survives(name: &str, body: Body, samples: &[Vec<u8>], rounds: usize) {
    let times = std::env::var("SW_FUZZ_TIMES").ok().and_then(|times| times.parse().ok());
    let rounds = rounds * times.unwrap_or(1);
    samples.iter().for_each(|sample| body(sample));
    [&[][..], &[0; 64], &[0xff; 64]].into_iter().for_each(body);
    for seed in [20_260_101, rand::random()] {
        let mut random = StdRng::seed_from_u64(seed);
        for round in 0..rounds {
            let data = input(samples, &mut random);
            if catch_unwind(AssertUnwindSafe(|| body(&data))).is_err() {
                let shown = data.escape_ascii();
                panic!("{name}: seed {seed}, round {round}, the input is b\"{shown}\"");
            }
        }
    }
}

#[test]
fn descriptions() {
    survives("sdp", super::sdp, &samples::sdp(), 3_000);
}

#[test]
fn answers() {
    survives("answer", super::answer, &samples::answer(), 150);
}

#[test]
fn datagrams() {
    survives("datagrams", super::datagrams, &samples::datagrams(), 150);
}

#[test]
fn rtp_and_rtcp() {
    survives("rtp", super::rtp, &samples::rtp(), 400);
}

#[test]
fn audio_payloads() {
    survives("audio", super::audio, &samples::audio(), 300);
}

#[test]
fn video_packets() {
    survives("video", super::video, &samples::video(), 200);
}

#[test]
fn frames_of_the_session() {
    survives("frames", super::frames, &samples::frames(), 2_000);
}

#[cfg(feature = "push")]
#[test]
fn notifications() {
    survives("push", super::push, &samples::push(), 2_000);
}

#[test]
fn records_of_sessions() {
    survives("session_record", super::session_record, &samples::session_record(), 3_000);
}

#[test]
fn files() {
    survives("files", super::files, &samples::files(), 1_000);
}

/// The samples are no noise: each of them is read to its end.
#[test]
fn samples_are_sound() {
    for (n, sample) in samples::sdp().iter().enumerate() {
        let text = String::from_utf8(sample.clone()).expect("text");
        let remote = text.split('\0').next().expect("one");
        assert!(crate::proto::sdp::Description::parse(remote).is_ok(), "description {n}");
    }
    for sample in samples::frames() {
        let text = String::from_utf8(sample).expect("text");
        for line in text.lines() {
            assert!(crate::proto::jsonrpc::Frame::parse(line).is_some(), "{line}");
        }
    }
    assert!(samples::session_record()
        .iter()
        .any(|record| { crate::client::record::import(&String::from_utf8_lossy(record)).is_ok() }));
}

/// Every body has its fuzzer, and no fuzzer is without a body.
#[test]
fn the_fuzzers_are_complete() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).expect("the manifest");
    let here = std::fs::read_to_string(folder.join("../src/fuzz.rs")).expect("the bodies");
    let bodies: Vec<&str> = here
        .lines()
        .filter_map(|line| line.strip_prefix("pub fn ")?.split_once("(data: &[u8])"))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(bodies.len(), 10, "{bodies:?}");
    for name in &bodies {
        let path = format!("fuzz_targets/{name}.rs");
        let target = std::fs::read_to_string(folder.join(&path)).expect(&path);
        assert!(target.contains(&format!("fuzz::{name}(data)")), "{target}");
        assert!(manifest.contains(&format!("path = \"{path}\"")), "{path} is not in the manifest");
    }
    let files = std::fs::read_dir(folder.join("fuzz_targets")).expect("the folder");
    assert_eq!(files.count(), bodies.len());
}
