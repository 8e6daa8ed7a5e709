//! The listener: TLS, HTTP/1.1, CORS, and the upgrade to WebSocket.

use std::sync::Arc;
use std::time::Duration;

use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::Frame;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{json, Value};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::WebSocketStream;

use crate::fault::{HttpFailure, Slow};
use crate::hub::Hub;
use crate::{control, oauth, rest, secrets, socket};

const LARGEST_BODY: usize = 1 << 20;

/// An HTTP request with its body read.
pub struct Call {
    pub method: String,
    pub path: String,
    pub raw_query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Scheme and authority as the client sees them.
    pub base: String,
}

impl Call {
    /// A decoded query parameter.
    pub fn query(&self, key: &str) -> Option<String> {
        self.raw_query.split('&').find_map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decode(name) == key).then(|| percent_decode(value))
        })
    }

    fn credentials(&self, scheme: &str) -> Option<&str> {
        let value = self.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (given, credentials) = value.split_once(' ')?;
        given.eq_ignore_ascii_case(scheme).then(|| credentials.trim())
    }

    /// User and password of Basic authentication.
    pub fn basic(&self) -> Option<(String, String)> {
        let decoded = STANDARD.decode(self.credentials("basic")?).ok()?;
        let text = String::from_utf8(decoded).ok()?;
        text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
    }

    /// What the body is declared as, in small letters and without parameters.
    pub fn media_type(&self) -> String {
        let kind = self.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let media_type = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
        media_type.to_ascii_lowercase()
    }

    /// Whether the body is declared as JSON.
    pub fn has_json(&self) -> bool {
        self.media_type() == "application/json"
    }

    /// The token of Bearer authentication.
    pub fn bearer(&self) -> Option<&str> {
        self.credentials("bearer")
    }
}

/// What an endpoint answers.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub kind: &'static str,
    pub body: Vec<u8>,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
}

impl Answer {
    /// A JSON answer.
    pub fn json(status: u16, value: Value) -> Answer {
        let body = value.to_string().into_bytes();
        Answer { status, kind: "application/json", body, headers: Vec::new() }
    }

    /// The same with one more header.
    pub fn header(mut self, name: &'static str, value: &str) -> Answer {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// Accepts connections until it is dropped.
pub async fn listen(hub: Arc<Hub>, listener: TcpListener, tls: Option<TlsAcceptor>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, for instance; nothing to do but wait.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        tokio::spawn(connection(hub.clone(), stream, tls.clone()));
    }
}

async fn connection(hub: Arc<Hub>, stream: TcpStream, tls: Option<TlsAcceptor>) {
    match tls {
        None => serve(hub, stream).await,
        Some(acceptor) => match acceptor.accept(stream).await {
            Ok(stream) => serve(hub, stream).await,
            Err(error) => hub.log(&format!("TLS handshake failed: {error}")),
        },
    }
}

async fn serve<S>(hub: Arc<Hub>, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        let hub = hub.clone();
        async move { respond(hub, request).await }
    });
    // A client that breaks off in the middle is no news.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}

type HttpResponse = Response<UnsyncBoxBody<Bytes, std::convert::Infallible>>;

/// Between two blanks of a body that drips.
const DRIP: Duration = Duration::from_millis(100);

/// An error ends the connection without an answer.
async fn respond(
    hub: Arc<Hub>,
    request: hyper::Request<Incoming>,
) -> std::io::Result<HttpResponse> {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = if upgrade_key(&request).is_some() {
        upgrade(hub, request)
    } else if request.method() == Method::OPTIONS {
        plain(204, "text/plain", Vec::new())
    } else {
        http(hub, request).await?
    };
    allow_origin(response.headers_mut(), origin);
    Ok(response)
}

/// Browsers ask from another origin; a test double has nothing to protect.
fn allow_origin(headers: &mut HeaderMap, origin: Option<HeaderValue>) {
    let origin = origin.unwrap_or(HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    for (name, value) in [
        ("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE, OPTIONS"),
        ("access-control-allow-headers", "Authorization, Content-Type, Accept"),
        ("access-control-allow-private-network", "true"),
        ("vary", "Origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

fn plain(status: u16, kind: &'static str, body: Vec<u8>) -> HttpResponse {
    let mut response = Response::new(Full::new(Bytes::from(body)).boxed_unsync());
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn failed(status: u16) -> HttpResponse {
    let text = match status {
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    };
    plain(status, "application/json", json!({ "error": text }).to_string().into_bytes())
}

fn failed_as_told(failure: &HttpFailure) -> HttpResponse {
    let mut response = failed(failure.status);
    let wait = failure.retry_after.as_deref();
    if let Some(wait) = wait.and_then(|text| HeaderValue::from_str(text).ok()) {
        response.headers_mut().insert(header::RETRY_AFTER, wait);
    }
    response
}

/// An answer whose body never ends.
fn slowly(answer: &Answer, slow: Slow) -> HttpResponse {
    let half = Bytes::copy_from_slice(&answer.body[..answer.body.len() / 2]);
    let frames = stream::unfold(Some(half), move |first| async move {
        let next = match (first, slow) {
            (Some(half), Slow::Stalls) => half,
            (None, Slow::Stalls) => std::future::pending().await,
            (_, Slow::Drips) => {
                tokio::time::sleep(DRIP).await;
                Bytes::from_static(b" ")
            }
        };
        Some((Ok(Frame::data(next)), None))
    });
    let mut response = plain(answer.status, answer.kind, Vec::new());
    *response.body_mut() = StreamBody::new(frames).boxed_unsync();
    response
}

async fn http(hub: Arc<Hub>, request: hyper::Request<Incoming>) -> std::io::Result<HttpResponse> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LARGEST_BODY).collect().await else {
        let text = json!({ "error": "Too Large" }).to_string();
        return Ok(plain(413, "application/json", text.into()));
    };
    let scheme = if hub.config.tls { "https" } else { "http" };
    let host = parts.headers.get(header::HOST).and_then(|h| h.to_str().ok());
    let authority = host.or(hub.authority.get().map(String::as_str)).unwrap_or_default();
    let call = Call {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        raw_query: parts.uri.query().unwrap_or_default().to_owned(),
        base: format!("{scheme}://{authority}"),
        headers: parts.headers,
        body: body.to_bytes(),
    };
    secrets::notice_request(&call);
    let control = call.path.starts_with("/_gateway");
    let answer = if control {
        control::handle(&hub, &call)
    } else {
        hub.log(&format!("http {} {}?{}", call.method, call.path, call.raw_query));
        let fail = hub.with(|inner| {
            inner.counters.http_requests += 1;
            inner.faults.fail_http(&call.path)
        });
        match fail {
            Some(failure) => {
                if failure.after {
                    route(&hub, &call);
                }
                if let Some(slow) = failure.slow {
                    return Ok(slowly(&route(&hub, &call), slow));
                }
                if failure.status == 0 {
                    return Err(std::io::ErrorKind::ConnectionReset.into());
                }
                return Ok(failed_as_told(&failure));
            }
            None => route(&hub, &call),
        }
    };
    let mut response = plain(answer.status, answer.kind, answer.body);
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

fn route(hub: &Hub, call: &Call) -> Answer {
    oauth::handle(hub, call).unwrap_or_else(|| rest::handle(hub, call))
}

fn upgrade_key<T>(request: &hyper::Request<T>) -> Option<&[u8]> {
    let headers = request.headers();
    let upgrade = headers.get(header::UPGRADE)?.to_str().ok()?;
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
    upgrade.eq_ignore_ascii_case("websocket").then(|| key.as_bytes())
}

fn upgrade(hub: Arc<Hub>, mut request: hyper::Request<Incoming>) -> HttpResponse {
    if hub.with(|inner| inner.faults.refuses_sockets()) {
        return failed(503);
    }
    let accept = derive_accept_key(upgrade_key(&request).unwrap_or_default());
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        match upgraded.await {
            Ok(stream) => {
                let stream = TokioIo::new(stream);
                let stream = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
                socket::serve(hub, stream).await;
            }
            Err(error) => hub.log(&format!("upgrade failed: {error}")),
        }
    });
    let mut response = Response::new(Full::new(Bytes::new()).boxed_unsync());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    if let Ok(value) = HeaderValue::from_str(&accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, value);
    }
    response
}

/// Decodes `%xx` and `+` of a query.
pub fn percent_decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        let hex = tail.get(..2).and_then(|h| std::str::from_utf8(h).ok());
        match (byte, hex.and_then(|h| u8::from_str_radix(h, 16).ok())) {
            (b'%', Some(value)) => {
                out.push(value);
                rest = &tail[2..];
            }
            (b'+', _) => out.push(b' '),
            _ => out.push(*byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded() {
        assert_eq!(percent_decode("%2Fpublic%2Fecho+x"), "/public/echo x");
        assert_eq!(percent_decode("100%"), "100%");
        assert_eq!(percent_decode("%zz"), "%zz");
    }

    #[test]
    fn credentials_are_read() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static("Basic cDp0OnU="));
        let mut call = Call {
            method: "GET".into(),
            path: "/".into(),
            raw_query: "name=%2Fa&b".into(),
            headers,
            body: Bytes::new(),
            base: String::new(),
        };
        assert_eq!(call.basic(), Some(("p".into(), "t:u".into())));
        assert_eq!(call.bearer(), None);
        assert_eq!(call.query("name").as_deref(), Some("/a"));
        assert_eq!(call.query("b").as_deref(), Some(""));
        call.headers.insert("authorization", HeaderValue::from_static("bearer x.y"));
        assert_eq!(call.bearer(), Some("x.y"));
    }
}
