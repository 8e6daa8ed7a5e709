//! For scripts: one JSON object per line.

use crate::outcome::{snake_case, Failure};
use crate::report::{CallResult, Ending, Report, Status, Ui};
use crate::room::short_name;
use serde_json::{json, Value};
use signalwire_client::{
    Address, AudioDevice, AudioDeviceEvent, CallEvent, CallStats, ClientEvent, EndReason, Layout,
    Member, SetupTimes, Subscriber,
};
use std::io::Write;
use std::time::{Duration, Instant};

pub struct JsonUi {
    started: Instant,
    is_closed: bool,
}

impl JsonUi {
    pub fn new(started: Instant) -> Self {
        Self { started, is_closed: false }
    }

    fn line(&mut self, name: &str, fields: Value) {
        let mut text = json!({ "type": name }).to_string();
        let time = json!({ "time_ms": rounded(self.started.elapsed().as_secs_f64() * 1000.0) });
        // Joined as text, so that the type comes first for people who read it.
        for part in [time, fields].map(|part| part.to_string()) {
            if part != "{}" {
                text.pop();
                text.push(',');
                text.push_str(&part[1..]);
            }
        }
        let mut out = std::io::stdout().lock();
        let written = writeln!(out, "{text}").and_then(|()| out.flush());
        self.is_closed |= written.is_err();
    }
}

impl Ui for JsonUi {
    fn report(&mut self, report: &Report<'_>) {
        match report {
            Report::Client(event) => {
                let (name, fields) = client_event(event);
                self.line(name, fields);
            }
            Report::LoginPage { url } => self.line("login_page", json!({ "url": url })),
            Report::LoggedIn { file } => self.line("logged_in", json!({ "file": file })),
            Report::Subscriber(subscriber) => self.line("subscriber", person(subscriber)),
            Report::Addresses { addresses, has_next } => {
                for entry in *addresses {
                    self.line("address", address(entry));
                }
                let fields = json!({ "count": addresses.len(), "has_next": has_next });
                self.line("addresses", fields);
            }
            Report::Dialing { call_id, address } => {
                self.line("dialing", json!({ "call_id": call_id, "address": address }));
            }
            Report::Devices(devices) => {
                let devices: Vec<Value> = devices.iter().map(device).collect();
                self.line("devices", json!({ "devices": devices }));
            }
            Report::Device(event) => self.line("device_event", device_event(event)),
            Report::NoDevice { error } => {
                self.line("no_device", json!({ "message": error.message() }));
            }
            Report::Listening => self.line("listening", json!({})),
            Report::Incoming { call_id, name, number } => {
                let fields = json!({ "call_id": call_id, "name": name, "number": number });
                self.line("incoming", fields);
            }
            Report::Recording { file } => self.line("recording", json!({ "file": file })),
            Report::Call(event) => {
                let (name, fields) = call_event(event);
                self.line(name, fields);
            }
            Report::Playing { file } => self.line("playing", json!({ "file": file })),
            Report::PlayFinished { file, is_complete } => {
                self.line("play_finished", json!({ "file": file, "is_complete": is_complete }));
            }
            Report::CommandDone { command } => {
                self.line("command_done", json!({ "command": command }));
            }
            Report::Stats(numbers) => self.line("stats", stats(numbers)),
            Report::Roster { members, layout } => {
                let members: Vec<Value> = members.iter().map(member).collect();
                let layout = layout.as_ref().map(place);
                self.line("roster", json!({ "members": members, "layout": layout }));
            }
            Report::Layouts(names) => self.line("layouts", json!({ "names": names })),
            Report::Error { command, failure } => {
                let mut fields = error(failure);
                fields["command"] = json!(command);
                self.line("error", fields);
            }
        }
    }

    fn status(&mut self, _: &Status) {}

    fn ending(&mut self, ending: &Ending) {
        let outcome = ending.outcome();
        let mut fields = match ending {
            Ending::Done => json!({}),
            Ending::Call(result) => call_result(result),
            Ending::Failed(failure) => json!({ "error": error(failure) }),
        };
        fields["outcome"] = snake_case(&outcome).into();
        fields["exit_code"] = outcome.exit_code().into();
        self.line("result", fields);
    }

    fn status_interval(&self) -> Option<Duration> {
        None
    }

    fn is_closed(&self) -> bool {
        self.is_closed
    }
}

fn device(device: &AudioDevice) -> Value {
    json!({
        "id": device.id,
        "name": device.name,
        "kind": snake_case(&device.kind),
        "is_default": device.is_default,
        "sample_rates_hz": device.sample_rates_hz,
    })
}

fn device_event(event: &AudioDeviceEvent) -> Value {
    let of = |name: &str, about: &AudioDevice| json!({ "event": name, "device": device(about) });
    match event {
        AudioDeviceEvent::Added { device } => of("added", device),
        AudioDeviceEvent::Removed { device } => of("removed", device),
        AudioDeviceEvent::Opened { device } => of("opened", device),
        AudioDeviceEvent::Lost { device, reason } => {
            let mut fields = of("lost", device);
            fields["reason"] = json!(reason);
            fields
        }
        AudioDeviceEvent::DefaultChanged { kind, device: default } => json!({
            "event": "default_changed",
            "kind": snake_case(kind),
            "device": default.as_ref().map(device),
        }),
        other => json!({ "event": snake_case(other) }),
    }
}

fn client_event(event: &ClientEvent) -> (&'static str, Value) {
    let other = |name: &str, mut fields: Value| {
        fields["event"] = name.into();
        ("client_event", fields)
    };
    match event {
        ClientEvent::StateChanged { state, reason } => {
            ("client_state", json!({ "state": snake_case(state), "reason": reason }))
        }
        ClientEvent::SessionReady { is_resumed, token_expires_at } => other(
            "session_ready",
            json!({ "is_resumed": is_resumed, "token_expires_at": token_expires_at }),
        ),
        ClientEvent::RetryScheduled { attempt, delay_ms, reason } => other(
            "retry_scheduled",
            json!({ "attempt": attempt, "delay_ms": delay_ms, "reason": reason }),
        ),
        ClientEvent::AuthorizationFailed { code, message } => {
            other("authorization_failed", json!({ "code": code, "message": message }))
        }
        ClientEvent::SessionRecordChanged => other("session_record_changed", json!({})),
        ClientEvent::TokenExpiring { expires_at, seconds_left } => other(
            "token_expiring",
            json!({ "expires_at": expires_at, "seconds_left": seconds_left }),
        ),
        ClientEvent::TokenRefreshed { token_expires_at } => {
            other("token_refreshed", json!({ "token_expires_at": token_expires_at }))
        }
        ClientEvent::TokenRefreshFailed { code, message, next_try_ms } => other(
            "token_refresh_failed",
            json!({ "code": code, "message": message, "next_try_ms": next_try_ms }),
        ),
        ClientEvent::SessionEnded { code, message } => {
            other("session_ended", json!({ "code": code, "message": message }))
        }
        ClientEvent::Other { event_type, raw_json } => {
            other(event_type, json!({ "payload": payload(raw_json) }))
        }
        _ => other("unknown", json!({})),
    }
}

fn call_event(event: &CallEvent) -> (&'static str, Value) {
    match event {
        CallEvent::StateChanged { state, previous } => {
            ("state", json!({ "state": snake_case(state), "previous": snake_case(previous) }))
        }
        CallEvent::MediaConnected { codec } => ("media_connected", json!({ "codec": codec })),
        CallEvent::MediaLost => ("media_lost", json!({})),
        CallEvent::Recovering { reason, attempt } => {
            ("recovering", json!({ "reason": reason, "attempt": attempt }))
        }
        CallEvent::Recovered { gap_ms } => ("recovered", json!({ "gap_ms": gap_ms })),
        CallEvent::QualityChanged { level, mos } => {
            ("quality_changed", json!({ "level": snake_case(level), "mos": mos }))
        }
        CallEvent::Warning { kind, is_raised } => {
            ("warning", json!({ "kind": snake_case(kind), "is_raised": is_raised }))
        }
        CallEvent::SpeakingChanged { is_local, is_speaking } => {
            ("speaking_changed", json!({ "is_local": is_local, "is_speaking": is_speaking }))
        }
        CallEvent::DigitReceived { digit, duration_ms } => {
            ("digit_received", json!({ "digit": digit, "duration_ms": duration_ms }))
        }
        CallEvent::Joined { call_id, member_id, room_session_id, capabilities, .. } => (
            "joined",
            json!({
                "call_id": call_id,
                "member_id": member_id,
                "room_session_id": room_session_id,
                "capabilities": capabilities,
            }),
        ),
        CallEvent::MemberUpdated { member: updated, changed, .. } => {
            let mut fields = member(updated);
            fields["changed"] = json!(changed);
            ("member_updated", fields)
        }
        CallEvent::MemberJoined { member: joined, .. } => ("member_joined", member(joined)),
        CallEvent::MemberLeft { member: left, reason, .. } => {
            let mut fields = member(left);
            fields["reason"] = json!(reason);
            ("member_left", fields)
        }
        CallEvent::MemberTalking { member_id, is_talking, .. } => {
            ("member_talking", json!({ "member_id": member_id, "is_talking": is_talking }))
        }
        CallEvent::LayoutChanged { layout, .. } => ("layout_changed", place(layout)),
        CallEvent::Ended { reason } => ("ended", end(reason)),
        CallEvent::SegmentLeft { raw_json, .. } => service_event("call.left", raw_json),
        CallEvent::ServerStateChanged { raw_json, .. } => service_event("call.state", raw_json),
        CallEvent::Other { event_type, raw_json } => service_event(event_type, raw_json),
        _ => ("service_event", json!({ "event": "unknown" })),
    }
}

fn service_event(name: &str, raw_json: &str) -> (&'static str, Value) {
    ("service_event", json!({ "event": name, "payload": payload(raw_json) }))
}

fn payload(raw_json: &str) -> Value {
    serde_json::from_str(raw_json).unwrap_or(Value::Null)
}

fn person(subscriber: &Subscriber) -> Value {
    let addresses: Vec<Value> = subscriber.addresses.iter().map(address).collect();
    json!({
        "id": subscriber.id,
        "email": subscriber.email,
        "first_name": subscriber.first_name,
        "last_name": subscriber.last_name,
        "display_name": subscriber.display_name,
        "job_title": subscriber.job_title,
        "time_zone": subscriber.time_zone,
        "country": subscriber.country,
        "region": subscriber.region,
        "company_name": subscriber.company_name,
        "token_expires_at": subscriber.token_expires_at,
        "addresses": addresses,
    })
}

fn member(member: &Member) -> Value {
    json!({
        "member_id": member.member_id,
        "name": short_name(member),
        "kind": snake_case(&member.kind),
        "parent_id": member.parent_id,
        "is_self": member.is_self,
        "is_talking": member.is_talking,
        "audio_muted": member.audio_muted,
        "video_muted": member.video_muted,
        "is_deaf": member.is_deaf,
        "hand_raised": member.hand_raised,
        "input_volume": member.input_volume,
        "output_volume": member.output_volume,
        "input_sensitivity": member.input_sensitivity,
        "echo_cancellation": member.echo_cancellation,
        "auto_gain": member.auto_gain,
        "noise_suppression": member.noise_suppression,
        "position": member.position,
    })
}

fn place(layout: &Layout) -> Value {
    let positions: serde_json::Map<String, Value> = layout
        .layers
        .iter()
        .filter_map(|layer| Some((layer.member_id.clone()?, json!(layer.position))))
        .collect();
    json!({ "name": layout.name, "layers": layout.layers.len(), "positions": positions })
}

fn address(address: &Address) -> Value {
    json!({
        "id": address.id,
        "name": address.name,
        "display_name": address.display_name,
        "address_type": snake_case(&address.address_type),
        "dial": address.dial_string(),
        "channels": {
            "audio": address.channels.audio,
            "video": address.channels.video,
            "messaging": address.channels.messaging,
        },
        "is_locked": address.is_locked,
        "created_at": address.created_at,
    })
}

fn call_result(result: &CallResult) -> Value {
    json!({
        "was_answered": result.was_answered,
        "duration_ms": rounded(result.duration.as_secs_f64() * 1000.0),
        "end": end(&result.end),
        "stats": stats(&result.stats),
        "setup_times": setup_times(&result.times),
        "recording": result.recording,
    })
}

fn end(reason: &EndReason) -> Value {
    json!({
        "kind": snake_case(&reason.kind),
        "cause": reason.cause,
        "code": reason.code,
        "message": reason.message,
    })
}

fn error(failure: &Failure) -> Value {
    json!({ "kind": failure.kind, "message": failure.message, "code": failure.code })
}

fn stats(stats: &CallStats) -> Value {
    json!({
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
        "mos": stats.mos,
        "concealment_events": stats.concealment_events,
        "concealed_ms": stats.concealed_ms,
        "silent_concealed_ms": stats.silent_concealed_ms,
        "removed_ms": stats.removed_ms,
        "inserted_ms": stats.inserted_ms,
        "packets_discarded": stats.packets_discarded,
        "packets_duplicated": stats.packets_duplicated,
        "jitter_buffer_target_ms": rounded(stats.jitter_buffer_target_ms),
        "jitter_ms": rounded(stats.jitter_ms),
        "jitter_buffer_ms": rounded(stats.jitter_buffer_ms),
        "round_trip_ms": rounded(stats.round_trip_ms),
        "remote_loss_fraction": rounded(stats.remote_loss_fraction),
        "input_dropped_ms": stats.input_dropped_ms,
        "output_dropped_frames": stats.output_dropped_frames,
        "input_level_dbfs": rounded(stats.input_level_dbfs),
        "output_level_dbfs": rounded(stats.output_level_dbfs),
        "local_candidate": stats.local_candidate,
        "remote_candidate": stats.remote_candidate,
    })
}

fn setup_times(times: &SetupTimes) -> Value {
    let time = |value: Option<f64>| value.map_or(Value::Null, rounded);
    json!({
        "offer_ready_ms": time(times.offer_ready_ms),
        "created_ms": time(times.created_ms),
        "remote_sdp_ms": time(times.remote_sdp_ms),
        "answered_ms": time(times.answered_ms),
        "ice_connected_ms": time(times.ice_connected_ms),
        "media_connected_ms": time(times.media_connected_ms),
        "first_packet_ms": time(times.first_packet_ms),
        "first_audio_ms": time(times.first_audio_ms),
    })
}

/// Microseconds are enough.
fn rounded(value: f64) -> Value {
    json!((value * 1000.0).round() / 1000.0)
}
