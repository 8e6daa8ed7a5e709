//! Lists that come in pages, and the links between them.

use super::client::RestClient;
use crate::error::{Error, Result};
use crate::net::links;
use crate::rest::page::PageLinks;
use futures_util::stream::{self, Stream};
use serde_json::Value;
use std::collections::{HashSet, VecDeque};
use url::Url;

/// More pages than any list has; ends a service that links in circles of fresh links.
const MAX_PAGES: usize = 100_000;

/// How the pages of one list are read.
pub(super) struct PageSource<T> {
    client: RestClient,
    parse: fn(&Value) -> Result<T>,
}

impl<T> Clone for PageSource<T> {
    fn clone(&self) -> Self {
        Self { client: self.client.clone(), parse: self.parse }
    }
}

impl<T> PageSource<T> {
    pub(super) fn new(client: RestClient, parse: fn(&Value) -> Result<T>) -> Self {
        Self { client, parse }
    }

    pub(super) async fn read(&self, url: Url) -> Result<Page<T>> {
        let body = self.client.get(url.clone()).await?;
        let (items, links) = parse_body(&body, self.parse)?;
        Ok(Page { items, links, url, source: self.clone() })
    }
}

/// One page of a list.
pub struct Page<T> {
    /// The entries of this page.
    pub items: Vec<T>,
    links: PageLinks,
    url: Url,
    source: PageSource<T>,
}

impl<T> Page<T> {
    /// Whether a page follows.
    pub fn has_next(&self) -> bool {
        self.links.next.is_some()
    }

    /// Whether there is a page before this one.
    pub fn has_previous(&self) -> bool {
        self.links.previous.is_some()
    }

    /// Reads the page that follows; `None` after the last.
    ///
    /// Errors: `Protocol` if the service's link leads to another host, which would get the
    /// credentials; else those of [`RestClient`]. This page is not changed.
    pub async fn next_page(&self) -> Result<Option<Page<T>>> {
        self.follow(self.links.next.as_deref()).await
    }

    /// Reads the page before this one; `None` before the first. Errors: see [`Page::next_page`].
    pub async fn previous_page(&self) -> Result<Option<Page<T>>> {
        self.follow(self.links.previous.as_deref()).await
    }

    /// Reads the first page of the list again; `None` where the service names none.
    /// Errors: see [`Page::next_page`].
    pub async fn first_page(&self) -> Result<Option<Page<T>>> {
        self.follow(self.links.first.as_deref()).await
    }

    /// Where the other pages are, for the methods of [`RestClient`] whose names end in `_at`.
    pub fn links(&self) -> &PageLinks {
        &self.links
    }

    /// Every entry from this page to the end of the list; pages are read as they are needed.
    pub fn all(self) -> Items<T> {
        let visited = HashSet::from([self.url.to_string()]);
        let Page { items, links, url, source } = self;
        Items { waiting: items.into(), next: links.next, url, source, visited }
    }

    async fn follow(&self, link: Option<&str>) -> Result<Option<Page<T>>> {
        match link {
            None => Ok(None),
            Some(link) => {
                let url = links::resolve(link, &self.url, self.source.client.space())?;
                self.source.read(url).await.map(Some)
            }
        }
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for Page<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page")
            .field("items", &self.items)
            .field("has_next", &self.has_next())
            .field("has_previous", &self.has_previous())
            .finish()
    }
}

/// The entries of a list, across its pages; see [`Page::all`].
pub struct Items<T> {
    waiting: VecDeque<T>,
    next: Option<String>,
    url: Url,
    source: PageSource<T>,
    visited: HashSet<String>,
}

impl<T> Items<T> {
    /// The next entry; `None` at the end of the list.
    ///
    /// Errors: `Protocol` if the links lead in a circle or to another host; else those of
    /// [`RestClient`]. After an error the same page is tried again by the next call.
    pub async fn next(&mut self) -> Result<Option<T>> {
        loop {
            if let Some(item) = self.waiting.pop_front() {
                return Ok(Some(item));
            }
            let Some(link) = &self.next else { return Ok(None) };
            let url = links::resolve(link, &self.url, self.source.client.space())?;
            if self.visited.contains(url.as_str()) || self.visited.len() >= MAX_PAGES {
                return Err(Error::protocol(
                    "the pages of the list lead in a circle; report this to SignalWire",
                ));
            }
            let page = self.source.read(url).await?;
            self.visited.insert(page.url.to_string());
            self.waiting = page.items.into();
            self.next = page.links.next;
            self.url = page.url;
        }
    }

    /// The same as a stream, which ends after its first error.
    pub fn into_stream(self) -> impl Stream<Item = Result<T>> {
        stream::try_unfold(self, |mut items| async move {
            Ok(items.next().await?.map(|item| (item, items)))
        })
    }
}

/// The entries and links of a page. A list of pages counts as one page: the REST reference types
/// the addresses of a subscriber so.
fn parse_body<T>(body: &Value, parse: fn(&Value) -> Result<T>) -> Result<(Vec<T>, PageLinks)> {
    let pages = match body {
        Value::Array(pages) => pages.as_slice(),
        page => std::slice::from_ref(page),
    };
    let mut items = Vec::new();
    let mut links = PageLinks::default();
    for (number, page) in pages.iter().enumerate() {
        let data = page["data"].as_array().ok_or_else(|| {
            Error::protocol("the answer has no list `data`; report this to SignalWire")
        })?;
        for entry in data {
            items.push(parse(entry)?);
        }
        let link = |key: &str| {
            page["links"][key].as_str().filter(|link| !link.is_empty()).map(str::to_owned)
        };
        if number == 0 {
            links = PageLinks { first: link("first"), previous: link("prev"), next: None };
        }
        links.next = link("next");
    }
    Ok((items, links))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use serde_json::json;

    fn number(value: &Value) -> Result<i64> {
        value.as_i64().ok_or_else(|| Error::protocol("no number"))
    }

    #[test]
    fn a_page_or_a_list_of_pages() {
        let links = |next: &str| json!({"self": "s", "first": "f", "prev": null, "next": next});
        let one = json!({"data": [1, 2], "links": links("n"), "more": 1});
        let (items, found) = parse_body(&one, number).unwrap();
        assert_eq!(items, [1, 2]);
        assert_eq!(
            found,
            PageLinks { first: Some("f".into()), previous: None, next: Some("n".into()) }
        );
        let many = json!([one, {"data": [3], "links": links("")}]);
        let (items, found) = parse_body(&many, number).unwrap();
        assert_eq!(items, [1, 2, 3]);
        assert_eq!(found.next, None);
        let (items, found) = parse_body(&json!({"data": []}), number).unwrap();
        assert!(items.is_empty());
        assert_eq!(found, PageLinks::default());
    }

    #[test]
    fn bodies_that_are_no_page() {
        for body in
            [json!(null), json!({}), json!({"data": {}}), json!([7]), json!({"data": ["x"]})]
        {
            let error = parse_body(&body, number).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{body}");
        }
    }
}
