//! What strangers send, read by everything that reads it: one body per way in. The fuzzers in `fuzz/`
//! run them without end, the tests here for a while. A body must come back, whatever the bytes are.

use crate::call;
use crate::client::record;
use crate::config::MediaDirection;
use crate::media::codec::{AudioCodec, Decoder};
use crate::media::inbound::{AudioOutput, AudioReceivePipeline, ReceiveOptions, RtpAudio};
use crate::media::peer::{self, LocalCandidate, Offered, Peer};
use crate::media::telephone_event::{EventFormat, EventReceiver, EventRtp};
use crate::media::video::assembler::FrameAssembler;
use crate::media::video::ivf::IvfReader;
use crate::media::video::{VideoCodec, VideoPacket};
use crate::media::wav::WavReader;
use crate::proto::sdp::{Description, Kind, Origin, Part};
use crate::proto::verto::{Invite, VertoEvent};
use crate::proto::{conversation, ice, jsonrpc, redacted, session};
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use bytes::{Bytes, BytesMut};
use rtc::shared::marshal::Unmarshal;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

/// Records of one input that are read: what comes behind them only costs time.
const MAX_RECORDS: usize = 200;
const KINDS: [Kind; 2] = [Kind::Audio, Kind::Video];
const ADDRESS: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 4000);

/// Bytes as a row of packets: two of length, two of head, and so many bytes of each.
struct Records<'a>(&'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = ([u8; 2], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&[high, low, first, second], rest) = self.0.split_first_chunk()?;
        let (body, rest) =
            rest.split_at(usize::from(u16::from_be_bytes([high, low])).min(rest.len()));
        self.0 = rest;
        Some(([first, second], body))
    }
}

fn records(data: &[u8]) -> impl Iterator<Item = ([u8; 2], &[u8])> {
    Records(data).take(MAX_RECORDS)
}

/// A description of the far side and one of this side, with a zero byte between them: cut, read,
/// joined.
pub fn sdp(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (remote, own) = text.split_once('\0').unwrap_or((&text, &text));
    redacted::redacted(remote);
    let mut origin = Origin::default();
    origin.stamp(remote);
    origin.stamp(own);
    let Ok(description) = Description::parse(remote) else { return };
    KINDS.into_iter().for_each(|kind| read_section(&description, kind));
    description.named();
    description.shares_transport();
    for named in [&[(Kind::Audio, "0"), (Kind::Video, "1")][..], &[(Kind::Video, "0")]] {
        if let Some(text) = description.for_peer(named) {
            Description::parse(&text).expect("what the peer connection gets is a description");
        }
    }
    let Ok(own) = Description::parse(own) else { return };
    let part = |kind, is_bundled| Part {
        kind,
        description: &own,
        direction: MediaDirection::SendReceive,
        is_offer: false,
        is_bundled,
    };
    let parts = [part(Kind::Audio, false), part(Kind::Video, true)];
    let joined = [Description::merge(&parts), description.replaced_by(&parts)];
    for text in joined.into_iter().flatten() {
        Description::parse(&text).expect("what is sent is a description");
    }
    own.clone().with_packet_ms(20, 60).complete(ADDRESS, &[ADDRESS]);
}

fn read_section(description: &Description, kind: Kind) {
    description.direction(kind);
    description.bandwidth_bps(kind);
    description.ice_credentials(kind);
    description.fingerprints(kind);
    let Some(section) = description.section(kind) else { return };
    section.has_transport();
    section.candidates();
    section.milliseconds("ptime");
    for codec in section.codecs() {
        section.parameter_ms(codec.payload_type, "minptime");
        section.has_feedback(codec.payload_type, "nack");
    }
    EventFormat::negotiated(section, AudioCodec::Opus);
}

/// The far side's answer at a peer connection that made an offer.
pub fn answer(data: &[u8]) {
    let now = Instant::now();
    let mut peer = Peer::new(&[Offered::Audio(&AudioCodec::ALL)], now).expect("a peer");
    peer.offer(&[LocalCandidate::Host(ADDRESS)], now).expect("an offer");
    let Ok(description) = Description::parse(&String::from_utf8_lossy(data)) else { return };
    let Some(sdp) = description.for_peer(&[(Kind::Audio, "0")]) else { return };
    if peer.apply_answer(sdp, now).is_ok() {
        run_peer(&mut peer, now);
    }
}

/// Datagrams to a peer connection before its far side is known.
pub fn datagrams(data: &[u8]) {
    let now = Instant::now();
    let mut peer = Peer::new(&[Offered::Audio(&AudioCodec::ALL)], now).expect("a peer");
    peer.offer(&[LocalCandidate::Host(ADDRESS)], now).expect("an offer");
    for (_, datagram) in records(data) {
        peer.handle_datagram(ADDRESS, ADDRESS, BytesMut::from(datagram), now);
        run_peer(&mut peer, now);
    }
}

fn run_peer(peer: &mut Peer, now: Instant) {
    peer.handle_timeout(now + Duration::from_millis(100));
    while peer.poll_event(now).is_some() {}
    while peer.poll_rtp().is_some() {}
    while peer.poll_datagram().is_some() {}
}

/// RTP and RTCP as they come out of their encryption, through the jitter buffer to the sinks. The
/// head of a record says how many milliseconds after the one before it comes.
pub fn rtp(data: &[u8]) {
    let output = AudioOutput::new();
    output.set_metering(true);
    let codecs = AudioCodec::ALL.into_iter().enumerate().map(|(n, codec)| (n as u8, codec));
    let mut pipeline = AudioReceivePipeline::new(codecs, output, &ReceiveOptions::default());
    let format = EventFormat { payload_type: 101, clock_rate: 8_000 };
    let mut digits = EventReceiver::new(vec![format]);
    let mut now = Instant::now();
    let mut next_tick = now;
    for ([_, wait_ms], packet) in records(data) {
        now += Duration::from_millis(wait_ms.into());
        if packet.get(1).is_some_and(|kind| (192..=223).contains(kind)) {
            peer::read_feedback(packet);
        } else if let Ok(packet) = rtc::rtp::Packet::unmarshal(&mut &packet[..]) {
            let header = packet.header;
            let event = EventRtp {
                ssrc: header.ssrc,
                payload_type: header.payload_type,
                timestamp: header.timestamp,
                marker: header.marker,
                payload: &packet.payload,
            };
            digits.insert(&event, now);
            let packet = RtpAudio {
                ssrc: header.ssrc,
                seq: header.sequence_number,
                timestamp: header.timestamp,
                payload_type: header.payload_type,
                marker: header.marker,
                payload: packet.payload.clone(),
            };
            pipeline.insert(packet, now);
        }
        while next_tick <= now {
            pipeline.tick(now);
            digits.tick(now);
            next_tick += Duration::from_millis(20);
        }
    }
    let stats = pipeline.stats().jitter;
    assert!(stats.current_delay_ms < 1_000.0, "the jitter buffer keeps too much: {stats:?}");
}

/// Payloads at the decoder of every audio codec, with what recovers a loss.
pub fn audio(data: &[u8]) {
    for codec in AudioCodec::ALL {
        let channels = if codec == AudioCodec::Opus { 2 } else { 1 };
        let mut decoder = Decoder::new(codec, channels).expect("a decoder");
        let mut pcm = Vec::new();
        for ([what, frames], payload) in records(data) {
            pcm.clear();
            let frames = 120 * (1 + usize::from(frames) % 48);
            let _ = match what % 3 {
                0 => decoder.decode(payload, &mut pcm),
                1 if decoder.has_fec() => decoder.decode_fec(payload, frames, &mut pcm),
                _ => Ok(decoder.conceal(frames, &mut pcm)),
            };
            // 120 ms are the longest packet of Opus; the others have no more samples than bits.
            assert!(pcm.len() <= (2 * 5_760).max(8 * payload.len()), "{codec:?} {}", pcm.len());
        }
    }
}

/// Video packets to whole frames, and those to pictures where there are decoders. The head of a
/// record says codec, marker and what became of number and timestamp.
pub fn video(data: &[u8]) {
    let now = Instant::now();
    let mut assembler = FrameAssembler::new(true);
    let mut pictures = Pictures::default();
    let (mut sequence, mut timestamp) = (65_500u16, u32::MAX - 9_000);
    for (n, ([flags, step], payload)) in records(data).enumerate() {
        sequence = sequence.wrapping_add(if flags & 4 == 0 { 1 } else { step.into() });
        timestamp = timestamp.wrapping_add(if flags & 8 == 0 { 0 } else { 3_000 });
        let packet = VideoPacket {
            ssrc: 1 + u32::from(flags & 16),
            sequence,
            timestamp,
            codec: VideoCodec::ALL[usize::from(flags & 1)],
            marker: flags & 2 != 0,
            payload: Bytes::copy_from_slice(payload),
        };
        let now = now + Duration::from_millis(10 * n as u64);
        assembler.insert(packet, now);
        assembler.handle_timeout(now);
        assembler.poll_feedback(now);
        while let Some(frame) = assembler.poll_frame() {
            pictures.see(&frame);
        }
    }
}

/// The decoders of the build.
#[derive(Default)]
struct Pictures {
    #[cfg(feature = "pictures")]
    decoder: crate::media::picture::output::FrameDecoder,
    #[cfg(feature = "pictures")]
    pool: crate::media::picture::picture::PicturePool,
}

impl Pictures {
    #[cfg(feature = "pictures")]
    fn see(&mut self, frame: &crate::EncodedVideoFrame) {
        self.decoder.decode(frame, &self.pool);
    }

    #[cfg(not(feature = "pictures"))]
    fn see(&mut self, _: &crate::EncodedVideoFrame) {}
}

/// Frames of the session's socket, one per line: through every reader of results and events.
pub fn frames(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut events = Vec::new();
    for line in text.lines().take(MAX_RECORDS) {
        match jsonrpc::Frame::parse(line) {
            Some(jsonrpc::Frame::Response { body, .. }) => {
                let _ = jsonrpc::unwrap_connect(&body);
                if let Ok(result) = jsonrpc::unwrap(&body) {
                    session::Grant::parse(&result);
                    ice::IceServer::parse_list(&result["ice_servers"]);
                    conversation::Conversation::parse(&result);
                }
            }
            Some(jsonrpc::Frame::Request { id, params, .. }) => {
                jsonrpc::result(&id, &session::pong(&params, std::time::SystemTime::UNIX_EPOCH));
                session::is_stale(&params, "signalwire_1");
                events.extend(session::Event::parse(params));
            }
            None => {}
        }
    }
    for event in &events {
        conversation::Message::parse(&event.payload);
        session::authorization_state(&event.payload);
        if let Some(verto) = VertoEvent::parse(event.payload.clone()) {
            verto.cause();
            verto.redirect();
            let _ = Invite::parse(&verto, event.node_id.clone());
        }
    }
    call::hear_all(events.iter().map(|event| (event.event_type.as_str(), &event.payload)));
}

/// The key and the nonce that notifications are sealed with here.
#[cfg(feature = "push")]
const PUSH_KEY: [u8; 32] = [7; 32];
#[cfg(feature = "push")]
const PUSH_NONCE: [u8; 12] = [9; 12];

/// A notification; then one that is sealed properly, whose compressed invite is these bytes.
#[cfg(feature = "push")]
pub fn push(data: &[u8]) {
    use crate::push::{decrypt, PushPayload};
    use base64::engine::general_purpose::STANDARD;
    use ring::aead::{Aad, LessSafeKey, Nonce, UnboundKey, AES_256_GCM};

    let key = STANDARD.encode(PUSH_KEY);
    if let Ok(payload) = PushPayload::parse(&String::from_utf8_lossy(data)) {
        let _ = decrypt(&payload, &key);
    }
    let unbound = UnboundKey::new(&AES_256_GCM, &PUSH_KEY).expect("the length of a key");
    let nonce = Nonce::assume_unique_for_key(PUSH_NONCE);
    let mut sealed = data.to_vec();
    let tag = LessSafeKey::new(unbound)
        .seal_in_place_separate_tag(nonce, Aad::empty(), &mut sealed)
        .expect("not too long to be sealed");
    let payload = PushPayload {
        version: "1.0".into(),
        title: String::new(),
        notification_uuid: String::new(),
        incoming_caller_id: String::new(),
        incoming_caller_name: String::new(),
        with_video: false,
        encryption_type: "aes_256_gcm".into(),
        iv: STANDARD.encode(PUSH_NONCE),
        tag: STANDARD.encode(tag),
        invite: STANDARD.encode(&sealed),
    };
    let _ = decrypt(&payload, &key);
}

/// The record of a session, as it is and as what is encoded in one.
pub fn session_record(data: &[u8]) {
    let _ = record::import(&String::from_utf8_lossy(data));
    let _ = record::import(&format!("sw1.{}", URL_SAFE_NO_PAD.encode(data)));
}

/// Files: WAV, IVF, and Y4M where there are pictures.
pub fn files(data: &[u8]) {
    if let Ok(frames) = IvfReader::new(data.to_vec()) {
        frames.frame_us();
        assert!(frames.take_while(Result::is_ok).count() <= data.len());
    }
    #[cfg(feature = "pictures")]
    if let Ok(pictures) = crate::Y4mReader::new(data) {
        assert!(pictures.take_while(Result::is_ok).count() <= data.len());
    }
    let thread = format!("{:?}", std::thread::current().id()).replace(['(', ')'], "-");
    let name = format!("sw-fuzz-{}-{thread}.wav", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, data).expect("a place for a file");
    if let Ok(mut wav) = WavReader::open(&path) {
        let mut pcm = Vec::new();
        while wav.read(4_096, &mut pcm).is_ok_and(|frames| frames > 0) {
            assert!(pcm.len() <= 8 * data.len(), "more samples than bits");
        }
        let _ = wav.rewind();
        let _ = wav.read(1, &mut pcm);
    }
    let _ = std::fs::remove_file(&path);
}
