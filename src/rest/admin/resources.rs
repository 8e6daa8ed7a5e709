//! The resources of a project: whatever an address can lead to.

use super::client::{item_path, RestClient};
use super::paging::Page;
use super::subscribers::parse_address;
use super::wire::required;
use crate::error::Result;
use crate::proto::value::text;
use crate::rest::directory::Address;
use reqwest::Method;
use serde_json::Value;

const PATH: &str = "/api/fabric/resources";

/// The kinds of resources, by the member that holds what is particular to them.
const KINDS: [&str; 14] = [
    "ai_agent",
    "dialogflow_agent",
    "call_flow",
    "swml_webhook",
    "swml_script",
    "freeswitch_connector",
    "cxml_application",
    "cxml_script",
    "cxml_webhook",
    "relay_application",
    "sip_endpoint",
    "sip_gateway",
    "subscriber",
    "video_room",
];

/// One resource. Missing texts are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[non_exhaustive]
pub struct Resource {
    /// Identifier (UUID).
    pub id: String,
    /// The project (UUID).
    pub project_id: String,
    /// Name to show.
    pub display_name: String,
    /// What it is, such as `subscriber`, `swml_script` or `video_room`. The member that the
    /// resource has decides: rooms were seen with a wrong `type`.
    pub kind: String,
    /// When it was made (ISO 8601).
    pub created_at: String,
    /// When it was last changed (ISO 8601).
    pub updated_at: String,
    /// The whole entry as JSON text; its member named by `kind` holds the details.
    pub raw_json: String,
}

impl Resource {
    fn parse(value: &Value) -> Result<Self> {
        let present = KINDS.into_iter().find(|kind| value[kind].is_object());
        Ok(Self {
            id: required(value, "id", "a resource")?,
            project_id: text(value, "project_id"),
            display_name: text(value, "display_name"),
            kind: present.map_or_else(|| text(value, "type"), str::to_owned),
            created_at: text(value, "created_at"),
            updated_at: text(value, "updated_at"),
            raw_json: value.to_string(),
        })
    }
}

impl RestClient {
    /// Reads the first page of the project's resources; `page_size` is 1 to 1000, by default what
    /// the service chooses.
    ///
    /// Errors: `InvalidArgument` for the size; else see [`RestClient`].
    /// Source: `GET /api/fabric/resources`.
    pub async fn resources(&self, page_size: Option<u32>) -> Result<Page<Resource>> {
        self.first_page(PATH, page_size, Resource::parse).await
    }

    /// Reads the page of resources that a link of another page leads to, see [`Page::links`].
    ///
    /// Errors: `Protocol` for a link to another host, which would get the credentials; `NotFound`
    /// for a page that is gone; else see [`RestClient`].
    pub async fn resources_at(&self, link: &str) -> Result<Page<Resource>> {
        self.page_at(link, Resource::parse).await
    }

    /// Reads one resource.
    ///
    /// Errors: `InvalidArgument` for an id that cannot be one, `NotFound`; else see
    /// [`RestClient`]. Source: `GET /api/fabric/resources/{id}`.
    pub async fn resource(&self, id: &str) -> Result<Resource> {
        let path = item_path(PATH, "id", id)?;
        Resource::parse(&self.get(self.url(&path)?).await?)
    }

    /// Deletes a resource of any kind, with its addresses. Deleting it again is `NotFound`.
    ///
    /// Errors: see [`RestClient::resource`]. Source: `DELETE /api/fabric/resources/{id}`.
    pub async fn delete_resource(&self, id: &str) -> Result<()> {
        let path = item_path(PATH, "id", id)?;
        self.send(self.request(Method::DELETE, self.url(&path)?)).await.map(drop)
    }

    /// Reads the first page of a resource's addresses.
    ///
    /// Errors: see [`RestClient::resource`] and, for the size, [`RestClient::resources`].
    /// Source: `GET /api/fabric/resources/{id}/addresses`.
    pub async fn resource_addresses(
        &self,
        id: &str,
        page_size: Option<u32>,
    ) -> Result<Page<Address>> {
        let path = item_path(PATH, "id", id)?;
        self.first_page(&format!("{path}/addresses"), page_size, parse_address).await
    }

    /// Reads the page of addresses, of a resource or a subscriber, that a link of another page leads to, see [`Page::links`].
    ///
    /// Errors: `Protocol` for a link to another host, which would get the credentials; `NotFound`
    /// for a page that is gone; else see [`RestClient`].
    pub async fn addresses_at(&self, link: &str) -> Result<Page<Address>> {
        self.page_at(link, parse_address).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_member_decides_about_the_kind() {
        for (value, kind) in [
            (json!({"id": "1", "type": "swml_script", "video_room": {"id": "x"}}), "video_room"),
            (json!({"id": "1", "type": "swml_script", "swml_script": {}}), "swml_script"),
            (json!({"id": "1", "type": "brand_new", "brand_new": {}}), "brand_new"),
            (json!({"id": "1"}), ""),
        ] {
            assert_eq!(Resource::parse(&value).unwrap().kind, kind);
        }
        let error = Resource::parse(&json!({"type": "subscriber"})).unwrap_err();
        assert!(error.message().contains("a resource has no id"), "{error}");
    }
}
