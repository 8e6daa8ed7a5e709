// Made of docs/ and README.md by tests/docs; do not edit.

use signalwire_client::rest_api::*;
use signalwire_client::*;
use std::sync::Arc;
use std::time::Duration;

type Outcome = std::result::Result<(), Box<dyn std::error::Error>>;

fn open_in_the_browser(url: &str) {}

// README.md:34
async fn readme_34(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    use signalwire_client::{Client, ClientOptions, DialOptions};

    let client = Client::new(ClientOptions::new(token))?;
    client.connect().await?;
    let call = client.dial("/public/echo", DialOptions::default())?;
    call.answered().await?;
    call.play_wav("hello.wav").await?;
    call.hangup().await?;
    client.disconnect().await?;
    Ok(())
}

// README.md:77
async fn readme_77(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    let oauth = OAuth::new(OAuthConfig::signalwire(client_id, "http://127.0.0.1:0/callback"))?;
    let login = oauth.begin_loopback()?;                       // on phones: begin, is_callback, complete
    open_in_the_browser(login.authorize_url());
    store.save(&login.finish(Duration::from_secs(300)).await?.to_text())?;
    let client = Client::with_credentials(ClientOptions::new(""), Credentials::oauth(oauth, store))?;
    Ok(())
}

// README.md:90
async fn readme_90(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    let rest = RestClient::new(RestOptions::new("example", project_id, api_token))?; // example.signalwire.com
    let minted = rest.create_subscriber_token(SubscriberTokenRequest::new("alice@example.com")).await?;
    let mut subscribers = rest.subscribers(None).await?.all();                       // page after page
    while let Some(subscriber) = subscribers.next().await? { println!("{}", subscriber.email); }
    Ok(())
}

// docs/guide/authentication.md:22
async fn docs_guide_authentication_22(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    use signalwire_client::rest_api::{RestClient, RestOptions, SubscriberTokenRequest};

    let rest = RestClient::new(RestOptions::new("example", project_id, api_token))?; // example.signalwire.com
    let minted = rest.create_subscriber_token(SubscriberTokenRequest::new("alice@example.com")).await?;
    println!("for the application: {} characters", minted.token.expose().len());
    Ok(())
}

// docs/guide/authentication.md:46
async fn docs_guide_authentication_46(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    use signalwire_client::{Client, ClientOptions, Credentials, OAuth, OAuthConfig};

    let oauth = OAuth::new(OAuthConfig::signalwire(client_id, "http://127.0.0.1:0/callback"))?;
    let login = oauth.begin_loopback()?;
    open_in_the_browser(login.authorize_url());
    let tokens = login.finish(Duration::from_secs(300)).await?;
    store.save(&tokens.to_text())?; // before the client connects
    let client = Client::with_credentials(ClientOptions::new(""), Credentials::oauth(oauth, store))?;
    Ok(())
}

// docs/guide/authentication.md:96
async fn docs_guide_authentication_96(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    use signalwire_client::{AccessToken, CredentialProvider, Credentials, TokenRequest};

    struct Backend;

    #[async_trait::async_trait]
    impl CredentialProvider for Backend {
        async fn access_token(&self, request: TokenRequest) -> signalwire_client::Result<AccessToken> {
            let token = format!("what the backend says to {:?}", request.reason);
            Ok(AccessToken::new(token))
        }
    }

    let credentials = Credentials::provider(Arc::new(Backend));
    let client = Client::with_credentials(ClientOptions::new(""), credentials)?;
    Ok(())
}

// docs/guide/authentication.md:144
async fn docs_guide_authentication_144(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    use signalwire_client::{Client, ClientOptions, Credentials, DeviceKey};

    let key = DeviceKey::generate()?; // some tenths of a second
    println!("for the backend: {}", key.thumbprint());
    let credentials = Credentials::token(AccessToken::new(token)).bound_to(key);
    let client = Client::with_credentials(ClientOptions::new(""), credentials)?;
    Ok(())
}

// docs/guide/authentication.md:158
async fn docs_guide_authentication_158(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    let credentials = Credentials::embed("example.signalwire.com", "c2c_7acc0e5e968706a032083fa936e4a1c4", None)?;
    let client = Client::with_credentials(ClientOptions::new(""), credentials)?;
    Ok(())
}

// docs/guide/calling.md:5
async fn docs_guide_calling_5(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    use signalwire_client::DialOptions;

    let options = DialOptions { ring_timeout_ms: 30_000, ..DialOptions::default() };
    let call = client.dial("/public/support", options)?;
    call.answered().await?;
    Ok(())
}

// docs/guide/calling.md:56
async fn docs_guide_calling_56(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    use signalwire_client::{AnswerOptions, ClientEvent};

    let events = client.events();
    client.online().await?;
    while let Some(event) = events.next().await {
        if let ClientEvent::IncomingCall { call_id, from_name, .. } = event {
            println!("{from_name} calls");
            let Some(call) = client.call(&call_id) else { continue }; // gave up already
            call.answer(AnswerOptions::default()).await?;
        }
    }
    Ok(())
}

// docs/guide/calling.md:116
async fn docs_guide_calling_116(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    call.mute().await?; // silence from here at once, and the service passes nothing on
    call.unmute().await?;
    call.hold().await?; // the service stops sending media; state Held
    call.unhold().await?;
    call.send_digits("1w23#").await?; // w waits half a second, W a second
    Ok(())
}

// docs/guide/calling.md:130
async fn docs_guide_calling_130(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    call.transfer("/private/bob").await?;
    Ok(())
}

// docs/guide/calling.md:141
async fn docs_guide_calling_141(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    use signalwire_client::{CallEvent, Speaker};

    let events = call.events();
    call.subscribe_transcript().await?;
    while let Some(event) = events.next().await {
        if let CallEvent::Transcript { speaker, text, is_final: true, .. } = event {
            let who = if speaker == Speaker::Agent { "agent" } else { "caller" };
            println!("{who}: {text}");
        }
    }
    Ok(())
}

// docs/guide/calling.md:159
async fn docs_guide_calling_159(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    let result = call.execute("call.raisehand", None).await?;
    println!("{result}");
    Ok(())
}

// docs/guide/media.md:8
async fn docs_guide_media_8(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    use signalwire_client::AudioFormat;

    let second = vec![0_i16; 16_000];
    let dropped_ms = call.push_audio(&second[..320], AudioFormat::MONO_16K)?;
    Ok(())
}

// docs/guide/media.md:26
async fn docs_guide_media_26(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    use signalwire_client::{AudioFormat, AudioFrame, AudioSink};

    struct Loudest(std::sync::atomic::AtomicU32);

    impl AudioSink for Loudest {
        fn on_frame(&self, frame: &AudioFrame<'_>) {
            let peak = frame.samples.iter().map(|s| u32::from(s.unsigned_abs())).max().unwrap_or(0);
            self.0.fetch_max(peak, std::sync::atomic::Ordering::Relaxed);
        }
    }

    let sink = call.add_audio_sink(AudioFormat::MONO_16K, Arc::new(Loudest(0.into())))?;
    call.remove_audio_sink(sink);
    Ok(())
}

// docs/guide/media.md:80
async fn docs_guide_media_80(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    use signalwire_client::AudioFormat;

    let recorder = call.record_wav("heard.wav", AudioFormat::MONO_48K)?; // what is received
    call.play_wav("hello.wav").await?; // until it was sent
    recorder.finish()?;
    Ok(())
}

// docs/guide/media.md:96
async fn docs_guide_media_96(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    use signalwire_client::{EncodedVideoFrame, MediaDirection, MediaDirections, VideoCodec};

    let encoded: Vec<u8> = vec![0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00];
    let frame = EncodedVideoFrame::new(VideoCodec::Vp8, encoded, 33_333)?;
    call.push_video(frame)?; // after VideoConnected

    let both = MediaDirections { audio: MediaDirection::SendReceive, video: MediaDirection::SendReceive };
    call.set_media(both).await?; // adds video to an audio call
    Ok(())
}

// docs/guide/media.md:116
async fn docs_guide_media_116(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    use signalwire_client::{Picture, PictureSink, PixelFormat};

    struct Screen;

    impl PictureSink for Screen {
        fn on_picture(&self, picture: &Picture) {
            let luma = picture.plane(0).expect("every picture has a Y plane");
            println!("{}x{}: {:?}", picture.width(), picture.height(), &luma.row(0)[..4]);
        }
    }

    let sink = call.add_picture_sink(PixelFormat::I420, Arc::new(Screen))?;
    let (y, u, v) = (vec![81; 640 * 360], vec![90; 320 * 180], vec![240; 320 * 180]); // red
    let planes = [(&y[..], 640), (&u[..], 320), (&v[..], 320)]; // samples, bytes from row to row
    call.push_picture(Picture::new(PixelFormat::I420, (640, 360), &planes, 33_333)?)?; // after VideoConnected
    call.remove_picture_sink(sink);
    Ok(())
}

// docs/guide/media.md:166
async fn docs_guide_media_166(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    let stats = call.stats();
    println!("{} lost {} of {}, {:.0} ms jitter, score {:.1}",
        stats.codec, stats.packets_lost, stats.packets_received, stats.jitter_ms, stats.mos);
    let times = call.setup_times(); // milliseconds after dial
    println!("answered after {:?} ms, media after {:?} ms", times.answered_ms, times.media_connected_ms);
    Ok(())
}

// docs/guide/media.md:178
async fn docs_guide_media_178(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    use signalwire_client::DialOptions;
    use std::collections::VecDeque;

    const BARS: usize = 100; // ten seconds

    let call = client.dial("/public/echo", DialOptions { statistics_interval_ms: 100, ..DialOptions::default() })?;
    let events = call.events();
    let mut bars: VecDeque<(f64, f64)> = VecDeque::with_capacity(BARS);
    while let Some(event) = events.next().await {
        if let CallEvent::Statistics { stats } = event {
            let height = |dbfs: f64| (1.0 + dbfs / 60.0).clamp(0.0, 1.0); // from -60 dBFS up to full scale
            bars.truncate(BARS - 1);
            bars.push_front((height(stats.output_level_dbfs), height(stats.input_level_dbfs)));
        }
    }
    Ok(())
}

// docs/guide/media.md:206
async fn docs_guide_media_206(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    use signalwire_client::{PreflightOptions, PreflightVerdict};

    let options = PreflightOptions { echo_address: Some("/public/echo".into()), call_ms: 6_000 };
    let report = client.preflight(options).await?;
    for problem in &report.problems {
        println!("{:?}: {}", problem.kind, problem.message);
    }
    let works = report.verdict != PreflightVerdict::Failed;
    Ok(())
}

// docs/guide/migrating.md:14
async fn docs_guide_migrating_14(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    let client = Client::new(ClientOptions::new(token))?; // SignalWire({ token })
    client.connect().await?;
    let call = client.dial("/public/echo", DialOptions::default())?; // client.dial({ to })
    call.answered().await?; // await call.start()
    call.hangup().await?;
    Ok(())
}

// docs/guide/mobile.md:24
async fn docs_guide_mobile_24(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    let expected = client.expect_call("the id in the notification", 20_000)?;
    client.connect().await?;
    client.online().await?;
    let call = expected.arrived().await?;
    Ok(())
}

// docs/guide/resilience.md:25
async fn docs_guide_resilience_25(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    use signalwire_client::ClientEvent;

    let events = client.events();
    while let Some(event) = events.next().await {
        match event {
            ClientEvent::RetryScheduled { attempt, delay_ms, reason } => {
                println!("{reason}; try {attempt} in {delay_ms} ms");
            }
            ClientEvent::SessionReady { is_resumed, .. } => {
                println!("{}", if is_resumed { "as before" } else { "a new session" });
            }
            ClientEvent::SessionEnded { message, .. } => {
                println!("over: {message}"); // connect begins a new one
                break;
            }
            _ => {}
        }
    }
    Ok(())
}

// docs/guide/resilience.md:64
async fn docs_guide_resilience_64(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    let record = client.session_record()?; // a secret: keep it as one
    let mut options = ClientOptions::new(token);
    options.resume_from = Some(record.expose().to_owned());
    let next = Client::new(options)?; // in the next process
    next.connect().await?;
    Ok(())
}

// docs/guide/rooms.md:6
async fn docs_guide_rooms_6(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    use signalwire_client::MemberTarget;

    for member in call.members() {
        println!("{} {}", member.name, if member.audio_muted { "(muted)" } else { "" });
    }
    call.set_audio_muted(MemberTarget::All, true).await?;
    call.set_hand_raised(MemberTarget::Own, true).await?;
    Ok(())
}

// docs/guide/rooms.md:78
async fn docs_guide_rooms_78(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    use signalwire_client::Mixer;

    let mixer = Mixer::new()?;
    let other = client.dial("/private/bob", DialOptions::default())?;
    mixer.add(&call)?;
    mixer.add(&other)?;
    Ok(())
}

// docs/guide/rust.md:13
mod docs_guide_rust_13 {
    use signalwire_client::{CallEvent, Client, ClientOptions, DialOptions};

    #[tokio::main]
    async fn main() -> Result<(), Box<dyn std::error::Error>> {
        let client = Client::new(ClientOptions::new(std::env::var("SW_TOKEN")?))?;
        client.connect().await?;

        let call = client.dial("/public/echo", DialOptions::default())?;
        let events = call.events(); // everything since `dial` is in it
        call.answered().await?;
        call.play_wav("hello.wav").await?;
        call.hangup().await?;

        while let Some(event) = events.next().await {
            if let CallEvent::Ended { reason } = event {
                println!("{}", reason.message);
            }
        }
        client.disconnect().await?;
        signalwire_client::shutdown(); // ends the library's threads
        Ok(())
    }
}

// docs/guide/rust.md:59
async fn docs_guide_rust_59(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    use signalwire_client::ErrorKind;

    match call.answered().await {
        Ok(()) => println!("answered"),
        Err(error) if error.kind() == ErrorKind::CallFailed => {
            println!("not answered: {error}, cause {:?}", error.code());
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

// docs/guide/troubleshooting.md:6
async fn docs_guide_troubleshooting_6(
    token: String,
    client_id: String,
    project_id: String,
    api_token: String,
    store: std::sync::Arc<dyn TokenStore>,
    client: Client,
    call: Call,
) -> Outcome {
    std::fs::write("diagnostics.json", client.diagnostics())?;
    Ok(())
}
