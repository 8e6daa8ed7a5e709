//! Lists that come in pages: the links between pages, and reading on until the end.

use crate::error::{Error, Result};
use crate::runtime;
use futures_util::future::BoxFuture;
use serde_json::Value;
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// More pages than any list has; ends a service that links in circles of fresh links.
const MAX_PAGES: usize = 100_000;
/// Largest page that may be asked for.
const MAX_PAGE_SIZE: u32 = 1_000;

/// Where the other pages of a list are: opaque links of the service, for the methods whose names
/// end in `_at`. They are good for the client that read the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct PageLinks {
    /// The first page of the list; none where the service names none.
    pub first: Option<String>,
    /// The page before; none before the first.
    pub previous: Option<String>,
    /// The page that follows; none after the last.
    pub next: Option<String>,
}

/// The entries and the links of a page; entries that cannot be read are left out.
pub(crate) fn parse<T>(
    body: &Value,
    entry: impl Fn(&Value) -> Option<T>,
) -> Result<(Vec<T>, PageLinks)> {
    let data = body["data"].as_array().ok_or_else(|| {
        Error::protocol("the answer of a list has no member `data`; report this to SignalWire")
    })?;
    let link =
        |key: &str| body["links"][key].as_str().filter(|link| !link.is_empty()).map(str::to_owned);
    let links = PageLinks { first: link("first"), previous: link("prev"), next: link("next") };
    Ok((data.iter().filter_map(entry).collect(), links))
}

/// The query parameter for a page size.
pub(crate) fn size(page_size: Option<u32>) -> Result<Vec<(&'static str, String)>> {
    match page_size {
        Some(size) if size == 0 || size > MAX_PAGE_SIZE => {
            Err(Error::invalid(format!("page_size must be 1 to {MAX_PAGE_SIZE}; got {size}")))
        }
        size => Ok(size.map(|size| ("page_size", size.to_string())).into_iter().collect()),
    }
}

/// Reads a page: the first one, or the one that a link leads to. Gives its entries and the link
/// to the next.
pub(crate) type ReadPage<T> = Box<
    dyn Fn(Option<String>) -> BoxFuture<'static, Result<(Vec<T>, Option<String>)>> + Send + Sync,
>;

/// The entries of a whole list, in order, for one reader; pages are read as they are needed.
///
/// A list is a handle: cloning it is cheap, and clones go on where the others stopped. It needs
/// no session and keeps no client open. What is added or removed while it is read may be missed
/// or come twice, as the service pages by number.
pub struct List<T>(Arc<Inner<T>>);

struct Inner<T> {
    read: ReadPage<T>,
    state: Mutex<State<T>>,
}

struct State<T> {
    waiting: VecDeque<T>,
    next: Next,
    visited: HashSet<String>,
}

#[derive(Clone, PartialEq)]
enum Next {
    First,
    Link(String),
    End,
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Send + 'static> List<T> {
    /// The next entry; `None` at the end of the list.
    ///
    /// Errors: `Protocol` if the service's links lead in a circle or to another host; else those
    /// of the method that reads one page. After an error, or when the wait was given up, the same
    /// page is tried again by the next call: nothing is skipped.
    pub async fn next(&self) -> Result<Option<T>> {
        loop {
            let page = {
                let mut state = self.state();
                if let Some(entry) = state.waiting.pop_front() {
                    return Ok(Some(entry));
                }
                state.check_circle()?;
                state.next.clone()
            };
            let link = match &page {
                Next::First => None,
                Next::Link(link) => Some(link.clone()),
                Next::End => return Ok(None),
            };
            let read = runtime::run_while_awaited((self.0.read)(link)).await?;
            let mut state = self.state();
            // Another reader may have been here meanwhile.
            if state.next == page {
                state.take(read);
            }
        }
    }
}

impl<T> List<T> {
    pub(crate) fn new(read: ReadPage<T>) -> Self {
        let state = State { waiting: VecDeque::new(), next: Next::First, visited: HashSet::new() };
        Self(Arc::new(Inner { read, state: Mutex::new(state) }))
    }

    // A poisoned lock only means that another thread panicked between plain assignments.
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn check_circle(&self) -> Result<()> {
        match &self.next {
            Next::Link(link) if self.visited.contains(link) || self.visited.len() >= MAX_PAGES => {
                Err(Error::protocol(
                    "the pages of the list lead in a circle; report this to SignalWire",
                ))
            }
            _ => Ok(()),
        }
    }

    fn take(&mut self, (entries, next): (Vec<T>, Option<String>)) {
        if let Next::Link(link) = &self.next {
            self.visited.insert(link.clone());
        }
        self.waiting = entries.into();
        self.next = next.map_or(Next::End, Next::Link);
    }
}

impl<T> std::fmt::Debug for List<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("List").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use serde_json::json;

    #[test]
    fn links_are_read_where_there_are_any() {
        let body = json!({"data": [1, "x", 2], "links": {"first": "f", "prev": null, "next": ""}});
        let (entries, links) = parse(&body, Value::as_i64).unwrap();
        assert_eq!(entries, [1, 2]);
        assert_eq!(links, PageLinks { first: Some("f".into()), previous: None, next: None });
        for body in [json!(null), json!({}), json!({"data": {}}), json!([])] {
            let error = parse(&body, Value::as_i64).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{body}");
        }
    }

    #[test]
    fn page_sizes() {
        assert!(size(None).unwrap().is_empty());
        assert_eq!(size(Some(1_000)).unwrap(), [("page_size", "1000".to_owned())]);
        for bad in [0, 1_001] {
            assert_eq!(size(Some(bad)).unwrap_err().kind(), ErrorKind::InvalidArgument);
        }
    }
}
