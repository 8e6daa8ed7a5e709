//! A tune as a WAV file, and an ear that recognises it in a recording.
//!
//! `melody make FILE` writes the beginning of «Frère Jacques». `melody check RECORDING` listens
//! for its notes (by the Goertzel algorithm) and succeeds if all of them are there, in order and
//! with nothing between them: that is how the demo and the tests know that audio went both ways.

use std::error::Error;
use std::f64::consts::TAU;
use std::process::ExitCode;

const RATE_HZ: u32 = 48_000;
const NOTE_MS: u32 = 250;
const LEVEL: f64 = 9_000.0;

/// Name and frequency of what can be heard; C5 to G5.
const NOTES: [(&str, f64); 5] =
    [("C", 523.25), ("D", 587.33), ("E", 659.26), ("F", 698.46), ("G", 783.99)];

/// Indices into [`NOTES`]; a rest is `None`.
const TUNE: [Option<usize>; 16] = [
    Some(0),
    Some(1),
    Some(2),
    Some(0),
    Some(0),
    Some(1),
    Some(2),
    Some(0),
    Some(2),
    Some(3),
    Some(4),
    None,
    Some(2),
    Some(3),
    Some(4),
    None,
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["make", file] => make(file),
        ["check", file] => check(file),
        _ => {
            eprintln!("usage: melody make FILE.wav | melody check RECORDING.wav");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("melody: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes the tune: sines that fade in and out, so that repeated notes stay apart.
fn make(file: &str) -> Result<String, Box<dyn Error>> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE_HZ,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(file, spec)?;
    let length = RATE_HZ * NOTE_MS / 1000;
    let fade = f64::from(RATE_HZ / 100);
    for note in TUNE {
        for n in 0..length {
            let value = note.map_or(0.0, |note| {
                let angle = TAU * NOTES[note].1 * f64::from(n) / f64::from(RATE_HZ);
                let edge = f64::from(n.min(length - n)) / fade;
                angle.sin() * edge.min(1.0) * LEVEL
            });
            writer.write_sample(value as i16)?;
        }
    }
    writer.finalize()?;
    Ok(format!("{file}: {} notes of {NOTE_MS} ms: {}", played().len(), names(&played())))
}

/// Succeeds if the recording holds the tune.
fn check(file: &str) -> Result<String, Box<dyn Error>> {
    let mut reader = hound::WavReader::open(file)?;
    let spec = reader.spec();
    let samples: Vec<f64> = reader
        .samples::<i16>()
        .step_by(spec.channels.into())
        .map(|sample| sample.map(f64::from))
        .collect::<Result<_, _>>()?;
    let heard = listen(&samples, spec.sample_rate);
    let notes: Vec<usize> = heard.iter().map(|run| run.note).collect();
    let expected = merged(&played());
    let found = notes.windows(expected.len()).position(|window| window == expected);
    match found {
        Some(at) => Ok(format!(
            "{file}: all {} notes found in order, from {:.2} s on: {}",
            played().len(),
            heard[at].starts_at,
            names(&played()),
        )),
        None => Err(format!(
            "{file} does not hold the tune.\n  expected {}\n  heard    {} in {:.2} s of sound",
            names(&expected),
            if notes.is_empty() { "nothing".to_owned() } else { names(&notes) },
            samples.len() as f64 / f64::from(spec.sample_rate),
        )
        .into()),
    }
}

/// One note that was held for a while.
struct Run {
    note: usize,
    starts_at: f64,
    windows: usize,
}

/// The notes that are held long enough, one after the other.
fn listen(samples: &[f64], rate_hz: u32) -> Vec<Run> {
    const HOP_S: f64 = 0.01;
    const WINDOW_S: f64 = 0.06;
    /// 100 ms; a note has 250 less its edges.
    const SHORTEST: usize = 10;
    let rate = f64::from(rate_hz);
    let (hop, length) = ((HOP_S * rate) as usize, (WINDOW_S * rate) as usize);
    let mut runs: Vec<Run> = Vec::new();
    for (n, window) in samples.windows(length.max(1)).step_by(hop.max(1)).enumerate() {
        let Some(note) = strongest(window, rate) else { continue };
        match runs.last_mut() {
            Some(run) if run.note == note => run.windows += 1,
            _ => runs.push(Run { note, starts_at: n as f64 * HOP_S, windows: 1 }),
        }
    }
    let mut held: Vec<Run> = Vec::new();
    for run in runs.into_iter().filter(|run| run.windows >= SHORTEST) {
        match held.last_mut() {
            Some(last) if last.note == run.note => last.windows += run.windows,
            _ => held.push(run),
        }
    }
    held
}

/// The note that has most of the window's energy, if there is one and it is loud enough.
fn strongest(window: &[f64], rate_hz: f64) -> Option<usize> {
    const QUIETEST: f64 = 300.0;
    let energy: f64 = window.iter().map(|sample| sample * sample).sum();
    if energy < QUIETEST * QUIETEST * window.len() as f64 {
        return None;
    }
    let share = |hz| 2.0 * goertzel(window, hz, rate_hz) / (energy * window.len() as f64);
    let shares = NOTES.iter().map(|(_, hz)| share(*hz)).enumerate();
    let (note, share) = shares.max_by(|a, b| a.1.total_cmp(&b.1))?;
    (share > 0.6).then_some(note)
}

/// The power of a signal at one frequency.
fn goertzel(samples: &[f64], hz: f64, rate_hz: f64) -> f64 {
    let coefficient = 2.0 * (TAU * hz / rate_hz).cos();
    let (mut last, mut before) = (0.0, 0.0);
    for sample in samples {
        let next = sample + coefficient * last - before;
        before = last;
        last = next;
    }
    last * last + before * before - coefficient * last * before
}

/// The tune without its rests.
fn played() -> Vec<usize> {
    TUNE.into_iter().flatten().collect()
}

/// A note that is repeated cannot be told from one that is held.
fn merged(notes: &[usize]) -> Vec<usize> {
    let mut notes = notes.to_vec();
    notes.dedup();
    notes
}

fn names(notes: &[usize]) -> String {
    notes.iter().map(|note| NOTES[*note].0).collect::<Vec<_>>().join(" ")
}
