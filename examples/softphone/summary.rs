//! What is said about a call after its end.

use crate::report::CallResult;
use crate::style::{clock, Style};
use signalwire_client::{CallStats, SetupTimes};

/// The whole summary, line by line.
pub fn call(style: &Style, result: &CallResult) -> Vec<String> {
    let end = &result.end;
    let outcome = match result.outcome.exit_code() {
        0 => style.green("answered"),
        _ => style.red(&crate::outcome::snake_case(&result.outcome).replace('_', " ")),
    };
    let mut lines = vec![
        String::new(),
        style.bold("  Summary"),
        row(style, "outcome", &format!("{outcome}: {}", end.message)),
        row(style, "cause", &format!("{} ({})", end.cause, end.code)),
    ];
    if result.was_answered {
        lines.push(row(style, "talk time", &clock(result.duration)));
        lines.extend(setup(style, &result.times));
        lines.extend(numbers(style, &result.stats));
    }
    if let Some(file) = result.recording.as_ref().filter(|_| result.was_answered) {
        lines.push(row(style, "recording", &file.display().to_string()));
    }
    lines
}

/// When each step was done after the dial, in the order in which they happened.
fn setup(style: &Style, times: &SetupTimes) -> Vec<String> {
    let mut steps: Vec<(&str, f64)> = [
        ("offer ready", times.offer_ready_ms),
        ("call created", times.created_ms),
        ("answer received", times.remote_sdp_ms),
        ("call answered", times.answered_ms),
        ("ICE connected", times.ice_connected_ms),
        ("media connected", times.media_connected_ms),
        ("first packet", times.first_packet_ms),
        ("first audio", times.first_audio_ms),
    ]
    .into_iter()
    .filter_map(|(name, time)| Some((name, time?)))
    .collect();
    steps.sort_by(|a, b| a.1.total_cmp(&b.1));
    let Some((last, total)) = steps.last() else { return Vec::new() };
    let total = format!("{} from the dial to: {last}", style.bold(&format!("{total:.1} ms")));
    let mut lines = vec![row(style, "set-up", &total)];
    let mut before = 0.0;
    for (name, time) in &steps {
        let step = style.dim(&format!("+{:.1}", time - before));
        lines.push(row(style, "", &format!("{name:<16} {time:>8.1} ms  {step}")));
        before = *time;
    }
    lines
}

/// Counters and gauges of the audio.
pub fn numbers(style: &Style, stats: &CallStats) -> Vec<String> {
    let sent = format!(
        "{} packets, {} bytes; {:.1} % lost on the way",
        stats.packets_sent,
        stats.bytes_sent,
        stats.remote_loss_fraction * 100.0
    );
    let received = format!(
        "{} packets, {} bytes; {} lost, {} late, {} reordered, {} frames concealed",
        stats.packets_received,
        stats.bytes_received,
        stats.packets_lost,
        stats.packets_late,
        stats.packets_reordered,
        stats.frames_concealed
    );
    let delay = format!(
        "round trip {}, jitter {:.1} ms, jitter buffer {:.0} ms",
        round_trip(stats),
        stats.jitter_ms,
        stats.jitter_buffer_ms
    );
    let path = match stats.local_candidate.is_empty() {
        true => "none".to_owned(),
        false => format!("{} ↔ {}", stats.local_candidate, stats.remote_candidate),
    };
    vec![
        row(style, "codec", &stats.codec),
        row(style, "sent", &sent),
        row(style, "received", &received),
        row(style, "delay", &delay),
        row(style, "path", &path),
    ]
}

/// Zero stands for a time that is not known yet.
pub fn round_trip(stats: &CallStats) -> String {
    match stats.round_trip_ms {
        time if time > 0.0 => format!("{time:.1} ms"),
        _ => "unknown".to_owned(),
    }
}

fn row(style: &Style, label: &str, value: &str) -> String {
    format!("    {}{value}", style.dim(&format!("{label:<11}")))
}
