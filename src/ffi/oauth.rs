//! `sw_oauth_*`: logging users in with their browser.

use super::completion::{on_dispatcher, start};
use super::control::sw_text_completion;
use super::credentials::sw_credentials;
use super::guard::guard;
use super::handle;
use super::observer::UserData;
use super::options::texts;
use super::status::{sw_status, OK};
use super::text::{self, c_string, give, Out};
use super::versioned::{self, Versioned};
use crate::error::{Error, ErrorKind, Result};
use crate::oauth::{LoopbackLogin, OAuth, OAuthConfig, OAuthFlow, OAuthTokens, TokenStore};
use crate::util::redact::Secret;
use crate::Credentials;
use std::collections::VecDeque;
use std::ffi::{c_char, c_void, CStr};
use std::sync::{mpsc, Arc, Mutex, PoisonError};
use std::time::Duration;

/// Logs users in. Owned: `sw_oauth_free`.
pub struct sw_oauth {
    _private: [u8; 0],
}

/// A login that waits for the browser on a port of this machine. Owned: `sw_oauth_login_free`.
pub struct sw_oauth_login {
    _private: [u8; 0],
}

/// Why a login failed: the `code` of an error of these functions. Numbers never change.
#[repr(C)]
#[allow(dead_code)] // Constants for C; the code passes the numbers on.
pub enum sw_oauth_failures {
    /// The URL is not the redirect of a login.
    SW_OAUTH_FAILURE_NOT_A_CALLBACK = 1,
    /// The state of the redirect belongs to no login: it may have been forged.
    SW_OAUTH_FAILURE_WRONG_STATE = 2,
    /// The redirect was used before.
    SW_OAUTH_FAILURE_USED_TWICE = 3,
    /// The user took longer than the configured time.
    SW_OAUTH_FAILURE_FLOW_EXPIRED = 4,
    /// The redirect has neither a code nor an error.
    SW_OAUTH_FAILURE_NO_CODE = 5,
    /// The user, or a rule, refused.
    SW_OAUTH_FAILURE_ACCESS_DENIED = 6,
    /// Any other error of the provider.
    SW_OAUTH_FAILURE_PROVIDER_ERROR = 7,
    /// The code is spent or expired, or its verifier does not fit.
    SW_OAUTH_FAILURE_CODE_REFUSED = 8,
    /// The refresh token is revoked, expired or spent: log in again.
    SW_OAUTH_FAILURE_REFRESH_REFUSED = 9,
    /// The provider does not know the client id, or not with this redirect URI.
    SW_OAUTH_FAILURE_CLIENT_REFUSED = 10,
    /// The port of the redirect URI is in use.
    SW_OAUTH_FAILURE_PORT_TAKEN = 11,
    /// The browser did not come back in time.
    SW_OAUTH_FAILURE_NO_CALLBACK = 12,
    /// The application gave the login up.
    SW_OAUTH_FAILURE_CANCELLED = 13,
    /// There is no refresh token: log in.
    SW_OAUTH_FAILURE_NOT_LOGGED_IN = 14,
}

/// Who logs in where. Start from `SW_OAUTH_OPTIONS_INIT`. Copied by `sw_oauth_new`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_oauth_options {
    /// `sizeof(sw_oauth_options)`; set by `SW_OAUTH_OPTIONS_INIT`.
    pub struct_size: u32,
    /// How long the user may take from `sw_oauth_begin` to `sw_oauth_complete`, in milliseconds, 1
    /// to 3600000. 0: 900000, which is 15 minutes.
    pub flow_lifetime_ms: u32,
    /// Number of texts in `scopes`.
    pub scope_count: u32,
    /// The client id that SignalWire issued. Not null.
    pub client_id: *const c_char,
    /// Where the browser returns to, as it is registered. Not null. `http://127.0.0.1:0/callback`
    /// for `sw_oauth_begin_loopback`, `com.example.app://callback`, or an `https://` link.
    pub redirect_uri: *const c_char,
    /// Scopes to ask for. NULL: none.
    pub scopes: *const *const c_char,
    /// Authorization endpoint. NULL: SignalWire's.
    pub authorize_url: *const c_char,
    /// Token endpoint. NULL: SignalWire's.
    pub token_url: *const c_char,
    /// PEM text of CA certificates that are trusted besides the platform's. NULL: none.
    pub ca_certificates_pem: *const c_char,
    /// `prompt` of the authorization request, such as `login`, which asks for the password even if
    /// the browser is still logged in. NULL: none.
    pub prompt: *const c_char,
}

// SAFETY: repr(C), size first, integers and nullable pointers.
unsafe impl Versioned for sw_oauth_options {
    const FIRST_SIZE: usize = size_of::<sw_oauth_options>();
}

/// Where the tokens of a user are kept between two runs. Start from `SW_TOKEN_STORE_INIT`. Copied by
/// `sw_credentials_oauth`. The text holds secrets and is not to be looked into. The functions are
/// called on the dispatcher thread, one at a time; not null.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_token_store {
    /// `sizeof(sw_token_store)`; set by `SW_TOKEN_STORE_INIT`.
    pub struct_size: u32,
    /// Hands the kept text to `give`, with `target`, before it returns; nothing if there is none.
    /// Gives `SW_OK`, or any `SW_ERR_*` if it cannot be read.
    pub load: Option<
        unsafe extern "C" fn(
            give: Option<unsafe extern "C" fn(text: *const c_char, target: *mut c_void)>,
            target: *mut c_void,
            user_data: *mut c_void,
        ) -> sw_status,
    >,
    /// Keeps a text in place of the earlier one, which is no longer good; borrowed. Gives `SW_OK` or
    /// `SW_ERR_*`.
    pub save:
        Option<unsafe extern "C" fn(text: *const c_char, user_data: *mut c_void) -> sw_status>,
    /// Forgets the text. Gives `SW_OK` or `SW_ERR_*`.
    pub clear: Option<unsafe extern "C" fn(user_data: *mut c_void) -> sw_status>,
    /// Called exactly once when the credentials and every client with them are gone, on the
    /// dispatcher thread; nullable. Not called if `sw_credentials_oauth` failed.
    pub drop: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    /// Passed to all functions unchanged. Nullable.
    pub user_data: *mut c_void,
}

// SAFETY: repr(C), size first, nullable function and data pointers.
unsafe impl Versioned for sw_token_store {
    const FIRST_SIZE: usize = size_of::<sw_token_store>();
}

/// Logins that `sw_oauth_cancel` can find.
const REMEMBERED: usize = 16;

/// What an OAuth handle stands for.
pub(super) struct OAuthObject {
    oauth: OAuth,
    flows: Mutex<VecDeque<OAuthFlow>>,
}

/// Prepares logins; nothing is sent.
///
/// `options`: not null. `out_oauth`: not null; written on success; free it with `sw_oauth_free`.
/// Errors: `SW_ERR_INVALID_ARGUMENT` for a client id, redirect URI or endpoint that cannot be;
/// `SW_ERR_TLS` for unreadable CA certificates. Any thread.
#[no_mangle]
pub extern "C" fn sw_oauth_new(
    options: *const sw_oauth_options,
    out_oauth: *mut *mut sw_oauth,
) -> sw_status {
    guard(|| {
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_oauth, "out_oauth")? };
        // SAFETY: the header asks for a valid struct or NULL.
        let config = unsafe { config(options)? };
        let object = OAuthObject { oauth: OAuth::new(config)?, flows: Mutex::default() };
        out.set(handle::insert(Arc::new(object))?);
        Ok(())
    })
}

/// # Safety
/// As the header asks of `sw_oauth_new`.
unsafe fn config(pointer: *const sw_oauth_options) -> Result<OAuthConfig> {
    // SAFETY: the caller's promise, here and for every text below.
    unsafe {
        let options = versioned::read(pointer, "options")?
            .ok_or_else(|| Error::invalid("options must not be NULL"))?;
        let mut config = OAuthConfig::signalwire(
            text::required(options.client_id, "client_id")?,
            text::required(options.redirect_uri, "redirect_uri")?,
        );
        config.scopes = texts(options.scopes, options.scope_count, "scopes")?;
        config.authorize_url = text::optional(options.authorize_url, "authorize_url")?;
        config.token_url = text::optional(options.token_url, "token_url")?;
        config.ca_certificates_pem =
            text::optional(options.ca_certificates_pem, "ca_certificates_pem")?;
        if let Some(prompt) = text::optional(options.prompt, "prompt")? {
            config.extra_parameters.insert("prompt".into(), prompt);
        }
        if options.flow_lifetime_ms != 0 {
            config.flow_lifetime_ms = options.flow_lifetime_ms;
        }
        Ok(config)
    }
}

/// Frees it; operations that are under way go on. `oauth`: nullable; NULL is ok.
/// Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread.
#[no_mangle]
pub extern "C" fn sw_oauth_free(oauth: *mut sw_oauth) -> sw_status {
    guard(|| handle::release(oauth).map(drop))
}

/// Begins a login and gives the URL for the system's browser (never for a web view).
///
/// It is good once, and as long as `flow_lifetime_ms` says. Up to 16 logins are remembered.
/// `oauth`, `out_url`: not null; free the URL with `sw_string_free`. Errors:
/// `SW_ERR_INVALID_ARGUMENT` for a redirect URI with port 0. Any thread.
#[no_mangle]
pub extern "C" fn sw_oauth_begin(oauth: *mut sw_oauth, out_url: *mut *mut c_char) -> sw_status {
    guard(|| {
        let object = handle::get(oauth)?;
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_url, "out_url")? };
        let flow = object.oauth.begin()?;
        give(flow.authorize_url(), &out);
        let mut flows = object.flows.lock().unwrap_or_else(PoisonError::into_inner);
        if flows.len() == REMEMBERED {
            flows.pop_front();
        }
        flows.push_back(flow);
        Ok(())
    })
}

/// Gives whether a URL that the application was opened with is the answer to a login.
///
/// `oauth`, `url`, `out_is_callback`: not null. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_oauth_is_callback(
    oauth: *const sw_oauth,
    url: *const c_char,
    out_is_callback: *mut bool,
) -> sw_status {
    guard(|| {
        let object = handle::get(oauth)?;
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_is_callback, "out_is_callback")? };
        // SAFETY: the header asks for a text or NULL.
        out.set(object.oauth.is_callback(&unsafe { text::required(url, "url")? }));
        Ok(())
    })
}

/// Completes a login with the URL that the browser returned to, and gives the tokens as the text of
/// one JSON object: `access_token`, `refresh_token` and `expires_at` (seconds since 1970; both may be
/// null), `scope`, `version`. It holds secrets: keep it where the platform keeps them.
///
/// The login is spent by the first call. `oauth`, `callback_url`: not null; copied. Completion: an
/// error with one of `SW_OAUTH_FAILURE_*` as `code`, or `SW_ERR_NETWORK`, `SW_ERR_TLS`,
/// `SW_ERR_TIMEOUT`, `SW_ERR_SERVER`; begin anew after each of them. Any thread.
#[no_mangle]
pub extern "C" fn sw_oauth_complete(
    oauth: *mut sw_oauth,
    callback_url: *const c_char,
    done: sw_text_completion,
) -> sw_status {
    guard(|| {
        let oauth = handle::get(oauth)?.oauth.clone();
        // SAFETY: the header asks for a text or NULL.
        let url = unsafe { text::required(callback_url, "callback_url")? };
        start(done.pending(), async move { oauth.complete(&url).await.map(tokens_text) })
    })
}

/// Gets new tokens, in the form of `sw_oauth_complete`. Keep them at once: the earlier refresh token
/// may be spent.
///
/// `oauth`: not null. `tokens_json`: not null; what an earlier call gave; copied. Completion:
/// `SW_ERR_UNAUTHORIZED` with `SW_OAUTH_FAILURE_REFRESH_REFUSED` or `_NOT_LOGGED_IN`: log in again;
/// `SW_ERR_NETWORK`, `SW_ERR_TLS`, `SW_ERR_TIMEOUT` and `SW_ERR_SERVER`: the same tokens may be tried
/// again. Any thread.
#[no_mangle]
pub extern "C" fn sw_oauth_refresh(
    oauth: *mut sw_oauth,
    tokens_json: *const c_char,
    done: sw_text_completion,
) -> sw_status {
    guard(|| {
        let oauth = handle::get(oauth)?.oauth.clone();
        // SAFETY: the header asks for a text or NULL.
        let kept = Secret::from(unsafe { text::required(tokens_json, "tokens_json")? });
        let tokens = OAuthTokens::from_text(kept.expose())?;
        start(done.pending(), async move { oauth.refresh(&tokens).await.map(tokens_text) })
    })
}

fn tokens_text(tokens: OAuthTokens) -> String {
    tokens.to_text().expose().to_owned()
}

/// Gives a login up: its redirect is refused with `SW_OAUTH_FAILURE_CANCELLED`.
///
/// `oauth`: not null. `authorize_url`: not null; what `sw_oauth_begin` gave. A login that is complete
/// or unknown is left as it is. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_oauth_cancel(oauth: *mut sw_oauth, authorize_url: *const c_char) -> sw_status {
    guard(|| {
        let object = handle::get(oauth)?;
        // SAFETY: the header asks for a text or NULL.
        let url = unsafe { text::required(authorize_url, "authorize_url")? };
        let flows = object.flows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flow) = flows.iter().find(|flow| flow.authorize_url() == url) {
            object.oauth.cancel(flow);
        }
        Ok(())
    })
}

/// Binds the port of the redirect URI, begins a login that returns to it, and gives the URL for the
/// system's browser.
///
/// `oauth`, `out_login`, `out_url`: not null; free the login with `sw_oauth_login_free`, the URL with
/// `sw_string_free`. Errors: `SW_ERR_INVALID_ARGUMENT` for a redirect URI that does not lead to this
/// machine; `SW_ERR_INVALID_STATE` with `SW_OAUTH_FAILURE_PORT_TAKEN`. Any thread.
#[no_mangle]
pub extern "C" fn sw_oauth_begin_loopback(
    oauth: *mut sw_oauth,
    out_login: *mut *mut sw_oauth_login,
    out_url: *mut *mut c_char,
) -> sw_status {
    guard(|| {
        let object = handle::get(oauth)?;
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_login, "out_login")? };
        // SAFETY: as above.
        let out_url = unsafe { Out::required(out_url, "out_url")? };
        let login = Arc::new(object.oauth.begin_loopback()?);
        out.set(handle::insert(Arc::clone(&login))?);
        give(login.authorize_url(), &out_url);
        Ok(())
    })
}

/// Waits for the browser, answers it with a small page, gives the port back, exchanges the code, and
/// gives the tokens in the form of `sw_oauth_complete`.
///
/// `login`: not null. `timeout_ms`: how long the user may take. Completion: `SW_ERR_TIMEOUT` with
/// `SW_OAUTH_FAILURE_NO_CALLBACK`; `SW_ERR_CANCELLED`; `SW_ERR_INVALID_STATE` for a second call; else
/// as `sw_oauth_complete`. Any thread.
#[no_mangle]
pub extern "C" fn sw_oauth_login_finish(
    login: *mut sw_oauth_login,
    timeout_ms: u32,
    done: sw_text_completion,
) -> sw_status {
    guard(|| {
        let login = handle::get(login)?;
        let timeout = Duration::from_millis(timeout_ms.into());
        start(done.pending(), async move { login.finish(timeout).await.map(tokens_text) })
    })
}

/// Gives the login up: `sw_oauth_login_finish` ends with `SW_ERR_CANCELLED`. A second call is
/// `SW_OK`. `login`: not null. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_oauth_login_cancel(login: *mut sw_oauth_login) -> sw_status {
    guard(|| {
        handle::get(login)?.cancel();
        Ok(())
    })
}

/// Gives the login up and frees it. `login`: nullable; NULL is ok.
/// Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_oauth_login_free(login: *mut sw_oauth_login) -> sw_status {
    guard(|| {
        if let Some(login) = handle::release(login)? {
            login.cancel();
        }
        Ok(())
    })
}

/// Makes credentials from a login: the tokens are taken from `store` and renewed by `oauth`; each new
/// pair is saved before it is used. Save what `sw_oauth_complete` gave before the client connects.
///
/// When the refresh token is refused the store is cleared, and the client's error has
/// `SW_OAUTH_FAILURE_REFRESH_REFUSED` as `code`. `oauth`: not null; may be freed at once. `store`: not
/// null; copied. `out_credentials`: as for `sw_credentials_provider`.
/// Errors: `SW_ERR_INVALID_ARGUMENT`. Any thread.
#[no_mangle]
pub extern "C" fn sw_credentials_oauth(
    oauth: *mut sw_oauth,
    store: *const sw_token_store,
    out_credentials: *mut *mut sw_credentials,
) -> sw_status {
    guard(|| {
        let oauth = handle::get(oauth)?.oauth.clone();
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_credentials, "out_credentials")? };
        // SAFETY: the header asks for a valid struct or NULL.
        let functions = unsafe { versioned::read(store, "store")? }
            .filter(|s| s.load.is_some() && s.save.is_some() && s.clear.is_some())
            .ok_or_else(|| Error::invalid("store, load, save and clear must not be NULL"))?;
        let data = UserData::new(functions.user_data, functions.drop);
        let store = Arc::new(Functions { functions, data });
        let foreign = Arc::new(ForeignStore(Arc::clone(&store)));
        out.set(handle::insert(Credentials::oauth(oauth, foreign))?);
        store.data.arm();
        Ok(())
    })
}

struct Functions {
    functions: sw_token_store,
    data: UserData,
}

// SAFETY: the data pointer is not touched here; the header says that the functions are called on
// the dispatcher thread and the pointer is theirs.
unsafe impl Send for Functions {}
// SAFETY: as above.
unsafe impl Sync for Functions {}

struct ForeignStore(Arc<Functions>);

impl ForeignStore {
    /// Runs a function of the application on the dispatcher, and waits for it: the caller is on a
    /// thread that may block.
    fn run<T: Send + 'static>(
        &self,
        what: &str,
        work: impl FnOnce(&Functions) -> (sw_status, T) + Send + 'static,
    ) -> Result<T> {
        let (sender, answer) = mpsc::channel();
        let functions = Arc::clone(&self.0);
        on_dispatcher(move || {
            let _ = sender.send(work(&functions));
        });
        match answer.recv() {
            Ok((OK, value)) => Ok(value),
            Ok((status, _)) => {
                let text = format!("the token store cannot {what} (status {status})");
                Err(Error::new(ErrorKind::InvalidState, text))
            }
            Err(_) => Err(Error::new(ErrorKind::Cancelled, "the library was shut down")),
        }
    }
}

/// The `give` of `sw_token_store.load`. `target` is the place that was passed along.
unsafe extern "C" fn take(text: *const c_char, target: *mut c_void) {
    if text.is_null() || target.is_null() {
        return;
    }
    // SAFETY: the header asks for the `target` that `load` got, while `load` runs.
    let target = unsafe { &mut *target.cast::<Option<Secret>>() };
    // SAFETY: the header asks for a NUL-terminated text.
    let text = unsafe { CStr::from_ptr(text) };
    *target = text.to_str().ok().map(Secret::from);
}

impl TokenStore for ForeignStore {
    fn load(&self) -> Result<Option<Secret>> {
        self.run("load", |store| {
            let mut kept: Option<Secret> = None;
            let target = std::ptr::from_mut(&mut kept).cast::<c_void>();
            let status = match store.functions.load {
                // SAFETY: the header says that `load` is such a function.
                Some(load) => unsafe { load(Some(take), target, store.data.get()) },
                None => OK,
            };
            (status, kept)
        })
    }

    fn save(&self, text: &Secret) -> Result<()> {
        let text = text.clone();
        self.run("save", move |store| {
            let text = c_string(text.expose());
            let status = match store.functions.save {
                // SAFETY: the header says that `save` is such a function.
                Some(save) => unsafe { save(text.as_ptr(), store.data.get()) },
                None => OK,
            };
            (status, ())
        })
    }

    fn clear(&self) -> Result<()> {
        self.run("clear", |store| {
            let status = match store.functions.clear {
                // SAFETY: the header says that `clear` is such a function.
                Some(clear) => unsafe { clear(store.data.get()) },
                None => OK,
            };
            (status, ())
        })
    }
}

/// For the table of handles.
pub(super) type Login = Arc<LoopbackLogin>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OAuthFailure;

    #[test]
    fn failure_numbers_are_those_of_the_core() {
        use sw_oauth_failures::*;
        for (core, c) in [
            (OAuthFailure::NotACallback, SW_OAUTH_FAILURE_NOT_A_CALLBACK),
            (OAuthFailure::WrongState, SW_OAUTH_FAILURE_WRONG_STATE),
            (OAuthFailure::UsedTwice, SW_OAUTH_FAILURE_USED_TWICE),
            (OAuthFailure::FlowExpired, SW_OAUTH_FAILURE_FLOW_EXPIRED),
            (OAuthFailure::NoCode, SW_OAUTH_FAILURE_NO_CODE),
            (OAuthFailure::AccessDenied, SW_OAUTH_FAILURE_ACCESS_DENIED),
            (OAuthFailure::ProviderError, SW_OAUTH_FAILURE_PROVIDER_ERROR),
            (OAuthFailure::CodeRefused, SW_OAUTH_FAILURE_CODE_REFUSED),
            (OAuthFailure::RefreshRefused, SW_OAUTH_FAILURE_REFRESH_REFUSED),
            (OAuthFailure::ClientRefused, SW_OAUTH_FAILURE_CLIENT_REFUSED),
            (OAuthFailure::PortTaken, SW_OAUTH_FAILURE_PORT_TAKEN),
            (OAuthFailure::NoCallback, SW_OAUTH_FAILURE_NO_CALLBACK),
            (OAuthFailure::Cancelled, SW_OAUTH_FAILURE_CANCELLED),
            (OAuthFailure::NotLoggedIn, SW_OAUTH_FAILURE_NOT_LOGGED_IN),
        ] {
            assert_eq!(core as i32, c as i32);
        }
    }
}
