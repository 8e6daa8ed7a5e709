//! `sw_rest_client_*`: subscribers and resources of a project, for backends.

use super::completion::{guard_with, start, sw_completion, Pending};
use super::directory::{links, sw_address_page_completion};
use super::guard::guard;
use super::handle;
use super::record::pending;
use super::rest_api::sw_rest_client;
use super::status::{sw_error, sw_status};
use super::text::{self, list, Texts};
use super::versioned::{self, Versioned};
use crate::error::{Error, Result};
use crate::rest_api::{Page, Resource, Secret, SubscriberRequest, SubscriberResource};
use crate::{Address, AddressPage};
use std::ffi::{c_char, c_void};

/// What a subscriber shall be. Start from `SW_SUBSCRIBER_REQUEST_INIT`. Copied. An update replaces
/// the subscriber; texts that are NULL are not sent.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_subscriber_request {
    /// `sizeof(sw_subscriber_request)`; set by `SW_SUBSCRIBER_REQUEST_INIT`.
    pub struct_size: u32,
    /// E-mail address, unique in the project. Not null.
    pub email: *const c_char,
    /// Password of 8 to 72 characters. NULL: a random one.
    pub password: *const c_char,
    /// First name.
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
}

// SAFETY: repr(C), size first, nullable pointers.
unsafe impl Versioned for sw_subscriber_request {
    const FIRST_SIZE: usize = size_of::<sw_subscriber_request>();
}

/// A subscriber as the project sees it. Borrowed for the time of the completion. No text is NULL; a
/// missing one is empty.
#[repr(C)]
pub struct sw_subscriber_resource {
    /// Size of this struct in the library, in bytes.
    pub struct_size: u32,
    /// The resource's id (UUID): what the functions here take.
    pub id: *const c_char,
    /// The subscriber's own id (UUID), which differs: the `subscriber_id` of its tokens.
    pub subscriber_id: *const c_char,
    /// The project (UUID).
    pub project_id: *const c_char,
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
    /// Time zone.
    pub time_zone: *const c_char,
    /// Country.
    pub country: *const c_char,
    /// Company.
    pub company_name: *const c_char,
    /// When it was made (ISO 8601).
    pub created_at: *const c_char,
    /// When it was last changed (ISO 8601).
    pub updated_at: *const c_char,
    /// The whole entry as JSON text.
    pub raw_json: *const c_char,
}

/// One resource. Borrowed for the time of the completion. No text is NULL; a missing one is empty.
#[repr(C)]
pub struct sw_resource {
    /// Size of this struct in the library, in bytes.
    pub struct_size: u32,
    /// Identifier (UUID).
    pub id: *const c_char,
    /// The project (UUID).
    pub project_id: *const c_char,
    /// Name to show.
    pub display_name: *const c_char,
    /// What it is, such as `subscriber`, `swml_script` or `video_room`.
    pub kind: *const c_char,
    /// When it was made (ISO 8601).
    pub created_at: *const c_char,
    /// When it was last changed (ISO 8601).
    pub updated_at: *const c_char,
    /// The whole entry as JSON text.
    pub raw_json: *const c_char,
}

/// A page of subscribers. Borrowed for the time of the completion.
#[repr(C)]
pub struct sw_subscriber_resource_page {
    /// Size of this struct in the library, in bytes.
    pub struct_size: u32,
    /// `entry_count` pointers, none of them NULL; NULL when there are none.
    pub entries: *const *const sw_subscriber_resource,
    /// Number of entries on this page.
    pub entry_count: usize,
    /// The first page, as `link` of the same function. Nullable, as the other links.
    pub first_link: *const c_char,
    /// The page before. NULL before the first.
    pub previous_link: *const c_char,
    /// The page that follows. NULL after the last.
    pub next_link: *const c_char,
}

/// A page of resources. Borrowed for the time of the completion.
#[repr(C)]
pub struct sw_resource_page {
    /// Size of this struct in the library, in bytes.
    pub struct_size: u32,
    /// `entry_count` pointers, none of them NULL; NULL when there are none.
    pub entries: *const *const sw_resource,
    /// Number of entries on this page.
    pub entry_count: usize,
    /// The first page, as `link` of the same function. Nullable, as the other links.
    pub first_link: *const c_char,
    /// The page before. NULL before the first.
    pub previous_link: *const c_char,
    /// The page that follows. NULL after the last.
    pub next_link: *const c_char,
}

/// As `sw_completion`, with a subscriber.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_subscriber_resource_completion {
    /// Nullable. `error` is NULL and `subscriber` is not on success; the other way round on failure.
    /// Both are borrowed for the time of the call, on the dispatcher thread.
    pub r#fn: Option<
        unsafe extern "C" fn(
            status: sw_status,
            error: *const sw_error,
            subscriber: *const sw_subscriber_resource,
            user_data: *mut c_void,
        ),
    >,
    /// Passed to `fn` unchanged. Nullable.
    pub user_data: *mut c_void,
}

/// As `sw_completion`, with a page of subscribers.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_subscriber_resource_page_completion {
    /// Nullable. `error` is NULL and `page` is not on success; the other way round on failure.
    /// Both are borrowed for the time of the call, on the dispatcher thread.
    pub r#fn: Option<
        unsafe extern "C" fn(
            status: sw_status,
            error: *const sw_error,
            page: *const sw_subscriber_resource_page,
            user_data: *mut c_void,
        ),
    >,
    /// Passed to `fn` unchanged. Nullable.
    pub user_data: *mut c_void,
}

/// As `sw_completion`, with a resource.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_resource_completion {
    /// Nullable. `error` is NULL and `resource` is not on success; the other way round on failure.
    /// Both are borrowed for the time of the call, on the dispatcher thread.
    pub r#fn: Option<
        unsafe extern "C" fn(
            status: sw_status,
            error: *const sw_error,
            resource: *const sw_resource,
            user_data: *mut c_void,
        ),
    >,
    /// Passed to `fn` unchanged. Nullable.
    pub user_data: *mut c_void,
}

/// As `sw_completion`, with a page of resources.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_resource_page_completion {
    /// Nullable. `error` is NULL and `page` is not on success; the other way round on failure.
    /// Both are borrowed for the time of the call, on the dispatcher thread.
    pub r#fn: Option<
        unsafe extern "C" fn(
            status: sw_status,
            error: *const sw_error,
            page: *const sw_resource_page,
            user_data: *mut c_void,
        ),
    >,
    /// Passed to `fn` unchanged. Nullable.
    pub user_data: *mut c_void,
}

fn to_subscriber(from: &SubscriberResource, texts: &mut Texts) -> sw_subscriber_resource {
    sw_subscriber_resource {
        struct_size: size_of::<sw_subscriber_resource>() as u32,
        id: texts.add(&from.id),
        subscriber_id: texts.add(&from.subscriber_id),
        project_id: texts.add(&from.project_id),
        email: texts.add(&from.email),
        first_name: texts.add(&from.first_name),
        last_name: texts.add(&from.last_name),
        display_name: texts.add(&from.display_name),
        job_title: texts.add(&from.job_title),
        time_zone: texts.add(&from.time_zone),
        country: texts.add(&from.country),
        company_name: texts.add(&from.company_name),
        created_at: texts.add(&from.created_at),
        updated_at: texts.add(&from.updated_at),
        raw_json: texts.add(&from.raw_json),
    }
}

fn to_resource(from: &Resource, texts: &mut Texts) -> sw_resource {
    sw_resource {
        struct_size: size_of::<sw_resource>() as u32,
        id: texts.add(&from.id),
        project_id: texts.add(&from.project_id),
        display_name: texts.add(&from.display_name),
        kind: texts.add(&from.kind),
        created_at: texts.add(&from.created_at),
        updated_at: texts.add(&from.updated_at),
        raw_json: texts.add(&from.raw_json),
    }
}

fn with_subscriber(subscriber: &SubscriberResource, call: &mut dyn FnMut(&sw_subscriber_resource)) {
    let mut texts = Texts::default();
    call(&to_subscriber(subscriber, &mut texts));
}

fn with_resource(resource: &Resource, call: &mut dyn FnMut(&sw_resource)) {
    let mut texts = Texts::default();
    call(&to_resource(resource, &mut texts));
}

fn with_subscribers(
    page: &Page<SubscriberResource>,
    call: &mut dyn FnMut(&sw_subscriber_resource_page),
) {
    let mut texts = Texts::default();
    let structs: Vec<sw_subscriber_resource> =
        page.items.iter().map(|e| to_subscriber(e, &mut texts)).collect();
    let pointers: Vec<*const sw_subscriber_resource> =
        structs.iter().map(std::ptr::from_ref).collect();
    let links = links(page.links(), &mut texts);
    call(&sw_subscriber_resource_page {
        struct_size: size_of::<sw_subscriber_resource_page>() as u32,
        entries: list(&pointers),
        entry_count: pointers.len(),
        first_link: links[0],
        previous_link: links[1],
        next_link: links[2],
    });
}

fn with_resources(page: &Page<Resource>, call: &mut dyn FnMut(&sw_resource_page)) {
    let mut texts = Texts::default();
    let structs: Vec<sw_resource> = page.items.iter().map(|e| to_resource(e, &mut texts)).collect();
    let pointers: Vec<*const sw_resource> = structs.iter().map(std::ptr::from_ref).collect();
    let links = links(page.links(), &mut texts);
    call(&sw_resource_page {
        struct_size: size_of::<sw_resource_page>() as u32,
        entries: list(&pointers),
        entry_count: pointers.len(),
        first_link: links[0],
        previous_link: links[1],
        next_link: links[2],
    });
}

impl sw_subscriber_resource_completion {
    fn pending(self) -> Pending<SubscriberResource> {
        pending(self.r#fn, self.user_data, with_subscriber)
    }
}

impl sw_subscriber_resource_page_completion {
    fn pending(self) -> Pending<Page<SubscriberResource>> {
        pending(self.r#fn, self.user_data, with_subscribers)
    }
}

impl sw_resource_completion {
    fn pending(self) -> Pending<Resource> {
        pending(self.r#fn, self.user_data, with_resource)
    }
}

impl sw_resource_page_completion {
    fn pending(self) -> Pending<Page<Resource>> {
        pending(self.r#fn, self.user_data, with_resources)
    }
}

fn address_page(page: Page<Address>) -> AddressPage {
    let links = page.links().clone();
    AddressPage {
        addresses: page.items,
        has_next: links.next.is_some(),
        has_previous: links.previous.is_some(),
        links,
    }
}

/// # Safety
/// `raw` is NULL or a struct whose pointers are NULL or texts.
unsafe fn subscriber_request(raw: *const sw_subscriber_request) -> Result<SubscriberRequest> {
    // SAFETY: the caller's promise, here and for every text below.
    unsafe {
        let raw = versioned::read(raw, "request")?;
        let raw = raw.ok_or_else(|| Error::invalid("request must not be NULL"))?;
        let mut request = SubscriberRequest::new(text::required(raw.email, "email")?);
        request.password = text::optional(raw.password, "password")?.map(Secret::from);
        request.first_name = text::optional(raw.first_name, "first_name")?;
        request.last_name = text::optional(raw.last_name, "last_name")?;
        request.display_name = text::optional(raw.display_name, "display_name")?;
        request.job_title = text::optional(raw.job_title, "job_title")?;
        request.time_zone = text::optional(raw.time_zone, "time_zone")?;
        request.country = text::optional(raw.country, "country")?;
        request.company_name = text::optional(raw.company_name, "company_name")?;
        Ok(request)
    }
}

/// Creates a subscriber. It is not repeated once it may have been processed.
///
/// `rest`, `request`: not null; copied. Completion: `SW_ERR_REJECTED` for an e-mail address that is
/// taken; else see `sw_rest_client`. Any thread. Source: `POST /api/fabric/resources/subscribers`.
#[no_mangle]
pub extern "C" fn sw_rest_client_create_subscriber(
    rest: *mut sw_rest_client,
    request: *const sw_subscriber_request,
    done: sw_subscriber_resource_completion,
) -> sw_status {
    guard(|| {
        let rest = handle::get(rest)?;
        // SAFETY: the header asks for a valid struct or NULL.
        let request = unsafe { subscriber_request(request)? };
        start(done.pending(), async move { rest.create_subscriber(request).await })
    })
}

/// Replaces the subscriber with this resource id.
///
/// `rest`, `id`, `request`: not null; copied. Completion: see `sw_rest_client`.
/// Any thread. Source: `PUT /api/fabric/resources/subscribers/{id}`.
#[no_mangle]
pub extern "C" fn sw_rest_client_update_subscriber(
    rest: *mut sw_rest_client,
    id: *const c_char,
    request: *const sw_subscriber_request,
    done: sw_subscriber_resource_completion,
) -> sw_status {
    guard(|| {
        let rest = handle::get(rest)?;
        // SAFETY: the header asks for a text or NULL.
        let id = unsafe { text::required(id, "id")? };
        // SAFETY: the header asks for a valid struct or NULL.
        let request = unsafe { subscriber_request(request)? };
        start(done.pending(), async move { rest.update_subscriber(&id, request).await })
    })
}

/// Reads a page of the project's subscribers.
///
/// `rest`: not null. `page_size`: 1 to 1000; 0: what the service chooses. `link`:
/// nullable; NULL for the first page, else one of a page's links, unchanged. Completion: see `sw_rest_client`.
/// Any thread. Source: `GET /api/fabric/resources/subscribers`.
#[no_mangle]
pub extern "C" fn sw_rest_client_subscribers(
    rest: *mut sw_rest_client,
    page_size: u32,
    link: *const c_char,
    done: sw_subscriber_resource_page_completion,
) -> sw_status {
    guard(|| {
        let rest = handle::get(rest)?;
        // SAFETY: the header asks for a text or NULL.
        let link = unsafe { text::optional(link, "link")? };
        let page_size = Some(page_size).filter(|size| *size != 0);
        start(done.pending(), async move {
            match link {
                Some(link) => rest.subscribers_at(&link).await,
                None => rest.subscribers(page_size).await,
            }
        })
    })
}

/// Reads the subscriber with this resource id.
///
/// `rest`, `id`: not null; copied. Completion: see `sw_rest_client`.
/// Any thread. Source: `GET /api/fabric/resources/subscribers/{id}`.
#[no_mangle]
pub extern "C" fn sw_rest_client_subscriber(
    rest: *mut sw_rest_client,
    id: *const c_char,
    done: sw_subscriber_resource_completion,
) -> sw_status {
    guard(|| {
        let rest = handle::get(rest)?;
        // SAFETY: the header asks for a text or NULL.
        let id = unsafe { text::required(id, "id")? };
        start(done.pending(), async move { rest.subscriber(&id).await })
    })
}

/// Deletes the subscriber with this resource id. Deleting it again is `SW_ERR_NOT_FOUND`.
///
/// `rest`, `id`: not null; copied. Completion: see `sw_rest_client`.
/// Any thread. Source: `DELETE /api/fabric/resources/subscribers/{id}`.
#[no_mangle]
pub extern "C" fn sw_rest_client_delete_subscriber(
    rest: *mut sw_rest_client,
    id: *const c_char,
    done: sw_completion,
) -> sw_status {
    guard_with(done, || {
        let rest = handle::get(rest)?;
        // SAFETY: the header asks for a text or NULL.
        let id = unsafe { text::required(id, "id")? };
        start(done.pending(), async move { rest.delete_subscriber(&id).await })
    })
}

/// Reads a page of a subscriber's addresses.
///
/// `rest`, `id`: not null; copied. `page_size`: 1 to 1000; 0: what the service chooses. `link`:
/// nullable; NULL for the first page, else one of a page's links, unchanged. Completion: see `sw_rest_client`.
/// Any thread. Source: `GET /api/fabric/resources/subscribers/{id}/addresses`.
#[no_mangle]
pub extern "C" fn sw_rest_client_subscriber_addresses(
    rest: *mut sw_rest_client,
    id: *const c_char,
    page_size: u32,
    link: *const c_char,
    done: sw_address_page_completion,
) -> sw_status {
    guard(|| {
        let rest = handle::get(rest)?;
        // SAFETY: the header asks for a text or NULL.
        let id = unsafe { text::required(id, "id")? };
        // SAFETY: the header asks for a text or NULL.
        let link = unsafe { text::optional(link, "link")? };
        let page_size = Some(page_size).filter(|size| *size != 0);
        start(done.pending(), async move {
            let page = match link {
                Some(link) => rest.addresses_at(&link).await,
                None => rest.subscriber_addresses(&id, page_size).await,
            };
            page.map(address_page)
        })
    })
}

/// Reads a page of the project's resources.
///
/// `rest`: not null. `page_size`: 1 to 1000; 0: what the service chooses. `link`:
/// nullable; NULL for the first page, else one of a page's links, unchanged. Completion: see `sw_rest_client`.
/// Any thread. Source: `GET /api/fabric/resources`.
#[no_mangle]
pub extern "C" fn sw_rest_client_resources(
    rest: *mut sw_rest_client,
    page_size: u32,
    link: *const c_char,
    done: sw_resource_page_completion,
) -> sw_status {
    guard(|| {
        let rest = handle::get(rest)?;
        // SAFETY: the header asks for a text or NULL.
        let link = unsafe { text::optional(link, "link")? };
        let page_size = Some(page_size).filter(|size| *size != 0);
        start(done.pending(), async move {
            match link {
                Some(link) => rest.resources_at(&link).await,
                None => rest.resources(page_size).await,
            }
        })
    })
}

/// Reads one resource.
///
/// `rest`, `id`: not null; copied. Completion: see `sw_rest_client`.
/// Any thread. Source: `GET /api/fabric/resources/{id}`.
#[no_mangle]
pub extern "C" fn sw_rest_client_resource(
    rest: *mut sw_rest_client,
    id: *const c_char,
    done: sw_resource_completion,
) -> sw_status {
    guard(|| {
        let rest = handle::get(rest)?;
        // SAFETY: the header asks for a text or NULL.
        let id = unsafe { text::required(id, "id")? };
        start(done.pending(), async move { rest.resource(&id).await })
    })
}

/// Deletes a resource of any kind, with its addresses. Deleting it again is `SW_ERR_NOT_FOUND`.
///
/// `rest`, `id`: not null; copied. Completion: see `sw_rest_client`.
/// Any thread. Source: `DELETE /api/fabric/resources/{id}`.
#[no_mangle]
pub extern "C" fn sw_rest_client_delete_resource(
    rest: *mut sw_rest_client,
    id: *const c_char,
    done: sw_completion,
) -> sw_status {
    guard_with(done, || {
        let rest = handle::get(rest)?;
        // SAFETY: the header asks for a text or NULL.
        let id = unsafe { text::required(id, "id")? };
        start(done.pending(), async move { rest.delete_resource(&id).await })
    })
}

/// Reads a page of a resource's addresses.
///
/// `rest`, `id`: not null; copied. `page_size`: 1 to 1000; 0: what the service chooses. `link`:
/// nullable; NULL for the first page, else one of a page's links, unchanged. Completion: see `sw_rest_client`.
/// Any thread. Source: `GET /api/fabric/resources/{id}/addresses`.
#[no_mangle]
pub extern "C" fn sw_rest_client_resource_addresses(
    rest: *mut sw_rest_client,
    id: *const c_char,
    page_size: u32,
    link: *const c_char,
    done: sw_address_page_completion,
) -> sw_status {
    guard(|| {
        let rest = handle::get(rest)?;
        // SAFETY: the header asks for a text or NULL.
        let id = unsafe { text::required(id, "id")? };
        // SAFETY: the header asks for a text or NULL.
        let link = unsafe { text::optional(link, "link")? };
        let page_size = Some(page_size).filter(|size| *size != 0);
        start(done.pending(), async move {
            let page = match link {
                Some(link) => rest.addresses_at(&link).await,
                None => rest.resource_addresses(&id, page_size).await,
            };
            page.map(address_page)
        })
    })
}
