//! Further legs of a call: a shared screen or an additional device is a leg of its own, and a
//! member whose parent is the member that shares it.

use std::sync::Arc;

use serde_json::Value;

use crate::call::Call;
use crate::directory::dialled_path;
use crate::events;
use crate::hub::Hub;
use crate::media::sdp::{Description, Direction};
use crate::rpc;

/// What a further leg is, and whose.
#[derive(Clone, Debug)]
pub struct Child {
    /// The type of its member: `screen` or `device`.
    pub kind: &'static str,
    pub parent_call_id: String,
    pub parent_id: String,
}

/// The parent of an invite, if it is one of a further leg; what is wrong with it is a violation.
pub fn of_invite(
    hub: &Hub,
    dialog: &Value,
    destination: &str,
    offer: Option<&Description>,
) -> Option<Child> {
    let kind = match (&dialog["screenShare"], &dialog["additionalDevice"]) {
        (Value::Bool(true), _) => "screen",
        (_, Value::Bool(true)) => "device",
        _ => return None,
    };
    let variables = &dialog["userVariables"];
    let named = |key: &str| rpc::text(variables, key).unwrap_or_default().to_owned();
    let (parent_call_id, parent_id) = (named("memberCallId"), named("memberId"));
    let wrong = |what: &str| hub.violation(format!("the invite of a {kind}: {what}"));
    match hub.call(&parent_call_id).filter(|parent| parent.is_answered()) {
        None => wrong("userVariables.memberCallId names no answered call"),
        Some(parent) => {
            let is_own = parent.with(|leg| leg.segments.iter().any(|at| at.member_id == parent_id));
            if !is_own {
                wrong("userVariables.memberId is not the member of that call");
            }
            if dialled_path(destination) != dialled_path(&parent.destination) {
                wrong("another destination than that of its call");
            }
        }
    }
    let sections = offer.map(|offer| &offer.sections[..]).unwrap_or_default();
    if sections.iter().any(|section| section.direction != Direction::SendOnly) {
        wrong("a section that is not sendonly");
    }
    Some(Child { kind, parent_call_id, parent_id })
}

/// The parent is told of its new child.
pub fn joined(hub: &Arc<Hub>, call: &Call) {
    tell(hub, call, "member.joined");
}

/// The parent is told that the child is gone.
pub fn left(hub: &Hub, call: &Call) {
    tell(hub, call, "member.left");
}

fn tell(hub: &Hub, call: &Call, event: &str) {
    let Some(child) = &call.child else { return };
    // A conference tells all its members, the parent with them.
    if call.conference().is_some() {
        return;
    }
    let Some(parent) = hub.call(&child.parent_call_id).filter(|parent| parent.is_answered()) else {
        return;
    };
    let member = call.with(|leg| events::member(call, leg, leg.home()));
    let (protocol, payload) = parent.with(|leg| {
        let home = leg.home();
        let mut member = member;
        member["room_id"] = home.room_id.clone().into();
        member["room_session_id"] = home.room_session_id.clone().into();
        (leg.protocol.clone(), home.about(&member))
    });
    hub.event(&protocol, event, payload);
}
