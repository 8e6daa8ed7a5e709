//! The SignalWire service on loopback: REST, WebSocket session, Verto signalling and real media.
//!
//! It exists for tests, demos and benchmarks and shares no code with the client library. What it
//! does was taken from what the browser SDK `@signalwire/js` sends and expects, from the public
//! REST specification, and from measurements of FreeSWITCH, whose media behaviour it imitates.
//!
//! ```no_run
//! use signalwire_gateway::{Gateway, GatewayConfig};
//!
//! let gateway = Gateway::start(GatewayConfig::default()).unwrap();
//! let token = gateway.mint_token("alice@example.com", 7200, None);
//! println!("{} {} {}", gateway.ws_url(), gateway.http_url(), token);
//! ```

mod agent;
mod bridge;
mod call;
mod child;
mod conference;
mod config;
mod control;
mod conversations;
mod devices;
mod directory;
mod dpop;
mod events;
mod fault;
mod gateway;
mod hub;
mod life;
mod media;
mod member;
mod oauth;
mod oauth_pages;
mod pushed;
mod rest;
mod rest_resources;
mod rest_sip;
mod rpc;
pub mod secrets;
mod segment;
mod server;
mod session;
mod socket;
mod state;
mod tls;
mod token;
mod verto;

pub use config::{Dialect, GatewayConfig, OAuthSettings};
pub use gateway::Gateway;
