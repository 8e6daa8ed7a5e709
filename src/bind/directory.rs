//! The directory for the generated languages.

use super::{wait, Call, Client, Result};
use crate::{Address, AddressPage, AddressQuery, DialOptions};
use std::sync::Arc;

/// Every address that a query finds, in order, for one reader; pages are read as they are needed.
#[derive(uniffi::Object)]
pub struct AddressList(crate::AddressList);

#[uniffi::export]
impl AddressList {
    /// The next address; none at the end of the list.
    ///
    /// Errors: `Protocol` if the service's links lead in a circle or to another host; else those
    /// of the client's `addresses`. After an error the same page is tried again by the next call.
    pub async fn next(&self) -> Result<Option<Address>> {
        wait(self.0.next()).await
    }
}

#[uniffi::export]
impl Client {
    /// Reads the first page of the addresses that the subscriber can see. Needs no session.
    ///
    /// The page's links lead to the others, see `addresses_at`; `all_addresses` reads on by
    /// itself. Errors: `InvalidArgument` for the query, else those of `subscriber_info`.
    #[uniffi::method(default(query))]
    pub async fn addresses(&self, query: AddressQuery) -> Result<AddressPage> {
        wait(self.0.addresses(query)).await
    }

    /// Reads the page of the directory that a link of another page leads to.
    ///
    /// `link`: one of a page's links, unchanged. Errors: `Protocol` for a link to another host,
    /// which would get the token; `NotFound` for a page that is gone; else those of
    /// `subscriber_info`.
    pub async fn addresses_at(&self, link: String) -> Result<AddressPage> {
        wait(self.0.addresses_at(&link)).await
    }

    /// Every address that the query finds, one by one. Nothing is sent before the first is asked
    /// for, and errors of the query come then.
    #[uniffi::method(default(query))]
    pub fn all_addresses(&self, query: AddressQuery) -> Arc<AddressList> {
        Arc::new(AddressList(self.0.all_addresses(query)))
    }

    /// Reads one address by its id, always from the service.
    ///
    /// Errors: `NotFound` if there is none, or none that this subscriber can see;
    /// `InvalidArgument` for an empty id; else those of `subscriber_info`.
    pub async fn address(&self, id: String) -> Result<Address> {
        wait(self.0.address(&id)).await
    }

    /// Finds one address by its name, always at the service.
    ///
    /// `name`: `/context/name`, such as `/private/alice` (a `?channel=` is ignored), or the name
    /// alone, which may exist in several contexts: the service's first is given.
    /// Errors: `NotFound`; `InvalidArgument` for an empty name; else those of `subscriber_info`.
    pub async fn address_by_name(&self, name: String) -> Result<Address> {
        wait(self.0.address_by_name(&name)).await
    }

    /// The address of this id as it was read last in this session, without asking the service;
    /// none if it was not. `address` reads it anew.
    ///
    /// The last 1024 addresses are kept, until a session is made anew or `update_token`.
    pub fn cached_address(&self, id: &str) -> Option<Address> {
        self.0.cached_address(id)
    }

    /// Calls an entry of the directory by its best channel, see `dial_string`; else as `dial`.
    ///
    /// Errors: `NotSupported` if it has no channel for calls; else those of `dial`.
    #[uniffi::method(default(options))]
    pub fn dial_address(&self, address: Address, options: DialOptions) -> Result<Arc<Call>> {
        Ok(Call::new(self.0.dial_address(&address, options)?))
    }
}
