//! Speech through encoder, bad networks, jitter buffer and decoder, in virtual time, written as WAV
//! for `benches/voice_quality.py`, which scores it:
//! `SW_VOICE_QUALITY=<folder> cargo test --lib voice_quality -- --ignored --nocapture`.
//!
//! The folder holds `0.wav`, `1.wav` … (48 kHz, mono, 16 bits). What is heard of them is written
//! beside them at 16 kHz as `<clip>_<loss>_<jitter>_<seed>.heard.wav`. It begins with the call: the
//! network's and the jitter buffer's delay come first, and the far side reports its loss once a
//! second, as a call of this library does.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::impairment::{Impairment, Loss, Network};
use super::*;
use crate::media::codec::{Encoder, EncoderOptions, MAX_PAYLOAD_BYTES};
use crate::media::expected_loss::ExpectedLoss;
use crate::media::frame::AudioFrame;

const PAYLOAD_TYPE: u8 = 111;
const FRAME: usize = 960;
const TICK: Duration = Duration::from_millis(20);
const REPORT_EVERY: usize = 50;
/// What is played after the clip, so that its end comes out.
const TAIL_TICKS: usize = 15;

#[derive(Default)]
struct Heard(Mutex<Vec<i16>>);

impl AudioSink for Heard {
    fn on_frame(&self, frame: &AudioFrame<'_>) {
        self.0.lock().unwrap().extend_from_slice(frame.samples);
    }
}

struct Case {
    clip: usize,
    loss_percent: u32,
    jitter_ms: u64,
    seed: u64,
}

/// The sender's half: what was sent, what came, and the loss told once a second.
struct Sender {
    encoder: Encoder,
    expected_loss: ExpectedLoss,
    sent: u32,
    lost: u32,
    bytes: usize,
}

impl Sender {
    fn new() -> Sender {
        let expected_loss = ExpectedLoss::default();
        let mut encoder = Encoder::new(AudioCodec::Opus, &EncoderOptions::default()).unwrap();
        encoder.set_expected_loss(expected_loss.percent()).unwrap();
        Sender { encoder, expected_loss, sent: 0, lost: 0, bytes: 0 }
    }

    fn packet(&mut self, tick: usize, pcm: &[i16]) -> RtpAudio {
        let mut payload = [0; MAX_PAYLOAD_BYTES];
        let len = self.encoder.encode(pcm, &mut payload).unwrap();
        self.bytes += len;
        RtpAudio {
            ssrc: 1,
            seq: tick as u16,
            timestamp: (tick * FRAME) as u32,
            payload_type: PAYLOAD_TYPE,
            marker: false,
            payload: Bytes::copy_from_slice(&payload[..len]),
        }
    }

    fn reported(&mut self, tick: usize) {
        if tick % REPORT_EVERY != REPORT_EVERY - 1 {
            return;
        }
        let loss = f64::from(self.lost) / f64::from(self.sent.max(1));
        (self.sent, self.lost) = (0, 0);
        if let Some(percent) = self.expected_loss.report(Some(loss)) {
            self.encoder.set_expected_loss(percent).unwrap();
        }
    }
}

fn hear(case: &Case, clip: &[i16]) -> (Vec<i16>, f64, JitterStats) {
    let output = AudioOutput::new();
    let heard = Arc::new(Heard::default());
    output.add_direct_sink(AudioFormat::MONO_16K, heard.clone()).unwrap();
    let codecs = [(PAYLOAD_TYPE, AudioCodec::Opus)];
    let mut receiver = AudioReceivePipeline::new(codecs, output, &ReceiveOptions::default());
    let share = f64::from(case.loss_percent) / 100.0;
    let impairment = Impairment {
        loss: Loss::random(share),
        delay: TICK,
        jitter: Duration::from_millis(case.jitter_ms),
        may_reorder: true,
        ..Impairment::default()
    };
    let seed = 0x9e37_79b9_7f4a_7c15u64.wrapping_mul(case.seed * 100 + case.clip as u64 + 1);
    let mut network = Network::new(impairment, seed);
    let mut sender = Sender::new();
    let begin = Instant::now();
    let mut under_way: Vec<(Duration, RtpAudio)> = Vec::new();
    // The clocks of the two sides are not in step.
    let phase = Duration::from_millis(case.seed * 7 % 20);
    let ticks = clip.len() / FRAME + TAIL_TICKS;
    for tick in 0..ticks {
        let time = TICK * tick as u32;
        let pcm = clip.get(tick * FRAME..(tick + 1) * FRAME).unwrap_or(&[0; FRAME]);
        let packet = sender.packet(tick, pcm);
        sender.sent += 1;
        match network.send(time, packet.payload.len())[0] {
            Some(at) => under_way.push((at, packet)),
            None => sender.lost += 1,
        }
        sender.reported(tick);
        under_way.sort_by_key(|(at, _)| *at);
        let now = time + phase;
        while under_way.first().is_some_and(|(at, _)| *at <= now) {
            let (at, packet) = under_way.remove(0);
            receiver.insert(packet, begin + at);
        }
        receiver.tick(begin + now);
    }
    let kbps = sender.bytes as f64 * 8.0 / (ticks as f64 * TICK.as_secs_f64()) / 1000.0;
    let samples = heard.0.lock().unwrap().clone();
    (samples, kbps, receiver.stats().jitter)
}

fn clips(folder: &Path) -> Vec<Vec<i16>> {
    let paths = (0..).map(|n| folder.join(format!("{n}.wav"))).take_while(|path| path.exists());
    paths
        .map(|path: PathBuf| {
            let mut wav = hound::WavReader::open(&path).unwrap();
            let spec = wav.spec();
            assert_eq!((spec.sample_rate, spec.channels), (48_000, 1), "{}", path.display());
            wav.samples::<i16>().map(|sample| sample.unwrap()).collect()
        })
        .collect()
}

#[test]
#[ignore = "a measurement: the score is made by benches/voice_quality.py"]
fn voice_quality() {
    let folder = PathBuf::from(std::env::var("SW_VOICE_QUALITY").expect("a folder with clips"));
    let clips = clips(&folder);
    assert!(clips.len() >= 3, "{} has {} clips", folder.display(), clips.len());
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    for (clip, pcm) in clips.iter().enumerate() {
        for (loss_percent, jitter_ms) in
            [0, 1, 5, 10, 20].into_iter().flat_map(|loss| [(loss, 0), (loss, 40)])
        {
            for seed in 1..=3 {
                let case = Case { clip, loss_percent, jitter_ms, seed };
                let (heard, kbps, stats) = hear(&case, pcm);
                let name = format!("{clip}_{loss_percent}_{jitter_ms}_{seed}");
                let path = folder.join(format!("{name}.heard.wav"));
                let mut wav = hound::WavWriter::create(path, spec).unwrap();
                heard.iter().for_each(|sample| wav.write_sample(*sample).unwrap());
                wav.finalize().unwrap();
                println!(
                    "{name} kbps {kbps:.1} lost {} late {} recovered {} concealed_ms {} \
                     removed_ms {} inserted_ms {} delay_ms {:.0}",
                    stats.lost,
                    stats.late,
                    stats.fec_frames,
                    stats.concealed_us / 1000,
                    stats.removed_us / 1000,
                    stats.inserted_us / 1000,
                    stats.current_delay_ms
                );
            }
        }
    }
}
