//! What the behaviour tests share: a gateway, a connected client, tones and how to hear them.
#![allow(dead_code)] // Each test file uses its part.

pub mod listener;

use signalwire_client::{
    AudioFormat, AudioFrame, AudioSink, Call, CallEvent, CallEventStream, CallState, Client,
    ClientOptions, DialOptions,
};
use signalwire_gateway::{Dialect, Gateway, GatewayConfig};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Longer than anything here takes on a busy machine; only a hang reaches it.
pub const DEADLINE: Duration = Duration::from_secs(20);

pub const MONO_48K: AudioFormat = AudioFormat { sample_rate_hz: 48_000, channels: 1 };

/// Runs a test on its own runtime, as an application would, with a deadline. It fails as well if a
/// secret was logged.
pub fn run<F: std::future::Future<Output = ()>>(test: F) {
    listener::start();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        tokio::time::timeout(DEADLINE * 2, test).await.expect("the test hangs");
    });
    listener::check();
}

pub fn gateway(dialect: Dialect) -> Gateway {
    listener::start();
    Gateway::start(GatewayConfig { dialect, ..GatewayConfig::default() }).expect("a gateway")
}

/// Options for a client of this gateway with a fresh token.
pub fn options(gateway: &Gateway) -> ClientOptions {
    let mut options = ClientOptions::new(gateway.mint_token("tester", 3600, None));
    options.ws_url = Some(gateway.ws_url());
    options.http_url = Some(gateway.http_url());
    options.ca_certificates_pem = Some(gateway.ca_pem().to_owned());
    options
}

pub async fn connected(gateway: &Gateway) -> Client {
    let client = Client::new(options(gateway)).expect("a client");
    client.connect().await.expect("connects");
    client
}

/// A call to `address` that is answered and has media.
pub async fn answered(client: &Client, address: &str) -> Call {
    let call = client.dial(address, DialOptions::default()).expect("dials");
    let events = call.events();
    call.answered().await.expect("is answered");
    wait_for(&events, |event| matches!(event, CallEvent::MediaConnected { .. })).await;
    call
}

/// The events up to and including the first that fits.
pub async fn wait_for(
    events: &CallEventStream,
    fits: impl Fn(&CallEvent) -> bool,
) -> Vec<CallEvent> {
    let mut seen = Vec::new();
    loop {
        let next = tokio::time::timeout(DEADLINE, events.next()).await;
        let event = next
            .unwrap_or_else(|_| panic!("the event did not come; seen: {seen:#?}"))
            .unwrap_or_else(|| panic!("the stream ended; seen: {seen:#?}"));
        listener::look_at(&format!("{event:?}"), "an event");
        let found = fits(&event);
        seen.push(event);
        if found {
            return seen;
        }
    }
}

/// The states that a call entered, from its events.
pub fn states(events: &[CallEvent]) -> Vec<CallState> {
    events
        .iter()
        .filter_map(|event| match event {
            CallEvent::StateChanged { state, .. } => Some(*state),
            _ => None,
        })
        .collect()
}

/// `milliseconds` of a sine; whole periods of it join without a click.
pub fn tone(hz: f64, format: AudioFormat, milliseconds: u32) -> Vec<i16> {
    let frames = format.sample_rate_hz * milliseconds / 1000;
    let step = std::f64::consts::TAU * hz / f64::from(format.sample_rate_hz);
    (0..frames)
        .flat_map(|n| {
            let sample = ((f64::from(n) * step).sin() * 12_000.0) as i16;
            std::iter::repeat_n(sample, format.channels as usize)
        })
        .collect()
}

/// Keeps everything it hears.
#[derive(Default)]
pub struct Ear {
    heard: Mutex<Vec<i16>>,
    changed: tokio::sync::Notify,
}

impl Ear {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    pub fn heard(&self) -> Vec<i16> {
        self.heard.lock().unwrap().clone()
    }

    pub fn forget(&self) {
        self.heard.lock().unwrap().clear();
    }

    /// Waits until this many samples were heard.
    pub async fn wait_for_length(&self, samples: usize) {
        let listening = async {
            loop {
                let changed = self.changed.notified();
                if self.heard.lock().unwrap().len() >= samples {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(DEADLINE, listening).await.expect("frames go on during a hold");
    }

    /// Waits until the share of the energy that lies at `hz` in the last `milliseconds` of what
    /// was heard is above one half, and it is loud enough to be no noise.
    pub async fn wait_for_tone(&self, hz: f64, format: AudioFormat, milliseconds: u32) {
        let wanted = (format.sample_rate_hz * milliseconds / 1000 * format.channels) as usize;
        let listening = async {
            loop {
                let changed = self.changed.notified();
                let heard = self.heard();
                if heard.len() >= wanted {
                    let last = &heard[heard.len() - wanted..];
                    if purity(last, hz, format) > 0.5 && energy(last) > 1e5 {
                        return;
                    }
                }
                changed.await;
            }
        };
        if tokio::time::timeout(DEADLINE, listening).await.is_err() {
            let heard = self.heard();
            let last = &heard[heard.len().saturating_sub(wanted)..];
            panic!(
                "no tone of {hz} Hz; heard {} samples, purity {}, energy {}",
                heard.len(),
                purity(last, hz, format),
                energy(last)
            );
        }
    }
}

impl AudioSink for Ear {
    fn on_frame(&self, frame: &AudioFrame<'_>) {
        self.heard.lock().unwrap().extend_from_slice(frame.samples);
        self.changed.notify_one();
    }
}

/// Mean square.
pub fn energy(samples: &[i16]) -> f64 {
    samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / samples.len().max(1) as f64
}

/// Share of the energy of the first channel that lies at `hz` (Goertzel).
pub fn purity(samples: &[i16], hz: f64, format: AudioFormat) -> f64 {
    let step = std::f64::consts::TAU * hz / f64::from(format.sample_rate_hz);
    let first = samples.iter().step_by(format.channels as usize).map(|s| f64::from(*s));
    let (mut real, mut imaginary, mut total, mut count) = (0.0, 0.0, 0.0, 0.0);
    for (n, sample) in first.enumerate() {
        let angle = step * n as f64;
        real += sample * angle.cos();
        imaginary += sample * angle.sin();
        total += sample * sample;
        count += 1.0;
    }
    if total == 0.0 {
        return 0.0;
    }
    2.0 * (real * real + imaginary * imaginary) / (count * total)
}

/// The gateway saw no violation of the protocol.
pub fn assert_clean(gateway: &Gateway) {
    let state = gateway.state();
    let violations = state["violations"].as_array().expect("a list of violations");
    assert!(violations.is_empty(), "protocol violations: {violations:#?}");
}
