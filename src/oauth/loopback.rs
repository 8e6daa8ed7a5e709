//! A login whose redirect leads to this machine: one small listener, for one answer.

use super::flows::{already_waiting, Pending};
use super::redirect::Redirect;
use super::{OAuth, OAuthFlow, OAuthTokens};
use crate::error::{Error, OAuthFailure, Result};
use crate::runtime;
use crate::util::redact::Secret;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use url::Url;

/// Longest head of a request: browsers send some hundred bytes, and codes are short.
const MAX_HEAD: usize = 16 * 1024;
/// Connections that may be open at once; browsers open some that they never use.
const MAX_CONNECTIONS: usize = 16;
/// Bytes of a refused request that are read to its end.
const MAX_DRAINED: u64 = 256 * 1024;
/// How long one connection may take.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the answer's page may take to be sent.
const PAGE_TIMEOUT: Duration = Duration::from_secs(2);

/// A login that waits for the browser on a port of this machine.
///
/// The port is bound before the URL is known, so no other program can be in the way. Only this
/// machine can reach it; dropping the value, or [`LoopbackLogin::cancel`], gives it back.
pub struct LoopbackLogin {
    oauth: OAuth,
    flow: OAuthFlow,
    redirect: Redirect,
    listener: Mutex<Option<TcpListener>>,
    is_cancelled: watch::Sender<bool>,
}

impl OAuth {
    /// Binds the port of the redirect URI, and begins a login that returns to it.
    ///
    /// Errors: `InvalidArgument` for a redirect URI that does not lead to this machine;
    /// `InvalidState` (`PortTaken`) if the port cannot be had.
    pub fn begin_loopback(&self) -> Result<LoopbackLogin> {
        let Some((ip, port)) = self.0.redirect.listen_on() else {
            return Err(Error::invalid(
                "redirect_uri does not lead to this machine; it must be http://127.0.0.1:0/…",
            ));
        };
        let bind = || {
            let listener = TcpListener::bind(SocketAddr::from((ip, port)))?;
            listener.set_nonblocking(true)?;
            let bound = listener.local_addr()?.port();
            Ok::<_, std::io::Error>((listener, bound))
        };
        let (listener, bound) = bind().map_err(|cause| {
            tracing::warn!(port, %cause, "cannot listen for a login");
            OAuthFailure::PortTaken.error()
        })?;
        let redirect = match port {
            0 => self.0.redirect.with_port(bound)?,
            _ => self.0.redirect.clone(),
        };
        let flow = self.begin_at(redirect.clone())?;
        Ok(LoopbackLogin {
            oauth: self.clone(),
            flow,
            redirect,
            listener: Mutex::new(Some(listener)),
            is_cancelled: watch::Sender::new(false),
        })
    }
}

impl LoopbackLogin {
    /// The URL for the system's browser.
    pub fn authorize_url(&self) -> &str {
        self.flow.authorize_url()
    }

    /// Where the browser will return to, with the port that was bound.
    pub fn redirect_uri(&self) -> &str {
        self.redirect.as_str()
    }

    /// Waits for the browser, answers it with a small page, gives the port back, and exchanges the
    /// code. Requests for anything else (`/favicon.ico`) are refused and waited over.
    ///
    /// `timeout`: how long the user may take. Errors: `Timeout` (`NoCallback`); `Cancelled`;
    /// `InvalidState` for a second call; else those of [`OAuth::complete`].
    pub async fn finish(&self, timeout: Duration) -> Result<OAuthTokens> {
        self.oauth.0.runtime.check()?;
        let listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner).take();
        if *self.is_cancelled.borrow() {
            return Err(OAuthFailure::Cancelled.error());
        }
        let listener = listener.ok_or_else(already_waiting)?;
        let server = Server { oauth: self.oauth.clone(), redirect: self.redirect.clone() };
        let mut is_cancelled = self.is_cancelled.subscribe();
        let accepted = runtime::run_while_awaited(async move {
            let accepting = tokio::time::timeout(timeout, server.run(listener));
            tokio::select! {
                biased;
                _ = is_cancelled.wait_for(|is| *is) => Err(OAuthFailure::Cancelled.error()),
                accepted = accepting => {
                    accepted.unwrap_or_else(|_| Err(OAuthFailure::NoCallback.error()))
                }
            }
        })
        .await;
        if accepted.is_err() {
            self.oauth.cancel(&self.flow);
        }
        let (code, pending) = accepted?;
        self.oauth.exchange(code, pending).await
    }

    /// Gives the login up: [`LoopbackLogin::finish`] fails with `Cancelled`. A second call does
    /// nothing.
    pub fn cancel(&self) {
        self.is_cancelled.send_replace(true);
        self.oauth.cancel(&self.flow);
        self.listener.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Drop for LoopbackLogin {
    fn drop(&mut self) {
        self.oauth.cancel(&self.flow);
    }
}

impl std::fmt::Debug for LoopbackLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoopbackLogin").field("redirect_uri", &self.redirect_uri()).finish()
    }
}

/// The redirect came: its URL, and where the page for the browser goes.
struct Visit {
    url: Url,
    page: oneshot::Sender<Page>,
    /// Closed once the page is sent.
    written: oneshot::Receiver<()>,
}

struct Server {
    oauth: OAuth,
    redirect: Redirect,
}

impl Server {
    /// Serves until the redirect came and was answered.
    async fn run(self, listener: TcpListener) -> Result<(Secret, Pending)> {
        let listener = tokio::net::TcpListener::from_std(listener)
            .map_err(|error| Error::internal(format!("cannot listen: {error}")))?;
        let redirect = Arc::new(self.redirect);
        let (visits, mut visited) = mpsc::channel::<Visit>(1);
        let mut connections = JoinSet::new();
        let visit = loop {
            tokio::select! {
                biased;
                Some(visit) = visited.recv() => break visit,
                Some(_) = connections.join_next() => {}
                accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => {
                    // An error is that of one connection, or passes; the deadline bounds it.
                    let Ok((stream, _)) = accepted else {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    };
                    connections.spawn(serve(stream, Arc::clone(&redirect), visits.clone()));
                }
            }
        };
        drop(listener);
        let accepted = self.oauth.accept(&visit.url);
        let page = if accepted.is_ok() { Page::LoggedIn } else { Page::NotLoggedIn };
        let _ = visit.page.send(page);
        drop(visited);
        // Other connections are cut off.
        let _ = tokio::time::timeout(PAGE_TIMEOUT, visit.written).await;
        accepted
    }
}

async fn serve(stream: TcpStream, redirect: Arc<Redirect>, visits: mpsc::Sender<Visit>) {
    let _ = tokio::time::timeout(CONNECTION_TIMEOUT, answer(stream, &redirect, visits)).await;
}

async fn answer(mut stream: TcpStream, redirect: &Redirect, visits: mpsc::Sender<Visit>) {
    let mut head = Vec::with_capacity(1024);
    let (sent, written) = oneshot::channel();
    let page = loop {
        if head.len() > MAX_HEAD {
            break Page::TooLarge;
        }
        match Request::parse(&head) {
            Request::Partial => {
                if !matches!(stream.read_buf(&mut head).await, Ok(1..)) {
                    return;
                }
            }
            Request::Bad => break Page::Bad,
            Request::Whole { method, target, host } => {
                let visit = |url, page| Visit { url, page, written };
                break page_for(redirect, (&method, &target, host.as_deref()), visits, visit).await;
            }
        }
    };
    let _ = stream.write_all(page.response().as_bytes()).await;
    let _ = stream.shutdown().await;
    drop(sent);
    if matches!(page, Page::TooLarge | Page::Bad) {
        // Closing with unread bytes would take the page away again.
        let mut rest = stream.take(MAX_DRAINED);
        let mut nowhere = tokio::io::sink();
        let draining = tokio::io::copy(&mut rest, &mut nowhere);
        let _ = tokio::time::timeout(PAGE_TIMEOUT, draining).await;
    }
}

/// Reports the redirect; gives the page for whatever was asked for.
async fn page_for(
    redirect: &Redirect,
    (method, target, host): (&str, &str, Option<&str>),
    visits: mpsc::Sender<Visit>,
    visit: impl FnOnce(Url, oneshot::Sender<Page>) -> Visit,
) -> Page {
    // A page of another site may lead its own name here (DNS rebinding).
    if host.is_none_or(|host| !host.eq_ignore_ascii_case(&redirect.authority())) {
        return Page::Bad;
    }
    let url = target.starts_with('/').then(|| redirect.join(target)).flatten();
    let Some(url) = url.filter(|url| redirect.leads_to(url)) else { return Page::NotFound };
    if method != "GET" {
        return Page::NotAllowed;
    }
    if !super::redirect::is_response(&url) {
        return Page::NotFound;
    }
    let (page, decided) = oneshot::channel();
    if visits.send(visit(url, page)).await.is_err() {
        return Page::NotLoggedIn;
    }
    decided.await.unwrap_or(Page::NotLoggedIn)
}

/// The head of a request, as far as it came.
#[derive(Debug, PartialEq)]
enum Request {
    Partial,
    Bad,
    Whole { method: String, target: String, host: Option<String> },
}

impl Request {
    fn parse(head: &[u8]) -> Self {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(head) {
            Ok(httparse::Status::Partial) => Self::Partial,
            Ok(httparse::Status::Complete(_)) => {
                let host = request.headers.iter().find(|h| h.name.eq_ignore_ascii_case("host"));
                let host = host.and_then(|host| std::str::from_utf8(host.value).ok());
                Self::Whole {
                    method: request.method.unwrap_or_default().to_owned(),
                    target: request.path.unwrap_or_default().to_owned(),
                    host: host.map(str::to_owned),
                }
            }
            Err(_) => Self::Bad,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    LoggedIn,
    NotLoggedIn,
    NotFound,
    NotAllowed,
    Bad,
    TooLarge,
}

impl Page {
    fn response(self) -> String {
        let (status, title, text) = match self {
            Self::LoggedIn => {
                ("200 OK", "Logged in", "You can close this page and return to the application.")
            }
            Self::NotLoggedIn => (
                "400 Bad Request",
                "Not logged in",
                "The login failed. Return to the application and try again.",
            ),
            Self::NotFound => ("404 Not Found", "Not found", "There is nothing here."),
            Self::NotAllowed => ("405 Method Not Allowed", "Not allowed", "Only GET."),
            Self::Bad => ("400 Bad Request", "Bad request", "This was not understood."),
            Self::TooLarge => {
                ("431 Request Header Fields Too Large", "Too large", "This was too long.")
            }
        };
        let body = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\
             <h1>{title}</h1><p>{text}</p></html>\n"
        );
        // The URL of this page holds the code: it must not be kept or passed on.
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\n\
             content-length: {}\r\ncache-control: no-store\r\nreferrer-policy: no-referrer\r\n\
             content-security-policy: default-src 'none'\r\nx-content-type-options: nosniff\r\n\
             connection: close\r\n\r\n{body}",
            body.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_as_they_come_in() {
        let whole = b"GET /callback?code=x HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n";
        for end in 0..whole.len() {
            assert_eq!(Request::parse(&whole[..end]), Request::Partial);
        }
        let Request::Whole { method, target, host } = Request::parse(whole) else {
            panic!("it is whole")
        };
        assert_eq!((method.as_str(), target.as_str()), ("GET", "/callback?code=x"));
        assert_eq!(host.as_deref(), Some("127.0.0.1:1"));
        for bad in [&b"\x16\x03\x01\x02\x00"[..], b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"] {
            assert_eq!(Request::parse(bad), Request::Bad, "{bad:?}");
        }
    }

    #[test]
    fn pages_say_how_long_they_are_and_are_not_kept() {
        for page in [Page::LoggedIn, Page::NotLoggedIn, Page::NotFound, Page::TooLarge] {
            let response = page.response();
            let (head, body) = response.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("content-length: {}\r\n", body.len())));
            assert!(head.contains("no-store") && head.contains("connection: close"));
        }
    }
}
