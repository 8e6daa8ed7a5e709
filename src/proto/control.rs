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

/// The parameters of `call.member.position.set`, the one request with a list of targets
/// (signalwire-js FabricRoomSession.ts).
pub(crate) fn positions<'a>(
    own: &MemberRef,
    places: impl Iterator<Item = (MemberRef, &'a str)>,
) -> Value {
    let targets: Vec<Value> = places
        .map(|(target, position)| json!({"target": target.json(), "position": position}))
        .collect();
    json!({"self": own.json(), "targets": targets})
}

/// The names in the result of `call.layout.list`; `None` if it has no list.
pub(crate) fn layout_names(result: &Value) -> Option<Vec<String>> {
    let names = result["layouts"].as_array()?;
    Some(names.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: &str) -> MemberRef {
        MemberRef { member_id: id.into(), call_id: "c".into(), node_id: "n".into() }
    }

    #[test]
    fn what_the_application_names_is_kept() {
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

    #[test]
    fn positions_have_a_target_each() {
        let params = positions(&member("own"), [(member("m"), "reserved-0")].into_iter());
        assert_eq!(params["targets"][0]["target"], member("m").json());
        assert_eq!(params["targets"][0]["position"], "reserved-0");
        assert_eq!(params["self"]["member_id"], "own");
        assert!(params.get("target").is_none());
    }

    #[test]
    fn lists_of_layouts() {
        for (result, expected) in [
            (json!({"layouts": ["a", 7, "b"]}), Some(vec!["a".to_owned(), "b".to_owned()])),
            (json!({"layouts": []}), Some(vec![])),
            (json!({"layouts": "a"}), None),
            (json!({}), None),
        ] {
            assert_eq!(layout_names(&result), expected, "{result}");
        }
    }
}
