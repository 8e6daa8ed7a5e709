//! The REST API for backends, for the generated languages (feature `rest-api`).

use super::{wait, Result};
use crate::rest_api::{
    GuestTokenRequest, InviteTokenRequest, Items, Resource, RestOptions, Secret, SipCredential,
    SipCredentialRequest, SubscriberRequest, SubscriberResource, SubscriberTokenRequest,
};
use crate::Address;
use std::sync::Arc;
use tokio::sync::Mutex;

// Plain texts in the generated languages, which have no memory that can be wiped.
uniffi::custom_type!(Secret, String, {
    lower: |secret| secret.expose().to_owned(),
    try_lift: |text| Ok(Secret::from(text)),
});

/// A list of which pages are read as they are needed.
macro_rules! list {
    ($(#[$about:meta])* $name:ident, $entry:ty) => {
        $(#[$about])*
        #[derive(uniffi::Object)]
        pub struct $name(Mutex<Items<$entry>>);

        impl $name {
            fn new(page: crate::rest_api::Page<$entry>) -> Arc<Self> {
                Arc::new(Self(Mutex::new(page.all())))
            }
        }

        #[uniffi::export]
        impl $name {
            /// The next entry; none at the end of the list.
            ///
            /// Errors: `Protocol` if the service's links lead in a circle or to another host;
            /// else those of `RestClient`. After an error the same page is tried again by the
            /// next call.
            pub async fn next(&self) -> Result<Option<$entry>> {
                wait(async { self.0.lock().await.next().await }).await
            }
        }
    };
}

list!(
    /// Subscribers, in order, for one reader.
    SubscriberList,
    SubscriberResource
);
list!(
    /// Resources, in order, for one reader.
    ResourceList,
    Resource
);
list!(
    /// Addresses of a resource or a subscriber, in order, for one reader.
    ResourceAddressList,
    Address
);
list!(
    /// SIP credentials of a subscriber, in order, for one reader.
    SipCredentialList,
    SipCredential
);

/// A new token of a subscriber. It shows in no description of the object.
#[derive(uniffi::Object)]
pub struct SubscriberToken(crate::rest_api::SubscriberToken);

#[uniffi::export]
impl SubscriberToken {
    /// The subscriber's id (UUID).
    pub fn subscriber_id(&self) -> String {
        self.0.subscriber_id.clone()
    }

    /// The access token: what a client's options take.
    pub fn token(&self) -> String {
        self.0.token.expose().to_owned()
    }

    /// What `refresh_subscriber_token` takes; stays on the backend.
    pub fn refresh_token(&self) -> String {
        self.0.refresh_token.expose().to_owned()
    }
}

/// An access token and its refresh token. They show in no description of the object.
#[derive(uniffi::Object)]
pub struct TokenPair(crate::rest_api::TokenPair);

#[uniffi::export]
impl TokenPair {
    /// The access token: what a client's options take.
    pub fn token(&self) -> String {
        self.0.token.expose().to_owned()
    }

    /// What `refresh_subscriber_token` takes; stays on the backend.
    pub fn refresh_token(&self) -> String {
        self.0.refresh_token.expose().to_owned()
    }
}

/// A project's access to the REST API of its space, for backends: it holds the project's API
/// token, which must never be part of an application that is given away.
///
/// Every method may be called from any thread and gives these errors, besides those it names:
/// `Unauthorized` (project id, API token or its scopes), `NotFound`, `Rejected` (what the service
/// does not take, with its problems), `RateLimited`, `Server`, `Timeout`, `Network`, `Tls`,
/// `Protocol`; `InvalidArgument` for what cannot be, before anything is sent. The `code` of an
/// error is the HTTP status. Requests are repeated up to twice where that can do no harm.
#[derive(uniffi::Object)]
pub struct RestClient(crate::rest_api::RestClient);

#[uniffi::export]
impl RestClient {
    /// Makes a client; nothing is sent yet.
    ///
    /// Errors: `InvalidArgument` for options that cannot be, `Tls` for unreadable CA certificates.
    #[uniffi::constructor]
    pub fn new(options: RestOptions) -> Result<Self> {
        Ok(Self(crate::rest_api::RestClient::new(options)?))
    }

    /// Issues a token for a subscriber, who is created if unknown. It is not repeated once it may have
    /// been processed. `POST /api/fabric/subscribers/tokens`.
    pub async fn create_subscriber_token(
        &self,
        request: SubscriberTokenRequest,
    ) -> Result<Arc<SubscriberToken>> {
        let token = wait(self.0.create_subscriber_token(request)).await?;
        Ok(Arc::new(SubscriberToken(token)))
    }

    /// Exchanges a refresh token for a new pair, which replaces the old one: store it at once.
    ///
    /// Errors: `Rejected` for a token that is spent or expired; issue a new one then. After `Timeout`
    /// or `Network` the old one may be spent. `POST /api/fabric/subscribers/tokens/refresh`.
    pub async fn refresh_subscriber_token(&self, refresh_token: Secret) -> Result<Arc<TokenPair>> {
        let pair = wait(self.0.refresh_subscriber_token(&refresh_token)).await?;
        Ok(Arc::new(TokenPair(pair)))
    }

    /// Issues a token for a guest, who may call the given addresses (1 to 10 ids) and cannot be
    /// called. `POST /api/fabric/guests/tokens`.
    pub async fn create_guest_token(&self, request: GuestTokenRequest) -> Result<Arc<TokenPair>> {
        let pair = wait(self.0.create_guest_token(request)).await?;
        Ok(Arc::new(TokenPair(pair)))
    }

    /// Issues a token with which an invited person may call one address of a subscriber.
    ///
    /// `subscriber_token`: the inviting subscriber's access token, which authorizes it. Errors:
    /// `InvalidToken` if that is not one. `POST /api/fabric/subscriber/invites`.
    pub async fn create_invite_token(
        &self,
        subscriber_token: Secret,
        request: InviteTokenRequest,
    ) -> Result<String> {
        let token = wait(self.0.create_invite_token(&subscriber_token, request)).await?;
        Ok(token.expose().to_owned())
    }

    /// Exchanges the public token of an embedded button (`c2c_…`) for a guest's access token, without
    /// credentials. `POST /api/fabric/embeds/tokens`.
    pub async fn exchange_embed_token(&self, embed_token: Secret) -> Result<String> {
        let token = wait(self.0.exchange_embed_token(&embed_token)).await?;
        Ok(token.expose().to_owned())
    }

    /// Creates a subscriber. Errors: `Rejected` for an e-mail address that is taken.
    /// `POST /api/fabric/resources/subscribers`.
    pub async fn create_subscriber(
        &self,
        request: SubscriberRequest,
    ) -> Result<SubscriberResource> {
        wait(self.0.create_subscriber(request)).await
    }

    /// Replaces the subscriber with this resource id. `PUT /api/fabric/resources/subscribers/{id}`.
    pub async fn update_subscriber(
        &self,
        id: String,
        request: SubscriberRequest,
    ) -> Result<SubscriberResource> {
        wait(self.0.update_subscriber(&id, request)).await
    }

    /// The project's subscribers; the first page is read now. `page_size`: 1 to 1000, by default what
    /// the service chooses. `GET /api/fabric/resources/subscribers`.
    #[uniffi::method(default(page_size = None))]
    pub async fn subscribers(&self, page_size: Option<u32>) -> Result<Arc<SubscriberList>> {
        Ok(SubscriberList::new(wait(self.0.subscribers(page_size)).await?))
    }

    /// Reads the subscriber with this resource id.
    /// `GET /api/fabric/resources/subscribers/{id}`.
    pub async fn subscriber(&self, id: String) -> Result<SubscriberResource> {
        wait(self.0.subscriber(&id)).await
    }

    /// Deletes the subscriber with this resource id. Deleting it again is `NotFound`.
    /// `DELETE /api/fabric/resources/subscribers/{id}`.
    pub async fn delete_subscriber(&self, id: String) -> Result<()> {
        wait(self.0.delete_subscriber(&id)).await
    }

    /// A subscriber's addresses; the first page is read now.
    /// `GET /api/fabric/resources/subscribers/{id}/addresses`.
    #[uniffi::method(default(page_size = None))]
    pub async fn subscriber_addresses(
        &self,
        id: String,
        page_size: Option<u32>,
    ) -> Result<Arc<ResourceAddressList>> {
        let page = wait(self.0.subscriber_addresses(&id, page_size)).await?;
        Ok(ResourceAddressList::new(page))
    }

    /// The project's resources; the first page is read now. `GET /api/fabric/resources`.
    #[uniffi::method(default(page_size = None))]
    pub async fn resources(&self, page_size: Option<u32>) -> Result<Arc<ResourceList>> {
        Ok(ResourceList::new(wait(self.0.resources(page_size)).await?))
    }

    /// Reads one resource. `GET /api/fabric/resources/{id}`.
    pub async fn resource(&self, id: String) -> Result<Resource> {
        wait(self.0.resource(&id)).await
    }

    /// Deletes a resource of any kind, with its addresses. Deleting it again is `NotFound`.
    /// `DELETE /api/fabric/resources/{id}`.
    pub async fn delete_resource(&self, id: String) -> Result<()> {
        wait(self.0.delete_resource(&id)).await
    }

    /// A resource's addresses; the first page is read now.
    /// `GET /api/fabric/resources/{id}/addresses`.
    #[uniffi::method(default(page_size = None))]
    pub async fn resource_addresses(
        &self,
        id: String,
        page_size: Option<u32>,
    ) -> Result<Arc<ResourceAddressList>> {
        let page = wait(self.0.resource_addresses(&id, page_size)).await?;
        Ok(ResourceAddressList::new(page))
    }

    /// The SIP credentials of the subscriber with this resource id; the first page is read now.
    /// `GET /api/fabric/resources/subscribers/{id}/sip_endpoints`.
    #[uniffi::method(default(page_size = None))]
    pub async fn sip_credentials(
        &self,
        subscriber_id: String,
        page_size: Option<u32>,
    ) -> Result<Arc<SipCredentialList>> {
        let page = wait(self.0.sip_credentials(&subscriber_id, page_size)).await?;
        Ok(SipCredentialList::new(page))
    }

    /// Gives a subscriber further SIP credentials; a user name and a password are needed.
    /// `POST /api/fabric/resources/subscribers/{id}/sip_endpoints`.
    pub async fn create_sip_credential(
        &self,
        subscriber_id: String,
        request: SipCredentialRequest,
    ) -> Result<SipCredential> {
        wait(self.0.create_sip_credential(&subscriber_id, request)).await
    }

    /// Reads SIP credentials. `GET /api/fabric/resources/subscribers/{id}/sip_endpoints/{id}`.
    pub async fn sip_credential(&self, subscriber_id: String, id: String) -> Result<SipCredential> {
        wait(self.0.sip_credential(&subscriber_id, &id)).await
    }

    /// Changes what the request has; the rest stays.
    /// `PATCH /api/fabric/resources/subscribers/{id}/sip_endpoints/{id}`.
    pub async fn update_sip_credential(
        &self,
        subscriber_id: String,
        id: String,
        request: SipCredentialRequest,
    ) -> Result<SipCredential> {
        wait(self.0.update_sip_credential(&subscriber_id, &id, request)).await
    }

    /// Takes SIP credentials away. Doing it again is `NotFound`.
    /// `DELETE /api/fabric/resources/subscribers/{id}/sip_endpoints/{id}`.
    pub async fn delete_sip_credential(&self, subscriber_id: String, id: String) -> Result<()> {
        wait(self.0.delete_sip_credential(&subscriber_id, &id)).await
    }
}
