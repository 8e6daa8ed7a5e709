//! What one 20 ms frame costs on the media path, in microseconds per frame:
//! `cargo test --release --lib frame_path -- --ignored --nocapture`.
//!
//! Plain timing of many frames; the best of several rounds is printed, because everything that
//! disturbs a round makes it slower.

use std::f32::consts::TAU;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::media::codec::{AudioCodec, Decoder, Encoder, EncoderOptions, MAX_PAYLOAD_BYTES};
use crate::media::frame::{AudioFormat, AudioFrame};
use crate::media::inbound::{AudioOutput, AudioReceivePipeline, ReceiveOptions, RtpAudio};
use crate::media::jitter::{JitterBuffer, JitterOptions, Packet};
use crate::media::outbound::{AudioEncoderPipeline, AudioInput};
use crate::media::resample::TickResampler;
use crate::media::sink::AudioSink;
use bytes::Bytes;

const FRAMES: usize = 500;
const ROUNDS: usize = 5;
const TICK: Duration = Duration::from_millis(20);

struct Counter(AtomicU64);

impl AudioSink for Counter {
    fn on_frame(&self, frame: &AudioFrame<'_>) {
        self.0.fetch_add(frame.samples.len() as u64, Ordering::Relaxed);
    }
}

fn measure(name: &str, mut frame: impl FnMut(usize)) {
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        (0..FRAMES).for_each(&mut frame);
        best = best.min(begin.elapsed().as_secs_f64() * 1e6 / FRAMES as f64);
    }
    println!("{name:<44} {best:8.2} us/frame");
}

/// Ten seconds of something voice-like: a harmonic sound with syllables and a little noise.
fn voice(format: AudioFormat) -> Vec<i16> {
    let mut noise = 1u32;
    let mut samples = Vec::new();
    for i in 0..format.samples_per_20ms() * FRAMES {
        let t = i as f32 / format.sample_rate_hz as f32;
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let pitch = 120.0 + 20.0 * (t * 3.0).sin();
        let sound: f32 = (1..16).map(|h| (t * pitch * h as f32 * TAU).sin() / h as f32).sum();
        let syllable = (t * 4.0 * TAU).sin().max(0.0);
        let hiss = (noise >> 16) as f32 / 65_536.0 - 0.5;
        let sample = (sound * syllable * 6_000.0 + hiss * 300.0) as i16;
        samples.extend(std::iter::repeat_n(sample, format.channels as usize));
    }
    samples
}

fn frame_of(pcm: &[i16], format: AudioFormat, i: usize) -> &[i16] {
    let len = format.samples_per_20ms() * format.channels as usize;
    &pcm[i % FRAMES * len..][..len]
}

fn codecs() -> Vec<Bytes> {
    let mut opus = Vec::new();
    for codec in [AudioCodec::Opus, AudioCodec::Pcmu] {
        let mut encoder =
            Encoder::new(codec, &EncoderOptions::default()).expect("the defaults are valid");
        let pcm = voice(encoder.format());
        let format = encoder.format();
        let mut out = [0; MAX_PAYLOAD_BYTES];
        measure(&format!("encode {}", codec.sdp_name()), |i| {
            black_box(encoder.encode(frame_of(&pcm, format, i), &mut out).expect("a whole frame"));
        });
        let packets: Vec<Bytes> = (0..FRAMES)
            .map(|i| {
                let n = encoder.encode(frame_of(&pcm, format, i), &mut out).expect("whole frame");
                Bytes::copy_from_slice(&out[..n])
            })
            .collect();
        let mut decoder = Decoder::new(codec, 1).expect("mono is valid");
        let mut samples = Vec::new();
        measure(&format!("decode {}", codec.sdp_name()), |i| {
            samples.clear();
            black_box(decoder.decode(&packets[i % FRAMES], &mut samples).expect("our own packet"));
        });
        if codec == AudioCodec::Opus {
            measure("recover opus", |i| {
                samples.clear();
                let _ = black_box(decoder.decode_fec(&packets[i % FRAMES], 960, &mut samples));
            });
            opus = packets;
        }
    }
    opus
}

fn resamplers() {
    for (from, to) in [
        (AudioFormat::MONO_48K, AudioFormat::MONO_16K),
        (AudioFormat::MONO_16K, AudioFormat::MONO_48K),
        (AudioFormat::MONO_8K, AudioFormat::MONO_48K),
        (AudioFormat::STEREO_48K, AudioFormat::new(44_100, 2)),
        (AudioFormat::new(22_050, 1), AudioFormat::MONO_16K),
        (AudioFormat::MONO_48K, AudioFormat::STEREO_48K),
    ] {
        let mut converter = TickResampler::new(from, to).expect("the formats are valid");
        let pcm = voice(from);
        let name = format!(
            "resample {} x{} to {} x{}",
            from.sample_rate_hz, from.channels, to.sample_rate_hz, to.channels
        );
        measure(&name, |i| {
            black_box(converter.tick(frame_of(&pcm, from, i)));
        });
    }
}

fn jitter(packets: &[Bytes]) {
    let mut buffer = JitterBuffer::new(48_000, JitterOptions::default());
    let begin = Instant::now();
    let mut n = 0u32;
    measure("jitter buffer insert + pop", |_| {
        let now = begin + TICK * n;
        let payload = packets[n as usize % FRAMES].clone();
        buffer.insert(
            Packet { seq: n as u16, timestamp: n.wrapping_mul(960), payload, marker: false },
            now,
        );
        black_box(buffer.pop(now + TICK / 4, 0));
        n += 1;
    });
}

fn pipelines(packets: &[Bytes]) {
    for format in [AudioFormat::MONO_48K, AudioFormat::MONO_16K] {
        let input = AudioInput::default();
        let options = EncoderOptions::default();
        let mut sender = AudioEncoderPipeline::new(AudioCodec::Opus, input.clone(), &options)
            .expect("the defaults are valid");
        let pcm = voice(format);
        measure(&format!("push + send opus, {} Hz", format.sample_rate_hz), |i| {
            input.push(frame_of(&pcm, format, i), format).expect("a whole frame");
            black_box(sender.tick().expect("a frame").payload.len());
        });
    }
    for (name, format, is_threaded) in [
        ("receive opus, nobody listens", None, false),
        ("receive opus, 48000 Hz direct", Some(AudioFormat::MONO_48K), false),
        ("receive opus, 16000 Hz direct", Some(AudioFormat::MONO_16K), false),
        ("receive opus, 16000 Hz threaded", Some(AudioFormat::MONO_16K), true),
    ] {
        let output = AudioOutput::new();
        let sink = Arc::new(Counter(AtomicU64::new(0)));
        if let Some(format) = format {
            let added = match is_threaded {
                true => output.add_sink(format, sink.clone()),
                false => output.add_direct_sink(format, sink.clone()),
            };
            added.expect("the format is valid");
        }
        let codecs = [(111, AudioCodec::Opus)];
        let mut receiver = AudioReceivePipeline::new(codecs, output, &ReceiveOptions::default());
        let begin = Instant::now();
        let mut n = 0u32;
        measure(name, |_| {
            let now = begin + TICK * n;
            let packet = RtpAudio {
                ssrc: 1,
                seq: n as u16,
                timestamp: n.wrapping_mul(960),
                payload_type: 111,
                marker: false,
                payload: packets[n as usize % FRAMES].clone(),
            };
            receiver.insert(packet, now);
            receiver.tick(now + TICK / 4);
            n += 1;
        });
    }
}

#[test]
#[ignore = "a measurement, meaningful only in a release build"]
fn frame_path() {
    let packets = codecs();
    resamplers();
    jitter(&packets);
    pipelines(&packets);
}
