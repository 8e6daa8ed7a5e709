//! What can be set before a gateway starts.

use std::time::Duration;

use serde_json::{json, Value};

pub use crate::media::describe::Dialect;
pub use crate::oauth::OAuthSettings;

/// The settings of a gateway. `GatewayConfig::default()` suits most tests.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// TCP port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// TLS with a certificate of the gateway's own CA; otherwise plain HTTP and `ws://`.
    pub tls: bool,
    /// How session descriptions look and how many transports a call has.
    pub dialect: Dialect,
    /// Project id: the user name of Basic authentication.
    pub project: String,
    /// API token: the password of Basic authentication.
    pub api_token: String,
    /// Space id, reported in `authorization.fabric_subscriber`.
    pub space: String,
    /// Time between two `signalwire.ping` requests.
    pub ping_interval: Duration,
    /// Time between two `verto.ping` requests in a call; zero for none.
    pub verto_ping_interval: Duration,
    /// `ice_servers` of the connect result.
    pub ice_servers: Value,
    /// Time between an invite and the first thing that happens to it.
    pub answer_delay: Duration,
    /// How long `/public/slow` rings.
    pub slow_ring: Duration,
    /// How long `/public/early` plays early media before it answers.
    pub early_media: Duration,
    /// When `/public/bye` hangs up after its answer.
    pub bye_after: Duration,
    /// When `/public/early-bye` gives up ringing.
    pub early_bye_after: Duration,
    /// When `/public/moved` moves a leg into the room after its answer.
    pub move_after: Duration,
    /// How long `/public/agent` takes for one part of what it says.
    pub agent_chunk: Duration,
    /// The sleep before the result of hold and unhold.
    pub hold_delay: Duration,
    /// How long a session without a socket can be resumed.
    pub session_keep: Duration,
    /// How long a client may be silent on the media path before its call ends.
    pub media_vanish: Duration,
    /// Whether telephone-events (DTMF in the audio) are accepted in an offer.
    pub telephone_events: bool,
    /// The packet time in milliseconds that answers ask for; none: as the client likes, else 20.
    pub ptime: Option<u32>,
    /// How long an event may stay unacknowledged before that is a violation.
    pub ack_limit: Duration,
    /// Events that were not acknowledged are sent again after a resume.
    pub redeliver: bool,
    /// A session whose token expires without a new one ends, and its calls with it.
    pub ends_expired: bool,
    /// How long a token lasts that is bound to a key, whatever the client asks for.
    pub bound_life: Duration,
    /// How far the client's clock is behind the gateway's, in seconds: what expiry times are off by when
    /// the client reads them. Negative for a clock that is ahead.
    pub clock_offset: i64,
    /// After a resume, a `verto.attach` for every answered call of the session.
    pub attach_on_resume: bool,
    /// The offer in `verto.attach` is meant: the client answers it with a `verto.attach` of its own,
    /// as it does with the open mod_verto, and invites with `attach` are refused.
    pub attach_by_answer: bool,
    /// Whether `verto.modify` with `action: "transfer"` moves the leg to another address; the
    /// service does not do it.
    pub accept_transfer: bool,
    /// Conversations in lists and events have the older generation's ids: the other address's.
    pub old_conversations: bool,
    /// The application that users log in to with their browser.
    pub oauth: OAuthSettings,
    /// Log to standard error.
    pub log: bool,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        GatewayConfig {
            port: 0,
            tls: true,
            dialect: Dialect::FreeSwitch,
            project: "7c11a9e0-5b1d-4c55-9c1f-0d5a3e4b2f10".into(),
            api_token: "PTcAnArYsEcReT0c2d9be84f1a8d7c5b3e2f10aa77c2d41e9".into(),
            space: "20c4e5f6-8a1b-4d3c-b2a1-90817263544a".into(),
            ping_interval: Duration::from_secs(10),
            verto_ping_interval: Duration::from_secs(30),
            ice_servers: json!([]),
            answer_delay: Duration::ZERO,
            slow_ring: Duration::from_secs(3),
            early_media: Duration::from_secs(1),
            bye_after: Duration::from_secs(1),
            early_bye_after: Duration::from_secs(1),
            move_after: Duration::from_millis(200),
            agent_chunk: Duration::from_millis(800),
            hold_delay: Duration::from_millis(250),
            session_keep: Duration::from_secs(120),
            media_vanish: Duration::from_secs(150),
            telephone_events: true,
            ptime: None,
            ack_limit: Duration::from_secs(5),
            redeliver: true,
            ends_expired: true,
            bound_life: Duration::from_secs(900),
            clock_offset: 0,
            attach_on_resume: false,
            attach_by_answer: false,
            accept_transfer: false,
            old_conversations: false,
            oauth: OAuthSettings::default(),
            log: false,
        }
    }
}
