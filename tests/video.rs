//! Encoded video through real calls, and changes of media inside them.

mod common;

use common::*;
use signalwire_client::{
    AnswerOptions, Call, CallEvent, CallState, Client, ClientEvent, DeviceOptions, DialOptions,
    EncodedVideoFrame, ErrorKind, IvfReader, MediaDirection, MediaDirections, MemberKind,
    MemberTarget, ScreenShareOptions, VideoCodec, VideoSink,
};
use signalwire_gateway::{Dialect, Gateway};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// 160x96, 24 frames of VP8 at 30 per second, a key frame every 12; the first has 10 kB.
const CLIP: &[u8] = include_bytes!("data/clip.ivf");
const BOTH: [Dialect; 2] = [Dialect::FreeSwitch, Dialect::Browser];

const SEND_RECEIVE: MediaDirections =
    MediaDirections { audio: MediaDirection::SendReceive, video: MediaDirection::SendReceive };

fn clip() -> Vec<EncodedVideoFrame> {
    IvfReader::new(CLIP).unwrap().map(|frame| frame.unwrap()).collect()
}

fn with_video(direction: MediaDirection) -> DialOptions {
    DialOptions { video: Some(direction), ..DialOptions::default() }
}

/// Keeps every frame that it sees.
#[derive(Default)]
struct Eye {
    seen: Mutex<Vec<EncodedVideoFrame>>,
    changed: tokio::sync::Notify,
}

impl VideoSink for Eye {
    fn on_frame(&self, frame: &EncodedVideoFrame) {
        self.seen.lock().unwrap().push(frame.clone());
        self.changed.notify_one();
    }
}

impl Eye {
    fn on(call: &Call) -> Arc<Self> {
        let eye = Arc::<Self>::default();
        call.add_video_sink(eye.clone()).unwrap();
        eye
    }

    fn seen(&self) -> Vec<EncodedVideoFrame> {
        self.seen.lock().unwrap().clone()
    }

    async fn wait_for(&self, frames: usize) -> Vec<EncodedVideoFrame> {
        let watching = async {
            loop {
                let changed = self.changed.notified();
                let seen = self.seen();
                if seen.len() >= frames {
                    return seen;
                }
                changed.await;
            }
        };
        let watched = tokio::time::timeout(DEADLINE, watching).await;
        watched.unwrap_or_else(|_| panic!("{} of {frames} frames came", self.seen().len()))
    }
}

/// A video call that has both paths.
async fn video_call(client: &Client, address: &str, direction: MediaDirection) -> Call {
    let call = client.dial(address, with_video(direction)).unwrap();
    let events = call.events();
    wait_for(&events, |event| matches!(event, CallEvent::VideoConnected { .. })).await;
    call.answered().await.unwrap();
    call
}

/// Pushes these frames at 30 per second from a clock of its own.
async fn show(call: &Call, frames: &[EncodedVideoFrame]) {
    let mut pace = tokio::time::interval(Duration::from_millis(33));
    for frame in frames {
        pace.tick().await;
        assert_eq!(call.push_video(frame.clone()).unwrap(), 0);
    }
}

/// Pushes the clip again and again until the call ends.
fn keep_showing(call: &Call) -> tokio::task::JoinHandle<()> {
    let call = call.clone();
    tokio::spawn(async move {
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        for (number, mut frame) in (0u64..).zip(clip().into_iter().cycle()) {
            pace.tick().await;
            frame.timestamp_us = number * 20_000;
            if call.state() >= CallState::Ending {
                return;
            }
            // Refused while there is no video.
            let _ = call.push_video(frame);
        }
    })
}

/// The gateway's view of a call's stream.
fn stream(gateway: &Gateway, call: &Call, kind: &str) -> serde_json::Value {
    let state = gateway.state();
    let calls = state["calls"].as_array().unwrap();
    let own = calls.iter().find(|known| known["call_id"] == call.id()).expect("the call");
    let streams = own["streams"].as_array().unwrap();
    streams.iter().find(|stream| stream["kind"] == kind).cloned().unwrap_or_default()
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        let mut look = tokio::time::interval(Duration::from_millis(10));
        while !condition() {
            look.tick().await;
        }
    };
    tokio::time::timeout(DEADLINE, waiting).await.unwrap_or_else(|_| panic!("{what}"));
}

fn data(frames: &[EncodedVideoFrame]) -> Vec<&[u8]> {
    frames.iter().map(|frame| &frame.data[..]).collect()
}

#[test]
fn frames_come_back_as_they_were_sent_in_both_dialects() {
    for dialect in BOTH {
        run(async move {
            let gateway = gateway(dialect);
            let client = connected(&gateway).await;
            let call = video_call(&client, "/public/echo", MediaDirection::SendReceive).await;
            assert_eq!(call.media(), SEND_RECEIVE);
            let eye = Eye::on(&call);
            let frames = clip();
            show(&call, &frames).await;
            let seen = eye.wait_for(frames.len()).await;
            assert_eq!(data(&seen), data(&frames));
            for (sent, back) in frames.iter().zip(&seen) {
                let apart = (back.timestamp_us - seen[0].timestamp_us).abs_diff(sent.timestamp_us);
                assert!(apart < 30, "{} {}", sent.timestamp_us, back.timestamp_us);
                assert_eq!(sent.is_key_frame, back.is_key_frame);
            }
            assert_eq!((seen[0].width, seen[0].height), (160, 96));
            let stats = call.stats().video;
            assert_eq!((stats.frames_sent, stats.key_frames_sent), (24, 2), "{stats:?}");
            assert_eq!((stats.frames_received, stats.frames_dropped), (24, 0), "{stats:?}");
            assert_eq!((stats.codec.as_str(), stats.width), ("VP8", 160));
            assert!(stats.packets_sent > 24 && stats.bytes_sent > 13_000, "{stats:?}");
            until("reports go both ways", || {
                let video = stream(&gateway, &call, "video");
                video["sender_reports"].as_u64() > Some(0)
                    && call.stats().video.round_trip_ms >= 0.0
            })
            .await;
            call.hangup().await.unwrap();
            assert_eq!(call.push_video(frames[0].clone()).unwrap_err().kind(), ErrorKind::Closed);
            assert_clean(&gateway);
        });
    }
}

#[test]
fn h264_access_units_come_back_with_their_parameter_sets() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let options = DialOptions {
            video_codecs: vec![VideoCodec::H264],
            ..with_video(MediaDirection::SendReceive)
        };
        let call = client.dial("/public/echo", options).unwrap();
        let events = call.events();
        wait_for(
            &events,
            |event| matches!(event, CallEvent::VideoConnected { codec } if codec == "H264"),
        )
        .await;
        let eye = Eye::on(&call);
        let frames: Vec<_> = (0..10u8)
            .map(|n| {
                let mut unit = vec![];
                if n % 5 == 0 {
                    unit.extend([
                        0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1e, 0xda, 0x02, 0x80, 0xbf, 0xe5, 0xc0,
                    ]);
                    unit.extend([0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80]);
                }
                unit.extend([0, 0, 0, 1, if n % 5 == 0 { 0x65 } else { 0x41 }]);
                unit.extend(std::iter::repeat_n(0x80 | n, 100 + usize::from(n) * 700));
                EncodedVideoFrame::new(VideoCodec::H264, unit, u64::from(n) * 33_333).unwrap()
            })
            .collect();
        show(&call, &frames).await;
        let seen = eye.wait_for(frames.len()).await;
        assert_eq!(data(&seen), data(&frames));
        assert_eq!((seen[0].width, seen[0].height), (640, 360));
        let vp8 = clip().remove(0);
        assert_eq!(call.push_video(vp8).unwrap_err().kind(), ErrorKind::InvalidArgument);
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn the_channel_and_the_options_decide_about_video() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        for (address, video, expected) in [
            ("/public/echo", None, MediaDirection::Inactive),
            ("/public/echo?channel=audio", None, MediaDirection::Inactive),
            ("/public/echo?channel=video", None, MediaDirection::SendReceive),
            (
                "/public/echo?channel=video",
                Some(MediaDirection::Inactive),
                MediaDirection::Inactive,
            ),
            (
                "/public/echo?channel=audio",
                Some(MediaDirection::SendReceive),
                MediaDirection::SendReceive,
            ),
            ("/public/echo", Some(MediaDirection::ReceiveOnly), MediaDirection::ReceiveOnly),
            ("/public/echo", Some(MediaDirection::SendOnly), MediaDirection::SendOnly),
        ] {
            let options = DialOptions { video, ..DialOptions::default() };
            let call = client.dial(address, options).unwrap();
            let events = call.events();
            wait_for(&events, |event| matches!(event, CallEvent::MediaConnected { .. })).await;
            assert_eq!(call.media().video, expected, "{address} {video:?}");
            let far = match expected {
                MediaDirection::ReceiveOnly => serde_json::json!("sendonly"),
                MediaDirection::SendOnly => serde_json::json!("recvonly"),
                MediaDirection::SendReceive => serde_json::json!("sendrecv"),
                MediaDirection::Inactive => serde_json::Value::Null,
            };
            assert_eq!(stream(&gateway, &call, "video")["direction"], far);
            call.hangup().await.unwrap();
        }
        assert_clean(&gateway);
    });
}

#[test]
fn video_is_added_stopped_and_begun_again_inside_a_call() {
    for dialect in BOTH {
        run(async move {
            let gateway = gateway(dialect);
            let client = connected(&gateway).await;
            let call = answered(&client, "/public/echo").await;
            let ear = Ear::new();
            call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
            let eye = Eye::on(&call);
            let frame = clip().remove(0);
            assert_eq!(call.push_video(frame).unwrap_err().kind(), ErrorKind::InvalidState);
            let events = call.events();
            call.set_media(SEND_RECEIVE).await.unwrap();
            let told =
                wait_for(&events, |event| matches!(event, CallEvent::VideoConnected { .. })).await;
            let change = CallEvent::MediaChanged { directions: SEND_RECEIVE };
            assert!(told.contains(&change), "{told:?}");
            let showing = keep_showing(&call);
            eye.wait_for(30).await;
            for video in [MediaDirection::Inactive, MediaDirection::ReceiveOnly] {
                let directions = MediaDirections { video, ..SEND_RECEIVE };
                call.set_media(directions).await.unwrap();
                assert_eq!(call.media(), directions);
                let before = stream(&gateway, &call, "video")["packets_in"].clone();
                let heard = ear.heard().len();
                ear.wait_for_length(heard + 48_00).await;
                assert_eq!(stream(&gateway, &call, "video")["packets_in"], before, "stopped");
            }
            call.set_media(SEND_RECEIVE).await.unwrap();
            let before = eye.seen().len();
            let seen = eye.wait_for(before + 20).await;
            assert!(seen[before].is_key_frame, "it begins again with a key frame");
            assert!(!events_of(&events).iter().any(|event| matches!(event, CallEvent::MediaLost)));
            call.hangup().await.unwrap();
            showing.await.unwrap();
            assert_clean(&gateway);
        });
    }
}

fn events_of(events: &signalwire_client::CallEventStream) -> Vec<CallEvent> {
    std::iter::from_fn(|| events.try_next()).collect()
}

/// A hold by directions, and its end: audio flows again in both directions.
#[test]
fn audio_stops_and_begins_again_by_directions() {
    for dialect in BOTH {
        run(async move {
            let gateway = gateway(dialect);
            let client = connected(&gateway).await;
            let call = answered(&client, "/public/echo").await;
            let inactive = MediaDirection::Inactive;
            let stopped = MediaDirections { audio: inactive, video: inactive };
            call.set_media(stopped).await.unwrap();
            assert_eq!(stream(&gateway, &call, "audio")["direction"], "inactive");
            let both = MediaDirections { audio: MediaDirection::SendReceive, video: inactive };
            call.set_media(both).await.unwrap();
            let ear = Ear::new();
            call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
            let samples = tone(500.0, MONO_48K, 20);
            let speaking = async {
                let mut pace = tokio::time::interval(Duration::from_millis(10));
                loop {
                    pace.tick().await;
                    if call.queued_audio_ms() < 60 {
                        call.push_audio(&samples, MONO_48K).unwrap();
                    }
                }
            };
            tokio::select! {
                () = ear.wait_for_tone(500.0, MONO_48K, 200) => {}
                () = speaking => {}
            }
            call.hangup().await.unwrap();
            assert_clean(&gateway);
        });
    }
}

#[test]
fn a_refused_change_leaves_everything_as_it_was() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/echo").await;
        let before = call.media();
        gateway.fault(serde_json::json!({"fault": "refuse_update"}));
        let error = call.set_media(SEND_RECEIVE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected, "{error:?}");
        assert_eq!(call.media(), before);
        let frame = clip().remove(0);
        assert_eq!(call.push_video(frame).unwrap_err().kind(), ErrorKind::InvalidState);
        // Several at once are done one after the other.
        let receive = MediaDirections { video: MediaDirection::ReceiveOnly, ..SEND_RECEIVE };
        let (first, second, third) = tokio::join!(
            call.set_media(SEND_RECEIVE),
            call.set_media(receive),
            call.set_media(SEND_RECEIVE)
        );
        for done in [first, second, third] {
            done.unwrap();
        }
        assert_eq!(call.media(), SEND_RECEIVE);
        call.hangup().await.unwrap();
        let error = call.set_media(SEND_RECEIVE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
        assert_clean(&gateway);
    });
}

#[test]
fn a_call_that_came_in_is_answered_with_its_video() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        client.online().await.unwrap();
        for (video, expected) in [
            (Some(MediaDirection::SendReceive), SEND_RECEIVE),
            (None, MediaDirections { video: MediaDirection::Inactive, ..SEND_RECEIVE }),
        ] {
            let events = client.events();
            gateway.fault(serde_json::json!({"fault": "call_client", "video": true}));
            let call_id = loop {
                let next = tokio::time::timeout(DEADLINE, events.next()).await.unwrap();
                if let Some(ClientEvent::IncomingCall { call_id, has_video: true, .. }) = next {
                    break call_id;
                }
            };
            let call = client.call(&call_id).unwrap();
            let told = call.events();
            call.answer(AnswerOptions { video, ..AnswerOptions::default() }).await.unwrap();
            wait_for(&told, |event| matches!(event, CallEvent::MediaConnected { .. })).await;
            assert_eq!(call.media(), expected);
            if video.is_some() {
                if !told_of_video(&told, &call) {
                    wait_for(&told, |event| matches!(event, CallEvent::VideoConnected { .. }))
                        .await;
                }
                let eye = Eye::on(&call);
                let frames = clip();
                show(&call, &frames).await;
                assert_eq!(data(&eye.wait_for(frames.len()).await), data(&frames));
                // A further offer has the caller's sections, and flows on.
                let receive =
                    MediaDirections { video: MediaDirection::ReceiveOnly, ..SEND_RECEIVE };
                call.set_media(receive).await.unwrap();
                call.set_media(SEND_RECEIVE).await.unwrap();
                show(&call, &frames).await;
                eye.wait_for(2 * frames.len()).await;
            } else {
                // Video that was refused can be added later.
                call.set_media(SEND_RECEIVE).await.unwrap();
                wait_for(&told, |event| matches!(event, CallEvent::VideoConnected { .. })).await;
            }
            call.hangup().await.unwrap();
        }
        assert_clean(&gateway);
    });
}

#[test]
fn a_bundled_call_that_came_in_is_answered_with_its_video() {
    for bundle in ["shared", "only"] {
        run(async move {
            let gateway = gateway(Dialect::Browser);
            let client = connected(&gateway).await;
            client.online().await.unwrap();
            let events = client.events();
            gateway.fault(
                serde_json::json!({"fault": "call_client", "video": true, "bundle": bundle}),
            );
            let call_id = loop {
                let next = tokio::time::timeout(DEADLINE, events.next()).await.unwrap();
                if let Some(ClientEvent::IncomingCall { call_id, has_video: true, .. }) = next {
                    break call_id;
                }
            };
            let call = client.call(&call_id).unwrap();
            let told = call.events();
            let ear = Ear::new();
            call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
            let video = Some(MediaDirection::SendReceive);
            call.answer(AnswerOptions { video, ..AnswerOptions::default() }).await.unwrap();
            wait_for(&told, |event| matches!(event, CallEvent::VideoConnected { .. })).await;
            assert_eq!(call.media(), SEND_RECEIVE);
            let transports = &gateway.state()["calls"][0]["transports"];
            assert_eq!(transports.as_array().map(Vec::len), Some(1), "{transports}");
            let eye = Eye::on(&call);
            let frames = clip();
            show(&call, &frames).await;
            assert_eq!(data(&eye.wait_for(frames.len()).await), data(&frames));
            // The audio flows beside it.
            call.push_audio(&tone(440.0, MONO_48K, 1000), MONO_48K).unwrap();
            ear.wait_for_tone(440.0, MONO_48K, 20).await;
            // A further offer has the caller's sections in their bundle, and flows on.
            let receive = MediaDirections { video: MediaDirection::ReceiveOnly, ..SEND_RECEIVE };
            call.set_media(receive).await.unwrap();
            assert_eq!(call.media(), receive);
            call.set_media(SEND_RECEIVE).await.unwrap();
            show(&call, &frames).await;
            eye.wait_for(2 * frames.len()).await;
            // So does a path that is made anew.
            let showing = keep_showing(&call);
            gateway.fault(serde_json::json!({"fault": "drop_media", "until_restart": true}));
            let seen = wait_for(&told, |event| matches!(event, CallEvent::Recovered { .. })).await;
            let tries = seen.iter().filter(|e| matches!(e, CallEvent::Recovering { .. })).count();
            assert_eq!(tries, 1, "in place, over the same DTLS: {seen:?}");
            let before = eye.seen().len();
            eye.wait_for(before + 30).await;
            call.hangup().await.unwrap();
            showing.await.unwrap();
            assert_clean(&gateway);
        });
    }
}

/// Whether the path of the video was up before the audio's.
fn told_of_video(_events: &signalwire_client::CallEventStream, call: &Call) -> bool {
    call.push_video(clip().remove(1)).is_ok()
}

#[test]
fn key_frames_are_asked_for_both_ways() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = video_call(&client, "/public/echo", MediaDirection::SendReceive).await;
        let eye = Eye::on(&call);
        let events = call.events();
        show(&call, &clip()).await;
        eye.wait_for(24).await;
        events_of(&events);
        gateway.fault(serde_json::json!({"fault": "refresh_video"}));
        wait_for(&events, |event| *event == CallEvent::KeyFrameRequested).await;
        assert!(call.stats().video.key_frame_requests_received > 0);
        // The gateway shows us ourselves, so our own request comes back to us.
        let before = stream(&gateway, &call, "video")["key_frame_requests_in"].as_u64().unwrap();
        call.request_key_frame().unwrap();
        wait_for(&events, |event| *event == CallEvent::KeyFrameRequested).await;
        let asked = stream(&gateway, &call, "video")["key_frame_requests_in"].as_u64().unwrap();
        assert_eq!(asked, before + 1);
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn lost_packets_are_repaired_in_both_directions() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = video_call(&client, "/public/echo", MediaDirection::SendReceive).await;
        let eye = Eye::on(&call);
        gateway.fault(serde_json::json!({"fault": "impair_media", "loss": 0.05}));
        let showing = keep_showing(&call);
        eye.wait_for(400).await;
        let stats = call.stats().video;
        assert!(stats.nacks_sent > 0 && stats.packets_repaired > 0, "{stats:?}");
        let video = stream(&gateway, &call, "video");
        assert!(video["repeated"].as_u64() > Some(0), "{video}");
        assert!(video["asked_again"].as_u64() > Some(0), "{video}");
        assert!(stats.nacks_received > 0 && stats.packets_repeated > 0, "{stats:?}");
        assert!(stats.frames_received > 10 * stats.frames_dropped, "{stats:?}");
        // What comes is whole: each frame is one that was sent.
        let clip = clip();
        for frame in eye.seen() {
            assert!(clip.iter().any(|sent| sent.data == frame.data), "a frame that nobody sent");
        }
        gateway.fault(serde_json::json!({"fault": "impair_media"}));
        call.hangup().await.unwrap();
        showing.await.unwrap();
    });
}

/// A repeated packet comes after more newer ones than a small window against replays would allow.
#[test]
fn large_frames_are_repaired_behind_many_newer_packets() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = video_call(&client, "/public/echo", MediaDirection::SendReceive).await;
        let eye = Eye::on(&call);
        gateway.fault(serde_json::json!({"fault": "impair_media", "loss": 0.01}));
        let frame = |number: u64| {
            let mut data = vec![number as u8; 90_000];
            data[..10].copy_from_slice(&clip()[0].data[..10]);
            EncodedVideoFrame::new(VideoCodec::Vp8, data, number * 200_000).unwrap()
        };
        let showing = call.clone();
        let showing = tokio::spawn(async move {
            let mut pace = tokio::time::interval(Duration::from_millis(200));
            let mut number = 0;
            while showing.state() < CallState::Ending {
                pace.tick().await;
                let _ = showing.push_video(frame(number));
                number += 1;
            }
        });
        let seen = eye.wait_for(30).await;
        let stats = call.stats().video;
        assert!(stats.packets_repaired > 10, "{stats:?}");
        for back in seen {
            let number = back.data[10];
            assert!(
                back.data.len() == 90_000 && back.data[10..].iter().all(|byte| *byte == number)
            );
        }
        call.hangup().await.unwrap();
        showing.await.unwrap();
    });
}

#[test]
fn a_muted_camera_sends_nothing() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = video_call(&client, "/public/echo", MediaDirection::SendReceive).await;
        until("the call joined", || !call.members().is_empty()).await;
        let events = call.events();
        assert_eq!(call.push_video(clip().remove(0)).unwrap(), 0);
        call.set_video_muted(MemberTarget::Own, true).await.unwrap();
        assert!(call.is_video_muted());
        assert_eq!(call.push_video(clip().remove(0)).unwrap(), 1, "dropped");
        events_of(&events);
        call.set_video_muted(MemberTarget::Own, false).await.unwrap();
        wait_for(&events, |event| *event == CallEvent::KeyFrameRequested).await;
        assert_eq!(call.push_video(clip().remove(1)).unwrap(), 1, "no key frame");
        assert_eq!(call.push_video(clip().remove(0)).unwrap(), 0);
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn the_service_says_how_to_capture() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/echo").await;
        let events = call.events();
        gateway.fault(
            serde_json::json!({"fault": "send_verto", "method": "verto.mediaParams", "params": {
                "callID": call.id(), "mediaParams": {"audio": {"autoGainControl": false},
                    "video": {"frameRate": {"ideal": 15, "max": 30}, "width": {"min": 320}}}}}),
        );
        let told =
            wait_for(&events, |event| matches!(event, CallEvent::MediaParamsRequested { .. }))
                .await;
        let Some(CallEvent::MediaParamsRequested { params, .. }) = told.last() else { panic!() };
        assert_eq!((params.auto_gain, params.echo_cancellation), (Some(false), None));
        assert_eq!((params.frame_rate.ideal, params.frame_rate.max), (Some(15.0), Some(30.0)));
        assert_eq!(params.width.min, Some(320.0));
        call.hangup().await.unwrap();
        // It is acknowledged as an event and not answered.
        assert_clean(&gateway);
    });
}

#[test]
fn a_screen_and_a_device_are_legs_of_their_own_that_end_with_the_call() {
    for dialect in BOTH {
        run(async move {
            let gateway = gateway(dialect);
            let client = connected(&gateway).await;
            let call =
                client.dial("/public/echo", with_video(MediaDirection::SendReceive)).unwrap();
            let events = call.events();
            let early = call.start_screen_share(ScreenShareOptions::default()).await.unwrap_err();
            assert_eq!(early.kind(), ErrorKind::InvalidState);
            wait_for(&events, |event| matches!(event, CallEvent::Joined { .. })).await;
            let options = ScreenShareOptions {
                layout: Some("full-screen".into()),
                position: Some("reserved-1".into()),
                ..ScreenShareOptions::default()
            };
            let screen = call.start_screen_share(options).await.unwrap();
            assert_eq!(screen.parent_id(), Some(call.id()));
            let told = screen.events();
            wait_for(&told, |event| matches!(event, CallEvent::VideoConnected { .. })).await;
            let sends = MediaDirection::SendOnly;
            let nothing = MediaDirection::Inactive;
            assert_eq!(screen.media(), MediaDirections { audio: nothing, video: sends });
            let joined = wait_for(&events, |event| {
                matches!(event, CallEvent::MemberJoined { member, .. }
                    if member.kind == MemberKind::Screen && member.parent_id.is_some())
            })
            .await;
            drop(joined);
            show(&screen, &clip()).await;
            until("the screen's frames arrive", || {
                stream(&gateway, &screen, "video")["packets_in"].as_u64() > Some(24)
            })
            .await;
            let device = DeviceOptions { sends_audio: true, ..DeviceOptions::default() };
            let device = call.add_device(device).await.unwrap();
            device.answered().await.unwrap();
            until("the device's media are agreed on", || {
                device.media() == MediaDirections { audio: sends, video: sends }
            })
            .await;
            screen.hangup().await.unwrap();
            wait_for(&events, |event| {
                matches!(event, CallEvent::MemberLeft { member, .. } if member.kind == MemberKind::Screen)
            })
            .await;
            assert_eq!(call.state(), CallState::Active);
            call.hangup().await.unwrap();
            device.ended().await.unwrap();
            assert!(client.calls().is_empty());
            assert_clean(&gateway);
        });
    }
}

#[test]
fn video_survives_a_new_path() {
    for dialect in BOTH {
        run(async move {
            let gateway = gateway(dialect);
            let client = connected(&gateway).await;
            let call = video_call(&client, "/public/echo", MediaDirection::SendReceive).await;
            let eye = Eye::on(&call);
            let showing = keep_showing(&call);
            eye.wait_for(20).await;
            let events = call.events();
            gateway.fault(serde_json::json!({"fault": "drop_media", "until_restart": true}));
            wait_for(&events, |event| matches!(event, CallEvent::Recovered { .. })).await;
            let before = eye.seen().len();
            eye.wait_for(before + 30).await;
            call.hangup().await.unwrap();
            showing.await.unwrap();
        });
    }
}
