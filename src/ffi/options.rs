//! Option structs, and how they become the core's.

use super::observer::sw_call_observer;
use super::text;
use super::versioned::{self, Versioned};
use crate::config::{AnswerOptions, ClientOptions, DialOptions, DtmfMethod};
use crate::error::{Error, Result};
use crate::media::codec::AudioCodec;
use crate::rest::{AddressQuery, AddressType};
use std::ffi::c_char;

/// How to reach the service and with which identity. Start from `SW_CLIENT_OPTIONS_INIT`.
///
/// Everything is copied before `sw_client_new` returns. NULL and 0 mean the default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_client_options {
    /// `sizeof(sw_client_options)`; set by `SW_CLIENT_OPTIONS_INIT`.
    pub struct_size: u32,
    /// Longest time for `sw_client_connect` in milliseconds, 1 to 600000. 0: 15000.
    pub connect_timeout_ms: u32,
    /// Longest time for one request to the service in milliseconds, 1 to 600000. 0: 10000.
    pub request_timeout_ms: u32,
    /// Number of texts in `media_addresses`.
    pub media_address_count: u32,
    /// Subscriber access token. Not null. Never logged.
    pub token: *const c_char,
    /// WebSocket URL (`wss://host[:port]`). NULL: from the token. `ws://` for loopback only.
    pub ws_url: *const c_char,
    /// Base URL of the HTTP API (`https://host[:port]`). NULL: from the token. `http://` for
    /// loopback only.
    pub http_url: *const c_char,
    /// PEM text of CA certificates that are trusted besides the platform's. NULL: none.
    pub ca_certificates_pem: *const c_char,
    /// Name of the application, sent as part of the user agent. NULL: none.
    pub agent: *const c_char,
    /// Local IP addresses that media may use, as text, best first. NULL: those of the machine.
    pub media_addresses: *const *const c_char,
    /// Whether media goes through the service's TURN servers only, hiding local addresses. Calls
    /// fail where there is no such server.
    pub relay_only: bool,
}

// SAFETY: repr(C), size first, integers, nullable pointers, and a bool that C writes as one.
unsafe impl Versioned for sw_client_options {
    const FIRST_SIZE: usize = size_of::<sw_client_options>();
}

/// The audio codecs, for `audio_codecs` of `sw_dial_options`.
#[repr(C)]
pub enum sw_audio_codecs {
    /// Opus, 48 kHz.
    SW_AUDIO_CODEC_OPUS = 1,
    /// G.711 mu-law, 8 kHz.
    SW_AUDIO_CODEC_PCMU = 2,
    /// G.711 A-law, 8 kHz.
    SW_AUDIO_CODEC_PCMA = 3,
}

/// How the digits of `sw_call_send_digits` travel, for `dtmf` of `sw_dial_options` and
/// `sw_answer_options`.
#[repr(C)]
pub enum sw_dtmf_methods {
    /// As a message through the service, which every call understands. The default.
    SW_DTMF_INFO = 0,
    /// As telephone-events in the audio stream (RFC 4733): in time with the audio, also for far
    /// sides that hear them only there. `SW_ERR_NOT_SUPPORTED` where the far side takes none.
    SW_DTMF_RTP = 1,
    /// In the audio stream where that can be, else through the service.
    SW_DTMF_AUTO = 2,
}

/// How one call is made. Start from `SW_DIAL_OPTIONS_INIT`.
///
/// Everything is copied before `sw_client_dial` returns. NULL and 0 mean the default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_dial_options {
    /// `sizeof(sw_dial_options)`; set by `SW_DIAL_OPTIONS_INIT`.
    pub struct_size: u32,
    /// Longest time to the answer in milliseconds; the call is then hung up and ends with
    /// `SW_END_KIND_NO_ANSWER`. 0: no limit.
    pub ring_timeout_ms: u32,
    /// Longest time from the answer to working media in milliseconds, 1 to 600000. 0: 15000.
    pub media_timeout_ms: u32,
    /// Opus target bitrate in bits per second, 6000 to 510000. 0: 32000.
    pub opus_bitrate_bps: u32,
    /// How much pushed audio may wait to be sent, in milliseconds, 40 to 10000; the oldest is
    /// dropped beyond that. 0: 200, which suits a live source.
    pub audio_queue_ms: u32,
    /// Codecs to offer, best first, each one of `SW_AUDIO_CODEC_*`. 0 ends the list; all 0:
    /// Opus, PCMU, PCMA.
    pub audio_codecs: [i32; 3],
    /// Variables for the far side's scripts, as the text of one JSON object. NULL: none.
    pub user_variables_json: *const c_char,
    /// Who hears about the call's events; copied. NULL: nobody.
    pub observer: *const sw_call_observer,
    /// How digits are sent: one of `SW_DTMF_*`.
    pub dtmf: i32,
    /// Opus complexity, 1 (least work) to 10 (best sound at a given bitrate). 0: 5.
    pub opus_complexity: u32,
    /// Whether silence is left out instead of sent (Opus only); it saves data and power.
    pub opus_dtx: bool,
}

// SAFETY: repr(C), size first, integers, nullable pointers, and a bool that C writes as one.
unsafe impl Versioned for sw_dial_options {
    const FIRST_SIZE: usize = size_of::<sw_dial_options>();
}

/// How a call that came in is answered. Start from `SW_ANSWER_OPTIONS_INIT`.
///
/// Everything is copied before `sw_call_answer` returns. NULL and 0 mean the default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_answer_options {
    /// `sizeof(sw_answer_options)`; set by `SW_ANSWER_OPTIONS_INIT`.
    pub struct_size: u32,
    /// Longest time from the answer to working media in milliseconds, 1 to 600000. 0: 15000.
    pub media_timeout_ms: u32,
    /// Opus target bitrate in bits per second, 6000 to 510000. 0: 32000.
    pub opus_bitrate_bps: u32,
    /// Codecs to accept, each one of `SW_AUDIO_CODEC_*`. 0 ends the list; all 0: Opus, PCMU,
    /// PCMA.
    pub audio_codecs: [i32; 3],
    /// Variables for the far side's scripts, as the text of one JSON object. NULL: none.
    pub user_variables_json: *const c_char,
    /// How digits are sent: one of `SW_DTMF_*`.
    pub dtmf: i32,
    /// Opus complexity, 1 (least work) to 10 (best sound at a given bitrate). 0: 5.
    pub opus_complexity: u32,
    /// Whether silence is left out instead of sent (Opus only); it saves data and power.
    pub opus_dtx: bool,
}

// SAFETY: repr(C), size first, integers, nullable pointers, and a bool that C writes as one.
unsafe impl Versioned for sw_answer_options {
    const FIRST_SIZE: usize = size_of::<sw_answer_options>();
}

/// What addresses lead to.
#[repr(C)]
pub enum sw_address_types {
    /// In a query: every type.
    SW_ADDRESS_TYPE_ANY = 0,
    /// An application: script, agent, flow.
    SW_ADDRESS_TYPE_APP = 1,
    /// A call resource.
    SW_ADDRESS_TYPE_CALL = 2,
    /// A video room.
    SW_ADDRESS_TYPE_ROOM = 3,
    /// A subscriber.
    SW_ADDRESS_TYPE_SUBSCRIBER = 4,
    /// A type that this version does not know. Not for queries.
    SW_ADDRESS_TYPE_UNKNOWN = 5,
}

/// Which addresses to list. Start from `SW_ADDRESS_QUERY_INIT`; NULL and 0 mean any.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_address_query {
    /// `sizeof(sw_address_query)`; set by `SW_ADDRESS_QUERY_INIT`.
    pub struct_size: u32,
    /// One of `SW_ADDRESS_TYPE_*`.
    pub address_type: i32,
    /// Entries per page, 1 to 1000. 0: the service's own, 50.
    pub page_size: u32,
    /// Only addresses whose display name matches, as the service understands it. Nullable.
    pub display_name: *const c_char,
}

// SAFETY: repr(C), size first, integers and nullable pointers.
unsafe impl Versioned for sw_address_query {
    const FIRST_SIZE: usize = size_of::<sw_address_query>();
}

fn or_default(value: u32, default: u32) -> u32 {
    match value {
        0 => default,
        value => value,
    }
}

/// # Safety
/// As the header asks of `sw_client_new`.
pub(super) unsafe fn client(pointer: *const sw_client_options) -> Result<ClientOptions> {
    // SAFETY: the caller's promise, here and for every text below.
    unsafe {
        let options = versioned::read(pointer, "options")?
            .ok_or_else(|| Error::invalid("options must not be NULL; they hold the token"))?;
        let mut result = ClientOptions::new(text::required(options.token, "token")?);
        result.ws_url = text::optional(options.ws_url, "ws_url")?;
        result.http_url = text::optional(options.http_url, "http_url")?;
        result.ca_certificates_pem =
            text::optional(options.ca_certificates_pem, "ca_certificates_pem")?;
        result.agent = text::optional(options.agent, "agent")?;
        result.relay_only = options.relay_only;
        result.media_addresses = texts(options.media_addresses, options.media_address_count)?;
        result.connect_timeout_ms =
            or_default(options.connect_timeout_ms, result.connect_timeout_ms);
        result.request_timeout_ms =
            or_default(options.request_timeout_ms, result.request_timeout_ms);
        Ok(result)
    }
}

/// # Safety
/// `pointer` is NULL or points to `count` strings as for [`text::required`].
unsafe fn texts(pointer: *const *const c_char, count: u32) -> Result<Vec<String>> {
    const NAME: &str = "media_addresses";
    if count == 0 {
        return Ok(Vec::new());
    }
    if pointer.is_null() || !pointer.is_aligned() || count > 64 {
        return Err(Error::invalid(format!("{NAME} must hold media_address_count (<= 64) texts")));
    }
    // SAFETY: the caller's promise.
    let texts = unsafe { std::slice::from_raw_parts(pointer, count as usize) };
    // SAFETY: the caller's promise.
    texts.iter().map(|text| unsafe { text::required(*text, NAME) }).collect()
}

/// # Safety
/// As the header asks of `sw_client_dial`.
pub(super) unsafe fn dial(
    pointer: *const sw_dial_options,
) -> Result<(DialOptions, Option<sw_call_observer>)> {
    let mut result = DialOptions::default();
    // SAFETY: the caller's promise, here and below.
    let Some(options) = (unsafe { versioned::read(pointer, "options")? }) else {
        return Ok((result, None));
    };
    result.ring_timeout_ms = options.ring_timeout_ms;
    result.media_timeout_ms = or_default(options.media_timeout_ms, result.media_timeout_ms);
    result.opus_bitrate_bps = or_default(options.opus_bitrate_bps, result.opus_bitrate_bps);
    result.audio_queue_ms = or_default(options.audio_queue_ms, result.audio_queue_ms);
    result.audio_codecs = audio_codecs(&options.audio_codecs)?;
    result.dtmf = Some(dtmf_method(options.dtmf)?);
    result.opus_complexity = or_default(options.opus_complexity, result.opus_complexity);
    result.opus_dtx = options.opus_dtx;
    // SAFETY: the caller's promise.
    unsafe {
        result.user_variables_json =
            text::optional(options.user_variables_json, "user_variables_json")?;
        Ok((result, versioned::read(options.observer, "observer")?))
    }
}

/// # Safety
/// As the header asks of `sw_call_answer`.
pub(super) unsafe fn answer(pointer: *const sw_answer_options) -> Result<AnswerOptions> {
    let mut result = AnswerOptions::default();
    // SAFETY: the caller's promise, here and below.
    let Some(options) = (unsafe { versioned::read(pointer, "options")? }) else {
        return Ok(result);
    };
    result.media_timeout_ms = or_default(options.media_timeout_ms, result.media_timeout_ms);
    result.opus_bitrate_bps = or_default(options.opus_bitrate_bps, result.opus_bitrate_bps);
    result.audio_codecs = audio_codecs(&options.audio_codecs)?;
    result.dtmf = Some(dtmf_method(options.dtmf)?);
    result.opus_complexity = or_default(options.opus_complexity, result.opus_complexity);
    result.opus_dtx = options.opus_dtx;
    // SAFETY: the caller's promise.
    result.user_variables_json =
        unsafe { text::optional(options.user_variables_json, "user_variables_json")? };
    Ok(result)
}

fn dtmf_method(number: i32) -> Result<DtmfMethod> {
    use sw_dtmf_methods::*;
    const INFO: i32 = SW_DTMF_INFO as i32;
    const RTP: i32 = SW_DTMF_RTP as i32;
    const AUTO: i32 = SW_DTMF_AUTO as i32;
    match number {
        INFO => Ok(DtmfMethod::Info),
        RTP => Ok(DtmfMethod::Rtp),
        AUTO => Ok(DtmfMethod::Auto),
        other => Err(Error::invalid(format!("dtmf: {other} is no SW_DTMF_*"))),
    }
}

fn audio_codecs(list: &[i32]) -> Result<Vec<AudioCodec>> {
    list.iter().take_while(|codec| **codec != 0).map(|codec| audio_codec(*codec)).collect()
}

fn audio_codec(number: i32) -> Result<AudioCodec> {
    use sw_audio_codecs::*;
    const OPUS: i32 = SW_AUDIO_CODEC_OPUS as i32;
    const PCMU: i32 = SW_AUDIO_CODEC_PCMU as i32;
    const PCMA: i32 = SW_AUDIO_CODEC_PCMA as i32;
    match number {
        OPUS => Ok(AudioCodec::Opus),
        PCMU => Ok(AudioCodec::Pcmu),
        PCMA => Ok(AudioCodec::Pcma),
        other => Err(Error::invalid(format!("audio_codecs: {other} is no SW_AUDIO_CODEC_*"))),
    }
}

/// # Safety
/// As the header asks of `sw_client_addresses`.
pub(super) unsafe fn query(pointer: *const sw_address_query) -> Result<AddressQuery> {
    // SAFETY: the caller's promise.
    let Some(query) = (unsafe { versioned::read(pointer, "query")? }) else {
        return Ok(AddressQuery::default());
    };
    Ok(AddressQuery {
        address_type: address_type(query.address_type)?,
        // SAFETY: the caller's promise.
        display_name: unsafe { text::optional(query.display_name, "display_name")? },
        page_size: (query.page_size != 0).then_some(query.page_size),
    })
}

const ADDRESS_TYPES: [AddressType; 5] = [
    AddressType::App,
    AddressType::Call,
    AddressType::Room,
    AddressType::Subscriber,
    AddressType::Unknown,
];

fn address_type(number: i32) -> Result<Option<AddressType>> {
    if number == sw_address_types::SW_ADDRESS_TYPE_ANY as i32 {
        return Ok(None);
    }
    let known = ADDRESS_TYPES.into_iter().find(|known| address_type_number(*known) == number);
    known
        .map(Some)
        .ok_or_else(|| Error::invalid(format!("address_type: {number} is no SW_ADDRESS_TYPE_*")))
}

pub(super) fn address_type_number(address_type: AddressType) -> i32 {
    use sw_address_types::*;
    let number = match address_type {
        AddressType::App => SW_ADDRESS_TYPE_APP,
        AddressType::Call => SW_ADDRESS_TYPE_CALL,
        AddressType::Room => SW_ADDRESS_TYPE_ROOM,
        AddressType::Subscriber => SW_ADDRESS_TYPE_SUBSCRIBER,
        AddressType::Unknown => SW_ADDRESS_TYPE_UNKNOWN,
    };
    number as i32
}
