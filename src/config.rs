//! What an application chooses when it makes a client, and every time-out by name.

use crate::error::{Error, Result};
use crate::util::redact::Secret;
use std::net::IpAddr;
use std::time::Duration;

/// How to reach the service and with which identity.
///
/// Only `token` is required. The host comes from the token's `ch` header
/// (`wss://<ch>`, HTTP on `https://fabric.<domain>`), else `puc.signalwire.com`; `ws_url` and
/// `http_url` override each of them for private deployments and tests.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct ClientOptions {
    /// Subscriber access token, as issued by the REST API or by OAuth2. Never logged.
    pub token: String,
    /// WebSocket URL (`wss://host[:port]`), verbatim. `ws://` is accepted for loopback only.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub ws_url: Option<String>,
    /// Base URL of the HTTP API (`https://host[:port]`). `http://` is accepted for loopback only.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub http_url: Option<String>,
    /// PEM text of additional trusted CA certificates, besides the platform's own roots.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub ca_certificates_pem: Option<String>,
    /// Name of the application, sent as part of the `agent` of `signalwire.connect`.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub agent: Option<String>,
    /// Local IP addresses that media may use, as text, best first. Default: the address that
    /// reaches the service, then the other interfaces.
    #[cfg_attr(feature = "uniffi", uniffi(default = []))]
    pub media_addresses: Vec<String>,
    /// Whether media goes through the service's TURN servers only, hiding local addresses. Calls
    /// fail where there is no such server. Default false.
    #[cfg_attr(feature = "uniffi", uniffi(default = false))]
    pub relay_only: bool,
    /// Longest time for `connect` in milliseconds, 1 to 600000. Default 15000.
    #[cfg_attr(feature = "uniffi", uniffi(default = 15000))]
    pub connect_timeout_ms: u32,
    /// Longest time for one request to the service in milliseconds, 1 to 600000. Default 10000.
    #[cfg_attr(feature = "uniffi", uniffi(default = 10000))]
    pub request_timeout_ms: u32,
}

impl ClientOptions {
    /// Options with this token and the defaults for everything else.
    pub fn new(token: impl Into<String>) -> Self {
        Self {
            token: token.into(),
            ws_url: None,
            http_url: None,
            ca_certificates_pem: None,
            agent: None,
            media_addresses: Vec::new(),
            relay_only: false,
            connect_timeout_ms: 15_000,
            request_timeout_ms: 10_000,
        }
    }

    pub(crate) fn validate(&self) -> Result<()> {
        for (name, value) in [
            ("connect_timeout_ms", self.connect_timeout_ms),
            ("request_timeout_ms", self.request_timeout_ms),
        ] {
            if value == 0 || value > 600_000 {
                return Err(Error::invalid(format!("{name} must be 1 to 600000; got {value}")));
            }
        }
        self.media_ips().map(drop)
    }

    pub(crate) fn media_ips(&self) -> Result<Vec<IpAddr>> {
        self.media_addresses
            .iter()
            .map(|text| {
                text.parse().map_err(|_| {
                    Error::invalid(format!("media_addresses: {text:?} is not an IP address"))
                })
            })
            .collect()
    }
}

impl std::fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientOptions")
            .field("token", &Secret::of(&self.token))
            .field("ws_url", &self.ws_url)
            .field("http_url", &self.http_url)
            .field("ca_certificates_pem", &self.ca_certificates_pem.as_ref().map(|_| "<pem>"))
            .field("agent", &self.agent)
            .field("media_addresses", &self.media_addresses)
            .field("relay_only", &self.relay_only)
            .field("connect_timeout_ms", &self.connect_timeout_ms)
            .field("request_timeout_ms", &self.request_timeout_ms)
            .finish()
    }
}

/// How the digits of `send_digits` travel. The number of a method never changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[repr(i32)]
pub enum DtmfMethod {
    /// As a message through the service (`verto.info`), which every call understands.
    #[default]
    Info = 0,
    /// As telephone-events in the audio stream (RFC 4733): in time with the audio, also for far
    /// sides that hear them only there. `NotSupported` where the far side takes none.
    Rtp = 1,
    /// In the audio stream where that can be, else through the service.
    Auto = 2,
}

/// How one call is made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct DialOptions {
    /// Longest time from `dial` to the answer in milliseconds; 0 means no limit (default). When
    /// it is over, the call is hung up and ends with [`crate::EndKind::NoAnswer`].
    #[cfg_attr(feature = "uniffi", uniffi(default = 0))]
    pub ring_timeout_ms: u32,
    /// Longest time from the answer to working media in milliseconds, 1 to 600000. Default 15000.
    #[cfg_attr(feature = "uniffi", uniffi(default = 15000))]
    pub media_timeout_ms: u32,
    /// Variables for the far side's scripts, as the text of one JSON object. Default: none.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub user_variables_json: Option<String>,
    /// Audio codecs to offer, best first. Default: Opus, PCMU, PCMA.
    #[cfg_attr(feature = "uniffi", uniffi(default = []))]
    pub audio_codecs: Vec<crate::media::codec::AudioCodec>,
    /// Opus target bitrate in bits per second, 6000 to 510000. Default 32000.
    #[cfg_attr(feature = "uniffi", uniffi(default = 32000))]
    pub opus_bitrate_bps: u32,
    /// How much pushed audio may wait to be sent, in milliseconds, 40 to 10000. When it is full
    /// the oldest is dropped and counted. Default 200: a live source; more for whole sentences.
    #[cfg_attr(feature = "uniffi", uniffi(default = 200))]
    pub audio_queue_ms: u32,
    /// How digits are sent. Default: [`DtmfMethod::Info`], through the service.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub dtmf: Option<DtmfMethod>,
    /// Opus complexity, 1 (least work) to 10 (best sound at a given bitrate). Default 5.
    #[cfg_attr(feature = "uniffi", uniffi(default = 5))]
    pub opus_complexity: u32,
    /// Whether silence is left out instead of sent (Opus only). It saves data and power; the far
    /// side has to fill in by itself, which FreeSWITCH and browsers do. Default false.
    #[cfg_attr(feature = "uniffi", uniffi(default = false))]
    pub opus_dtx: bool,
}

impl Default for DialOptions {
    fn default() -> Self {
        Self {
            ring_timeout_ms: 0,
            media_timeout_ms: 15_000,
            user_variables_json: None,
            audio_codecs: Vec::new(),
            opus_bitrate_bps: 32_000,
            audio_queue_ms: 200,
            dtmf: None,
            opus_complexity: 5,
            opus_dtx: false,
        }
    }
}

impl DialOptions {
    pub(crate) fn validate(&self) -> Result<()> {
        if self.media_timeout_ms == 0 || self.media_timeout_ms > 600_000 {
            return Err(Error::invalid(format!(
                "media_timeout_ms must be 1 to 600000; got {}",
                self.media_timeout_ms
            )));
        }
        if !(6_000..=510_000).contains(&self.opus_bitrate_bps) {
            return Err(Error::invalid(format!(
                "opus_bitrate_bps must be 6000 to 510000; got {}",
                self.opus_bitrate_bps
            )));
        }
        if !(1..=10).contains(&self.opus_complexity) {
            return Err(Error::invalid(format!(
                "opus_complexity must be 1 to 10; got {}",
                self.opus_complexity
            )));
        }
        if !(40..=10_000).contains(&self.audio_queue_ms) {
            return Err(Error::invalid(format!(
                "audio_queue_ms must be 40 to 10000; got {}",
                self.audio_queue_ms
            )));
        }
        self.user_variables().map(drop)
    }

    pub(crate) fn encoder(&self) -> crate::media::codec::EncoderOptions {
        crate::media::codec::EncoderOptions {
            bitrate_bps: self.opus_bitrate_bps,
            complexity: self.opus_complexity,
            has_dtx: self.opus_dtx,
            ..Default::default()
        }
    }

    pub(crate) fn user_variables(&self) -> Result<serde_json::Map<String, serde_json::Value>> {
        let Some(text) = &self.user_variables_json else {
            return Ok(serde_json::Map::new());
        };
        match serde_json::from_str(text) {
            Ok(serde_json::Value::Object(map)) => Ok(map),
            _ => Err(Error::invalid("user_variables_json must be the text of one JSON object")),
        }
    }
}

/// How a call that came in is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct AnswerOptions {
    /// Longest time from the answer to working media in milliseconds, 1 to 600000. Default 15000.
    #[cfg_attr(feature = "uniffi", uniffi(default = 15000))]
    pub media_timeout_ms: u32,
    /// Variables for the far side's scripts, as the text of one JSON object. Default: none.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub user_variables_json: Option<String>,
    /// Audio codecs to accept. Default: Opus, PCMU, PCMA.
    #[cfg_attr(feature = "uniffi", uniffi(default = []))]
    pub audio_codecs: Vec<crate::media::codec::AudioCodec>,
    /// Opus target bitrate in bits per second, 6000 to 510000. Default 32000.
    #[cfg_attr(feature = "uniffi", uniffi(default = 32000))]
    pub opus_bitrate_bps: u32,
    /// How digits are sent. Default: [`DtmfMethod::Info`], through the service.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub dtmf: Option<DtmfMethod>,
    /// Opus complexity, 1 (least work) to 10 (best sound at a given bitrate). Default 5.
    #[cfg_attr(feature = "uniffi", uniffi(default = 5))]
    pub opus_complexity: u32,
    /// Whether silence is left out instead of sent (Opus only). It saves data and power; the far
    /// side has to fill in by itself, which FreeSWITCH and browsers do. Default false.
    #[cfg_attr(feature = "uniffi", uniffi(default = false))]
    pub opus_dtx: bool,
}

impl Default for AnswerOptions {
    fn default() -> Self {
        let dial = DialOptions::default();
        Self {
            media_timeout_ms: dial.media_timeout_ms,
            user_variables_json: None,
            audio_codecs: Vec::new(),
            opus_bitrate_bps: dial.opus_bitrate_bps,
            dtmf: None,
            opus_complexity: 5,
            opus_dtx: false,
        }
    }
}

impl AnswerOptions {
    pub(crate) fn encoder(&self) -> crate::media::codec::EncoderOptions {
        crate::media::codec::EncoderOptions {
            bitrate_bps: self.opus_bitrate_bps,
            complexity: self.opus_complexity,
            has_dtx: self.opus_dtx,
            ..Default::default()
        }
    }

    /// The variables, if everything can be.
    pub(crate) fn validate(&self) -> Result<serde_json::Map<String, serde_json::Value>> {
        let as_dialled = DialOptions {
            media_timeout_ms: self.media_timeout_ms,
            user_variables_json: self.user_variables_json.clone(),
            opus_bitrate_bps: self.opus_bitrate_bps,
            opus_complexity: self.opus_complexity,
            ..DialOptions::default()
        };
        as_dialled.validate()?;
        as_dialled.user_variables()
    }
}

/// Opening TCP, TLS and the WebSocket upgrade, together.
pub(crate) const SOCKET_OPEN_TIMEOUT: Duration = Duration::from_secs(10);
/// Without a ping from the server for this long after one came, the socket counts as half-open.
pub(crate) const PING_WATCHDOG: Duration = Duration::from_secs(15);
/// First and longest reconnect delay; doubled per attempt, each multiplied by 0.5 to 1.0.
pub(crate) const RECONNECT_DELAY: (Duration, Duration) =
    (Duration::from_millis(100), Duration::from_secs(3));
/// Waiting for the acknowledgement of `verto.bye` when hanging up.
pub(crate) const BYE_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest time for candidates; with what was found by then the offer is sent.
pub(crate) const GATHER_TIMEOUT: Duration = Duration::from_millis(2_500);
/// Longer than this no silent STUN or TURN server is waited for once another one answered.
pub(crate) const GATHER_GRACE: Duration = Duration::from_millis(500);
/// The whole of a client's or the library's shutdown.
pub(crate) const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);
/// One HTTP exchange.
pub(crate) const HTTP_TIMEOUT: Duration = Duration::from_secs(30);
