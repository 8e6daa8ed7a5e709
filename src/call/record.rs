//! What of a call has to be known to take it up again in another process.

use super::{Call, Direction};
use crate::config::MediaDirection;
use crate::proto::sdp::{Description, Kind};
use crate::proto::verto::{Party, VertoEvent};
use serde::{Deserialize, Serialize};

/// A call that the service (still) has, and this process not yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecordedCall {
    pub(crate) id: String,
    /// The media node that hosts it.
    pub(crate) node: Option<String>,
    pub(crate) destination: String,
    pub(crate) is_inbound: bool,
    pub(crate) remote_name: String,
    pub(crate) remote_number: String,
    /// Whether video went out of here; false in records that do not say.
    #[serde(default)]
    pub(crate) sends_video: bool,
    /// Whether video came in.
    #[serde(default)]
    pub(crate) receives_video: bool,
    /// How often its numbers were told; 0 for never.
    #[serde(default)]
    pub(crate) statistics_ms: u32,
}

impl RecordedCall {
    /// `None` for a call that is not answered: the service keeps no other.
    pub(crate) fn of(call: &Call) -> Option<Self> {
        if !call.state().is_answered() {
            return None;
        }
        let remote = call.remote_party();
        let video = call.media().video;
        let (node, statistics_ms) = {
            let progress = call.progress();
            (progress.node_id.clone(), progress.statistics_ms)
        };
        Some(Self {
            id: call.id(),
            node,
            destination: call.destination(),
            is_inbound: call.direction() == Direction::Inbound,
            remote_name: remote.name,
            remote_number: remote.number,
            sends_video: video.sends(),
            receives_video: video.receives(),
            statistics_ms,
        })
    }

    /// What `verto.attach` says about a call; `None` without its id. The direction is the media
    /// node's: what goes out from there comes in here.
    pub(crate) fn attached(event: &VertoEvent, node: Option<String>) -> Option<Self> {
        let text = |key: &str| event.params[key].as_str().unwrap_or_default().to_owned();
        let id = event.call_id().filter(|id| !id.is_empty())?.to_owned();
        let is_inbound = text("display_direction") == "outbound";
        let remote = if is_inbound { "caller" } else { "callee" };
        let offer = event.sdp().and_then(|sdp| Description::parse(sdp).ok());
        let has_video = offer.is_some_and(|offer| offer.has(Kind::Video));
        Some(Self {
            id,
            node,
            destination: text("callee_id_number"),
            is_inbound,
            remote_name: text(&format!("{remote}_id_name")),
            remote_number: text(&format!("{remote}_id_number")),
            sends_video: has_video,
            receives_video: has_video,
            statistics_ms: 0,
        })
    }

    pub(crate) fn direction(&self) -> Direction {
        match self.is_inbound {
            true => Direction::Inbound,
            false => Direction::Outbound,
        }
    }

    /// In which directions video went.
    pub(crate) fn video(&self) -> MediaDirection {
        MediaDirection::new(self.sends_video, self.receives_video)
    }

    /// Caller and callee as the dialog names them.
    pub(crate) fn parties(&self) -> (Party, Party) {
        let remote = Party { name: self.remote_name.clone(), number: self.remote_number.clone() };
        let own = Party { name: String::new(), number: self.destination.clone() };
        match self.is_inbound {
            true => (remote, own),
            false => (Party::default(), remote),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_attach_tells_who_called_whom() {
        for (direction, is_inbound, remote) in [
            ("outbound", true, "/private/bob"),
            ("inbound", false, "/public/echo"),
            ("", false, "/public/echo"),
        ] {
            let event = VertoEvent {
                id: json!(1),
                method: "verto.attach".into(),
                params: json!({"callID": "c-1", "sdp": "v=0", "display_direction": direction,
                    "caller_id_number": "/private/bob", "callee_id_number": "/public/echo"}),
            };
            let call = RecordedCall::attached(&event, Some("n1".into())).unwrap();
            assert_eq!((call.is_inbound, call.remote_number.as_str()), (is_inbound, remote));
            assert_eq!((call.id.as_str(), call.node.as_deref()), ("c-1", Some("n1")));
        }
        let event =
            VertoEvent { id: json!(1), method: "verto.attach".into(), params: json!({"sdp": ""}) };
        assert_eq!(RecordedCall::attached(&event, None), None);
    }
}
