//! A small client that speaks just enough of the protocol to test the gateway.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{json, Value};
use signalwire_gateway::{Gateway, GatewayConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::WebSocketStream;

/// A gateway without TLS.
pub fn gateway(change: impl FnOnce(&mut GatewayConfig)) -> Gateway {
    let mut config = GatewayConfig { tls: false, ..GatewayConfig::default() };
    change(&mut config);
    Gateway::start(config).unwrap()
}

fn authority(gateway: &Gateway) -> String {
    gateway.http_url().trim_start_matches("http://").to_owned()
}

/// An HTTP request; status and JSON body come back.
pub async fn http(
    gateway: &Gateway,
    method: &str,
    path: &str,
    authorization: &str,
    body: Option<Value>,
) -> (u16, Value) {
    let mut stream = TcpStream::connect(authority(gateway)).await.unwrap();
    let body = body.map(|b| b.to_string()).unwrap_or_default();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: gw.test\r\nAuthorization: {authorization}\r\n\
         Content-Type: application/json\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

/// A page as a browser asks for it, with a form to send or without; status, head and text.
pub async fn page(gateway: &Gateway, path: &str, form: Option<&str>) -> (u16, String, String) {
    let mut stream = TcpStream::connect(authority(gateway)).await.unwrap();
    let (method, body) = (if form.is_some() { "POST" } else { "GET" }, form.unwrap_or_default());
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_owned(), body.to_owned())
}

static NEXT: AtomicU32 = AtomicU32::new(1);

/// A WebSocket connection.
pub struct Client {
    socket: WebSocketStream<TcpStream>,
    /// Whether events and pings are answered.
    pub polite: bool,
    pub events: Vec<Value>,
    pub protocol: String,
    pub state: String,
}

impl Client {
    /// Opens a socket without a session.
    pub async fn open(gateway: &Gateway) -> Result<Client, String> {
        let stream = TcpStream::connect(authority(gateway)).await.map_err(|e| e.to_string())?;
        let (socket, _) = tokio_tungstenite::client_async(gateway.ws_url(), stream)
            .await
            .map_err(|e| e.to_string())?;
        Ok(Client {
            socket,
            polite: true,
            events: Vec::new(),
            protocol: String::new(),
            state: String::new(),
        })
    }

    /// Opens a socket and connects with a fresh token.
    pub async fn connected(gateway: &Gateway) -> Client {
        let mut client = Client::open(gateway).await.unwrap();
        let token = gateway.mint_token("carol@example.com", 60, None);
        let answer = client.connect(&token, json!({})).await;
        assert!(answer["result"]["protocol"].is_string(), "{answer}");
        client.event("signalwire.authorization.state").await;
        client
    }

    pub async fn send(&mut self, message: &Value) {
        self.socket.send(Message::text(message.to_string())).await.unwrap();
    }

    /// The next frame as JSON; `None` when the socket is closed.
    pub async fn frame(&mut self) -> Option<Value> {
        loop {
            let frame = tokio::time::timeout(Duration::from_secs(5), self.socket.next());
            match frame.await.expect("a frame within five seconds")? {
                Ok(Message::Text(text)) => return serde_json::from_str(&text).ok(),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// The next frame that is not a request of the server; those are handled on the way.
    async fn response(&mut self) -> Value {
        loop {
            let message = self.frame().await.expect("a response before the end");
            if message.get("method").is_none() {
                return message;
            }
            self.take(message).await;
        }
    }

    async fn take(&mut self, message: Value) {
        let id = &message["id"];
        let result = match message["method"].as_str() {
            Some("signalwire.ping") => json!({ "timestamp": 1.5 }),
            _ => json!({}),
        };
        if self.polite {
            let answer = json!({ "jsonrpc": "2.0", "id": id, "result": result });
            self.send(&answer).await;
        }
        let state = &message["params"]["params"]["authorization_state"];
        if let Some(state) = state.as_str() {
            self.state = state.to_owned();
        }
        self.events.push(message);
    }

    /// Sends a request and waits for its response.
    pub async fn request(&mut self, method: &str, params: Value) -> Value {
        // A session that is resumed answers a repeated id with the first answer.
        let id = format!("r{}-{}", NEXT.fetch_add(1, Ordering::Relaxed), method);
        self.request_as(&id, method, params).await
    }

    pub async fn request_as(&mut self, id: &str, method: &str, params: Value) -> Value {
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })).await;
        loop {
            let response = self.response().await;
            if response["id"] == id {
                return response;
            }
        }
    }

    pub async fn connect(&mut self, token: &str, more: Value) -> Value {
        let mut params = json!({
            "version": { "major": 4, "minor": 0, "revision": 0 }, "agent": "test/1",
            "event_acks": true, "authentication": { "jwt_token": token },
        });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = self.request("signalwire.connect", params).await;
        if let Some(protocol) = answer["result"]["protocol"].as_str() {
            self.protocol = protocol.to_owned();
        }
        answer
    }

    /// The params of the next event (or server request) of this type.
    pub async fn event(&mut self, kind: &str) -> Value {
        loop {
            let at = self
                .events
                .iter()
                .position(|e| e["params"]["event_type"] == kind || e["method"] == kind);
            if let Some(at) = at {
                return self.events.remove(at)["params"].clone();
            }
            let message = self.frame().await.expect("an event before the end");
            if message.get("method").is_some() {
                self.take(message).await;
            }
        }
    }

    /// Whether an event of this type came that was not waited for.
    pub fn has(&self, kind: &str) -> bool {
        self.events.iter().any(|event| event["params"]["event_type"] == kind)
    }

    /// The next Verto request of the server with this method.
    pub async fn verto_event(&mut self, method: &str) -> Value {
        loop {
            let event = self.event("webrtc.message").await;
            if event["params"]["method"] == method {
                return event["params"].clone();
            }
        }
    }

    /// A Verto request; the inner response comes back.
    pub async fn verto(&mut self, method: &str, params: Value) -> Value {
        let call_id = params["dialogParams"]["callID"].clone();
        let message = json!({ "jsonrpc": "2.0", "id": "v", "method": method, "params": params });
        let outer = json!({ "callID": call_id, "node_id": "", "message": message });
        let response = self.request("webrtc.verto", outer).await;
        assert_eq!(response["result"]["code"], "200", "{response}");
        response["result"]["result"].clone()
    }

    /// An invite to an address.
    pub async fn invite(&mut self, call_id: &str, to: &str, sdp: &str) -> Value {
        let dialog = json!({ "callID": call_id, "destination_number": to, "version": 1000,
            "attach": false, "pingSupported": true });
        self.verto("verto.invite", json!({ "sdp": sdp, "dialogParams": dialog })).await
    }

    /// Waits for the end of the socket.
    pub async fn closed(&mut self) {
        while self.frame().await.is_some() {}
    }
}

/// An audio offer with one candidate that nobody listens on.
pub const OFFER: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendrecv\r\n\
    a=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=ice-ufrag:abcd\r\n\
    a=ice-pwd:0123456789012345678901\r\na=setup:actpass\r\na=fingerprint:sha-256 AA:BB\r\n\
    a=candidate:1 1 udp 2122260223 127.0.0.1 9 typ host\r\n";

/// An answer to the gateway's offer, with Opus under its payload type.
pub const ANSWER: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 102\r\nc=IN IP4 0.0.0.0\r\na=sendrecv\r\na=rtcp-mux\r\n\
    a=rtpmap:102 opus/48000/2\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n\
    a=setup:active\r\na=fingerprint:sha-256 AA:BB\r\n\
    a=candidate:1 1 udp 2122260223 127.0.0.1 9 typ host\r\n";
