//! In-call requests that are not Verto (`call.*`).

use serde_json::{json, Map, Value};

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

/// Any `call.*` request: names who asks and, unless the application did, the own member as the one
/// acted on.
pub(crate) fn complete(
    mut params: Map<String, Value>,
    own: &MemberRef,
    target: &MemberRef,
) -> Value {
    params.entry("self").or_insert_with(|| own.json());
    if !params.contains_key("target") && !params.contains_key("targets") {
        params.insert("target".to_owned(), target.json());
    }
    Value::Object(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_application_names_is_kept() {
        let member =
            |id: &str| MemberRef { member_id: id.into(), call_id: "c".into(), node_id: "n".into() };
        let (own, target) = (member("own"), member("latest"));
        for (given, key, expected) in [
            (json!({}), "target", target.json()),
            (json!({}), "self", own.json()),
            (json!({"target": {"member_id": "m"}}), "target", json!({"member_id": "m"})),
            (json!({"targets": []}), "target", Value::Null),
            (json!({"volume": 5}), "volume", json!(5)),
        ] {
            let Value::Object(given) = given else { unreachable!() };
            assert_eq!(complete(given, &own, &target)[key], expected, "{key}");
        }
    }
}
