//! Microphones and loudspeakers: what there is, which one is used, and the way of its samples.
//!
//! Everything here works on an [`AudioHost`]; the machine's own one is in `system.rs`.

mod choice;
mod feed;
mod follow;
mod list;
mod loudspeaker;
mod microphone;
#[cfg(feature = "devices")]
mod system;
#[cfg(test)]
mod tests;
mod virtual_host;

pub use feed::{InputFeed, OutputFeed};
pub use list::AudioDevices;
pub use loudspeaker::{Loudspeaker, LoudspeakerOptions, LoudspeakerStats};
pub use microphone::{Microphone, MicrophoneOptions, MicrophoneStats};
pub use virtual_host::VirtualDevices;

use crate::error::Result;
use std::sync::Arc;

/// Whether a device takes sound in or gives it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
pub enum AudioDeviceKind {
    /// A microphone.
    Input,
    /// A loudspeaker or headphones.
    Output,
}

impl AudioDeviceKind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            AudioDeviceKind::Input => "microphone",
            AudioDeviceKind::Output => "loudspeaker",
        }
    }
}

/// One microphone or loudspeaker. A device that is both is listed twice, with one id.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct AudioDevice {
    /// Names the device for this program and, where the platform can, for its next run.
    pub id: String,
    /// The name to show.
    pub name: String,
    /// Microphone or loudspeaker.
    pub kind: AudioDeviceKind,
    /// Whether it is the platform's default of its kind.
    pub is_default: bool,
    /// The usual sample rates that it takes, in Hz, rising. Empty in events, and where the device
    /// cannot be asked at the moment, e.g. since another program uses it.
    pub sample_rates_hz: Vec<u32>,
}

/// What happened to the devices.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[non_exhaustive]
pub enum AudioDeviceEvent {
    /// A device is there that was not.
    Added {
        /// The device.
        device: AudioDevice,
    },
    /// A device is gone.
    Removed {
        /// The device as it was.
        device: AudioDevice,
    },
    /// Another device is the default of its kind; microphones and loudspeakers that were opened
    /// without a name move to it, which [`AudioDeviceEvent::Opened`] tells.
    DefaultChanged {
        /// Which default.
        kind: AudioDeviceKind,
        /// The new one; none when there is no device of this kind any more.
        device: Option<AudioDevice>,
    },
    /// A [`Microphone`] or [`Loudspeaker`] (see its kind) works with this device from now on.
    Opened {
        /// The device.
        device: AudioDevice,
    },
    /// A [`Microphone`] or [`Loudspeaker`] lost its device: it was unplugged, or failed. Calls go
    /// on with silence; another device is taken as soon as there is one.
    Lost {
        /// The device.
        device: AudioDevice,
        /// Why, in words.
        reason: String,
    },
}

/// Where devices come from: a platform's audio system, or a test's.
///
/// Every method may be called from any thread, also several at once.
pub trait AudioHost: Send + Sync {
    /// The devices that are there, without their rates. It is called every second while anything
    /// listens, so it should neither open a device nor take long.
    /// Error: `Media` where the audio system does not answer.
    fn devices(&self) -> Result<Vec<AudioDevice>>;

    /// The usual rates that a device takes, in Hz; empty if that cannot be known.
    fn sample_rates_hz(&self, id: &str, kind: AudioDeviceKind) -> Vec<u32>;

    /// Starts a microphone. Until the stream is dropped it hands what it hears to `feed`, in
    /// blocks of any length. Error: `Media` with what to do.
    fn open_input(&self, id: &str, feed: InputFeed) -> Result<Box<dyn DeviceStream>>;

    /// Starts a loudspeaker. Until the stream is dropped it takes what to play from `feed`.
    /// Error: `Media` with what to do.
    fn open_output(&self, id: &str, feed: OutputFeed) -> Result<Box<dyn DeviceStream>>;

    /// Asks to be told when the devices have changed, for hosts that know; others are looked at
    /// every second.
    fn watch(&self, changed: Arc<dyn Fn() + Send + Sync>) {
        drop(changed);
    }
}

/// A running device; dropping it stops the device.
pub trait DeviceStream: Send {}
