//! Calls from one subscriber to another: all devices that are online ring, one answers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc;

use crate::call::{Call, Plan};
use crate::events;
use crate::hub::Hub;
use crate::media::stream::{Controls, Source};
use crate::media::{lock, Media, Wanted};
use crate::rpc;

/// How long the devices ring when nobody does anything.
const RING_LIMIT: Duration = Duration::from_secs(60);

/// The legs of such a call, by call id.
pub struct Bridge {
    caller: String,
    devices: Mutex<Vec<String>>,
    answered: Mutex<Option<String>>,
    refusals: Mutex<Refusals>,
}

/// Devices that declined.
#[derive(Default)]
struct Refusals {
    /// Every device has been invited: nobody else can answer.
    is_complete: bool,
    last: Option<(u32, String)>,
}

/// Rings the devices of a subscriber for a call whose media are ready.
pub async fn ring(hub: Arc<Hub>, call: Arc<Call>, subscriber_id: String) {
    let protocols: Vec<String> = hub.with(|inner| {
        let online = inner.sessions.values().filter(|s| s.online && s.socket.is_some());
        online
            .filter(|s| s.grant.subscriber_id == subscriber_id)
            .map(|s| s.protocol.clone())
            .collect()
    });
    if protocols.is_empty() {
        call.hang_up(&hub, 606, "USER_NOT_REGISTERED");
        return;
    }
    let bridge = Arc::new(Bridge {
        caller: call.id.clone(),
        devices: Mutex::default(),
        answered: Mutex::default(),
        refusals: Mutex::default(),
    });
    call.set_bridge(bridge.clone());
    for protocol in protocols {
        if let Some(device) = invite(&hub, &call, &bridge, &protocol) {
            lock(&bridge.devices).push(device);
        }
    }
    call.early(&hub);
    bridge.all_invited(&hub, &call);
    tokio::time::sleep(RING_LIMIT).await;
    if !call.is_answered() {
        bridge.finish(&hub, 19, "NO_ANSWER");
        call.hang_up(&hub, 19, "NO_ANSWER");
    }
}

/// Invites one device; its call id is returned.
fn invite(hub: &Arc<Hub>, call: &Arc<Call>, bridge: &Arc<Bridge>, to: &str) -> Option<String> {
    let (callee, subscriber_id) = hub.with(|inner| {
        let session = inner.sessions.get(to)?;
        let private = inner.subscribers.iter().find(|s| s.id == session.grant.subscriber_id)?;
        Some((private.address.clone(), private.id.clone()))
    })?;
    let wanted = call.with(|leg| {
        let media = leg.media.as_ref()?;
        Some(Wanted { audio: media.codec(false), video: media.codec(true), ..Wanted::default() })
    })?;
    let from = caller_address(hub, call);
    let plan = Plan {
        id: rpc::uuid(),
        protocol: to.to_owned(),
        destination: callee.path(),
        display_name: call.caller.clone(),
        caller: call.caller.clone(),
        subscriber_id,
        address_id: Some(callee.id.clone()),
        inbound: true,
        record: false,
        has_video: wanted.video.is_some(),
        user_variables: call.user_variables.clone(),
        child: None,
        room: Some((call.room_id.clone(), call.room_session_id.clone())),
    };
    let device = Arc::new(Call::new(hub, plan));
    let (sender, events) = mpsc::unbounded_channel();
    let controls = Controls::new(Source::Bridge);
    let (media, offer) = Media::offer(&hub.media, wanted, controls, false, sender).ok()?;
    device.set_bridge(bridge.clone());
    device.equip(hub, media, None, events);
    hub.add_call(device.clone());
    let params = json!({
        "callID": device.id, "sdp": offer, "caller_id_name": call.caller,
        "caller_id_number": from, "callee_id_name": callee.display_name,
        "callee_id_number": callee.path(), "display_direction": "outbound",
        "userVariables": call.user_variables,
    });
    hub.verto_event(to, "verto.invite", params);
    Some(device.id.clone())
}

fn caller_address(hub: &Hub, call: &Call) -> String {
    hub.with(|inner| {
        let subscriber = inner.subscribers.iter().find(|s| s.id == call.subscriber_id);
        subscriber.map_or_else(|| call.caller.clone(), |s| s.address.path())
    })
}

impl Bridge {
    /// A device has answered: the first one gets the caller, the others have lost the race.
    pub fn answered_by(&self, hub: &Arc<Hub>, device: &Arc<Call>) {
        if lock(&self.answered).get_or_insert_with(|| device.id.clone()) != &device.id {
            device.hang_up(hub, 702, "LOSE_RACE");
            return;
        }
        let Some(caller) = hub.call(&self.caller) else { return };
        connect(&caller, device);
        connect(device, &caller);
        caller.answer(hub);
        introduce(hub, &caller, device);
        introduce(hub, device, &caller);
        for other in self.devices().iter().filter(|id| **id != device.id) {
            if let Some(other) = hub.call(other) {
                other.hang_up(hub, 702, "LOSE_RACE");
            }
        }
    }

    fn devices(&self) -> Vec<String> {
        lock(&self.devices).clone()
    }

    fn finish(&self, hub: &Hub, code: u32, cause: &str) {
        for device in self.devices().iter().filter_map(|id| hub.call(id)) {
            device.hang_up(hub, code, cause);
        }
    }

    /// The other leg of an answered call.
    pub fn other(&self, hub: &Hub, call: &Call) -> Option<Arc<Call>> {
        let answered = lock(&self.answered).clone()?;
        let other = if call.id == self.caller { &answered } else { &self.caller };
        (call.id == self.caller || call.id == answered).then(|| hub.call(other)).flatten()
    }

    /// A leg is over; the others follow it.
    pub fn ended(&self, hub: &Hub, call: &Call, code: u32, cause: &str) {
        let answered = lock(&self.answered).clone();
        if call.id == self.caller {
            match answered {
                Some(_) => self.finish(hub, 16, "NORMAL_CLEARING"),
                // Whatever the caller's cause was.
                None if code == 19 => self.finish(hub, 19, "NO_ANSWER"),
                None => self.finish(hub, 487, "ORIGINATOR_CANCEL"),
            }
            return;
        }
        let Some(caller) = hub.call(&self.caller) else { return };
        match answered {
            Some(answered) if answered == call.id => {
                caller.hang_up(hub, 16, "NORMAL_CLEARING");
            }
            Some(_) => {}
            None => {
                let is_complete = {
                    let mut refusals = lock(&self.refusals);
                    refusals.last = Some((code, cause.to_owned()));
                    refusals.is_complete
                };
                // One device that declines does not stop the others.
                if is_complete && self.is_refused(hub) {
                    caller.hang_up(hub, code, cause);
                }
            }
        }
    }

    /// All devices have been invited; they may have declined by now.
    fn all_invited(&self, hub: &Arc<Hub>, caller: &Call) {
        let last = {
            let mut refusals = lock(&self.refusals);
            refusals.is_complete = true;
            refusals.last.clone()
        };
        if let Some((code, cause)) = last.filter(|_| self.is_refused(hub)) {
            caller.hang_up(hub, code, &cause);
        }
    }

    fn is_refused(&self, hub: &Hub) -> bool {
        self.devices().iter().all(|id| hub.call(id).is_none_or(|call| call.is_ended()))
    }
}

/// Leads the media of one leg into the other.
fn connect(from: &Call, to: &Call) {
    // Two legs are never locked at the same time.
    let relay = to.with(|leg| leg.media.as_ref().map(Media::relay));
    from.with(|leg| {
        if let (Some(media), Some(relay)) = (&leg.media, relay) {
            media.controls.set_relay(Some(relay));
        }
    });
}

/// Tells one leg of the member behind the other.
fn introduce(hub: &Hub, whom: &Call, to: &Call) {
    let member = whom.with(|leg| events::member(whom, leg, leg.home()));
    let payload = json!({
        "member": member, "room_id": to.room_id, "room_session_id": to.room_session_id,
    });
    hub.event(&to.protocol(), "member.joined", payload);
}

/// On hold the other side hears music: a tone stands for it.
pub fn music(hub: &Hub, call: &Call, on: bool) {
    let Some(other) = call.bridge().and_then(|b| b.other(hub, call)) else { return };
    other.with(|leg| {
        if let Some(media) = &leg.media {
            media.controls.set_source(if on { Source::Tone } else { Source::Bridge });
        }
    });
}
