//! Calls with microphones and loudspeakers, on devices that exist in this process only.

mod common;

use common::*;
use signalwire_client::{
    AudioDeviceEvent, AudioDeviceKind, AudioDevices, AudioFormat, Call, EventStream, Loudspeaker,
    LoudspeakerOptions, Microphone, MicrophoneOptions, VirtualDevices,
};
use signalwire_gateway::Dialect;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{interval, timeout, MissedTickBehavior};

const MICROPHONE_HZ: u32 = 44_100;
const LOUDSPEAKER_HZ: u32 = 11_025;

/// Devices with odd rates, and what makes them run: 10 ms at a time, both on one clock.
struct Desk {
    host: VirtualDevices,
    devices: AudioDevices,
    heard: Vec<i16>,
    spoken: usize,
    pace: tokio::time::Interval,
}

impl Desk {
    fn new() -> Self {
        let host = VirtualDevices::new();
        host.add("mic", "Microphone", AudioDeviceKind::Input, MICROPHONE_HZ).unwrap();
        host.add("out", "Speaker", AudioDeviceKind::Output, LOUDSPEAKER_HZ).unwrap();
        let devices = AudioDevices::of_host(Arc::new(host.clone())).unwrap();
        let mut pace = interval(Duration::from_millis(10));
        pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
        Desk { host, devices, heard: Vec::new(), spoken: 0, pace }
    }

    fn open(&self) -> (Microphone, Loudspeaker) {
        let microphone = self.devices.open_microphone(MicrophoneOptions::default()).unwrap();
        let loudspeaker = self.devices.open_loudspeaker(LoudspeakerOptions::default()).unwrap();
        (microphone, loudspeaker)
    }

    /// 10 ms: the microphone hears a tone, and the loudspeaker plays. Devices that are unplugged do
    /// nothing.
    async fn run_10_ms(&mut self, hz: f64) {
        self.pace.tick().await;
        let rate = f64::from(MICROPHONE_HZ);
        let sample = |at: usize| (at as f64 * hz / rate * std::f64::consts::TAU).sin() * 10_000.0;
        let block: Vec<i16> =
            (self.spoken..self.spoken + 441).map(|at| sample(at) as i16).collect();
        self.spoken += block.len();
        let _ = self.host.speak("mic", &block);
        // 110.25 samples.
        let count = if (self.spoken / 441).is_multiple_of(4) { 111 } else { 110 };
        if let Ok(played) = self.host.listen("out", count) {
            self.heard.extend(played);
        }
    }

    fn last(&self, milliseconds: usize) -> &[i16] {
        let count = LOUDSPEAKER_HZ as usize * milliseconds / 1000;
        &self.heard[self.heard.len().saturating_sub(count)..]
    }

    /// Runs the devices until the tone came back.
    async fn run_until_heard(&mut self, hz: f64) {
        let begun = Instant::now();
        let format = AudioFormat::new(LOUDSPEAKER_HZ, 1);
        self.heard.clear();
        while self.heard.len() < LOUDSPEAKER_HZ as usize / 5
            || purity(self.last(200), hz, format) < 0.8
            || energy(self.last(200)) < 1e6
        {
            self.run_10_ms(hz).await;
            assert!(
                begun.elapsed() < DEADLINE,
                "no tone of {hz} Hz; purity {}, energy {}",
                purity(self.last(200), hz, format),
                energy(self.last(200))
            );
        }
    }

    /// Runs the devices until 100 ms of silence were heard.
    async fn run_until_silent(&mut self, hz: f64) {
        let begun = Instant::now();
        self.heard.clear();
        while self.heard.len() < LOUDSPEAKER_HZ as usize / 10 || energy(self.last(100)) > 100.0 {
            self.run_10_ms(hz).await;
            assert!(begun.elapsed() < DEADLINE, "energy {}", energy(self.last(100)));
        }
    }
}

async fn wait_for_device(
    events: &EventStream<AudioDeviceEvent>,
    is_it: impl Fn(&AudioDeviceEvent) -> bool,
) {
    let waiting = async { while !is_it(&events.next().await.expect("devices that live")) {} };
    timeout(DEADLINE, waiting).await.expect("the event");
}

fn connect(call: &Call, microphone: &Microphone, loudspeaker: &Loudspeaker) {
    call.connect_microphone(microphone).unwrap();
    call.connect_loudspeaker(loudspeaker).unwrap();
}

#[test]
fn what_the_microphone_hears_comes_back_through_the_loudspeaker() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let mut desk = Desk::new();
        let (microphone, loudspeaker) = desk.open();
        let call = answered(&client, "/public/echo").await;
        connect(&call, &microphone, &loudspeaker);
        // Twice is once.
        connect(&call, &microphone, &loudspeaker);
        desk.run_until_heard(500.0).await;
        let (heard, played) = (microphone.stats(), loudspeaker.stats());
        assert!(heard.level_dbfs > -15.0 && heard.captured_ms > 200, "{heard:?}");
        assert!(played.level_dbfs > -20.0 && played.played_ms > 200, "{played:?}");
        assert!(call.queued_audio_ms() <= 120, "{} ms", call.queued_audio_ms());

        call.disconnect_microphone(&microphone);
        desk.run_until_silent(500.0).await;
        call.connect_microphone(&microphone).unwrap();
        desk.run_until_heard(700.0).await;
        call.disconnect_loudspeaker(&loudspeaker);
        desk.run_until_silent(700.0).await;

        call.hangup().await.unwrap();
        assert!(call.connect_microphone(&microphone).is_err(), "the call is over");
        assert!(call.connect_loudspeaker(&loudspeaker).is_err(), "the call is over");
        assert_clean(&gateway);
    });
}

#[test]
fn a_call_outlives_its_devices_and_takes_them_up_again() {
    run(async {
        use AudioDeviceKind::{Input, Output};
        let gateway = gateway(Dialect::Browser);
        let client = connected(&gateway).await;
        let mut desk = Desk::new();
        let events = desk.devices.events().unwrap();
        let (microphone, loudspeaker) = desk.open();
        let call = answered(&client, "/public/echo").await;
        connect(&call, &microphone, &loudspeaker);
        desk.run_until_heard(500.0).await;

        desk.host.remove("mic", Input).unwrap();
        wait_for_device(
            &events,
            |event| matches!(event, AudioDeviceEvent::Lost { device, .. } if device.id == "mic"),
        )
        .await;
        desk.run_until_silent(500.0).await;
        assert!(call.state().is_answered() && microphone.device().is_none());

        desk.host.add("mic", "Microphone", Input, MICROPHONE_HZ).unwrap();
        wait_for_device(&events, |event| matches!(event, AudioDeviceEvent::Opened { .. })).await;
        desk.run_until_heard(700.0).await;

        desk.host.remove("out", Output).unwrap();
        wait_for_device(
            &events,
            |event| matches!(event, AudioDeviceEvent::Lost { device, .. } if device.id == "out"),
        )
        .await;
        // The call goes on unheard.
        for _ in 0..10 {
            desk.run_10_ms(700.0).await;
        }
        desk.host.add("out", "Speaker", Output, LOUDSPEAKER_HZ).unwrap();
        wait_for_device(&events, |event| matches!(event, AudioDeviceEvent::Opened { .. })).await;
        desk.run_until_heard(900.0).await;
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn one_microphone_and_one_loudspeaker_serve_two_calls() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let mut desk = Desk::new();
        let (microphone, loudspeaker) = desk.open();
        let first = answered(&client, "/public/echo").await;
        let second = answered(&client, "/public/echo").await;
        connect(&first, &microphone, &loudspeaker);
        connect(&second, &microphone, &loudspeaker);
        desk.run_until_heard(600.0).await;
        let loud = |call: &Call| call.stats().input_level_dbfs > -20.0;
        while !loud(&first) || !loud(&second) {
            desk.run_10_ms(600.0).await;
        }
        first.hangup().await.unwrap();
        desk.run_until_heard(800.0).await;
        second.hangup().await.unwrap();
        desk.run_until_silent(800.0).await;
        assert_clean(&gateway);
    });
}

#[cfg(feature = "audio-processing")]
#[test]
fn the_echo_of_the_loudspeaker_is_taken_out_of_the_microphone() {
    use signalwire_client::{AudioProcessingOptions, AudioProcessor};
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let host = VirtualDevices::new();
        host.add("mic", "Microphone", AudioDeviceKind::Input, 48_000).unwrap();
        host.add("out", "Speaker", AudioDeviceKind::Output, 48_000).unwrap();
        let devices = AudioDevices::of_host(Arc::new(host.clone())).unwrap();
        let loudspeaker = devices.open_loudspeaker(LoudspeakerOptions::default()).unwrap();
        let options = AudioProcessingOptions { gain_control: false, ..Default::default() };
        let processor = AudioProcessor::new(options).unwrap();
        let options = MicrophoneOptions {
            processor: Some(processor.clone()),
            echo_of: Some(loudspeaker.clone()),
            ..MicrophoneOptions::default()
        };
        let microphone = devices.open_microphone(options).unwrap();
        let call = answered(&client, "/public/tone").await;
        connect(&call, &microphone, &loudspeaker);
        // The room: what is played is heard 30 ms later at half the loudness.
        let mut room = std::collections::VecDeque::from(vec![0i16; 1_440]);
        let mut pace = interval(Duration::from_millis(10));
        let begun = Instant::now();
        let (mut played_db, mut cancelled) = (-127.0, 0);
        while cancelled < 50 {
            pace.tick().await;
            room.extend(host.listen("out", 480).unwrap().iter().map(|s| s / 2));
            host.speak("mic", &room.drain(..480).collect::<Vec<_>>()).unwrap();
            let heard_db = microphone.stats().level_dbfs;
            played_db = f64::max(played_db, loudspeaker.stats().level_dbfs);
            // The echo itself is 6 dB below.
            let is_gone = played_db > -30.0 && heard_db < played_db - 26.0;
            cancelled = if is_gone { cancelled + 1 } else { 0 };
            assert!(begun.elapsed() < DEADLINE, "{played_db} dB played, {heard_db} dB heard");
        }
        assert!(processor.stats().delay_ms.is_some(), "{:?}", processor.stats());
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[cfg(not(feature = "devices"))]
#[test]
fn a_build_without_devices_says_so() {
    let error = AudioDevices::system().unwrap_err();
    assert_eq!(error.kind(), signalwire_client::ErrorKind::NotSupported);
    assert!(error.message().contains("feature `devices`"), "{error}");
}

#[cfg(not(feature = "audio-processing"))]
#[test]
fn a_build_without_processing_says_so() {
    let error = signalwire_client::AudioProcessor::new(Default::default()).unwrap_err();
    assert_eq!(error.kind(), signalwire_client::ErrorKind::NotSupported);
    assert!(error.message().contains("feature `audio-processing`"), "{error}");
}
