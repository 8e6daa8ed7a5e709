//! Tests and reports for the generated languages.

use super::{wait, Call, Client, Result};
use crate::{ConnectTimes, PreflightOptions, PreflightReport};

#[uniffi::export]
impl Client {
    /// How long each step of the last connection to the service took; None before the first.
    pub fn connect_times(&self) -> Option<ConnectTimes> {
        self.0.connect_times()
    }

    /// Tests what a call needs: the way to the service, each of its STUN and TURN servers and, with
    /// `echo_address`, a short call that sends a tone and listens for it.
    ///
    /// Connects the client if it is not connected. Whatever does not work is in the report, which
    /// says what to do about it. Takes as long as the slowest server, at most 4 s, and the call.
    /// Giving up the wait ends the test; its call is hung up.
    /// Errors: `InvalidArgument` for options that cannot be; `Closed` after `disconnect`.
    #[uniffi::method(default(options))]
    pub async fn preflight(&self, options: PreflightOptions) -> Result<PreflightReport> {
        wait(self.0.preflight(options)).await
    }

    /// What happened to this client and its calls, as one JSON object to attach to a report of a
    /// problem: version, platform, options, state, the last 64 events by name, how long the last
    /// connection took, and the diagnostics of its calls, of the last eight that are over, too.
    ///
    /// Network addresses, host names and the numbers of calls are in it. Tokens, keys, ICE and TURN
    /// credentials, messages, transcripts and names of people are not. Does not block.
    pub fn diagnostics(&self) -> String {
        self.0.diagnostics()
    }
}

#[uniffi::export]
impl Call {
    /// What happened in this call and how it stands, as one JSON object for a report of a problem;
    /// also after the end.
    ///
    /// It has the state, who ended it and why, when each step of the set-up was done, the last 64
    /// events by name, the descriptions of media (SDP), the selected candidates and the statistics.
    /// Addresses, ports and the other party's number are in it. ICE credentials, fingerprints and
    /// keys are not, nor is anything that was said or written. Does not block.
    pub fn diagnostics(&self) -> String {
        self.0.diagnostics()
    }
}
