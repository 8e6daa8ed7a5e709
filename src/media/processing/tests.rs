//! What the processor does to sounds that are known.

use super::*;
use crate::error::ErrorKind;

const RATE: usize = 48_000;
const FRAME: usize = RATE / 100;
const MONO: AudioFormat = AudioFormat::MONO_48K;

/// Noise from -1 to 1, the same in every run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / f64::from(1u32 << 30) - 1.0
    }
}

/// Something like a voice: harmonics of a pitch that moves, in syllables of a quarter of a second
/// with some breath, and pauses between its sentences of two seconds.
fn voice(seconds: usize, amplitude: f64, pitch_hz: f64) -> Vec<i16> {
    let mut breath = Noise(7);
    let mut phase = 0.0;
    (0..seconds * RATE)
        .map(|i| {
            let t = i as f64 / RATE as f64;
            phase += std::f64::consts::TAU * (pitch_hz + 25.0 * (t * 3.1).sin()) / RATE as f64;
            let harmonics: f64 = (1..16).map(|h| (phase * f64::from(h)).sin() / f64::from(h)).sum();
            let syllable = (t * 4.0 * std::f64::consts::PI).sin().powi(2);
            let is_speaking = t % 2.0 < 1.5;
            let loudness = if is_speaking { syllable } else { 0.0 };
            ((harmonics + 0.1 * breath.next()) * loudness * amplitude) as i16
        })
        .collect()
}

fn power_db(samples: &[i16]) -> f64 {
    let sum: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
    10.0 * (sum / samples.len() as f64 + 1e-9).log10()
}

fn only(options: impl FnOnce(&mut AudioProcessingOptions)) -> AudioProcessor {
    let mut chosen = AudioProcessingOptions {
        echo_cancellation: false,
        noise_suppression: NoiseSuppression::Off,
        gain_control: false,
        high_pass: false,
    };
    options(&mut chosen);
    AudioProcessor::new(chosen).unwrap()
}

fn seconds(samples: &[i16], from: f64, to: f64) -> &[i16] {
    &samples[(from * RATE as f64) as usize..(to * RATE as f64) as usize]
}

#[test]
fn an_echo_is_20_db_down_after_two_seconds() {
    let played = voice(6, 6_000.0, 120.0);
    // A room: 60 ms away, 6 dB down, dying away.
    let taps: Vec<(usize, f64)> =
        (0..40).map(|i| ((60 + i) * RATE / 1000 + i * 7, 0.5 * 0.85f64.powi(i as i32))).collect();
    let heard: Vec<i16> = (0..played.len())
        .map(|at| {
            let of = |(delay, gain): &(usize, f64)| {
                at.checked_sub(*delay).map_or(0.0, |from| f64::from(played[from]) * gain)
            };
            taps.iter().map(of).sum::<f64>() as i16
        })
        .collect();
    let processor = only(|options| options.echo_cancellation = true);
    let mut left = Vec::new();
    for (played, heard) in played.chunks(FRAME).zip(heard.chunks(FRAME)) {
        processor.process_render(played, MONO).unwrap();
        left.extend(processor.process_capture(heard, MONO).unwrap());
    }
    let erle = power_db(seconds(&heard, 2.0, 6.0)) - power_db(seconds(&left, 2.0, 6.0));
    assert!(erle >= 20.0, "{erle:.1} dB");
    let stats = processor.stats();
    assert!(stats.delay_ms.is_some_and(|ms| (30..=110).contains(&ms)), "{stats:?}");
    assert!(stats.echo_return_loss_enhancement_db.is_some_and(|db| db > 3.0), "{stats:?}");
}

#[test]
fn the_near_voice_stays_while_the_far_one_is_cancelled() {
    // Who hears nothing of the loudspeaker is left as they are.
    let near = voice(5, 5_000.0, 180.0);
    let far = voice(5, 5_000.0, 110.0);
    let processor = only(|options| options.echo_cancellation = true);
    let mut left = Vec::new();
    for (far, near) in far.chunks(FRAME).zip(near.chunks(FRAME)) {
        processor.process_render(far, MONO).unwrap();
        left.extend(processor.process_capture(near, MONO).unwrap());
    }
    let lost = power_db(seconds(&near, 2.0, 5.0)) - power_db(seconds(&left, 2.0, 5.0));
    assert!(lost.abs() < 6.0, "{lost:.1} dB");
}

#[test]
fn steady_noise_is_10_db_down_and_the_voice_within_3_db() {
    let clean = voice(10, 7_000.0, 150.0);
    let mut hiss = Noise(3);
    let noisy: Vec<i16> =
        clean.iter().map(|s| s.saturating_add((hiss.next() * 300.0) as i16)).collect();
    let processor = only(|options| options.noise_suppression = NoiseSuppression::High);
    let cleaned = processor.process_capture(&noisy, MONO).unwrap();
    assert_eq!(cleaned.len(), noisy.len());
    // The pauses at the end of each sentence, and the sentences, once the noise is known.
    let (mut noise, mut voice_change) = (Vec::new(), Vec::new());
    for sentence in [6.0, 8.0] {
        let pause = (sentence + 1.65, sentence + 1.95);
        let speech = (sentence + 0.05, sentence + 1.45);
        let down = |part: (f64, f64)| {
            power_db(seconds(&noisy, part.0, part.1)) - power_db(seconds(&cleaned, part.0, part.1))
        };
        noise.push(down(pause));
        voice_change.push(down(speech));
    }
    assert!(noise.iter().all(|db| *db >= 10.0), "{noise:?}");
    assert!(voice_change.iter().all(|db| db.abs() <= 3.0), "{voice_change:?}");
}

#[test]
fn a_quiet_voice_is_brought_up_and_a_loud_one_is_not_clipped() {
    let quiet = voice(10, 150.0, 150.0);
    let processor = only(|options| options.gain_control = true);
    let louder = processor.process_capture(&quiet, MONO).unwrap();
    let gain = power_db(seconds(&louder, 6.0, 10.0)) - power_db(seconds(&quiet, 6.0, 10.0));
    assert!(gain >= 10.0, "{gain:.1} dB");
    let loud = voice(6, 18_000.0, 150.0);
    let processor = only(|options| options.gain_control = true);
    let limited = processor.process_capture(&loud, MONO).unwrap();
    let peak = seconds(&limited, 3.0, 6.0).iter().map(|s| s.unsigned_abs()).max();
    assert!(peak.is_some_and(|peak| peak < 32_767), "{peak:?}");
}

#[test]
fn rumble_is_taken_out_and_a_voice_is_not() {
    let tone = |hz: f64| -> Vec<i16> {
        (0..RATE)
            .map(|i| ((i as f64 * hz * std::f64::consts::TAU / RATE as f64).sin() * 8_000.0) as i16)
            .collect()
    };
    for (hz, most, least) in [(20.0, 100.0, 20.0), (400.0, 1.0, -1.0)] {
        let heard = tone(hz);
        let processor = only(|options| options.high_pass = true);
        let left = processor.process_capture(&heard, MONO).unwrap();
        let down = power_db(seconds(&heard, 0.5, 1.0)) - power_db(seconds(&left, 0.5, 1.0));
        assert!((least..=most).contains(&down), "{hz} Hz: {down:.1} dB");
    }
}

#[test]
fn any_rate_and_any_length_comes_back_whole() {
    for rate_hz in [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000] {
        for channels in [1, 2] {
            let format = AudioFormat::new(rate_hz, channels);
            let processor = AudioProcessor::new(AudioProcessingOptions::default()).unwrap();
            let mut lengths = Noise(11);
            let (mut given, mut taken) = (0, 0);
            for _ in 0..60 {
                let frames = 1 + (lengths.next().abs() * f64::from(rate_hz) / 30.0) as usize;
                let samples = vec![100; frames * channels as usize];
                processor.process_render(&samples, format).unwrap();
                taken += processor.process_capture(&samples, format).unwrap().len();
                given += samples.len();
            }
            let kept = given - taken;
            assert!(kept < (rate_hz / 100 * channels) as usize, "{format:?}: {kept}");
        }
    }
}

#[test]
fn a_new_format_begins_with_its_own_samples() {
    let processor = AudioProcessor::new(AudioProcessingOptions::default()).unwrap();
    let half = vec![1; FRAME / 2];
    assert!(processor.process_capture(&half, MONO).unwrap().is_empty());
    let cleaned = processor.process_capture(&[1; 160], AudioFormat::MONO_16K).unwrap();
    assert_eq!(cleaned.len(), 160, "what waited in the other format is gone");
    assert!(processor.process_capture(&half, MONO).unwrap().is_empty());
    assert_eq!(processor.process_capture(&half, MONO).unwrap().len(), FRAME);
}

#[test]
fn what_is_not_audio_is_an_error_that_says_so() {
    let processor = AudioProcessor::new(AudioProcessingOptions::default()).unwrap();
    let cases: [(usize, AudioFormat, &str); 4] = [
        (0, MONO, "samples must not be empty"),
        (3, AudioFormat::STEREO_48K, "multiple of channels (2); got 3"),
        (8, AudioFormat::new(7_999, 1), "between 8000 and 192000; got 7999"),
        (8, AudioFormat::new(48_000, 3), "channels must be 1 or 2; got 3"),
    ];
    for (length, format, text) in cases {
        let samples = vec![0; length];
        for error in [
            processor.process_capture(&samples, format).unwrap_err(),
            processor.process_render(&samples, format).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            assert!(error.message().contains(text), "{error}");
        }
    }
    assert_eq!(processor.set_delay_ms(501).unwrap_err().kind(), ErrorKind::InvalidArgument);
    processor.set_delay_ms(500).unwrap();
    assert_eq!(processor.stats().echo_return_loss_db, None);
}
