//! The native client for SignalWire: calls, audio and the directory for everything that is not a
//! browser.
//!
//! ```no_run
//! # async fn example(token: String) -> signalwire_client::Result<()> {
//! use signalwire_client::{Client, ClientOptions, DialOptions};
//!
//! let client = Client::new(ClientOptions::new(token))?;
//! client.connect().await?;
//! let call = client.dial("/public/echo", DialOptions::default())?;
//! call.answered().await?;
//! call.play_wav("hello.wav").await?;
//! call.hangup().await?;
//! client.disconnect().await?;
//! # Ok(())
//! # }
//! ```
//!
//! | you want | start at |
//! |---|---|
//! | a session with the service | [`Client`], [`ClientOptions`] |
//! | to call somebody | [`Client::dial`], [`Call`], [`DialOptions`] |
//! | to know what happens | [`Call::events`], [`Client::events`] |
//! | to send and receive audio | [`Call::push_audio`], [`Call::add_audio_sink`], [`Call::play_wav`] |
//! | to use microphone and loudspeaker | [`AudioDevices`], [`Call::connect_microphone`] |
//! | echo cancellation and noise suppression | [`AudioProcessor`] |
//! | several calls in one local conference | [`Mixer`] |
//! | who is in a call, and to act on them | [`Call::members`], [`Call::set_audio_muted`], [`MemberTarget`] |
//! | what an AI agent and its caller say | [`Call::subscribe_transcript`], [`CallEvent::Transcript`] |
//! | to log a user in with their browser | [`OAuth`], [`OAuthConfig`] |
//! | tokens that are renewed while calls go on | [`Client::with_credentials`], [`Credentials`] |
//! | to send and receive encoded video | [`Call::push_video`], [`Call::add_video_sink`], [`Call::set_media`] |
//! | pictures instead of encoded video | [`Call::push_picture`], [`Call::add_picture_sink`], with feature `video-codecs` |
//! | numbers | [`Call::stats`], [`Call::setup_times`] |
//! | whether calls will work from here | [`Client::preflight`], [`Client::connect_times`] |
//! | a report of a problem | [`Client::diagnostics`], [`Call::diagnostics`] |
//! | who can be called | [`Client::addresses`], [`Client::subscriber_info`] |
//! | tokens and subscribers, on a backend | `rest_api::RestClient`, with feature `rest-api` |
//! | conversations and messages | [`Client::join_conversation`], [`Client::compose_message`] |
//! | calls that a notification announces | [`Client::expect_call`]; `Client::handle_push`, with feature `push` |
//! | a phone's call screen | [`host`] |
//! | a clean end | [`Client::disconnect`], [`shutdown`] |
//!
//! Every handle is cheap to clone and may be used from any thread; futures may be awaited on any
//! executor. The library runs on its own two threads (`sw-rt`), calls audio and video sinks on a media
//! thread (`sw-media`) and foreign callbacks on `sw-dispatch`, whatever the number of calls.
//! It logs through the `tracing` crate and never logs tokens, keys or SDP. Crates below it log
//! through `log`, some of them with secrets: filter those with [`SAFE_LOG_DIRECTIVES`].

#![warn(missing_docs)]

/// The most detailed levels at which the crates below this one write no secret into the log, as
/// directives for a filter such as `RUST_LOG`; all other crates may be logged at level trace.
///
/// `tungstenite` writes every frame of the WebSocket at level trace, and so tokens and descriptions
/// with keys; `rtc_ice` writes the far side's ICE password at level debug. An application that
/// listens to them puts this behind directives of its own: `format!("trace,{SAFE_LOG_DIRECTIVES}")`.
/// The log of the C interface has this crate's lines alone and needs no filter.
pub const SAFE_LOG_DIRECTIVES: &str = "rtc_ice=info,tungstenite=debug";

mod auth;
#[cfg(feature = "uniffi")]
mod bind;
mod call;
mod client;
mod config;
mod error;
#[cfg(feature = "capi")]
mod ffi;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
pub mod host;
mod media;
mod net;
#[cfg(feature = "oauth")]
mod oauth;
mod proto;
#[cfg(feature = "push")]
pub mod push;
mod rest;
mod runtime;
mod session;
mod util;

#[cfg(feature = "dpop")]
pub use auth::DeviceKey;
pub use auth::{AccessToken, CredentialProvider, Credentials, TokenReason, TokenRequest};
pub use call::{
    AudioFlags, Call, CallEvent, CallEventStream, CallState, CallStats, Direction, DoNotDisturb,
    EndKind, EndReason, ExpectedCall, ExpectedCallState, Layout, LayoutLayer, MediaParams,
    MediaRange, Member, MemberKind, MemberPosition, MemberTarget, Mixer, RemoteParty,
    ServerCallState, SetupTimes, Speaker, VideoStats,
};
pub use client::{
    shutdown, AddressList, Client, ClientEvent, ClientEventStream, ClientState, ConnectTimes,
    ConversationList, MessageList, PreflightCall, PreflightOptions, PreflightProblem,
    PreflightProblemKind, PreflightReport, PreflightServer, PreflightTransport, PreflightVerdict,
};
pub use config::{
    AnswerOptions, ClientOptions, DeviceOptions, DialOptions, DtmfMethod, MediaDirection,
    MediaDirections, RecordFormat, RecordOptions, RecordSide, ScreenShareOptions,
};
pub use error::{Error, ErrorKind, OAuthFailure, Problem, Result};
pub use media::codec::AudioCodec;
pub use media::device::{
    AudioDevice, AudioDeviceEvent, AudioDeviceKind, AudioDevices, AudioHost, DeviceStream,
    InputFeed, Loudspeaker, LoudspeakerOptions, LoudspeakerStats, Microphone, MicrophoneOptions,
    MicrophoneStats, OutputFeed, VirtualDevices,
};
pub use media::file::Recorder;
pub use media::frame::{AudioFormat, AudioFrame};
pub use media::picture::{
    input::VideoEncoding,
    output::PictureSink,
    picture::{Picture, PixelFormat, Plane, Rotation},
    test_card::TestCard,
    y4m::{Y4mReader, Y4mWriter},
    y4m_sink::Y4mSink,
    PictureStats,
};
pub use media::processing::{
    AudioProcessingOptions, AudioProcessingStats, AudioProcessor, NoiseSuppression,
};
pub use media::quality::{QualityLevel, WarningKind};
pub use media::sink::{AudioSink, SinkId};
pub use media::video::ivf::{IvfReader, IvfWriter};
pub use media::video::ivf_sink::IvfSink;
pub use media::video::port::VideoSink;
pub use media::video::{EncodedVideoFrame, VideoCodec};
#[cfg(feature = "oauth")]
pub use oauth::{
    LoopbackLogin, MemoryTokenStore, OAuth, OAuthConfig, OAuthFlow, OAuthTokens, TokenStore,
};
#[cfg(feature = "rest-api")]
pub use rest::admin as rest_api;
pub use rest::{
    Address, AddressPage, AddressQuery, AddressSort, AddressType, CallLog, Channels, Conversation,
    ConversationPage, Device, DeviceType, List, Message, MessageKind, MessagePage, OutgoingMessage,
    PageLinks, SendState, SortOrder, Subscriber,
};
pub use util::bus::EventStream;
pub use util::redact::Secret;

#[cfg(feature = "uniffi")]
uniffi::setup_scaffolding!();
