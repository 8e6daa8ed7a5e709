//! From `dial` to media on loopback: what each step of a call's set-up costs.
//!
//! `cargo bench --bench call_setup [CALLS]` prints the median and the 95th percentile of each step
//! over 40 calls (or CALLS), per dialect of the far side. The gateway runs in the same process.

use signalwire_client::{
    shutdown, CallEvent, Client, ClientOptions, DialOptions, Result, SetupTimes,
};
use signalwire_gateway::{Dialect, Gateway, GatewayConfig};

fn main() -> Result<()> {
    let calls = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(40);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime for the benchmark");
    for dialect in [Dialect::FreeSwitch, Dialect::Browser] {
        let gateway = Gateway::start(GatewayConfig { dialect, ..GatewayConfig::default() })
            .expect("a gateway");
        let times = runtime.block_on(measure(&gateway, calls))?;
        println!("{dialect:?}, {calls} calls, milliseconds after dial: median / 95 %");
        report("offer ready", &times, |t| t.offer_ready_ms);
        report("call created", &times, |t| t.created_ms);
        report("answer received", &times, |t| t.remote_sdp_ms);
        report("ICE connected", &times, |t| t.ice_connected_ms);
        report("media connected", &times, |t| t.media_connected_ms);
        report("first packet", &times, |t| t.first_packet_ms);
        report("first audio", &times, |t| t.first_audio_ms);
    }
    shutdown();
    Ok(())
}

async fn measure(gateway: &Gateway, calls: usize) -> Result<Vec<SetupTimes>> {
    let mut options = ClientOptions::new(gateway.mint_token("bench", 3600, None));
    options.ws_url = Some(gateway.ws_url());
    options.http_url = Some(gateway.http_url());
    options.ca_certificates_pem = Some(gateway.ca_pem().to_owned());
    let client = Client::new(options)?;
    client.connect().await?;
    let mut times = Vec::new();
    for _ in 0..calls {
        let call = client.dial("/public/tone", DialOptions::default())?;
        let events = call.events();
        call.answered().await?;
        while let Some(event) = events.next().await {
            if matches!(event, CallEvent::MediaConnected { .. }) {
                break;
            }
        }
        while call.setup_times().first_audio_ms.is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        times.push(call.setup_times());
        call.hangup().await?;
    }
    client.disconnect().await?;
    Ok(times)
}

fn report(name: &str, times: &[SetupTimes], part: impl Fn(&SetupTimes) -> Option<f64>) {
    let mut values: Vec<f64> = times.iter().filter_map(part).collect();
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    println!("  {name:<16} {:8.2} / {:8.2}   ({} values)", at(0.5), at(0.95), values.len());
}
