//! The machine's own devices, by way of the crate cpal: ALSA on Linux, CoreAudio, WASAPI, AAudio.

use super::{AudioDevice, AudioDeviceKind, AudioHost, DeviceStream, InputFeed, OutputFeed};
use crate::error::{Error, ErrorKind, Result};
use crate::media::frame::AudioFormat;
use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{
    BufferSize, ErrorKind as Trouble, FromSample, SampleFormat, SizedSample, StreamConfig,
    SupportedBufferSize, SupportedStreamConfig, SupportedStreamConfigRange,
};

/// Rates that are looked for when a device is described.
const USUAL_RATES: [u32; 10] =
    [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000];

/// The rate that needs no conversion, with Opus.
const BEST_RATE: u32 = 48_000;

/// Blocks asked for per second: 10 ms each. Devices may take others.
const BLOCKS_PER_SECOND: u32 = 100;

/// More channels than these are a sign of a plugin that takes anything.
const MAX_CHANNELS: u16 = 8;

/// The platform's audio system.
pub(super) struct SystemHost(cpal::Host);

/// A stream of cpal; its destructor stops it.
struct Running {
    _stream: cpal::Stream,
}

impl DeviceStream for Running {}

impl SystemHost {
    pub(super) fn new() -> Result<Self> {
        Ok(SystemHost(cpal::default_host()))
    }

    fn find(&self, id: &str) -> Result<cpal::Device> {
        let is_it = |device: &cpal::Device| id_of(device).as_deref() == Some(id);
        let defaults = [self.0.default_input_device(), self.0.default_output_device()];
        let all = || self.0.devices().into_iter().flatten();
        defaults.into_iter().flatten().chain(all()).find(is_it).ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                format!("the audio device {id:?} is not there any more"),
            )
        })
    }
}

impl AudioHost for SystemHost {
    fn devices(&self) -> Result<Vec<AudioDevice>> {
        use AudioDeviceKind::{Input, Output};
        let all: Vec<cpal::Device> = self.0.devices().map_err(|e| failure(&e))?.collect();
        let mut found = Vec::new();
        for (kind, default) in
            [(Input, self.0.default_input_device()), (Output, self.0.default_output_device())]
        {
            let of_kind: Vec<&cpal::Device> = all.iter().filter(|d| serves(d, kind)).collect();
            let default_id = default.as_ref().and_then(id_of);
            let is_listed = of_kind.iter().any(|d| id_of(d) == default_id);
            // ALSA always names a default, also where nothing is behind it.
            let unlisted = default.as_ref().filter(|_| !is_listed && !of_kind.is_empty());
            for device in unlisted.into_iter().chain(of_kind.iter().copied()) {
                let Some(id) = id_of(device) else { continue };
                let name = name_of(device).unwrap_or_else(|| id.clone());
                let is_default = Some(&id) == default_id.as_ref();
                let sample_rates_hz = Vec::new();
                found.push(AudioDevice { id, name, kind, is_default, sample_rates_hz });
            }
        }
        Ok(found)
    }

    fn sample_rates_hz(&self, id: &str, kind: AudioDeviceKind) -> Vec<u32> {
        let Ok(device) = self.find(id) else { return Vec::new() };
        let ranges = ranges(&device, kind);
        let is_taken = |rate: &u32| ranges.iter().any(|range| range.contains_rate(*rate));
        USUAL_RATES.into_iter().filter(is_taken).collect()
    }

    fn open_input(&self, id: &str, feed: InputFeed) -> Result<Box<dyn DeviceStream>> {
        let device = self.find(id)?;
        let chosen = choose(&device, AudioDeviceKind::Input)?;
        let stream = match chosen.sample_format() {
            SampleFormat::I8 => input::<i8>(&device, &chosen, feed),
            SampleFormat::I16 => input::<i16>(&device, &chosen, feed),
            SampleFormat::I24 => input::<cpal::I24>(&device, &chosen, feed),
            SampleFormat::I32 => input::<i32>(&device, &chosen, feed),
            SampleFormat::U8 => input::<u8>(&device, &chosen, feed),
            SampleFormat::U16 => input::<u16>(&device, &chosen, feed),
            SampleFormat::U32 => input::<u32>(&device, &chosen, feed),
            SampleFormat::F32 => input::<f32>(&device, &chosen, feed),
            SampleFormat::F64 => input::<f64>(&device, &chosen, feed),
            other => return Err(strange(other)),
        };
        run(stream)
    }

    fn open_output(&self, id: &str, feed: OutputFeed) -> Result<Box<dyn DeviceStream>> {
        let device = self.find(id)?;
        let chosen = choose(&device, AudioDeviceKind::Output)?;
        let stream = match chosen.sample_format() {
            SampleFormat::I8 => output::<i8>(&device, &chosen, feed),
            SampleFormat::I16 => output::<i16>(&device, &chosen, feed),
            SampleFormat::I24 => output::<cpal::I24>(&device, &chosen, feed),
            SampleFormat::I32 => output::<i32>(&device, &chosen, feed),
            SampleFormat::U8 => output::<u8>(&device, &chosen, feed),
            SampleFormat::U16 => output::<u16>(&device, &chosen, feed),
            SampleFormat::U32 => output::<u32>(&device, &chosen, feed),
            SampleFormat::F32 => output::<f32>(&device, &chosen, feed),
            SampleFormat::F64 => output::<f64>(&device, &chosen, feed),
            other => return Err(strange(other)),
        };
        run(stream)
    }
}

fn id_of(device: &cpal::Device) -> Option<String> {
    device.id().ok().map(|id| id.id().to_owned())
}

fn name_of(device: &cpal::Device) -> Option<String> {
    device.description().ok().map(|described| described.name().trim().to_owned())
}

/// What the platform says without the device being opened.
fn serves(device: &cpal::Device, kind: AudioDeviceKind) -> bool {
    device.description().is_ok_and(|described| match kind {
        AudioDeviceKind::Input => described.supports_input(),
        AudioDeviceKind::Output => described.supports_output(),
    })
}

fn ranges(device: &cpal::Device, kind: AudioDeviceKind) -> Vec<SupportedStreamConfigRange> {
    match kind {
        AudioDeviceKind::Input => device.supported_input_configs().into_iter().flatten().collect(),
        AudioDeviceKind::Output => {
            device.supported_output_configs().into_iter().flatten().collect()
        }
    }
}

/// The device's own default where that is usable, else what comes nearest to 48 kHz with few
/// channels.
fn choose(device: &cpal::Device, kind: AudioDeviceKind) -> Result<SupportedStreamConfig> {
    let default = match kind {
        AudioDeviceKind::Input => device.default_input_config(),
        AudioDeviceKind::Output => device.default_output_config(),
    };
    let default = default.map_err(|error| failure(&error))?;
    let is_usable = |config: &SupportedStreamConfig| {
        AudioFormat::new(config.sample_rate(), 1).validate().is_ok()
            && config.channels() <= MAX_CHANNELS
            && !config.sample_format().is_dsd()
    };
    if is_usable(&default) {
        return Ok(default);
    }
    let near = |range: SupportedStreamConfigRange| {
        range.with_sample_rate(BEST_RATE.clamp(range.min_sample_rate(), range.max_sample_rate()))
    };
    let usable = ranges(device, kind).into_iter().map(near).filter(is_usable);
    usable.min_by_key(|c| (c.sample_rate().abs_diff(BEST_RATE), c.channels())).ok_or_else(|| {
        Error::media(format!(
            "the {} takes no rate between 8 and 192 kHz with up to {MAX_CHANNELS} channels; \
             choose another device",
            kind.word()
        ))
    })
}

fn stream_config(chosen: &SupportedStreamConfig) -> StreamConfig {
    let block = chosen.sample_rate() / BLOCKS_PER_SECOND;
    let buffer_size = match *chosen.buffer_size() {
        SupportedBufferSize::Range { min, max } if min <= max => {
            BufferSize::Fixed(block.clamp(min, max))
        }
        _ => BufferSize::Default,
    };
    StreamConfig { buffer_size, ..chosen.config() }
}

type Built = std::result::Result<cpal::Stream, cpal::Error>;

fn input<T>(device: &cpal::Device, chosen: &SupportedStreamConfig, feed: InputFeed) -> Built
where
    T: SizedSample,
    i16: FromSample<T>,
{
    let (rate, channels) = (chosen.sample_rate(), usize::from(chosen.channels()).max(1));
    let losing = feed.clone();
    let mut mono: Vec<i16> = Vec::new();
    device.build_input_stream(
        stream_config(chosen),
        move |data: &[T], _: &cpal::InputCallbackInfo| {
            mono.clear();
            mono.extend(data.chunks_exact(channels).map(down));
            feed.push(&mono, rate);
        },
        move |error| {
            if ends_stream(&error) {
                losing.lost(&error.to_string());
            }
        },
        None,
    )
}

/// The mean of a stereo pair. Of more channels the first: those of a microphone array hear the
/// same at different times, and their sum would be coloured.
fn down<T: SizedSample>(frame: &[T]) -> i16
where
    i16: FromSample<T>,
{
    let sample = |at: usize| i32::from(i16::from_sample_(frame[at]));
    match frame.len() {
        2 => ((sample(0) + sample(1)) / 2) as i16,
        _ => sample(0) as i16,
    }
}

fn output<T>(device: &cpal::Device, chosen: &SupportedStreamConfig, feed: OutputFeed) -> Built
where
    T: SizedSample + FromSample<i16>,
{
    let (rate, channels) = (chosen.sample_rate(), usize::from(chosen.channels()).max(1));
    let losing = feed.clone();
    let mut mono: Vec<i16> = Vec::new();
    device.build_output_stream(
        stream_config(chosen),
        move |data: &mut [T], _: &cpal::OutputCallbackInfo| {
            mono.resize(data.len() / channels, 0);
            feed.fill(&mut mono, rate);
            for (frame, sample) in data.chunks_exact_mut(channels).zip(&mono) {
                // Beyond left and right are other places of a room: they stay silent.
                frame.iter_mut().take(2).for_each(|out| *out = T::from_sample_(*sample));
            }
        },
        move |error| {
            if ends_stream(&error) {
                losing.lost(&error.to_string());
            }
        },
        None,
    )
}

fn run(built: Built) -> Result<Box<dyn DeviceStream>> {
    let stream = built.map_err(|error| failure(&error))?;
    stream.play().map_err(|error| failure(&error))?;
    Ok(Box::new(Running { _stream: stream }))
}

/// Whether the stream has to be made anew, or only had a gap or another route.
fn ends_stream(error: &cpal::Error) -> bool {
    let goes_on =
        matches!(error.kind(), Trouble::Xrun | Trouble::RealtimeDenied | Trouble::DeviceChanged);
    if goes_on {
        tracing::debug!(%error, "an audio device");
    }
    !goes_on
}

fn strange(format: SampleFormat) -> Error {
    Error::media(format!("the audio device takes samples as {format} only; choose another device"))
}

/// The error with what a person can do.
fn failure(error: &cpal::Error) -> Error {
    let hint = match error.kind() {
        Trouble::DeviceBusy => "close the program that uses it, or choose another device",
        Trouble::PermissionDenied => {
            "allow this program the microphone in the system's settings (Linux: the user needs \
             access to /dev/snd)"
        }
        Trouble::DeviceNotAvailable => "connect it, or choose another device",
        Trouble::HostUnavailable => "start the system's audio service",
        _ => "choose another device",
    };
    let kind = match error.kind() {
        Trouble::DeviceNotAvailable => ErrorKind::NotFound,
        _ => ErrorKind::Media,
    };
    Error::new(kind, format!("the audio device does not work ({error}); {hint}"))
}
