//! What happens to calls: which address an invite reaches, and what that address does with it.

use std::sync::Arc;

use serde_json::{json, Value};
use tokio::sync::mpsc::{self, UnboundedSender};

use crate::agent;
use crate::bridge;
use crate::call::{Call, Plan};
use crate::child::Child;
use crate::conference;
use crate::directory::{dialled_path, Address, Behaviour};
use crate::hub::Hub;
use crate::media::describe::Bundle;
use crate::media::negotiate::{Codec, Refusal};
use crate::media::sdp::Description;
use crate::media::stream::{Controls, Source};
use crate::media::{Media, MediaEvent, Wanted};
use crate::rpc;
use crate::segment::{self, Segment};
use crate::verto::Request;

/// An invite that was found to be in order.
pub struct Invite {
    pub call_id: String,
    pub destination: String,
    /// `None` when the description could not be read.
    pub offer: Option<Description>,
    pub user_variables: Value,
    pub child: Option<Child>,
}

/// A call of the client: the result first, then what the address does.
pub fn incoming(request: &Request, invite: Invite) {
    let hub = request.hub;
    let path = dialled_path(&invite.destination).to_owned();
    let address = reachable(hub, request.protocol, &invite.destination);
    let (caller, subscriber_id) = hub.with(|inner| {
        inner
            .sessions
            .get(request.protocol)
            .map_or_else(Default::default, |s| (s.reference.clone(), s.grant.subscriber_id.clone()))
    });
    let behaviour = match &address {
        Some(address) => address.behaviour.clone(),
        None => Behaviour::Refuse { code: 3, cause: "NO_ROUTE_DESTINATION" },
    };
    let conference = (behaviour == Behaviour::Room).then(|| hub.conference(&path));
    let plan = Plan {
        id: invite.call_id.clone(),
        protocol: request.protocol.to_owned(),
        destination: invite.destination.clone(),
        display_name: address.as_ref().map_or(path, |a| a.display_name.clone()),
        caller,
        subscriber_id,
        address_id: address.as_ref().map(|a| a.id.clone()),
        inbound: false,
        record: behaviour == Behaviour::Record,
        has_video: invite.offer.as_ref().is_some_and(|o| o.section("video").is_some()),
        user_variables: invite.user_variables.clone(),
        child: invite.child.clone(),
        room: conference.as_ref().map(|c| (c.room_id.clone(), c.room_session_id.clone())),
    };
    let call = Arc::new(Call::new(hub, plan));
    if let Some(conference) = conference {
        call.set_conference(conference);
    }
    if let Some(names) = request.outer["subscribe"].as_array() {
        call.subscribe(names.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    }
    hub.add_call(call.clone());
    let told = hub.with(|inner| inner.faults.misname()).unwrap_or(call.id.clone());
    request.ok(json!({
        "message": "CALL CREATED", "callID": told, "memberID": call.member_id,
    }));
    call.announce(hub, "created");
    let task = tokio::spawn(live(hub.clone(), call.clone(), behaviour, invite.offer));
    call.lead(task.abort_handle());
}

/// The address that a session reaches with a dial string. What a guest token does not allow is,
/// as for REST, not there.
pub fn reachable(hub: &Hub, protocol: &str, destination: &str) -> Option<Address> {
    let path = dialled_path(destination);
    hub.with(|inner| {
        let allowed = &inner.sessions.get(protocol)?.grant.allowed_addresses;
        let private = inner.subscribers.iter().map(|s| &s.address);
        let found = inner.addresses.iter().chain(private).find(|a| a.path() == path)?;
        (allowed.is_empty() || allowed.contains(&found.id)).then(|| found.clone())
    })
}

/// Moves an answered leg to another address: it leaves the rooms it is in and enters a segment of
/// the new address, which from now on decides what happens.
pub fn transferred(hub: &Arc<Hub>, call: &Arc<Call>, address: &Address) {
    while segment::leave(hub, call, "transferred") {}
    call.with(|leg| {
        if let Some(media) = &leg.media {
            media.controls.set_source(source_of(&address.behaviour));
        }
    });
    segment::enter(hub, call, Segment::room(&address.path(), &address.display_name, &[]));
    let task = tokio::spawn(attended(hub.clone(), call.clone(), address.behaviour.clone()));
    call.lead(task.abort_handle());
}

/// What an address does with a leg that is answered.
async fn attended(hub: Arc<Hub>, call: Arc<Call>, behaviour: Behaviour) {
    match behaviour {
        Behaviour::Refuse { code, cause } => call.hang_up(&hub, code, cause),
        // Another subscriber cannot be rung for a leg that is answered.
        Behaviour::Subscriber(_) => call.hang_up(&hub, 606, "USER_NOT_REGISTERED"),
        Behaviour::Bye(after) | Behaviour::EarlyBye(after) => {
            tokio::time::sleep(after).await;
            call.hang_up(&hub, 16, "NORMAL_CLEARING");
        }
        // One is in a room only with a leg that was made to it.
        Behaviour::Room => call.hang_up(&hub, 88, "INCOMPATIBLE_DESTINATION"),
        Behaviour::Moved => segment::moved(hub, call).await,
        Behaviour::Agent => agent::attend(hub, call).await,
        Behaviour::Echo
        | Behaviour::Tone
        | Behaviour::Record
        | Behaviour::Slow(_)
        | Behaviour::Early(_)
        | Behaviour::Elsewhere(_)
        | Behaviour::Never => {}
    }
}

fn source_of(behaviour: &Behaviour) -> Source {
    match behaviour {
        Behaviour::Tone | Behaviour::Early(_) | Behaviour::Elsewhere(_) => Source::Tone,
        Behaviour::Record | Behaviour::Agent => Source::Silence,
        Behaviour::Subscriber(_) => Source::Bridge,
        Behaviour::Room => Source::Conference,
        _ => Source::Echo,
    }
}

/// The life of a call of the client.
async fn live(hub: Arc<Hub>, call: Arc<Call>, behaviour: Behaviour, offer: Option<Description>) {
    tokio::time::sleep(hub.config.answer_delay).await;
    if let Some(to) = hub.with(|inner| inner.faults.redirect()) {
        call.redirect(&hub, &to);
        return;
    }
    if let Behaviour::Refuse { code, cause } = behaviour {
        call.hang_up(&hub, code, cause);
        return;
    }
    if !prepare(&hub, &call, &behaviour, offer.clone()) {
        call.hang_up(&hub, 88, "INCOMPATIBLE_DESTINATION");
        return;
    }
    match behaviour {
        Behaviour::Slow(ring) => {
            call.ring(&hub);
            tokio::time::sleep(ring).await;
            call.answer(&hub);
        }
        Behaviour::Early(early) => {
            call.early(&hub);
            tokio::time::sleep(early).await;
            call.answer(&hub);
        }
        Behaviour::Elsewhere(early) => {
            call.early(&hub);
            tokio::time::sleep(early).await;
            if prepare(&hub, &call, &Behaviour::Echo, offer) {
                call.answer(&hub);
            }
        }
        Behaviour::Subscriber(id) => bridge::ring(hub, call, id).await,
        Behaviour::Never => call.ring(&hub),
        Behaviour::Room => {
            if let Some(conference) = call.conference() {
                conference::enter(&hub, &call, conference);
            }
        }
        Behaviour::EarlyBye(after) => {
            call.ring(&hub);
            tokio::time::sleep(after).await;
            call.hang_up(&hub, 16, "NORMAL_CLEARING");
        }
        other => {
            call.answer(&hub);
            attended(hub, call, other).await;
        }
    }
}

/// Negotiates the media; `false` when the offer cannot be accepted.
fn prepare(
    hub: &Arc<Hub>,
    call: &Arc<Call>,
    behaviour: &Behaviour,
    offer: Option<Description>,
) -> bool {
    let Some(offer) = offer else { return false };
    let (sender, events): (UnboundedSender<MediaEvent>, _) = mpsc::unbounded_channel();
    let controls = Controls::new(source_of(behaviour));
    match Media::answer(&hub.media, &offer, controls, call.record, sender) {
        Ok((media, sdp)) => {
            call.equip(hub, media, Some(sdp), events);
            true
        }
        Err(refusal) => {
            if let Refusal::Broken(reason) = refusal {
                hub.violation(format!("verto.invite: {reason}"));
            }
            false
        }
    }
}

/// What a call of the gateway is like.
#[derive(Clone, Copy)]
pub struct Outgoing {
    pub video: bool,
    pub telephone_events: bool,
    pub bundle: Option<Bundle>,
    pub source: Source,
}

/// A call of the gateway to the client of a session.
pub fn outgoing(hub: &Arc<Hub>, protocol: &str, from: &str, plan: Outgoing) -> String {
    let (callee, subscriber_id) = hub.with(|inner| {
        inner
            .sessions
            .get(protocol)
            .map_or_else(Default::default, |s| (s.reference.clone(), s.grant.subscriber_id.clone()))
    });
    let ringing = Ringing { protocol, callee: &callee, subscriber_id, from, plan };
    let Some((id, invite)) = ring(hub, ringing) else { return rpc::uuid() };
    hub.verto_event(protocol, "verto.invite", invite);
    id
}

/// A call that is about to be offered.
pub struct Ringing<'a> {
    /// Empty for a call whose client has no session yet.
    pub protocol: &'a str,
    pub callee: &'a str,
    pub subscriber_id: String,
    pub from: &'a str,
    pub plan: Outgoing,
}

/// Makes a call of the gateway to a client; gives its id and the parameters of its invite.
pub fn ring(hub: &Arc<Hub>, ringing: Ringing) -> Option<(String, Value)> {
    let Ringing { protocol, callee, subscriber_id, from, plan } = ringing;
    let Outgoing { video, telephone_events, bundle, source } = plan;
    let destination = format!("/private/{callee}");
    let plan = Plan {
        id: rpc::uuid(),
        protocol: protocol.to_owned(),
        destination: destination.clone(),
        display_name: from.to_owned(),
        caller: from.to_owned(),
        subscriber_id,
        address_id: None,
        inbound: true,
        record: true,
        has_video: video,
        user_variables: json!({}),
        child: None,
        room: None,
    };
    let call = Arc::new(Call::new(hub, plan));
    let (sender, events) = mpsc::unbounded_channel();
    let id = call.id.clone();
    let wanted = Wanted {
        audio: None,
        video: video.then_some(Codec::Vp8),
        events: telephone_events,
        bundle,
    };
    let (media, offer) =
        Media::offer(&hub.media, wanted, Controls::new(source), true, sender).ok()?;
    call.equip(hub, media, None, events);
    hub.add_call(call);
    let invite = json!({
        "callID": id, "sdp": offer, "caller_id_name": from, "caller_id_number": from,
        "callee_id_name": callee, "callee_id_number": destination,
        "display_direction": "outbound", "userVariables": {},
    });
    Some((id, invite))
}
