//! The SIP credentials of a subscriber: with them a SIP phone registers as the subscriber.

use super::client::{item_path, RestClient};
use super::paging::Page;
use super::wire::{not_empty, required, Fields};
use crate::error::{Error, Result};
use crate::proto::value::text;
use crate::util::redact::Secret;
use reqwest::Method;
use serde_json::Value;

/// What SIP credentials shall be. For new ones make it with [`SipCredentialRequest::new`]; for a
/// change begin with the default, which changes nothing.
///
/// Fields that are absent or empty are not sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record), uniffi::export(Debug, Display))]
#[non_exhaustive]
pub struct SipCredentialRequest {
    /// User name of the registration. Needed for new credentials.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub username: Option<String>,
    /// Password of the registration. Needed for new credentials.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub password: Option<Secret>,
    /// Name to show to those who are called.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub caller_id: Option<String>,
    /// The project's number (E.164) that calls to telephones come from.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub send_as: Option<String>,
    /// SRTP ciphers, best first, such as `AEAD_AES_256_GCM_8`. Empty: the service's own.
    #[cfg_attr(feature = "uniffi", uniffi(default = []))]
    pub ciphers: Vec<String>,
    /// Codecs, best first, such as `OPUS`, `G722`, `PCMU`. Empty: the service's own.
    #[cfg_attr(feature = "uniffi", uniffi(default = []))]
    pub codecs: Vec<String>,
    /// Whether media must be encrypted: `required`, `optional` or `default`.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub encryption: Option<String>,
}

impl SipCredentialRequest {
    /// A request for new credentials with the service's defaults for everything else.
    pub fn new(username: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self { username: Some(username.into()), password: Some(password.into()), ..Self::default() }
    }

    /// What is there must say something.
    fn check(&self) -> Result<()> {
        let username = self.username.as_deref().map_or(Ok(()), |name| not_empty("username", name));
        let password = self.password.as_ref().map(Secret::expose);
        username.and_then(|()| password.map_or(Ok(()), |text| not_empty("password", text)))
    }

    fn check_new(&self) -> Result<()> {
        for (name, is_there) in
            [("username", self.username.is_some()), ("password", self.password.is_some())]
        {
            if !is_there {
                return Err(Error::invalid(format!("{name} is needed for new SIP credentials")));
            }
        }
        self.check()
    }

    fn fields(&self) -> Fields<'_> {
        Fields::default()
            .text("username", self.username.as_ref())
            .text("password", self.password.as_ref())
            .text("caller_id", self.caller_id.as_ref())
            .text("send_as", self.send_as.as_ref())
            .texts_if_any("ciphers", &self.ciphers)
            .texts_if_any("codecs", &self.codecs)
            .text("encryption", self.encryption.as_ref())
    }
}

/// SIP credentials of a subscriber, without the password, which the service never tells. Missing
/// texts are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[non_exhaustive]
pub struct SipCredential {
    /// Identifier (UUID).
    pub id: String,
    /// User name of the registration.
    pub username: String,
    /// Name to show to those who are called.
    pub caller_id: String,
    /// The number (E.164) that calls to telephones come from; `random` was seen too.
    pub send_as: String,
    /// SRTP ciphers, best first.
    pub ciphers: Vec<String>,
    /// Codecs, best first.
    pub codecs: Vec<String>,
    /// Whether media must be encrypted, such as `required`.
    pub encryption: String,
}

/// The texts of a list; whatever else is in it is left out.
fn texts(object: &Value, key: &str) -> Vec<String> {
    let list = object[key].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(|entry| entry.as_str().map(str::to_owned)).collect()
}

impl SipCredential {
    fn parse(value: &Value) -> Result<Self> {
        Ok(Self {
            id: required(value, "id", "SIP credentials")?,
            username: text(value, "username"),
            caller_id: text(value, "caller_id"),
            send_as: text(value, "send_as"),
            ciphers: texts(value, "ciphers"),
            codecs: texts(value, "codecs"),
            encryption: text(value, "encryption"),
        })
    }
}

impl RestClient {
    fn sip_path(&self, subscriber_id: &str) -> Result<String> {
        let subscriber = item_path(self.subscribers_path(), "subscriber_id", subscriber_id)?;
        Ok(format!("{subscriber}/sip_endpoints"))
    }

    /// Reads the first page of the SIP credentials of the subscriber with this resource id.
    ///
    /// Errors: `InvalidArgument` for the id or the size, `NotFound`; else see [`RestClient`].
    /// Source: `GET /api/fabric/resources/subscribers/{id}/sip_endpoints`.
    pub async fn sip_credentials(
        &self,
        subscriber_id: &str,
        page_size: Option<u32>,
    ) -> Result<Page<SipCredential>> {
        let path = self.sip_path(subscriber_id)?;
        self.first_page(&path, page_size, SipCredential::parse).await
    }

    /// Reads the page of SIP credentials that a link of another page leads to, see [`Page::links`].
    ///
    /// Errors: `Protocol` for a link to another host, which would get the credentials; `NotFound`
    /// for a page that is gone; else see [`RestClient`].
    pub async fn sip_credentials_at(&self, link: &str) -> Result<Page<SipCredential>> {
        self.page_at(link, SipCredential::parse).await
    }

    /// Gives a subscriber further SIP credentials.
    ///
    /// Errors: `InvalidArgument` without a user name and a password; `Rejected` for what the
    /// service does not take; `NotFound`; else see [`RestClient`]. It is not repeated once it may
    /// have been processed. Source: `POST /api/fabric/resources/subscribers/{id}/sip_endpoints`.
    pub async fn create_sip_credential(
        &self,
        subscriber_id: &str,
        request: SipCredentialRequest,
    ) -> Result<SipCredential> {
        request.check_new()?;
        let path = self.sip_path(subscriber_id)?;
        self.write_sip_credential(Method::POST, &path, request).await
    }

    /// Reads SIP credentials of a subscriber.
    ///
    /// Errors: `InvalidArgument` for ids that cannot be, `NotFound`; else see [`RestClient`].
    /// Source: `GET /api/fabric/resources/subscribers/{id}/sip_endpoints/{id}`.
    pub async fn sip_credential(&self, subscriber_id: &str, id: &str) -> Result<SipCredential> {
        let path = item_path(&self.sip_path(subscriber_id)?, "id", id)?;
        SipCredential::parse(&self.get(self.url(&path)?).await?)
    }

    /// Changes what the request has (PATCH); the rest stays.
    ///
    /// Errors: as [`RestClient::create_sip_credential`], but nothing is needed.
    /// Source: `PATCH /api/fabric/resources/subscribers/{id}/sip_endpoints/{id}`.
    pub async fn update_sip_credential(
        &self,
        subscriber_id: &str,
        id: &str,
        request: SipCredentialRequest,
    ) -> Result<SipCredential> {
        request.check()?;
        let path = item_path(&self.sip_path(subscriber_id)?, "id", id)?;
        self.write_sip_credential(Method::PATCH, &path, request).await
    }

    /// Takes SIP credentials away. Doing it again is `NotFound`.
    ///
    /// Errors: see [`RestClient::sip_credential`].
    /// Source: `DELETE /api/fabric/resources/subscribers/{id}/sip_endpoints/{id}`.
    pub async fn delete_sip_credential(&self, subscriber_id: &str, id: &str) -> Result<()> {
        let path = item_path(&self.sip_path(subscriber_id)?, "id", id)?;
        self.send(self.request(Method::DELETE, self.url(&path)?)).await.map(drop)
    }

    async fn write_sip_credential(
        &self,
        method: Method,
        path: &str,
        request: SipCredentialRequest,
    ) -> Result<SipCredential> {
        let mut http = self.write(method, path, request.fields().into_body()?)?;
        http.secrets.extend(request.password);
        SipCredential::parse(&self.send(http).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn credentials_are_read_and_need_an_id() {
        let value = json!({"id": "c-1", "username": "u", "ciphers": ["A", 7, "B"], "codecs": null,
            "encryption": "required", "new": {}});
        let read = SipCredential::parse(&value).unwrap();
        assert_eq!((read.id.as_str(), read.username.as_str()), ("c-1", "u"));
        assert_eq!((read.ciphers, read.codecs), (vec!["A".to_owned(), "B".into()], vec![]));
        let error = SipCredential::parse(&json!({"username": "u"})).unwrap_err();
        assert!(error.message().contains("SIP credentials has no id"), "{error}");
    }

    #[test]
    fn what_new_credentials_need() {
        let good = SipCredentialRequest::new("u", "p");
        assert!(good.check_new().is_ok() && SipCredentialRequest::default().check().is_ok());
        for (request, name) in [
            (SipCredentialRequest { username: None, ..good.clone() }, "username"),
            (SipCredentialRequest { password: None, ..good.clone() }, "password"),
            (SipCredentialRequest::new(" ", "p"), "username"),
            (SipCredentialRequest::new("u", ""), "password"),
        ] {
            let error = request.check_new().unwrap_err();
            assert!(error.message().contains(name), "{error}");
        }
        let body = SipCredentialRequest::default().fields().into_body().unwrap();
        assert_eq!(&body[..], b"{}");
    }
}
