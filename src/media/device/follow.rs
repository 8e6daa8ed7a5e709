//! One opened microphone or loudspeaker and the device that it works with at the moment.

use super::choice::candidates;
use super::feed::{lock, Loss, Signal};
use super::{AudioDevice, AudioDeviceEvent, AudioDeviceKind, AudioHost, DeviceStream};
use crate::error::Result;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// The end of the samples' way that stays while devices come and go.
pub(super) trait Endpoint: Send + Sync {
    fn open(
        self: Arc<Self>,
        host: &dyn AudioHost,
        id: &str,
        loss: Arc<Loss>,
    ) -> Result<Box<dyn DeviceStream>>;

    /// The device is gone: what waits is not played or sent later.
    fn clear(&self);
}

/// Keeps an endpoint on the best device that there is.
pub(super) struct Follower {
    kind: AudioDeviceKind,
    chosen_id: Option<String>,
    endpoint: Arc<dyn Endpoint>,
    signal: Arc<Signal>,
    current: Mutex<Option<Current>>,
    is_stopped: AtomicBool,
}

struct Current {
    device: AudioDevice,
    loss: Arc<Loss>,
    /// Held for its destructor, which stops the device.
    _stream: Box<dyn DeviceStream>,
}

impl Follower {
    pub(super) fn new(
        kind: AudioDeviceKind,
        chosen_id: Option<String>,
        endpoint: Arc<dyn Endpoint>,
        signal: Arc<Signal>,
    ) -> Arc<Self> {
        Arc::new(Follower {
            kind,
            chosen_id,
            endpoint,
            signal,
            current: Mutex::new(None),
            is_stopped: AtomicBool::new(false),
        })
    }

    /// The device in use.
    pub(super) fn device(&self) -> Option<AudioDevice> {
        lock(&self.current).as_ref().map(|current| current.device.clone())
    }

    /// Opens a device for the first time.
    pub(super) fn open(&self, host: &dyn AudioHost, device: &AudioDevice) -> Result<()> {
        *lock(&self.current) = Some(self.start(host, device)?);
        Ok(())
    }

    /// Stops the device for good.
    pub(super) fn stop(&self) {
        let stopped = {
            let mut current = lock(&self.current);
            self.is_stopped.store(true, Ordering::SeqCst);
            current.take()
        };
        drop(stopped);
        self.endpoint.clear();
    }

    fn start(&self, host: &dyn AudioHost, device: &AudioDevice) -> Result<Current> {
        let loss = Loss::new(self.signal.clone());
        let stream = self.endpoint.clone().open(host, &device.id, loss.clone())?;
        Ok(Current { device: device.clone(), loss, _stream: stream })
    }

    /// Looks at the devices that are there now and gives what there is to tell. The host's code, which
    /// opens and ends streams, runs without the lock: it may ask for the device, or stop this.
    pub(super) fn look(
        &self,
        host: &dyn AudioHost,
        devices: &[AudioDevice],
    ) -> Vec<AudioDeviceEvent> {
        let mut events = Vec::new();
        if self.is_stopped.load(Ordering::SeqCst) {
            return events;
        }
        events.extend(self.lose_what_is_gone(devices));
        let in_use = self.device().map(|device| device.id);
        for device in candidates(devices, self.kind, self.chosen_id.as_deref()) {
            if in_use.as_ref() == Some(&device.id) {
                break;
            }
            match self.start(host, device) {
                Ok(next) => {
                    events.extend(self.adopt(next));
                    break;
                }
                // It is tried again with the next look.
                Err(error) => tracing::debug!(device = device.id, %error, "a device did not open"),
            }
        }
        events
    }

    /// Goes over to an opened device, unless this was stopped meanwhile; then it is closed again.
    fn adopt(&self, next: Current) -> Option<AudioDeviceEvent> {
        let device = next.device.clone();
        let (superseded, is_adopted) = {
            let mut current = lock(&self.current);
            match self.is_stopped.load(Ordering::SeqCst) {
                true => (Some(next), false),
                false => (current.replace(next), true),
            }
        };
        drop(superseded);
        is_adopted.then_some(AudioDeviceEvent::Opened { device })
    }

    fn loss_of(&self, current: &Current, devices: &[AudioDevice]) -> Option<String> {
        let is_there = devices.iter().any(|d| d.kind == self.kind && d.id == current.device.id);
        let reason = current.loss.take();
        reason.or_else(|| (!is_there).then(|| "it is not there any more".to_owned()))
    }

    fn lose_what_is_gone(&self, devices: &[AudioDevice]) -> Option<AudioDeviceEvent> {
        let (lost, reason) = {
            let mut current = lock(&self.current);
            let reason = self.loss_of(current.as_ref()?, devices)?;
            (current.take()?, reason)
        };
        let device = lost.device.clone();
        drop(lost);
        self.endpoint.clear();
        Some(AudioDeviceEvent::Lost { device, reason })
    }
}
