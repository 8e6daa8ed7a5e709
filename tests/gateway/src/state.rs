//! The state of the gateway as JSON, for tests.

use std::sync::Arc;

use serde_json::{json, Value};

use crate::call::Call;
use crate::config::Dialect;
use crate::hub::{Counters, Hub, Session};
use crate::media::Media;

/// Everything: sessions, calls, counters, violations.
pub fn report(hub: &Hub) -> Value {
    let (devices, sessions, calls, counters, violations, invites, faults, oauth) =
        hub.with(|inner| {
            let sessions: Vec<Value> = inner.sessions.values().map(session).collect();
            let unacked: usize = inner.sessions.values().map(|s| s.unacked.len()).sum();
            (
                inner.devices.iter().map(|(_, device)| device.clone()).collect::<Vec<_>>(),
                sessions,
                inner.calls.clone(),
                counters(&inner.counters, unacked),
                inner.violations.clone(),
                inner.invites.clone(),
                inner.faults.report(),
                inner.logins.report(),
            )
        });
    let calls: Vec<Value> = calls.iter().map(call).collect();
    json!({
        "dialect": match hub.config.dialect {
            Dialect::FreeSwitch => "freeswitch",
            Dialect::Browser => "browser",
        },
        "node_id": hub.node_id,
        "uptime_ms": hub.started.elapsed().as_millis() as u64,
        "devices": devices,
        "sessions": sessions,
        "calls": calls,
        "counters": counters,
        "violations": violations,
        "invites": invites,
        "faults": faults,
        "oauth": oauth,
    })
}

fn session(session: &Session) -> Value {
    json!({
        "protocol": session.protocol,
        "identity": session.identity,
        "subscriber_id": session.grant.subscriber_id,
        "reference": session.reference,
        "agent": session.agent,
        "expires_at": session.grant.expires_at,
        "thumbprint": session.grant.thumbprint,
        "online": session.online,
        "connected": session.socket.is_some(),
        "socket": session.socket.as_ref().map(|s| s.id),
        "resumes": session.resumes,
        "unacked": session.unacked.iter().map(|e| e.kind.clone()).collect::<Vec<_>>(),
        "backlog": session.backlog.len(),
        // The other Verto requests are not answered by a result.
        "unanswered_verto": session
            .verto_requests
            .values()
            .filter(|m| ["verto.media", "verto.answer", "verto.bye"].contains(&m.as_str()))
            .collect::<Vec<_>>(),
    })
}

fn counters(counters: &Counters, unacked: usize) -> Value {
    json!({
        "sockets": counters.sockets,
        "connects": counters.connects,
        "resumes": counters.resumes,
        "refused_connects": counters.refused_connects,
        "reauthentications": counters.reauthentications,
        "requests": counters.requests,
        "duplicate_requests": counters.duplicate_requests,
        "events": counters.events,
        "event_acks": counters.event_acks,
        "unacked": unacked,
        "pings": counters.pings,
        "pongs": counters.pongs,
        "verto_pings": counters.verto_pings,
        "verto_pongs": counters.verto_pongs,
        "verto_results": counters.verto_results,
        "http_requests": counters.http_requests,
        "bound_exchanges": counters.bound_exchanges,
        "bound_refreshes": counters.bound_refreshes,
    })
}

/// One call. What tests ask for most of the audio stands at the top as well.
fn call(call: &Arc<Call>) -> Value {
    call.with(|leg| {
        let media = leg.media.as_ref().map_or_else(|| leg.last_report.clone(), Media::report);
        let none = json!({});
        let audio = media["streams"]
            .as_array()
            .and_then(|all| all.iter().find(|s| s["kind"] == "audio"))
            .unwrap_or(&none)
            .clone();
        let transport = media["transports"].get(0).cloned().unwrap_or(none);
        let child = call.child.as_ref().map(|child| {
            json!({ "kind": child.kind, "parent_call_id": child.parent_call_id,
                "parent_id": child.parent_id })
        });
        let mut state = json!({
            "call_id": call.id,
            "protocol": leg.protocol,
            "address": call.destination,
            "caller": call.caller,
            "inbound": call.inbound,
            "state": leg.stage.as_str(),
            "member_id": call.member_id,
            "segments": leg.segments.iter().map(|at| json!({
                "call_id": at.call_id, "node_id": at.node_id, "member_id": at.member_id,
                "room_session_id": at.room_session_id, "name": at.name,
                "members": at.others,
            })).collect::<Vec<_>>(),
            "node_id": call.node_id,
            "room_session_id": call.room_session_id,
            "user_variables": call.user_variables,
            "subscribed": leg.subscribed,
            "digits": leg.digits,
            "rtp_digits": audio.get("rtp_digits").cloned().unwrap_or(json!("")),
            "audio_muted": leg.audio_muted,
            "video_muted": leg.video_muted,
            "deaf": leg.deaf,
            "held": leg.held,
            "handraised": leg.hand_raised,
            "locked": leg.locked,
            "layout": leg.layout,
            "cause_code": leg.cause.as_ref().map(|c| c.0),
            "cause": leg.cause.as_ref().map(|c| c.1.clone()),
            "ended_by": leg.ended_by,
            "verto_pongs": leg.pongs,
            "age_ms": call.started.elapsed().as_millis() as u64,
            "codec": audio["codec"],
            "packets_in": audio["packets_in"],
            "packets_out": audio["packets_out"],
            "lost": audio["lost"],
            "marker_violations": audio["marker_violations"],
            "level": audio["level"],
            "energy": audio["energy"],
            "frequency": audio["frequency"],
            "dtls_role": transport["dtls_role"],
            "early_client_hello": transport["early_client_hello"],
            "media_connected": media["connected"],
            "transports": media["transports"],
            "streams": media["streams"],
            "updates": media["updates"],
            "reattaches": leg.reattaches,
        });
        state["child"] = json!(child);
        state["ptime"] = audio["ptime"].clone();
        state["packet_ms"] = audio["packet_ms"].clone();
        state
    })
}
