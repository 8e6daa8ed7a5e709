//! A call's microphones and loudspeakers.

use super::Call;
use crate::error::Result;
use crate::media::device::{Loudspeaker, Microphone};

impl Call {
    /// Sends what a microphone hears, from the moment that media flow until the call ends, the
    /// microphone is dropped or [`Call::disconnect_microphone`]. While its device is unplugged
    /// silence is sent. What the application pushes besides competes for the same queue.
    ///
    /// One microphone may be connected to several calls. Connecting it twice does nothing.
    /// Errors: `Closed` after the end.
    pub fn connect_microphone(&self, microphone: &Microphone) -> Result<()> {
        self.check_alive()?;
        microphone.connect(&self.0.audio);
        Ok(())
    }

    /// Stops sending what a microphone hears. One that is not connected is ignored.
    pub fn disconnect_microphone(&self, microphone: &Microphone) {
        microphone.disconnect(&self.0.audio);
    }

    /// Plays what is received on a loudspeaker, until the call ends, the loudspeaker is dropped or
    /// [`Call::disconnect_loudspeaker`]. Other sinks go on. While its device is unplugged nothing
    /// is heard, and nothing of that time is played later.
    ///
    /// A loudspeaker plays the sum of its calls. Connecting it twice does nothing.
    /// Errors: `Closed` after the end.
    pub fn connect_loudspeaker(&self, loudspeaker: &Loudspeaker) -> Result<()> {
        self.check_alive()?;
        loudspeaker.connect(&self.0.audio)
    }

    /// Stops playing the call on a loudspeaker. One that is not connected is ignored.
    pub fn disconnect_loudspeaker(&self, loudspeaker: &Loudspeaker) {
        loudspeaker.disconnect(&self.0.audio);
    }
}
