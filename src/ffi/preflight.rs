//! `sw_client_preflight` and what a client and a call tell for a report of a problem.

use super::call::sw_call;
use super::client::sw_client;
use super::completion::start;
use super::control::sw_text_completion;
use super::guard::guard;
use super::handle;
use super::status::sw_status;
use super::text;
use super::versioned::{self, Versioned};
use crate::client::PreflightOptions;
use crate::error::{Error, ErrorKind};
use std::ffi::c_char;

/// How long each step of the last connection to the service took, in milliseconds. The steps
/// follow on one another without a gap: their sum is `total_ms`. Start from
/// `SW_CONNECT_TIMES_INIT`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_connect_times {
    /// `sizeof(sw_connect_times)`.
    pub struct_size: u32,
    /// Getting a token, 0 if there was a good one.
    pub token_ms: f64,
    /// Resolving the host's name; 0 for an address.
    pub dns_ms: f64,
    /// The TCP connection, addresses that did not answer included.
    pub tcp_ms: f64,
    /// The TLS handshake; 0 without TLS.
    pub tls_ms: f64,
    /// The upgrade to a WebSocket.
    pub websocket_ms: f64,
    /// The service's answer to `signalwire.connect`.
    pub authorize_ms: f64,
    /// From the first step to the last.
    pub total_ms: f64,
}

// SAFETY: repr(C), size first, numbers only.
unsafe impl Versioned for sw_connect_times {
    const FIRST_SIZE: usize = size_of::<sw_connect_times>();
}

/// Gives how long each step of the last connection to the service took.
///
/// `client`: not null. `out_times`: not null; start from `SW_CONNECT_TIMES_INIT`; written on
/// success. Errors: `SW_ERR_NOT_CONNECTED` before the first connection. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_client_connect_times(
    client: *const sw_client,
    out_times: *mut sw_connect_times,
) -> sw_status {
    guard(|| {
        let times = handle::get(client)?.client.connect_times().ok_or_else(|| {
            Error::new(ErrorKind::NotConnected, "there was no connection yet; connect first")
        })?;
        let times = sw_connect_times {
            struct_size: size_of::<sw_connect_times>() as u32,
            token_ms: times.token_ms,
            dns_ms: times.dns_ms,
            tcp_ms: times.tcp_ms,
            tls_ms: times.tls_ms,
            websocket_ms: times.websocket_ms,
            authorize_ms: times.authorize_ms,
            total_ms: times.total_ms,
        };
        // SAFETY: the header asks for NULL or a valid struct.
        unsafe { versioned::write(out_times, &times, "out_times") }
    })
}

/// Tests what a call needs: the way to the service, each of its STUN and TURN servers and, with
/// `echo_address`, a short call that sends a tone and listens for it. Connects the client if it is
/// not connected.
///
/// `client`: not null. `echo_address`: nullable; an address that answers and sends back what it
/// hears; it is called and billed like any other; copied; NULL makes no call. `call_ms`: how long
/// the call is listened to, 1000 to 60000; 0 for 6000.
/// Completion: `text` is a JSON object: `verdict` is `passed`, `impaired` or `failed`; `problems` a
/// list of `kind` (such as `no_signalling`, `unauthorized`, `server_unreachable`, `udp_blocked`,
/// `no_relay`, `call_failed`, `no_media`, `no_echo`, `high_loss`, `high_remote_loss`,
/// `high_jitter`, `high_round_trip`, `low_score`, `slow_signalling`; ignore others) and `message`;
/// `signalling` the steps as in `sw_connect_times` or null; `servers` one entry for each URL with
/// `url`, `transport`, `is_relay`, `is_reached`, `took_ms`, `address`, `error`; `call` what the
/// call showed, or null: `first_packet_ms`, `codec`, `is_echo_heard`, `loss_fraction`,
/// `remote_loss_fraction`, `jitter_ms`, `round_trip_ms`, `mos`, and the candidates. Whatever does
/// not work is in there, and is no error. `SW_ERR_INVALID_ARGUMENT` for the address or time;
/// `SW_ERR_CLOSED` after `sw_client_disconnect`; `SW_ERR_CANCELLED` when freed meanwhile. Any
/// thread.
#[no_mangle]
pub extern "C" fn sw_client_preflight(
    client: *mut sw_client,
    echo_address: *const c_char,
    call_ms: u32,
    done: sw_text_completion,
) -> sw_status {
    guard(|| {
        let object = handle::get(client)?;
        // SAFETY: the header asks for a text or NULL.
        let echo_address = unsafe { text::optional(echo_address, "echo_address")? };
        let mut options = PreflightOptions { echo_address, ..PreflightOptions::default() };
        if call_ms != 0 {
            options.call_ms = call_ms;
        }
        let client = object.client.clone();
        let work = async move { Ok(client.preflight(options).await?.to_json()) };
        start(done.pending(), object.until_freed(work))
    })
}

/// Gives what happened to a client and its calls as a JSON object to attach to a report of a
/// problem: version, options, state, the last events, the last connection's times, and of each call
/// what `sw_call_diagnostics` gives, of the last eight that are over, too.
///
/// Network addresses, host names and the numbers of calls are in it; tokens, keys, ICE and TURN
/// credentials, messages and transcripts are not. `client`: not null. Its completion comes at once.
/// Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_client_diagnostics(
    client: *mut sw_client,
    done: sw_text_completion,
) -> sw_status {
    guard(|| {
        let client = handle::get(client)?.client.clone();
        start(done.pending(), async move { Ok(client.diagnostics()) })
    })
}

/// Gives what happened in a call and how it stands as a JSON object for a report of a problem; also
/// after the end: state, end, the steps of the set-up, the last events by name, the descriptions of
/// media (SDP) without ICE credentials, fingerprints and keys, candidates and statistics.
///
/// `call`: not null. Its completion comes at once. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_call_diagnostics(call: *mut sw_call, done: sw_text_completion) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        start(done.pending(), async move { Ok(call.diagnostics()) })
    })
}
