//! The platform's call screen for the generated languages.

use crate::host::{HostAction, HostInput, HostPhase};
use std::sync::Arc;

/// One call as the platform's call screen sees it (CallKit, ConnectionService): what the
/// application must tell the system and the client, whatever happens in whatever order.
///
/// Feed it from the system's delegate and from the client's events, and carry the actions out in
/// order. It is pure: no clock, no network. Audio inputs are the system's, not one call's: give
/// them to every call that is there.
#[derive(uniffi::Object)]
pub struct HostCall(crate::host::HostCall);

#[uniffi::export]
impl HostCall {
    /// A call of this id, of which nothing happened yet.
    #[uniffi::constructor]
    pub fn new(call_id: &str) -> Arc<Self> {
        Arc::new(Self(crate::host::HostCall::new(call_id)))
    }

    /// The id that it was made with.
    pub fn call_id(&self) -> String {
        self.0.call_id()
    }

    /// Where it stands.
    pub fn phase(&self) -> HostPhase {
        self.0.phase()
    }

    /// Tells what happened and gives what to do, in this order; often nothing. Every input may
    /// come at any time and any number of times.
    pub fn handle(&self, input: HostInput) -> Vec<HostAction> {
        self.0.handle(input)
    }
}
