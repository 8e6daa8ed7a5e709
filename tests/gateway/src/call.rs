//! One call: its life from the invite to the bye, and the member that the client is in it.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use serde_json::{json, Value};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::task::AbortHandle;

use crate::bridge::{self, Bridge};
use crate::child::{self, Child};
use crate::conference::{self, Conference};
use crate::directory::dialled_path;
use crate::events;
use crate::hub::Hub;
use crate::media::negotiate::Refusal;
use crate::media::sdp::Description;
use crate::media::stream::{Controls, Source};
use crate::media::{lock, Media, MediaEvent, Wanted};
use crate::rpc;
use crate::segment::Segment;
use crate::verto::Request;

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Created,
    Ringing,
    Early,
    Answered,
    Ended,
}

impl Stage {
    /// The name in `/_gateway/state`.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Created => "created",
            Stage::Ringing => "ringing",
            Stage::Early => "early",
            Stage::Answered => "answered",
            Stage::Ended => "ended",
        }
    }
}

/// The changeable part of a call.
pub struct Leg {
    pub protocol: String,
    pub stage: Stage,
    pub media: Option<Media>,
    /// What the media reported last, kept when the call is over.
    pub last_report: Value,
    /// What was recorded, kept too.
    pub recording: Option<(u32, Vec<i16>)>,
    /// An answer that waits to be sent.
    sdp: Option<String>,
    pub digits: String,
    pub audio_muted: bool,
    pub video_muted: bool,
    pub deaf: bool,
    pub held: bool,
    pub talks: bool,
    pub hand_raised: bool,
    pub locked: bool,
    pub low_bitrate: bool,
    pub has_video: bool,
    pub audio_flags: [bool; 3],
    pub input_volume: i64,
    pub output_volume: i64,
    pub input_sensitivity: i64,
    pub layout: String,
    pub position: String,
    pub subscribed: Vec<String>,
    /// Where the leg is a member: the call itself, then the rooms it was moved into.
    pub segments: Vec<Segment>,
    pub answer_time: u64,
    pub end_time: u64,
    pub cause: Option<(u32, String)>,
    pub ended_by: Option<&'static str>,
    pub pongs: u64,
    /// How often the client took the call up again.
    pub reattaches: u64,
    /// Media that were offered in `verto.attach`.
    offered: Option<(Media, UnboundedReceiver<MediaEvent>)>,
    /// A ping that waits for its pong.
    pub ping_open: bool,
    /// Where the invite of this call was redirected to.
    pub redirected: Option<String>,
    tasks: Vec<AbortHandle>,
    /// What the present address does with the leg.
    lead: Option<AbortHandle>,
}

/// A call. Everything but the leg stays as it is.
pub struct Call {
    pub id: String,
    pub node_id: String,
    pub member_id: String,
    pub room_id: String,
    pub room_session_id: String,
    pub segment_id: String,
    pub destination: String,
    pub caller: String,
    pub subscriber_id: String,
    pub address_id: Option<String>,
    /// Made by the gateway towards the client.
    pub inbound: bool,
    pub start_time: u64,
    pub started: Instant,
    pub user_variables: Value,
    pub record: bool,
    /// Whose screen or device it is.
    pub child: Option<Child>,
    bridge: OnceLock<Arc<Bridge>>,
    conference: OnceLock<Arc<Conference>>,
    leg: Mutex<Leg>,
}

/// Milliseconds since 1970.
pub fn epoch_ms() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |d| d.as_millis() as u64)
}

/// What distinguishes a new call.
pub struct Plan {
    pub id: String,
    pub protocol: String,
    pub destination: String,
    pub display_name: String,
    pub caller: String,
    pub subscriber_id: String,
    pub address_id: Option<String>,
    pub inbound: bool,
    pub record: bool,
    pub has_video: bool,
    pub user_variables: Value,
    pub child: Option<Child>,
    /// Room and room session of the other leg.
    pub room: Option<(String, String)>,
}

impl Call {
    /// A call in its first stage, without media.
    pub fn new(hub: &Hub, plan: Plan) -> Call {
        let (room_id, room_session_id) = plan.room.unwrap_or_else(|| (rpc::uuid(), rpc::uuid()));
        let home = Segment {
            call_id: plan.id.clone(),
            node_id: hub.node_id.clone(),
            member_id: rpc::uuid(),
            room_id,
            room_session_id,
            name: dialled_path(&plan.destination).to_owned(),
            display_name: plan.display_name,
            others: Vec::new(),
        };
        Call {
            id: plan.id,
            node_id: hub.node_id.clone(),
            member_id: home.member_id.clone(),
            room_id: home.room_id.clone(),
            room_session_id: home.room_session_id.clone(),
            segment_id: rpc::uuid(),
            destination: plan.destination,
            caller: plan.caller,
            subscriber_id: plan.subscriber_id,
            address_id: plan.address_id,
            inbound: plan.inbound,
            start_time: epoch_ms(),
            started: Instant::now(),
            user_variables: plan.user_variables,
            record: plan.record,
            child: plan.child,
            bridge: OnceLock::new(),
            conference: OnceLock::new(),
            leg: Mutex::new(Leg {
                protocol: plan.protocol,
                stage: Stage::Created,
                media: None,
                last_report: json!({ "transports": [], "streams": [], "updates": [], "connected": false }),
                recording: None,
                sdp: None,
                digits: String::new(),
                audio_muted: false,
                video_muted: false,
                deaf: false,
                held: false,
                talks: false,
                hand_raised: false,
                locked: false,
                low_bitrate: false,
                has_video: plan.has_video,
                audio_flags: [true; 3],
                input_volume: 0,
                output_volume: 0,
                input_sensitivity: 30,
                layout: "1x1".into(),
                position: "standard-1".into(),
                subscribed: Vec::new(),
                segments: vec![home],
                answer_time: 0,
                end_time: 0,
                cause: None,
                ended_by: None,
                pongs: 0,
                reattaches: 0,
                offered: None,
                ping_open: false,
                tasks: Vec::new(),
                redirected: None,
                lead: None,
            }),
        }
    }

    /// Works on the changeable part.
    pub fn with<T>(&self, work: impl FnOnce(&mut Leg) -> T) -> T {
        work(&mut lock(&self.leg))
    }

    /// The session that the call belongs to at the moment.
    pub fn protocol(&self) -> String {
        self.with(|leg| leg.protocol.clone())
    }

    /// A reattach from another session takes the call with it.
    pub fn move_to(&self, protocol: &str) {
        self.with(|leg| leg.protocol = protocol.to_owned());
    }

    /// Makes the call a leg of a bridge.
    pub fn set_bridge(&self, bridge: Arc<Bridge>) {
        let _ = self.bridge.set(bridge);
    }

    /// The bridge that the call is a leg of.
    pub fn bridge(&self) -> Option<&Arc<Bridge>> {
        self.bridge.get()
    }

    /// Makes the call a leg of a conference, once.
    pub fn set_conference(&self, conference: Arc<Conference>) {
        let _ = self.conference.set(conference);
    }

    /// The conference that the call was made to.
    pub fn conference(&self) -> Option<&Arc<Conference>> {
        self.conference.get()
    }

    pub fn is_ended(&self) -> bool {
        self.with(|leg| leg.stage == Stage::Ended)
    }

    pub fn is_answered(&self) -> bool {
        self.with(|leg| leg.stage == Stage::Answered)
    }

    /// Gives the call its media and starts listening to it.
    pub fn equip(
        self: &Arc<Self>,
        hub: &Arc<Hub>,
        media: Media,
        sdp: Option<String>,
        events: UnboundedReceiver<MediaEvent>,
    ) {
        self.with(|leg| {
            leg.media = Some(media);
            leg.sdp = sdp;
        });
        tokio::spawn(watch_media(hub.clone(), self.clone(), events));
    }

    /// Keeps a task that ends with the call.
    pub fn own(&self, task: AbortHandle) {
        self.with(|leg| match leg.stage {
            Stage::Ended => task.abort(),
            _ => leg.tasks.push(task),
        });
    }

    /// Puts another task in charge of the leg; the one before ends.
    pub fn lead(&self, task: AbortHandle) {
        let before = self.with(|leg| match leg.stage {
            Stage::Ended => Some(task),
            _ => leg.lead.replace(task),
        });
        before.iter().for_each(AbortHandle::abort);
    }

    /// Tells the client how far the call is.
    pub fn announce(&self, hub: &Hub, state: &str) {
        let (protocol, payload) =
            self.with(|leg| (leg.protocol.clone(), events::state(self, leg, state)));
        hub.event(&protocol, "call.state", payload);
    }

    /// The far side rings.
    pub fn ring(&self, hub: &Hub) {
        self.with(|leg| leg.stage = Stage::Ringing);
        self.announce(hub, "ringing");
    }

    /// Early media: the description comes before the answer.
    pub fn early(&self, hub: &Hub) {
        let (protocol, sdp) = self.with(|leg| {
            leg.stage = Stage::Early;
            leg.start_media();
            (leg.protocol.clone(), leg.sdp.take())
        });
        hub.verto_event(&protocol, "verto.media", json!({ "callID": self.id, "sdp": sdp }));
        self.announce(hub, "ringing");
    }

    /// The far side answers: the description if it was not sent yet, then the joined events.
    pub fn answer(self: &Arc<Self>, hub: &Arc<Hub>) {
        let (protocol, sdp) = self.with(|leg| {
            leg.start_media();
            (leg.protocol.clone(), leg.sdp.take())
        });
        let mut params = json!({ "callID": self.id });
        if let Some(sdp) = sdp {
            params["sdp"] = json!(sdp);
        }
        hub.verto_event(&protocol, "verto.answer", params);
        self.join(hub);
    }

    /// The events of an answered call.
    fn join(self: &Arc<Self>, hub: &Arc<Hub>) {
        let (protocol, joined) = self.with(|leg| {
            leg.stage = Stage::Answered;
            leg.answer_time = epoch_ms();
            (leg.protocol.clone(), events::joined(self, leg, leg.home()))
        });
        // A child is a member of its parent's session and has none of its own: the browser SDK takes
        // any `call.joined` for a place of its main leg, and `call.left` for that place's end.
        if self.child.is_none() {
            hub.event(&protocol, "call.joined", joined);
        }
        self.announce(hub, "answered");
        child::joined(hub, self);
        if self.child.is_none() && self.with(|leg| leg.has_video) {
            let layout = self.with(|leg| events::layout_changed(leg, leg.home()));
            hub.event(&protocol, "layout.changed", layout);
        }
        if !hub.config.verto_ping_interval.is_zero() {
            let task = tokio::spawn(ping(hub.clone(), self.clone()));
            self.own(task.abort_handle());
        }
    }

    /// After a reattach the answer goes out as after an invite.
    pub fn reattached(self: &Arc<Self>, hub: &Arc<Hub>, sdp: &str) {
        self.with(|leg| leg.reattaches += 1);
        let protocol = self.protocol();
        let method = if self.is_answered() { "verto.answer" } else { "verto.media" };
        hub.verto_event(&protocol, method, json!({ "callID": self.id, "sdp": sdp }));
        if self.is_answered() && self.child.is_none() {
            let joined: Vec<Value> = self
                .with(|leg| leg.segments.iter().map(|at| events::joined(self, leg, at)).collect());
            for joined in joined {
                hub.event(&protocol, "call.joined", joined);
            }
        }
    }

    /// Tells the client that the call is still there. The description is an offer as a media node
    /// makes it; a client that has lost the call comes back with an invite of its own instead.
    pub fn push_attach(&self, hub: &Hub) {
        let wanted = self.with(|leg| {
            let media = leg.media.as_ref()?;
            Some(Wanted {
                audio: media.codec(false),
                video: media.codec(true),
                ..Wanted::default()
            })
        });
        let Some(wanted) = wanted else { return };
        let (sender, events) = mpsc::unbounded_channel();
        let source = self.with(|leg| leg.media.as_ref().map(|media| media.controls.source()));
        let controls = Controls::new(source.unwrap_or(Source::Silence));
        let Ok((media, sdp)) = Media::offer(&hub.media, wanted, controls, false, sender) else {
            return;
        };
        if hub.config.attach_by_answer {
            self.with(|leg| leg.offered = Some((media, events)));
        }
        let address = dialled_path(&self.destination);
        let display_name = self.with(|leg| leg.home().display_name.clone());
        let params = json!({
            "callID": self.id, "sdp": sdp,
            "caller_id_name": self.caller, "caller_id_number": self.caller,
            "callee_id_name": display_name, "callee_id_number": address,
            "display_direction": if self.inbound { "outbound" } else { "inbound" },
        });
        hub.verto_event(&self.protocol(), "verto.attach", params);
    }

    /// The client answered the offer in `verto.attach`.
    pub fn attached_by_client(self: &Arc<Self>, request: &Request, sdp: &Description) {
        let hub = request.hub;
        let Some((mut media, events)) = self.with(|leg| leg.offered.take()) else {
            request.error("CALL ERROR", json!({}));
            return;
        };
        if media.accept(sdp).is_err() {
            request.error("CODEC ERROR", json!({}));
            return;
        }
        self.with(|leg| leg.reattaches += 1);
        self.equip(hub, media, None, events);
        request.ok(json!({ "sessid": rpc::text(&request.params, "sessid") }));
    }

    /// The client accepted a call that the gateway made to it.
    pub fn answered_by_client(self: &Arc<Self>, request: &Request, sdp: &Description) {
        let hub = request.hub;
        if !self.inbound || self.is_answered() {
            request.error("CALL ERROR", json!({}));
            return;
        }
        let accepted = self.with(|leg| match &mut leg.media {
            Some(media) => media.accept(sdp),
            None => Err(Refusal::NoCommonCodec),
        });
        match accepted {
            Ok(()) => {
                request.ok(json!({}));
                let params = json!({ "callID": self.id });
                hub.verto_event(request.protocol, "verto.answer", params);
                self.join(hub);
                if let Some(bridge) = self.bridge() {
                    bridge.answered_by(hub, self);
                }
            }
            Err(refusal) => {
                if let Refusal::Broken(reason) = refusal {
                    request.violation(&reason);
                }
                request.error("CODEC ERROR", json!({}));
            }
        }
    }

    /// The client hung up; its request was answered already.
    pub fn ended_by_client(&self, hub: &Hub, code: u32, cause: &str) {
        self.end(hub, code, cause, "client");
    }

    /// Another node shall have the call: the client is to send its invite there.
    pub fn redirect(&self, hub: &Hub, to: &str) {
        let params = json!({
            "callID": self.id, "causeCode": 16, "cause": "NORMAL_CLEARING",
            "redirectDestination": to,
        });
        self.with(|leg| leg.redirected = Some(to.to_owned()));
        hub.verto_event(&self.protocol(), "verto.bye", params);
        self.end_silently();
    }

    /// The server hangs up: the bye first, then the events.
    pub fn hang_up(&self, hub: &Hub, code: u32, cause: &str) {
        let Some(protocol) =
            self.with(|leg| (leg.stage != Stage::Ended).then(|| leg.protocol.clone()))
        else {
            return;
        };
        let params = json!({ "callID": self.id, "causeCode": code, "cause": cause });
        hub.verto_event(&protocol, "verto.bye", params);
        self.end(hub, code, cause, "server");
    }

    /// A redirected call is over here and goes on elsewhere: no event tells of an end.
    fn end_silently(&self) {
        let media = self.with(|leg| {
            leg.stage = Stage::Ended;
            leg.end_time = epoch_ms();
            leg.ended_by = Some("server");
            leg.tasks.drain(..).chain(leg.lead.take()).for_each(|task| task.abort());
            leg.media.take()
        });
        drop(media);
    }

    fn end(&self, hub: &Hub, code: u32, cause: &str, by: &'static str) {
        let ended = self.with(|leg| {
            if leg.stage == Stage::Ended {
                return None;
            }
            let joined = leg.stage == Stage::Answered;
            leg.stage = Stage::Ended;
            leg.end_time = epoch_ms();
            leg.cause = Some((code, cause.to_owned()));
            leg.ended_by = Some(by);
            if let Some(media) = &leg.media {
                leg.last_report = media.report();
            }
            let media = leg.media.take();
            leg.recording = media.as_ref().and_then(Media::recording);
            leg.tasks.drain(..).chain(leg.lead.take()).for_each(|task| task.abort());
            // The last room first.
            let left: Vec<Value> = match joined && self.child.is_none() {
                true => leg
                    .segments
                    .iter()
                    .rev()
                    .map(|s| events::left(self, leg, s, "hangup"))
                    .collect(),
                false => Vec::new(),
            };
            leg.segments.truncate(1);
            Some((leg.protocol.clone(), left, media))
        });
        let Some((protocol, left, media)) = ended else {
            return;
        };
        drop(media);
        for left in left {
            hub.event(&protocol, "call.left", left);
        }
        self.announce(hub, "ended");
        child::left(hub, self);
        if let Some(bridge) = self.bridge() {
            bridge.ended(hub, self, code, cause);
        }
        if let Some(conference) = self.conference() {
            conference::left(hub, self, conference);
        }
    }

    /// Renegotiates the media; the answer is returned.
    pub fn renegotiate(&self, offer: &Description) -> Result<String, Refusal> {
        self.with(|leg| {
            let media = leg.media.as_mut().ok_or(Refusal::NoCommonCodec)?;
            let answer = media.update(offer)?;
            leg.has_video = offer.section("video").is_some();
            Ok(answer)
        })
    }

    /// Puts the call on hold, takes it off, or changes over; without effect before the answer.
    pub fn hold(&self, hub: &Hub, on: Option<bool>) {
        let held = self.with(|leg| {
            if leg.stage == Stage::Answered {
                leg.held = on.unwrap_or(!leg.held);
                leg.apply();
            }
            leg.held
        });
        bridge::music(hub, self, held);
    }

    /// `held` or `active`.
    pub fn hold_state(&self) -> &'static str {
        self.with(|leg| if leg.held { "held" } else { "active" })
    }

    pub fn add_digits(&self, digits: &str) {
        self.with(|leg| leg.digits.push_str(digits));
    }

    pub fn ponged(&self) {
        self.with(|leg| {
            leg.pongs += 1;
            leg.ping_open = false;
        });
    }

    pub fn subscribe(&self, names: Vec<String>) {
        self.with(|leg| leg.subscribed.extend(names));
    }

    /// Sends an event of a type that clients have to subscribe to, unless they did not. The call
    /// id is what a client finds the call by.
    pub fn custom_event(&self, hub: &Hub, kind: &str, mut payload: Value) {
        let (wanted, protocol) =
            self.with(|leg| (leg.subscribed.iter().any(|s| s == kind), leg.protocol.clone()));
        if wanted {
            payload["call_id"] = json!(self.id);
            hub.event(&protocol, kind, payload);
        }
    }

    pub fn refresh_video(&self) {
        self.with(|leg| leg.media.as_ref().map(Media::refresh_video));
    }
}

impl Leg {
    pub fn is_answered(&self) -> bool {
        self.stage == Stage::Answered
    }

    /// The segment that is the call itself; it is there from the beginning to the end.
    pub fn home(&self) -> &Segment {
        &self.segments[0]
    }

    fn start_media(&mut self) {
        if let Some(media) = &mut self.media {
            media.start();
        }
    }

    /// Brings the switches of the media in line with the member.
    pub fn apply(&self) {
        use std::sync::atomic::Ordering::Relaxed;
        let Some(media) = &self.media else { return };
        media.controls.audio_muted.store(self.audio_muted, Relaxed);
        media.controls.video_muted.store(self.video_muted, Relaxed);
        media.controls.deaf.store(self.deaf, Relaxed);
        media.controls.held.store(self.held, Relaxed);
    }
}

async fn watch_media(hub: Arc<Hub>, call: Arc<Call>, mut events: UnboundedReceiver<MediaEvent>) {
    while let Some(event) = events.recv().await {
        match event {
            MediaEvent::Connected => hub.log(&format!("call {} media connected", call.id)),
            MediaEvent::Failed(reason) => {
                if !call.is_ended() {
                    hub.violation(format!("call {}: {reason}", call.id));
                }
                call.hang_up(&hub, 27, "DESTINATION_OUT_OF_ORDER");
            }
            MediaEvent::Violation(text) => hub.violation(format!("call {}: {text}", call.id)),
            MediaEvent::Vanished => call.hang_up(&hub, 804, "MEDIA_TIMEOUT"),
        }
    }
}

async fn ping(hub: Arc<Hub>, call: Arc<Call>) {
    let limit = hub.config.verto_ping_interval.max(hub.config.ack_limit);
    let mut sent = std::time::Instant::now();
    loop {
        tokio::time::sleep(hub.config.verto_ping_interval).await;
        // A busy machine may answer one when the next is due.
        if call.with(|leg| leg.ping_open) && sent.elapsed() < limit {
            continue;
        }
        sent = std::time::Instant::now();
        let params = json!({ "callID": call.id, "dialogParams": { "callID": call.id } });
        if call.with(|leg| std::mem::replace(&mut leg.ping_open, true)) && hub.listens(&call) {
            hub.violation(format!("call {}: verto.ping without verto.pong", call.id));
        }
        hub.with(|inner| inner.counters.verto_pings += 1);
        hub.verto_event(&call.protocol(), "verto.ping", params);
    }
}
