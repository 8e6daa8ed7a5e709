//! `sw_audio_processor`: echo cancellation, noise suppression and gain control.

use super::audio::borrow;
use super::guard::guard;
use super::handle;
use super::status::sw_status;
use super::text::Out;
use super::versioned::{self, Versioned};
use crate::error::{Error, Result};
use crate::{AudioFormat, AudioProcessingOptions, AudioProcessor, NoiseSuppression};

/// Cleans the sound of one microphone. Owned: `sw_audio_processor_free`.
///
/// Give it what is played and what is heard, each in order and at the pace of the devices; or name
/// it in `sw_microphone_options`, and the microphone does both.
pub struct sw_audio_processor {
    _private: [u8; 0],
}

/// How much of a steady noise is taken out. Numbers never change.
#[repr(C)]
#[allow(dead_code)] // Constants for C; the code passes the numbers on.
pub enum sw_noise_suppressions {
    /// None.
    SW_NOISE_SUPPRESSION_OFF = 0,
    /// About 6 dB.
    SW_NOISE_SUPPRESSION_LOW = 1,
    /// About 12 dB.
    SW_NOISE_SUPPRESSION_MODERATE = 2,
    /// About 18 dB.
    SW_NOISE_SUPPRESSION_HIGH = 3,
    /// About 21 dB; a voice may suffer.
    SW_NOISE_SUPPRESSION_VERY_HIGH = 4,
}

/// What a processor does. Start from `SW_AUDIO_PROCESSING_OPTIONS_INIT`: everything, noise
/// suppression moderately. Copied.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_audio_processing_options {
    /// `sizeof(sw_audio_processing_options)`; set by `SW_AUDIO_PROCESSING_OPTIONS_INIT`.
    pub struct_size: u32,
    /// One of `SW_NOISE_SUPPRESSION_*`.
    pub noise_suppression: i32,
    /// Takes the loudspeaker's sound out of the microphone's.
    pub echo_cancellation: bool,
    /// Brings a voice to the usual loudness, slowly, and limits what is too loud.
    pub gain_control: bool,
    /// Takes out what is below the voice (about 100 Hz). Echo cancellation always does.
    pub high_pass: bool,
}

// SAFETY: repr(C), size first, numbers only.
unsafe impl Versioned for sw_audio_processing_options {
    const FIRST_SIZE: usize = size_of::<sw_audio_processing_options>();
}

/// Numbers about the echo. Start from `SW_AUDIO_PROCESSING_STATISTICS_INIT`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_audio_processing_statistics {
    /// `sizeof(sw_audio_processing_statistics)`; set by `SW_AUDIO_PROCESSING_STATISTICS_INIT`.
    pub struct_size: u32,
    /// The estimated delay between loudspeaker and microphone in milliseconds; -1 while it is not
    /// known.
    pub delay_ms: i32,
    /// By how much the echo is quieter than what was played, in dB; NaN while it is not known.
    pub echo_return_loss_db: f64,
    /// By how much the echo canceller made it quieter still, in dB, carefully estimated; NaN while
    /// it is not known.
    pub echo_return_loss_enhancement_db: f64,
}

// SAFETY: repr(C), size first, numbers only.
unsafe impl Versioned for sw_audio_processing_statistics {
    const FIRST_SIZE: usize = size_of::<sw_audio_processing_statistics>();
}

/// Makes a processor.
///
/// `options`: nullable; copied. `out_processor`: not null; written on success; free it with
/// `sw_audio_processor_free`. Errors: `SW_ERR_NOT_SUPPORTED` in libraries without the feature
/// `audio-processing`; `SW_ERR_INVALID_ARGUMENT`. Any thread.
#[no_mangle]
pub extern "C" fn sw_audio_processor_new(
    options: *const sw_audio_processing_options,
    out_processor: *mut *mut sw_audio_processor,
) -> sw_status {
    guard(|| {
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_processor, "out_processor")? };
        // SAFETY: the header asks for a valid struct or NULL.
        let raw = unsafe { versioned::read(options, "options")? };
        let options = raw.map_or(Ok(AudioProcessingOptions::default()), |raw| read(&raw))?;
        out.set(handle::insert(AudioProcessor::new(options)?)?);
        Ok(())
    })
}

fn read(raw: &sw_audio_processing_options) -> Result<AudioProcessingOptions> {
    let noise_suppression = match raw.noise_suppression {
        0 => NoiseSuppression::Off,
        1 => NoiseSuppression::Low,
        2 => NoiseSuppression::Moderate,
        3 => NoiseSuppression::High,
        4 => NoiseSuppression::VeryHigh,
        other => {
            return Err(Error::invalid(format!(
                "noise_suppression must be one of SW_NOISE_SUPPRESSION_*; got {other}"
            )))
        }
    };
    Ok(AudioProcessingOptions {
        echo_cancellation: raw.echo_cancellation,
        noise_suppression,
        gain_control: raw.gain_control,
        high_pass: raw.high_pass,
    })
}

/// Takes what the microphone heard and gives it back cleaned: any number of samples, of which whole
/// 10 ms come back and the rest with a later call.
///
/// `processor`, `samples`, `out_samples`, `out_sample_count`: not null. `samples`: signed 16-bit,
/// interleaved; `sample_count`: how many, all channels together. `sample_rate_hz`: 8000 to 192000;
/// `channels`: 1 or 2; both may change from call to call, and what waited in another format is then
/// dropped. `out_samples`: a place for `capacity` samples, at least `sample_count` and 10 ms more;
/// it may be `samples` itself. `out_sample_count`: how many were written.
/// Errors: `SW_ERR_INVALID_ARGUMENT` for a format or count that cannot be, and for too little
/// capacity; then nothing was processed. Any thread.
#[no_mangle]
pub extern "C" fn sw_audio_processor_process_capture(
    processor: *mut sw_audio_processor,
    samples: *const i16,
    sample_count: usize,
    sample_rate_hz: u32,
    channels: u32,
    out_samples: *mut i16,
    capacity: usize,
    out_sample_count: *mut usize,
) -> sw_status {
    guard(|| {
        let processor = handle::get(processor)?;
        // SAFETY: the header asks for NULL or a place for the result.
        let out_count = unsafe { Out::required(out_sample_count, "out_sample_count")? };
        // SAFETY: the header asks for NULL or a place for `capacity` samples.
        unsafe { Out::required(out_samples, "out_samples")? };
        let format = AudioFormat::new(sample_rate_hz, channels);
        format.validate()?;
        let needed = sample_count.saturating_add((sample_rate_hz / 100 * channels) as usize);
        if capacity < needed {
            return Err(Error::invalid(format!(
                "capacity must be at least {needed}; got {capacity}"
            )));
        }
        // SAFETY: the header asks for that many samples or NULL.
        let cleaned = {
            let samples = unsafe { borrow(samples, sample_count)? };
            processor.process_capture(&samples, format)?
        };
        // SAFETY: at most as many as there is room for, checked above; nothing borrows from
        // `samples` any more, which may be the same memory.
        unsafe { std::ptr::copy_nonoverlapping(cleaned.as_ptr(), out_samples, cleaned.len()) };
        out_count.set(cleaned.len());
        Ok(())
    })
}

/// Takes what the loudspeaker plays, for the echo cancellation. Parameters and errors as for
/// `sw_audio_processor_process_capture`. Any thread.
#[no_mangle]
pub extern "C" fn sw_audio_processor_process_render(
    processor: *mut sw_audio_processor,
    samples: *const i16,
    sample_count: usize,
    sample_rate_hz: u32,
    channels: u32,
) -> sw_status {
    guard(|| {
        let processor = handle::get(processor)?;
        // SAFETY: the header asks for that many samples or NULL.
        let samples = unsafe { borrow(samples, sample_count)? };
        processor.process_render(&samples, AudioFormat::new(sample_rate_hz, channels))
    })
}

/// Says how long a sound takes from `sw_audio_processor_process_render` through loudspeaker and
/// microphone to `sw_audio_processor_process_capture`, where that is known.
///
/// `processor`: not null. `delay_ms`: 0 to 500, else `SW_ERR_INVALID_ARGUMENT`. Any thread.
#[no_mangle]
pub extern "C" fn sw_audio_processor_set_delay_ms(
    processor: *mut sw_audio_processor,
    delay_ms: u32,
) -> sw_status {
    guard(|| handle::get(processor)?.set_delay_ms(delay_ms))
}

/// Gives numbers about the echo at this moment. `processor`, `out_stats`: not null. Any thread.
#[no_mangle]
pub extern "C" fn sw_audio_processor_stats(
    processor: *const sw_audio_processor,
    out_stats: *mut sw_audio_processing_statistics,
) -> sw_status {
    guard(|| {
        let stats = handle::get(processor)?.stats();
        let raw = sw_audio_processing_statistics {
            struct_size: 0,
            delay_ms: stats.delay_ms.and_then(|ms| i32::try_from(ms).ok()).unwrap_or(-1),
            echo_return_loss_db: stats.echo_return_loss_db.unwrap_or(f64::NAN),
            echo_return_loss_enhancement_db: stats
                .echo_return_loss_enhancement_db
                .unwrap_or(f64::NAN),
        };
        // SAFETY: the header asks for a struct with its size in the first field.
        unsafe { versioned::write(out_stats, &raw, "out_stats") }
    })
}

/// Frees a processor; a microphone that has it goes on with it. `processor`: nullable; NULL is ok.
/// Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread, also inside callbacks.
#[no_mangle]
pub extern "C" fn sw_audio_processor_free(processor: *mut sw_audio_processor) -> sw_status {
    guard(|| handle::release(processor).map(drop))
}
