//! How long a session and a call are away when something breaks, on loopback.
//!
//! `cargo bench --bench survival [TIMES]` (30): from the cut of the socket to the resumed session; the
//! gap in the received audio when a call moves to another path by an ICE restart, and when it is
//! taken over into a new session by a fresh connection. The gateway runs in the same process.

use serde_json::json;
use signalwire_client::{
    shutdown, Call, CallEvent, CallEventStream, Client, ClientEvent, ClientEventStream,
    ClientOptions, DialOptions, Result,
};
use signalwire_gateway::{Dialect, Gateway, GatewayConfig};
use std::time::{Duration, Instant};

fn main() -> Result<()> {
    let times = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(30);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime for the benchmark");
    for dialect in [Dialect::FreeSwitch, Dialect::Browser] {
        let gateway = Gateway::start(GatewayConfig { dialect, ..GatewayConfig::default() })
            .expect("a gateway");
        println!("{dialect:?}, {times} times, milliseconds: median / 95 % / longest");
        runtime.block_on(measure(&gateway, times))?;
    }
    shutdown();
    Ok(())
}

async fn measure(gateway: &Gateway, times: usize) -> Result<()> {
    let mut options = ClientOptions::new(gateway.mint_token("bench", 3600, None));
    options.ws_url = Some(gateway.ws_url());
    options.http_url = Some(gateway.http_url());
    options.ca_certificates_pem = Some(gateway.ca_pem().to_owned());
    // An address of loopback that no interface has: every notice of a changed network takes it away.
    options.media_addresses = vec!["127.0.0.9".to_owned()];
    let client = Client::new(options)?;
    client.connect().await?;
    let session = client.events();
    let call = client.dial("/public/tone", DialOptions::default())?;
    let events = call.events();
    media(&events).await;
    ready(&session).await;

    let mut resumed = Vec::new();
    for _ in 0..times {
        let started = Instant::now();
        gateway.fault(json!({"fault": "drop_sockets"}));
        ready(&session).await;
        resumed.push(started.elapsed());
    }
    report("socket cut, session resumed", &mut resumed);

    let (mut gaps, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..times {
        listened(&call).await;
        let started = Instant::now();
        client.network_changed()?;
        gaps.push(gap(&events).await);
        whole.push(started.elapsed());
    }
    report("ICE restart, until media flow", &mut whole);
    report("ICE restart, gap in the audio", &mut gaps);

    let mut gaps = Vec::new();
    for _ in 0..times {
        listened(&call).await;
        gateway.fault(json!({"fault": "forget_sessions"}));
        gaps.push(gap(&events).await);
    }
    report("new session, gap in the audio", &mut gaps);
    client.disconnect().await
}

async fn ready(session: &ClientEventStream) {
    while let Some(event) = session.next().await {
        if matches!(event, ClientEvent::SessionReady { .. }) {
            return;
        }
    }
}

async fn media(events: &CallEventStream) {
    while let Some(event) = events.next().await {
        if matches!(event, CallEvent::MediaConnected { .. }) {
            return;
        }
    }
}

/// Waits until audio flows.
async fn listened(call: &Call) {
    let before = call.stats().packets_received;
    while call.stats().packets_received < before + 10 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn gap(events: &CallEventStream) -> Duration {
    while let Some(event) = events.next().await {
        match event {
            CallEvent::Recovered { gap_ms } => return Duration::from_millis(gap_ms.into()),
            CallEvent::Ended { reason } => panic!("the call ended: {reason:?}"),
            _ => {}
        }
    }
    panic!("the call is over");
}

fn report(name: &str, times: &mut [Duration]) {
    times.sort();
    let at = |share: f64| {
        let index = ((times.len() - 1) as f64 * share).round() as usize;
        times[index].as_secs_f64() * 1000.0
    };
    println!("  {name:<32} {:6.1} / {:6.1} / {:6.1}", at(0.5), at(0.95), at(1.0));
}
