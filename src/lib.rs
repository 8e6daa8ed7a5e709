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
//! | numbers | [`Call::stats`], [`Call::setup_times`] |
//! | who can be called | [`Client::addresses`], [`Client::subscriber_info`] |
//! | tokens and subscribers, on a backend | `rest_api::RestClient`, with feature `rest-api` |
//! | an invite from a push notification | `push::decrypt`, with feature `push` |
//! | a clean end | [`Client::disconnect`], [`shutdown`] |
//!
//! Every handle is cheap to clone and may be used from any thread; futures may be awaited on any
//! executor. The library runs on its own two threads (`sw-rt`), calls audio sinks on a media
//! thread (`sw-media`) and foreign callbacks on `sw-dispatch`, whatever the number of calls.
//! It logs through the `tracing` crate and never logs tokens, keys or SDP. Crates below it log
//! through `log`; at level trace `tungstenite` writes whole frames there, the token among them.

#![warn(missing_docs)]

mod auth;
#[cfg(feature = "uniffi")]
mod bind;
mod call;
mod client;
mod config;
mod error;
#[cfg(feature = "capi")]
mod ffi;
mod media;
mod net;
mod proto;
#[cfg(feature = "push")]
pub mod push;
mod rest;
mod runtime;
mod session;
mod util;

pub use call::{
    AudioFlags, Call, CallEvent, CallEventStream, CallState, CallStats, Direction, EndKind,
    EndReason, Layout, LayoutLayer, Member, MemberKind, MemberPosition, MemberTarget, RemoteParty,
    ServerCallState, SetupTimes, Speaker,
};
pub use client::{shutdown, Client, ClientEvent, ClientEventStream, ClientState};
pub use config::{AnswerOptions, ClientOptions, DialOptions, DtmfMethod};
pub use error::{Error, ErrorKind, Problem, Result};
pub use media::codec::AudioCodec;
pub use media::file::WavRecorder;
pub use media::frame::{AudioFormat, AudioFrame};
pub use media::quality::{QualityLevel, WarningKind};
pub use media::sink::{AudioSink, SinkId};
#[cfg(feature = "rest-api")]
pub use rest::admin as rest_api;
pub use rest::{Address, AddressPage, AddressQuery, AddressType, Channels, Subscriber};
pub use util::bus::EventStream;

#[cfg(feature = "uniffi")]
uniffi::setup_scaffolding!();
