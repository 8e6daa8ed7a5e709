//! `sw_rest_client_*`: the SIP credentials of subscribers, for backends.

use super::completion::{guard_with, start, sw_completion, Pending};
use super::directory::links;
use super::guard::guard;
use super::handle;
use super::options::texts;
use super::record::pending;
use super::rest_api::sw_rest_client;
use super::status::{sw_error, sw_status};
use super::text::{self, list, Texts};
use super::versioned::{self, Versioned};
use crate::error::{Error, Result};
use crate::rest_api::{Page, Secret, SipCredential, SipCredentialRequest};
use std::ffi::{c_char, c_void};

/// What SIP credentials shall be. Start from `SW_SIP_CREDENTIAL_REQUEST_INIT`. Copied. What is NULL
/// or empty is not sent: the service's own for new ones, unchanged for others.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_sip_credential_request {
    /// `sizeof(sw_sip_credential_request)`; set by `SW_SIP_CREDENTIAL_REQUEST_INIT`.
    pub struct_size: u32,
    /// Number of texts in `ciphers`.
    pub cipher_count: u32,
    /// Number of texts in `codecs`.
    pub codec_count: u32,
    /// User name of the registration. Needed for new credentials.
    pub username: *const c_char,
    /// Password of the registration. Needed for new credentials.
    pub password: *const c_char,
    /// Name to show to those who are called.
    pub caller_id: *const c_char,
    /// The project's number (E.164) that calls to telephones come from.
    pub send_as: *const c_char,
    /// Whether media must be encrypted: `required`, `optional` or `default`.
    pub encryption: *const c_char,
    /// SRTP ciphers, best first, such as `AEAD_AES_256_GCM_8`.
    pub ciphers: *const *const c_char,
    /// Codecs, best first, such as `OPUS`.
    pub codecs: *const *const c_char,
}

// SAFETY: repr(C), size first, integers and nullable pointers.
unsafe impl Versioned for sw_sip_credential_request {
    const FIRST_SIZE: usize = size_of::<sw_sip_credential_request>();
}

/// SIP credentials of a subscriber, without the password, which the service never tells. Borrowed
/// for the time of the completion. No text is NULL; a missing one is empty.
#[repr(C)]
pub struct sw_sip_credential {
    /// Size of this struct in the library, in bytes.
    pub struct_size: u32,
    /// Identifier (UUID).
    pub id: *const c_char,
    /// User name of the registration.
    pub username: *const c_char,
    /// Name to show to those who are called.
    pub caller_id: *const c_char,
    /// The number (E.164) that calls to telephones come from; `random` was seen too.
    pub send_as: *const c_char,
    /// Whether media must be encrypted, such as `required`.
    pub encryption: *const c_char,
    /// SRTP ciphers, best first, separated by spaces.
    pub ciphers: *const c_char,
    /// Codecs, best first, separated by spaces.
    pub codecs: *const c_char,
}

/// A page of SIP credentials. Borrowed for the time of the completion.
#[repr(C)]
pub struct sw_sip_credential_page {
    /// Size of this struct in the library, in bytes.
    pub struct_size: u32,
    /// `entry_count` pointers, none of them NULL; NULL when there are none.
    pub entries: *const *const sw_sip_credential,
    /// Number of entries on this page.
    pub entry_count: usize,
    /// The first page, as `link` of the same function. Nullable, as the other links.
    pub first_link: *const c_char,
    /// The page before. NULL before the first.
    pub previous_link: *const c_char,
    /// The page that follows. NULL after the last.
    pub next_link: *const c_char,
}

/// As `sw_completion`, with SIP credentials.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_sip_credential_completion {
    /// Nullable. `error` is NULL and `credential` is not on success; the other way round on failure.
    /// Both are borrowed for the time of the call, on the dispatcher thread.
    pub r#fn: Option<
        unsafe extern "C" fn(
            status: sw_status,
            error: *const sw_error,
            credential: *const sw_sip_credential,
            user_data: *mut c_void,
        ),
    >,
    /// Passed to `fn` unchanged. Nullable.
    pub user_data: *mut c_void,
}

/// As `sw_completion`, with a page of SIP credentials.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_sip_credential_page_completion {
    /// Nullable. `error` is NULL and `page` is not on success; the other way round on failure.
    /// Both are borrowed for the time of the call, on the dispatcher thread.
    pub r#fn: Option<
        unsafe extern "C" fn(
            status: sw_status,
            error: *const sw_error,
            page: *const sw_sip_credential_page,
            user_data: *mut c_void,
        ),
    >,
    /// Passed to `fn` unchanged. Nullable.
    pub user_data: *mut c_void,
}

fn to_credential(from: &SipCredential, texts: &mut Texts) -> sw_sip_credential {
    sw_sip_credential {
        struct_size: size_of::<sw_sip_credential>() as u32,
        id: texts.add(&from.id),
        username: texts.add(&from.username),
        caller_id: texts.add(&from.caller_id),
        send_as: texts.add(&from.send_as),
        encryption: texts.add(&from.encryption),
        ciphers: texts.add(&from.ciphers.join(" ")),
        codecs: texts.add(&from.codecs.join(" ")),
    }
}

fn with_credential(credential: &SipCredential, call: &mut dyn FnMut(&sw_sip_credential)) {
    let mut texts = Texts::default();
    call(&to_credential(credential, &mut texts));
}

fn with_page(page: &Page<SipCredential>, call: &mut dyn FnMut(&sw_sip_credential_page)) {
    let mut texts = Texts::default();
    let structs: Vec<sw_sip_credential> =
        page.items.iter().map(|e| to_credential(e, &mut texts)).collect();
    let pointers: Vec<*const sw_sip_credential> = structs.iter().map(std::ptr::from_ref).collect();
    let links = links(page.links(), &mut texts);
    call(&sw_sip_credential_page {
        struct_size: size_of::<sw_sip_credential_page>() as u32,
        entries: list(&pointers),
        entry_count: pointers.len(),
        first_link: links[0],
        previous_link: links[1],
        next_link: links[2],
    });
}

impl sw_sip_credential_completion {
    fn pending(self) -> Pending<SipCredential> {
        pending(self.r#fn, self.user_data, with_credential)
    }
}

impl sw_sip_credential_page_completion {
    fn pending(self) -> Pending<Page<SipCredential>> {
        pending(self.r#fn, self.user_data, with_page)
    }
}

/// # Safety
/// `raw` is NULL or a struct whose pointers are NULL, texts, or lists of as many texts as it says.
unsafe fn request_of(raw: *const sw_sip_credential_request) -> Result<SipCredentialRequest> {
    // SAFETY: the caller's promise, here and for every text below.
    unsafe {
        let raw = versioned::read(raw, "request")?;
        let raw = raw.ok_or_else(|| Error::invalid("request must not be NULL"))?;
        Ok(SipCredentialRequest {
            username: text::optional(raw.username, "username")?,
            password: text::optional(raw.password, "password")?.map(Secret::from),
            caller_id: text::optional(raw.caller_id, "caller_id")?,
            send_as: text::optional(raw.send_as, "send_as")?,
            encryption: text::optional(raw.encryption, "encryption")?,
            ciphers: texts(raw.ciphers, raw.cipher_count, "ciphers")?,
            codecs: texts(raw.codecs, raw.codec_count, "codecs")?,
        })
    }
}

/// Reads a page of the SIP credentials of the subscriber with this resource id.
///
/// `rest`, `subscriber_id`: not null; copied. `page_size`: 1 to 1000; 0: what the service chooses. `link`:
/// nullable; NULL for the first page, else one of a page's links, unchanged. Completion: see `sw_rest_client`. Any
/// thread. Source: `GET /api/fabric/resources/subscribers/{id}/sip_endpoints`.
#[no_mangle]
pub extern "C" fn sw_rest_client_sip_credentials(
    rest: *mut sw_rest_client,
    subscriber_id: *const c_char,
    page_size: u32,
    link: *const c_char,
    done: sw_sip_credential_page_completion,
) -> sw_status {
    guard(|| {
        let rest = handle::get(rest)?;
        // SAFETY: the header asks for a text or NULL.
        let subscriber_id = unsafe { text::required(subscriber_id, "subscriber_id")? };
        // SAFETY: the header asks for a text or NULL.
        let link = unsafe { text::optional(link, "link")? };
        let page_size = Some(page_size).filter(|size| *size != 0);
        start(done.pending(), async move {
            match link {
                Some(link) => rest.sip_credentials_at(&link).await,
                None => rest.sip_credentials(&subscriber_id, page_size).await,
            }
        })
    })
}

/// Gives a subscriber further SIP credentials. It is not repeated once it may have been processed.
///
/// `rest`, `subscriber_id`, `request`: not null; copied. Completion: see `sw_rest_client`. Any thread.
/// Source: `POST /api/fabric/resources/subscribers/{id}/sip_endpoints`.
#[no_mangle]
pub extern "C" fn sw_rest_client_create_sip_credential(
    rest: *mut sw_rest_client,
    subscriber_id: *const c_char,
    request: *const sw_sip_credential_request,
    done: sw_sip_credential_completion,
) -> sw_status {
    guard(|| {
        let rest = handle::get(rest)?;
        // SAFETY: the header asks for a text or NULL.
        let subscriber_id = unsafe { text::required(subscriber_id, "subscriber_id")? };
        // SAFETY: the header asks for a valid struct or NULL.
        let request = unsafe { request_of(request)? };
        start(
            done.pending(),
            async move { rest.create_sip_credential(&subscriber_id, request).await },
        )
    })
}

/// Reads SIP credentials of a subscriber.
///
/// `rest`, `subscriber_id`, `id`: not null; copied. Completion: see `sw_rest_client`. Any thread.
/// Source: `GET /api/fabric/resources/subscribers/{id}/sip_endpoints/{id}`.
#[no_mangle]
pub extern "C" fn sw_rest_client_sip_credential(
    rest: *mut sw_rest_client,
    subscriber_id: *const c_char,
    id: *const c_char,
    done: sw_sip_credential_completion,
) -> sw_status {
    guard(|| {
        let rest = handle::get(rest)?;
        // SAFETY: the header asks for a text or NULL.
        let subscriber_id = unsafe { text::required(subscriber_id, "subscriber_id")? };
        // SAFETY: the header asks for a text or NULL.
        let id = unsafe { text::required(id, "id")? };
        start(done.pending(), async move { rest.sip_credential(&subscriber_id, &id).await })
    })
}

/// Changes what the request has; the rest stays.
///
/// `rest`, `subscriber_id`, `id`, `request`: not null; copied. Completion: see `sw_rest_client`. Any thread.
/// Source: `PATCH /api/fabric/resources/subscribers/{id}/sip_endpoints/{id}`.
#[no_mangle]
pub extern "C" fn sw_rest_client_update_sip_credential(
    rest: *mut sw_rest_client,
    subscriber_id: *const c_char,
    id: *const c_char,
    request: *const sw_sip_credential_request,
    done: sw_sip_credential_completion,
) -> sw_status {
    guard(|| {
        let rest = handle::get(rest)?;
        // SAFETY: the header asks for a text or NULL.
        let subscriber_id = unsafe { text::required(subscriber_id, "subscriber_id")? };
        // SAFETY: the header asks for a text or NULL.
        let id = unsafe { text::required(id, "id")? };
        // SAFETY: the header asks for a valid struct or NULL.
        let request = unsafe { request_of(request)? };
        start(done.pending(), async move {
            rest.update_sip_credential(&subscriber_id, &id, request).await
        })
    })
}

/// Takes SIP credentials away. Doing it again is `SW_ERR_NOT_FOUND`.
///
/// `rest`, `subscriber_id`, `id`: not null; copied. Completion: see `sw_rest_client`. Any thread.
/// Source: `DELETE /api/fabric/resources/subscribers/{id}/sip_endpoints/{id}`.
#[no_mangle]
pub extern "C" fn sw_rest_client_delete_sip_credential(
    rest: *mut sw_rest_client,
    subscriber_id: *const c_char,
    id: *const c_char,
    done: sw_completion,
) -> sw_status {
    guard_with(done, || {
        let rest = handle::get(rest)?;
        // SAFETY: the header asks for a text or NULL.
        let subscriber_id = unsafe { text::required(subscriber_id, "subscriber_id")? };
        // SAFETY: the header asks for a text or NULL.
        let id = unsafe { text::required(id, "id")? };
        start(done.pending(), async move { rest.delete_sip_credential(&subscriber_id, &id).await })
    })
}
