//! The signalling side of the service as told by a test: one WebSocket after the other, each frame of
//! the client kept, each answered by a function.

use base64::Engine;
use futures_util::{SinkExt, StreamExt};
use serde_json::{json, Value};
use signalwire_client::ClientOptions;
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, Notify};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

/// What to do with a request of the client. The number counts the sockets from 1.
type Script = dyn Fn(&Sender, usize, &Value) + Send + Sync;

/// Writes to one socket.
#[derive(Clone)]
pub struct Sender(mpsc::UnboundedSender<Option<String>>);

impl Sender {
    pub fn send(&self, frame: &Value) {
        let _ = self.0.send(Some(frame.to_string()));
    }

    /// Ends the socket without a close frame.
    pub fn drop_socket(&self) {
        let _ = self.0.send(None);
    }

    /// Answers a request.
    pub fn result(&self, request: &Value, result: Value) {
        self.send(&json!({"jsonrpc": "2.0", "id": request["id"], "result": result}));
    }

    pub fn error(&self, request: &Value, code: i64) {
        let error = json!({"code": code, "message": "on purpose"});
        self.send(&json!({"jsonrpc": "2.0", "id": request["id"], "error": error}));
    }

    pub fn event(&self, id: &str, event_type: &str, params: Value) {
        let params = json!({"event_type": event_type, "node_id": NODE, "timestamp": 1.5,
            "params": params});
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": "signalwire.event",
            "params": params}));
    }

    /// A Verto request of the service.
    pub fn verto(&self, id: Value, method: &str, params: Value) {
        let outer = uuid::Uuid::new_v4().to_string();
        let inner = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.event(&outer, "webrtc.message", inner);
    }

    /// What the service answers to everything when nothing is wrong.
    pub fn answer(&self, request: &Value) {
        let message = &request["params"]["message"];
        match request["method"].as_str() {
            Some("signalwire.connect") => self.result(request, authorized("signalwire_j_1_p")),
            Some("webrtc.verto") if message.get("method").is_some() => {
                let dialog = &message["params"]["dialogParams"];
                let inner = json!({"jsonrpc": "2.0", "id": message["id"], "result":
                    {"message": "CALL CREATED", "callID": dialog["callID"], "memberID": "m-1"}});
                self.result(request, json!({"code": "200", "node_id": NODE, "result": inner}));
            }
            Some(_) => self.result(request, json!({"code": "200", "message": "OK"})),
            None => {}
        }
    }
}

pub const NODE: &str = "n1@us-east";

/// The result of `signalwire.connect`.
pub fn authorized(protocol: &str) -> Value {
    json!({"identity": "i", "protocol": protocol, "authorization": {"jti": "j",
        "project_id": "p", "fabric_subscriber": {"expires_at": 4_000_000_000_u64}}})
}

#[derive(Default)]
struct Seen {
    frames: Mutex<Vec<(usize, Value)>>,
    changed: Notify,
}

pub struct Service {
    url: String,
    seen: Arc<Seen>,
    latest: Arc<Mutex<Option<Sender>>>,
    task: JoinHandle<()>,
}

impl Service {
    pub async fn start(script: impl Fn(&Sender, usize, &Value) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("ws://{}", listener.local_addr().expect("an address"));
        let (seen, latest) = (Arc::<Seen>::default(), Arc::<Mutex<Option<Sender>>>::default());
        let (known, newest) = (Arc::clone(&seen), Arc::clone(&latest));
        let script: Arc<Script> = Arc::new(script);
        let task = tokio::spawn(async move {
            let mut number = 0;
            while let Ok((stream, _)) = listener.accept().await {
                number += 1;
                let (sender, outgoing) = mpsc::unbounded_channel();
                let sender = Sender(sender);
                *newest.lock().unwrap() = Some(sender.clone());
                let (script, known) = (Arc::clone(&script), Arc::clone(&known));
                tokio::spawn(async move {
                    let told = |frame: &Value| script(&sender, number, frame);
                    serve(stream, outgoing, |frame| {
                        told(&frame);
                        known.frames.lock().unwrap().push((number, frame));
                        known.changed.notify_waiters();
                    })
                    .await;
                });
            }
        });
        Self { url, seen, latest, task }
    }

    /// Options for a client of this service.
    pub fn options(&self) -> ClientOptions {
        let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        let header = encode(r#"{"alg":"dir","enc":"A256GCM","typ":"SAT"}"#);
        let part = encode("part");
        let mut options = ClientOptions::new(format!("{header}..{part}.{part}.{part}"));
        options.ws_url = Some(self.url.clone());
        options.http_url = Some(self.url.replace("ws://", "http://"));
        options
    }

    /// The newest socket.
    pub fn socket(&self) -> Sender {
        self.latest.lock().unwrap().clone().expect("a socket")
    }

    /// Everything that came so far, with the numbers of the sockets.
    pub fn frames(&self) -> Vec<(usize, Value)> {
        self.seen.frames.lock().unwrap().clone()
    }

    /// Waits for a frame that fits.
    pub async fn frame(&self, what: &str, fits: impl Fn(usize, &Value) -> bool) -> Value {
        self.frames_of(what, 1, fits).await.remove(0)
    }

    /// Waits for at least so many frames that fit.
    pub async fn frames_of(
        &self,
        what: &str,
        count: usize,
        fits: impl Fn(usize, &Value) -> bool,
    ) -> Vec<Value> {
        let fitting = || -> Vec<Value> {
            let frames = self.frames().into_iter();
            frames.filter(|(number, frame)| fits(*number, frame)).map(|(_, frame)| frame).collect()
        };
        let waiting = async {
            loop {
                let changed = self.seen.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                let found = fitting();
                if found.len() >= count {
                    return found;
                }
                changed.await;
            }
        };
        match tokio::time::timeout(super::common::DEADLINE, waiting).await {
            Ok(frames) => frames,
            Err(_) => panic!("{what} did not come: {:#?}", self.frames()),
        }
    }

    /// Waits for a Verto request of the client.
    pub async fn verto(&self, method: &str) -> Value {
        self.frame(method, |_, frame| frame["params"]["message"]["method"] == method).await
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    stream: TcpStream,
    mut outgoing: mpsc::UnboundedReceiver<Option<String>>,
    mut take: impl FnMut(Value),
) {
    let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
    loop {
        tokio::select! {
            frame = outgoing.recv() => match frame.flatten() {
                Some(text) => {
                    if socket.send(Message::text(text)).await.is_err() {
                        return;
                    }
                }
                None => return,
            },
            frame = socket.next() => match frame {
                Some(Ok(Message::Text(text))) => {
                    take(serde_json::from_str(&text).expect("every frame is JSON"));
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
        }
    }
}
