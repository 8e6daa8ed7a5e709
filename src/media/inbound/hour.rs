//! One hour of a call in virtual time, whose sinks block and whose events nobody reads: what waits is
//! bounded, and memory stays as it is.

use super::impairment::{Impairment, Loss, Network};
use super::tests::Rig;
use super::*;
use crate::media::codec::EncoderOptions;
use crate::media::frame::AudioFrame;
use crate::media::outbound::{AudioEncoderPipeline, AudioInput};
use crate::media::video::port::{VideoPort, VideoSink};
use crate::media::video::{EncodedVideoFrame, VideoCodec};
use crate::util::bus::Bus;
use std::process::Command;
use std::sync::mpsc::{channel, Receiver};
use std::time::Duration;

const TICKS: u64 = 60 * 60 * 50;
/// After five minutes everything has its size.
const WARM: u64 = 5 * 60 * 50;
const MOST_GROWTH: u64 = 2 * 1024 * 1024;

#[test]
fn an_hour_that_nobody_reads_leaves_the_memory_as_it_was() {
    // In a process of its own, where no other test takes memory.
    const CHILD: &str = "SW_TEST_HOUR";
    if std::env::var_os(CHILD).is_some() {
        return hour();
    }
    let name = "media::inbound::hour::an_hour_that_nobody_reads_leaves_the_memory_as_it_was";
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    let output = command.args(["--exact", name]).env(CHILD, "1").output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// Blocks in its first call until the other end is dropped.
struct Blocked(Mutex<Receiver<()>>);

impl Blocked {
    fn wait(&self) {
        let _ = self.0.lock().expect("nobody panics").recv();
    }
}

impl AudioSink for Blocked {
    fn on_frame(&self, _: &AudioFrame<'_>) {
        self.wait();
    }
}

impl VideoSink for Blocked {
    fn on_frame(&self, _: &EncodedVideoFrame) {
        self.wait();
    }
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the numbers of the process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kib * 1024
}

/// A bad network between the far side and the jitter buffer.
struct Way {
    network: Network,
    under_way: Vec<(Duration, RtpAudio)>,
}

impl Way {
    /// One packet is sent, and what has arrived is played.
    fn tick(&mut self, rig: &mut Rig, tick: u64) {
        let sent = Duration::from_millis(tick * 20);
        let packet = rig.next_packet();
        let arrivals = self.network.send(sent, packet.payload.len());
        self.under_way.extend(arrivals.into_iter().flatten().map(|at| (at, packet.clone())));
        self.under_way.sort_by_key(|(at, _)| *at);
        let now = sent + Duration::from_millis(7);
        let arrived = self.under_way.iter().take_while(|(at, _)| *at <= now).count();
        for (at, packet) in self.under_way.drain(..arrived) {
            rig.pipeline.insert(packet, rig.begin + at);
        }
        rig.pipeline.tick(rig.begin + now);
    }
}

fn hour() {
    let mut rig = Rig::new(AudioCodec::Pcmu);
    let (release, blocked) = channel();
    let audio_sink = Arc::new(Blocked(Mutex::new(blocked)));
    let sink = rig.output.add_sink(AudioFormat::MONO_8K, audio_sink).expect("a sink");
    let (release_video, blocked) = channel();
    let video = VideoPort::default();
    video.add_sink(Arc::new(Blocked(Mutex::new(blocked)))).expect("a sink");
    let key = [0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00].repeat(200);
    let picture = EncodedVideoFrame::new(VideoCodec::Vp8, key, 0).expect("a key frame");
    let input = AudioInput::default();
    let options = EncoderOptions::default();
    let mut sender = AudioEncoderPipeline::new(AudioCodec::Pcmu, input.clone(), &options).unwrap();
    let bus = Bus::new(|tick: &u64| Some(tick.to_string()));
    let events = bus.stream();
    let impairment = Impairment {
        loss: Loss::random(0.05),
        jitter: Duration::from_millis(40),
        may_reorder: true,
        duplicates: 0.02,
        ..Impairment::default()
    };
    let mut way = Way { network: Network::new(impairment, 7), under_way: Vec::new() };

    let mut before = 0;
    for tick in 0..TICKS {
        if tick == WARM {
            before = resident();
        }
        way.tick(&mut rig, tick);
        // More than passes: 25 ms in each 20.
        input.push(&[1_000; 200], AudioFormat::MONO_8K).expect("audio");
        sender.tick().expect("a packet");
        video.deliver(&picture);
        bus.publish(tick);
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < MOST_GROWTH, "{grown} bytes more after an hour than after five minutes");

    // All that was too much is counted.
    let stats = rig.output.sink_stats(sink).expect("the sink");
    assert_eq!(stats.delivered, 0, "it is in its first call");
    assert!(stats.dropped >= TICKS - 20, "{stats:?}");
    assert!(input.dropped_ms() >= TICKS * 5 - 1_000, "{}", input.dropped_ms());
    assert!(events.missed() > TICKS / 2, "{}", events.missed());
    assert!(video.stats().output_dropped_frames > TICKS / 2, "{:?}", video.stats());
    drop((release, release_video));
    rig.output.remove_sink(sink);
    video.end();
}
