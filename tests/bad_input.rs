//! Everything that can be given wrongly: each a typed error that says what to do.

mod common;

use common::*;
use serde_json::json;
use signalwire_client::{
    AddressQuery, AudioCodec, AudioFormat, CallEvent, CallState, Client, ClientOptions,
    ClientState, Credentials, DialOptions, EndKind, ErrorKind,
};
use signalwire_gateway::{Dialect, Gateway};
use std::sync::Arc;
use std::time::Duration;

fn failure(gateway: &Gateway, change: impl FnOnce(&mut ClientOptions)) -> ErrorKind {
    let mut options = options(gateway);
    change(&mut options);
    match Client::new(options) {
        Err(error) => error.kind(),
        Ok(client) => {
            let mut kind = None;
            run(async { kind = client.connect().await.err().map(|error| error.kind()) });
            assert_eq!(client.state(), ClientState::Disconnected);
            kind.expect("it must not connect")
        }
    }
}

/// A server that speaks HTTP but no WebSocket; it answers once.
fn web_server() -> String {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let _ = socket.read(&mut [0; 1024]);
        let _ = socket.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
    });
    url
}

#[test]
fn tokens_hosts_and_certificates() {
    let gateway = gateway(Dialect::FreeSwitch);
    let expired = gateway.mint_token("tester", -1, None);
    let port = {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        socket.local_addr().unwrap().port()
    };
    assert_eq!(failure(&gateway, |o| o.token = "nonsense".into()), ErrorKind::InvalidToken);
    assert_eq!(failure(&gateway, |o| o.token = String::new()), ErrorKind::InvalidToken);
    assert_eq!(failure(&gateway, |o| o.token = expired), ErrorKind::Unauthorized);
    let refused = format!("wss://127.0.0.1:{port}");
    assert_eq!(failure(&gateway, |o| o.ws_url = Some(refused)), ErrorKind::Network);
    let no_name = "wss://no-such-host.invalid".to_owned();
    assert_eq!(failure(&gateway, |o| o.ws_url = Some(no_name)), ErrorKind::Network);
    assert_eq!(failure(&gateway, |o| o.ca_certificates_pem = None), ErrorKind::Tls);
    let broken = Some("no pem".to_owned());
    assert_eq!(failure(&gateway, |o| o.ca_certificates_pem = broken), ErrorKind::Tls);
    assert_eq!(failure(&gateway, |o| o.ws_url = Some(web_server())), ErrorKind::Protocol);
    let plain = Some("ws://example.com".to_owned());
    assert_eq!(failure(&gateway, |o| o.ws_url = plain), ErrorKind::InvalidArgument);
    assert_eq!(failure(&gateway, |o| o.connect_timeout_ms = 0), ErrorKind::InvalidArgument);
    let no_ip = vec!["here".to_owned()];
    assert_eq!(failure(&gateway, |o| o.media_addresses = no_ip), ErrorKind::InvalidArgument);
}

#[test]
fn a_silent_server_is_a_timeout() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}", silent.local_addr().unwrap());
    let gateway = gateway(Dialect::FreeSwitch);
    let mut options = options(&gateway);
    options.ws_url = Some(url);
    options.connect_timeout_ms = 200;
    let client = Client::new(options).unwrap();
    run(async {
        assert_eq!(client.connect().await.unwrap_err().kind(), ErrorKind::Timeout);
        let events = client.events();
        while client.state() != ClientState::Disconnected {
            tokio::time::timeout(DEADLINE, events.next()).await.expect("the attempt ends");
        }
    });
}

#[test]
fn http_failures_are_typed() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = Client::new(options(&gateway)).unwrap();
        for (status, kind) in [
            (401, ErrorKind::Unauthorized),
            (404, ErrorKind::NotFound),
            (422, ErrorKind::Rejected),
            (429, ErrorKind::RateLimited),
        ] {
            gateway.fault(json!({"fault": "fail_http", "status": status}));
            let error = client.subscriber_info().await.unwrap_err();
            assert_eq!((error.kind(), error.code()), (kind, Some(status)), "{error}");
        }
        // A passing failure of the service is tried again and not seen.
        gateway.fault(json!({"fault": "fail_http", "status": 503}));
        client.subscriber_info().await.unwrap();
        gateway.fault(json!({"fault": "fail_http", "status": 500, "count": 3}));
        let error = client.subscriber_info().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Server);
        let query = AddressQuery { page_size: Some(0), ..Default::default() };
        let error = client.addresses(query).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    });
}

/// They take the client's whole limit for an answer, all at the same time.
#[test]
fn answers_whose_body_never_ends_are_time_outs() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        for (path, stall) in
            [("/subscriber/info", true), ("/addresses", false), ("/embeds/tokens", false)]
        {
            gateway.fault(json!({"fault": "slow_http", "path": path, "stall": stall}));
        }
        let client = Client::new(options(&gateway)).unwrap();
        let (http_url, ca) = (gateway.http_url(), gateway.ca_pem());
        let embed = Credentials::embed(&http_url, "c2c_7acc0e5e968706a0", Some(ca)).unwrap();
        let bare = ClientOptions { token: String::new(), ..options(&gateway) };
        let guest = Client::with_credentials(bare, embed).unwrap();
        let (info, addresses, connected) = tokio::join!(
            client.subscriber_info(),
            client.addresses(AddressQuery::default()),
            guest.connect(),
        );
        for error in [info.map(drop), addresses.map(drop), connected].map(Result::unwrap_err) {
            assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
            assert!(error.message().contains("try again"), "{error}");
        }
        // Nothing was repeated, and the next request is answered.
        assert_eq!(gateway.state()["counters"]["http_requests"], 3);
        client.subscriber_info().await.unwrap();
    });
}

#[test]
fn dialling_what_cannot_be_dialled() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = Client::new(options(&gateway)).unwrap();
        let dial = |address: &str| client.dial(address, DialOptions::default()).unwrap_err().kind();
        assert_eq!(dial("/public/echo"), ErrorKind::NotConnected);
        client.connect().await.unwrap();
        for address in ["", "echo", "/public/a b", "+1", "/a/b/c"] {
            let kind = client.dial(address, DialOptions::default()).unwrap_err().kind();
            assert_eq!(kind, ErrorKind::InvalidArgument, "{address:?}");
        }
        assert_eq!(dial("/public/echo?channel=messaging"), ErrorKind::NotSupported);
        for change in [
            (|o: &mut DialOptions| o.media_timeout_ms = 0) as fn(&mut DialOptions),
            |o| o.opus_bitrate_bps = 1,
            |o| o.audio_queue_ms = 0,
            |o| o.user_variables_json = Some("[]".into()),
            |o| o.user_variables_json = Some("{".into()),
        ] {
            let mut options = DialOptions::default();
            change(&mut options);
            let error = client.dial("/public/echo", options).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        }
    });
}

#[test]
fn hang_ups_from_the_far_side_at_every_time() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = client.dial("/public/early-bye", DialOptions::default()).unwrap();
        let error = call.answered().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CallFailed, "{error}");
        let call = client.dial("/public/bye", DialOptions::default()).unwrap();
        call.answered().await.unwrap();
        assert_eq!(call.ended().await.unwrap().kind, EndKind::RemoteHangup);
        assert_eq!(call.state(), CallState::Ended);
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn an_invite_that_is_answered_with_another_calls_id_mixes_nothing_up() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let first = answered(&client, "/public/echo").await;
        gateway.fault(json!({"fault": "misname_call", "call_id": first.id()}));
        let second = answered(&client, "/public/echo").await;
        gateway.fault(json!({"fault": "hang_up", "call_id": first.id()}));
        assert_eq!(first.ended().await.unwrap().kind, EndKind::RemoteHangup);
        // Said once more when that call is over.
        let bye = json!({"callID": first.id(), "cause": "NORMAL_CLEARING", "causeCode": 16});
        gateway.fault(json!({"fault": "send_verto", "method": "verto.bye", "params": bye}));
        // The answer to this comes behind it.
        second.send_digits("7").await.unwrap();
        assert_eq!(second.state(), CallState::Active);
        second.hangup().await.unwrap();
        assert_eq!(second.end_reason().unwrap().kind, EndKind::LocalHangup);
    });
}

#[test]
fn giving_up_while_it_rings_and_right_away() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = client.dial("/public/never", DialOptions::default()).unwrap();
        call.hangup().await.unwrap();
        assert_eq!(call.end_reason().unwrap().kind, EndKind::LocalHangup);
        let error = call.answered().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CallFailed);

        let options = DialOptions { ring_timeout_ms: 200, ..DialOptions::default() };
        let call = client.dial("/public/never", options).unwrap();
        assert_eq!(call.ended().await.unwrap().kind, EndKind::NoAnswer);
        client.disconnect().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn media_that_never_comes_up_ends_the_call_in_time() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let options = DialOptions { media_timeout_ms: 300, ..DialOptions::default() };
        let call = client.dial("/public/slow", options).unwrap();
        let fault = json!({"fault": "drop_media", "call_id": call.id()});
        // The fault needs the call's media at the gateway; it rings for three seconds.
        let deadline = std::time::Instant::now() + DEADLINE;
        while gateway.state()["calls"][0]["state"] != "ringing" {
            assert!(std::time::Instant::now() < deadline);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        gateway.fault(fault);
        let reason = call.ended().await.unwrap();
        assert_eq!(reason.kind, EndKind::MediaFailed, "{reason:?}");
        assert_clean(&gateway);
    });
}

#[test]
fn audio_of_the_wrong_shape() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/echo").await;
        let samples = [0_i16; 960];
        let format = |sample_rate_hz, channels| AudioFormat { sample_rate_hz, channels };
        for (samples, format) in [
            (&samples[..], format(0, 1)),
            (&samples[..], format(7_999, 1)),
            (&samples[..], format(192_001, 1)),
            (&samples[..], format(48_000, 0)),
            (&samples[..], format(48_000, 3)),
            (&samples[..959], format(48_000, 2)),
            (&samples[..0], format(48_000, 1)),
        ] {
            let error = call.push_audio(samples, format).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{format:?}: {error}");
        }
        let ear = Ear::new();
        let error = call.add_audio_sink(format(1, 1), ear.clone()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        let error = call.play_wav("/no/such/file.wav").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Media);
        assert!(error.message().contains("/no/such/file.wav"));
        let error = call.record_wav("/no/such/dir/x.wav", MONO_48K).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Media);
        for digits in ["", "12x", &"1".repeat(65)] {
            let error = call.send_digits(digits).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        }
        call.hangup().await.unwrap();
        assert_eq!(call.push_audio(&samples, MONO_48K).unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(call.add_audio_sink(MONO_48K, ear).unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(call.play_wav("x.wav").await.unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(call.send_digits("1").await.unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(call.mute().await.unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(call.hold().await.unwrap_err().kind(), ErrorKind::Closed);
    });
}

#[test]
fn requests_before_the_answer_say_so() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = client.dial("/public/never", DialOptions::default()).unwrap();
        assert_eq!(call.send_digits("1").await.unwrap_err().kind(), ErrorKind::InvalidState);
        assert_eq!(call.mute().await.unwrap_err().kind(), ErrorKind::InvalidState);
        assert_eq!(call.hold().await.unwrap_err().kind(), ErrorKind::InvalidState);
        assert_eq!(call.play_wav("x.wav").await.unwrap_err().kind(), ErrorKind::InvalidState);
        call.hangup().await.unwrap();
    });
}

#[test]
fn a_codec_that_is_named_twice_is_offered_once() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let codecs = vec![AudioCodec::Pcma, AudioCodec::Pcma];
        let options = DialOptions { audio_codecs: codecs, ..DialOptions::default() };
        let call = client.dial("/public/echo", options).unwrap();
        let events = call.events();
        wait_for(&events, |e| matches!(e, CallEvent::MediaConnected { codec } if codec == "PCMA"))
            .await;
        call.hangup().await.unwrap();
    });
}

/// Removes itself and hangs up from inside the callback.
struct Quitter {
    call: signalwire_client::Call,
    sink: std::sync::Mutex<Option<signalwire_client::SinkId>>,
    called: tokio::sync::Notify,
}

impl signalwire_client::AudioSink for Quitter {
    fn on_frame(&self, _: &signalwire_client::AudioFrame<'_>) {
        if let Some(sink) = self.sink.lock().unwrap().take() {
            self.call.remove_audio_sink(sink);
            self.called.notify_one();
        }
    }
}

#[test]
fn a_sink_may_remove_itself_and_one_may_panic() {
    struct Panicking;
    impl signalwire_client::AudioSink for Panicking {
        fn on_frame(&self, _: &signalwire_client::AudioFrame<'_>) {
            panic!("this sink panics on purpose");
        }
    }
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/tone").await;
        call.add_audio_sink(MONO_48K, Arc::new(Panicking)).unwrap();
        let quitter = Arc::new(Quitter {
            call: call.clone(),
            sink: std::sync::Mutex::new(None),
            called: tokio::sync::Notify::new(),
        });
        let sink = call.add_audio_sink(MONO_48K, quitter.clone()).unwrap();
        *quitter.sink.lock().unwrap() = Some(sink);
        tokio::time::timeout(DEADLINE, quitter.called.notified()).await.unwrap();
        let ear = Ear::new();
        call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
        ear.wait_for_tone(440.0, MONO_48K, 100).await;
        call.hangup().await.unwrap();
    });
}
