//! The client: one subscriber's session with the service.

#[cfg(feature = "dpop")]
mod binding;
mod diagnostics;
mod directory;
mod keeper;
mod messages;
mod network;
#[cfg(feature = "push")]
mod notification;
mod preflight;
mod push;
pub(crate) mod record;
mod shutdown;

pub use crate::session::{ClientEvent, ClientState, ConnectTimes};
pub use directory::AddressList;
pub use messages::{ConversationList, MessageList};
pub use preflight::{
    PreflightCall, PreflightOptions, PreflightProblem, PreflightProblemKind, PreflightReport,
    PreflightServer, PreflightTransport, PreflightVerdict,
};
pub use shutdown::shutdown;

use crate::auth::tokens::Tokens;
use crate::auth::{AccessToken, Credentials};
use crate::call::{self, Call, CallContext, DoNotDisturb, OutboundCall, Router};
use crate::config::{ClientOptions, DialOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::net::endpoints::Hosts;
use crate::net::http::Http;
use crate::net::tls;
use crate::proto::destination::Destination;
use crate::rest::cache::AddressCache;
use crate::rest::outgoing::SentLog;
use crate::rest::{self, Subscriber};
use crate::runtime;
use crate::session::{Session, SessionConfig};
use crate::util::bus::{Bus, EventStream};
use crate::util::redact::Secret;
use keeper::Keeper;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::AbortHandle;

/// The events of a client, see [`EventStream`].
pub type ClientEventStream = EventStream<ClientEvent>;

/// One subscriber's connection to SignalWire.
///
/// A `Client` is a handle: cloning it is cheap and every method may be called from any thread.
/// Dropping the last handle closes the session in the background; [`Client::disconnect`] does it
/// and waits. All clients of a process share the library's threads.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

pub(crate) struct Inner {
    options: ClientOptions,
    hosts: Hosts,
    tls: Arc<rustls::ClientConfig>,
    http: Http,
    tokens: Arc<Tokens>,
    keeper: Keeper,
    session: Session,
    router: Arc<Router>,
    events: Bus<ClientEvent>,
    addresses: Arc<AddressCache>,
    sent: Arc<SentLog>,
    /// What the last registration of a device gave.
    push_key: Mutex<Option<Secret>>,
    runtime: runtime::Generation,
    /// The task that notices changes of the network.
    watch: Mutex<Option<AbortHandle>>,
}

impl Client {
    /// Makes a client; nothing is sent yet.
    ///
    /// Errors: `InvalidToken` if the token is not one (a subscriber access token is a compact
    /// JWE); `InvalidArgument` for unusable options; `Tls` for unreadable CA certificates;
    /// `InvalidArgument` also for a `resume_from` that is damaged or of another version: make the
    /// client without it. `Internal` if the threads cannot be started.
    pub fn new(options: ClientOptions) -> Result<Self> {
        let token = AccessToken::new(options.token.as_str());
        Self::with_credentials(options, Credentials::token(token))
    }

    /// Makes a client that gets its tokens from `credentials`; nothing is sent yet.
    ///
    /// The first token is asked for by [`Client::connect`], or by whatever needs one before. Each is
    /// replaced 30 s before it expires, or when the service refuses it: HTTP and the session go on
    /// with the new one (`signalwire.reauthenticate`), and calls stay up. `options.token` is the
    /// first token if it is not empty and `credentials` has none.
    /// Errors: those of [`Client::new`]; a token is checked only if there is one.
    pub fn with_credentials(options: ClientOptions, credentials: Credentials) -> Result<Self> {
        options.validate()?;
        let mut credentials = credentials;
        if credentials.token.is_none() && !options.token.is_empty() {
            credentials.token = Some(AccessToken::new(options.token.as_str()));
        }
        let tokens = Tokens::new(&credentials)?;
        let hosts = Hosts::new(&options)?;
        if let Some(current) = tokens.current() {
            hosts.resolve(&current.token)?;
        }
        let tls = tls::client_config(options.ca_certificates_pem.as_deref())?;
        let restored = options.resume_from.as_deref().map(record::import).transpose()?;
        let (resume, calls) = restored.map_or((None, Vec::new()), |r| (Some(r.resume), r.calls));
        let runtime = runtime::ensure()?;
        let http = Http::new(hosts.clone(), Arc::clone(&tokens), &tls)?;
        let events = Bus::new(|event| Some(diagnostics::digest(event)));
        let router = Arc::new(Router::new(events.clone()));
        router.set_restorable(calls);
        let session = Session::start(
            SessionConfig {
                hosts: hosts.clone(),
                tokens: Arc::clone(&tokens),
                prover: credentials.prover.clone(),
                tls: Arc::clone(&tls),
                agent: agent(options.agent.as_deref()),
                request_timeout: Duration::from_millis(options.request_timeout_ms.into()),
                resume,
            },
            router.clone(),
        )?;
        let media_addresses = options.media_ips()?;
        router.accept_calls(CallContext {
            session: session.clone(),
            router: Arc::downgrade(&router),
            media_addresses,
            relay_only: options.relay_only,
            tls: Arc::clone(&tls),
        });
        let keeper = Keeper::start(keeper::Parts {
            tokens: Arc::clone(&tokens),
            session: session.clone(),
            router: Arc::clone(&router),
            prover: credentials.prover,
            http: http.clone(),
        })?;
        let watches_network = options.watch_network;
        let (addresses, sent) = (Arc::default(), Arc::default());
        let inner = Inner {
            options,
            hosts,
            tls,
            http,
            tokens,
            keeper,
            session,
            router,
            events,
            addresses,
            sent,
            push_key: Mutex::new(None),
            runtime,
            watch: Mutex::new(None),
        };
        let client = Self(Arc::new(inner));
        if watches_network {
            network::watch(&client.0)?;
        }
        shutdown::register(&client.0);
        Ok(client)
    }

    /// Opens the session and waits until the service authorized it.
    ///
    /// From then on a lost connection is made again by itself, with the same session where the
    /// service allows it. Connecting a connected client is `Ok`.
    /// A token that the service refuses is replaced once if there is a provider.
    /// Errors: `Network` (unknown or unreachable host), `Tls`, `Unauthorized` (expired or refused
    /// token), those of the provider, `Timeout` after `connect_timeout_ms`, `Protocol`, `Closed` after `disconnect`.
    pub async fn connect(&self) -> Result<()> {
        let limit = Duration::from_millis(self.0.options.connect_timeout_ms.into());
        let inner = Arc::clone(&self.0);
        self.run(async move {
            inner.session.connect(limit).await?;
            inner.keeper.settled(&inner.session).await
        })
        .await
    }

    /// Ends all calls, closes the session and waits until both are done, at most 5 s. Final.
    ///
    /// The last event is `StateChanged` to `Closed`. Disconnecting twice is `Ok`.
    pub async fn disconnect(&self) -> Result<()> {
        let inner = Arc::clone(&self.0);
        self.run(async move {
            shutdown::close(&inner).await;
            Ok(())
        })
        .await
    }

    /// Installs another token, which HTTP and the session use from now on; calls stay up.
    ///
    /// For applications that renew tokens themselves. While the session is up the service is asked
    /// at once, and the earlier token stays in use if it refuses. Otherwise the token is for the
    /// next connection.
    /// Errors: `InvalidToken` if it is not one; `Unauthorized` if the service refuses it; `Closed`.
    /// Source: `signalwire.reauthenticate`, signalwire-js SATSession.ts.
    pub async fn update_token(&self, token: AccessToken) -> Result<()> {
        let inner = Arc::clone(&self.0);
        self.run(async move {
            inner.keeper.update(token).await?;
            inner.addresses.clear();
            Ok(())
        })
        .await
    }

    /// Where the client stands at this moment.
    pub fn state(&self) -> ClientState {
        self.0.router.state()
    }

    /// A stream of this client's events; the first one holds everything since `new`.
    pub fn events(&self) -> ClientEventStream {
        self.0.events.stream()
    }

    /// Reads the subscriber that the token belongs to. Needs no session.
    ///
    /// Errors: `Unauthorized`, `Network`, `Tls`, `Timeout`, `RateLimited`, `Server`, `Protocol`.
    /// Source: `GET /api/fabric/subscriber/info`.
    pub async fn subscriber_info(&self) -> Result<Subscriber> {
        let inner = Arc::clone(&self.0);
        let directory = self.directory();
        self.run(async move {
            let generation = inner.tokens.current().map_or(0, |current| current.generation);
            let subscriber = rest::subscriber::info(&inner.http).await?;
            inner.tokens.learn_expiry(generation, subscriber.token_expires_at);
            directory.keep(&subscriber.addresses);
            Ok(subscriber)
        })
        .await
    }

    /// Starts a call and gives it at once, in state `New`, so that it can be watched and
    /// hung up before it is answered. [`Call::answered`] waits for the answer.
    ///
    /// `address`: `/context/name` with an optional `?channel=audio` or `?channel=video`, `+` and an
    /// E.164 number, or `sip:user@host`. Whether the call has video [`DialOptions::video`] says, and
    /// without a choice there the channel.
    /// Errors: `InvalidArgument` for an address or option that cannot be, `NotSupported` for the
    /// messaging channel, `NotConnected` before `connect`, `Closed` after `disconnect`. What
    /// happens to the call later is told by the call.
    pub fn dial(&self, address: &str, options: DialOptions) -> Result<Call> {
        self.0.runtime.check()?;
        options.validate()?;
        let destination = Destination::parse(address)?;
        match self.state() {
            ClientState::Connected | ClientState::Reconnecting => {}
            ClientState::Closed => return Err(Error::closed("the client")),
            ClientState::Disconnected | ClientState::Connecting => {
                return Err(Error::new(
                    ErrorKind::NotConnected,
                    "the client is not connected; await connect() before dial()",
                ))
            }
        }
        call::start_outbound(OutboundCall {
            context: CallContext {
                session: self.0.session.clone(),
                router: Arc::downgrade(&self.0.router),
                media_addresses: self.0.options.media_ips()?,
                relay_only: self.0.options.relay_only,
                tls: Arc::clone(&self.0.tls),
            },
            destination,
            options,
        })
    }

    /// Makes this client reachable: from now on calls come in as [`ClientEvent::IncomingCall`],
    /// also after a reconnection. Being online twice is `Ok`.
    ///
    /// A service that refuses is shown the token once more and asked again, then the refusal is final.
    /// A device that is registered for push should not be online as well: calls would come twice.
    /// Errors: `NotConnected` before `connect`; `Server` (registration failed, -32603); `Rejected` (guest and invite tokens cannot be
    /// called); `Timeout`; `Closed`. Source: `subscriber.online`, signalwire-js WSClient.ts.
    pub async fn online(&self) -> Result<()> {
        let inner = Arc::clone(&self.0);
        self.run(async move {
            inner.session.online().await?;
            inner.router.set_online(true);
            Ok(())
        })
        .await
    }

    /// Undoes [`Client::online`]; calls that are up go on. Errors as there.
    /// Source: `subscriber.offline`.
    pub async fn offline(&self) -> Result<()> {
        let inner = Arc::clone(&self.0);
        self.run(async move {
            inner.router.set_online(false);
            inner.session.request("subscriber.offline", serde_json::json!({})).await.map(drop)
        })
        .await
    }

    /// Sets which calls that come in are refused as busy from now on, without being announced:
    /// each is a [`ClientEvent::CallDeclined`]. Calls that ring already ring on, and the
    /// subscriber's other devices ring in any case. Off at first. Any thread; does not block.
    /// Source: `verto.bye` with cause 17.
    pub fn set_do_not_disturb(&self, mode: DoNotDisturb) {
        self.0.router.set_do_not_disturb(mode);
    }

    /// The session and its answered calls as a text that another process can go on with, by
    /// [`ClientOptions::resume_from`], when this one dies. It is out of date with every
    /// [`ClientEvent::SessionReady`] and [`ClientEvent::SessionRecordChanged`] and when a call is
    /// answered, ends or changes its media: store it anew then. A secret, like the token.
    ///
    /// Do not use it while this process lives: a session has one connection. After `disconnect`
    /// there is nothing to go on with.
    /// Errors: `NotConnected` before the first connection; `Closed` after `disconnect`.
    pub fn session_record(&self) -> Result<Secret> {
        if self.state() == ClientState::Closed {
            return Err(Error::closed("the client"));
        }
        record::export(&self.0)
    }

    /// Tells the client that the device's network changed: another Wi-Fi, mobile data instead of
    /// Wi-Fi, a VPN, waking up. Call it from the platform's own notice (`NWPathMonitor`,
    /// `ConnectivityManager.NetworkCallback`); on Linux the client notices by itself unless
    /// `watch_network` is off. Does not wait; harmless when nothing changed.
    ///
    /// The connection to the service is checked at once, and made anew without a pause if it is
    /// dead. Calls whose local address is gone make their media path anew
    /// ([`crate::CallEvent::Recovering`]).
    /// Errors: `Closed` after `disconnect`; `Forked`.
    pub fn network_changed(&self) -> Result<()> {
        self.0.runtime.check()?;
        if self.state() == ClientState::Closed {
            return Err(Error::closed("the client"));
        }
        network::changed(&self.0);
        Ok(())
    }

    /// How long each step of the last connection to the service took; `None` before the first.
    pub fn connect_times(&self) -> Option<ConnectTimes> {
        self.0.session.facts().connect_times
    }

    /// Tests what a call needs: the way to the service, each of its STUN and TURN servers and, with
    /// [`PreflightOptions::echo_address`], a short call that sends a tone and listens for it.
    ///
    /// Connects the client if it is not connected. Whatever does not work is in the report, which
    /// says what to do about it. Takes as long as the slowest server, at most 4 s, and the call.
    /// Dropping the wait ends the test; its call is hung up.
    /// Errors: `InvalidArgument` for options that cannot be; `Closed` after `disconnect`; `Forked`.
    pub async fn preflight(&self, options: PreflightOptions) -> Result<PreflightReport> {
        self.0.runtime.check()?;
        runtime::run_while_awaited(preflight::run(self.clone(), options)).await
    }

    /// The call of this id, if it is this client's and not over.
    pub fn call(&self, id: &str) -> Option<Call> {
        self.0.router.call(id)
    }

    /// The calls of this client that are not over.
    pub fn calls(&self) -> Vec<Call> {
        self.0.router.calls()
    }

    async fn run<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: std::future::Future<Output = Result<T>> + Send + 'static,
    {
        self.0.runtime.check()?;
        runtime::run(work).await
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("state", &self.state()).finish()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let watch = self.watch.get_mut().unwrap_or_else(PoisonError::into_inner);
        watch.iter().for_each(AbortHandle::abort);
        shutdown::close_in_background(self);
    }
}

fn agent(application: Option<&str>) -> String {
    let library = concat!("signalwire-client/", env!("SIGNALWIRE_CLIENT_BUILD"));
    match application {
        Some(name) => format!("{name} {library}"),
        None => library.to_owned(),
    }
}
