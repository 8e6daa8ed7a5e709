//! The part of the receiver behind the jitter buffer: decoder, concealment, converters, delivery.

use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::Instant;

use super::{AudioOutput, AudioReceiveStats};
use crate::media::codec::{AudioCodec, Decoder};
use crate::media::frame::{AudioFormat, AudioFrame, AudioLevel, TICK_MS};
use crate::media::jitter::{JitterBuffer, Pace, Packet, Pop};
use crate::media::resample::TickResampler;
use crate::media::sink::SinkSlot;
use crate::media::stretch::{frames_of, Stretcher, MAX_LAG_US};

/// Concealed audio begins to fade after this long and is silent after twice of it.
const FADE_AFTER_MS: u32 = 100;

/// The same where it was quiet before: there the decoder's noise goes on in a pause that the far
/// side does not send (DTX), instead of a hole.
const FADE_AFTER_QUIET_MS: u32 = 2_000;

/// A frame below this level counts as quiet: there the delay changes sooner.
const QUIET_RMS_DBFS: f32 = -50.0;

/// Decodes, conceals and delivers.
pub(super) struct Player {
    codec: Option<AudioCodec>,
    /// None while nobody listens: then packets become silence of the right length.
    decoder: Option<Decoder>,
    format: AudioFormat,
    /// Audio not delivered yet; a packet may be longer or shorter than a tick.
    pub(super) pcm: Vec<i16>,
    stretcher: Stretcher,
    concealed_ms: u32,
    fade_after_ms: u32,
    /// Up to here `pcm` has audio that was made up; 0 where it has none.
    concealed_until: usize,
    is_quiet: bool,
    /// Whether a packet was played, ever.
    pub(super) has_played: bool,
    is_metering: bool,
    lanes: Vec<Lane>,
    generation: u64,
}

/// The sinks that want one format, with the converter they share.
struct Lane {
    converter: TickResampler,
    sinks: Vec<Arc<SinkSlot>>,
}

impl Player {
    pub(super) fn new() -> Self {
        Player {
            codec: None,
            decoder: None,
            format: AudioFormat::MONO_48K,
            pcm: Vec::new(),
            stretcher: Stretcher::default(),
            concealed_ms: 0,
            fade_after_ms: FADE_AFTER_MS,
            concealed_until: 0,
            is_quiet: true,
            has_played: false,
            is_metering: false,
            lanes: Vec::new(),
            generation: 0,
        }
    }

    /// Another source begins: the decoder must not mix it with the old one.
    pub(super) fn forget_stream(&mut self) {
        self.codec = None;
        self.concealed_ms = 0;
    }

    /// Interleaved samples in 20 ms of decoded audio.
    pub(super) fn tick_len(&self) -> usize {
        self.format.samples_per_20ms() * self.format.channels as usize
    }

    /// Follows changes of codec, sinks and metering. Cheap when there are none.
    pub(super) fn refresh(&mut self, codec: AudioCodec, output: &AudioOutput) {
        let generation = output.shared.generation.load(Ordering::Acquire);
        let is_metering = output.shared.is_metering.load(Ordering::Relaxed);
        let is_same = self.codec == Some(codec)
            && self.generation == generation
            && self.is_metering == is_metering;
        if is_same {
            return;
        }
        let sinks = output.sinks().clone();
        let has_listener = is_metering || !sinks.is_empty();
        let is_stereo = sinks.iter().any(|slot| slot.format().channels == 2);
        let channels = if codec == AudioCodec::Opus && is_stereo { 2 } else { 1 };
        let format = AudioFormat::new(codec.sample_rate_hz(), channels);
        let keeps_decoder = self.codec == Some(codec) && self.format == format;
        if !keeps_decoder || !has_listener {
            self.decoder = None;
        }
        if self.format != format {
            self.pcm.clear();
            self.concealed_until = 0;
            self.format = format;
        }
        if self.decoder.is_none() && has_listener {
            match Decoder::new(codec, channels) {
                Ok(decoder) => self.decoder = Some(decoder),
                Err(error) => tracing::error!(%error, "received audio stays silent"),
            }
        }
        self.lanes = self.lanes_for(sinks);
        self.codec = Some(codec);
        self.generation = generation;
        self.is_metering = is_metering;
    }

    /// Groups the sinks by format; converters of formats that stay are kept.
    fn lanes_for(&mut self, sinks: Vec<Arc<SinkSlot>>) -> Vec<Lane> {
        let mut old = std::mem::take(&mut self.lanes);
        old.retain(|lane| lane.converter.source_format() == self.format);
        let mut lanes: Vec<Lane> = Vec::new();
        for slot in sinks {
            let to = slot.format();
            if let Some(lane) = lanes.iter_mut().find(|lane| lane.converter.target_format() == to) {
                lane.sinks.push(slot);
                continue;
            }
            let kept = old.iter().position(|lane| lane.converter.target_format() == to);
            let converter = match kept {
                Some(at) => Ok(old.swap_remove(at).converter),
                None => TickResampler::new(self.format, to),
            };
            match converter {
                Ok(converter) => lanes.push(Lane { converter, sinks: vec![slot] }),
                Err(error) => tracing::error!(%error, "an audio sink gets no audio"),
            }
        }
        lanes
    }

    /// Appends what the jitter buffer says comes next.
    pub(super) fn play_next(
        &mut self,
        jitter: &mut JitterBuffer,
        now: Instant,
        stats: &mut AudioReceiveStats,
    ) {
        match jitter.pop(now, self.rest_us()) {
            Pop::Packet(packet) => self.play(&packet, stats, jitter),
            Pop::Lost { next, duration_us } => {
                let frames = self.frames_of(duration_us);
                let recovered = next.is_some_and(|next| self.recover(next, frames));
                if recovered {
                    self.concealed_ms = 0;
                    jitter.count_recovered();
                } else {
                    self.conceal(frames, jitter);
                }
            }
            Pop::Wait | Pop::Empty => self.conceal(self.format.samples_per_20ms(), jitter),
        }
    }

    fn play(&mut self, packet: &Packet, stats: &mut AudioReceiveStats, jitter: &mut JitterBuffer) {
        let Some(decoder) = &mut self.decoder else {
            self.silence(jitter.packet_duration_us());
            self.has_played = true;
            return;
        };
        if decoder.decode(&packet.payload, &mut self.pcm).is_ok_and(|frames| frames > 0) {
            self.concealed_ms = 0;
            self.has_played = true;
            return;
        }
        stats.decode_errors += 1;
        self.conceal(self.frames_of(jitter.packet_duration_us()), jitter);
    }

    /// Makes the audio of this tick shorter or longer when the jitter buffer asks for it; `pcm` may
    /// be too short then.
    pub(super) fn keep_pace(&mut self, jitter: &mut JitterBuffer) {
        if self.concealed_until > 0 {
            return;
        }
        let (pace, agreement) = jitter.pace(self.is_quiet);
        let (format, channels) = (self.format, self.format.channels as usize);
        let longest = frames_of(MAX_LAG_US, format.sample_rate_hz);
        let beyond = self.pcm.len().saturating_sub(self.tick_len()) / channels;
        let (mut removed, mut inserted) = (0, 0);
        match pace {
            Pace::Keep => return,
            Pace::Faster | Pace::FasterByRest => {
                let may_use_next = pace == Pace::Faster && jitter.has_next();
                let most = if may_use_next { longest } else { beyond };
                removed = self.stretcher.shorten(&mut self.pcm, format, most, agreement);
            }
            Pace::Slower => {
                inserted = self.stretcher.lengthen(&mut self.pcm, format, longest, agreement);
            }
        }
        let us = |frames: usize| frames as u64 * 1_000_000 / u64::from(format.sample_rate_hz);
        jitter.paced(us(removed), us(inserted));
    }

    /// Microseconds of decoded audio that wait.
    fn rest_us(&self) -> i64 {
        let frames = self.pcm.len() / self.format.channels.max(1) as usize;
        frames as i64 * 1_000_000 / i64::from(self.format.sample_rate_hz.max(1))
    }

    fn recover(&mut self, next: &Packet, frames: usize) -> bool {
        self.decoder.as_mut().is_some_and(|decoder| {
            decoder.has_fec() && decoder.decode_fec(&next.payload, frames, &mut self.pcm).is_ok()
        })
    }

    /// Makes up `frames` sample frames; fades out after 100 ms and is silent after 200 ms, later
    /// where it was quiet before.
    fn conceal(&mut self, frames: usize, jitter: &mut JitterBuffer) {
        let is_first = self.concealed_ms == 0;
        if is_first {
            self.fade_after_ms = if self.is_quiet { FADE_AFTER_QUIET_MS } else { FADE_AFTER_MS };
        }
        let silent_from = self.fade_after_ms + FADE_AFTER_MS;
        let channels = self.format.channels as usize;
        let start = self.pcm.len();
        let rate = u64::from(self.format.sample_rate_hz);
        let us = frames as u64 * 1_000_000 / rate;
        let ms = (us / 1000) as u32;
        let is_silent = self.decoder.is_none() || self.concealed_ms >= silent_from;
        match &mut self.decoder {
            Some(decoder) if !is_silent => {
                decoder.conceal(frames, &mut self.pcm);
            }
            _ => self.pcm.resize(start + frames * channels, 0),
        }
        if self.concealed_ms + ms > self.fade_after_ms {
            let begin = fade_at(self.concealed_ms, self.fade_after_ms);
            let end = fade_at(self.concealed_ms + ms, self.fade_after_ms);
            let made = &mut self.pcm[start..];
            let len = made.len().max(1) as i32;
            for (i, sample) in made.iter_mut().enumerate() {
                let gain = begin + (end - begin) * i as i32 / len;
                *sample = (i32::from(*sample) * gain / FADE_ONE) as i16;
            }
        }
        self.concealed_until = self.pcm.len();
        self.concealed_ms = (self.concealed_ms + ms).min(silent_from);
        jitter.count_concealed(us, is_silent, is_first);
    }

    fn silence(&mut self, duration_us: u32) {
        let samples = self.frames_of(duration_us) * self.format.channels as usize;
        self.pcm.resize(self.pcm.len() + samples, 0);
    }

    /// Sample frames in a duration; at least 2.5 ms so that every call makes progress.
    fn frames_of(&self, duration_us: u32) -> usize {
        let rate = u64::from(self.format.sample_rate_hz);
        let unit = rate / 400;
        let units = (u64::from(duration_us) * rate / 1_000_000).div_ceil(unit).max(1);
        (units * unit) as usize
    }

    /// Gives the first `len` samples to the meter and to every sink.
    pub(super) fn deliver(&mut self, len: usize, output: &AudioOutput) {
        let is_concealed = self.concealed_until > 0;
        let timestamp_us =
            output.shared.next_timestamp_us.fetch_add(u64::from(TICK_MS) * 1000, Ordering::Relaxed);
        let samples = &self.pcm[..len];
        let has_listener = self.decoder.is_some();
        let level = if has_listener { AudioLevel::measure(samples) } else { AudioLevel::SILENCE };
        output.shared.level.set(level);
        self.is_quiet = level.rms_dbfs < QUIET_RMS_DBFS;
        for lane in &mut self.lanes {
            let format = lane.converter.target_format();
            let samples = lane.converter.tick(samples);
            let frame = AudioFrame { samples, format, timestamp_us, is_concealed };
            lane.sinks.iter().for_each(|slot| slot.deliver(&frame));
        }
        self.pcm.drain(..len);
        self.concealed_until = self.concealed_until.saturating_sub(len);
    }
}

/// Full gain of the fade.
const FADE_ONE: i32 = 1024;

/// The gain after so many concealed milliseconds.
fn fade_at(concealed_ms: u32, after_ms: u32) -> i32 {
    let into = concealed_ms.saturating_sub(after_ms).min(FADE_AFTER_MS) as i32;
    FADE_ONE - FADE_ONE * into / FADE_AFTER_MS as i32
}
