//! Several calls in one conference, for the generated languages.

use super::audio::{samples, AudioSink, ForeignSink};
use super::call::Call;
use super::Result;
use std::sync::Arc;

/// Joins calls of this process into one conference: each hears the others, and what the application
/// pushes, and not itself.
///
/// One tick of 20 ms mixes all of them in mono 48 kHz; what is too loud is clipped. A voice that is
/// late has silence in its place and may wait up to 200 ms, then its oldest audio is dropped. With a
/// gain of 0 for every call they hear the application only: one source for many calls. Calls that
/// are over leave by themselves. Letting go of the mixer takes all calls out; they go on.
#[derive(uniffi::Object)]
pub struct Mixer(crate::Mixer);

#[uniffi::export]
impl Mixer {
    /// Makes an empty conference. Error: `Internal` if no thread can be started.
    #[uniffi::constructor]
    pub fn new() -> Result<Arc<Self>> {
        Ok(Arc::new(Self(crate::Mixer::new()?)))
    }

    /// Takes a call in. What the application pushes into the call itself competes with the mix: push
    /// it into the mixer instead. A call that is in already stays as it is.
    ///
    /// Errors: `Closed` for a call that is over; `InvalidArgument` for more than 64 calls.
    pub fn add(&self, call: &Call) -> Result<()> {
        Ok(self.0.add(&call.0)?)
    }

    /// Takes a call out; it goes on without the others. A call that is not in is ignored.
    pub fn remove(&self, call: &Call) {
        self.0.remove(&call.0);
    }

    /// The ids of the calls that are in.
    pub fn call_ids(&self) -> Vec<String> {
        self.0.call_ids()
    }

    /// Sets how loud a call is for the others: 1.0 as it comes, 0.0 not at all, at most 4.0.
    ///
    /// Errors: `InvalidArgument` for a gain outside, and for a call that is not in.
    pub fn set_gain(&self, call: &Call, gain: f64) -> Result<()> {
        Ok(self.0.set_gain(&call.0, gain)?)
    }

    /// Queues audio that all calls are to hear: little-endian 16-bit samples, mono 48 kHz, at most
    /// 200 ms. Of more, the oldest is dropped; gives the milliseconds that were dropped since the
    /// mixer was made.
    ///
    /// Error: `InvalidArgument` for half a sample.
    pub fn push_audio(&self, pcm: &[u8]) -> Result<u64> {
        Ok(self.0.push_audio(&samples(pcm)?))
    }

    /// Discards at once what the application pushed and was not mixed yet, at most 200 ms; gives its
    /// milliseconds, rounded up. What the calls say is not touched.
    pub fn clear_audio(&self) -> u32 {
        self.0.clear_audio()
    }

    /// Delivers what all calls say, without what the application pushes: 20 ms frames of mono 48 kHz
    /// on a media thread, until the sink is replaced or set to none, after which it is not called any
    /// more; waits for a running call of it, unless from inside it. A sink that is slower than real
    /// time loses the oldest of 10 frames.
    ///
    /// Errors: `Internal` if no media thread can be started.
    pub fn set_sink(&self, sink: Option<Arc<dyn AudioSink>>) -> Result<()> {
        let sink = sink.map(|sink| ForeignSink::new(sink) as Arc<dyn crate::AudioSink>);
        Ok(self.0.set_sink(sink)?)
    }
}
