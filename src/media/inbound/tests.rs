//! Encoded packets in, frames out, in virtual time.

mod hostile;

use std::time::Duration;

use super::*;
use crate::media::codec::{Encoder, EncoderOptions, MAX_PAYLOAD_BYTES};
use crate::media::frame::AudioFrame;

const OPUS: u8 = 111;
const PCMU: u8 = 0;
const EVENT: u8 = 101;

#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub(super) samples: Vec<i16>,
    format: AudioFormat,
    timestamp_us: u64,
    is_concealed: bool,
}

#[derive(Default)]
pub(super) struct Recorder(Mutex<Vec<Heard>>);

impl AudioSink for Recorder {
    fn on_frame(&self, frame: &AudioFrame<'_>) {
        self.0.lock().unwrap().push(Heard {
            samples: frame.samples.to_vec(),
            format: frame.format,
            timestamp_us: frame.timestamp_us,
            is_concealed: frame.is_concealed,
        });
    }
}

impl Recorder {
    pub(super) fn frames(&self) -> Vec<Heard> {
        self.0.lock().unwrap().clone()
    }

    fn peak(&self, range: std::ops::Range<usize>) -> i16 {
        let frames = self.frames();
        let all = frames[range].iter().flat_map(|f| &f.samples);
        all.map(|s| s.saturating_abs()).max().unwrap_or(0)
    }
}

/// A sender and a receiver on a perfect network, 5 ms between packet and tick.
pub(super) struct Rig {
    pub(super) pipeline: AudioReceivePipeline,
    pub(super) output: AudioOutput,
    encoder: Encoder,
    /// For packets that no encoder of the library makes.
    long: opus::Encoder,
    clock_rate: u32,
    payload_type: u8,
    ssrc: u32,
    pub(super) begin: Instant,
    pub(super) sent: u32,
    seq: u16,
    timestamp: u32,
    pub(super) is_voice: bool,
}

impl Rig {
    pub(super) fn new(codec: AudioCodec) -> Rig {
        let output = AudioOutput::new();
        let codecs = [
            (OPUS, AudioCodec::Opus),
            (PCMU, AudioCodec::Pcmu),
            (8, AudioCodec::Pcma),
            (9, AudioCodec::G722),
        ];
        let pipeline =
            AudioReceivePipeline::new(codecs, output.clone(), &ReceiveOptions::default());
        let mut rig = Rig {
            pipeline,
            output,
            encoder: Encoder::new(codec, &EncoderOptions::default()).unwrap(),
            long: opus::Encoder::new(48_000, opus::Channels::Mono, opus::Application::Voip)
                .unwrap(),
            clock_rate: codec.rtp_clock_rate(),
            payload_type: 0,
            ssrc: 1,
            begin: Instant::now(),
            sent: 0,
            seq: 65_500,
            timestamp: u32::MAX - 4000,
            is_voice: false,
        };
        rig.switch_to(codec);
        rig
    }

    fn switch_to(&mut self, codec: AudioCodec) {
        let options = EncoderOptions { expected_loss_percent: 20, ..EncoderOptions::default() };
        self.encoder = Encoder::new(codec, &options).unwrap();
        self.payload_type = codec.static_payload_type().unwrap_or(OPUS);
    }

    pub(super) fn listen(&self, format: AudioFormat) -> Arc<Recorder> {
        let recorder = Arc::new(Recorder::default());
        self.output.add_direct_sink(format, recorder.clone()).unwrap();
        recorder
    }

    /// 20 ms of a 440 Hz tone, or of something voice-like, as the packet of this tick.
    pub(super) fn next_packet(&mut self) -> RtpAudio {
        let format = self.encoder.format();
        let n = format.samples_per_20ms();
        let pcm: Vec<i16> = (0..n)
            .map(|i| {
                let t = (self.sent as usize * n + i) as f32 / format.sample_rate_hz as f32;
                let voice = || -> f32 {
                    let pulse: f32 = (1..12).map(|h| (t * 880.0 * h as f32).sin() / h as f32).sum();
                    pulse * (0.6 + 0.4 * (t * 25.0).sin())
                };
                let tone = || (t * 440.0 * std::f32::consts::TAU).sin();
                ((if self.is_voice { voice() } else { tone() }) * 10_000.0) as i16
            })
            .collect();
        let mut payload = vec![0; MAX_PAYLOAD_BYTES];
        let len = self.encoder.encode(&pcm, &mut payload).unwrap();
        payload.truncate(len);
        let packet = RtpAudio {
            ssrc: self.ssrc,
            seq: self.seq,
            timestamp: self.timestamp,
            payload_type: self.payload_type,
            marker: false,
            payload: payload.into(),
        };
        self.seq = self.seq.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(self.clock_rate / 50);
        packet
    }

    /// So many milliseconds of the tone, from this moment on.
    fn packet_of(&mut self, at_ms: u32, ms: u32) -> RtpAudio {
        let format = self.encoder.format();
        let step = 440.0 * std::f64::consts::TAU / f64::from(format.sample_rate_hz);
        let begin = format.samples_in_ms(at_ms);
        let pcm: Vec<i16> = (begin..begin + format.samples_in_ms(ms))
            .map(|n| ((n as f64 * step).sin() * 10_000.0) as i16)
            .collect();
        let mut payload = vec![0; MAX_PAYLOAD_BYTES];
        let length = match ms {
            120 => self.long.encode(&pcm, &mut payload).unwrap(),
            _ => self.encoder.encode(&pcm, &mut payload).unwrap(),
        };
        payload.truncate(length);
        let (seq, timestamp) = (self.seq, self.timestamp);
        self.seq = self.seq.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(self.clock_rate / 1000 * ms);
        RtpAudio {
            ssrc: self.ssrc,
            seq,
            timestamp,
            payload_type: self.payload_type,
            marker: false,
            payload: payload.into(),
        }
    }

    fn time(&self) -> Instant {
        self.begin + Duration::from_millis(u64::from(self.sent) * 20)
    }

    /// One tick; `edit` may change the packet or drop it.
    fn step(&mut self, edit: impl FnOnce(RtpAudio) -> Option<RtpAudio>) {
        let packet = self.next_packet();
        let now = self.time();
        if let Some(packet) = edit(packet) {
            self.pipeline.insert(packet, now);
        }
        self.pipeline.tick(now + Duration::from_millis(5));
        self.sent += 1;
    }

    fn steps(&mut self, n: usize) {
        (0..n).for_each(|_| self.step(Some));
    }

    fn silent_steps(&mut self, n: usize) {
        (0..n).for_each(|_| self.step(|_| None));
    }
}

#[test]
fn every_tick_after_the_first_packet_delivers_one_frame_in_each_format() {
    for codec in AudioCodec::ALL {
        let mut rig = Rig::new(codec);
        let formats = [
            AudioFormat::MONO_48K,
            AudioFormat::MONO_8K,
            AudioFormat::MONO_16K,
            AudioFormat::STEREO_48K,
            AudioFormat::new(11_025, 2),
        ];
        let sinks: Vec<_> = formats.iter().map(|&format| rig.listen(format)).collect();
        rig.pipeline.tick(rig.begin);
        rig.steps(100);
        for (format, sink) in formats.iter().zip(&sinks) {
            let frames = sink.frames();
            assert_eq!(frames.len(), 100, "{codec:?} {format:?}");
            let samples: usize = frames.iter().map(|f| f.samples.len()).sum();
            assert_eq!(samples as u32, format.sample_rate_hz * 2 * format.channels);
            for (i, frame) in frames.iter().enumerate() {
                assert_eq!(frame.timestamp_us, i as u64 * 20_000);
                assert_eq!(frame.format, *format);
                assert!(!frame.is_concealed, "{codec:?} {format:?} {i}");
            }
            let peak = sink.peak(10..100);
            assert!((8_500..11_500).contains(&peak), "{codec:?} {format:?} {peak}");
        }
        assert!((rig.output.level().rms_dbfs + 13.3).abs() < 1.0, "{:?}", rig.output.level());
        let stats = rig.pipeline.stats();
        assert_eq!((stats.jitter.received, stats.jitter.lost, stats.decode_errors), (100, 0, 0));
    }
}

#[test]
fn a_stream_that_stops_fades_and_stays_silent_and_comes_back() {
    for codec in [AudioCodec::Opus, AudioCodec::Pcmu] {
        let mut rig = Rig::new(codec);
        let sink = rig.listen(AudioFormat::MONO_48K);
        rig.steps(50);
        rig.silent_steps(100);
        rig.steps(50);
        let frames = sink.frames();
        assert_eq!(frames.len(), 200);
        assert!(frames[51..149].iter().all(|f| f.is_concealed));
        assert_eq!(sink.peak(63..149), 0, "{codec:?}");
        assert!(sink.peak(160..200) > 8_500, "{codec:?}");
        assert!(!frames[199].is_concealed);
        assert_eq!(rig.pipeline.stats().source_changes, 0);
    }
}

#[test]
fn losses_are_recovered_or_concealed_without_holes() {
    for (codec, least_recovered) in [(AudioCodec::Opus, 20), (AudioCodec::Pcma, 0)] {
        let mut rig = Rig::new(codec);
        rig.is_voice = true;
        let sink = rig.listen(AudioFormat::MONO_48K);
        for i in 0..500 {
            rig.step(|packet| (i % 10 != 7).then_some(packet));
        }
        let stats = rig.pipeline.stats();
        assert_eq!(stats.jitter.lost, 50, "{codec:?}");
        assert!(stats.jitter.fec_frames >= least_recovered, "{codec:?} {stats:?}");
        assert!(stats.jitter.fec_frames + stats.jitter.concealed_frames <= 52, "{stats:?}");
        for (i, frame) in sink.frames().iter().enumerate().skip(10) {
            let peak = frame.samples.iter().map(|s| s.saturating_abs()).max().unwrap();
            assert!(peak > 2_000, "{codec:?} frame {i} peak {peak}");
        }
    }
}

#[test]
fn the_first_audio_is_the_first_that_is_not_made_up() {
    let mut rig = Rig::new(AudioCodec::Opus);
    let sink = rig.listen(AudioFormat::MONO_48K);
    let garbage = |packet: RtpAudio| Some(RtpAudio { payload: vec![0xff].into(), ..packet });
    (0..5).for_each(|_| rig.step(garbage));
    assert!(!sink.frames().is_empty() && !rig.pipeline.has_played(), "what was heard is made up");
    rig.steps(5);
    assert!(rig.pipeline.has_played());
    rig.silent_steps(50);
    assert!(rig.pipeline.has_played(), "once and for all");
}

#[test]
fn nothing_is_decoded_while_nobody_listens() {
    let mut rig = Rig::new(AudioCodec::Opus);
    let garbage = |packet: RtpAudio| Some(RtpAudio { payload: vec![0xff].into(), ..packet });
    (0..50).for_each(|_| rig.step(garbage));
    let stats = rig.pipeline.stats();
    assert_eq!((stats.jitter.received, stats.jitter.lost, stats.decode_errors), (50, 0, 0));
    assert_eq!(rig.output.level(), AudioLevel::SILENCE);
    rig.output.set_metering(true);
    rig.steps(20);
    assert!(rig.output.level().peak_dbfs > -14.0, "{:?}", rig.output.level());
    rig.output.set_metering(false);
    rig.steps(2);
    assert_eq!(rig.output.level(), AudioLevel::SILENCE);
    let sink = rig.listen(AudioFormat::MONO_48K);
    rig.steps(20);
    assert_eq!(sink.frames().len(), 20);
    assert!(sink.peak(5..20) > 8_500);
}

#[test]
fn garbage_payloads_are_concealed_and_counted() {
    for codec in [AudioCodec::Opus, AudioCodec::Pcmu] {
        let mut rig = Rig::new(codec);
        let sink = rig.listen(AudioFormat::MONO_16K);
        rig.steps(20);
        for payload in [vec![], vec![0xff], vec![3; 2000]] {
            rig.step(|packet| Some(RtpAudio { payload: payload.into(), ..packet }));
            rig.steps(3);
        }
        let stats = rig.pipeline.stats();
        assert!(stats.decode_errors >= 2, "{codec:?} {stats:?}");
        assert!(sink.frames()[20].is_concealed);
        assert_eq!(sink.frames().len(), 32);
        assert!(sink.peak(30..32) > 5_000, "{codec:?}");
    }
}

#[test]
fn other_payload_types_are_no_loss() {
    let mut rig = Rig::new(AudioCodec::Opus);
    let sink = rig.listen(AudioFormat::MONO_48K);
    for i in 0..100 {
        let is_event = (40..45).contains(&i);
        rig.step(|packet| {
            let payload_type = if is_event { EVENT } else { packet.payload_type };
            Some(RtpAudio { payload_type, ..packet })
        });
    }
    let stats = rig.pipeline.stats();
    assert_eq!((stats.other_payload_types, stats.jitter.lost), (5, 0));
    assert_eq!(sink.frames().len(), 100);
}

#[test]
fn codec_and_source_may_change_during_the_call() {
    let mut rig = Rig::new(AudioCodec::Opus);
    let sink = rig.listen(AudioFormat::MONO_48K);
    rig.steps(50);
    rig.switch_to(AudioCodec::Pcmu);
    rig.steps(50);
    rig.ssrc = 2;
    rig.seq = 12;
    rig.timestamp = 99;
    rig.steps(50);
    rig.switch_to(AudioCodec::Opus);
    rig.steps(50);
    let frames = sink.frames();
    assert_eq!(frames.len(), 200);
    assert!(frames.iter().all(|f| f.samples.len() == 960));
    assert!(frames.iter().filter(|f| f.is_concealed).count() <= 6);
    for second in [10..50, 60..100, 110..150, 160..200] {
        assert!(sink.peak(second.clone()) > 8_000, "{second:?}");
    }
    assert_eq!(rig.pipeline.stats().source_changes, 1);
    assert_eq!(rig.pipeline.stats().jitter.received, 200);
}

#[test]
fn long_packets_are_cut_into_ticks() {
    let output = AudioOutput::new();
    let sink = Arc::new(Recorder::default());
    output.add_direct_sink(AudioFormat::MONO_8K, sink.clone()).unwrap();
    let mut pipeline =
        AudioReceivePipeline::new([(0, AudioCodec::Pcmu)], output, &ReceiveOptions::default());
    let begin = Instant::now();
    for tick in 0..300u32 {
        let now = begin + Duration::from_millis(u64::from(tick) * 20);
        if tick % 3 == 0 {
            let packet = RtpAudio {
                ssrc: 5,
                seq: (tick / 3) as u16,
                timestamp: tick * 160,
                payload_type: 0,
                marker: tick == 0,
                payload: vec![0x80; 480].into(),
            };
            pipeline.insert(packet, now);
        }
        pipeline.tick(now + Duration::from_millis(4));
    }
    assert_eq!(sink.frames().len(), 300);
    assert_eq!(sink.frames().iter().filter(|f| f.is_concealed).count(), 0);
    assert_eq!(pipeline.stats().jitter.lost, 0);
}

#[test]
fn sinks_come_and_go() {
    let mut rig = Rig::new(AudioCodec::Opus);
    assert!(rig.output.add_sink(AudioFormat::new(1, 1), Arc::new(Recorder::default())).is_err());
    let first = Arc::new(Recorder::default());
    let second = Arc::new(Recorder::default());
    let a = rig.output.add_direct_sink(AudioFormat::MONO_16K, first.clone()).unwrap();
    rig.steps(10);
    let b = rig.output.add_direct_sink(AudioFormat::MONO_16K, second.clone()).unwrap();
    rig.steps(10);
    assert!(rig.output.remove_sink(a));
    assert!(!rig.output.remove_sink(a), "a second removal finds nothing");
    rig.steps(10);
    assert_eq!((first.frames().len(), second.frames().len()), (20, 20));
    assert_eq!(rig.output.sink_stats(b).unwrap().delivered, 20);
    assert_eq!(rig.output.sink_stats(a), None);
    rig.output.detach_all_sinks();
    rig.steps(3);
    assert_eq!(second.frames().len(), 20);
}

/// Everything at once that a network and a bad sender can do; each tick must still give a frame.
#[test]
fn chaos_never_panics_or_misses_a_tick() {
    let mut rig = Rig::new(AudioCodec::Opus);
    let sinks = [rig.listen(AudioFormat::MONO_16K), rig.listen(AudioFormat::STEREO_48K)];
    let mut state = 0x1234_5678u32;
    let mut random = move |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % below
    };
    let mut held: Vec<RtpAudio> = Vec::new();
    rig.steps(1);
    for i in 1..2_000 {
        match random(200) {
            0 => rig.switch_to(AudioCodec::Pcmu),
            1 => rig.switch_to(AudioCodec::Opus),
            2 => rig.ssrc = random(3),
            3 => rig.seq = random(65_536) as u16,
            4 => rig.timestamp = random(1 << 24) << 8,
            5 => rig.begin += Duration::from_millis(u64::from(random(1_000))),
            _ => {}
        }
        let mut packet = rig.next_packet();
        match random(12) {
            0 => packet.payload = Bytes::new(),
            1 => packet.payload = packet.payload.slice(..1),
            2 => packet.payload = (0..random(1_500)).map(|b| b as u8).collect(),
            3 => packet.payload_type = random(128) as u8,
            _ => {}
        }
        held.push(packet);
        let now = rig.time();
        while !held.is_empty() && random(4) > 0 {
            let packet = held.swap_remove(random(held.len() as u32) as usize);
            if random(10) == 0 {
                rig.pipeline.insert(packet.clone(), now);
            }
            if random(20) > 0 {
                rig.pipeline.insert(packet, now);
            }
        }
        rig.pipeline.tick(now + Duration::from_millis(u64::from(random(25))));
        rig.sent += 1;
        assert!(sinks.iter().all(|sink| sink.0.lock().unwrap().len() == i + 1));
    }
}

#[test]
fn a_delay_that_is_too_large_goes_away_and_the_tone_stays_whole() {
    for codec in [AudioCodec::Opus, AudioCodec::Pcmu] {
        let mut rig = Rig::new(codec);
        let sink = rig.listen(AudioFormat::MONO_48K);
        rig.steps(50);
        // 100 ms of packets arrive together: from here on the delay is too large.
        let mut held = Vec::new();
        for _ in 0..5 {
            rig.step(|packet| {
                held.push(packet);
                None
            });
        }
        let now = rig.time();
        held.into_iter().for_each(|packet| rig.pipeline.insert(packet, now));
        rig.steps(1_000);
        let stats = rig.pipeline.stats().jitter;
        assert!(stats.removed_us >= 60_000, "{codec:?} {stats:?}");
        assert!(stats.current_delay_ms < 30.0, "{codec:?} {stats:?}");
        assert_eq!(stats.lost + stats.discarded, 0, "{codec:?} {stats:?}");
        let frames = sink.frames();
        assert_eq!(frames.len(), 1_055);
        let tail: Vec<i16> = frames[60..].iter().flat_map(|f| f.samples.clone()).collect();
        let step = tail.windows(2).map(|w| (i32::from(w[1]) - i32::from(w[0])).abs()).max();
        // A tone of 440 Hz and 10000 rises by at most 576 from sample to sample.
        assert!(step.unwrap() < 900, "{codec:?} {step:?}");
        let crossings = tail.windows(2).filter(|w| w[0] < 0 && w[1] >= 0).count();
        let pitch = crossings as f64 * 48_000.0 / tail.len() as f64;
        assert!((pitch / 440.0 - 1.0).abs() < 0.01, "{codec:?} {pitch}");
    }
}

#[test]
fn a_clean_network_is_played_after_one_frame_at_most() {
    let mut rig = Rig::new(AudioCodec::Opus);
    let sink = rig.listen(AudioFormat::MONO_48K);
    rig.is_voice = true;
    rig.steps(500);
    let stats = rig.pipeline.stats().jitter;
    assert!(stats.target_delay_ms < 22.0, "{stats:?}");
    assert!(stats.current_delay_ms < 22.0, "{stats:?}");
    assert_eq!(stats.concealed_frames + stats.removed_us + stats.inserted_us, 0, "{stats:?}");
    assert_eq!(sink.frames().len(), 500);
}

/// Packets of every length that senders use, one after the other and each when it would come.
#[test]
fn packets_of_any_length_are_heard_without_a_gap() {
    for (codec, packet_ms) in [
        (AudioCodec::Pcmu, 10),
        (AudioCodec::Pcmu, 40),
        (AudioCodec::G722, 60),
        (AudioCodec::Opus, 10),
        (AudioCodec::Opus, 40),
        (AudioCodec::Opus, 60),
        (AudioCodec::Opus, 120),
    ] {
        let mut rig = Rig::new(codec);
        let sink = rig.listen(AudioFormat::MONO_48K);
        for tick in 0..300u64 {
            let begin = tick * 20;
            for at in (begin..begin + 20).filter(|ms| ms.is_multiple_of(packet_ms)) {
                let packet = rig.packet_of(at as u32, packet_ms as u32);
                rig.pipeline.insert(packet, rig.begin + Duration::from_millis(at));
            }
            rig.pipeline.tick(rig.begin + Duration::from_millis(begin + 5));
        }
        let frames = sink.frames();
        let made_up = frames[50..].iter().filter(|frame| frame.is_concealed).count();
        assert_eq!(made_up, 0, "{codec:?} {packet_ms} ms");
        let peak = sink.peak(50..frames.len());
        assert!((8_000..12_000).contains(&peak), "{codec:?} {packet_ms} ms: {peak}");
        let stats = rig.pipeline.stats();
        assert_eq!((stats.jitter.lost, stats.decode_errors), (0, 0), "{codec:?} {packet_ms} ms");
    }
}
