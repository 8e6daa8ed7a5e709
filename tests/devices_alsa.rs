//! The machine's own devices, as ALSA makes them of named pipes: this file's other ends are the
//! cables. One test, since ALSA reads its configuration once in a process.
#![cfg(all(target_os = "linux", feature = "devices"))]

mod common;

use common::*;
use signalwire_client::{
    AudioDeviceEvent, AudioDeviceKind, AudioDevices, ErrorKind, LoudspeakerOptions,
    MicrophoneOptions,
};
use signalwire_gateway::Dialect;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What ALSA's `null` device behind the pipes is opened as: 48 kHz, stereo, float.
const BLOCK_BYTES: usize = 480 * 2 * 4;

struct Cables {
    folder: PathBuf,
    is_plugged: Arc<AtomicBool>,
    heard: Arc<Mutex<Vec<i16>>>,
    threads: Vec<JoinHandle<()>>,
}

fn make_pipe(path: &Path) -> File {
    let made = Command::new("mkfifo").arg(path).status().expect("mkfifo of coreutils");
    assert!(made.success());
    // For both ways, so that opening does not wait for ALSA and ALSA's does not wait for this.
    OpenOptions::new().read(true).write(true).open(path).expect("a pipe")
}

impl Cables {
    fn plug_in() -> Self {
        let folder =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("alsa-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (mut mic, mut out) = (make_pipe(&folder.join("mic")), make_pipe(&folder.join("out")));
        let config = format!(
            "pcm.nothing {{ type null }}\n\
             pcm.desk {{\n type file\n slave.pcm \"nothing\"\n file \"/dev/null\"\n\
             infile \"{0}/mic\"\n format \"raw\"\n\
             hint {{ show on\n description \"Desk Microphone\"\n ioid \"Input\" }} }}\n\
             pcm.box {{\n type file\n slave.pcm \"nothing\"\n file \"{0}/out\"\n format \"raw\"\n\
             hint {{ show on\n description \"Box Speaker\"\n ioid \"Output\" }} }}\n\
             pcm.!default {{ type asym\n playback.pcm \"box\"\n capture.pcm \"desk\" }}\n",
            folder.display()
        );
        let file = folder.join("asound.conf");
        std::fs::write(&file, config).unwrap();
        // No other thread of this process reads the environment yet.
        std::env::set_var("ALSA_CONFIG_PATH", &file);
        let is_plugged = Arc::new(AtomicBool::new(true));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let speaking = std::thread::spawn({
            let is_plugged = is_plugged.clone();
            move || {
                let tone: Vec<u8> = (0..480)
                    .map(|i| (f64::from(i) / 48_000.0 * 500.0 * std::f64::consts::TAU).sin() * 0.3)
                    .flat_map(|s| [s as f32, s as f32])
                    .flat_map(f32::to_le_bytes)
                    .collect();
                clock(&is_plugged, || mic.write_all(&tone).is_ok());
            }
        });
        let listening = std::thread::spawn({
            let (is_plugged, heard) = (is_plugged.clone(), heard.clone());
            move || {
                let mut block = [0; BLOCK_BYTES];
                clock(&is_plugged, || {
                    let is_there = out.read_exact(&mut block).is_ok();
                    let samples = block.chunks_exact(8).map(|frame| {
                        let left = f32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]]);
                        (left * 32_767.0) as i16
                    });
                    heard.lock().unwrap().extend(samples);
                    is_there
                });
            }
        });
        Cables { folder, is_plugged, heard, threads: vec![speaking, listening] }
    }

    /// Both pipes are closed, so that ALSA's ends do not wait for them.
    fn unplug(&mut self) {
        self.is_plugged.store(false, Ordering::SeqCst);
        self.threads.drain(..).for_each(|thread| thread.join().unwrap());
    }
}

impl Drop for Cables {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The devices' clock: 10 ms at a time.
fn clock(is_plugged: &AtomicBool, mut block: impl FnMut() -> bool) {
    let begun = Instant::now();
    for blocks in 1.. {
        if !is_plugged.load(Ordering::SeqCst) || !block() {
            return;
        }
        let due = begun + Duration::from_millis(10 * blocks);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

#[test]
fn a_call_speaks_and_hears_through_alsa() {
    let mut cables = Cables::plug_in();
    let devices = AudioDevices::system().unwrap();
    let list = devices.list().unwrap();
    let find = |id: &str, kind| list.iter().find(|d| d.id == id && d.kind == kind);
    let desk = find("desk", AudioDeviceKind::Input).unwrap_or_else(|| panic!("{list:#?}"));
    assert!(desk.name.contains("Desk Microphone"), "{desk:?}");
    assert!(desk.sample_rates_hz.contains(&48_000), "{desk:?}");
    assert!(find("box", AudioDeviceKind::Output).is_some(), "{list:#?}");
    let default = find("default", AudioDeviceKind::Input);
    assert!(default.is_some_and(|default| default.is_default), "{list:#?}");
    let missing = MicrophoneOptions { device: Some("none such".into()), ..Default::default() };
    let error = devices.open_microphone(missing).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");

    let events = devices.events().unwrap();
    let by_name = LoudspeakerOptions { device: Some("box speaker".into()) };
    let loudspeaker = devices.open_loudspeaker(by_name).unwrap();
    let microphone = devices.open_microphone(MicrophoneOptions::default()).unwrap();
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/echo").await;
        call.connect_microphone(&microphone).unwrap();
        call.connect_loudspeaker(&loudspeaker).unwrap();
        let begun = Instant::now();
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        let last = || {
            let heard = cables.heard.lock().unwrap();
            heard[heard.len().saturating_sub(9_600)..].to_vec()
        };
        while purity(&last(), 500.0, MONO_48K) < 0.8 || energy(&last()) < 1e6 {
            pace.tick().await;
            let facts = (microphone.stats(), loudspeaker.stats(), energy(&last()));
            assert!(begun.elapsed() < DEADLINE, "{facts:?}");
        }
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
    let used = (loudspeaker.device(), microphone.device());
    let names = (used.0.map(|device| device.id), used.1.map(|device| device.id));
    assert_eq!(names, (Some("box".to_owned()), Some("default".to_owned())));
    assert!(matches!(events.try_next(), Some(AudioDeviceEvent::Opened { .. })));
    // First, or the devices wait for ever for who would take what they write.
    cables.unplug();
}
