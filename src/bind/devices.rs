//! Microphones and loudspeakers for the generated languages.

use super::call::Call;
use super::processing::AudioProcessor;
use super::{Result, WakeOnDispatcher};
use crate::{
    AudioDevice, AudioDeviceEvent, EventStream, LoudspeakerOptions, LoudspeakerStats,
    MicrophoneOptions, MicrophoneStats,
};
use std::sync::Arc;

/// The microphones and loudspeakers of this machine.
///
/// Every method may be called from any thread.
#[derive(uniffi::Object)]
pub struct AudioDevices(crate::AudioDevices);

#[uniffi::export]
impl AudioDevices {
    /// The devices of this machine.
    ///
    /// Errors: `NotSupported` in builds of the library without devices; `Media` where the audio
    /// system does not answer. A machine without devices is no error here: its list is empty.
    #[uniffi::constructor]
    pub fn system() -> Result<Arc<Self>> {
        Ok(Arc::new(Self(crate::AudioDevices::system()?)))
    }

    /// One microphone that hears nothing and one loudspeaker that nobody hears, for programs that
    /// want devices on a machine that has none. Errors: `Internal` if no thread can be started.
    #[uniffi::constructor]
    pub fn silent() -> Result<Arc<Self>> {
        Ok(Arc::new(Self(crate::AudioDevices::silent()?)))
    }

    /// The devices that are there now, with their rates; it may take some 10 ms for each.
    ///
    /// Errors: `Media` where the audio system does not answer; `Forked`.
    pub fn list(&self) -> Result<Vec<AudioDevice>> {
        Ok(self.0.list()?)
    }

    /// What happens to the devices and to what was opened; the first stream has everything since
    /// this object was made. Devices are looked at every second.
    ///
    /// Errors: `Media` where the audio system does not answer; `Internal`; `Forked`.
    pub fn events(&self) -> Result<Arc<AudioDeviceEvents>> {
        Ok(Arc::new(AudioDeviceEvents(self.0.events()?)))
    }

    /// Starts a microphone; connect it to calls by `connect_microphone` of the call.
    ///
    /// `device`: id, name or part of a name; none for the default, which is then followed. A named
    /// one falls back to the default while it is unplugged. `processor` cleans what is heard;
    /// `echo_of` is the loudspeaker whose echo it takes out.
    /// Errors: `NotFound` when there is no such microphone, or none at all; `InvalidArgument` for
    /// a part of a name that fits several; `Media` when it cannot be opened, e.g. since another
    /// program has it or this one lacks the permission; `Internal`; `Forked`.
    #[uniffi::method(default(device = None, processor = None, echo_of = None))]
    pub fn open_microphone(
        &self,
        device: Option<String>,
        processor: Option<Arc<AudioProcessor>>,
        echo_of: Option<Arc<Loudspeaker>>,
    ) -> Result<Arc<Microphone>> {
        let options = MicrophoneOptions {
            device,
            processor: processor.map(|processor| processor.0.clone()),
            echo_of: echo_of.map(|loudspeaker| loudspeaker.0.clone()),
        };
        Ok(Arc::new(Microphone(self.0.open_microphone(options)?)))
    }

    /// Starts a loudspeaker; connect calls to it by their `connect_loudspeaker`. It is chosen and
    /// followed as a microphone is, with the same errors.
    #[uniffi::method(default(device = None))]
    pub fn open_loudspeaker(&self, device: Option<String>) -> Result<Arc<Loudspeaker>> {
        let opened = self.0.open_loudspeaker(LoudspeakerOptions { device })?;
        Ok(Arc::new(Loudspeaker(opened)))
    }
}

/// An open microphone. It stops with `stop`, or when nothing refers to it any more.
#[derive(uniffi::Object)]
pub struct Microphone(crate::Microphone);

#[uniffi::export]
impl Microphone {
    /// The device in use; none while it is unplugged and there is no other, and after `stop`.
    pub fn device(&self) -> Option<AudioDevice> {
        self.0.device()
    }

    /// Numbers of this moment.
    pub fn stats(&self) -> MicrophoneStats {
        self.0.stats()
    }

    /// Stops it for good, for all calls. A second call does nothing.
    pub fn stop(&self) {
        self.0.stop();
    }
}

/// An open loudspeaker; it plays the sum of the connected calls. It stops with `stop`, or when
/// nothing refers to it any more.
#[derive(uniffi::Object)]
pub struct Loudspeaker(crate::Loudspeaker);

#[uniffi::export]
impl Loudspeaker {
    /// The device in use; none while it is unplugged and there is no other, and after `stop`.
    pub fn device(&self) -> Option<AudioDevice> {
        self.0.device()
    }

    /// Numbers of this moment.
    pub fn stats(&self) -> LoudspeakerStats {
        self.0.stats()
    }

    /// Stops it for good, for all calls. A second call does nothing.
    pub fn stop(&self) {
        self.0.stop();
    }
}

#[uniffi::export]
impl Call {
    /// Sends what a microphone hears, from the moment that media flow until the call ends, the
    /// microphone stops or `disconnect_microphone`. While its device is unplugged silence is sent.
    /// One microphone may be connected to several calls. Connecting it twice does nothing.
    ///
    /// Errors: `Closed` after the end.
    pub fn connect_microphone(&self, microphone: Arc<Microphone>) -> Result<()> {
        Ok(self.0.connect_microphone(&microphone.0)?)
    }

    /// Stops sending what a microphone hears. One that is not connected is ignored.
    pub fn disconnect_microphone(&self, microphone: Arc<Microphone>) {
        self.0.disconnect_microphone(&microphone.0);
    }

    /// Plays what is received on a loudspeaker, until the call ends, the loudspeaker stops or
    /// `disconnect_loudspeaker`. Sinks go on beside it. Connecting it twice does nothing.
    ///
    /// Errors: `Closed` after the end.
    pub fn connect_loudspeaker(&self, loudspeaker: Arc<Loudspeaker>) -> Result<()> {
        Ok(self.0.connect_loudspeaker(&loudspeaker.0)?)
    }

    /// Stops playing the call on a loudspeaker. One that is not connected is ignored.
    pub fn disconnect_loudspeaker(&self, loudspeaker: Arc<Loudspeaker>) {
        self.0.disconnect_loudspeaker(&loudspeaker.0);
    }
}

/// What happens to devices, in order, for one reader.
///
/// Each stream has its own queue of 1024 events; a reader that stays away longer loses the
/// oldest, and `missed` counts them. It ends when nothing refers to the devices, nor to what was
/// opened of them.
#[derive(uniffi::Object)]
pub struct AudioDeviceEvents(EventStream<AudioDeviceEvent>);

#[uniffi::export]
impl AudioDeviceEvents {
    /// Waits for the next event. None after the devices ended or `cancel`.
    pub async fn next(&self) -> Option<AudioDeviceEvent> {
        WakeOnDispatcher::new(self.0.next()).await
    }

    /// The next event if one is already there.
    pub fn try_next(&self) -> Option<AudioDeviceEvent> {
        self.0.try_next()
    }

    /// How many events were dropped because this reader was too slow.
    pub fn missed(&self) -> u64 {
        self.0.missed()
    }

    /// Ends this stream: every waiting and later `next` gives None. A second call does nothing.
    pub fn cancel(&self) {
        self.0.cancel();
    }
}
