//! Devices that come and go, and microphones that go on.

use super::*;
use crate::error::ErrorKind;
use crate::media::port::AudioPort;
use crate::util::bus::EventStream;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use AudioDeviceKind::{Input, Output};

/// Longest wait for what must happen.
const DEADLINE: Duration = Duration::from_secs(20);

fn until(what: &str, mut is_true: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_true() {
        assert!(begun.elapsed() < DEADLINE, "{what}");
        std::thread::yield_now();
    }
}

fn desk() -> (VirtualDevices, AudioDevices) {
    let host = VirtualDevices::new();
    host.add("a", "Desk Microphone", Input, 48_000).unwrap();
    host.add("b", "Headset", Input, 44_100).unwrap();
    host.add("b", "Headset", Output, 44_100).unwrap();
    let devices = AudioDevices::of_host(Arc::new(host.clone())).unwrap();
    (host, devices)
}

/// A port as of a call whose media flow.
fn flowing() -> AudioPort {
    let port = AudioPort::new(1_000, Instant::now());
    port.facts().media_connected = Some(Instant::now());
    port
}

/// The next event in words.
fn next(events: &EventStream<AudioDeviceEvent>) -> String {
    let waited =
        crate::runtime::block_on(async { tokio::time::timeout(DEADLINE, events.next()).await });
    match waited.unwrap().expect("an event in time").expect("an event") {
        AudioDeviceEvent::Added { device } => format!("added {}", device.id),
        AudioDeviceEvent::Removed { device } => format!("removed {}", device.id),
        AudioDeviceEvent::DefaultChanged { device, .. } => {
            format!("default {}", device.map_or_else(|| "none".to_owned(), |device| device.id))
        }
        AudioDeviceEvent::Opened { device } => format!("opened {}", device.id),
        AudioDeviceEvent::Lost { device, reason } => format!("lost {}: {reason}", device.id),
    }
}

fn named(device: &str) -> MicrophoneOptions {
    MicrophoneOptions { device: Some(device.to_owned()), ..MicrophoneOptions::default() }
}

fn id(microphone: &Microphone) -> Option<String> {
    microphone.device().map(|device| device.id)
}

#[test]
fn the_list_has_names_kinds_defaults_and_rates() {
    let (_, devices) = desk();
    let list = devices.list().unwrap();
    let facts: Vec<_> = list
        .iter()
        .map(|d| (d.id.as_str(), d.kind, d.is_default, d.sample_rates_hz.as_slice()))
        .collect();
    let wanted: [(_, _, _, &[u32]); 3] = [
        ("a", Input, true, &[48_000]),
        ("b", Input, false, &[44_100]),
        ("b", Output, true, &[44_100]),
    ];
    assert_eq!(facts, wanted);
}

#[test]
fn a_microphone_of_any_rate_fills_the_calls_queue() {
    for rate_hz in [8_000, 11_025, 16_000, 44_100, 48_000, 96_000, 192_000] {
        let host = VirtualDevices::new();
        host.add("x", "Odd", Input, rate_hz).unwrap();
        let devices = AudioDevices::of_host(Arc::new(host.clone())).unwrap();
        let microphone = devices.open_microphone(MicrophoneOptions::default()).unwrap();
        let (flowing, early) = (flowing(), AudioPort::new(1_000, Instant::now()));
        microphone.connect(&flowing);
        microphone.connect(&flowing);
        microphone.connect(&early);
        let block = vec![8_000; rate_hz as usize / 20];
        assert_eq!(host.speak("x", &block), Ok(1));
        // 50 ms, of which the converter and the last unfinished frame keep some back.
        until("it is queued once", || (30..=51).contains(&flowing.queued_ms()));
        let stats = microphone.stats();
        assert!((49..=50).contains(&stats.captured_ms), "{rate_hz}: {stats:?}");
        assert_eq!(stats.dropped_ms, 0, "{rate_hz}");
        assert!((-13.0..-11.0).contains(&stats.level_dbfs), "{stats:?}");
        assert_eq!(early.queued_ms(), 0, "what is said before the media would come late");
        microphone.disconnect(&flowing);
        let before = flowing.queued_ms();
        host.speak("x", &block).unwrap();
        until("it is taken", || microphone.stats().captured_ms >= 98);
        assert_eq!(flowing.queued_ms(), before);
    }
}

#[test]
fn queues_are_bounded_and_what_is_dropped_is_counted() {
    let (host, devices) = desk();
    let microphone = devices.open_microphone(MicrophoneOptions::default()).unwrap();
    let port = flowing();
    microphone.connect(&port);
    host.speak("a", &vec![1; 48_000]).unwrap();
    assert!(microphone.stats().dropped_ms >= 800, "a block of a second leaves 200 ms");
    // Nobody takes from the call: its queue is emptied before it is as long as the microphone's.
    until("the call's queue is cut", || microphone.stats().dropped_ms >= 900);
    until("the rest is there", || port.queued_ms() > 0);
    assert!(port.queued_ms() <= 120, "{} ms", port.queued_ms());
    // Rates that no audio has are not believed.
    let before = microphone.stats().captured_ms;
    let feed =
        InputFeed::new(Arc::new(microphone::Capture::default()), feed::Loss::new(Arc::default()));
    feed.push(&[1; 100], 0);
    feed.push(&[1; 100], u32::MAX);
    assert_eq!(microphone.stats().captured_ms, before);
}

#[test]
fn an_unplugged_microphone_is_told_and_the_next_default_takes_over() {
    let (host, devices) = desk();
    let events = devices.events().unwrap();
    let microphone = devices.open_microphone(MicrophoneOptions::default()).unwrap();
    assert_eq!(next(&events), "opened a");
    host.remove("a", Input).unwrap();
    assert_eq!(next(&events), "removed a");
    assert_eq!(next(&events), "default b");
    assert_eq!(next(&events), "lost a: it is not there any more");
    assert_eq!(next(&events), "opened b");
    assert_eq!(id(&microphone).as_deref(), Some("b"));
    host.remove("b", Input).unwrap();
    assert_eq!(next(&events), "removed b");
    assert_eq!(next(&events), "default none");
    assert_eq!(next(&events), "lost b: it is not there any more");
    assert_eq!((id(&microphone), microphone.stats().level_dbfs), (None, -127.0));
    host.add("c", "New", Input, 16_000).unwrap();
    assert_eq!(next(&events), "added c");
    assert_eq!(next(&events), "default c");
    assert_eq!(next(&events), "opened c");
    let port = flowing();
    microphone.connect(&port);
    host.speak("c", &[500; 800]).unwrap();
    until("it is heard again", || port.queued_ms() >= 30);
}

#[test]
fn the_default_is_followed_and_a_named_device_is_not_left() {
    let (host, devices) = desk();
    let events = devices.events().unwrap();
    let follows = devices.open_microphone(MicrophoneOptions::default()).unwrap();
    let stays = devices.open_microphone(named("desk")).unwrap();
    assert_eq!((next(&events), next(&events)), ("opened a".into(), "opened a".into()));
    host.set_default("b", Input).unwrap();
    assert_eq!((next(&events), next(&events)), ("default b".into(), "opened b".into()));
    assert_eq!((id(&follows).as_deref(), id(&stays).as_deref()), (Some("b"), Some("a")));
    // Away, the named one makes do with the default; it is taken again when it is back.
    host.remove("a", Input).unwrap();
    assert_eq!(next(&events), "removed a");
    assert_eq!(next(&events), "lost a: it is not there any more");
    assert_eq!(next(&events), "opened b");
    host.add("a", "Desk Microphone", Input, 48_000).unwrap();
    assert_eq!((next(&events), next(&events)), ("added a".into(), "opened a".into()));
    assert_eq!(id(&stays).as_deref(), Some("a"));
    stays.stop();
    assert_eq!((host.speak("a", &[1]), id(&stays)), (Ok(0), None));
    host.remove("a", Input).unwrap();
    assert_eq!(next(&events), "removed a");
    host.add("a", "Desk Microphone", Input, 48_000).unwrap();
    assert_eq!(next(&events), "added a");
    assert_eq!(id(&stays), None, "stopped is stopped");
    drop((follows, stays));
    assert_eq!(host.speak("b", &[1]), Ok(0), "dropped microphones are closed");
}

#[test]
fn a_device_that_fails_is_opened_again_as_soon_as_it_works() {
    let (host, devices) = desk();
    let events = devices.events().unwrap();
    let speaker = devices.open_loudspeaker(LoudspeakerOptions::default()).unwrap();
    assert_eq!(next(&events), "opened b");
    host.fail("b", Output, "the cable broke").unwrap();
    assert_eq!(next(&events), "lost b: the cable broke");
    assert_eq!(next(&events), "opened b");
    host.set_busy("b", Output, true).unwrap();
    host.fail("b", Output, "taken away").unwrap();
    assert_eq!(next(&events), "lost b: taken away");
    assert_eq!(speaker.device(), None);
    host.set_busy("b", Output, false).unwrap();
    assert_eq!(next(&events), "opened b");
}

#[test]
fn what_cannot_be_opened_says_what_to_do() {
    let (host, devices) = desk();
    host.set_busy("a", Input, true).unwrap();
    let empty = AudioDevices::of_host(Arc::new(VirtualDevices::new())).unwrap();
    let cases = [
        (devices.open_microphone(MicrophoneOptions::default()), ErrorKind::Media, "close that one"),
        (devices.open_microphone(named("nothing")), ErrorKind::NotFound, "\"Headset\" (b)"),
        (
            empty.open_microphone(MicrophoneOptions::default()),
            ErrorKind::NotFound,
            "this machine has no microphone: connect one",
        ),
    ];
    for (opened, kind, text) in cases {
        let error = opened.expect_err("an error");
        assert_eq!(error.kind(), kind);
        assert!(error.message().contains(text), "{error}");
    }
    let error = empty.open_loudspeaker(LoudspeakerOptions::default()).unwrap_err();
    assert!(error.message().contains("has no loudspeaker"), "{error}");
    assert_eq!(empty.list(), Ok(Vec::new()));
    let cases = [
        host.add("a", "Twice", Input, 48_000).unwrap_err(),
        host.add("z", "Too slow", Input, 7_999).unwrap_err(),
    ];
    assert!(cases.iter().all(|error| error.kind() == ErrorKind::InvalidArgument), "{cases:?}");
    let missing = [
        host.remove("z", Input).unwrap_err(),
        host.speak("z", &[1]).unwrap_err(),
        host.listen("a", 1).unwrap_err(),
        host.fail("z", Input, "x").unwrap_err(),
    ];
    assert!(missing.iter().all(|error| error.kind() == ErrorKind::NotFound), "{missing:?}");
}

#[test]
fn silent_devices_are_there_without_hardware() {
    let devices = AudioDevices::silent().unwrap();
    let microphone = devices.open_microphone(MicrophoneOptions::default()).unwrap();
    let speaker = devices.open_loudspeaker(LoudspeakerOptions::default()).unwrap();
    assert_eq!(microphone.stats().captured_ms, 0);
    assert_eq!(speaker.device().map(|device| device.name).as_deref(), Some("Silence"));
}

#[test]
fn the_stream_of_events_ends_with_the_devices() {
    let (host, devices) = desk();
    let events = devices.events().unwrap();
    let microphone = devices.open_microphone(MicrophoneOptions::default()).unwrap();
    drop(devices);
    assert_eq!(next(&events), "opened a");
    host.set_default("b", Input).unwrap();
    assert_eq!((next(&events), next(&events)), ("default b".into(), "opened b".into()));
    drop(microphone);
    assert_eq!(crate::runtime::block_on(events.next()), Ok(None));
}

/// A host whose code asks the microphone while it opens a device for it.
struct Asking {
    host: VirtualDevices,
    microphone: Mutex<Option<Microphone>>,
    answered: std::sync::mpsc::Sender<bool>,
}

impl AudioHost for Asking {
    fn devices(&self) -> Result<Vec<AudioDevice>> {
        self.host.devices()
    }

    fn sample_rates_hz(&self, id: &str, kind: AudioDeviceKind) -> Vec<u32> {
        self.host.sample_rates_hz(id, kind)
    }

    fn open_input(&self, id: &str, feed: InputFeed) -> Result<Box<dyn DeviceStream>> {
        let microphone = self.microphone.lock().unwrap().clone();
        if let Some(microphone) = microphone {
            // On another thread, so that a deadlock fails the test instead of hanging it.
            let (asked, answer) = std::sync::mpsc::channel();
            std::thread::spawn(move || asked.send(microphone.device()));
            let _ = self.answered.send(answer.recv_timeout(Duration::from_secs(5)).is_ok());
        }
        self.host.open_input(id, feed)
    }

    fn open_output(&self, id: &str, feed: OutputFeed) -> Result<Box<dyn DeviceStream>> {
        self.host.open_output(id, feed)
    }
}

#[test]
fn a_hosts_code_may_ask_the_microphone() {
    let (host, _) = desk();
    let (answered, answers) = std::sync::mpsc::channel();
    let asking = Arc::new(Asking { host: host.clone(), microphone: Mutex::new(None), answered });
    let devices = AudioDevices::of_host(asking.clone()).unwrap();
    let microphone = devices.open_microphone(MicrophoneOptions::default()).unwrap();
    *asking.microphone.lock().unwrap() = Some(microphone);
    host.remove("a", Input).unwrap();
    assert!(answers.recv_timeout(DEADLINE).expect("the other device is opened"));
}
