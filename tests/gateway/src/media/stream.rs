//! One RTP stream in each direction: what is received, what is sent instead, and the statistics.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{json, Value};

use super::audio::{AudioCodec, Meter};
use super::follow::Follower;
use super::impairment::Impairment;
use super::keys::{Key, KeyLog, Presser};
use super::mixer::Mixer;
use super::negotiate::Agreed;
use super::rtp::{self, Header, Rtcp};
use super::{lock, random};

/// How long the echo waits for the client's next packet before silence takes its place.
const ECHO_GRACE: Duration = Duration::from_millis(60);

/// Packets of video that can be sent again.
const KEPT_PACKETS: usize = 1024;

/// What the gateway sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Source {
    Echo,
    Tone,
    Silence,
    /// What the other leg of a bridge says.
    Bridge,
    /// What the others in a conference say.
    Conference,
}

/// What one leg of a bridge passes to the other.
pub enum Relayed {
    Packet { video: bool, header: Header, payload: Vec<u8> },
    KeyFrameRequest,
}

/// The way to the other leg.
pub type Relay = Arc<dyn Fn(Relayed) + Send + Sync>;

/// The switches of a call that its streams obey.
pub struct Controls {
    source: AtomicU8,
    /// The member's audio is not heard by anybody, so it is not echoed.
    pub audio_muted: AtomicBool,
    pub video_muted: AtomicBool,
    /// The member hears nobody.
    pub deaf: AtomicBool,
    /// On hold nothing at all is sent, and what comes is discarded.
    pub held: AtomicBool,
    /// Fault: no datagram goes in or out.
    pub dropped: AtomicBool,
    /// Fault: that ends with the client's next new ICE credentials.
    pub until_restart: AtomicBool,
    /// Fault: the next update of the media is answered with another certificate.
    pub renew_certificate: AtomicBool,
    /// Fault: packets are lost and late.
    pub impairment: Mutex<Impairment>,
    /// Fault: keys that are to be pressed in the audio.
    pub keys: Mutex<VecDeque<Key>>,
    relay: Mutex<Option<Relay>>,
    seat: Mutex<Option<(Arc<Mixer>, u64)>>,
}

impl Controls {
    /// Everything open, sending `source`.
    pub fn new(source: Source) -> Controls {
        Controls {
            source: AtomicU8::new(source as u8),
            audio_muted: AtomicBool::new(false),
            video_muted: AtomicBool::new(false),
            deaf: AtomicBool::new(false),
            held: AtomicBool::new(false),
            dropped: AtomicBool::new(false),
            until_restart: AtomicBool::new(false),
            renew_certificate: AtomicBool::new(false),
            impairment: Mutex::default(),
            keys: Mutex::default(),
            relay: Mutex::default(),
            seat: Mutex::default(),
        }
    }

    /// Changes what is sent.
    pub fn set_source(&self, source: Source) {
        self.source.store(source as u8, Ordering::Relaxed);
    }

    /// Leads what comes in to another leg.
    pub fn set_relay(&self, relay: Option<Relay>) {
        *lock(&self.relay) = relay;
    }

    /// Makes the call a speaker and a listener of a conference.
    pub fn take_seat(&self, mixer: Arc<Mixer>, seat: u64) {
        *lock(&self.seat) = Some((mixer, seat));
    }

    fn seat(&self) -> Option<(Arc<Mixer>, u64)> {
        match self.source() {
            Source::Conference => lock(&self.seat).clone(),
            _ => None,
        }
    }

    fn relay(&self, what: Relayed) {
        let relay = lock(&self.relay).clone();
        if let Some(relay) = relay {
            relay(what);
        }
    }

    /// What is sent at the moment.
    pub fn source(&self) -> Source {
        match self.source.load(Ordering::Relaxed) {
            0 => Source::Echo,
            1 => Source::Tone,
            3 => Source::Bridge,
            4 => Source::Conference,
            _ => Source::Silence,
        }
    }

    /// Reads a switch.
    pub fn is(&self, switch: &AtomicBool) -> bool {
        switch.load(Ordering::Relaxed)
    }
}

/// The counters of a stream.
#[derive(Default)]
pub struct Counters {
    pub packets_in: u64,
    /// The duration of the last packet of audio, in units of the RTP clock.
    pub packet_units: u32,
    pub bytes_in: u64,
    pub packets_out: u64,
    pub bytes_out: u64,
    pub echoed: u64,
    pub reordered: u64,
    pub undecodable: u64,
    pub marker_violations: u64,
    pub wrong_payload_type: u64,
    pub sender_reports: u64,
    pub receiver_reports: u64,
    pub key_frame_requests_in: u64,
    pub key_frame_requests_out: u64,
    pub nacks: u64,
    /// Packets that were sent again for the client, and packets that were asked of it again.
    pub repeated: u64,
    pub asked_again: u64,
    pub reported_lost: u32,
    pub digits: String,
    pub keys: KeyLog,
    first_sequence: Option<u64>,
    highest: u64,
}

impl Counters {
    /// Packets that never came.
    pub fn lost(&self) -> u64 {
        match self.first_sequence {
            Some(first) => (self.highest - first + 1).saturating_sub(self.packets_in),
            None => 0,
        }
    }

    fn receive(&mut self, header: &Header, bytes: usize) -> bool {
        self.packets_in += 1;
        self.bytes_in += bytes as u64;
        let Some(_) = self.first_sequence else {
            // Room below, so that a reordered start does not underflow.
            self.highest = 0x1_0000 + u64::from(header.sequence);
            self.first_sequence = Some(self.highest);
            return true;
        };
        let ahead = header.sequence.wrapping_sub(self.highest as u16) as i16;
        if ahead <= 0 {
            self.reordered += 1;
            return false;
        }
        self.highest += ahead as u64;
        ahead == 1
    }
}

/// The part of a stream that others look at.
pub struct Shared {
    pub agreed: Mutex<Agreed>,
    pub ssrc: u32,
    pub counters: Mutex<Counters>,
    pub meter: Mutex<Meter>,
}

impl Shared {
    /// A new stream with its SSRC, which stays for the life of the call.
    pub fn new(agreed: Agreed, record: bool) -> Shared {
        let meter = Meter::new(agreed.codec.rate(), record);
        Shared {
            agreed: Mutex::new(agreed),
            ssrc: u32::from_be_bytes(random()),
            counters: Mutex::default(),
            meter: Mutex::new(meter),
        }
    }

    /// The state of the stream for `/_gateway/state`.
    pub fn report(&self) -> Value {
        let agreed = lock(&self.agreed).clone();
        let counters = lock(&self.counters);
        let mut report = json!({
            "kind": if agreed.codec.is_video() { "video" } else { "audio" },
            "codec": agreed.codec.name(),
            "payload_type": agreed.payload_type,
            "direction": agreed.direction.as_str(),
            "packets_in": counters.packets_in,
            "bytes_in": counters.bytes_in,
            "packets_out": counters.packets_out,
            "bytes_out": counters.bytes_out,
            "echoed": counters.echoed,
            "lost": counters.lost(),
            "reordered": counters.reordered,
            "undecodable": counters.undecodable,
            "marker_violations": counters.marker_violations,
            "wrong_payload_type": counters.wrong_payload_type,
            "sender_reports": counters.sender_reports,
            "receiver_reports": counters.receiver_reports,
            "key_frame_requests_in": counters.key_frame_requests_in,
            "key_frame_requests_out": counters.key_frame_requests_out,
            "nacks": counters.nacks,
            "repeated": counters.repeated,
            "asked_again": counters.asked_again,
            "reported_lost": counters.reported_lost,
            "rtp_digits": counters.digits,
            "rtp_events": counters.keys.report(),
        });
        report["ptime"] = json!(agreed.ptime);
        report["packet_ms"] = json!(counters.packet_units * 1000 / agreed.codec.clock().max(1));
        if !agreed.codec.is_video() {
            let mut meter = lock(&self.meter);
            report["level"] = json!(meter.level());
            report["energy"] = json!(meter.energy);
            report["seconds_heard"] = json!(meter.seconds);
            report["frequency"] = json!(meter.frequency(Instant::now()));
        }
        report
    }
}

/// The sending and receiving machinery, owned by the transport's task.
pub struct Stream {
    pub shared: Arc<Shared>,
    codec: Option<AudioCodec>,
    sequence: u16,
    timestamp: u32,
    follower: Follower,
    next_due: Option<Instant>,
    /// The last packet sent was passed on.
    is_passing_on: bool,
    last_received: Option<(u32, usize)>,
    last_arrival: Option<Instant>,
    presser: Presser,
    next_report: Option<Instant>,
    reports_sent: u32,
    remote_ssrc: Option<u32>,
    fir_number: u8,
    key_frame_wanted: bool,
    sequence_offset: Option<(u16, u32)>,
    /// What was sent, to send it again.
    sent: VecDeque<(u16, Vec<u8>)>,
    /// What the client misses and has to be repeated by it first.
    missed: Vec<u16>,
    /// What is to be sent once more.
    again: Vec<Vec<u8>>,
    complained: bool,
    reported_packets: u64,
    reported_expected: u64,
    reported_in: u64,
}

/// Markers inside a talk spurt that are put up with.
const TOLERATED_MARKERS: u64 = 2;

impl Stream {
    /// Opens the codec of a shared stream.
    pub fn new(shared: Arc<Shared>) -> Result<Stream, String> {
        let codec = lock(&shared.agreed).codec;
        Ok(Stream {
            shared,
            codec: if codec.is_video() { None } else { Some(AudioCodec::new(codec)?) },
            sequence: u16::from_be_bytes(random()) & 0x7FFF,
            timestamp: u32::from_be_bytes(random()),
            follower: Follower::default(),
            next_due: None,
            is_passing_on: false,
            last_received: None,
            last_arrival: None,
            presser: Presser::default(),
            next_report: None,
            reports_sent: 0,
            remote_ssrc: None,
            fir_number: 0,
            key_frame_wanted: true,
            sequence_offset: None,
            sent: VecDeque::new(),
            missed: Vec::new(),
            again: Vec::new(),
            complained: false,
            reported_packets: 0,
            reported_expected: 0,
            reported_in: 0,
        })
    }

    pub fn is_video(&self) -> bool {
        self.codec.is_none()
    }

    /// Whether a payload type belongs to this stream.
    pub fn takes(&self, payload_type: u8) -> bool {
        let agreed = lock(&self.shared.agreed);
        agreed.payload_type == payload_type
            || agreed.events.is_some_and(|(events, _)| events == payload_type)
    }

    /// Whether RTCP about this SSRC belongs to this stream.
    pub fn knows(&self, ssrc: u32) -> bool {
        self.remote_ssrc == Some(ssrc)
    }

    /// Takes a decrypted packet; returns what is sent back because of it.
    pub fn receive(&mut self, packet: &[u8], controls: &Controls, now: Instant) -> Option<Vec<u8>> {
        let header = Header::parse(packet)?;
        self.remote_ssrc = Some(header.ssrc);
        let agreed = lock(&self.shared.agreed).clone();
        let next = lock(&self.shared.counters).receive(&header, packet.len());
        let payload = &packet[header.payload_at..header.payload_end];
        if let Some((_, clock)) = agreed.events.filter(|(events, _)| *events == header.payload_type)
        {
            self.event(&header, payload, clock);
            return None;
        }
        lock(&self.shared.counters).keys.audio(&header);
        self.last_arrival = Some(now);
        if agreed.codec.is_video() {
            let open = !controls.is(&controls.video_muted) && !controls.is(&controls.held);
            if open && !payload.is_empty() {
                controls.relay(Relayed::Packet {
                    video: true,
                    header: header.clone(),
                    payload: payload.to_vec(),
                });
            }
            let echo = controls.source() == Source::Echo && open;
            return if echo { self.forward_video(&header, payload) } else { None };
        }
        if self.flushed_by_marker(&header, payload, next) || payload.is_empty() {
            return None;
        }
        let held = controls.is(&controls.held);
        let units = self.codec.as_ref().map_or(0, |codec| codec.duration(payload));
        lock(&self.shared.counters).packet_units = units as u32;
        let samples = if held { None } else { self.measure(payload) };
        if controls.is(&controls.audio_muted) || held {
            return None;
        }
        if let (Some((mixer, seat)), Some(samples)) = (controls.seat(), &samples) {
            mixer.say(seat, samples, agreed.codec.rate(), now);
            return None;
        }
        let echo = controls.source() == Source::Echo && !controls.is(&controls.deaf);
        if echo {
            return self.forward_audio(&header, payload, now);
        }
        controls.relay(Relayed::Packet {
            video: false,
            header: header.clone(),
            payload: payload.to_vec(),
        });
        None
    }

    /// Sends a packet that came in on the other leg.
    pub fn forward(
        &mut self,
        header: &Header,
        payload: &[u8],
        controls: &Controls,
        now: Instant,
    ) -> Option<Vec<u8>> {
        // On hold the other side's voice gives way to music.
        if controls.source() != Source::Bridge || controls.is(&controls.held) {
            return None;
        }
        match self.codec {
            None => self.forward_video(header, payload),
            Some(_) if controls.is(&controls.deaf) => None,
            Some(_) => self.forward_audio(header, payload, now),
        }
    }

    fn forward_audio(&mut self, header: &Header, payload: &[u8], now: Instant) -> Option<Vec<u8>> {
        let agreed = lock(&self.shared.agreed).clone();
        if !agreed.direction.sends() || self.presser.is_busy() {
            return None;
        }
        let duration = self.codec.as_ref()?.duration(payload);
        self.next_due = Some(now + millis(duration, agreed.codec.clock()) + ECHO_GRACE);
        self.is_passing_on = true;
        lock(&self.shared.counters).echoed += 1;
        self.timestamp =
            self.follower.place(header.timestamp, self.timestamp, agreed.codec.clock());
        Some(self.packet(payload, duration, agreed.payload_type))
    }

    /// What is wrong with the client's packets, once.
    pub fn complaint(&mut self) -> Option<String> {
        let counters = lock(&self.shared.counters);
        let complaint = match &*counters {
            c if c.marker_violations > TOLERATED_MARKERS => "RTP marker bit inside a talk spurt",
            c if c.undecodable > 0 => "an RTP payload that its codec cannot decode",
            _ => return None,
        };
        (!std::mem::replace(&mut self.complained, true)).then(|| complaint.to_owned())
    }

    /// FreeSWITCH flushes its buffer on every marker bit of audio; a marker that does not begin
    /// a talk spurt therefore costs the packet.
    fn flushed_by_marker(&mut self, header: &Header, payload: &[u8], next: bool) -> bool {
        let duration = self.codec.as_ref().map_or(0, |c| c.duration(payload));
        let last = self.last_received.replace((header.timestamp, duration));
        let Some((timestamp, last_duration)) = last else {
            return false;
        };
        let contiguous = header.timestamp.wrapping_sub(timestamp) == last_duration as u32;
        let violation = header.marker && next && contiguous;
        if violation {
            lock(&self.shared.counters).marker_violations += 1;
        }
        violation
    }

    fn measure(&mut self, payload: &[u8]) -> Option<Vec<i16>> {
        let samples = self.codec.as_mut()?.decode(payload);
        match &samples {
            Some(samples) => lock(&self.shared.meter).push(samples),
            None => lock(&self.shared.counters).undecodable += 1,
        }
        samples
    }

    fn event(&mut self, header: &Header, payload: &[u8], clock: u32) {
        let mut counters = lock(&self.shared.counters);
        let digit = counters.keys.event(header, payload, clock);
        counters.digits.extend(digit);
    }

    /// The packets of keys that are due.
    fn press(&mut self, controls: &Controls, now: Instant) -> Vec<Vec<u8>> {
        let agreed = lock(&self.shared.agreed).clone();
        let Some((payload_type, clock)) = agreed.events else { return Vec::new() };
        let (strokes, over) = self.presser.press(&mut lock(&controls.keys), clock, now);
        let mut out = Vec::new();
        for stroke in strokes {
            let (sequence, timestamp) = (self.sequence, self.timestamp);
            let (marker, payload) = (stroke.marker, &stroke.payload);
            let ssrc = self.shared.ssrc;
            out.push(rtp::packet(marker, payload_type, sequence, timestamp, ssrc, payload));
            self.sequence = self.sequence.wrapping_add(1);
            lock(&self.shared.counters).packets_out += 1;
        }
        if let Some(length) = over {
            let units = length.as_millis() as u32 * agreed.codec.clock() / 1000;
            self.timestamp = self.timestamp.wrapping_add(units);
            self.next_due = Some(now);
            self.is_passing_on = false;
        }
        out
    }

    fn forward_video(&mut self, header: &Header, payload: &[u8]) -> Option<Vec<u8>> {
        let agreed = lock(&self.shared.agreed).clone();
        if !agreed.direction.sends() || payload.is_empty() {
            return None;
        }
        let (sequence, timestamp) = *self.sequence_offset.get_or_insert((
            self.sequence.wrapping_sub(header.sequence),
            self.timestamp.wrapping_sub(header.timestamp),
        ));
        self.timestamp = header.timestamp.wrapping_add(timestamp);
        let out = rtp::packet(
            header.marker,
            agreed.payload_type,
            header.sequence.wrapping_add(sequence),
            self.timestamp,
            self.shared.ssrc,
            payload,
        );
        let mut counters = lock(&self.shared.counters);
        counters.echoed += 1;
        counters.packets_out += 1;
        counters.bytes_out += out.len() as u64;
        if self.sent.len() == KEPT_PACKETS {
            self.sent.pop_front();
        }
        self.sent.push_back((header.sequence.wrapping_add(sequence), out.clone()));
        Some(out)
    }

    /// The client misses packets of the video: what was sent is sent again, what never came is
    /// asked of it.
    fn repeat(&mut self, lost: &[u16]) {
        let Some((offset, _)) = self.sequence_offset else { return };
        for sequence in lost {
            match self.sent.iter().find(|(sent, _)| sent == sequence) {
                Some((_, packet)) => self.again.push(packet.clone()),
                None => self.missed.push(sequence.wrapping_sub(offset)),
            }
        }
    }

    /// Packets to send once more.
    pub fn again(&mut self) -> Vec<Vec<u8>> {
        lock(&self.shared.counters).repeated += self.again.len() as u64;
        std::mem::take(&mut self.again)
    }

    /// The NACK for what the client has to send once more.
    pub fn complaint_about_loss(&mut self) -> Option<Vec<u8>> {
        let remote = self.remote_ssrc?;
        let missed = std::mem::take(&mut self.missed);
        if missed.is_empty() {
            return None;
        }
        lock(&self.shared.counters).asked_again += missed.len() as u64;
        Some(rtp::nack(self.shared.ssrc, remote, &missed))
    }

    /// What is due now: audio is sent 50 times a second whether there is something to say or not.
    pub fn tick(&mut self, controls: &Controls, now: Instant) -> Vec<Vec<u8>> {
        if self.codec.is_none() {
            return Vec::new();
        }
        let mut out = self.press(controls, now);
        if self.presser.is_busy() {
            return out;
        }
        let agreed = lock(&self.shared.agreed).clone();
        if self.last_arrival.is_some_and(|at| now - at > Duration::from_millis(500)) {
            self.last_arrival = None;
            lock(&self.shared.meter).quiet();
        }
        let quiet = controls.is(&controls.held) || !agreed.direction.sends();
        let mut due = self.next_due.unwrap_or(now);
        // After a stall of the machine there is no use in catching up on seconds.
        if now > due + Duration::from_secs(1) {
            due = now;
        }
        let step = Duration::from_millis(u64::from(agreed.ptime));
        while due <= now {
            due += step;
            if quiet {
                continue;
            }
            let Some(codec) = &mut self.codec else { break };
            let duration = (agreed.codec.clock() / 1000 * agreed.ptime) as usize;
            let samples = codec.frame(agreed.ptime);
            let heard = controls
                .seat()
                .and_then(|(mixer, seat)| mixer.hear(seat, samples, agreed.codec.rate()));
            if std::mem::take(&mut self.is_passing_on) {
                // Time went by while the next packet was waited for.
                let units = ECHO_GRACE.as_millis() as u32 * agreed.codec.clock() / 1000;
                self.timestamp = self.timestamp.wrapping_add(units);
            }
            let payload = match (controls.source(), heard) {
                _ if controls.is(&controls.deaf) => codec.silence(agreed.ptime),
                (Source::Tone, _) => codec.tone(agreed.ptime),
                (Source::Conference, Some(heard)) => codec.encode(&heard),
                _ => codec.silence(agreed.ptime),
            };
            out.push(self.packet(&payload, duration, agreed.payload_type));
        }
        self.next_due = Some(due);
        out
    }

    fn packet(&mut self, payload: &[u8], duration: usize, payload_type: u8) -> Vec<u8> {
        let mut counters = lock(&self.shared.counters);
        let first = counters.packets_out == 0;
        let out = rtp::packet(
            first,
            payload_type,
            self.sequence,
            self.timestamp,
            self.shared.ssrc,
            payload,
        );
        counters.packets_out += 1;
        counters.bytes_out += out.len() as u64;
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(duration as u32);
        out
    }

    /// When `tick` or `report` wants to be called.
    pub fn wake_at(&self) -> Option<Instant> {
        let audio = match self.presser.wake_at() {
            Some(due) => Some(due),
            None => self.next_due,
        };
        audio.into_iter().chain(self.next_report).min()
    }

    /// The RTCP compound that is due: every 4 s in the first 16 s, then every second.
    pub fn report(&mut self, cname: &str, now: Instant) -> Option<Vec<u8>> {
        let due = *self.next_report.get_or_insert(now + Duration::from_millis(500));
        if now < due {
            return None;
        }
        let interval = if self.reports_sent < 4 { 4 } else { 1 };
        self.reports_sent += 1;
        self.next_report = Some(now + Duration::from_secs(interval));
        let counters = lock(&self.shared.counters);
        // When nothing was sent since the last report, it is a receiver report.
        let sending = counters.packets_out > self.reported_packets;
        self.reported_packets = counters.packets_out;
        let sent = sending.then(|| {
            (ntp_now(), self.timestamp, counters.packets_out as u32, counters.bytes_out as u32)
        });
        let expected = counters.packets_in + counters.lost();
        let fraction =
            lost_fraction(self.reported_expected, self.reported_in, expected, counters.packets_in);
        (self.reported_expected, self.reported_in) = (expected, counters.packets_in);
        let block = self
            .remote_ssrc
            .map(|ssrc| (ssrc, fraction, counters.lost() as u32, counters.highest as u32, 0));
        drop(counters);
        let mut out = rtp::report(&rtp::Report { ssrc: self.shared.ssrc, cname, sent, block });
        if self.codec.is_none() && std::mem::take(&mut self.key_frame_wanted) {
            self.append_key_frame_request(&mut out);
        }
        Some(out)
    }

    fn append_key_frame_request(&mut self, out: &mut Vec<u8>) {
        let Some(remote) = self.remote_ssrc else {
            self.key_frame_wanted = true;
            return;
        };
        rtp::append_key_frame_request(out, self.shared.ssrc, remote, self.fir_number);
        self.fir_number = self.fir_number.wrapping_add(1);
        lock(&self.shared.counters).key_frame_requests_out += 1;
    }

    /// Takes the RTCP packets of the client.
    pub fn control(&mut self, packets: &[Rtcp], controls: &Controls, now: Instant) {
        let mut counters = lock(&self.shared.counters);
        for packet in packets {
            match packet {
                Rtcp::SenderReport => counters.sender_reports += 1,
                Rtcp::ReceiverReport { cumulative_lost, .. } => {
                    counters.receiver_reports += 1;
                    counters.reported_lost = cumulative_lost.unwrap_or(0);
                }
                Rtcp::Nack { lost } => {
                    counters.nacks += lost.len() as u64;
                    if self.codec.is_none() {
                        drop(counters);
                        self.repeat(lost);
                        counters = lock(&self.shared.counters);
                    }
                }
                Rtcp::PictureLoss | Rtcp::FullIntra if controls.source() == Source::Bridge => {
                    counters.key_frame_requests_in += 1;
                    controls.relay(Relayed::KeyFrameRequest);
                }
                // The client sees its own picture, so its request goes back to itself.
                Rtcp::PictureLoss | Rtcp::FullIntra => {
                    counters.key_frame_requests_in += 1;
                    self.key_frame_wanted = true;
                    self.next_report = Some(now);
                }
                _ => {}
            }
        }
    }

    /// Asks the client for a key frame with the next report.
    pub fn want_key_frame(&mut self, now: Instant) {
        self.key_frame_wanted = true;
        self.next_report = Some(now);
    }
}

/// The share of the packets since the last report that is lost, in 256ths (RFC 3550, A.3).
fn lost_fraction(expected_before: u64, in_before: u64, expected: u64, received: u64) -> u8 {
    let expected = expected.saturating_sub(expected_before);
    let lost = expected.saturating_sub(received.saturating_sub(in_before));
    (lost * 256).checked_div(expected).unwrap_or(0).min(255) as u8
}

fn millis(samples: usize, clock: u32) -> Duration {
    Duration::from_micros(samples as u64 * 1_000_000 / u64::from(clock))
}

fn ntp_now() -> u64 {
    const NTP_EPOCH_OFFSET: u64 = 2_208_988_800;
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let fraction = (u64::from(now.subsec_nanos()) << 32) / 1_000_000_000;
    (now.as_secs() + NTP_EPOCH_OFFSET) << 32 | fraction
}

#[cfg(test)]
mod tests;
