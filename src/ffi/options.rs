//! Option structs, and how they become the core's.

use super::observer::sw_call_observer;
use super::text;
use super::versioned::{self, Versioned};
use super::video;
use crate::config::{AnswerOptions, ClientOptions, DialOptions, DtmfMethod};
use crate::error::{Error, Result};
use crate::media::codec::AudioCodec;
use crate::rest::{AddressQuery, AddressSort, AddressType, SortOrder};
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
    /// Whether the client shall not notice by itself (on Linux) when the device's addresses change.
    pub ignores_network_changes: bool,
    /// What `sw_client_session_record` gave in a process that is gone: its session is taken up, and
    /// its calls come as `SW_CLIENT_EVENT_CALL_RESTORED`. A session that the service has forgotten
    /// is replaced by a new one, and its calls come as `SW_CLIENT_EVENT_RESTORE_FAILED`. NULL: none.
    /// A damaged one, or one of another version, is `SW_ERR_INVALID_ARGUMENT`: leave it out. Never
    /// logged.
    pub resume_from: *const c_char,
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
    /// G.722, 16 kHz.
    SW_AUDIO_CODEC_G722 = 4,
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
    /// Codecs to offer, best first, each one of `SW_AUDIO_CODEC_*`. 0 ends the list; all 0: all
    /// four, Opus, G.722, PCMU, PCMA.
    pub audio_codecs: [i32; 3],
    /// Variables for the far side's scripts, as the text of one JSON object. NULL: none.
    pub user_variables_json: *const c_char,
    /// Who hears about the call's events; copied. NULL: nobody.
    pub observer: *const sw_call_observer,
    /// The id (UUID) of the own address that the call is made from, which its log is attributed
    /// to. NULL: the service chooses.
    pub from_fabric_address_id: *const c_char,
    /// The media node that should host the call; a hint that the service may ignore. NULL: the
    /// service chooses.
    pub node_id: *const c_char,
    /// Whether the call has video: one of `SW_MEDIA_DIRECTION_*`. 0: both ways if the address says
    /// `?channel=video`, else none.
    pub video: i32,
    /// Video codecs to offer, best first, each one of `SW_VIDEO_CODEC_*`. 0 ends the list; all 0:
    /// VP8, H.264.
    pub video_codecs: [i32; 2],
    /// How digits are sent: one of `SW_DTMF_*`.
    pub dtmf: i32,
    /// Opus complexity, 1 (least work) to 10 (best sound at a given bitrate). 0: 5.
    pub opus_complexity: u32,
    /// Whether silence is left out instead of sent (Opus only); it saves data and power.
    pub opus_dtx: bool,
    /// Every how many milliseconds `SW_CALL_EVENT_STATISTICS` tells the numbers about the call, 100 to
    /// 3600000, from the first media to the end. 0: never.
    pub statistics_interval_ms: u32,
    /// How long the packets of audio should be in milliseconds: 10, 20, 40 or 60. Short ones cost
    /// bandwidth, long ones delay. The far side is asked to send such packets, and gets them unless
    /// it asks for others or takes only shorter ones. 0: as the far side likes, mostly 20.
    pub packet_time_ms: u32,
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
    /// Codecs to accept, each one of `SW_AUDIO_CODEC_*`. 0 ends the list; all 0: all four, Opus,
    /// G.722, PCMU, PCMA.
    pub audio_codecs: [i32; 3],
    /// Variables for the far side's scripts, as the text of one JSON object. NULL: none.
    pub user_variables_json: *const c_char,
    /// Whether offered video is taken: one of `SW_MEDIA_DIRECTION_*`. 0: no.
    pub video: i32,
    /// Video codecs to accept, each one of `SW_VIDEO_CODEC_*`. 0 ends the list; all 0: VP8, H.264.
    pub video_codecs: [i32; 2],
    /// How digits are sent: one of `SW_DTMF_*`.
    pub dtmf: i32,
    /// Opus complexity, 1 (least work) to 10 (best sound at a given bitrate). 0: 5.
    pub opus_complexity: u32,
    /// Whether silence is left out instead of sent (Opus only); it saves data and power.
    pub opus_dtx: bool,
    /// Every how many milliseconds `SW_CALL_EVENT_STATISTICS` tells the numbers about the call, 100 to
    /// 3600000, from the first media to the end. 0: never.
    pub statistics_interval_ms: u32,
    /// How long the packets of audio should be in milliseconds: 10, 20, 40 or 60. Short ones cost
    /// bandwidth, long ones delay. The far side is asked to send such packets, and gets them unless
    /// it asks for others or takes only shorter ones. 0: as the far side likes, mostly 20.
    pub packet_time_ms: u32,
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
    /// One of `SW_ADDRESS_SORT_*`.
    pub sort_by: i32,
    /// One of `SW_SORT_ORDER_*`.
    pub sort_order: i32,
}

/// What a list of addresses is sorted by. Numbers never change.
#[repr(C)]
pub enum sw_address_sorts {
    /// As the service likes.
    SW_ADDRESS_SORT_DEFAULT = 0,
    /// The name.
    SW_ADDRESS_SORT_NAME = 1,
    /// When it was made.
    SW_ADDRESS_SORT_CREATED_AT = 2,
}

/// In which order a list is sorted. Numbers never change.
#[repr(C)]
pub enum sw_sort_orders {
    /// As the service likes.
    SW_SORT_ORDER_DEFAULT = 0,
    /// A to Z, oldest first.
    SW_SORT_ORDER_ASCENDING = 1,
    /// Z to A, newest first.
    SW_SORT_ORDER_DESCENDING = 2,
}

// SAFETY: repr(C), size first, integers and nullable pointers.
unsafe impl Versioned for sw_address_query {
    const FIRST_SIZE: usize = std::mem::offset_of!(sw_address_query, sort_by);
}

pub(super) fn or_default(value: u32, default: u32) -> u32 {
    match value {
        0 => default,
        value => value,
    }
}

/// # Safety
/// As the header asks of `sw_client_new`.
pub(super) unsafe fn client(pointer: *const sw_client_options) -> Result<ClientOptions> {
    // SAFETY: the caller's promise, here and below.
    unsafe {
        let options = versioned::read(pointer, "options")?
            .ok_or_else(|| Error::invalid("options must not be NULL; they hold the token"))?;
        let token = text::required(options.token, "token")?;
        client_of(&options, token)
    }
}

/// # Safety
/// As the header asks of `sw_client_with_credentials`.
pub(super) unsafe fn client_with_credentials(
    pointer: *const sw_client_options,
) -> Result<ClientOptions> {
    // SAFETY: the caller's promise, here and below.
    unsafe {
        match versioned::read(pointer, "options")? {
            Some(options) => {
                let token = text::optional(options.token, "token")?;
                client_of(&options, token.unwrap_or_default())
            }
            None => Ok(ClientOptions::new("")),
        }
    }
}

/// # Safety
/// Every text of `options` is NULL or a string.
unsafe fn client_of(options: &sw_client_options, token: String) -> Result<ClientOptions> {
    // SAFETY: the caller's promise for every text below.
    unsafe {
        let mut result = ClientOptions::new(token);
        result.ws_url = text::optional(options.ws_url, "ws_url")?;
        result.http_url = text::optional(options.http_url, "http_url")?;
        result.ca_certificates_pem =
            text::optional(options.ca_certificates_pem, "ca_certificates_pem")?;
        result.agent = text::optional(options.agent, "agent")?;
        result.relay_only = options.relay_only;
        result.watch_network = !options.ignores_network_changes;
        result.resume_from = text::optional(options.resume_from, "resume_from")?;
        result.media_addresses =
            texts(options.media_addresses, options.media_address_count, "media_addresses")?;
        result.connect_timeout_ms =
            or_default(options.connect_timeout_ms, result.connect_timeout_ms);
        result.request_timeout_ms =
            or_default(options.request_timeout_ms, result.request_timeout_ms);
        Ok(result)
    }
}

/// # Safety
/// `pointer` is NULL or points to `count` strings as for [`text::required`].
pub(super) unsafe fn texts(
    pointer: *const *const c_char,
    count: u32,
    name: &str,
) -> Result<Vec<String>> {
    if count == 0 {
        return Ok(Vec::new());
    }
    if pointer.is_null() || !pointer.is_aligned() || count > 64 {
        return Err(Error::invalid(format!(
            "{name} must hold as many texts as its count says, 64 at most"
        )));
    }
    // SAFETY: the caller's promise.
    let texts = unsafe { std::slice::from_raw_parts(pointer, count as usize) };
    // SAFETY: the caller's promise.
    texts.iter().map(|text| unsafe { text::required(*text, name) }).collect()
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
    result.video = video::direction(options.video)?;
    result.video_codecs = video::video_codecs(&options.video_codecs)?;
    result.dtmf = Some(dtmf_method(options.dtmf)?);
    result.opus_complexity = or_default(options.opus_complexity, result.opus_complexity);
    result.opus_dtx = options.opus_dtx;
    result.statistics_interval_ms = options.statistics_interval_ms;
    result.packet_time_ms = options.packet_time_ms;
    // SAFETY: the caller's promise.
    unsafe {
        result.user_variables_json =
            text::optional(options.user_variables_json, "user_variables_json")?;
        result.from_fabric_address_id =
            text::optional(options.from_fabric_address_id, "from_fabric_address_id")?;
        result.node_id = text::optional(options.node_id, "node_id")?;
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
    result.video = video::direction(options.video)?;
    result.video_codecs = video::video_codecs(&options.video_codecs)?;
    result.dtmf = Some(dtmf_method(options.dtmf)?);
    result.opus_complexity = or_default(options.opus_complexity, result.opus_complexity);
    result.opus_dtx = options.opus_dtx;
    result.statistics_interval_ms = options.statistics_interval_ms;
    result.packet_time_ms = options.packet_time_ms;
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
    const G722: i32 = SW_AUDIO_CODEC_G722 as i32;
    match number {
        OPUS => Ok(AudioCodec::Opus),
        PCMU => Ok(AudioCodec::Pcmu),
        PCMA => Ok(AudioCodec::Pcma),
        G722 => Ok(AudioCodec::G722),
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
        sort_by: sort_by(query.sort_by)?,
        sort_order: sort_order(query.sort_order)?,
    })
}

fn sort_by(number: i32) -> Result<Option<AddressSort>> {
    use sw_address_sorts::*;
    const DEFAULT: i32 = SW_ADDRESS_SORT_DEFAULT as i32;
    const NAME: i32 = SW_ADDRESS_SORT_NAME as i32;
    const CREATED_AT: i32 = SW_ADDRESS_SORT_CREATED_AT as i32;
    match number {
        DEFAULT => Ok(None),
        NAME => Ok(Some(AddressSort::Name)),
        CREATED_AT => Ok(Some(AddressSort::CreatedAt)),
        other => Err(Error::invalid(format!("sort_by: {other} is no SW_ADDRESS_SORT_*"))),
    }
}

fn sort_order(number: i32) -> Result<Option<SortOrder>> {
    use sw_sort_orders::*;
    const DEFAULT: i32 = SW_SORT_ORDER_DEFAULT as i32;
    const ASCENDING: i32 = SW_SORT_ORDER_ASCENDING as i32;
    const DESCENDING: i32 = SW_SORT_ORDER_DESCENDING as i32;
    match number {
        DEFAULT => Ok(None),
        ASCENDING => Ok(Some(SortOrder::Ascending)),
        DESCENDING => Ok(Some(SortOrder::Descending)),
        other => Err(Error::invalid(format!("sort_order: {other} is no SW_SORT_ORDER_*"))),
    }
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
