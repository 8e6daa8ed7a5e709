//! The directory: who can be called.

use super::Client;
use crate::call::{Call, Router};
use crate::config::DialOptions;
use crate::error::{Error, ErrorKind, Result};
use crate::net::http::Http;
use crate::rest::cache::AddressCache;
use crate::rest::page::List;
use crate::rest::{directory, invite};
use crate::rest::{Address, AddressPage, AddressQuery};
use crate::util::redact::Secret;
use std::sync::Arc;

/// Every address of a list, see [`List`].
pub type AddressList = List<Address>;

/// What it takes to read addresses and to remember them; not the client itself, which would be
/// kept open by it.
#[derive(Clone)]
pub(super) struct Directory {
    http: Http,
    cache: Arc<AddressCache>,
    router: Arc<Router>,
    session: u64,
}

impl Directory {
    pub(super) fn keep(&self, addresses: &[Address]) {
        self.cache.put(self.session, addresses);
    }

    fn kept(&self, page: AddressPage) -> AddressPage {
        self.keep(&page.addresses);
        page
    }
}

impl Client {
    /// Issues a token with which somebody who has none may call an address of this subscriber: for a
    /// link that is sent to them. Needs no session.
    ///
    /// `address_id`: the id of one of the own addresses, as [`Client::subscriber_info`] gives them.
    /// `expires_at`: seconds since 1970; `None`: two hours from now. Whoever has the token can call,
    /// but cannot be called.
    /// Errors: `InvalidArgument` for an empty address or an expiry that is not in seconds; `Rejected`
    /// (422) for an address that is not the subscriber's or a time in the past; else those of
    /// [`Client::subscriber_info`]. Source: `POST /api/fabric/subscriber/invites`.
    pub async fn create_invite(&self, address_id: &str, expires_at: Option<i64>) -> Result<Secret> {
        let (http, address_id) = (self.directory().http, address_id.to_owned());
        self.run(async move { invite::create(&http, &address_id, expires_at).await }).await
    }

    /// Reads the first page of the addresses that the subscriber can see. Needs no session.
    ///
    /// [`AddressPage::links`] lead to the others, see [`Client::addresses_at`];
    /// [`Client::all_addresses`] reads on by itself.
    /// Errors: `InvalidArgument` for the query, else those of [`Client::subscriber_info`].
    /// Source: `GET /api/fabric/addresses`.
    pub async fn addresses(&self, query: AddressQuery) -> Result<AddressPage> {
        let directory = self.directory();
        self.run(async move { Ok(directory.kept(directory::list(&directory.http, &query).await?)) })
            .await
    }

    /// Reads the page of the directory that a link of another page leads to.
    ///
    /// `link`: one of a page's `links`, unchanged. Errors: `Protocol` for a link to another host,
    /// which would get the token; `NotFound` for a page that is gone; else those of
    /// [`Client::subscriber_info`]. Source: `links` of `GET /api/fabric/addresses`.
    pub async fn addresses_at(&self, link: &str) -> Result<AddressPage> {
        let (directory, link) = (self.directory(), link.to_owned());
        self.run(
            async move { Ok(directory.kept(directory::list_at(&directory.http, &link).await?)) },
        )
        .await
    }

    /// Every address that the query finds, one by one; pages are read as they are needed. Nothing
    /// is sent before the first is asked for, and errors of the query come then.
    pub fn all_addresses(&self, query: AddressQuery) -> AddressList {
        let (client, runtime) = (self.directory(), self.0.runtime);
        List::new(Box::new(move |link| {
            let directory = client.current();
            let query = query.clone();
            Box::pin(async move {
                runtime.check()?;
                let page = match link {
                    None => directory::list(&directory.http, &query).await?,
                    Some(link) => directory::list_at(&directory.http, &link).await?,
                };
                let page = directory.kept(page);
                Ok((page.addresses, page.links.next))
            })
        }))
    }

    /// Reads one address by its id, always from the service.
    ///
    /// Errors: `NotFound` if there is none, or none that this subscriber can see;
    /// `InvalidArgument` for an empty id; else those of [`Client::subscriber_info`].
    /// Source: `GET /api/fabric/addresses/{id}`.
    pub async fn address(&self, id: &str) -> Result<Address> {
        let (directory, id) = (self.directory(), id.to_owned());
        self.run(async move {
            let found = directory::by_id(&directory.http, &id).await;
            match &found {
                Ok(address) => directory.keep(std::slice::from_ref(address)),
                Err(error) if error.kind() == ErrorKind::NotFound => directory.cache.remove(&id),
                Err(_) => {}
            }
            found
        })
        .await
    }

    /// Finds one address by its name, always at the service.
    ///
    /// `name`: `/context/name`, such as `/private/alice` (a `?channel=` is ignored), or the name
    /// alone, which may exist in several contexts: the service's first is given.
    /// Errors: `NotFound`; `InvalidArgument` for an empty name; else those of
    /// [`Client::subscriber_info`]. Source: `GET /api/fabric/addresses?name=`.
    pub async fn address_by_name(&self, name: &str) -> Result<Address> {
        let (directory, name) = (self.directory(), name.to_owned());
        self.run(async move {
            let address = directory::by_name(&directory.http, &name).await?;
            directory.keep(std::slice::from_ref(&address));
            Ok(address)
        })
        .await
    }

    /// The address of this id as it was read last in this session, without asking the service;
    /// `None` if it was not. Good for names beside messages; [`Client::address`] reads it anew.
    ///
    /// The last 1024 addresses of pages, single addresses and the subscriber info are kept. They
    /// are forgotten when a session is made anew, not when one is taken up again, and with
    /// [`Client::update_token`]: it may be another subscriber's.
    pub fn cached_address(&self, id: &str) -> Option<Address> {
        self.0.addresses.get(self.0.router.session_number(), id)
    }

    /// Calls an entry of the directory by its best channel, see [`Address::dial_string`]; else as
    /// [`Client::dial`].
    ///
    /// Errors: `NotSupported` if it has no channel for calls; else those of [`Client::dial`].
    pub fn dial_address(&self, address: &Address, options: DialOptions) -> Result<Call> {
        let destination = address.dial_string().ok_or_else(|| {
            Error::new(ErrorKind::NotSupported, "this address has no channel that can be called")
        })?;
        self.dial(destination, options)
    }

    pub(super) fn directory(&self) -> Directory {
        let router = Arc::clone(&self.0.router);
        Directory {
            http: self.0.http.clone(),
            cache: Arc::clone(&self.0.addresses),
            session: router.session_number(),
            router,
        }
    }
}

impl Directory {
    /// The same in the session that is up now.
    fn current(&self) -> Self {
        Self { session: self.router.session_number(), ..self.clone() }
    }
}
