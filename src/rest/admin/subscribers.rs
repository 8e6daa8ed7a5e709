//! The subscribers of a project.

use super::client::{item_path, RestClient};
use super::paging::Page;
use super::wire::{not_empty, required, Fields};
use crate::error::{Error, Result};
use crate::proto::value::text;
use crate::rest::directory::Address;
use crate::util::redact::Secret;
use reqwest::Method;
use serde_json::Value;

/// Shortest and longest password, in characters.
const PASSWORD_LENGTH: (usize, usize) = (8, 72);

/// What a subscriber shall be. Make it with [`SubscriberRequest::new`].
///
/// An update replaces the subscriber (PUT); fields that are absent are not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record), uniffi::export(Debug, Display))]
#[non_exhaustive]
pub struct SubscriberRequest {
    /// E-mail address, unique in the project.
    pub email: String,
    /// Password of 8 to 72 characters. Default: a random one.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub password: Option<Secret>,
    /// First name.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub first_name: Option<String>,
    /// Last name.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub last_name: Option<String>,
    /// Name to show.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub display_name: Option<String>,
    /// Job title.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub job_title: Option<String>,
    /// Time zone. The wire calls it `timezone` here and `time_zone` elsewhere.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub time_zone: Option<String>,
    /// Country.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub country: Option<String>,
    /// Company.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub company_name: Option<String>,
}

impl SubscriberRequest {
    /// A request with this e-mail address and nothing else.
    pub fn new(email: impl Into<String>) -> Self {
        Self {
            email: email.into(),
            password: None,
            first_name: None,
            last_name: None,
            display_name: None,
            job_title: None,
            time_zone: None,
            country: None,
            company_name: None,
        }
    }

    fn check(&self) -> Result<()> {
        not_empty("email", &self.email)?;
        let (least, most) = PASSWORD_LENGTH;
        match &self.password {
            Some(password) if !(least..=most).contains(&password.expose().chars().count()) => {
                Err(Error::invalid(format!("password must have {least} to {most} characters")))
            }
            _ => Ok(()),
        }
    }

    fn fields(&self) -> Fields<'_> {
        Fields::default()
            .text("email", Some(&self.email))
            .text("password", self.password.as_ref())
            .text("first_name", self.first_name.as_ref())
            .text("last_name", self.last_name.as_ref())
            .text("display_name", self.display_name.as_ref())
            .text("job_title", self.job_title.as_ref())
            .text("timezone", self.time_zone.as_ref())
            .text("country", self.country.as_ref())
            .text("company_name", self.company_name.as_ref())
    }
}

/// A subscriber as the project sees it. Missing texts are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[non_exhaustive]
pub struct SubscriberResource {
    /// The resource's id (UUID): what the methods of [`RestClient`] take.
    pub id: String,
    /// The subscriber's own id (UUID), which differs: the `subscriber_id` of its tokens.
    pub subscriber_id: String,
    /// The project (UUID).
    pub project_id: String,
    /// E-mail address.
    pub email: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Name to show.
    pub display_name: String,
    /// Job title.
    pub job_title: String,
    /// Time zone.
    pub time_zone: String,
    /// Country.
    pub country: String,
    /// Company.
    pub company_name: String,
    /// When it was made (ISO 8601).
    pub created_at: String,
    /// When it was last changed (ISO 8601).
    pub updated_at: String,
    /// The whole entry as JSON text.
    pub raw_json: String,
}

impl SubscriberResource {
    fn parse(value: &Value) -> Result<Self> {
        let id = required(value, "id", "a subscriber")?;
        let profile = &value["subscriber"];
        if !profile.is_object() {
            return Err(Error::protocol(
                "a subscriber has no subscriber object; report this to SignalWire",
            ));
        }
        let display_name = text(profile, "display_name");
        Ok(Self {
            id,
            subscriber_id: required(profile, "id", "the subscriber object")?,
            project_id: text(value, "project_id"),
            email: text(profile, "email"),
            first_name: text(profile, "first_name"),
            last_name: text(profile, "last_name"),
            display_name: match display_name.is_empty() {
                true => text(value, "display_name"),
                false => display_name,
            },
            job_title: text(profile, "job_title"),
            time_zone: text(profile, "timezone"),
            country: text(profile, "country"),
            company_name: text(profile, "company_name"),
            created_at: text(value, "created_at"),
            updated_at: text(value, "updated_at"),
            raw_json: value.to_string(),
        })
    }
}

/// An address that must have an id.
pub(super) fn parse_address(value: &Value) -> Result<Address> {
    required(value, "id", "an address")?;
    Address::parse(value).ok_or_else(|| Error::protocol("an address cannot be read"))
}

impl RestClient {
    /// Creates a subscriber.
    ///
    /// Errors: `InvalidArgument` for an empty e-mail address or a password of a wrong length;
    /// `Rejected` for an address that is taken; else see [`RestClient`]. It is not repeated once
    /// it may have been processed. Source: `POST /api/fabric/resources/subscribers`.
    pub async fn create_subscriber(
        &self,
        request: SubscriberRequest,
    ) -> Result<SubscriberResource> {
        self.write_subscriber(Method::POST, self.subscribers_path(), request).await
    }

    /// Changes the subscriber with this resource id.
    ///
    /// Errors: as [`RestClient::create_subscriber`], and `NotFound`.
    /// Source: `PUT /api/fabric/resources/subscribers/{id}`.
    pub async fn update_subscriber(
        &self,
        id: &str,
        request: SubscriberRequest,
    ) -> Result<SubscriberResource> {
        let path = item_path(self.subscribers_path(), "id", id)?;
        self.write_subscriber(Method::PUT, &path, request).await
    }

    async fn write_subscriber(
        &self,
        method: Method,
        path: &str,
        request: SubscriberRequest,
    ) -> Result<SubscriberResource> {
        request.check()?;
        let mut http = self.write(method, path, request.fields().into_body()?)?;
        http.secrets.extend(request.password);
        SubscriberResource::parse(&self.send(http).await?)
    }

    /// Reads the first page of the project's subscribers; `page_size` is 1 to 1000, by default
    /// what the service chooses.
    ///
    /// Errors: `InvalidArgument` for the size; else see [`RestClient`].
    /// Source: `GET /api/fabric/resources/subscribers`.
    pub async fn subscribers(&self, page_size: Option<u32>) -> Result<Page<SubscriberResource>> {
        self.first_page(self.subscribers_path(), page_size, SubscriberResource::parse).await
    }

    /// Reads the page of subscribers that a link of another page leads to, see [`Page::links`].
    ///
    /// Errors: `Protocol` for a link to another host, which would get the credentials; `NotFound`
    /// for a page that is gone; else see [`RestClient`].
    pub async fn subscribers_at(&self, link: &str) -> Result<Page<SubscriberResource>> {
        self.page_at(link, SubscriberResource::parse).await
    }

    /// Reads the subscriber with this resource id.
    ///
    /// Errors: `InvalidArgument` for an id that cannot be one, `NotFound`; else see
    /// [`RestClient`]. Source: `GET /api/fabric/resources/subscribers/{id}`.
    pub async fn subscriber(&self, id: &str) -> Result<SubscriberResource> {
        let path = item_path(self.subscribers_path(), "id", id)?;
        SubscriberResource::parse(&self.get(self.url(&path)?).await?)
    }

    /// Deletes the subscriber with this resource id. Deleting it again is `NotFound`.
    ///
    /// Errors: see [`RestClient::subscriber`].
    /// Source: `DELETE /api/fabric/resources/subscribers/{id}`.
    pub async fn delete_subscriber(&self, id: &str) -> Result<()> {
        let path = item_path(self.subscribers_path(), "id", id)?;
        self.send(self.request(Method::DELETE, self.url(&path)?)).await.map(drop)
    }

    /// Reads the first page of a subscriber's addresses.
    ///
    /// Errors: see [`RestClient::subscriber`] and, for the size, [`RestClient::subscribers`].
    /// Source: `GET /api/fabric/resources/subscribers/{id}/addresses`.
    pub async fn subscriber_addresses(
        &self,
        id: &str,
        page_size: Option<u32>,
    ) -> Result<Page<Address>> {
        let path = item_path(self.subscribers_path(), "id", id)?;
        self.first_page(&format!("{path}/addresses"), page_size, parse_address).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_ids_are_read_and_unknown_members_tolerated() {
        let value = json!({"id": "r-1", "project_id": "p", "display_name": "Outer", "new": [1],
            "type": "subscriber", "created_at": "2025-01-01T00:00:00Z",
            "subscriber": {"id": "s-1", "email": "a@b.c", "timezone": -5, "display_name": null}});
        let read = SubscriberResource::parse(&value).unwrap();
        assert_eq!((read.id.as_str(), read.subscriber_id.as_str()), ("r-1", "s-1"));
        assert_eq!((read.display_name.as_str(), read.time_zone.as_str()), ("Outer", "-5"));
        assert_eq!(read.last_name, "");
    }

    #[test]
    fn what_is_missing_is_named() {
        for (value, name) in [
            (json!({}), "a subscriber has no id"),
            (json!({"id": "r"}), "no subscriber object"),
            (json!({"id": "r", "subscriber": {}}), "the subscriber object has no id"),
        ] {
            let error = SubscriberResource::parse(&value).unwrap_err();
            assert!(error.message().contains(name), "{error}");
        }
    }
}
