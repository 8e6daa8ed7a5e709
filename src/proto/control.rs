//! In-call requests that are not Verto (`call.*`).

use serde_json::{json, Value};

/// The ids by which the service knows one member of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MemberRef {
    pub(crate) member_id: String,
    pub(crate) call_id: String,
    pub(crate) node_id: String,
}

impl MemberRef {
    fn json(&self) -> Value {
        json!({"member_id": self.member_id, "call_id": self.call_id, "node_id": self.node_id})
    }
}

/// `call.mute` or `call.unmute` of the microphone (signalwire-js FabricRoomSession.ts).
pub(crate) fn mute(on: bool, own: &MemberRef, target: &MemberRef) -> (&'static str, Value) {
    let method = if on { "call.mute" } else { "call.unmute" };
    let params = json!({"channels": ["audio"], "self": own.json(), "target": target.json()});
    (method, params)
}
