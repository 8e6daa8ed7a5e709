//! The devices of one host: the list, what happens to it, and the thread that looks.

use super::choice::{changes, default_of, find, none_there};
use super::feed::{lock, Signal};
use super::follow::{Endpoint, Follower};
use super::{AudioDevice, AudioDeviceEvent, AudioDeviceKind, AudioHost};
use super::{Loudspeaker, LoudspeakerOptions, Microphone, MicrophoneOptions};
use crate::error::{Error, Result};
use crate::runtime::{self, Generation};
use crate::util::bus::{Bus, EventStream};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

/// How often the list is looked at. No platform's interface here tells all changes by itself.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The microphones and loudspeakers of this machine, or of another [`AudioHost`].
///
/// A handle: cheap to clone, every method from any thread. From the first [`AudioDevices::events`]
/// or opened device on, one thread (`sw-devices`) looks at the list every second; it ends with the
/// last handle, microphone and loudspeaker.
#[derive(Clone)]
pub struct AudioDevices(Arc<Inner>);

pub(super) struct Inner {
    host: Arc<dyn AudioHost>,
    events: Bus<AudioDeviceEvent>,
    state: Mutex<State>,
    signal: Arc<Signal>,
    generation: Generation,
}

#[derive(Default)]
struct State {
    is_watched: bool,
    known: Vec<AudioDevice>,
    followers: Vec<Weak<Follower>>,
}

impl AudioDevices {
    /// The devices of this machine.
    ///
    /// Errors: `NotSupported` in builds without the cargo feature `devices` (Linux: it needs
    /// libasound, which servers lack); `Media` where the audio system does not answer. A machine
    /// without devices is no error here: its list is empty.
    pub fn system() -> Result<Self> {
        #[cfg(feature = "devices")]
        return Self::of_host(Arc::new(super::system::SystemHost::new()?));
        #[cfg(not(feature = "devices"))]
        Err(Error::new(
            crate::error::ErrorKind::NotSupported,
            "this build has no audio devices: build it with the feature `devices`, or push and \
             take the audio yourself",
        ))
    }

    /// One microphone that hears nothing and one loudspeaker that nobody hears, for programs that
    /// want devices on a machine that has none. Error: `Internal` if no thread can be started.
    pub fn silent() -> Result<Self> {
        let host = super::VirtualDevices::new();
        host.add("null", "Silence", AudioDeviceKind::Input, 48_000)?;
        host.add("null", "Silence", AudioDeviceKind::Output, 48_000)?;
        Self::of_host(Arc::new(host))
    }

    /// The devices of `host`. Error: `Internal` if no thread can be started.
    pub fn of_host(host: Arc<dyn AudioHost>) -> Result<Self> {
        let generation = runtime::ensure()?;
        Ok(AudioDevices(Arc::new(Inner {
            host,
            events: Bus::new(|_| None),
            state: Mutex::default(),
            signal: Arc::default(),
            generation,
        })))
    }

    /// The devices that are there now, with their rates. Asking a device for its rates may take
    /// some 10 ms each. Errors: `Media` where the audio system does not answer; `Forked`.
    pub fn list(&self) -> Result<Vec<AudioDevice>> {
        self.0.generation.check()?;
        let host = &self.0.host;
        let mut devices = host.devices()?;
        for device in &mut devices {
            device.sample_rates_hz = host.sample_rates_hz(&device.id, device.kind);
        }
        Ok(devices)
    }

    /// What happens to the devices and to what was opened; the first stream has everything since
    /// this object was made. Devices that are there at the beginning are not told as added.
    /// Errors: `Media` where the audio system does not answer; `Internal` if the thread that looks
    /// cannot be started; `Forked`.
    pub fn events(&self) -> Result<EventStream<AudioDeviceEvent>> {
        self.watch()?;
        Ok(self.0.events.stream())
    }

    /// Starts a microphone; connect it to calls by
    /// [`Call::connect_microphone`](crate::Call::connect_microphone). It stops when its last handle
    /// is dropped.
    ///
    /// Without a name it is the default microphone and follows it. A named one falls back to the
    /// default while it is unplugged and is taken again when it comes back.
    /// Errors: `NotFound` when there is no such microphone, or none at all (the text says which
    /// there are); `InvalidArgument` for a part of a name that fits several; `Media` when it
    /// cannot be opened, e.g. since another program has it or this one lacks the permission;
    /// `Internal`; `Forked`.
    pub fn open_microphone(&self, options: MicrophoneOptions) -> Result<Microphone> {
        Microphone::open(self, options)
    }

    /// Starts a loudspeaker; connect calls to it by
    /// [`Call::connect_loudspeaker`](crate::Call::connect_loudspeaker). It is chosen, followed and
    /// stopped as a microphone is, with the same errors.
    pub fn open_loudspeaker(&self, options: LoudspeakerOptions) -> Result<Loudspeaker> {
        Loudspeaker::open(self, options)
    }

    /// Puts an endpoint on the device that `wanted` names, or on the default, and keeps it there.
    pub(super) fn follow(
        &self,
        kind: AudioDeviceKind,
        wanted: Option<&str>,
        endpoint: Arc<dyn Endpoint>,
    ) -> Result<Arc<Follower>> {
        self.watch()?;
        let inner = &self.0;
        let devices = inner.host.devices()?;
        let device = match wanted {
            Some(name) => find(&devices, kind, name)?,
            None => default_of(&devices, kind).ok_or_else(|| none_there(kind))?,
        };
        let chosen_id = wanted.map(|_| device.id.clone());
        let follower = Follower::new(kind, chosen_id, endpoint, inner.signal.clone());
        follower.open(&*inner.host, device)?;
        lock(&inner.state).followers.push(Arc::downgrade(&follower));
        inner.events.publish(AudioDeviceEvent::Opened { device: device.clone() });
        Ok(follower)
    }

    fn watch(&self) -> Result<()> {
        let inner = &self.0;
        inner.generation.check()?;
        let mut state = lock(&inner.state);
        if state.is_watched {
            return Ok(());
        }
        state.known = inner.host.devices()?;
        let (signal, weak) = (inner.signal.clone(), Arc::downgrade(inner));
        std::thread::Builder::new()
            .name("sw-devices".to_owned())
            .spawn(move || {
                while signal.wait(LOOK_EVERY) {
                    let Some(inner) = weak.upgrade() else { return };
                    inner.look();
                }
            })
            .map_err(|error| Error::internal(format!("cannot start a thread: {error}")))?;
        state.is_watched = true;
        let signal = Arc::downgrade(&inner.signal);
        inner.host.watch(Arc::new(move || {
            if let Some(signal) = signal.upgrade() {
                signal.raise();
            }
        }));
        Ok(())
    }
}

impl Inner {
    fn look(&self) {
        let devices = match self.host.devices() {
            Ok(devices) => devices,
            Err(error) => return tracing::debug!(%error, "the devices cannot be listed"),
        };
        let followers = {
            let mut state = lock(&self.state);
            let before = std::mem::replace(&mut state.known, devices.clone());
            changes(&before, &devices).into_iter().for_each(|event| self.events.publish(event));
            state.followers.retain(|follower| follower.strong_count() > 0);
            state.followers.clone()
        };
        for follower in followers.iter().filter_map(Weak::upgrade) {
            let events = follower.look(&*self.host, &devices);
            events.into_iter().for_each(|event| self.events.publish(event));
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.signal.end();
        self.events.end();
    }
}

impl std::fmt::Debug for AudioDevices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AudioDevices").finish_non_exhaustive()
    }
}
