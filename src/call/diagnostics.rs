//! What a call tells about itself for a report of a problem: no secrets, and nothing that was said.

use super::{Call, CallEvent, Progress, SetupTimes, Shared};
use crate::media::stats::{CallStats, VideoStats};
use crate::proto::redacted::redacted;
use serde_json::{json, Value};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// The descriptions that were exchanged last, redacted.
#[derive(Default)]
pub(crate) struct Descriptions {
    local: Option<String>,
    remote: Option<String>,
}

impl Descriptions {
    pub(crate) fn note_local(&mut self, sdp: &str) {
        self.local = Some(redacted(sdp));
    }

    pub(crate) fn note_remote(&mut self, sdp: &str) {
        self.remote = Some(redacted(sdp));
    }
}

/// For work that goes on beside the call's task.
pub(crate) fn note_remote(progress: &Mutex<Progress>, sdp: &str) {
    let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
    progress.descriptions.note_remote(sdp);
}

impl Call {
    /// What happened in this call and how it stands, as one JSON object for a report of a problem;
    /// also after the end.
    ///
    /// It has the state, who ended it and why, when each step of the set-up was done, the last 64
    /// events by name, the descriptions of media (SDP), the selected candidates and the statistics.
    /// Addresses and ports are in it, and the other party's number. ICE credentials, fingerprints
    /// and keys are not, nor is anything that was said or written. The names of the keys may grow
    /// in number; do not show it to users. Any thread; does not block.
    pub fn diagnostics(&self) -> String {
        of_call(&self.0).to_string()
    }
}

pub(crate) fn of_call(call: &Shared) -> Value {
    let mut times = {
        let progress = lock(call);
        progress.times.clone()
    };
    call.audio.fill_times(&mut times);
    let progress = lock(call);
    let end = progress.end.as_ref().map(|end| {
        json!({"kind": format!("{:?}", end.kind), "cause": end.cause, "message": end.message})
    });
    json!({
        "id": call.id,
        "direction": format!("{:?}", call.direction),
        "destination": call.destination,
        "remote_number": call.remote.number,
        "parent_id": call.parent_id,
        "node_id": progress.node_id,
        "state": format!("{:?}", *call.state.borrow()),
        "is_muted": progress.is_muted,
        "is_recovering": progress.is_recovering,
        "end": end,
        "setup_steps": setup_steps(&times),
        "events": history(&call.events.history()),
        "local_description": progress.descriptions.local,
        "remote_description": progress.descriptions.remote,
        "statistics": statistics(&call.audio.stats()),
    })
}

fn lock(call: &Shared) -> MutexGuard<'_, Progress> {
    call.progress.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What came, oldest first, each with its time in milliseconds since 1970.
pub(crate) fn history(events: &[(SystemTime, String)]) -> Value {
    let entry = |(at, what): &(SystemTime, String)| {
        let since = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
        json!({"at_ms": since, "event": what})
    };
    events.iter().map(entry).collect()
}

/// The steps in the order in which they ended, each with the milliseconds since the one before: so
/// their sum is the time from `dial` to the last one.
fn setup_steps(times: &SetupTimes) -> Value {
    let mut done: Vec<(&str, f64)> = [
        ("gathered", times.offer_ready_ms),
        ("invite_taken", times.created_ms),
        ("remote_description", times.remote_sdp_ms),
        ("answered", times.answered_ms),
        ("ice_connected", times.ice_connected_ms),
        ("dtls_connected", times.media_connected_ms),
        ("first_packet", times.first_packet_ms),
        ("first_audio", times.first_audio_ms),
    ]
    .into_iter()
    .filter_map(|(name, at)| Some((name, at?)))
    .collect();
    done.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut before = 0.0;
    done.into_iter()
        .map(|(name, at)| {
            let took = at - std::mem::replace(&mut before, at);
            json!({"until": name, "took_ms": took, "at_ms": at})
        })
        .collect()
}

fn statistics(stats: &CallStats) -> Value {
    let mut all = json!({
        "codec": stats.codec,
        "packets_sent": stats.packets_sent,
        "bytes_sent": stats.bytes_sent,
        "packets_received": stats.packets_received,
        "bytes_received": stats.bytes_received,
        "packets_lost": stats.packets_lost,
        "packets_late": stats.packets_late,
        "packets_reordered": stats.packets_reordered,
        "frames_concealed": stats.frames_concealed,
        "frames_recovered": stats.frames_recovered,
        "jitter_ms": stats.jitter_ms,
        "jitter_buffer_ms": stats.jitter_buffer_ms,
        "jitter_buffer_target_ms": stats.jitter_buffer_target_ms,
        "round_trip_ms": stats.round_trip_ms,
        "remote_loss_fraction": stats.remote_loss_fraction,
        "input_dropped_ms": stats.input_dropped_ms,
        "output_dropped_frames": stats.output_dropped_frames,
        "input_level_dbfs": stats.input_level_dbfs,
        "output_level_dbfs": stats.output_level_dbfs,
        "mos": stats.mos,
        "local_candidate": stats.local_candidate,
        "remote_candidate": stats.remote_candidate,
    });
    if stats.video != VideoStats::default() {
        all["video"] = video_statistics(&stats.video);
    }
    all
}

fn video_statistics(stats: &VideoStats) -> Value {
    json!({
        "codec": stats.codec,
        "direction": format!("{:?}", stats.direction),
        "frames_sent": stats.frames_sent,
        "packets_sent": stats.packets_sent,
        "packets_repeated": stats.packets_repeated,
        "frames_received": stats.frames_received,
        "packets_received": stats.packets_received,
        "packets_lost": stats.packets_lost,
        "frames_dropped": stats.frames_dropped,
        "key_frame_requests_sent": stats.key_frame_requests_sent,
        "key_frame_requests_received": stats.key_frame_requests_received,
        "width": stats.width,
        "height": stats.height,
    })
}

/// What the history of a call has of an event: all but numbers that come again and again.
pub(crate) fn remembered(event: &CallEvent) -> Option<String> {
    (!matches!(event, CallEvent::Statistics { .. })).then(|| digest(event))
}

/// An event by its name and by what of it may be shown: no names, no digits, nothing that was said.
pub(crate) fn digest(event: &CallEvent) -> String {
    match event {
        CallEvent::StateChanged { state, .. } => format!("StateChanged {state:?}"),
        CallEvent::MediaConnected { codec } => format!("MediaConnected {codec}"),
        CallEvent::VideoConnected { codec } => format!("VideoConnected {codec}"),
        CallEvent::MediaChanged { directions } => format!("MediaChanged {directions:?}"),
        CallEvent::Recovering { reason, attempt } => format!("Recovering {attempt}: {reason}"),
        CallEvent::Recovered { gap_ms } => format!("Recovered after {gap_ms} ms"),
        CallEvent::QualityChanged { level, mos } => format!("QualityChanged {level:?} {mos:.2}"),
        CallEvent::Warning { kind, is_raised } => format!("Warning {kind:?} {is_raised}"),
        CallEvent::ServerStateChanged { state, .. } => format!("ServerStateChanged {state:?}"),
        CallEvent::SegmentLeft { .. } => "SegmentLeft".to_owned(),
        CallEvent::Ended { reason } => {
            format!("Ended {:?} {}", reason.kind, reason.cause)
        }
        CallEvent::Other { event_type, .. } => format!("Other {}", cut(event_type)),
        other => name(&format!("{other:?}")),
    }
}

/// The name of a variant, from how it is written for debugging.
pub(crate) fn name(debug: &str) -> String {
    debug.chars().take_while(char::is_ascii_alphanumeric).collect()
}

/// A name that the service gave.
pub(crate) fn cut(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic()).take(80).collect()
}

/// Keeps the diagnostics of the last calls that are over.
pub(crate) fn remember(ended: &mut std::collections::VecDeque<Value>, call: &Shared) {
    const KEPT: usize = 8;
    if ended.len() == KEPT {
        ended.pop_front();
    }
    ended.push_back(of_call(call));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_in_the_order_of_their_ends_and_sum_up() {
        let times = SetupTimes {
            offer_ready_ms: Some(30.0),
            created_ms: Some(70.0),
            answered_ms: Some(500.0),
            remote_sdp_ms: Some(200.0),
            ice_connected_ms: Some(260.0),
            media_connected_ms: Some(300.0),
            first_packet_ms: Some(510.0),
            first_audio_ms: Some(540.0),
        };
        let steps = setup_steps(&times);
        let names: Vec<_> =
            steps.as_array().unwrap().iter().map(|step| step["until"].clone()).collect();
        assert_eq!(
            names,
            [
                "gathered",
                "invite_taken",
                "remote_description",
                "ice_connected",
                "dtls_connected",
                "answered",
                "first_packet",
                "first_audio"
            ]
        );
        let sum: f64 =
            steps.as_array().unwrap().iter().map(|step| step["took_ms"].as_f64().unwrap()).sum();
        assert!((sum - 540.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_that_was_said_is_in_an_events_digest() {
        let digit = CallEvent::DigitReceived { digit: "7".into(), duration_ms: 100 };
        assert_eq!(digest(&digit), "DigitReceived");
        let other =
            CallEvent::Other { event_type: "user_event\n".into(), raw_json: "secret".into() };
        assert_eq!(digest(&other), "Other user_event");
    }
}
