//! `sw_client_subscriber_info`, `sw_client_address*`: the subscriber and the directory.

use super::client::sw_client;
use super::completion::{call_with, start, Pending, Pointer};
use super::control::sw_text_completion;
use super::guard::guard;
use super::handle;
use super::options::{self, address_type_number, sw_address_query};
use super::record::pending;
use super::status::{sw_error, sw_status};
use super::text::{self, list, Texts};
use crate::error::{Error, ErrorKind};
use crate::rest::{Address, AddressPage, PageLinks, Subscriber};
use std::ffi::{c_char, c_void};

/// One entry of the directory. Borrowed for the time of the completion, with all its texts.
#[repr(C)]
pub struct sw_address {
    /// Size of this struct in the library, in bytes: the distance in a list.
    pub struct_size: u32,
    /// One of `SW_ADDRESS_TYPE_*`.
    pub address_type: i32,
    /// Whether a room is locked.
    pub is_locked: bool,
    /// Identifier (UUID). Never NULL.
    pub id: *const c_char,
    /// Name within its context, such as `alice`. Never NULL; may be empty, like all below that
    /// are not called nullable.
    pub name: *const c_char,
    /// Name to show.
    pub display_name: *const c_char,
    /// The resource behind it (UUID).
    pub resource_id: *const c_char,
    /// When it was made (ISO 8601).
    pub created_at: *const c_char,
    /// What to pass to `sw_client_dial`: the best of the channels. Nullable.
    pub dial_string: *const c_char,
    /// Such as `/public/alice?channel=audio`. Nullable.
    pub audio_channel: *const c_char,
    /// Such as `/public/alice?channel=video`. Nullable.
    pub video_channel: *const c_char,
    /// Such as `/public/alice?channel=messaging`. Nullable.
    pub messaging_channel: *const c_char,
    /// Picture of the address. Nullable.
    pub cover_url: *const c_char,
    /// Preview of a running room. Nullable.
    pub preview_url: *const c_char,
}

/// One page of the directory. Borrowed for the time of the completion.
#[repr(C)]
pub struct sw_address_page {
    /// Size of this struct in the library, in bytes.
    pub struct_size: u32,
    /// Whether more pages follow.
    pub has_next: bool,
    /// `address_count` pointers, none of them NULL; NULL when there are none.
    pub addresses: *const *const sw_address,
    /// Number of addresses on this page.
    pub address_count: usize,
    /// Whether there is a page before this one.
    pub has_previous: bool,
    /// The first page, for `sw_client_addresses_at`. Nullable, as the other links.
    pub first_link: *const c_char,
    /// The page before. NULL before the first.
    pub previous_link: *const c_char,
    /// The page that follows. NULL after the last.
    pub next_link: *const c_char,
}

/// As `sw_completion`, with an address.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_address_completion {
    /// Nullable. `error` is NULL and `address` is not on success; the other way round on failure.
    /// Both are borrowed for the time of the call, on the dispatcher thread.
    pub r#fn: Option<
        unsafe extern "C" fn(
            status: sw_status,
            error: *const sw_error,
            address: *const sw_address,
            user_data: *mut c_void,
        ),
    >,
    /// Passed to `fn` unchanged. Nullable.
    pub user_data: *mut c_void,
}

/// The subscriber that a token belongs to. Borrowed for the time of the completion. No text is
/// NULL; a missing one is empty.
#[repr(C)]
pub struct sw_subscriber {
    /// Size of this struct in the library, in bytes.
    pub struct_size: u32,
    /// Identifier (UUID).
    pub id: *const c_char,
    /// E-mail address.
    pub email: *const c_char,
    /// First name.
    pub first_name: *const c_char,
    /// Last name.
    pub last_name: *const c_char,
    /// Name to show.
    pub display_name: *const c_char,
    /// Job title.
    pub job_title: *const c_char,
    /// Time zone, a name or a number.
    pub time_zone: *const c_char,
    /// Country.
    pub country: *const c_char,
    /// Region.
    pub region: *const c_char,
    /// Company.
    pub company_name: *const c_char,
    /// When the token expires, in seconds since 1970; 0 if not known.
    pub token_expires_at: i64,
    /// The subscriber's own addresses: `address_count` pointers; NULL when there are none.
    pub addresses: *const *const sw_address,
    /// Number of own addresses.
    pub address_count: usize,
    /// The whole answer as JSON text. It holds the key for notifications: never log it.
    pub raw_json: *const c_char,
    /// Key to open push notifications with, base64. A secret: never log it.
    pub push_notification_key: *const c_char,
    /// Name of the application that the token was issued for.
    pub app_display_name: *const c_char,
    /// Thumbprint of the key that the token is bound to (RFC 7638). NULL for unbound tokens.
    pub token_key_thumbprint: *const c_char,
    /// What the application may do: `app_scope_count` texts; NULL when there are none.
    pub app_scopes: *const *const c_char,
    /// Number of texts in `app_scopes`.
    pub app_scope_count: usize,
    /// What the token may do besides, such as `sat:refresh`: `token_scope_count` texts; NULL when
    /// there are none.
    pub token_scopes: *const *const c_char,
    /// Number of texts in `token_scopes`.
    pub token_scope_count: usize,
}

/// As `sw_completion`, with a subscriber.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_subscriber_completion {
    /// Nullable. `error` is NULL and `subscriber` is not on success; the other way round on
    /// failure. Both are borrowed for the time of the call, on the dispatcher thread.
    pub r#fn: Option<
        unsafe extern "C" fn(
            status: sw_status,
            error: *const sw_error,
            subscriber: *const sw_subscriber,
            user_data: *mut c_void,
        ),
    >,
    /// Passed to `fn` unchanged. Nullable.
    pub user_data: *mut c_void,
}

/// As `sw_completion`, with a page of addresses.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_address_page_completion {
    /// Nullable. `error` is NULL and `page` is not on success; the other way round on failure.
    /// Both are borrowed for the time of the call, on the dispatcher thread.
    pub r#fn: Option<
        unsafe extern "C" fn(
            status: sw_status,
            error: *const sw_error,
            page: *const sw_address_page,
            user_data: *mut c_void,
        ),
    >,
    /// Passed to `fn` unchanged. Nullable.
    pub user_data: *mut c_void,
}

fn to_address(address: &Address, texts: &mut Texts) -> sw_address {
    sw_address {
        struct_size: size_of::<sw_address>() as u32,
        address_type: address_type_number(address.address_type),
        is_locked: address.is_locked,
        id: texts.add(&address.id),
        name: texts.add(&address.name),
        display_name: texts.add(&address.display_name),
        resource_id: texts.add(&address.resource_id),
        created_at: texts.add(&address.created_at),
        dial_string: texts.add_optional(address.dial_string()),
        audio_channel: texts.add_optional(address.channels.audio.as_deref()),
        video_channel: texts.add_optional(address.channels.video.as_deref()),
        messaging_channel: texts.add_optional(address.channels.messaging.as_deref()),
        cover_url: texts.add_optional(address.cover_url.as_deref()),
        preview_url: texts.add_optional(address.preview_url.as_deref()),
    }
}

/// Gives a list of addresses to `call` as C structs.
fn with_addresses(addresses: &[Address], call: impl FnOnce(*const *const sw_address, usize)) {
    let mut texts = Texts::default();
    let structs: Vec<sw_address> = addresses.iter().map(|a| to_address(a, &mut texts)).collect();
    let pointers: Vec<*const sw_address> = structs.iter().map(std::ptr::from_ref).collect();
    call(list(&pointers), pointers.len());
}

fn with_page(page: &AddressPage, call: impl FnOnce(&sw_address_page)) {
    let mut texts = Texts::default();
    let links = links(&page.links, &mut texts);
    with_addresses(&page.addresses, |addresses, address_count| {
        call(&sw_address_page {
            struct_size: size_of::<sw_address_page>() as u32,
            has_next: page.has_next,
            addresses,
            address_count,
            has_previous: page.has_previous,
            first_link: links[0],
            previous_link: links[1],
            next_link: links[2],
        });
    });
}

/// First, previous, next.
pub(super) fn links(links: &PageLinks, texts: &mut Texts) -> [*const c_char; 3] {
    [&links.first, &links.previous, &links.next].map(|link| texts.add_optional(link.as_deref()))
}

fn with_one(address: &Address, call: &mut dyn FnMut(&sw_address)) {
    let mut texts = Texts::default();
    call(&to_address(address, &mut texts));
}

fn with_subscriber(subscriber: &Subscriber, call: impl FnOnce(&sw_subscriber)) {
    let mut texts = Texts::default();
    let mut scopes =
        |list: &[String]| list.iter().map(|scope| texts.add(scope)).collect::<Vec<*const c_char>>();
    let (app, token) = (scopes(&subscriber.app_scopes), scopes(&subscriber.token_scopes));
    with_addresses(&subscriber.addresses, |addresses, address_count| {
        call(&sw_subscriber {
            struct_size: size_of::<sw_subscriber>() as u32,
            id: texts.add(&subscriber.id),
            email: texts.add(&subscriber.email),
            first_name: texts.add(&subscriber.first_name),
            last_name: texts.add(&subscriber.last_name),
            display_name: texts.add(&subscriber.display_name),
            job_title: texts.add(&subscriber.job_title),
            time_zone: texts.add(&subscriber.time_zone),
            country: texts.add(&subscriber.country),
            region: texts.add(&subscriber.region),
            company_name: texts.add(&subscriber.company_name),
            token_expires_at: subscriber.token_expires_at.unwrap_or(0),
            addresses,
            address_count,
            raw_json: texts.add(&subscriber.raw_json),
            push_notification_key: texts.add(&subscriber.push_notification_key),
            app_display_name: texts.add(&subscriber.app_display_name),
            token_key_thumbprint: texts.add_optional(subscriber.token_key_thumbprint.as_deref()),
            app_scopes: list(&app),
            app_scope_count: app.len(),
            token_scopes: list(&token),
            token_scope_count: token.len(),
        });
    });
}

impl sw_subscriber_completion {
    fn pending(self) -> Pending<Subscriber> {
        let Some(function) = self.r#fn else { return Pending::new(None) };
        let data = Pointer(self.user_data);
        Pending::new(Some(Box::new(move |result| match result {
            Ok(subscriber) => with_subscriber(&subscriber, |subscriber| {
                // SAFETY: the header says that `fn` is such a function.
                unsafe { function(super::status::OK, std::ptr::null(), subscriber, data.get()) }
            }),
            Err(error) => call_with(&Some(error), |status, error| {
                // SAFETY: as above.
                unsafe { function(status, error, std::ptr::null(), data.get()) }
            }),
        })))
    }
}

impl sw_address_page_completion {
    pub(super) fn pending(self) -> Pending<AddressPage> {
        let Some(function) = self.r#fn else { return Pending::new(None) };
        let data = Pointer(self.user_data);
        Pending::new(Some(Box::new(move |result| match result {
            Ok(page) => with_page(&page, |page| {
                // SAFETY: the header says that `fn` is such a function.
                unsafe { function(super::status::OK, std::ptr::null(), page, data.get()) }
            }),
            Err(error) => call_with(&Some(error), |status, error| {
                // SAFETY: as above.
                unsafe { function(status, error, std::ptr::null(), data.get()) }
            }),
        })))
    }
}

/// Reads the subscriber that the token belongs to. Needs no session.
///
/// `client`: not null. Completion: `SW_ERR_UNAUTHORIZED`,
/// `SW_ERR_NETWORK`, `SW_ERR_TLS`, `SW_ERR_TIMEOUT`, `SW_ERR_RATE_LIMITED`, `SW_ERR_SERVER`,
/// `SW_ERR_PROTOCOL`; `SW_ERR_CANCELLED` when the client is freed meanwhile. Any thread. Each
/// call reads it anew.
#[no_mangle]
pub extern "C" fn sw_client_subscriber_info(
    client: *mut sw_client,
    done: sw_subscriber_completion,
) -> sw_status {
    guard(|| {
        let object = handle::get(client)?;
        let client = object.client.clone();
        start(done.pending(), object.until_freed(async move { client.subscriber_info().await }))
    })
}

/// Reads the first page of the addresses that the subscriber can see. Needs no session.
///
/// `client`: not null. `query`: nullable; copied. Completion:
/// `SW_ERR_INVALID_ARGUMENT` for the query, else those of `sw_client_subscriber_info`. Any
/// thread. Each call reads it anew.
#[no_mangle]
pub extern "C" fn sw_client_addresses(
    client: *mut sw_client,
    query: *const sw_address_query,
    done: sw_address_page_completion,
) -> sw_status {
    guard(|| {
        let object = handle::get(client)?;
        // SAFETY: the header asks for a valid struct or NULL.
        let query = unsafe { options::query(query)? };
        let client = object.client.clone();
        start(done.pending(), object.until_freed(async move { client.addresses(query).await }))
    })
}

/// Reads the page of the directory that a link of another page leads to.
///
/// `client`: not null. `link`: not null; one of a page's links, unchanged; copied. Completion:
/// `SW_ERR_PROTOCOL` for a link to another host, which would get the token; `SW_ERR_NOT_FOUND` for
/// a page that is gone; else those of `sw_client_subscriber_info`. Any thread.
#[no_mangle]
pub extern "C" fn sw_client_addresses_at(
    client: *mut sw_client,
    link: *const c_char,
    done: sw_address_page_completion,
) -> sw_status {
    guard(|| {
        let object = handle::get(client)?;
        // SAFETY: the header asks for a text or NULL.
        let link = unsafe { text::required(link, "link")? };
        let client = object.client.clone();
        start(done.pending(), object.until_freed(async move { client.addresses_at(&link).await }))
    })
}

/// Reads one address by its id, always from the service.
///
/// `client`, `id`: not null; copied. Completion: `SW_ERR_NOT_FOUND` if there is none, or none that
/// this subscriber can see; `SW_ERR_INVALID_ARGUMENT` for an empty id; else those of
/// `sw_client_subscriber_info`. Any thread.
#[no_mangle]
pub extern "C" fn sw_client_address(
    client: *mut sw_client,
    id: *const c_char,
    done: sw_address_completion,
) -> sw_status {
    guard(|| {
        let object = handle::get(client)?;
        // SAFETY: the header asks for a text or NULL.
        let id = unsafe { text::required(id, "id")? };
        let client = object.client.clone();
        let pending = pending(done.r#fn, done.user_data, with_one);
        start(pending, object.until_freed(async move { client.address(&id).await }))
    })
}

/// Finds one address by its name, always at the service.
///
/// `client`, `name`: not null; copied; `/context/name`, such as `/private/alice` (a `?channel=` is
/// ignored), or the name alone, which may exist in several contexts: the service's first is given.
/// Completion: `SW_ERR_NOT_FOUND`; `SW_ERR_INVALID_ARGUMENT` for an empty name; else those of
/// `sw_client_subscriber_info`. Any thread.
#[no_mangle]
pub extern "C" fn sw_client_address_by_name(
    client: *mut sw_client,
    name: *const c_char,
    done: sw_address_completion,
) -> sw_status {
    guard(|| {
        let object = handle::get(client)?;
        // SAFETY: the header asks for a text or NULL.
        let name = unsafe { text::required(name, "name")? };
        let client = object.client.clone();
        let pending = pending(done.r#fn, done.user_data, with_one);
        start(pending, object.until_freed(async move { client.address_by_name(&name).await }))
    })
}

/// Gives the address of this id as it was read last in this session, without asking the service.
/// `sw_client_address` reads it anew.
///
/// The last 1024 addresses of pages, single addresses and the subscriber are kept, until a session
/// is made anew or `sw_client_update_token`. `client`, `id`: not null; copied. Completion:
/// `SW_ERR_NOT_FOUND` if it was not read. Any thread.
#[no_mangle]
pub extern "C" fn sw_client_cached_address(
    client: *mut sw_client,
    id: *const c_char,
    done: sw_address_completion,
) -> sw_status {
    guard(|| {
        let object = handle::get(client)?;
        // SAFETY: the header asks for a text or NULL.
        let id = unsafe { text::required(id, "id")? };
        let found = object.client.cached_address(&id).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "this address was not read in this session")
        });
        start(pending(done.r#fn, done.user_data, with_one), async move { found })
    })
}

/// Issues a token with which somebody who has none may call an address of this subscriber: for a
/// link that is sent to them. Needs no session.
///
/// `client`, `address_id`: not null; the id of one of the own addresses, as
/// `sw_client_subscriber_info` gives them; copied. `expires_at`: seconds since 1970; 0: two hours
/// from now. Whoever has the token can call, but cannot be called. Completion: the token, a secret;
/// `SW_ERR_INVALID_ARGUMENT` for an empty address or an expiry that is not in seconds;
/// `SW_ERR_REJECTED` for an address that is not the subscriber's or a time in the past; else those
/// of `sw_client_subscriber_info`. Any thread. Source: `POST /api/fabric/subscriber/invites`.
#[no_mangle]
pub extern "C" fn sw_client_create_invite(
    client: *mut sw_client,
    address_id: *const c_char,
    expires_at: i64,
    done: sw_text_completion,
) -> sw_status {
    guard(|| {
        let object = handle::get(client)?;
        // SAFETY: the header asks for a text or NULL.
        let address_id = unsafe { text::required(address_id, "address_id")? };
        let expires_at = Some(expires_at).filter(|at| *at != 0);
        let client = object.client.clone();
        let work = async move {
            let token = client.create_invite(&address_id, expires_at).await?;
            Ok(token.expose().to_owned())
        };
        start(done.pending(), object.until_freed(work))
    })
}
