//! The gateway as a value: it runs on its own threads and ends when it is dropped.

use std::net::Ipv4Addr;
use std::sync::{mpsc, Arc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use crate::config::GatewayConfig;
use crate::hub::Hub;
use crate::media::dtls::Identity;
use crate::media::MediaConfig;
use crate::{fault, server, state, tls};

const WORKERS: usize = 2;

/// A running gateway. Works in synchronous and asynchronous tests alike.
pub struct Gateway {
    hub: Arc<Hub>,
    runtime: Handle,
    authority: String,
    ca_pem: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What the gateway's thread reports when it is ready.
struct Ready {
    hub: Arc<Hub>,
    runtime: Handle,
    authority: String,
    ca_pem: String,
}

impl Gateway {
    /// Starts a gateway and returns when it listens.
    pub fn start(config: GatewayConfig) -> Result<Gateway, String> {
        let (report, ready) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("gateway".into())
            .spawn(move || run(config, &report, stopped))
            .map_err(|e| e.to_string())?;
        let ready = ready.recv().map_err(|_| "the gateway's thread died".to_owned())?;
        let Ready { hub, runtime, authority, ca_pem } = ready?;
        Ok(Gateway { hub, runtime, authority, ca_pem, stop: Some(stop), thread: Some(thread) })
    }

    /// `wss://127.0.0.1:port`, or `ws://` without TLS.
    pub fn ws_url(&self) -> String {
        format!("{}://{}", if self.hub.config.tls { "wss" } else { "ws" }, self.authority)
    }

    /// `https://127.0.0.1:port`, or `http://` without TLS.
    pub fn http_url(&self) -> String {
        format!("{}://{}", if self.hub.config.tls { "https" } else { "http" }, self.authority)
    }

    /// The certificate authority in PEM; empty without TLS.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The user name of Basic authentication.
    pub fn project(&self) -> &str {
        &self.hub.config.project
    }

    /// The password of Basic authentication.
    pub fn api_token(&self) -> &str {
        &self.hub.config.api_token
    }

    /// A subscriber token for `reference`, already expired when `ttl_seconds` is not positive.
    /// `ch` goes into the protected header.
    pub fn mint_token(&self, reference: &str, ttl_seconds: i64, ch: Option<&str>) -> String {
        self.hub.mint(reference, ttl_seconds, ch)
    }

    /// A subscriber token that is bound to a key and may be exchanged (`sat:refresh`).
    pub fn mint_bound_token(&self, reference: &str, ttl_seconds: i64, thumbprint: &str) -> String {
        let mut grant = self.hub.subscriber_grant(reference, ttl_seconds);
        grant.scope = vec!["sat:refresh".into()];
        grant.thumbprint = Some(thumbprint.to_owned());
        self.hub.issue(grant, None)
    }

    /// Sessions, calls, counters and violations; the same as `GET /_gateway/state`.
    pub fn state(&self) -> Value {
        state::report(&self.hub)
    }

    /// Misbehaves; the same as `POST /_gateway/fault`. The result of the fault is returned.
    ///
    /// # Panics
    /// When there is no such fault or it cannot be applied: that is a mistake of the test.
    pub fn fault(&self, fault: Value) -> Value {
        let _runtime = self.runtime.enter();
        fault::apply(&self.hub, &fault).unwrap_or_else(|reason| panic!("{reason}: {fault}"))
    }

    /// Waits until the state fulfils a condition; `false` when that took too long.
    pub fn wait_for(&self, condition: impl Fn(&Value) -> bool, limit: Duration) -> bool {
        let start = Instant::now();
        loop {
            if condition(&self.state()) {
                return true;
            }
            if start.elapsed() > limit {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(
    config: GatewayConfig,
    report: &mpsc::Sender<Result<Ready, String>>,
    stopped: oneshot::Receiver<()>,
) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .thread_name("gateway-worker")
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = report.send(Err(error.to_string()));
            return;
        }
    };
    let handle = runtime.handle().clone();
    runtime.block_on(async {
        match open(config, handle).await {
            Ok(ready) => {
                let _ = report.send(Ok(ready));
                let _ = stopped.await;
            }
            Err(reason) => {
                let _ = report.send(Err(reason));
            }
        }
    });
    runtime.shutdown_timeout(Duration::from_secs(2));
}

async fn open(config: GatewayConfig, runtime: Handle) -> Result<Ready, String> {
    let media = MediaConfig {
        dialect: config.dialect,
        identity: Arc::new(Identity::new()?),
        vanish_after: config.media_vanish,
        telephone_events: config.telephone_events,
        ptime: config.ptime,
    };
    let (acceptor, ca_pem) = match config.tls {
        true => {
            let (server, ca_pem) = tls::make()?;
            (Some(TlsAcceptor::from(server)), ca_pem)
        }
        false => (None, String::new()),
    };
    crate::secrets::notice_in(&config.ice_servers);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port))
        .await
        .map_err(|e| format!("port {}: {e}", config.port))?;
    let authority = listener.local_addr().map_err(|e| e.to_string())?.to_string();
    let hub = Arc::new(Hub::new(config, media));
    let _ = hub.authority.set(authority.clone());
    tokio::spawn(server::listen(hub.clone(), listener, acceptor));
    tokio::spawn(tidy(hub.clone()));
    Ok(Ready { hub, runtime, authority, ca_pem })
}

async fn tidy(hub: Arc<Hub>) {
    loop {
        tokio::time::sleep(Duration::from_millis(250)).await;
        hub.tidy();
    }
}
