//! `sw_credentials_*`, `sw_token_reply_*`: where a client's tokens come from.

use super::client::{adopt, sw_client};
use super::completion::{guard_with, on_dispatcher, start, sw_completion};
use super::guard::guard;
use super::handle;
use super::observer::{sw_client_observer, UserData};
use super::options::{self, sw_client_options};
use super::status::sw_status;
use super::text::{self, c_string, pointer, Out};
use super::versioned::{self, Versioned};
use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::{AccessToken, CredentialProvider, Credentials, TokenRequest};
use std::ffi::{c_char, c_void};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// Where a client's tokens come from. Owned: `sw_credentials_free`; clients keep what they need.
pub struct sw_credentials {
    _private: [u8; 0],
}

/// The place for one token that a provider was asked for. Owned by the application until it is
/// given to `sw_token_reply_give` or `sw_token_reply_fail`, one of which must be called once.
pub struct sw_token_reply {
    _private: [u8; 0],
}

/// Why a token is asked for. Numbers never change.
#[repr(C)]
#[allow(dead_code)] // Constants for C; the code passes the numbers on.
pub enum sw_token_reasons {
    /// The client has none yet.
    SW_TOKEN_REASON_INITIAL = 0,
    /// The present one expires soon.
    SW_TOKEN_REASON_EXPIRING = 1,
    /// The service refused the present one; the same token would be refused again.
    SW_TOKEN_REASON_REFUSED = 2,
}

/// What a provider is asked for. Borrowed for the time of the callback.
#[repr(C)]
pub struct sw_token_request {
    /// Size of this struct in the library, in bytes.
    pub struct_size: u32,
    /// One of `SW_TOKEN_REASON_*`.
    pub reason: i32,
    /// Thumbprint of the client's device key, for `fingerprint` when the token is made. NULL
    /// without one.
    pub fingerprint: *const c_char,
}

/// Gives a client its tokens. Copied by `sw_credentials_provider`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_credential_provider {
    /// `sizeof(sw_credential_provider)`; set by `SW_CREDENTIAL_PROVIDER_INIT`.
    pub struct_size: u32,
    /// Called on the dispatcher thread when a token is needed, one call at a time for each client.
    /// Not null. It must not block: it starts the work and returns, and the work's end is told
    /// with `sw_token_reply_give` or `sw_token_reply_fail`, within 30 s, on any thread.
    pub on_request: Option<
        unsafe extern "C" fn(
            request: *const sw_token_request,
            reply: *mut sw_token_reply,
            user_data: *mut c_void,
        ),
    >,
    /// Called exactly once when the credentials and every client with them are gone, on the
    /// dispatcher thread; nullable. Not called if `sw_credentials_provider` failed.
    pub drop: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    /// Passed to both functions unchanged. Nullable.
    pub user_data: *mut c_void,
}

// SAFETY: repr(C), size first, nullable function and data pointers.
unsafe impl Versioned for sw_credential_provider {
    const FIRST_SIZE: usize = size_of::<sw_credential_provider>();
}

/// The token, or why there is none, on its way to the client.
pub(super) struct Reply(Mutex<Option<oneshot::Sender<Result<AccessToken>>>>);

impl Reply {
    fn tell(&self, result: Result<AccessToken>) {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        // The client may have given up.
        let _ = sender.map(|sender| sender.send(result));
    }
}

struct Provider {
    functions: sw_credential_provider,
    data: UserData,
}

// SAFETY: the data pointer is not touched here; the header says that the functions are called on
// the dispatcher thread and the pointer is theirs.
unsafe impl Send for Provider {}
// SAFETY: as above.
unsafe impl Sync for Provider {}

impl Provider {
    fn ask(&self, request: &TokenRequest, reply: *mut sw_token_reply) {
        let fingerprint = request.fingerprint.as_deref().map(c_string);
        let raw = sw_token_request {
            struct_size: size_of::<sw_token_request>() as u32,
            reason: request.reason as i32,
            fingerprint: pointer(&fingerprint),
        };
        if let Some(on_request) = self.functions.on_request {
            // SAFETY: the header says that `on_request` is such a function.
            unsafe { on_request(&raw, reply, self.data.get()) }
        }
    }
}

struct ForeignProvider(Arc<Provider>);

#[async_trait::async_trait]
impl CredentialProvider for ForeignProvider {
    async fn access_token(&self, request: TokenRequest) -> Result<AccessToken> {
        let (sender, answer) = oneshot::channel();
        let reply = handle::insert::<sw_token_reply>(Arc::new(Reply(Mutex::new(Some(sender)))))?;
        let (provider, reply) = (Arc::clone(&self.0), reply.addr());
        on_dispatcher(move || provider.ask(&request, std::ptr::without_provenance_mut(reply)));
        answer.await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Cancelled, "the credential provider gave no answer"))
        })
    }
}

/// Makes credentials from a provider of the application. Nothing is asked for yet.
///
/// `provider`: not null; copied. `out_credentials`: not null; written on success; free it with
/// `sw_credentials_free`. Errors: `SW_ERR_INVALID_ARGUMENT`. Any thread.
#[no_mangle]
pub extern "C" fn sw_credentials_provider(
    provider: *const sw_credential_provider,
    out_credentials: *mut *mut sw_credentials,
) -> sw_status {
    guard(|| {
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_credentials, "out_credentials")? };
        // SAFETY: the header asks for a valid struct or NULL.
        let functions = unsafe { versioned::read(provider, "provider")? }
            .filter(|provider| provider.on_request.is_some())
            .ok_or_else(|| Error::invalid("provider and its on_request must not be NULL"))?;
        let data = UserData::new(functions.user_data, functions.drop);
        let provider = Arc::new(Provider { functions, data });
        let foreign = ForeignProvider(Arc::clone(&provider));
        out.set(handle::insert(Credentials::provider(Arc::new(foreign)))?);
        provider.data.arm();
        Ok(())
    })
}

/// Makes credentials from a click-to-call token (`c2c_…`), which is exchanged for a guest's token,
/// and again before that expires.
///
/// `host`: not null; the space, such as `example.signalwire.com`, or a URL. `embed_token`: not
/// null. `ca_certificates_pem`: nullable. All are copied. `out_credentials`: as for
/// `sw_credentials_provider`. Errors: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_TLS`. Any thread.
#[no_mangle]
pub extern "C" fn sw_credentials_embed(
    host: *const c_char,
    embed_token: *const c_char,
    ca_certificates_pem: *const c_char,
    out_credentials: *mut *mut sw_credentials,
) -> sw_status {
    guard(|| {
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_credentials, "out_credentials")? };
        // SAFETY: the header asks for texts or NULL.
        let (host, token, ca) = unsafe {
            (
                text::required(host, "host")?,
                text::required(embed_token, "embed_token")?,
                text::optional(ca_certificates_pem, "ca_certificates_pem")?,
            )
        };
        out.set(handle::insert(Credentials::embed(&host, token, ca.as_deref())?)?);
        Ok(())
    })
}

/// Frees credentials; clients that were made with them go on. `credentials`: nullable; NULL is ok.
/// Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread.
#[no_mangle]
pub extern "C" fn sw_credentials_free(credentials: *mut sw_credentials) -> sw_status {
    guard(|| handle::release(credentials).map(drop))
}

/// Gives the token that a provider was asked for, and ends the reply.
///
/// `reply`: not null; invalid afterwards. `token`: not null; copied. `expires_at`: when the token
/// expires, in seconds since 1970; 0 if not known, the service says it then. A reply that comes too
/// late is `SW_OK` and does nothing.
/// Errors: `SW_ERR_INVALID_ARGUMENT`, after which the reply is still owed; `SW_ERR_INVALID_HANDLE`
/// on the second call. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_token_reply_give(
    reply: *mut sw_token_reply,
    token: *const c_char,
    expires_at: i64,
) -> sw_status {
    guard(|| {
        let known = handle::get(reply)?;
        // SAFETY: the header asks for a text or NULL.
        let token = unsafe { text::required(token, "token")? };
        let expires_at = Some(expires_at).filter(|at| *at != 0);
        known.tell(Ok(AccessToken { expires_at, ..AccessToken::new(token) }));
        handle::release(reply).map(drop)
    })
}

/// Says that there is no token, and ends the reply.
///
/// `reply`: not null; invalid afterwards. `reason`: nullable; for people, without secrets.
/// `is_final`: whether asking again is pointless, as the user must log in again; otherwise the
/// client asks again, with growing pauses.
/// Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_token_reply_fail(
    reply: *mut sw_token_reply,
    reason: *const c_char,
    is_final: bool,
) -> sw_status {
    guard(|| {
        let known = handle::get(reply)?;
        // SAFETY: the header asks for a text or NULL.
        let reason = unsafe { text::optional(reason, "reason")? };
        let kind = if is_final { ErrorKind::Unauthorized } else { ErrorKind::Network };
        let reason = reason.unwrap_or_else(|| "the application has no token".to_owned());
        known.tell(Err(Error::new(kind, reason)));
        handle::release(reply).map(drop)
    })
}

/// Makes a client that gets its tokens from `credentials`. Nothing is sent yet.
///
/// As `sw_client_new`, but the token in `options` is nullable: the first one if it is there. Each
/// token is replaced 30 s before it expires, or when the service refuses it, and calls stay up.
/// `credentials`: not null; may be freed at once, and used for several clients.
/// Errors: as `sw_client_new`, and `SW_ERR_INVALID_HANDLE`. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_client_with_credentials(
    options: *const sw_client_options,
    credentials: *const sw_credentials,
    observer: *const sw_client_observer,
    out_client: *mut *mut sw_client,
) -> sw_status {
    guard(|| {
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_client, "out_client")? };
        let credentials = handle::get(credentials)?;
        // SAFETY: the header asks for a valid struct or NULL.
        let options = unsafe { options::client_with_credentials(options)? };
        // SAFETY: the header asks for a valid struct or NULL.
        let observer = unsafe { versioned::read(observer, "observer")? };
        adopt(Client::with_credentials(options, credentials)?, observer, &out)
    })
}

/// Installs another token, which HTTP and the session use from now on; calls stay up.
///
/// For applications that renew tokens themselves. While the session is up the service is asked at
/// once, and the earlier token stays in use if it refuses. Otherwise the token is for the next
/// connection. `client`, `token`: not null; the token is copied. `expires_at`: seconds since 1970; 0
/// if not known. Completion: `SW_ERR_INVALID_TOKEN`; `SW_ERR_UNAUTHORIZED` if the service refuses
/// it; `SW_ERR_CLOSED`; `SW_ERR_CANCELLED` when freed meanwhile. Any thread.
#[no_mangle]
pub extern "C" fn sw_client_update_token(
    client: *mut sw_client,
    token: *const c_char,
    expires_at: i64,
    done: sw_completion,
) -> sw_status {
    guard_with(done, || {
        let object = handle::get(client)?;
        // SAFETY: the header asks for a text or NULL.
        let token = unsafe { text::required(token, "token")? };
        let expires_at = Some(expires_at).filter(|at| *at != 0);
        let token = AccessToken { expires_at, ..AccessToken::new(token) };
        let client = object.client.clone();
        start(done.pending(), object.until_freed(async move { client.update_token(token).await }))
    })
}
