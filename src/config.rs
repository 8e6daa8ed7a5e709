//! What an application chooses when it makes a client, and every time-out by name.

use crate::error::{Error, Result};
use crate::media::codec::PACKET_MS;
use crate::media::video::VideoCodec;
use crate::util::redact::Secret;
use std::net::IpAddr;
use std::time::Duration;

/// How to reach the service and with which identity.
///
/// Only `token` is required. The host comes from the token's `ch` header
/// (`wss://<ch>`, HTTP on `https://fabric.<domain>`), else `puc.signalwire.com`; `ws_url` and
/// `http_url` override each of them for private deployments and tests.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record), uniffi::export(Debug, Display))]
pub struct ClientOptions {
    /// Subscriber access token, as issued by the REST API or by OAuth2. Never logged. May be empty
    /// where the client has other credentials.
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
    /// What `session_record` of a client gave in a process that is gone: `connect` takes up its
    /// session, and its calls come as the event `CallRestored`. A session that the service has
    /// forgotten, or that is another subscriber's, is replaced by a new one (`SessionReady` with
    /// `is_resumed` false), and its calls come as `RestoreFailed`. A secret, never logged.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub resume_from: Option<String>,
    /// Whether the client notices by itself when the device's addresses change (Linux; elsewhere
    /// the platform's own notice has to be passed on with `network_changed`). Default true.
    #[cfg_attr(feature = "uniffi", uniffi(default = true))]
    pub watch_network: bool,
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
            resume_from: None,
            watch_network: true,
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
            .field("resume_from", &self.resume_from.as_ref().map(|_| "<redacted>"))
            .field("watch_network", &self.watch_network)
            .field("connect_timeout_ms", &self.connect_timeout_ms)
            .field("request_timeout_ms", &self.request_timeout_ms)
            .finish()
    }
}

/// In which directions media of one kind flow, as seen from this side. The number of a direction
/// never changes. Source: RFC 8866, 6.7.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[repr(i32)]
pub enum MediaDirection {
    /// Both ways.
    SendReceive = 0,
    /// From here only.
    SendOnly = 1,
    /// To here only.
    ReceiveOnly = 2,
    /// Neither: stopped, or never begun.
    #[default]
    Inactive = 3,
}

impl MediaDirection {
    pub(crate) fn new(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendReceive,
            (true, false) => Self::SendOnly,
            (false, true) => Self::ReceiveOnly,
            (false, false) => Self::Inactive,
        }
    }

    /// Whether media are sent.
    pub fn sends(self) -> bool {
        matches!(self, Self::SendReceive | Self::SendOnly)
    }

    /// Whether media are received.
    pub fn receives(self) -> bool {
        matches!(self, Self::SendReceive | Self::ReceiveOnly)
    }

    /// The same as the far side sees it.
    pub(crate) fn reversed(self) -> Self {
        Self::new(self.receives(), self.sends())
    }

    /// What both allow.
    pub(crate) fn and(self, other: Self) -> Self {
        Self::new(self.sends() && other.sends(), self.receives() && other.receives())
    }
}

/// The directions of a call's audio and video.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct MediaDirections {
    /// Of audio.
    pub audio: MediaDirection,
    /// Of video; `Inactive` where the call has none.
    pub video: MediaDirection,
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

/// Which side of a call is recorded. The number of a side never changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
pub enum RecordSide {
    /// What is received.
    #[default]
    Received,
    /// What is sent, after gain and mute.
    Sent,
    /// Both, in stereo: left what is sent, right what is received.
    Both,
    /// Both, added up in mono; too loud is clipped.
    Mixed,
}

/// The kind of file that a call is recorded to. The number of a kind never changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
pub enum RecordFormat {
    /// WAV with 16-bit PCM: 96 kB a second at 48 kHz mono; at most 4 GB.
    #[default]
    Wav,
    /// Opus in Ogg (RFC 7845), 48 kHz: 4 kB a second.
    OggOpus,
}

/// What [`crate::Call::record`] records, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct RecordOptions {
    /// Which side. Default: what is received.
    pub side: RecordSide,
    /// The kind of file. Default: WAV.
    pub format: RecordFormat,
    /// Sample rate in Hz, 8000 to 192000, for both sides a multiple of 50; 48000 for Ogg. Default
    /// 48000.
    #[cfg_attr(feature = "uniffi", uniffi(default = 48000))]
    pub sample_rate_hz: u32,
    /// Bitrate of Ogg-Opus in bits per second, 6000 to 510000. Default 0: 32000 for each channel.
    #[cfg_attr(feature = "uniffi", uniffi(default = 0))]
    pub opus_bitrate_bps: u32,
}

impl Default for RecordOptions {
    fn default() -> Self {
        Self {
            side: RecordSide::default(),
            format: RecordFormat::default(),
            sample_rate_hz: 48_000,
            opus_bitrate_bps: 0,
        }
    }
}

impl RecordOptions {
    pub(crate) fn validate(&self) -> Result<()> {
        let rate = self.sample_rate_hz;
        let is_known = match self.format {
            RecordFormat::Wav => (8_000..=192_000).contains(&rate),
            RecordFormat::OggOpus => rate == 48_000,
        };
        let has_both = matches!(self.side, RecordSide::Both | RecordSide::Mixed);
        if !is_known || (has_both && !rate.is_multiple_of(50)) {
            return Err(Error::invalid(format!(
                "sample_rate_hz must be 8000 to 192000 for WAV, a multiple of 50 for both sides, and \
                 48000 for Ogg; got {rate}"
            )));
        }
        let bitrate = self.opus_bitrate_bps;
        if bitrate != 0 && !(6_000..=510_000).contains(&bitrate) {
            return Err(Error::invalid(format!(
                "opus_bitrate_bps must be 6000 to 510000, or 0 for the usual; got {bitrate}"
            )));
        }
        Ok(())
    }
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
    /// Audio codecs to offer, best first. Default: Opus, G.722, PCMU, PCMA.
    #[cfg_attr(feature = "uniffi", uniffi(default = []))]
    pub audio_codecs: Vec<crate::media::codec::AudioCodec>,
    /// Opus target bitrate in bits per second, 6000 to 510000. Default 32000.
    #[cfg_attr(feature = "uniffi", uniffi(default = 32000))]
    pub opus_bitrate_bps: u32,
    /// How much pushed audio may wait to be sent, in milliseconds, 40 to 10000. When it is full
    /// the oldest is dropped and counted. Default 200: a live source; more for whole sentences.
    #[cfg_attr(feature = "uniffi", uniffi(default = 200))]
    pub audio_queue_ms: u32,
    /// The id (UUID) of the own address that the call is made from, which its log is attributed
    /// to. Default: the service chooses.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub from_fabric_address_id: Option<String>,
    /// The media node that should host the call; a hint that the service may ignore. Default: the
    /// service chooses.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub node_id: Option<String>,
    /// Whether the call has video, and in which directions; encoded frames go in and out, see
    /// `push_video`. Default: both ways if the destination ends with `?channel=video`, else none:
    /// the call is an audio call.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub video: Option<MediaDirection>,
    /// Video codecs to offer, best first. Default: VP8, H.264.
    #[cfg_attr(feature = "uniffi", uniffi(default = []))]
    pub video_codecs: Vec<VideoCodec>,
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
    /// Every how many milliseconds [`crate::CallEvent::Statistics`] tells the numbers about the call,
    /// 100 to 3600000 (an hour); 0 (default): never. One interval suits displays and uploads alike;
    /// [`crate::Call::stats`] gives them at any other time. Screens and devices of the call tell theirs
    /// as often, and so does the call when another process takes it up with a session record.
    #[cfg_attr(feature = "uniffi", uniffi(default = 0))]
    pub statistics_interval_ms: u32,
    /// How long the packets of audio should be in milliseconds: 10, 20, 40 or 60; 0 (default): as the
    /// far side likes, which mostly is 20. Short ones cost bandwidth, long ones delay. The far side
    /// is asked to send such packets, and gets them from here unless it asks for others or takes
    /// only shorter ones (`a=ptime` and `a=maxptime`, RFC 8866, 6.4). Any length is received.
    #[cfg_attr(feature = "uniffi", uniffi(default = 0))]
    pub packet_time_ms: u32,
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
            from_fabric_address_id: None,
            node_id: None,
            video: None,
            video_codecs: Vec::new(),
            dtmf: None,
            opus_complexity: 5,
            opus_dtx: false,
            statistics_interval_ms: 0,
            packet_time_ms: 0,
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
        let packet_ms = self.packet_time_ms;
        if packet_ms != 0 && !PACKET_MS.contains(&packet_ms) {
            return Err(Error::invalid(format!(
                "packet_time_ms must be 10, 20, 40 or 60, or 0 for what the far side likes; got \
                 {packet_ms}"
            )));
        }
        let interval = self.statistics_interval_ms;
        if interval != 0 && !(100..=3_600_000).contains(&interval) {
            return Err(Error::invalid(format!(
                "statistics_interval_ms must be 100 to 3600000, or 0 for never; got {interval}"
            )));
        }
        for (name, id) in
            [("from_fabric_address_id", &self.from_fabric_address_id), ("node_id", &self.node_id)]
        {
            let cannot_be =
                |id: &String| id.is_empty() || id.len() > 256 || id.chars().any(char::is_control);
            if id.as_ref().is_some_and(cannot_be) {
                return Err(Error::invalid(format!("{name} must have 1 to 256 characters")));
            }
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
    /// Audio codecs to accept. Default: Opus, G.722, PCMU, PCMA.
    #[cfg_attr(feature = "uniffi", uniffi(default = []))]
    pub audio_codecs: Vec<crate::media::codec::AudioCodec>,
    /// Opus target bitrate in bits per second, 6000 to 510000. Default 32000.
    #[cfg_attr(feature = "uniffi", uniffi(default = 32000))]
    pub opus_bitrate_bps: u32,
    /// Whether offered video is taken, and in which directions; what the caller does not offer is
    /// left out. Default: none, the call is an audio call.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub video: Option<MediaDirection>,
    /// Video codecs to accept. Default: VP8, H.264.
    #[cfg_attr(feature = "uniffi", uniffi(default = []))]
    pub video_codecs: Vec<VideoCodec>,
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
    /// Every how many milliseconds [`crate::CallEvent::Statistics`] tells the numbers about the call,
    /// 100 to 3600000 (an hour); 0 (default): never. One interval suits displays and uploads alike;
    /// [`crate::Call::stats`] gives them at any other time. Screens and devices of the call tell theirs
    /// as often, and so does the call when another process takes it up with a session record.
    #[cfg_attr(feature = "uniffi", uniffi(default = 0))]
    pub statistics_interval_ms: u32,
    /// How long the packets of audio should be in milliseconds: 10, 20, 40 or 60; 0 (default): as the
    /// far side likes, which mostly is 20. Short ones cost bandwidth, long ones delay. The far side
    /// is asked to send such packets, and gets them from here unless it asks for others or takes
    /// only shorter ones (`a=ptime` and `a=maxptime`, RFC 8866, 6.4). Any length is received.
    #[cfg_attr(feature = "uniffi", uniffi(default = 0))]
    pub packet_time_ms: u32,
}

impl Default for AnswerOptions {
    fn default() -> Self {
        let dial = DialOptions::default();
        Self {
            media_timeout_ms: dial.media_timeout_ms,
            user_variables_json: None,
            audio_codecs: Vec::new(),
            opus_bitrate_bps: dial.opus_bitrate_bps,
            video: None,
            video_codecs: Vec::new(),
            dtmf: None,
            opus_complexity: 5,
            opus_dtx: false,
            statistics_interval_ms: 0,
            packet_time_ms: 0,
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
            statistics_interval_ms: self.statistics_interval_ms,
            packet_time_ms: self.packet_time_ms,
            ..DialOptions::default()
        };
        as_dialled.validate()?;
        as_dialled.user_variables()
    }
}

/// How a screen is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct ScreenShareOptions {
    /// Whether the screen has sound, too, which is pushed as audio into the leg. Default false.
    #[cfg_attr(feature = "uniffi", uniffi(default = false))]
    pub with_audio: bool,
    /// Video codecs to offer, best first. Default: VP8, H.264.
    #[cfg_attr(feature = "uniffi", uniffi(default = []))]
    pub video_codecs: Vec<VideoCodec>,
    /// The layout that the session is to have with the screen. Default: the service's.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub layout: Option<String>,
    /// Where the screen is to be shown, such as `reserved-0`. Default: where the service likes.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub position: Option<String>,
    /// Variables for the far side's scripts, as the text of one JSON object. Default: none.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub user_variables_json: Option<String>,
    /// Longest time from the answer to working media in milliseconds, 1 to 600000. Default 15000.
    #[cfg_attr(feature = "uniffi", uniffi(default = 15000))]
    pub media_timeout_ms: u32,
}

impl Default for ScreenShareOptions {
    fn default() -> Self {
        Self {
            with_audio: false,
            video_codecs: Vec::new(),
            layout: None,
            position: None,
            user_variables_json: None,
            media_timeout_ms: 15_000,
        }
    }
}

impl ScreenShareOptions {
    pub(crate) fn variables(&self) -> Result<serde_json::Map<String, serde_json::Value>> {
        for (name, value) in [("layout", &self.layout), ("position", &self.position)] {
            if value.as_ref().is_some_and(|text| text.is_empty() || text.len() > 256) {
                return Err(Error::invalid(format!("{name} must have 1 to 256 characters")));
            }
        }
        child_variables(self.media_timeout_ms, &self.user_variables_json)
    }
}

/// What an additional device sends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct DeviceOptions {
    /// Whether it sends audio. Default false.
    #[cfg_attr(feature = "uniffi", uniffi(default = false))]
    pub sends_audio: bool,
    /// Whether it sends video. Default true.
    #[cfg_attr(feature = "uniffi", uniffi(default = true))]
    pub sends_video: bool,
    /// Video codecs to offer, best first. Default: VP8, H.264.
    #[cfg_attr(feature = "uniffi", uniffi(default = []))]
    pub video_codecs: Vec<VideoCodec>,
    /// Variables for the far side's scripts, as the text of one JSON object. Default: none.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub user_variables_json: Option<String>,
    /// Longest time from the answer to working media in milliseconds, 1 to 600000. Default 15000.
    #[cfg_attr(feature = "uniffi", uniffi(default = 15000))]
    pub media_timeout_ms: u32,
}

impl Default for DeviceOptions {
    fn default() -> Self {
        Self {
            sends_audio: false,
            sends_video: true,
            video_codecs: Vec::new(),
            user_variables_json: None,
            media_timeout_ms: 15_000,
        }
    }
}

impl DeviceOptions {
    pub(crate) fn variables(&self) -> Result<serde_json::Map<String, serde_json::Value>> {
        if !self.sends_audio && !self.sends_video {
            return Err(Error::invalid("a device must send audio or video"));
        }
        child_variables(self.media_timeout_ms, &self.user_variables_json)
    }
}

fn child_variables(
    media_timeout_ms: u32,
    user_variables_json: &Option<String>,
) -> Result<serde_json::Map<String, serde_json::Value>> {
    let as_dialled = DialOptions {
        media_timeout_ms,
        user_variables_json: user_variables_json.clone(),
        ..DialOptions::default()
    };
    as_dialled.validate()?;
    as_dialled.user_variables()
}

/// Opening TCP, TLS and the WebSocket upgrade, together.
pub(crate) const SOCKET_OPEN_TIMEOUT: Duration = Duration::from_secs(10);
/// Without a ping from the server for this long after one came, the socket counts as half-open.
pub(crate) const PING_WATCHDOG: Duration = Duration::from_secs(15);
/// After a change of the network the server must give a sign of life within this time.
pub(crate) const PROBE_TIMEOUT: Duration = Duration::from_millis(1_500);
/// After a change of the network as the platform's messages show it, this long without another
/// one is waited for, but no longer than the second.
pub(crate) const NETWORK_QUIET: (Duration, Duration) =
    (Duration::from_millis(300), Duration::from_secs(2));
/// First and longest reconnect delay; doubled per attempt, each multiplied by 0.5 to 1.0.
pub(crate) const RECONNECT_DELAY: (Duration, Duration) =
    (Duration::from_millis(100), Duration::from_secs(3));
/// How long an answered call whose far side fell silent is watched before its path is made anew;
/// ICE needs four seconds of silence to say so.
pub(crate) const RECOVERY_DEBOUNCE: Duration = Duration::from_secs(1);
/// Tries to make the path anew before the call is ended (the SDK's number).
pub(crate) const RECOVERY_ATTEMPTS: u32 = 3;
/// From the offer of a try to its answer.
pub(crate) const RECOVERY_ANSWER: Duration = Duration::from_secs(10);
/// From the answer of a try to media.
pub(crate) const RECOVERY_CONNECT: Duration = Duration::from_secs(5);
/// From the offer of a change of media to its answer.
pub(crate) const CHANGE_ANSWER: Duration = Duration::from_secs(10);
/// Between a try that was refused and the next one.
pub(crate) const RECOVERY_PAUSE: Duration = Duration::from_millis(500);
/// The whole of one recovery, with the waits for the session.
pub(crate) const RECOVERY_LIMIT: Duration = Duration::from_secs(60);
/// How long the service's own offer for a call is waited for after it refused ours.
pub(crate) const ATTACH_GRACE: Duration = Duration::from_secs(1);
/// How long a call that came in rings on after the session was made anew without news of it, and
/// after it was taken up again.
pub(crate) const RING_AFTER_LOSS: Duration = Duration::from_secs(10);
pub(crate) const RING_AFTER_RESUME: Duration = Duration::from_secs(60);
/// How long a bye waits for a session that is being made anew.
pub(crate) const BYE_LIFETIME: Duration = Duration::from_secs(60);
/// Waiting for the acknowledgement of `verto.bye` when hanging up.
pub(crate) const BYE_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest time for candidates; with what was found by then the offer is sent.
pub(crate) const GATHER_TIMEOUT: Duration = Duration::from_millis(2_500);
/// Longer than this no silent STUN or TURN server is waited for once another one answered.
pub(crate) const GATHER_GRACE: Duration = Duration::from_millis(500);
/// The whole of a client's or the library's shutdown.
pub(crate) const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);
/// Getting another token, whoever is asked for it.
pub(crate) const RENEWAL_TIMEOUT: Duration = Duration::from_secs(30);
/// One HTTP exchange.
pub(crate) const HTTP_TIMEOUT: Duration = Duration::from_secs(30);
