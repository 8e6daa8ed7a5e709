//! One WebSocket: frames in and out, keep-alive, dispatch of requests.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{json, Value};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message};
use tokio_tungstenite::WebSocketStream;

use crate::hub::{timestamp, Hub, Out, SocketHandle};
use crate::rpc::{self, INVALID_REQUEST, METHOD_NOT_FOUND};
use crate::{member, secrets, session, verto};

struct Connection {
    hub: Arc<Hub>,
    handle: SocketHandle,
    protocol: Option<String>,
    ping: Option<(String, Instant)>,
    disconnecting: bool,
}

/// Serves a socket until one side ends it.
pub async fn serve<S>(hub: Arc<Hub>, mut stream: WebSocketStream<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (sender, outbox) = mpsc::unbounded_channel();
    let id = hub.with(|inner| {
        inner.counters.sockets += 1;
        inner.next_socket += 1;
        inner.next_socket
    });
    let handle = SocketHandle { id, sender, frozen: Arc::new(AtomicBool::new(false)) };
    let mut connection =
        Connection { hub: hub.clone(), handle, protocol: None, ping: None, disconnecting: false };
    hub.log(&format!("socket {id} open"));
    connection.run(&mut stream, outbox).await;
    hub.log(&format!("socket {id} closed"));
    if let Some(protocol) = &connection.protocol {
        hub.detach(protocol, id);
    }
}

impl Connection {
    async fn run<S>(&mut self, stream: &mut WebSocketStream<S>, mut outbox: UnboundedReceiver<Out>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let interval = self.hub.config.ping_interval.max(Duration::from_millis(10));
        let mut ticker = tokio::time::interval_at(tokio::time::Instant::now() + interval, interval);
        loop {
            tokio::select! {
                out = outbox.recv() => {
                    let Some(out) = out else { return };
                    if !self.write(stream, out).await {
                        return;
                    }
                }
                // Nobody is there: not even protocol pings are answered.
                frame = stream.next(), if !self.frozen() => match frame {
                    Some(Ok(Message::Text(text))) => self.text(text.as_str()),
                    Some(Ok(Message::Binary(_))) => {
                        self.hub.violation("a binary frame");
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    Some(Ok(_)) => {}
                },
                _ = ticker.tick() => self.keep_alive(interval),
            }
        }
    }

    /// Writes one item; `false` ends the socket.
    async fn write<S>(&self, stream: &mut WebSocketStream<S>, out: Out) -> bool
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match out {
            Out::Text(text) => stream.send(Message::text(text)).await.is_ok(),
            Out::Binary(bytes) => stream.send(Message::binary(bytes)).await.is_ok(),
            Out::Close(code, reason) => {
                let frame = CloseFrame { code: CloseCode::from(code), reason: reason.into() };
                let _ = stream.send(Message::Close(Some(frame))).await;
                // Give the client the time to answer the close frame.
                let rest = async { while let Some(Ok(_)) = stream.next().await {} };
                let _ = tokio::time::timeout(Duration::from_secs(1), rest).await;
                false
            }
            Out::Wake => true,
            Out::Drop => false,
        }
    }

    fn frozen(&self) -> bool {
        self.handle.frozen.load(Ordering::Relaxed)
    }

    fn keep_alive(&mut self, interval: Duration) {
        if self.protocol.is_none() || self.frozen() {
            return;
        }
        if let Some((_, sent)) = &self.ping {
            // A busy machine may answer one when the next is due.
            if sent.elapsed() < interval.max(self.hub.config.ack_limit) {
                return;
            }
            let seconds = sent.elapsed().as_secs_f32();
            if !self.disconnecting {
                self.hub.violation(format!("signalwire.ping unanswered for {seconds:.1} s"));
            }
        }
        let id = rpc::uuid();
        let params = json!({ "timestamp": timestamp() });
        self.send(&rpc::request(&json!(id), "signalwire.ping", params));
        self.hub.with(|inner| inner.counters.pings += 1);
        self.ping = Some((id, Instant::now()));
    }

    fn send(&self, message: &Value) {
        self.handle.send(Out::Text(message.to_string()));
    }

    fn text(&mut self, text: &str) {
        if self.frozen() {
            return;
        }
        let Ok(message) = serde_json::from_str::<Value>(text) else {
            self.hub.violation("a frame that is not JSON");
            self.send(&rpc::error(&Value::Null, INVALID_REQUEST, "Invalid Request"));
            return;
        };
        secrets::notice_in(&message);
        self.hub.log(&format!("socket {} < {}", self.handle.id, text.get(..400).unwrap_or(text)));
        if message.get("jsonrpc") != Some(&json!("2.0")) {
            self.hub.violation("a message without jsonrpc 2.0");
        }
        match message.get("method") {
            Some(_) => self.request(&message),
            None => self.response(&message),
        }
    }

    fn request(&mut self, message: &Value) {
        let hub = self.hub.clone();
        let id = message.get("id").cloned().unwrap_or(Value::Null);
        let method = rpc::text(message, "method").unwrap_or_default();
        let params = message.get("params").cloned().unwrap_or_else(|| json!({}));
        hub.with(|inner| inner.counters.requests += 1);
        if !id.is_string() || !params.is_object() {
            hub.violation(format!("{method}: the id is no string or params is no object"));
            self.send(&rpc::error(&id, INVALID_REQUEST, "Invalid Request"));
            return;
        }
        if self.disconnecting {
            hub.violation(format!("{method} after signalwire.disconnect"));
        }
        if method == "signalwire.connect" {
            self.connect(&id, &params);
            return;
        }
        let Some(protocol) = self.protocol.clone() else {
            hub.violation(format!("{method} before signalwire.connect"));
            self.send(&rpc::error(&id, rpc::AUTHENTICATION_FAILED, "Authentication Required"));
            return;
        };
        if self.repeated(&protocol, &id) {
            return;
        }
        match method {
            "webrtc.verto" => verto::handle(&hub, &protocol, &id, &params),
            "subscriber.online" => session::presence(&hub, &protocol, &id, true),
            "subscriber.offline" => session::presence(&hub, &protocol, &id, false),
            "signalwire.reauthenticate" => session::reauthenticate(&hub, &protocol, &id, &params),
            "signalwire.ping" => {
                let pong = json!({ "timestamp": params.get("timestamp") });
                hub.respond(&protocol, &id, &rpc::result(&id, pong));
            }
            _ if method.starts_with("call.") => {
                member::handle(&hub, &protocol, &id, method, &params);
            }
            _ => {
                hub.violation(format!("unknown method {method:?}"));
                let answer = rpc::error(&id, METHOD_NOT_FOUND, "Method not found");
                hub.respond(&protocol, &id, &answer);
            }
        }
    }

    fn connect(&mut self, id: &Value, params: &Value) {
        let old = self.protocol.take();
        self.protocol = session::connect(&self.hub, &self.handle, id, params);
        match (old, &self.protocol) {
            (Some(old), Some(new)) if old != *new => {
                self.hub.violation("a second signalwire.connect on a connected socket");
                self.hub.detach(&old, self.handle.id);
            }
            (Some(old), None) => self.hub.detach(&old, self.handle.id),
            _ => {}
        }
    }

    /// A request may come again with the same id after a lost connection: the first answer
    /// counts.
    fn repeated(&self, protocol: &str, id: &Value) -> bool {
        let key = id.to_string();
        let known = self.hub.with(|inner| {
            let session = inner.sessions.get_mut(protocol)?;
            if let Some((_, text)) = session.answered.iter().find(|(known, _)| *known == key) {
                let text = text.clone();
                inner.counters.duplicate_requests += 1;
                return Some(Some(text));
            }
            if !session.pending.insert(key) {
                inner.counters.duplicate_requests += 1;
                return Some(None);
            }
            None
        });
        match known {
            Some(Some(text)) => {
                self.handle.send(Out::Text(text));
                true
            }
            Some(None) => true,
            None => false,
        }
    }

    fn response(&mut self, message: &Value) {
        let id = rpc::text(message, "id").unwrap_or_default().to_owned();
        if message.get("result").is_none() && message.get("error").is_none() {
            self.hub.violation("a message with neither method nor result nor error");
            return;
        }
        if self.ping.as_ref().is_some_and(|(ping, _)| *ping == id) {
            self.ping = None;
            if !message["result"]["timestamp"].is_number() {
                self.hub.violation("signalwire.ping answered without a timestamp");
            }
            self.hub.with(|inner| inner.counters.pongs += 1);
            return;
        }
        let known = self.protocol.as_ref().and_then(|protocol| {
            self.hub.with(|inner| {
                // An acknowledgement that crosses the loss of its session is nobody's fault.
                let Some(session) = inner.sessions.get_mut(protocol) else { return Some(()) };
                let expected = inner.faults.expects_reply(&id);
                self.disconnecting |= expected == Some("signalwire.disconnect");
                let acknowledged = session.acknowledge(&id);
                inner.counters.event_acks += u64::from(acknowledged);
                (acknowledged || expected.is_some()).then_some(())
            })
        });
        if known.is_none() {
            self.hub.violation(format!("a response to the unknown id {id:?}"));
        } else if message.get("result").is_none() {
            self.hub.violation(format!("an error as the answer to {id:?}: {}", message["error"]));
        }
    }
}
