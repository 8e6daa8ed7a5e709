//! What a joined call can control beyond itself: members, layout, the room. See the service's
//! `call.*` requests.

use super::layout::Layout;
use super::member::Member;
use super::members::Roster;
use super::{transcript, Call, Command};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::control;
use crate::proto::destination::Destination;
use serde_json::{json, Map, Value};
use std::borrow::Cow;
use std::ops::RangeInclusive;

/// The volumes that the service takes (signalwire-js validators.ts).
const VOLUMES: RangeInclusive<i32> = -50..=50;
/// The sensitivities that the service takes.
const SENSITIVITIES: RangeInclusive<i32> = 0..=100;
/// Names of methods, layouts and positions are far shorter; bounds what is sent.
const MAX_NAME: usize = 256;
/// Members that one request may place.
const MAX_POSITIONS: usize = 1024;

/// Whom a request is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
pub enum MemberTarget {
    /// This call's own member, where the call is at the moment.
    Own,
    /// The member of this id, see [`Member::member_id`].
    Member(String),
    /// Everybody in the session where the call is at the moment, the own member included. What
    /// that does to each, [`crate::CallEvent::MemberUpdated`] tells; the own microphone follows it.
    All,
}

/// How the service treats a member's microphone. What is none stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct AudioFlags {
    /// Echo cancellation.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub echo_cancellation: Option<bool>,
    /// Automatic gain.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub auto_gain: Option<bool>,
    /// Noise suppression.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub noise_suppression: Option<bool>,
}

/// Where a member is to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct MemberPosition {
    /// Who; not [`MemberTarget::All`].
    pub target: MemberTarget,
    /// `auto`, `reserved-0`, `standard-0` and so on, `off-canvas`, `playback` or `full-screen`.
    pub position: String,
}

/// A request whose arguments were checked; the call's task knows the ids for it.
pub(crate) enum Request {
    /// Acts on one target.
    On { method: &'static str, target: MemberTarget, params: Value },
    /// Places members.
    Place(Vec<MemberPosition>),
    /// Whatever the application wants to ask.
    Any { method: String, params: Map<String, Value> },
}

/// A request with all its ids.
pub(super) struct Prepared {
    pub(super) method: Cow<'static, str>,
    pub(super) params: Value,
    /// What the request will make of the own microphone and camera, if it is about them.
    pub(super) own_muted: OwnMuted,
}

/// What becomes of the own microphone and camera; nothing where it does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct OwnMuted {
    pub(super) audio: Option<bool>,
    pub(super) video: Option<bool>,
}

impl OwnMuted {
    pub(super) fn is_muted(self) -> bool {
        self.audio == Some(true) || self.video == Some(true)
    }
}

impl Request {
    pub(super) fn prepare(self, roster: &Roster) -> Result<Prepared> {
        let own = roster.own()?;
        match self {
            Self::On { method, target, params } => {
                let target = roster.address(&target)?;
                let is_about = |channel: &str| params["channels"] == json!([channel]);
                let is_own = roster.is_own(&target.member_id);
                let muted =
                    |channel: &str| (is_own && is_about(channel)).then_some(method == "call.mute");
                let own_muted = OwnMuted { audio: muted("audio"), video: muted("video") };
                let Value::Object(params) = params else {
                    return Err(Error::internal("the parameters of a request are no object"));
                };
                Ok(Prepared {
                    method: method.into(),
                    params: control::complete(params, own, &target),
                    own_muted,
                })
            }
            Self::Place(places) => {
                let addressed = places
                    .iter()
                    .map(|place| Ok((roster.address(&place.target)?, place.position.as_str())))
                    .collect::<Result<Vec<_>>>()?;
                Ok(Prepared {
                    method: "call.member.position.set".into(),
                    params: control::positions(own, addressed.into_iter()),
                    own_muted: OwnMuted::default(),
                })
            }
            Self::Any { method, params } => {
                let target = roster.address(&MemberTarget::Own)?;
                Ok(Prepared {
                    method: method.into(),
                    params: control::complete(params, own, &target),
                    own_muted: OwnMuted::default(),
                })
            }
        }
    }
}

/// The service answers a transfer that it does not have like any unknown request.
pub(super) fn transfer_refusal(error: Error) -> Error {
    match error.code() {
        Some(-32601 | 501) => {
            let text = format!("the service does not transfer this call: {}", error.message());
            Error::new(ErrorKind::NotSupported, text).with_code(error.code().unwrap_or(0))
        }
        _ => error,
    }
}

/// Members, layout and room. Requests about members have these errors in common:
///
/// `InvalidArgument` for an argument out of its range; `InvalidState` unless the call is answered
/// and joined (wait for [`crate::CallEvent::Joined`]); `NotFound` for a member that is not in
/// [`Call::members`], or that the service no longer knows; `Closed` after the end; `Timeout` and
/// `Network` (unsure whether it was done; asking again is safe); `Rejected` with the service's
/// code, -32001 when [`Call::capabilities`] do not allow it. Nothing is checked here against the
/// capabilities: the service decides.
impl Call {
    /// Everybody known to be in the call at this moment, in the order in which they came: the own
    /// member (more than once while the call is in several sessions, see
    /// [`Member::room_session_id`]), other people, screens, devices.
    ///
    /// Empty before the call joined its session. Each change is also an event. Any thread.
    /// Source: `call.joined` and `member.*` events.
    pub fn members(&self) -> Vec<Member> {
        self.progress().roster.members()
    }

    /// The layout where the call is at the moment; none before the service told one.
    /// Source: `call.joined` and `layout.changed` events.
    pub fn layout(&self) -> Option<Layout> {
        self.progress().roster.layout()
    }

    /// What the own member may do where the call is at the moment, as the service words it: such
    /// as `self.mute` or `member.remove`; a word grants everything below it (`self`). Empty before
    /// the call joined its session. Source: `call.joined`, signalwire-js fabricRoomSession.ts.
    pub fn capabilities(&self) -> Vec<String> {
        self.progress().roster.capabilities()
    }

    /// Mutes or unmutes a microphone: the service stops passing on the member's audio. Of the own
    /// microphone, silence is sent from here at once, too; when the request fails it stays muted.
    ///
    /// Repeating is `Ok`. Errors as for all requests about members.
    /// Source: `call.mute`, `call.unmute`, signalwire-js FabricRoomSession.ts.
    pub async fn set_audio_muted(&self, target: MemberTarget, muted: bool) -> Result<()> {
        let method = if muted { "call.mute" } else { "call.unmute" };
        self.request(method, target, json!({"channels": ["audio"]})).await
    }

    /// Mutes or unmutes a camera: the service stops passing on the member's video. Of the own camera,
    /// nothing more is sent from here at once, too; when the request fails it stays muted. After
    /// unmuting the first frame has to be a key frame, which [`crate::CallEvent::KeyFrameRequested`]
    /// asks for.
    ///
    /// Repeating is `Ok`. Errors as for all requests about members. Source: `call.mute`, `call.unmute`.
    pub async fn set_video_muted(&self, target: MemberTarget, muted: bool) -> Result<()> {
        let method = if muted { "call.mute" } else { "call.unmute" };
        self.request(method, target, json!({"channels": ["video"]})).await
    }

    /// Stops or restores the audio that a member hears. Errors as for all requests about members.
    /// Source: `call.deaf`, `call.undeaf`.
    pub async fn set_deaf(&self, target: MemberTarget, deaf: bool) -> Result<()> {
        self.request(if deaf { "call.deaf" } else { "call.undeaf" }, target, json!({})).await
    }

    /// Raises or lowers a hand. Errors as for all requests about members.
    /// Source: `call.raisehand`, `call.lowerhand`.
    pub async fn set_hand_raised(&self, target: MemberTarget, raised: bool) -> Result<()> {
        let method = if raised { "call.raisehand" } else { "call.lowerhand" };
        self.request(method, target, json!({})).await
    }

    /// Sets the volume of a member's microphone, -50 to 50; 0 leaves it as it comes.
    ///
    /// Errors as for all requests about members. Source: `call.microphone.volume.set`.
    pub async fn set_input_volume(&self, target: MemberTarget, volume: i32) -> Result<()> {
        check_range("volume", volume, &VOLUMES)?;
        self.request("call.microphone.volume.set", target, json!({"volume": volume})).await
    }

    /// Sets the volume of what a member hears, -50 to 50; 0 leaves it as it comes.
    ///
    /// Errors as for all requests about members. Source: `call.speaker.volume.set`.
    pub async fn set_output_volume(&self, target: MemberTarget, volume: i32) -> Result<()> {
        check_range("volume", volume, &VOLUMES)?;
        self.request("call.speaker.volume.set", target, json!({"volume": volume})).await
    }

    /// Sets below which level a member's sound counts as silence, 0 to 100; 30 by default. Has an
    /// effect in conferences only.
    ///
    /// Errors as for all requests about members. Source: `call.microphone.sensitivity.set`.
    pub async fn set_input_sensitivity(
        &self,
        target: MemberTarget,
        sensitivity: i32,
    ) -> Result<()> {
        check_range("sensitivity", sensitivity, &SENSITIVITIES)?;
        let params = json!({"sensitivity": sensitivity});
        self.request("call.microphone.sensitivity.set", target, params).await
    }

    /// Switches what the service does to a member's microphone; at least one flag must be given.
    ///
    /// Errors as for all requests about members. Source: `call.audioflags.set`.
    pub async fn set_audio_flags(&self, target: MemberTarget, flags: AudioFlags) -> Result<()> {
        let given: Map<String, Value> = [
            ("echo_cancellation", flags.echo_cancellation),
            ("auto_gain", flags.auto_gain),
            ("noise_suppression", flags.noise_suppression),
        ]
        .into_iter()
        .filter_map(|(name, flag)| Some((name.to_owned(), Value::Bool(flag?))))
        .collect();
        if given.is_empty() {
            return Err(Error::invalid("set at least one of the audio flags"));
        }
        self.request("call.audioflags.set", target, Value::Object(given)).await
    }

    /// Asks the service to send a member video of low bit rate, or no longer. Errors as for all
    /// requests about members. Source: `call.lowbitrate.set`, signalwire-js Participant.ts.
    pub async fn set_low_bitrate(&self, target: MemberTarget, low: bool) -> Result<()> {
        self.request("call.lowbitrate.set", target, json!({"lowbitrate": low})).await
    }

    /// Locks the room, so that nobody else can join, or unlocks it. Errors as for all requests
    /// about members. Source: `call.lock`, `call.unlock`.
    pub async fn set_locked(&self, locked: bool) -> Result<()> {
        let method = if locked { "call.lock" } else { "call.unlock" };
        self.request(method, MemberTarget::Own, json!({})).await
    }

    /// The names of the layouts that [`Call::set_layout`] takes.
    ///
    /// Errors as for all requests about members; `Protocol` for an answer without a list.
    /// Source: `call.layout.list`.
    pub async fn layouts(&self) -> Result<Vec<String>> {
        let method = "call.layout.list";
        let result = self.ask(method, MemberTarget::Own, json!({})).await?;
        control::layout_names(&result)
            .ok_or_else(|| Error::protocol("the service answered without a list of layouts"))
    }

    /// Chooses a layout by its name. [`crate::CallEvent::LayoutChanged`] tells the effect; place
    /// members with [`Call::set_positions`] afterwards.
    ///
    /// Errors as for all requests about members; `Rejected` for a name that the service lacks.
    /// Source: `call.layout.set`.
    pub async fn set_layout(&self, name: &str) -> Result<()> {
        check_name("a layout", name)?;
        self.request("call.layout.set", MemberTarget::Own, json!({"layout": name})).await
    }

    /// Places members in the layout, all in one request. Has no effect outside of conferences.
    ///
    /// Errors as for all requests about members; `InvalidArgument` also for no or too many (1024)
    /// members and for [`MemberTarget::All`].
    /// Source: `call.member.position.set`, signalwire-js Participant.ts.
    pub async fn set_positions(&self, positions: Vec<MemberPosition>) -> Result<()> {
        if positions.is_empty() || positions.len() > MAX_POSITIONS {
            return Err(Error::invalid("give a position to 1 to 1024 members"));
        }
        for place in &positions {
            check_name("a position", &place.position)?;
            if place.target == MemberTarget::All {
                return Err(Error::invalid("place each member by itself, not all at once"));
            }
        }
        let request = Request::Place(positions);
        self.command(|reply| Command::Control { request, reply }).await.map(drop)
    }

    /// Removes another member from the session.
    ///
    /// Errors as for all requests about members. Source: `call.member.remove`.
    pub async fn remove_member(&self, member_id: &str) -> Result<()> {
        let target = MemberTarget::Member(member_id.to_owned());
        self.request("call.member.remove", target, json!({})).await
    }

    /// Ends the call of a member at the service. For the own call [`Call::hangup`] is the usual
    /// way; whether others are dropped with a member is the service's decision.
    ///
    /// Errors as for all requests about members. Source: `call.end`.
    pub async fn end_for(&self, target: MemberTarget) -> Result<()> {
        let is_own = match &target {
            MemberTarget::Own | MemberTarget::All => true,
            MemberTarget::Member(member_id) => self.progress().roster.is_own(member_id),
        };
        self.check_alive()?;
        match self.request("call.end", target, json!({})).await {
            // The end may overtake the answer.
            Err(error) if is_own && error.kind() == ErrorKind::Closed => Ok(()),
            result => result,
        }
    }

    /// Asks the service to connect the far side with `destination` instead; the forms are those
    /// of [`crate::Client::dial`]. What becomes of this call then the service decides: it ends it, or
    /// moves it on, which [`crate::CallEvent::Joined`] tells.
    ///
    /// Errors: `InvalidArgument` for what is no destination; `InvalidState` unless the call is
    /// answered; `Closed`; `Timeout` (unsure whether it was done); `NotSupported` where the
    /// service has no transfer; `Rejected` with its code where it refused.
    /// Source: `verto.modify`, action `transfer`, signalwire-js VertoManager.ts.
    pub async fn transfer(&self, destination: &str) -> Result<()> {
        let destination = Destination::parse(destination)?.as_str().to_owned();
        self.command(|reply| Command::Transfer { destination, reply }).await
    }

    /// Asks for what is said in a conversation with an AI agent, from now on:
    /// [`crate::CallEvent::Transcript`]. Subscribing twice is `Ok`.
    ///
    /// Errors: those of [`Call::subscribe`]; asking again is safe.
    /// Source: `verto.subscribe` for each type, signalwire-js TranscriptController.ts.
    pub async fn subscribe_transcript(&self) -> Result<()> {
        for event_type in transcript::EVENT_TYPES {
            self.subscribe(event_type).await?;
        }
        Ok(())
    }

    /// Sends any `call.*` request of the service, and gives the text of its JSON result: for what
    /// this library has no method for.
    ///
    /// `method`: such as `call.raisehand` or `call.layout.set`. `params_json`: the text of one JSON
    /// object, or none. `self`, who asks, is added unless given; `target`, who is acted on, is the
    /// own member unless `target` or `targets` is given. Another member is named by its three ids,
    /// `{"member_id", "call_id", "node_id"}`, as its events have them.
    /// Errors: `InvalidArgument`; `InvalidState` unless answered and joined; `Closed`; `Timeout`
    /// (unsure whether it was done); `NotFound` for a method that the service lacks; `Rejected`
    /// with the service's code.
    /// Source: signalwire-js FabricRoomSession.ts.
    pub async fn execute(&self, method: &str, params_json: Option<&str>) -> Result<String> {
        if !method.starts_with("call.") || method.len() > MAX_NAME {
            return Err(Error::invalid("method must begin with \"call.\", such as call.raisehand"));
        }
        let params = match serde_json::from_str(params_json.unwrap_or("{}")) {
            Ok(Value::Object(params)) => params,
            _ => return Err(Error::invalid("params_json must be the text of one JSON object")),
        };
        let request = Request::Any { method: method.to_owned(), params };
        let result = self.command(|reply| Command::Control { request, reply }).await?;
        Ok(result.to_string())
    }

    async fn request(
        &self,
        method: &'static str,
        target: MemberTarget,
        params: Value,
    ) -> Result<()> {
        self.ask(method, target, params).await.map(drop)
    }

    async fn ask(
        &self,
        method: &'static str,
        target: MemberTarget,
        params: Value,
    ) -> Result<Value> {
        if matches!(&target, MemberTarget::Member(id) if id.is_empty()) {
            return Err(Error::invalid("a member's id cannot be empty"));
        }
        let request = Request::On { method, target, params };
        self.command(|reply| Command::Control { request, reply }).await
    }
}

fn check_range(what: &str, value: i32, range: &RangeInclusive<i32>) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    let (low, high) = (range.start(), range.end());
    Err(Error::invalid(format!("{what} {value} is not in {low} to {high}")))
}

fn check_name(what: &str, name: &str) -> Result<()> {
    if name.is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(Error::invalid(format!("the name of {what} must have 1 to 256 characters")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_without_transfer_is_not_a_refusal() {
        for (code, kind) in [
            (-32601, ErrorKind::NotSupported),
            (501, ErrorKind::NotSupported),
            (-32001, ErrorKind::Rejected),
            (95, ErrorKind::Rejected),
        ] {
            let refused = Error::new(ErrorKind::Rejected, "no").with_code(code);
            let error = transfer_refusal(refused);
            assert_eq!((error.kind(), error.code()), (kind, Some(code)));
        }
        let lost = Error::new(ErrorKind::Timeout, "no answer");
        assert_eq!(transfer_refusal(lost.clone()), lost);
    }
}
