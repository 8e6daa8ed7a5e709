//! Devices that exist in this process only: for tests, and for programs that speak by themselves.

use super::feed::lock;
use super::{AudioDevice, AudioDeviceKind, AudioHost, DeviceStream, InputFeed, OutputFeed};
use crate::error::{Error, ErrorKind, Result};
use crate::media::frame::AudioFormat;
use std::sync::{Arc, Mutex, Weak};

/// A host whose devices the program plugs in, feeds and listens to. A handle: clones are one host.
///
/// Nothing moves by itself: [`VirtualDevices::speak`] is what a microphone hears, and
/// [`VirtualDevices::listen`] takes what a loudspeaker plays. Changes are told at once.
#[derive(Clone, Default)]
pub struct VirtualDevices(Arc<Mutex<Room>>);

type Watcher = Arc<dyn Fn() + Send + Sync>;

#[derive(Default)]
struct Room {
    devices: Vec<Virtual>,
    watchers: Vec<Watcher>,
}

struct Virtual {
    device: AudioDevice,
    rate_hz: u32,
    is_busy: bool,
    inputs: Vec<(Weak<()>, InputFeed)>,
    outputs: Vec<(Weak<()>, OutputFeed)>,
}

/// A stream that lives until it is dropped.
struct Running {
    _alive: Arc<()>,
}

impl DeviceStream for Running {}

impl VirtualDevices {
    /// Makes a host without devices.
    pub fn new() -> Self {
        Self::default()
    }

    /// Plugs a device in; the first one of a kind is the default of it.
    ///
    /// Errors: `InvalidArgument` for a rate outside 8000 to 192000 Hz and for an id that is there.
    pub fn add(&self, id: &str, name: &str, kind: AudioDeviceKind, rate_hz: u32) -> Result<()> {
        AudioFormat::new(rate_hz, 1).validate()?;
        self.change(|room| {
            if room.find(id, kind).is_some() {
                return Err(Error::invalid(format!("there is a device {id:?} already")));
            }
            let is_default = !room.devices.iter().any(|known| known.device.kind == kind);
            let device = AudioDevice {
                id: id.to_owned(),
                name: name.to_owned(),
                kind,
                is_default,
                sample_rates_hz: Vec::new(),
            };
            let (inputs, outputs) = (Vec::new(), Vec::new());
            room.devices.push(Virtual { device, rate_hz, is_busy: false, inputs, outputs });
            Ok(())
        })
    }

    /// Unplugs a device; the default of its kind passes on to the first one left. Error: `NotFound`.
    pub fn remove(&self, id: &str, kind: AudioDeviceKind) -> Result<()> {
        self.change(|room| {
            room.find(id, kind).ok_or_else(|| missing(id))?;
            room.devices.retain(|known| known.device.id != id || known.device.kind != kind);
            let mut left = room.devices.iter_mut().filter(|known| known.device.kind == kind);
            if !left.by_ref().any(|known| known.device.is_default) {
                if let Some(first) = room.devices.iter_mut().find(|d| d.device.kind == kind) {
                    first.device.is_default = true;
                }
            }
            Ok(())
        })
    }

    /// Makes a device the default of its kind. Error: `NotFound`.
    pub fn set_default(&self, id: &str, kind: AudioDeviceKind) -> Result<()> {
        self.change(|room| {
            room.find(id, kind).ok_or_else(|| missing(id))?;
            for known in room.devices.iter_mut().filter(|known| known.device.kind == kind) {
                known.device.is_default = known.device.id == id;
            }
            Ok(())
        })
    }

    /// Lets a device refuse to be opened, as one that another program has. Error: `NotFound`.
    pub fn set_busy(&self, id: &str, kind: AudioDeviceKind, is_busy: bool) -> Result<()> {
        self.change(|room| {
            room.find(id, kind).ok_or_else(|| missing(id))?.is_busy = is_busy;
            Ok(())
        })
    }

    /// Lets a device that is there fail for all who have it open. Error: `NotFound`.
    pub fn fail(&self, id: &str, kind: AudioDeviceKind, reason: &str) -> Result<()> {
        let (inputs, outputs) = self.with(|room| {
            let device = room.find(id, kind).ok_or_else(|| missing(id))?;
            Ok((device.open_inputs(), device.open_outputs()))
        })?;
        inputs.iter().for_each(|feed| feed.lost(reason));
        outputs.iter().for_each(|feed| feed.lost(reason));
        Ok(())
    }

    /// Lets a microphone hear mono samples at its rate; whoever has it open gets them now.
    /// Gives how many have it open. Error: `NotFound`.
    pub fn speak(&self, id: &str, samples: &[i16]) -> Result<usize> {
        let (feeds, rate_hz) = self.with(|room| {
            let device = room.find(id, AudioDeviceKind::Input).ok_or_else(|| missing(id))?;
            Ok((device.open_inputs(), device.rate_hz))
        })?;
        feeds.iter().for_each(|feed| feed.push(samples, rate_hz));
        Ok(feeds.len())
    }

    /// Takes the next `count` mono samples that a loudspeaker plays, at its rate; silence while
    /// nobody has it open. Error: `NotFound`.
    pub fn listen(&self, id: &str, count: usize) -> Result<Vec<i16>> {
        let (feeds, rate_hz) = self.with(|room| {
            let device = room.find(id, AudioDeviceKind::Output).ok_or_else(|| missing(id))?;
            Ok((device.open_outputs(), device.rate_hz))
        })?;
        let mut heard = vec![0i16; count];
        let mut one = vec![0i16; count];
        for feed in feeds {
            feed.fill(&mut one, rate_hz);
            heard.iter_mut().zip(&one).for_each(|(sum, s)| *sum = sum.saturating_add(*s));
        }
        Ok(heard)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Room) -> Result<T>) -> Result<T> {
        work(&mut lock(&self.0))
    }

    /// Changes the room and tells, without the lock: who is told looks at the room.
    fn change(&self, work: impl FnOnce(&mut Room) -> Result<()>) -> Result<()> {
        self.with(work)?;
        let watchers = lock(&self.0).watchers.clone();
        watchers.iter().for_each(|changed| changed());
        Ok(())
    }

    fn open(
        &self,
        id: &str,
        kind: AudioDeviceKind,
        enter: impl FnOnce(&mut Virtual, Weak<()>),
    ) -> Result<Box<dyn DeviceStream>> {
        self.with(|room| {
            let device = room.find(id, kind).ok_or_else(|| missing(id))?;
            if device.is_busy {
                return Err(Error::media("another program uses the device; close that one"));
            }
            let alive = Arc::new(());
            enter(device, Arc::downgrade(&alive));
            Ok(Box::new(Running { _alive: alive }) as Box<dyn DeviceStream>)
        })
    }
}

fn missing(id: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no device {id:?}"))
}

impl Room {
    fn find(&mut self, id: &str, kind: AudioDeviceKind) -> Option<&mut Virtual> {
        self.devices.iter_mut().find(|known| known.device.id == id && known.device.kind == kind)
    }
}

impl Virtual {
    fn open_inputs(&mut self) -> Vec<InputFeed> {
        self.inputs.retain(|(alive, _)| alive.strong_count() > 0);
        self.inputs.iter().map(|(_, feed)| feed.clone()).collect()
    }

    fn open_outputs(&mut self) -> Vec<OutputFeed> {
        self.outputs.retain(|(alive, _)| alive.strong_count() > 0);
        self.outputs.iter().map(|(_, feed)| feed.clone()).collect()
    }
}

impl AudioHost for VirtualDevices {
    fn devices(&self) -> Result<Vec<AudioDevice>> {
        Ok(lock(&self.0).devices.iter().map(|known| known.device.clone()).collect())
    }

    fn sample_rates_hz(&self, id: &str, kind: AudioDeviceKind) -> Vec<u32> {
        lock(&self.0).find(id, kind).map(|known| vec![known.rate_hz]).unwrap_or_default()
    }

    fn open_input(&self, id: &str, feed: InputFeed) -> Result<Box<dyn DeviceStream>> {
        self.open(id, AudioDeviceKind::Input, |device, alive| device.inputs.push((alive, feed)))
    }

    fn open_output(&self, id: &str, feed: OutputFeed) -> Result<Box<dyn DeviceStream>> {
        self.open(id, AudioDeviceKind::Output, |device, alive| device.outputs.push((alive, feed)))
    }

    fn watch(&self, changed: Watcher) {
        lock(&self.0).watchers.push(changed);
    }
}

impl std::fmt::Debug for VirtualDevices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let devices = self.devices().unwrap_or_default();
        f.debug_struct("VirtualDevices").field("devices", &devices.len()).finish()
    }
}
