//! `sw_rest_client_*`: the REST API for backends, and the tokens that it issues.

use super::completion::{start, Pending};
use super::guard::guard;
use super::handle;
use super::options::texts;
use super::record::pending;
use super::status::{sw_error, sw_status};
use super::text::{self, Out, Texts};
use super::versioned::{self, Versioned};
use crate::error::{Error, Result};
use crate::rest_api::{
    GuestTokenRequest, InviteTokenRequest, RestClient, RestOptions, Secret, SubscriberToken,
    SubscriberTokenRequest, TokenPair,
};
use std::ffi::{c_char, c_void};

/// A project's access to the REST API of its space, for backends. Owned: `sw_rest_client_free`;
/// operations that were begun go on.
///
/// These functions are there in libraries with the feature `rest-api`. They hold the project's API
/// token, which must never be part of an application that is given away. Completions get, besides
/// what is named: `SW_ERR_UNAUTHORIZED` (project id, API token or its scopes), `SW_ERR_NOT_FOUND`,
/// `SW_ERR_REJECTED` (what the service does not take), `SW_ERR_RATE_LIMITED`, `SW_ERR_SERVER`,
/// `SW_ERR_TIMEOUT`, `SW_ERR_NETWORK`, `SW_ERR_TLS`, `SW_ERR_PROTOCOL`, and `SW_ERR_INVALID_ARGUMENT`
/// for what cannot be, before anything is sent; the `code` of an error is the HTTP status. Requests
/// are repeated up to twice where that can do no harm.
pub struct sw_rest_client {
    _private: [u8; 0],
}

/// Where a space is and which project asks. Start from `SW_REST_OPTIONS_INIT`. Copied.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_rest_options {
    /// `sizeof(sw_rest_options)`; set by `SW_REST_OPTIONS_INIT`.
    pub struct_size: u32,
    /// Longest time for opening a connection in milliseconds, 1 to 600000. 0: 10000.
    pub connect_timeout_ms: u32,
    /// Longest time for one try in milliseconds, 1 to 600000. 0: 30000.
    pub request_timeout_ms: u32,
    /// Longest time for one operation with its repetitions in milliseconds, 1 to 600000. 0: 60000.
    pub total_timeout_ms: u32,
    /// The space: its name (`example`), its host or its base URL. Not null.
    pub space: *const c_char,
    /// The project's id (UUID). Not null.
    pub project_id: *const c_char,
    /// An API token of the project. Not null; never logged.
    pub api_token: *const c_char,
    /// PEM text of CA certificates that are trusted besides the platform's. NULL: none.
    pub ca_certificates_pem: *const c_char,
    /// Base URL of the host that exchanges embed tokens. NULL: the space.
    pub embeds_url: *const c_char,
    /// Path of the subscribers. NULL: `/api/fabric/resources/subscribers`.
    pub subscribers_path: *const c_char,
}

/// Whom a subscriber token is for. Start from `SW_SUBSCRIBER_TOKEN_REQUEST_INIT`. Copied.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_subscriber_token_request {
    /// `sizeof(sw_subscriber_token_request)`; set by `SW_SUBSCRIBER_TOKEN_REQUEST_INIT`.
    pub struct_size: u32,
    /// When the token expires, in seconds since 1970. 0: two hours from now.
    pub expire_at: i64,
    /// The application's own stable and unique name for the subscriber. Not null.
    pub reference: *const c_char,
    /// The application (UUID) that the token belongs to. NULL: none.
    pub application_id: *const c_char,
    /// A new password for the subscriber. NULL: unchanged.
    pub password: *const c_char,
    /// Thumbprint of the key that the token is bound to,
    /// see `sw_device_key_thumbprint`. NULL: none.
    pub fingerprint: *const c_char,
    /// `sat:refresh` lets the holder renew the token. NULL: none.
    pub scope: *const c_char,
    /// First name. NULL: unchanged, as for all that follow.
    pub first_name: *const c_char,
    /// Last name.
    pub last_name: *const c_char,
    /// Name to show.
    pub display_name: *const c_char,
    /// Job title.
    pub job_title: *const c_char,
    /// Time zone.
    pub time_zone: *const c_char,
    /// Country.
    pub country: *const c_char,
    /// Company.
    pub company_name: *const c_char,
    /// The cluster that serves the subscriber, such as `us-central`.
    pub region: *const c_char,
}

/// What a guest may do. Start from `SW_GUEST_TOKEN_REQUEST_INIT`. Copied.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_guest_token_request {
    /// `sizeof(sw_guest_token_request)`; set by `SW_GUEST_TOKEN_REQUEST_INIT`.
    pub struct_size: u32,
    /// Number of texts in `allowed_addresses`, 1 to 10.
    pub allowed_address_count: u32,
    /// When the token expires, in seconds since 1970. 0: two hours from now.
    pub expire_at: i64,
    /// The ids (UUIDs) of the addresses that the guest may call. Not null.
    pub allowed_addresses: *const *const c_char,
    /// The cluster that serves the guest, such as `us-central`. NULL: the service's choice.
    pub region: *const c_char,
    /// The cluster host for the header of the token. NULL: the service's choice.
    pub ch: *const c_char,
}

// SAFETY: repr(C), size first, integers and nullable pointers.
unsafe impl Versioned for sw_rest_options {
    const FIRST_SIZE: usize = size_of::<sw_rest_options>();
}
// SAFETY: as above.
unsafe impl Versioned for sw_subscriber_token_request {
    const FIRST_SIZE: usize = size_of::<sw_subscriber_token_request>();
}
// SAFETY: as above.
unsafe impl Versioned for sw_guest_token_request {
    const FIRST_SIZE: usize = size_of::<sw_guest_token_request>();
}

/// New tokens. Borrowed for the time of the completion; secrets, never log them.
#[repr(C)]
pub struct sw_issued_token {
    /// Size of this struct in the library, in bytes.
    pub struct_size: u32,
    /// The access token: what `sw_client_options` takes. Never NULL.
    pub token: *const c_char,
    /// What `sw_rest_client_refresh_subscriber_token` takes; stays on the backend. NULL for invited
    /// people and embeds.
    pub refresh_token: *const c_char,
    /// The subscriber's id (UUID). NULL unless the token is a subscriber's own.
    pub subscriber_id: *const c_char,
}

/// As `sw_completion`, with new tokens.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_issued_token_completion {
    /// Nullable. `error` is NULL and `token` is not on success; the other way round on failure.
    /// Both are borrowed for the time of the call, on the dispatcher thread.
    pub r#fn: Option<
        unsafe extern "C" fn(
            status: sw_status,
            error: *const sw_error,
            token: *const sw_issued_token,
            user_data: *mut c_void,
        ),
    >,
    /// Passed to `fn` unchanged. Nullable.
    pub user_data: *mut c_void,
}

/// The tokens of any kind of request.
struct Issued {
    token: Secret,
    refresh_token: Option<Secret>,
    subscriber_id: Option<String>,
}

impl From<SubscriberToken> for Issued {
    fn from(made: SubscriberToken) -> Self {
        let SubscriberToken { subscriber_id, token, refresh_token } = made;
        Self { token, refresh_token: Some(refresh_token), subscriber_id: Some(subscriber_id) }
    }
}

impl From<TokenPair> for Issued {
    fn from(made: TokenPair) -> Self {
        let TokenPair { token, refresh_token } = made;
        Self { token, refresh_token: Some(refresh_token), subscriber_id: None }
    }
}

impl From<Secret> for Issued {
    fn from(token: Secret) -> Self {
        Self { token, refresh_token: None, subscriber_id: None }
    }
}

fn with_issued(issued: &Issued, call: &mut dyn FnMut(&sw_issued_token)) {
    let mut texts = Texts::default();
    call(&sw_issued_token {
        struct_size: size_of::<sw_issued_token>() as u32,
        token: texts.add(issued.token.expose()),
        refresh_token: texts.add_optional(issued.refresh_token.as_ref().map(Secret::expose)),
        subscriber_id: texts.add_optional(issued.subscriber_id.as_deref()),
    });
}

impl sw_issued_token_completion {
    fn pending(self) -> Pending<Issued> {
        pending(self.r#fn, self.user_data, with_issued)
    }
}

/// The number of an option; 0 stands for the default.
fn or_default(value: u32, default: u32) -> u32 {
    match value {
        0 => default,
        value => value,
    }
}

/// # Safety
/// Every pointer of `raw` is NULL or a text.
unsafe fn options(raw: &sw_rest_options) -> Result<RestOptions> {
    // SAFETY: the caller's promise, for every text here.
    unsafe {
        let mut options = RestOptions::new(
            text::required(raw.space, "space")?,
            text::required(raw.project_id, "project_id")?,
            text::required(raw.api_token, "api_token")?,
        );
        options.ca_certificates_pem =
            text::optional(raw.ca_certificates_pem, "ca_certificates_pem")?;
        options.embeds_url = text::optional(raw.embeds_url, "embeds_url")?;
        if let Some(path) = text::optional(raw.subscribers_path, "subscribers_path")? {
            options.subscribers_path = path;
        }
        options.connect_timeout_ms = or_default(raw.connect_timeout_ms, options.connect_timeout_ms);
        options.request_timeout_ms = or_default(raw.request_timeout_ms, options.request_timeout_ms);
        options.total_timeout_ms = or_default(raw.total_timeout_ms, options.total_timeout_ms);
        Ok(options)
    }
}

/// # Safety
/// Every pointer of `raw` is NULL or a text.
unsafe fn subscriber_token(raw: &sw_subscriber_token_request) -> Result<SubscriberTokenRequest> {
    // SAFETY: the caller's promise, for every text here.
    unsafe {
        let mut request = SubscriberTokenRequest::new(text::required(raw.reference, "reference")?);
        request.expire_at = Some(raw.expire_at).filter(|at| *at != 0);
        request.password = text::optional(raw.password, "password")?.map(Secret::from);
        request.application_id = text::optional(raw.application_id, "application_id")?;
        request.fingerprint = text::optional(raw.fingerprint, "fingerprint")?;
        request.scope = text::optional(raw.scope, "scope")?;
        request.first_name = text::optional(raw.first_name, "first_name")?;
        request.last_name = text::optional(raw.last_name, "last_name")?;
        request.display_name = text::optional(raw.display_name, "display_name")?;
        request.job_title = text::optional(raw.job_title, "job_title")?;
        request.time_zone = text::optional(raw.time_zone, "time_zone")?;
        request.country = text::optional(raw.country, "country")?;
        request.company_name = text::optional(raw.company_name, "company_name")?;
        request.region = text::optional(raw.region, "region")?;
        Ok(request)
    }
}

/// Makes a client of the REST API; nothing is sent yet.
///
/// `options`: not null; copied. `out_rest`: not null; written on success; free it with
/// `sw_rest_client_free`. Errors: `SW_ERR_INVALID_ARGUMENT` for options that cannot be; `SW_ERR_TLS`
/// for unreadable CA certificates. Any thread.
#[no_mangle]
pub extern "C" fn sw_rest_client_new(
    options: *const sw_rest_options,
    out_rest: *mut *mut sw_rest_client,
) -> sw_status {
    guard(|| {
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_rest, "out_rest")? };
        // SAFETY: the header asks for a valid struct or NULL.
        let raw = unsafe { versioned::read(options, "options")? };
        let raw = raw.ok_or_else(|| Error::invalid("options must not be NULL"))?;
        // SAFETY: the header asks for texts or NULL.
        out.set(handle::insert(RestClient::new(unsafe { self::options(&raw)? })?)?);
        Ok(())
    })
}

/// Frees a client of the REST API; operations that were begun go on. `rest`: nullable; NULL is ok.
/// Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread.
#[no_mangle]
pub extern "C" fn sw_rest_client_free(rest: *mut sw_rest_client) -> sw_status {
    guard(|| handle::release(rest).map(drop))
}

/// Issues a token for a subscriber, who is created if unknown. It is not repeated once it may have
/// been processed.
///
/// `rest`: not null. `request`: not null; copied. Completion: see `sw_rest_client`. Any thread.
/// Source: `POST /api/fabric/subscribers/tokens`.
#[no_mangle]
pub extern "C" fn sw_rest_client_create_subscriber_token(
    rest: *mut sw_rest_client,
    request: *const sw_subscriber_token_request,
    done: sw_issued_token_completion,
) -> sw_status {
    guard(|| {
        let rest = handle::get(rest)?;
        // SAFETY: the header asks for a valid struct or NULL.
        let raw = unsafe { versioned::read(request, "request")? };
        let raw = raw.ok_or_else(|| Error::invalid("request must not be NULL"))?;
        // SAFETY: the header asks for texts or NULL.
        let request = unsafe { subscriber_token(&raw)? };
        let work = async move { rest.create_subscriber_token(request).await.map(Issued::from) };
        start(done.pending(), work)
    })
}

/// Exchanges a refresh token for a new pair, which replaces the old one: store it at once.
///
/// `rest`, `refresh_token`: not null; copied. Completion: `SW_ERR_REJECTED` for a token that is spent
/// or expired: issue a new one then; after `SW_ERR_TIMEOUT` or `SW_ERR_NETWORK` the old one may be
/// spent; else see `sw_rest_client`. Any thread.
/// Source: `POST /api/fabric/subscribers/tokens/refresh`.
#[no_mangle]
pub extern "C" fn sw_rest_client_refresh_subscriber_token(
    rest: *mut sw_rest_client,
    refresh_token: *const c_char,
    done: sw_issued_token_completion,
) -> sw_status {
    guard(|| {
        let rest = handle::get(rest)?;
        // SAFETY: the header asks for a text or NULL.
        let token = Secret::from(unsafe { text::required(refresh_token, "refresh_token")? });
        let work = async move { rest.refresh_subscriber_token(&token).await.map(Issued::from) };
        start(done.pending(), work)
    })
}

/// Issues a token for a guest, who may call the given addresses and cannot be called.
///
/// `rest`: not null. `request`: not null; copied. Completion: see `sw_rest_client`. Any thread.
/// Source: `POST /api/fabric/guests/tokens`.
#[no_mangle]
pub extern "C" fn sw_rest_client_create_guest_token(
    rest: *mut sw_rest_client,
    request: *const sw_guest_token_request,
    done: sw_issued_token_completion,
) -> sw_status {
    guard(|| {
        let rest = handle::get(rest)?;
        // SAFETY: the header asks for a valid struct or NULL.
        let raw = unsafe { versioned::read(request, "request")? };
        let raw = raw.ok_or_else(|| Error::invalid("request must not be NULL"))?;
        // SAFETY: the header asks for texts or NULL.
        let request = unsafe {
            let ids = texts(raw.allowed_addresses, raw.allowed_address_count, "allowed_addresses")?;
            let mut request = GuestTokenRequest::new(ids);
            request.expire_at = Some(raw.expire_at).filter(|at| *at != 0);
            request.region = text::optional(raw.region, "region")?;
            request.ch = text::optional(raw.ch, "ch")?;
            request
        };
        let work = async move { rest.create_guest_token(request).await.map(Issued::from) };
        start(done.pending(), work)
    })
}

/// Issues a token with which an invited person may call one address of a subscriber.
///
/// `rest`: not null. `subscriber_token`: not null; the inviting subscriber's access token, which
/// authorizes it. `address_id`: not null; both are copied. `expires_at`: seconds since 1970; 0: two
/// hours from now. Completion: `SW_ERR_INVALID_TOKEN` if that is no access token; else see
/// `sw_rest_client`. Any thread. Source: `POST /api/fabric/subscriber/invites`.
#[no_mangle]
pub extern "C" fn sw_rest_client_create_invite_token(
    rest: *mut sw_rest_client,
    subscriber_token: *const c_char,
    address_id: *const c_char,
    expires_at: i64,
    done: sw_issued_token_completion,
) -> sw_status {
    guard(|| {
        let rest = handle::get(rest)?;
        // SAFETY: the header asks for texts or NULL.
        let (token, address_id) = unsafe {
            (
                Secret::from(text::required(subscriber_token, "subscriber_token")?),
                text::required(address_id, "address_id")?,
            )
        };
        let mut request = InviteTokenRequest::new(address_id);
        request.expires_at = Some(expires_at).filter(|at| *at != 0);
        let work = async move { rest.create_invite_token(&token, request).await.map(Issued::from) };
        start(done.pending(), work)
    })
}

/// Exchanges the public token of an embedded button (`c2c_…`) for a guest's access token, without
/// credentials.
///
/// `rest`, `embed_token`: not null; copied. Completion: see `sw_rest_client`. Any thread.
/// Source: `POST /api/fabric/embeds/tokens`.
#[no_mangle]
pub extern "C" fn sw_rest_client_exchange_embed_token(
    rest: *mut sw_rest_client,
    embed_token: *const c_char,
    done: sw_issued_token_completion,
) -> sw_status {
    guard(|| {
        let rest = handle::get(rest)?;
        // SAFETY: the header asks for a text or NULL.
        let token = Secret::from(unsafe { text::required(embed_token, "embed_token")? });
        let work = async move { rest.exchange_embed_token(&token).await.map(Issued::from) };
        start(done.pending(), work)
    })
}
