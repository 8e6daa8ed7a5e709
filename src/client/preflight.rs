//! A test of everything that a call needs, before there is one.

use super::{Client, ClientState};
use crate::call::{Call, CallEvent, CallStats, EndKind, SetupTimes};
use crate::config::DialOptions;
use crate::error::{Error, ErrorKind, Result};
use crate::media::frame::{AudioFormat, AudioFrame};
use crate::media::gather::probe::{self, ServerProbe};
use crate::media::relay::RelayTransport;
use crate::media::sink::AudioSink;
use crate::net::ws;
use crate::runtime;
use crate::session::ConnectTimes;
use serde::Serialize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the test call may ring.
const RING_LIMIT: Duration = Duration::from_secs(20);
/// Above it, setting up a connection takes longer than people like to wait.
const SLOW_CONNECT_MS: f64 = 2_000.0;
/// The bounds of [`crate::WarningKind`].
const HIGH_ROUND_TRIP_MS: f64 = 400.0;
const HIGH_JITTER_MS: f64 = 30.0;
const HIGH_LOSS: f64 = 0.03;
const LOW_SCORE: f64 = 3.5;
/// Quieter than this is no echo of the test tone, which has -12 dBFS.
const ECHO_PEAK: u16 = 1_000;

/// What a preflight test does.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct PreflightOptions {
    /// An address that answers and sends back what it hears, such as `/public/echo`; it is called
    /// and billed like any other. None: no call is made.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub echo_address: Option<String>,
    /// How long the call is listened to, in milliseconds, 1000 to 60000. Default 6000: the mean
    /// opinion score is one of five seconds.
    #[cfg_attr(feature = "uniffi", uniffi(default = 6000))]
    pub call_ms: u32,
}

impl Default for PreflightOptions {
    fn default() -> Self {
        Self { echo_address: None, call_ms: 6_000 }
    }
}

/// What a preflight test came to. The number of a verdict never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[serde(rename_all = "snake_case")]
#[repr(i32)]
pub enum PreflightVerdict {
    /// Nothing is wrong with what was tested.
    Passed = 0,
    /// Calls work, but not well or not in every network; see the problems.
    Impaired = 1,
    /// Calls do not work; see the problems.
    Failed = 2,
}

/// What is wrong. The number of a kind never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[repr(i32)]
pub enum PreflightProblemKind {
    /// The service cannot be reached, or what answers is not the service. Fatal.
    NoSignalling = 1,
    /// The service refuses the token. Get a new one. Fatal.
    Unauthorized = 2,
    /// Opening a connection took more than two seconds.
    SlowSignalling = 3,
    /// One STUN or TURN server does not answer, or refuses.
    ServerUnreachable = 4,
    /// Every server that was asked over UDP is silent: a firewall blocks UDP. Media then need a
    /// relay over TCP or TLS.
    UdpBlocked = 5,
    /// There are TURN servers, and none gives a relay: calls fail behind strict firewalls, and
    /// always with `relay_only`.
    NoRelay = 6,
    /// The test call was refused or ended. Fatal.
    CallFailed = 7,
    /// The test call was answered and no audio came. Fatal.
    NoMedia = 8,
    /// The test call's audio came, but not what was sent: audio goes one way, or the address is
    /// none that echoes. Fatal.
    NoEcho = 9,
    /// More than 3 % of the audio did not come.
    HighLoss = 10,
    /// More than 3 % of the audio that was sent did not arrive, as the far side reports.
    HighRemoteLoss = 11,
    /// The jitter is above 30 ms.
    HighJitter = 12,
    /// The round trip is above 400 ms.
    HighRoundTrip = 13,
    /// The mean opinion score is below 3.5.
    LowScore = 14,
}

impl PreflightProblemKind {
    /// Whether calls do not work with it.
    fn is_fatal(self) -> bool {
        use PreflightProblemKind::{CallFailed, NoEcho, NoMedia, NoSignalling, Unauthorized};
        matches!(self, NoSignalling | Unauthorized | CallFailed | NoMedia | NoEcho)
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct PreflightProblem {
    /// What it is.
    pub kind: PreflightProblemKind,
    /// What was seen and what to do, for people.
    pub message: String,
}

/// How a STUN or TURN server is reached. The number of a transport never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[serde(rename_all = "snake_case")]
#[repr(i32)]
pub enum PreflightTransport {
    /// A kind of URL that this client does not use.
    Unknown = 0,
    /// Datagrams.
    Udp = 1,
    /// A TCP connection.
    Tcp = 2,
    /// TLS over TCP.
    Tls = 3,
}

/// Whether one of the service's STUN and TURN servers works from here.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct PreflightServer {
    /// The URL that the service gave, without credentials.
    pub url: String,
    /// Whether it is a TURN server, which gives relays.
    pub is_relay: bool,
    /// How it is reached.
    pub transport: PreflightTransport,
    /// Whether it gave an address (STUN) or a relay (TURN).
    pub is_reached: bool,
    /// Milliseconds until it did, or until it was given up.
    pub took_ms: f64,
    /// The address that it gave, `address:port`; empty without.
    pub address: String,
    /// Why there is none, for people; empty when it was reached.
    pub error: String,
}

/// What the test call showed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct PreflightCall {
    /// Milliseconds from the start to the first packet of the far side; None if none came.
    pub first_packet_ms: Option<f64>,
    /// SDP name of the audio codec; empty without media.
    pub codec: String,
    /// Whether the test tone came back.
    pub is_echo_heard: bool,
    /// Share of the packets that did not come in time, 0.0 to 1.0.
    pub loss_fraction: f64,
    /// Share of what was sent that did not arrive, as the far side reports it, 0.0 to 1.0.
    pub remote_loss_fraction: f64,
    /// Inter-arrival jitter in milliseconds (RFC 3550, 6.4.1).
    pub jitter_ms: f64,
    /// Round trip in milliseconds; 0 when it is not known.
    pub round_trip_ms: f64,
    /// Mean opinion score of the last five seconds, 1.0 to 4.5; 0 when it is not known.
    pub mos: f64,
    /// The selected local candidate, `type address:port`; empty without media.
    pub local_candidate: String,
    /// The selected remote candidate, `type address:port`; empty without media.
    pub remote_candidate: String,
}

/// What a preflight test found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct PreflightReport {
    /// All in one.
    pub verdict: PreflightVerdict,
    /// What is wrong; empty when the test is passed.
    pub problems: Vec<PreflightProblem>,
    /// The steps to the service, from a connection of the test's own; `authorize_ms` is of the
    /// session's last authorization, and not in `total_ms` unless the test made it. None when the
    /// service cannot be reached.
    pub signalling: Option<ConnectTimes>,
    /// The service's STUN and TURN servers, each of their URLs; empty without a session.
    pub servers: Vec<PreflightServer>,
    /// The test call; None when there was none.
    pub call: Option<PreflightCall>,
}

impl PreflightReport {
    /// The report as one JSON object, with the names of the fields as keys and kinds in snake case.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("plain data with keys that are texts")
    }
}

/// The whole test.
pub(super) async fn run(client: Client, options: PreflightOptions) -> Result<PreflightReport> {
    if !(1_000..=60_000).contains(&options.call_ms) {
        let got = options.call_ms;
        return Err(Error::invalid(format!("call_ms must be 1000 to 60000; got {got}")));
    }
    if let Some(address) = &options.echo_address {
        crate::proto::destination::Destination::parse(address)?;
    }
    if client.state() == ClientState::Closed {
        return Err(Error::closed("the client"));
    }
    let mut problems = Problems::default();
    let signalling = signalling(&client, &mut problems).await;
    let (mut servers, mut call) = (Vec::new(), None);
    if client.state() == ClientState::Connected {
        let ice_servers = client.0.session.facts().ice_servers;
        servers = probe::probe(&ice_servers, &client.0.tls).await.into_iter().map(server).collect();
        problems.of_servers(&servers);
        if let Some(address) = &options.echo_address {
            let outcome = try_call(&client, address, options.call_ms).await;
            problems.of_call(&outcome);
            call = outcome.ok();
        }
    }
    let verdict = verdict(&problems.0);
    Ok(PreflightReport { verdict, problems: problems.0, signalling, servers, call })
}

/// Opens a socket of its own, so that the steps are those of this moment, and the session unless
/// it is there.
async fn signalling(client: &Client, problems: &mut Problems) -> Option<ConnectTimes> {
    let was_connected = client.state() == ClientState::Connected;
    if let Err(error) = client.connect().await {
        let kind = match error.kind() {
            ErrorKind::Unauthorized | ErrorKind::InvalidToken => PreflightProblemKind::Unauthorized,
            _ => PreflightProblemKind::NoSignalling,
        };
        problems.add(kind, error.message());
        return None;
    }
    let last = client.connect_times();
    let times = match (was_connected, last) {
        (false, Some(times)) => times,
        _ => match fresh_socket(client).await {
            Ok(times) => {
                ConnectTimes { authorize_ms: last.map_or(0.0, |last| last.authorize_ms), ..times }
            }
            Err(error) => {
                problems.add(PreflightProblemKind::NoSignalling, error.message());
                return None;
            }
        },
    };
    if times.total_ms > SLOW_CONNECT_MS {
        let text = format!("opening a connection took {:.0} ms", times.total_ms);
        problems.add(PreflightProblemKind::SlowSignalling, &text);
    }
    Some(times)
}

async fn fresh_socket(client: &Client) -> Result<ConnectTimes> {
    let started = Instant::now();
    let current = client.0.tokens.obtain().await?;
    let token_ms = milliseconds(started.elapsed());
    let url = client.0.hosts.resolve(&current.token)?.ws_url;
    let mut socket = ws::open(&url, &client.0.tls).await?;
    socket.sender.close().await;
    let [dns_ms, tcp_ms, tls_ms, websocket_ms] =
        [socket.times.dns, socket.times.tcp, socket.times.tls, socket.times.websocket]
            .map(milliseconds);
    let total_ms = token_ms + dns_ms + tcp_ms + tls_ms + websocket_ms;
    let authorize_ms = 0.0;
    Ok(ConnectTimes { token_ms, dns_ms, tcp_ms, tls_ms, websocket_ms, authorize_ms, total_ms })
}

fn server(probe: ServerProbe) -> PreflightServer {
    let (address, error) = match probe.outcome {
        Ok(address) => (address.to_string(), String::new()),
        Err(error) => (String::new(), error),
    };
    PreflightServer {
        url: probe.url,
        is_relay: probe.is_relay,
        transport: match probe.transport {
            None => PreflightTransport::Unknown,
            Some(RelayTransport::Udp) => PreflightTransport::Udp,
            Some(RelayTransport::Tcp) => PreflightTransport::Tcp,
            Some(RelayTransport::Tls) => PreflightTransport::Tls,
        },
        is_reached: error.is_empty(),
        took_ms: milliseconds(probe.took),
        address,
        error,
    }
}

/// Listens for anything as loud as the test tone.
#[derive(Default)]
struct EchoListener(AtomicBool);

impl AudioSink for EchoListener {
    fn on_frame(&self, frame: &AudioFrame<'_>) {
        if frame.samples.iter().any(|sample| sample.unsigned_abs() > ECHO_PEAK) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

/// Hangs up, also when nobody waits for the test any more.
struct HangUp(Call);

impl Drop for HangUp {
    fn drop(&mut self) {
        let call = self.0.clone();
        // Without the runtime there is no call any more.
        let _ = runtime::spawn(async move { drop(call.hangup().await) });
    }
}

async fn try_call(client: &Client, address: &str, call_ms: u32) -> Result<PreflightCall> {
    let call = HangUp(client.dial(address, DialOptions::default())?);
    let measured = measure(&call.0, call_ms).await;
    if let Err(error) = call.0.hangup().await {
        tracing::debug!(%error, "the test call was not hung up");
    }
    measured
}

async fn measure(call: &Call, call_ms: u32) -> Result<PreflightCall> {
    let events = call.events();
    let listener = Arc::new(EchoListener::default());
    call.add_audio_sink(AudioFormat::MONO_8K, listener.clone())?;
    tokio::time::timeout(RING_LIMIT, call.answered()).await.unwrap_or_else(|_| {
        let text = format!("nobody answered within {RING_LIMIT:?}; call an address that does");
        Err(Error::new(ErrorKind::Timeout, text))
    })?;
    // The call itself gives up when its media do not come (`DialOptions::media_timeout_ms`).
    let has_media = loop {
        match events.next().await {
            Some(CallEvent::MediaConnected { .. }) => break true,
            Some(_) => {}
            None => match call.ended().await? {
                end if end.kind == EndKind::MediaFailed => break false,
                end => return Err(end.into_error()),
            },
        }
    };
    if has_media {
        send_tone(call, call_ms).await?;
    }
    Ok(result(&call.stats(), &call.setup_times(), listener.0.load(Ordering::Relaxed)))
}

/// Sends a tone in real time, 20 ms after 20 ms.
async fn send_tone(call: &Call, milliseconds: u32) -> Result<()> {
    let format = AudioFormat::MONO_8K;
    let step = std::f64::consts::TAU * 500.0 / f64::from(format.sample_rate_hz);
    // Ten whole periods, so that frames join without a click.
    let frame: Vec<i16> =
        (0..160).map(|n| ((f64::from(n) * step).sin() * 8_192.0) as i16).collect();
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..milliseconds / 20 {
        ticks.tick().await;
        call.push_audio(&frame, format)?;
    }
    Ok(())
}

fn result(stats: &CallStats, times: &SetupTimes, is_echo_heard: bool) -> PreflightCall {
    let expected = stats.packets_received + stats.packets_lost;
    PreflightCall {
        first_packet_ms: times.first_packet_ms,
        codec: stats.codec.clone(),
        is_echo_heard,
        loss_fraction: stats.packets_lost as f64 / expected.max(1) as f64,
        remote_loss_fraction: stats.remote_loss_fraction,
        jitter_ms: stats.jitter_ms,
        round_trip_ms: stats.round_trip_ms,
        mos: stats.mos,
        local_candidate: stats.local_candidate.clone(),
        remote_candidate: stats.remote_candidate.clone(),
    }
}

#[derive(Default)]
struct Problems(Vec<PreflightProblem>);

impl Problems {
    fn add(&mut self, kind: PreflightProblemKind, message: &str) {
        self.0.push(PreflightProblem { kind, message: message.to_owned() });
    }

    fn of_servers(&mut self, servers: &[PreflightServer]) {
        use PreflightProblemKind::{NoRelay, ServerUnreachable, UdpBlocked};
        let usable = || servers.iter().filter(|s| s.transport != PreflightTransport::Unknown);
        for server in usable().filter(|server| !server.is_reached) {
            self.add(ServerUnreachable, &format!("{}: {}", server.url, server.error));
        }
        let none_of = |wanted: fn(&PreflightServer) -> bool| {
            usable().any(wanted) && !usable().any(|server| wanted(server) && server.is_reached)
        };
        if none_of(|server| server.transport == PreflightTransport::Udp) {
            self.add(UdpBlocked, "no server answers over UDP; let UDP out in the firewall");
        }
        if none_of(|server| server.is_relay) {
            self.add(NoRelay, "no TURN server gives a relay; let out TCP and UDP to its port");
        }
    }

    fn of_call(&mut self, outcome: &Result<PreflightCall>) {
        use PreflightProblemKind as Kind;
        let call = match outcome {
            Ok(call) => call,
            Err(error) => return self.add(Kind::CallFailed, error.message()),
        };
        if call.first_packet_ms.is_none() {
            let text = "the call was answered and no audio came; media are blocked on their way";
            return self.add(Kind::NoMedia, text);
        }
        if !call.is_echo_heard {
            let text = "what was sent did not come back; is the address one that echoes?";
            self.add(Kind::NoEcho, text);
        }
        let percent = |fraction: f64| format!("{:.1} %", fraction * 100.0);
        let ms = |value: f64| format!("{value:.0} ms");
        for (is_bad, kind, what, value) in [
            (
                call.loss_fraction > HIGH_LOSS,
                Kind::HighLoss,
                "of the received audio is lost",
                percent(call.loss_fraction),
            ),
            (
                call.remote_loss_fraction > HIGH_LOSS,
                Kind::HighRemoteLoss,
                "of the sent audio is lost",
                percent(call.remote_loss_fraction),
            ),
            (call.jitter_ms > HIGH_JITTER_MS, Kind::HighJitter, "of jitter", ms(call.jitter_ms)),
            (
                call.round_trip_ms > HIGH_ROUND_TRIP_MS,
                Kind::HighRoundTrip,
                "of round trip",
                ms(call.round_trip_ms),
            ),
            (
                call.mos > 0.0 && call.mos < LOW_SCORE,
                Kind::LowScore,
                "is the mean opinion score",
                format!("{:.1}", call.mos),
            ),
        ] {
            if is_bad {
                self.add(kind, &format!("{value} {what}; try another network"));
            }
        }
    }
}

fn verdict(problems: &[PreflightProblem]) -> PreflightVerdict {
    match problems {
        [] => PreflightVerdict::Passed,
        some if some.iter().any(|problem| problem.kind.is_fatal()) => PreflightVerdict::Failed,
        _ => PreflightVerdict::Impaired,
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use PreflightProblemKind as Kind;

    fn server(url: &str, transport: PreflightTransport, is_reached: bool) -> PreflightServer {
        PreflightServer {
            url: url.into(),
            is_relay: url.starts_with("turn"),
            transport,
            is_reached,
            took_ms: 1.0,
            address: String::new(),
            error: String::new(),
        }
    }

    fn kinds(problems: &Problems) -> Vec<Kind> {
        problems.0.iter().map(|problem| problem.kind).collect()
    }

    #[test]
    fn what_servers_tell_about_the_network() {
        use PreflightTransport::{Tcp, Udp, Unknown};
        for (servers, expected) in [
            (vec![], vec![]),
            (vec![server("stun:a", Udp, true), server("turn:b", Udp, true)], vec![]),
            (vec![server("stuns:a", Unknown, false)], vec![]),
            (
                vec![server("stun:a", Udp, false), server("turn:b?transport=tcp", Tcp, true)],
                vec![Kind::ServerUnreachable, Kind::UdpBlocked],
            ),
            (
                vec![server("stun:a", Udp, true), server("turn:b?transport=tcp", Tcp, false)],
                vec![Kind::ServerUnreachable, Kind::NoRelay],
            ),
            (
                vec![server("turn:b", Udp, false)],
                vec![Kind::ServerUnreachable, Kind::UdpBlocked, Kind::NoRelay],
            ),
        ] {
            let mut problems = Problems::default();
            problems.of_servers(&servers);
            assert_eq!(kinds(&problems), expected, "{servers:#?}");
        }
    }

    fn good_call() -> PreflightCall {
        PreflightCall {
            first_packet_ms: Some(300.0),
            codec: "opus".into(),
            is_echo_heard: true,
            loss_fraction: 0.0,
            remote_loss_fraction: 0.0,
            jitter_ms: 2.0,
            round_trip_ms: 40.0,
            mos: 4.4,
            local_candidate: String::new(),
            remote_candidate: String::new(),
        }
    }

    #[test]
    fn what_a_call_tells() {
        let good = good_call();
        for (call, expected, judged) in [
            (Ok(good.clone()), vec![], PreflightVerdict::Passed),
            (Ok(PreflightCall { mos: 0.0, ..good.clone() }), vec![], PreflightVerdict::Passed),
            (
                Ok(PreflightCall { loss_fraction: 0.04, mos: 3.4, ..good.clone() }),
                vec![Kind::HighLoss, Kind::LowScore],
                PreflightVerdict::Impaired,
            ),
            (
                Ok(PreflightCall {
                    remote_loss_fraction: 0.04,
                    jitter_ms: 31.0,
                    round_trip_ms: 401.0,
                    ..good.clone()
                }),
                vec![Kind::HighRemoteLoss, Kind::HighJitter, Kind::HighRoundTrip],
                PreflightVerdict::Impaired,
            ),
            (
                Ok(PreflightCall { is_echo_heard: false, ..good.clone() }),
                vec![Kind::NoEcho],
                PreflightVerdict::Failed,
            ),
            (
                Ok(PreflightCall { first_packet_ms: None, is_echo_heard: false, ..good }),
                vec![Kind::NoMedia],
                PreflightVerdict::Failed,
            ),
            (Err(Error::closed("x")), vec![Kind::CallFailed], PreflightVerdict::Failed),
        ] {
            let mut problems = Problems::default();
            problems.of_call(&call);
            assert_eq!(kinds(&problems), expected, "{call:?}");
            assert_eq!(verdict(&problems.0), judged, "{call:?}");
        }
    }
}
