//! Who is in a call: a pure table of members and segments, kept from the service's events.
//!
//! Events may be partial, repeated, out of order or broken. What does not fit changes nothing and
//! goes to the application as [`CallEvent::Other`], so that nothing is lost.

use super::control::{MemberTarget, OwnMuted};
use super::event::{CallEvent, ServerCallState};
use super::layout::Layout;
use super::member::{is_usable, Member};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::control::MemberRef;
use serde_json::{Map, Value};

/// Members that are kept; the service's largest conferences are far smaller.
const MAX_MEMBERS: usize = 4096;
/// Segments that are kept at the same time.
const MAX_SEGMENTS: usize = 64;
/// Where a layout shows the members that are in none of its layers.
const OFF_CANVAS: &str = "off-canvas";

/// The members of one call.
#[derive(Default)]
pub(crate) struct Roster {
    /// The own member as the invite's result named it, until the first `call.joined` does.
    invited: Option<MemberRef>,
    /// The own member of the first segment, which asks in every request. Stays for ever.
    own: Option<MemberRef>,
    /// Where the leg is, outermost first.
    segments: Vec<Segment>,
    members: Vec<Map<String, Value>>,
}

/// One place that the leg was put into by a `call.joined`.
struct Segment {
    call_id: String,
    room_session_id: String,
    own: MemberRef,
    capabilities: Vec<String>,
    layout: Option<Layout>,
    /// Whether the layers are known, and so who is shown.
    has_layers: bool,
}

/// What an event came to.
pub(super) struct Heard {
    /// What the application is told.
    pub(super) event: CallEvent,
    /// The service muted or unmuted the own microphone or camera.
    pub(super) own_muted: OwnMuted,
}

impl Heard {
    fn of(event: CallEvent) -> Self {
        Self { event, own_muted: OwnMuted::default() }
    }
}

impl Roster {
    /// The own member as the result of the invite names it.
    pub(super) fn invited(&mut self, member: MemberRef) {
        self.invited.get_or_insert(member);
    }

    /// Who asks in a request.
    pub(super) fn own(&self) -> Result<&MemberRef> {
        self.own.as_ref().or(self.invited.as_ref()).ok_or_else(not_joined)
    }

    /// The ids of whom a request is about: each member's own ones, for it may be on another node.
    pub(super) fn address(&self, target: &MemberTarget) -> Result<MemberRef> {
        let current = match self.segments.last() {
            Some(segment) => &segment.own,
            None => self.own()?,
        };
        let member_id = match target {
            MemberTarget::Own => return Ok(current.clone()),
            MemberTarget::All => {
                return Ok(MemberRef { member_id: "all".to_owned(), ..current.clone() });
            }
            MemberTarget::Member(member_id) => member_id,
        };
        if let Some(own) = self.own_refs().find(|own| own.member_id == *member_id) {
            return Ok(own.clone());
        }
        let object = self.members.iter().find(|object| text(object, "member_id") == member_id);
        let object = object.ok_or_else(|| {
            let text = "no member of this call has this id; take one from the call's members";
            Error::new(ErrorKind::NotFound, text)
        })?;
        let or_own = |key: &str, own: &str| match text(object, key) {
            "" => own.to_owned(),
            known => known.to_owned(),
        };
        Ok(MemberRef {
            member_id: member_id.clone(),
            call_id: or_own("call_id", &current.call_id),
            node_id: or_own("node_id", &current.node_id),
        })
    }

    /// Whether a member is this call itself, in whatever segment.
    pub(super) fn is_own(&self, member_id: &str) -> bool {
        self.own_refs().any(|own| own.member_id == member_id)
    }

    /// The latest segment first.
    fn own_refs(&self) -> impl Iterator<Item = &MemberRef> {
        let first = self.own.iter().chain(&self.invited);
        self.segments.iter().rev().map(|segment| &segment.own).chain(first)
    }

    /// Everybody, in the order in which they came.
    pub(super) fn members(&self) -> Vec<Member> {
        self.members.iter().map(|object| self.snapshot(object)).collect()
    }

    /// The layout of the latest segment.
    pub(super) fn layout(&self) -> Option<Layout> {
        self.segments.last()?.layout.clone()
    }

    /// What the own member may do in the latest segment.
    pub(super) fn capabilities(&self) -> Vec<String> {
        self.segments.last().map(|segment| segment.capabilities.clone()).unwrap_or_default()
    }

    /// Takes an event of the service in. `node_id` is the leg's, for where the service gives none.
    pub(super) fn hear(&mut self, event_type: &str, payload: &Value, node_id: &str) -> Heard {
        let heard = match event_type {
            "call.joined" => self.joined(payload, node_id),
            "call.left" => self.left(payload).map(Heard::of),
            "call.state" => server_state(payload).map(Heard::of),
            "member.joined" => self.member_joined(payload),
            "member.updated" => self.member_updated(payload),
            "member.talking" => self.member_talking(payload).map(Heard::of),
            "member.left" => self.member_left(payload).map(Heard::of),
            "layout.changed" => self.layout_changed(payload).map(Heard::of),
            _ => super::transcript::parse(event_type, payload).map(Heard::of),
        };
        heard.unwrap_or_else(|| Heard {
            own_muted: match event_type {
                "call.updated" | "room.updated" => self.room_updated(payload),
                _ => OwnMuted::default(),
            },
            event: CallEvent::Other {
                event_type: event_type.to_owned(),
                raw_json: payload.to_string(),
            },
        })
    }

    fn joined(&mut self, payload: &Value, node_id: &str) -> Option<Heard> {
        let member_id = id(&payload["member_id"])?;
        let call_id = id(&payload["call_id"])?;
        let room_session_id = session_of(payload);
        let seeded = members_of(payload);
        // The member's own entry is the better source of its ids than the event.
        let entry = seeded.iter().find(|member| member["member_id"] == member_id);
        let own_id = |key: &str| entry.and_then(|entry| id(&entry[key]));
        let own = MemberRef {
            member_id: member_id.to_owned(),
            call_id: own_id("call_id").unwrap_or(call_id).to_owned(),
            node_id: own_id("node_id")
                .or_else(|| id(&payload["node_id"]))
                .unwrap_or(node_id)
                .to_owned(),
        };
        let is_origin = id(&payload["origin_call_id"]).is_none_or(|origin| origin == call_id);
        if is_origin {
            self.own.get_or_insert_with(|| own.clone());
        }
        for member in seeded {
            self.merge(member, room_session_id);
        }
        self.enter(Segment {
            call_id: call_id.to_owned(),
            room_session_id: room_session_id.to_owned(),
            own,
            capabilities: texts(&payload["capabilities"]),
            layout: id(&payload["room_session"]["layout_name"])
                .map(|name| Layout::named(name, room_session_id)),
            has_layers: false,
        });
        self.keep_own();
        let is_muted = |key: &str| {
            let told = self.find(member_id).and_then(|own| own.get(key));
            told.is_some_and(|muted| muted == true).then_some(true)
        };
        Some(Heard {
            // Never unmutes: what the user muted stays so wherever the leg is moved.
            own_muted: OwnMuted { audio: is_muted("audio_muted"), video: is_muted("video_muted") },
            event: CallEvent::Joined {
                call_id: call_id.to_owned(),
                member_id: member_id.to_owned(),
                room_session_id: room_session_id.to_owned(),
                capabilities: texts(&payload["capabilities"]),
                raw_json: payload.to_string(),
            },
        })
    }

    /// Adds a segment, or renews it if it came twice.
    fn enter(&mut self, mut segment: Segment) {
        let same = |known: &&mut Segment| {
            known.call_id == segment.call_id && known.room_session_id == segment.room_session_id
        };
        if let Some(known) = self.segments.iter_mut().find(same) {
            if known.has_layers {
                segment.layout = known.layout.take();
                segment.has_layers = true;
            }
            *known = segment;
            return;
        }
        if self.segments.len() == MAX_SEGMENTS {
            self.segments.remove(1);
        }
        self.segments.push(segment);
    }

    /// The own member has an entry in every segment, also where the service sent no list.
    fn keep_own(&mut self) {
        let missing: Vec<_> = self
            .segments
            .iter()
            .filter(|segment| self.find(&segment.own.member_id).is_none())
            .map(|segment| {
                let own = &segment.own;
                serde_json::json!({"member_id": own.member_id, "call_id": own.call_id,
                    "node_id": own.node_id, "room_session_id": segment.room_session_id})
            })
            .collect();
        for member in &missing {
            self.merge(member, "");
        }
    }

    fn left(&mut self, payload: &Value) -> Option<CallEvent> {
        let session = session_of(payload);
        let call_id = id(&payload["call_id"]);
        let at = self.segments.iter().rposition(|segment| match call_id {
            Some(call_id) => {
                segment.call_id == call_id
                    && (session.is_empty() || segment.room_session_id == session)
            }
            None => !session.is_empty() && segment.room_session_id == session,
        })?;
        let segment = self.segments.remove(at);
        let is_shared =
            self.segments.iter().any(|other| other.room_session_id == segment.room_session_id);
        self.members.retain(|object| {
            if is_shared {
                text(object, "member_id") != segment.own.member_id
            } else {
                text(object, "room_session_id") != segment.room_session_id
            }
        });
        self.keep_own();
        Some(CallEvent::SegmentLeft {
            call_id: segment.call_id,
            room_session_id: segment.room_session_id,
            reason: payload["reason"].as_str().unwrap_or_default().to_owned(),
            raw_json: payload.to_string(),
        })
    }

    fn member_joined(&mut self, payload: &Value) -> Option<Heard> {
        let (member, member_id) = member_of(payload)?;
        if self.find(member_id).is_some() {
            let changed = self.merge(member, session_of(payload))?;
            return self.updated(payload, changed);
        }
        let session = session_of(payload);
        let is_here = |segment: &Segment| {
            segment.room_session_id.is_empty() || segment.room_session_id == session
        };
        if !session.is_empty() && !self.segments.is_empty() && !self.segments.iter().any(is_here) {
            return None;
        }
        self.merge(member, session)?;
        let member = self.snapshot(self.find(member_id)?);
        let raw_json = payload.to_string();
        Some(Heard::of(CallEvent::MemberJoined { member, raw_json }))
    }

    fn member_updated(&mut self, payload: &Value) -> Option<Heard> {
        let (member, member_id) = member_of(payload)?;
        if self.find(member_id).is_none() && !self.is_own(member_id) {
            return None;
        }
        let differing = self.merge(member, session_of(payload))?;
        let named = texts(&member["updated"]);
        self.updated(payload, if named.is_empty() { differing } else { named })
    }

    fn updated(&self, payload: &Value, changed: Vec<String>) -> Option<Heard> {
        if changed.is_empty() {
            return None;
        }
        let (member, member_id) = member_of(payload)?;
        let audio_muted = member["audio_muted"].as_bool();
        let video_muted = member["video_muted"].as_bool();
        let own_muted = match self.is_own(member_id) {
            // Said of a call without a camera, too: only a change is one.
            true => OwnMuted {
                audio: audio_muted,
                video: video_muted.filter(|_| changed.iter().any(|key| key == "video_muted")),
            },
            false => OwnMuted::default(),
        };
        Some(Heard {
            own_muted,
            event: CallEvent::MemberUpdated {
                member_id: member_id.to_owned(),
                audio_muted,
                video_muted,
                changed,
                member: self.snapshot(self.find(member_id)?),
                raw_json: payload.to_string(),
            },
        })
    }

    /// Says nothing but who talks, so it makes nobody a member.
    fn member_talking(&mut self, payload: &Value) -> Option<CallEvent> {
        let (member, member_id) = member_of(payload)?;
        let is_talking = member["talking"].as_bool()?;
        let known = self.find_mut(member_id)?;
        known.insert("talking".to_owned(), Value::Bool(is_talking));
        Some(CallEvent::MemberTalking {
            member_id: member_id.to_owned(),
            is_talking,
            raw_json: payload.to_string(),
        })
    }

    fn member_left(&mut self, payload: &Value) -> Option<CallEvent> {
        let (_, member_id) = member_of(payload)?;
        let at = self.members.iter().position(|known| text(known, "member_id") == member_id)?;
        let object = self.members.remove(at);
        Some(CallEvent::MemberLeft {
            member: self.snapshot(&object),
            reason: payload["reason"].as_str().unwrap_or_default().to_owned(),
            raw_json: payload.to_string(),
        })
    }

    fn layout_changed(&mut self, payload: &Value) -> Option<CallEvent> {
        let layout = Layout::parse(payload)?;
        let named = |segment: &Segment| segment.room_session_id == layout.room_session_id;
        let at = match self.segments.iter().rposition(named) {
            Some(at) => at,
            None if layout.room_session_id.is_empty() => self.segments.len().checked_sub(1)?,
            None => return None,
        };
        self.segments[at].layout = Some(layout.clone());
        self.segments[at].has_layers = true;
        Some(CallEvent::LayoutChanged { layout, raw_json: payload.to_string() })
    }

    /// The room may list its members anew, whole or in part. Gives what it says of our microphone
    /// and camera.
    fn room_updated(&mut self, payload: &Value) -> OwnMuted {
        let mut own_muted = OwnMuted::default();
        for member in members_of(payload) {
            let Some(member_id) = id(&member["member_id"]) else { continue };
            if self.find(member_id).is_some() {
                self.merge(member, session_of(payload));
                if self.is_own(member_id) {
                    own_muted.audio = member["audio_muted"].as_bool().or(own_muted.audio);
                    own_muted.video = member["video_muted"].as_bool().or(own_muted.video);
                }
            }
        }
        own_muted
    }

    /// Merges what is told of a member into what is known, or makes it known. Gives the keys whose
    /// values are new; `None` for what is no member.
    fn merge(&mut self, told: &Value, room_session_id: &str) -> Option<Vec<String>> {
        let told = told.as_object()?;
        let member_id = id(told.get("member_id")?)?;
        let at = match self.members.iter().position(|known| text(known, "member_id") == member_id) {
            Some(at) => at,
            None if self.members.len() == MAX_MEMBERS => {
                tracing::warn!("more members than can be kept; one is left out");
                return None;
            }
            None => {
                self.members.push(Map::new());
                self.members.len() - 1
            }
        };
        let known = &mut self.members[at];
        let mut changed = Vec::new();
        for (key, value) in told {
            if key != "updated" && is_usable(key, value) && known.get(key) != Some(value) {
                known.insert(key.clone(), value.clone());
                changed.push(key.clone());
            }
        }
        if !room_session_id.is_empty() && !told.contains_key("room_session_id") {
            known.insert("room_session_id".to_owned(), room_session_id.into());
        }
        Some(changed)
    }

    fn snapshot(&self, object: &Map<String, Value>) -> Member {
        let mut member = Member::read(object);
        member.is_self = self.is_own(&member.member_id);
        let layout = self
            .segments
            .iter()
            .rfind(|segment| segment.room_session_id == member.room_session_id)
            .filter(|segment| segment.has_layers)
            .and_then(|segment| segment.layout.as_ref());
        let position = |layout: &Layout| layout.position_of(&member.member_id).map(str::to_owned);
        member.position = layout.map(|at| position(at).unwrap_or_else(|| OFF_CANVAS.to_owned()));
        member
    }

    fn find(&self, member_id: &str) -> Option<&Map<String, Value>> {
        self.members.iter().find(|known| text(known, "member_id") == member_id)
    }

    fn find_mut(&mut self, member_id: &str) -> Option<&mut Map<String, Value>> {
        self.members.iter_mut().find(|known| text(known, "member_id") == member_id)
    }
}

fn not_joined() -> Error {
    let text = "the call has not joined its session yet; wait for the event Joined";
    Error::new(ErrorKind::InvalidState, text)
}

fn server_state(payload: &Value) -> Option<CallEvent> {
    let state = match payload["call_state"].as_str()? {
        "created" => ServerCallState::Created,
        "ringing" => ServerCallState::Ringing,
        "answered" => ServerCallState::Answered,
        "ending" => ServerCallState::Ending,
        "ended" => ServerCallState::Ended,
        _ => return None,
    };
    Some(CallEvent::ServerStateChanged {
        state,
        call_id: payload["call_id"].as_str().unwrap_or_default().to_owned(),
        raw_json: payload.to_string(),
    })
}

/// The session that an event is about; empty when it names none.
pub(super) fn session_of(payload: &Value) -> &str {
    id(&payload["room_session_id"])
        .or_else(|| id(&payload["room_session"]["room_session_id"]))
        .unwrap_or_default()
}

fn members_of(payload: &Value) -> &[Value] {
    payload["room_session"]["members"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn member_of(payload: &Value) -> Option<(&Value, &str)> {
    let member = &payload["member"];
    Some((member, id(&member["member_id"])?))
}

fn id(value: &Value) -> Option<&str> {
    value.as_str().filter(|id| !id.is_empty())
}

fn text<'a>(object: &'a Map<String, Value>, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn texts(value: &Value) -> Vec<String> {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
#[path = "members_tests.rs"]
mod tests;
