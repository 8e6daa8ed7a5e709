//! Pictures through real calls: encoded here, echoed, decoded here, and read from their pixels.

mod common;

use common::*;
use signalwire_client::{
    Call, CallEvent, Client, DialOptions, EncodedVideoFrame, ErrorKind, IvfReader, IvfSink,
    MediaDirection, Picture, PictureSink, PixelFormat, Rotation, TestCard, VideoCodec,
    VideoEncoding, Y4mReader, Y4mSink,
};
use signalwire_gateway::Dialect;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// 160x96, 24 frames of VP8, a key frame every 12.
const CLIP: &[u8] = include_bytes!("data/clip.ivf");
const CODECS: [VideoCodec; 2] = [VideoCodec::Vp8, VideoCodec::H264];

/// Keeps what it can read of every picture: number, width, height.
#[derive(Default)]
struct Viewer {
    seen: Mutex<Vec<(Option<u16>, u32, u32)>>,
    last: Mutex<Option<Picture>>,
    changed: tokio::sync::Notify,
}

impl PictureSink for Viewer {
    fn on_picture(&self, picture: &Picture) {
        let read = (TestCard::read(picture), picture.width(), picture.height());
        self.seen.lock().unwrap().push(read);
        *self.last.lock().unwrap() = Some(picture.clone());
        self.changed.notify_one();
    }
}

impl Viewer {
    fn on(call: &Call, format: PixelFormat) -> Arc<Self> {
        let viewer = Arc::<Self>::default();
        call.add_picture_sink(format, viewer.clone()).unwrap();
        viewer
    }

    fn seen(&self) -> Vec<(Option<u16>, u32, u32)> {
        self.seen.lock().unwrap().clone()
    }

    async fn wait_until(&self, what: &str, fits: impl Fn(&[(Option<u16>, u32, u32)]) -> bool) {
        let watching = async {
            loop {
                let changed = self.changed.notified();
                if fits(&self.seen()) {
                    return;
                }
                changed.await;
            }
        };
        let watched = tokio::time::timeout(DEADLINE, watching).await;
        watched.unwrap_or_else(|_| panic!("{what}; seen: {:?}", self.seen()));
    }

    /// The numbers in their order; a picture that cannot be read is damaged.
    fn numbers(&self) -> Vec<u16> {
        self.seen().into_iter().map(|(number, ..)| number.expect("a whole picture")).collect()
    }
}

async fn video_call(client: &Client, codec: VideoCodec) -> Call {
    let options = DialOptions {
        video: Some(MediaDirection::SendReceive),
        video_codecs: vec![codec],
        ..DialOptions::default()
    };
    let call = client.dial("/public/echo", options).unwrap();
    let events = call.events();
    wait_for(&events, |event| matches!(event, CallEvent::VideoConnected { .. })).await;
    call.answered().await.unwrap();
    call
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

/// Shows test cards, whose size may be changed, until it is dropped.
struct Show {
    card: Arc<Mutex<TestCard>>,
    number: Arc<Mutex<u16>>,
    task: tokio::task::JoinHandle<()>,
}

impl Show {
    fn on(call: &Call, width: u32, height: u32) -> Self {
        let card = Arc::new(Mutex::new(TestCard::new(width, height).unwrap()));
        let number = Arc::new(Mutex::new(0));
        let (call, shown, counter) = (call.clone(), card.clone(), number.clone());
        let task = tokio::spawn(async move {
            let mut pace = tokio::time::interval(Duration::from_millis(33));
            loop {
                pace.tick().await;
                let number = *counter.lock().unwrap();
                let picture = shown.lock().unwrap().picture(number, u64::from(number) * 33_333);
                if call.push_picture(picture).is_err() {
                    return;
                }
                *counter.lock().unwrap() = number + 1;
            }
        });
        Self { card, number, task }
    }

    fn resize(&self, width: u32, height: u32) {
        *self.card.lock().unwrap() = TestCard::new(width, height).unwrap();
    }

    fn number(&self) -> u16 {
        *self.number.lock().unwrap()
    }
}

impl Drop for Show {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[test]
fn test_cards_come_back_in_order_and_at_another_size() {
    for codec in CODECS {
        run(async move {
            let gateway = gateway(Dialect::FreeSwitch);
            let client = connected(&gateway).await;
            let call = video_call(&client, codec).await;
            let viewer = Viewer::on(&call, PixelFormat::Nv12);
            let show = Show::on(&call, 320, 180);
            viewer.wait_until("thirty pictures", |seen| seen.len() >= 30).await;
            show.resize(160, 96);
            viewer.wait_until("smaller ones", |seen| seen.last().unwrap().1 == 160).await;
            let before = viewer.seen().len();
            viewer.wait_until("more of them", |seen| seen.len() >= before + 10).await;
            let numbers = viewer.numbers();
            assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{codec:?} {numbers:?}");
            let sizes: Vec<_> = viewer.seen().iter().map(|(_, w, h)| (*w, *h)).collect();
            assert_eq!((sizes[0], *sizes.last().unwrap()), ((320, 180), (160, 96)));
            let last = viewer.last.lock().unwrap().clone().unwrap();
            assert_eq!((last.format(), last.rotation()), (PixelFormat::Nv12, Rotation::None));
            assert!(last.to_png().unwrap().starts_with(b"\x89PNG"));
            let stats = call.picture_stats();
            assert!(stats.encoded >= 40 && stats.decoded >= 40, "{stats:?}");
            assert_eq!((stats.encode_errors, stats.decode_errors), (0, 0), "{stats:?}");
            assert!(stats.target_bitrate_bps > 0, "{stats:?}");
            call.hangup().await.unwrap();
            let card = TestCard::new(96, 48).unwrap().picture(0, 0);
            assert_eq!(call.push_picture(card).unwrap_err().kind(), ErrorKind::Closed);
            assert_clean(&gateway);
        });
    }
}

#[test]
fn losses_cost_pictures_but_damage_none_and_a_key_frame_heals_them() {
    for codec in CODECS {
        run(async move {
            let gateway = gateway(Dialect::FreeSwitch);
            let client = connected(&gateway).await;
            let call = video_call(&client, codec).await;
            let viewer = Viewer::on(&call, PixelFormat::I420);
            let show = Show::on(&call, 320, 180);
            viewer.wait_until("the first pictures", |seen| seen.len() >= 10).await;
            gateway.fault(serde_json::json!({"fault": "impair_media", "loss": 0.5}));
            let asks = || call.stats().video.key_frame_requests_sent >= 2;
            until("key frames are asked for", asks).await;
            gateway.fault(serde_json::json!({"fault": "impair_media"}));
            let healed = show.number();
            viewer
                .wait_until("pictures from after the losses", |seen| {
                    seen.iter().filter(|(number, ..)| *number > Some(healed)).count() >= 15
                })
                .await;
            let numbers = viewer.numbers();
            assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{codec:?} {numbers:?}");
            assert!(call.stats().video.key_frames_received >= 2);
            call.hangup().await.unwrap();
        });
    }
}

#[test]
fn a_frame_that_cannot_be_decoded_asks_for_a_key_frame() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = video_call(&client, VideoCodec::Vp8).await;
        let viewer = Viewer::on(&call, PixelFormat::I420);
        let frames: Vec<_> = IvfReader::new(CLIP).unwrap().map(|frame| frame.unwrap()).collect();
        // A key frame by its looks whose first partition is longer than the frame.
        let mut broken = frames[0].data.to_vec();
        broken.truncate(200);
        let broken = EncodedVideoFrame::new(VideoCodec::Vp8, broken, 0).unwrap();
        assert!(broken.is_key_frame);
        let events = call.events();
        call.push_video(broken).unwrap();
        until("the frame is refused", || call.picture_stats().decode_errors > 0).await;
        // The echo hands the request back.
        wait_for(&events, |event| *event == CallEvent::KeyFrameRequested).await;
        for (number, frame) in (1u64..).zip(&frames[..6]) {
            let frame = EncodedVideoFrame { timestamp_us: number * 33_333, ..frame.clone() };
            call.push_video(frame).unwrap();
        }
        until("the clip is decoded", || call.picture_stats().decoded >= 6).await;
        viewer.wait_until("the clip is seen", |seen| !seen.is_empty()).await;
        assert!(viewer.seen().iter().all(|(_, width, height)| (*width, *height) == (160, 96)));
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn pictures_keep_to_what_the_service_and_the_application_want() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = video_call(&client, VideoCodec::H264).await;
        let wrong = VideoEncoding { max_frame_rate: -1.0, ..VideoEncoding::default() };
        assert_eq!(call.set_video_encoding(wrong).unwrap_err().kind(), ErrorKind::InvalidArgument);
        let encoding =
            VideoEncoding { max_height: 140, max_bitrate_bps: 150_000, ..VideoEncoding::default() };
        call.set_video_encoding(encoding).unwrap();
        let viewer = Viewer::on(&call, PixelFormat::I420);
        let _show = Show::on(&call, 320, 180);
        viewer.wait_until("the application's height", |seen| seen.len() >= 5).await;
        let stats = call.picture_stats();
        assert!((50_000..=150_000).contains(&stats.target_bitrate_bps), "{stats:?}");
        assert_eq!(viewer.seen()[0].2, 140);
        gateway.fault(
            serde_json::json!({"fault": "send_verto", "method": "verto.mediaParams", "params": {
                "callID": call.id(), "mediaParams": {"video": {"width": {"max": 160},
                    "frameRate": {"max": 10}}}}}),
        );
        viewer.wait_until("the service's width", |seen| seen.last().unwrap().1 == 160).await;
        let before = viewer.seen().len();
        viewer.wait_until("fewer pictures", |seen| seen.len() >= before + 5).await;
        let numbers = viewer.numbers();
        let apart = numbers[before..].windows(2).map(|pair| pair[1] - pair[0]);
        assert!(apart.clone().all(|apart| apart >= 2), "{numbers:?}");
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

/// What is written is read again, and the encoded file is sent into another call and decoded there.
#[test]
fn received_video_is_written_to_files_which_can_be_sent_again() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = video_call(&client, VideoCodec::Vp8).await;
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (y4m, ivf) = (folder.join("received.y4m"), folder.join("received.ivf"));
        let pictures = Y4mSink::create(&y4m, 30).unwrap();
        let frames = IvfSink::create(&ivf).unwrap();
        call.add_picture_sink(PixelFormat::Nv12, pictures.clone()).unwrap();
        call.add_video_sink(frames.clone()).unwrap();
        let viewer = Viewer::on(&call, PixelFormat::I420);
        let show = Show::on(&call, 160, 96);
        viewer.wait_until("fifteen pictures", |seen| seen.len() >= 15).await;
        drop(show);
        call.hangup().await.unwrap();
        let (written, encoded) = (pictures.finish().unwrap(), frames.finish().unwrap());

        let file = std::io::BufReader::new(std::fs::File::open(&y4m).unwrap());
        let read: Vec<u16> =
            Y4mReader::new(file).unwrap().map(|p| TestCard::read(&p.unwrap()).unwrap()).collect();
        assert_eq!(read.len() as u64, written);
        assert!(read.is_sorted() && read[0] < read[read.len() - 1], "{read:?}");

        let frames: Vec<_> = IvfReader::new(std::fs::read(&ivf).unwrap())
            .unwrap()
            .map(|frame| frame.unwrap())
            .collect();
        assert_eq!((frames.len(), frames[0].is_key_frame), (encoded as usize, true));
        assert_eq!((frames[0].width, frames[0].height), (160, 96));
        let call = video_call(&client, VideoCodec::Vp8).await;
        let viewer = Viewer::on(&call, PixelFormat::I420);
        let start = tokio::time::Instant::now();
        let ready = |count: usize| move |seen: &[(Option<u16>, u32, u32)]| seen.len() >= count;
        for frame in &frames {
            let since = frame.timestamp_us - frames[0].timestamp_us;
            tokio::time::sleep_until(start + Duration::from_micros(since)).await;
            call.push_video(frame.clone()).unwrap();
        }
        viewer.wait_until("the file is seen", ready(3)).await;
        let numbers = viewer.numbers();
        assert!(numbers.iter().all(|number| *number <= read[read.len() - 1] + 30), "{numbers:?}");
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}

/// Blocks in its first picture until it is let go.
#[derive(Default)]
struct Blocker {
    state: Mutex<(bool, Vec<Option<u16>>)>,
    released: Condvar,
}

impl PictureSink for Blocker {
    fn on_picture(&self, picture: &Picture) {
        let mut state = self.state.lock().unwrap();
        state.1.push(TestCard::read(picture));
        while !state.0 {
            state = self.released.wait(state).unwrap();
        }
    }
}

#[test]
fn a_slow_sink_gets_the_latest_pictures_and_delays_no_other() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = video_call(&client, VideoCodec::Vp8).await;
        let slow = Arc::<Blocker>::default();
        let id = call.add_picture_sink(PixelFormat::I420, slow.clone()).unwrap();
        let viewer = Viewer::on(&call, PixelFormat::I420);
        let show = Show::on(&call, 160, 96);
        viewer.wait_until("pictures beside the slow sink", |seen| seen.len() >= 20).await;
        assert!(call.picture_stats().output_dropped > 0, "{:?}", call.picture_stats());
        slow.state.lock().unwrap().0 = true;
        slow.released.notify_all();
        let before = viewer.seen().len();
        viewer.wait_until("pictures after that", |seen| seen.len() >= before + 10).await;
        call.remove_picture_sink(id);
        let taken = slow.state.lock().unwrap().1.clone();
        assert!(taken.len() > 1 && taken[1] > taken[0].map(|number| number + 5), "{taken:?}");
        drop(show);
        call.hangup().await.unwrap();
        let error = call.add_picture_sink(PixelFormat::I420, viewer).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
        assert_clean(&gateway);
    });
}

/// The names of this process's threads.
#[cfg(target_os = "linux")]
fn threads(name: &str) -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|known| known.trim() == name).count()
}

#[cfg(target_os = "linux")]
#[test]
fn the_threads_end_with_the_sinks_and_with_the_call() {
    // In a process of its own, since other tests have threads of the same names.
    if std::env::var_os("SW_ALONE").is_none() {
        let own = "the_threads_end_with_the_sinks_and_with_the_call";
        let exe = std::env::current_exe().unwrap();
        let mut alone = std::process::Command::new(exe);
        let output = alone.args([own, "--exact"]).env("SW_ALONE", "1").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = video_call(&client, VideoCodec::Vp8).await;
        assert_eq!((threads("sw-encode"), threads("sw-decode")), (0, 0));
        let viewer = Arc::<Viewer>::default();
        let sink = call.add_picture_sink(PixelFormat::I420, viewer.clone()).unwrap();
        let other = call.add_picture_sink(PixelFormat::Nv12, viewer.clone()).unwrap();
        let show = Show::on(&call, 160, 96);
        viewer.wait_until("pictures", |seen| seen.len() >= 5).await;
        assert_eq!((threads("sw-encode"), threads("sw-decode")), (1, 1));
        call.remove_picture_sink(sink);
        call.remove_picture_sink(other);
        until("decoding ends", || threads("sw-decode") == 0).await;
        call.add_picture_sink(PixelFormat::I420, viewer.clone()).unwrap();
        let before = viewer.seen().len();
        viewer.wait_until("pictures again", |seen| seen.len() > before).await;
        drop(show);
        call.hangup().await.unwrap();
    });
    assert!(signalwire_client::shutdown());
    assert_eq!((threads("sw-encode"), threads("sw-decode")), (0, 0));
}

#[test]
fn pictures_before_there_is_video_are_errors() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/echo").await;
        let card = TestCard::new(160, 96).unwrap().picture(0, 0);
        let error = call.push_picture(card).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidState);
        assert!(error.message().contains("VideoConnected"), "{error}");
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}
