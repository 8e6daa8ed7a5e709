//! `sw_client_*`: the session.

use super::call::sw_call;
use super::completion::{cancelled, guard_with, start, sw_completion};
use super::event::with_client_event;
use super::guard::guard;
use super::handle;
use super::observer::{pump, sw_client_observer, UserData};
use super::options::{self, sw_client_options, sw_dial_options};
use super::status::sw_status;
use super::text::{self, Out};
use super::versioned;
use crate::client::Client;
use crate::error::Result;
use crate::runtime;
use std::ffi::c_char;
use std::future::Future;
use std::sync::Arc;
use tokio::sync::watch;

/// One subscriber's session with SignalWire. Owned: `sw_client_free`.
pub struct sw_client {
    _private: [u8; 0],
}

/// What a client handle stands for.
pub(super) struct ClientObject {
    pub(super) client: Client,
    is_freed: watch::Sender<bool>,
}

impl ClientObject {
    /// `work`, given up with `Cancelled` as soon as the client is freed.
    pub(super) fn until_freed<T, F>(&self, work: F) -> impl Future<Output = Result<T>> + Send
    where
        T: Send,
        F: Future<Output = Result<T>> + Send,
    {
        let mut is_freed = self.is_freed.subscribe();
        async move {
            tokio::select! {
                biased;
                _ = is_freed.wait_for(|is_freed| *is_freed) => Err(cancelled()),
                result = work => result,
            }
        }
    }
}

/// Makes a client. Nothing is sent before `sw_client_connect`.
///
/// `options`: not null, with the token; copied. `observer`: nullable; copied; hears all events
/// from now on until `SW_CLIENT_EVENT_STATE_CHANGED` to `SW_CLIENT_STATE_CLOSED`, the last one.
/// `out_client`: not null; written on success; free it with `sw_client_free`.
/// Errors: `SW_ERR_INVALID_TOKEN` if the token is not one; `SW_ERR_INVALID_ARGUMENT` for unusable
/// options; `SW_ERR_TLS` for unreadable CA certificates; `SW_ERR_INTERNAL` if no threads can be
/// started. Any thread; does not block. Each call makes another client.
#[no_mangle]
pub extern "C" fn sw_client_new(
    options: *const sw_client_options,
    observer: *const sw_client_observer,
    out_client: *mut *mut sw_client,
) -> sw_status {
    guard(|| {
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_client, "out_client")? };
        // SAFETY: the header asks for a valid struct or NULL.
        let options = unsafe { options::client(options)? };
        // SAFETY: the header asks for a valid struct or NULL.
        let observer = unsafe { versioned::read(observer, "observer")? };
        adopt(Client::new(options)?, observer, &out)
    })
}

/// Gives a client to the application.
pub(super) fn adopt(
    client: Client,
    observer: Option<sw_client_observer>,
    out: &Out<*mut sw_client>,
) -> Result<()> {
    let tasks = runtime::tasks()?;
    let events = client.events();
    let object = ClientObject { client, is_freed: watch::Sender::new(false) };
    let handle = handle::insert::<sw_client>(Arc::new(object))?;
    out.set(handle);
    if let Some(observer) = observer {
        pump(&tasks, events, to_observer(observer, handle));
    }
    Ok(())
}

fn to_observer(
    observer: sw_client_observer,
    client: *mut sw_client,
) -> impl Fn(&crate::client::ClientEvent, u64) + Send + Sync + 'static {
    let data = UserData::new(observer.user_data, observer.drop);
    data.arm();
    let client = client.addr();
    move |event, missed| {
        let client = std::ptr::without_provenance_mut(client);
        with_client_event(event, client, missed, |event| {
            if let Some(on_event) = observer.on_event {
                // SAFETY: the header says that `on_event` is such a function.
                unsafe { on_event(event, data.get()) }
            }
        });
    }
}

/// Frees a client. Its calls are hung up and its session is closed in the background; the
/// observer still gets the last events and its `drop`.
///
/// Operations that are under way end with `SW_ERR_CANCELLED` where they cannot finish; their
/// completions are called in any case. Call handles stay valid until they are released, also
/// when the client is freed first. `client`: nullable; NULL is ok.
/// Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread, also inside callbacks, the
/// client's own included; does not block. To wait for the end use `sw_client_disconnect` before.
#[no_mangle]
pub extern "C" fn sw_client_free(client: *mut sw_client) -> sw_status {
    guard(|| {
        let Some(object) = handle::release(client)? else { return Ok(()) };
        object.is_freed.send_replace(true);
        let client = object.client.clone();
        runtime::spawn(async move { drop(client.disconnect().await) }).map(drop)
    })
}

/// Opens the session; the completion tells when the service has authorized it.
///
/// From then on a lost connection is made again by itself. Connecting a connected client is
/// `SW_OK`. `client`: not null.
/// Completion: `SW_ERR_NETWORK` (unknown or unreachable host),
/// `SW_ERR_TLS`, `SW_ERR_UNAUTHORIZED` (expired or refused token: get a new one),
/// `SW_ERR_TIMEOUT` after `connect_timeout_ms`, `SW_ERR_PROTOCOL`, `SW_ERR_CLOSED` after
/// `sw_client_disconnect`, `SW_ERR_CANCELLED` when freed meanwhile. Any thread.
#[no_mangle]
pub extern "C" fn sw_client_connect(client: *mut sw_client, done: sw_completion) -> sw_status {
    guard_with(done, || {
        let object = handle::get(client)?;
        let client = object.client.clone();
        start(done.pending(), object.until_freed(async move { client.connect().await }))
    })
}

/// Hangs up all calls and closes the session; the completion tells when both are done, after 5 s
/// at most. Final: make a new client to connect again.
///
/// `client`: not null; the handle must still be freed. Disconnecting twice is `SW_OK`.
/// Errors: `SW_ERR_CANCELLED` when the library shuts down meanwhile. Any thread.
#[no_mangle]
pub extern "C" fn sw_client_disconnect(client: *mut sw_client, done: sw_completion) -> sw_status {
    guard_with(done, || {
        let client = handle::get(client)?.client.clone();
        start(done.pending(), async move { client.disconnect().await })
    })
}

/// Gives where the client stands at this moment: one of `SW_CLIENT_STATE_*`.
///
/// `client`, `out_state`: not null. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_client_state(client: *const sw_client, out_state: *mut i32) -> sw_status {
    guard(|| {
        let object = handle::get(client)?;
        // SAFETY: the header asks for NULL or a place for the result.
        unsafe { Out::required(out_state, "out_state")? }.set(object.client.state() as i32);
        Ok(())
    })
}

/// Starts a call and gives it at once, in state `SW_CALL_STATE_NEW`, so that it can be
/// watched and hung up before it is answered.
///
/// `client`: not null. `address`: not null; `/context/name` with an optional `?channel=audio` or `?channel=video`,
/// `+` and an E.164 number, or `sip:user@host`. `options`: nullable; copied. `out_call`: not
/// null; written on success, before the observer's first event; release it with
/// `sw_call_unref`. `answered`: told once when the call is answered (`SW_OK`), or
/// `SW_ERR_CALL_FAILED` with the hang-up cause as `code` when it is refused or ends first, or
/// `SW_ERR_CANCELLED` when the client ends.
/// Errors: `SW_ERR_INVALID_ARGUMENT` for an address or option that cannot be;
/// `SW_ERR_NOT_SUPPORTED` for the messaging channel; `SW_ERR_NOT_CONNECTED` before
/// `sw_client_connect`; `SW_ERR_CLOSED` after `sw_client_disconnect`. Any thread; does not block.
/// Each call of the function is another call.
#[no_mangle]
pub extern "C" fn sw_client_dial(
    client: *mut sw_client,
    address: *const c_char,
    options: *const sw_dial_options,
    out_call: *mut *mut sw_call,
    answered: sw_completion,
) -> sw_status {
    guard_with(answered, || {
        let object = handle::get(client)?;
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_call, "out_call")? };
        // SAFETY: the header asks for a text or NULL.
        let address = unsafe { text::required(address, "address")? };
        // SAFETY: the header asks for a valid struct or NULL.
        let (options, observer) = unsafe { options::dial(options)? };
        runtime::tasks()?;
        let call = object.client.dial(&address, options)?;
        super::call::adopt(call, observer, &out, answered)
    })
}
