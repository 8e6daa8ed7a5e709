//! Recording calls: sides, files, their time line and their end.

mod common;

use common::*;
use signalwire_client::{
    AudioFormat, CallState, ErrorKind, RecordFormat, RecordOptions, RecordSide,
};
use signalwire_gateway::Dialect;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sw-recording-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn options(side: RecordSide, format: RecordFormat) -> RecordOptions {
    RecordOptions { side, format, ..RecordOptions::default() }
}

fn read_wav(path: &Path) -> (u16, Vec<i16>) {
    let mut reader = hound::WavReader::open(path).unwrap();
    assert_eq!(reader.spec().sample_rate, 48_000);
    let samples = reader.samples::<i16>().map(|sample| sample.unwrap()).collect();
    (reader.spec().channels, samples)
}

/// Channels and samples of an Ogg-Opus file, cut as RFC 7845 says.
fn read_ogg(path: &Path) -> (u8, Vec<i16>) {
    let mut packets = ogg::PacketReader::new(std::fs::File::open(path).unwrap());
    let head = packets.read_packet_expected().unwrap().data;
    assert_eq!(&head[..8], b"OpusHead");
    let channels = head[9];
    let pre_skip = usize::from(u16::from_le_bytes([head[10], head[11]]));
    assert_eq!(&packets.read_packet_expected().unwrap().data[..8], b"OpusTags");
    let shape = if channels == 2 { opus::Channels::Stereo } else { opus::Channels::Mono };
    let mut decoder = opus::Decoder::new(48_000, shape).unwrap();
    let (mut samples, mut end, mut is_ended) = (Vec::new(), 0, false);
    while let Some(packet) = packets.read_packet().unwrap() {
        let mut pcm = vec![0; 5_760 * usize::from(channels)];
        let count = decoder.decode(&packet.data, &mut pcm, false).unwrap();
        samples.extend_from_slice(&pcm[..count * usize::from(channels)]);
        (end, is_ended) = (packet.absgp_page() as usize, packet.last_in_stream());
    }
    assert!(is_ended, "the last page says that it is the last");
    samples.truncate(end * usize::from(channels));
    (channels, samples.split_off(pre_skip * usize::from(channels)))
}

/// One channel of a stereo recording.
fn side(samples: &[i16], at: usize) -> Vec<i16> {
    samples.iter().skip(at).step_by(2).copied().collect()
}

/// Where each of the loud pieces begins that are apart by 100 ms of silence or more.
fn beginnings(samples: &[i16]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut quiet_since = 0;
    for (at, sample) in samples.iter().enumerate() {
        if sample.unsigned_abs() > 3_000 {
            if at - quiet_since >= 4_800 || (found.is_empty() && quiet_since == 0) {
                found.push(at);
            }
            quiet_since = at;
        }
    }
    found
}

#[test]
fn both_sides_of_an_echo_stay_on_one_time_line() {
    run(async {
        let folder = Folder::new("both");
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/echo").await;
        let ear = Ear::new();
        call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
        let wav = call
            .record(folder.file("both.wav"), options(RecordSide::Both, RecordFormat::Wav))
            .unwrap();
        let ogg = call
            .record(folder.file("both.ogg"), options(RecordSide::Both, RecordFormat::OggOpus))
            .unwrap();
        // Words with nothing between them, and once a mute; the ear counts the time.
        let mut pushed = Vec::new();
        for word in 0..4 {
            let now = ear.heard().len();
            pushed.push(now);
            call.push_audio(&tone(500.0, MONO_48K, 100), MONO_48K).unwrap();
            ear.wait_for_length(now + 48_000 / 2).await;
            if word == 1 {
                call.mute().await.unwrap();
                call.push_audio(&tone(500.0, MONO_48K, 100), MONO_48K).unwrap();
                ear.wait_for_length(ear.heard().len() + 48_000 / 2).await;
                call.unmute().await.unwrap();
            }
        }
        wav.finish().unwrap();
        ogg.finish().unwrap();
        assert_eq!((wav.lost_ms(), ogg.lost_ms()), (0, 0));
        call.hangup().await.unwrap();

        let (channels, samples) = read_wav(&folder.file("both.wav"));
        assert_eq!(channels, 2);
        let (sent, received) = (side(&samples, 0), side(&samples, 1));
        let (said, heard) = (beginnings(&sent), beginnings(&received));
        assert_eq!((said.len(), heard.len()), (4, 4), "{said:?} {heard:?}");
        // The received side is what the ear heard, sample by sample.
        let by_ear = beginnings(&ear.heard());
        let offset = heard[0] as i64 - by_ear[0] as i64;
        for (recorded, heard) in heard.iter().zip(&by_ear) {
            assert_eq!(*recorded as i64 - *heard as i64, offset, "{heard:?} {by_ear:?}");
        }
        // And the sent side is where the word was pushed on the same time line: in the next tick,
        // unless the machine was busy.
        let late: Vec<i64> = said
            .iter()
            .zip(&pushed)
            .map(|(said, pushed)| (*said as i64 - *pushed as i64 - offset) / 48)
            .collect();
        assert!(late.iter().all(|ms| (-20..=120).contains(ms)), "{late:?} ms");
        assert!(late.iter().any(|ms| (-20..=20).contains(ms)), "{late:?} ms");
        let (channels, compressed) = read_ogg(&folder.file("both.ogg"));
        assert_eq!(channels, 2);
        let difference = samples.len().abs_diff(compressed.len()) / 2;
        assert!(difference <= 2 * 960, "of two recorders one may have a tick more: {difference}");
        let heard_again = beginnings(&side(&compressed, 1));
        assert_eq!(heard_again.len(), 4, "{heard_again:?}");
        assert_clean(&gateway);
    });
}

#[test]
fn each_side_is_recorded_alone_and_mixed() {
    run(async {
        let folder = Folder::new("sides");
        let gateway = gateway(Dialect::Browser);
        let client = connected(&gateway).await;
        // It says a tone of 440 Hz, and hears one of 1000 Hz.
        let call = answered(&client, "/public/tone").await;
        let sides = [RecordSide::Received, RecordSide::Sent, RecordSide::Mixed];
        let recorders = sides.map(|side| {
            let path = folder.file(&format!("{side:?}.wav"));
            call.record(path, options(side, RecordFormat::Wav)).unwrap()
        });
        let ear = Ear::new();
        call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
        let speaker = call.clone();
        let speaking = tokio::spawn(async move {
            let frame = tone(1_000.0, MONO_48K, 20);
            while speaker.state() != CallState::Ended {
                while speaker.queued_audio_ms() < 60 && speaker.push_audio(&frame, MONO_48K).is_ok()
                {
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        ear.wait_for_length(48_000).await;
        recorders.iter().for_each(|recorder| recorder.finish().unwrap());
        call.hangup().await.unwrap();
        speaking.await.unwrap();
        for (side, own, other) in [
            (RecordSide::Received, 0.0..0.05, 0.9..1.1),
            (RecordSide::Sent, 0.9..1.1, 0.0..0.05),
            (RecordSide::Mixed, 0.2..0.8, 0.2..0.8),
        ] {
            let (channels, samples) = read_wav(&folder.file(&format!("{side:?}.wav")));
            assert_eq!(channels, 1);
            assert!(samples.len() > 40_000, "{side:?}: {}", samples.len());
            let last = &samples[samples.len() - 9_600..];
            let (said, heard) = (purity(last, 1_000.0, MONO_48K), purity(last, 440.0, MONO_48K));
            assert!(own.contains(&said) && other.contains(&heard), "{side:?}: {said} {heard}");
        }
        assert_clean(&gateway);
    });
}

#[test]
fn a_recording_is_complete_when_the_call_ends() {
    run(async {
        let folder = Folder::new("end");
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/tone").await;
        let path = folder.file("call.wav");
        let recorder = call.record(&path, options(RecordSide::Mixed, RecordFormat::Wav)).unwrap();
        let ear = Ear::new();
        call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
        // No whole number of the pieces in which files are written.
        ear.wait_for_length(60_000).await;
        let heard = ear.heard().len();
        call.hangup().await.unwrap();
        let complete = async {
            while (hound::WavReader::open(&path).unwrap().duration() as usize) < heard {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(DEADLINE, complete).await.expect("the file is completed");
        recorder.finish().unwrap();
        let error = call.record(&path, RecordOptions::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
        assert_clean(&gateway);
    });
}

#[test]
fn recordings_that_cannot_be_are_refused() {
    run(async {
        let folder = Folder::new("refused");
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/echo").await;
        let missing = folder.file("no/such/call.wav");
        let error = call.record(&missing, RecordOptions::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Media);
        assert!(error.to_string().contains("the folder does not exist"), "{error}");
        let error = call.record(&folder.0, RecordOptions::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Media, "{error}");
        for wrong in [
            RecordOptions { sample_rate_hz: 7_999, ..RecordOptions::default() },
            RecordOptions {
                sample_rate_hz: 16_000,
                ..options(RecordSide::Received, RecordFormat::OggOpus)
            },
            RecordOptions {
                sample_rate_hz: 11_025,
                ..options(RecordSide::Both, RecordFormat::Wav)
            },
            RecordOptions { opus_bitrate_bps: 5_999, ..RecordOptions::default() },
        ] {
            let error = call.record(folder.file("x"), wrong.clone()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{wrong:?}: {error}");
        }
        let stereo = AudioFormat { sample_rate_hz: 48_000, channels: 2 };
        call.record_wav(folder.file("stereo.wav"), stereo).unwrap().finish().unwrap();
        assert_eq!(read_wav(&folder.file("stereo.wav")).0, 2);
        // A device that is always full.
        #[cfg(target_os = "linux")]
        {
            let recorder =
                call.record("/dev/full", options(RecordSide::Sent, RecordFormat::OggOpus));
            let error = match recorder {
                Ok(recorder) => recorder.finish().unwrap_err(),
                Err(error) => error,
            };
            assert_eq!(error.kind(), ErrorKind::Media);
            assert!(error.to_string().contains("the disk is full"), "{error}");
        }
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}
