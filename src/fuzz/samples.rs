//! Good inputs, from which the tests make bad ones.

use crate::media::codec::{AudioCodec, Encoder, EncoderOptions, MAX_PAYLOAD_BYTES};
use crate::media::video::ivf::IvfReader;
use crate::media::video::sender::VideoSender;
use crate::media::video::{EncodedVideoFrame, VideoCodec};
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use serde_json::{json, Value};
use std::time::{Duration, Instant};

fn record(head: [u8; 2], body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).expect("a packet");
    [&length.to_be_bytes()[..], &head, body].concat()
}

/// An answer as media nodes write it.
const NODE: &str = "v=0\r\no=FreeSWITCH 1 2 IN IP4 192.0.2.1\r\ns=FreeSWITCH\r\n\
    c=IN IP4 192.0.2.1\r\nt=0 0\r\na=msid-semantic: WMS x\r\n\
    m=audio 11826 UDP/TLS/RTP/SAVPF 102 110\r\nb=AS:64\r\na=rtpmap:102 opus/48000/2\r\n\
    a=fmtp:102 useinbandfec=1; maxaveragebitrate=30000; ptime=20; minptime=10\r\n\
    a=rtpmap:110 telephone-event/48000\r\na=ptime:20\r\na=sendrecv\r\n\
    a=fingerprint:sha-256 6B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:\
    DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08\r\n\
    a=setup:active\r\na=rtcp-mux\r\na=ssrc:7 cname:x\r\na=ice-ufrag:AAAAAAAA\r\n\
    a=ice-pwd:BBBBBBBBBBBBBBBBBBBBBBBB\r\n\
    a=candidate:18 1 udp 2130706431 192.0.2.1 11826 typ srflx raddr 172.17.0.2 rport 11826 generation 0\r\n\
    a=end-of-candidates\r\n";
const VIDEO: &str = "m=video 15240 UDP/TLS/RTP/SAVPF 96 97\r\nb=TIAS:256000\r\n\
    a=rtpmap:96 VP8/90000\r\na=rtpmap:97 H264/90000\r\na=fmtp:97 packetization-mode=1\r\n\
    a=rtcp-fb:96 nack pli\r\na=rtcp-fb:* ccm fir\r\na=ice-ufrag:CCCCCCCC\r\n\
    a=ice-pwd:DDDDDDDDDDDDDDDDDDDDDDDD\r\na=candidate:1 1 udp 1 192.0.2.1 15240 typ host\r\n";

fn bundled() -> String {
    let grouped = NODE.replace("t=0 0", "t=0 0\r\na=group:BUNDLE a v");
    let named = grouped.replace("a=rtcp-mux", "a=mid:a\r\na=rtcp-mux");
    format!(
        "{named}{}",
        VIDEO.replace("15240 UDP", "0 UDP").replace("b=", "a=bundle-only\r\na=mid:v\r\nb=")
    )
}

pub(super) fn sdp() -> Vec<Vec<u8>> {
    let both = format!("{NODE}{VIDEO}");
    [
        NODE.to_owned(),
        both.clone(),
        bundled(),
        format!("{both}\0{}", bundled()),
        format!("{}\0{both}", bundled()),
    ]
    .map(String::into_bytes)
    .to_vec()
}

pub(super) fn answer() -> Vec<Vec<u8>> {
    let offered = NODE.replace("102", "111");
    vec![offered.clone().into_bytes(), format!("{offered}{VIDEO}").into_bytes(), NODE.into()]
}

pub(super) fn datagrams() -> Vec<Vec<u8>> {
    let cookie = [0x21, 0x12, 0xa4, 0x42];
    let stun = |kind: u16, attributes: &[u8]| {
        let length = attributes.len() as u16;
        [&kind.to_be_bytes()[..], &length.to_be_bytes(), &cookie, b"transaction1", attributes]
            .concat()
    };
    let user =
        [&[0, 6, 0, 9][..], b"AAAA:BBBB\0\0\0", &[0, 0x25, 0, 0], &[0x80, 0x28, 0, 4, 1, 2, 3, 4]]
            .concat();
    let request = record([0; 2], &stun(0x0001, &user));
    let success = record([0; 2], &stun(0x0101, &[0, 0x20, 0, 8, 0, 1, 1, 2, 3, 4, 5, 6]));
    let hello = [
        &[22, 254, 253][..],
        &[0; 8],
        &[0, 25, 1, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0, 13],
        &[254, 253],
        &[9; 11],
    ]
    .concat();
    let hello = record([0; 2], &hello);
    let media = record([0; 2], &rtp_packet(0, 1, 160, &[0x55; 40]));
    vec![
        [request.clone(), success.clone(), hello.clone(), media].concat(),
        [hello, request, success].concat(),
    ]
}

fn rtp_packet(payload_type: u8, sequence: u16, timestamp: u32, payload: &[u8]) -> Vec<u8> {
    let head = [0x80, payload_type];
    [&head[..], &sequence.to_be_bytes(), &timestamp.to_be_bytes(), &[0, 0, 0, 7], payload].concat()
}

/// Half a second of a tone in one codec.
fn payloads(codec: AudioCodec) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(codec, &EncoderOptions::default()).expect("an encoder");
    encoder.set_expected_loss(20).expect("a loss");
    let frame = encoder.format().samples_per_20ms();
    (0..25)
        .map(|n| {
            let sample = |i: usize| (((n * frame + i) as f32 * 0.06).sin() * 9_000.0) as i16;
            let pcm: Vec<i16> = (0..frame).map(sample).collect();
            let mut payload = vec![0; MAX_PAYLOAD_BYTES];
            let length = encoder.encode(&pcm, &mut payload).expect("a packet");
            payload.truncate(length);
            payload
        })
        .collect()
}

pub(super) fn rtp() -> Vec<Vec<u8>> {
    let rtcp: [&[u8]; 4] = [
        // A sender report with one block.
        &[
            0x81, 200, 0, 12, 0, 0, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 1, 0, 0, 0, 0, 9, 0, 0, 1,
            0, 0, 0, 0, 5, 25, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0,
        ],
        // A generic NACK, a picture loss indication, a bandwidth estimate.
        &[0x81, 205, 0, 3, 0, 0, 0, 7, 0, 0, 0, 5, 0, 100, 0, 3],
        &[0x81, 206, 0, 2, 0, 0, 0, 7, 0, 0, 0, 5],
        &[
            0x8f, 206, 0, 5, 0, 0, 0, 7, 0, 0, 0, 0, b'R', b'E', b'M', b'B', 1, 0x0b, 0xff, 0xff,
            0, 0, 0, 5,
        ],
    ];
    let event = rtp_packet(101, 30, 9_000, &[5, 0x8a, 3, 0x20]);
    let mut samples: Vec<Vec<u8>> = AudioCodec::ALL
        .into_iter()
        .enumerate()
        .map(|(n, codec)| {
            let packet = |(i, payload): (usize, Vec<u8>)| {
                let step = codec.rtp_clock_rate() / 50;
                record(
                    [0, 20],
                    &rtp_packet(
                        n as u8,
                        65_530u16.wrapping_add(i as u16),
                        i as u32 * step,
                        &payload,
                    ),
                )
            };
            payloads(codec).into_iter().enumerate().flat_map(packet).collect()
        })
        .collect();
    let mixed = rtcp.map(|packet| record([0, 5], packet)).concat();
    samples.push([mixed, record([0, 20], &event), samples[0].clone()].concat());
    samples
}

pub(super) fn audio() -> Vec<Vec<u8>> {
    AudioCodec::ALL
        .into_iter()
        .map(|codec| {
            let payloads = payloads(codec).into_iter().enumerate();
            payloads.flat_map(|(i, payload)| record([u8::from(i % 5 == 4), 7], &payload)).collect()
        })
        .collect()
}

fn clip() -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/clip.ivf");
    std::fs::read(path).expect("the clip")
}

/// Parameter sets, a key frame and a row of others; no decoder makes a picture of them.
fn h264() -> Vec<EncodedVideoFrame> {
    let sets = [
        0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1e, 0xda, 0x02, 0x80, 0xbf, 0xe5, 0xc0, 0, 0, 0, 1, 0x68,
        0xce, 0x3c, 0x80,
    ];
    let frame = |n: u64| {
        let mut data = if n == 0 { sets.to_vec() } else { Vec::new() };
        data.extend_from_slice(&[0, 0, 0, 1, if n == 0 { 0x65 } else { 0x41 }]);
        data.extend(std::iter::repeat_n(n as u8 | 0x80, 2_000));
        EncodedVideoFrame::new(VideoCodec::H264, data, n * 33_333).expect("a frame")
    };
    (0..6).map(frame).collect()
}

pub(super) fn video() -> Vec<Vec<u8>> {
    let vp8 = IvfReader::new(clip()).expect("an IVF file").take(12).flatten().collect();
    [vp8, h264()].map(packets).to_vec()
}

fn packets(frames: Vec<EncodedVideoFrame>) -> Vec<u8> {
    let mut sender = VideoSender::new(1);
    let mut now = Instant::now();
    let (mut all, mut last) = (Vec::new(), None);
    for frame in &frames {
        sender.push(frame);
        while !sender.is_idle() {
            now += Duration::from_millis(2);
            while let Some(packet) = sender.poll_packet(now) {
                let is_next = last.replace(packet.timestamp) != Some(packet.timestamp);
                let codec = u8::from(frame.codec == VideoCodec::ALL[1]);
                let flags = codec | u8::from(packet.marker) << 1 | u8::from(is_next) << 3;
                all.extend(record([flags, 1], &packet.payload));
            }
        }
    }
    all
}

pub(super) fn frames() -> Vec<Vec<u8>> {
    let event = |kind: &str, params: Value| {
        json!({"jsonrpc": "2.0", "id": "1", "method": "signalwire.event", "params": {
            "event_type": kind, "event_channel": ["signalwire_1"], "node_id": "n@1", "params": params}})
    };
    let member = json!({"member_id": "m1", "call_id": "c1", "node_id": "n@1", "name": "A", "type": "member",
        "audio_muted": false, "current_position": "auto", "requested_position": "auto", "meta": {},
        "talking": true, "input_volume": 4, "visible": true});
    let ids = json!({"room_id": "r", "room_session_id": "s1", "call_id": "c1", "member_id": "m1", "node_id": "n@1"});
    let with = |more: Value| {
        let mut all = ids.as_object().expect("ids").clone();
        all.extend(more.as_object().expect("more").clone());
        Value::Object(all)
    };
    let joined = event(
        "call.joined",
        with(json!({"origin_call_id": "c0", "capabilities": ["self"],
        "room_session": {"id": "s1", "members": [member], "locked": false, "layout_name": "grid"}})),
    );
    let layout = event(
        "layout.changed",
        with(json!({"layout": {"id": "grid", "name": "grid", "layers": [
        {"x": 0.0, "y": 0, "width": 50.5, "height": 100, "layer_index": 0, "z_index": 1, "position": "auto",
         "member_id": "m1", "reservation": null}]}})),
    );
    let members: Vec<Value> = ["member.joined", "member.updated", "member.talking", "member.left"]
        .into_iter()
        .map(|kind| {
            event(kind, with(json!({"member": member, "room_session": {"members": [member]}})))
        })
        .collect();
    let verto = event(
        "webrtc.message",
        json!({"jsonrpc": "2.0", "id": 5, "method": "verto.invite", "params": {
        "callID": "c1", "sdp": NODE, "caller_id_number": "+15550100", "userVariables": {"a": 1}}}),
    );
    let bye = event(
        "webrtc.message",
        json!({"jsonrpc": "2.0", "id": "6", "method": "verto.bye", "params": {
        "callID": "c1", "causeCode": "17", "cause": "USER_BUSY", "redirectDestination": "n@2"}}),
    );
    let media = event(
        "webrtc.message",
        json!({"id": 7, "method": "verto.mediaParams", "params": {"mediaParams": {
        "audio": {"echoCancellation": true}, "video": {"width": {"ideal": 1280}, "frameRate": {"max": 30}}}}}),
    );
    let said = event("ai.completion", with(json!({"text": "Hello", "type": "barged"})));
    let message = event(
        "conversation.message",
        json!({"id": "x", "group_id": "a_b", "subtype": "chat",
        "type": "message", "ts": 1_700_000_000.5, "text": "hi", "user_name": "u", "details": {}}),
    );
    let connect = json!({"jsonrpc": "2.0", "id": "2", "result": {"identity": "i", "protocol": "signalwire_1",
        "authorization": {"project_id": "p", "fabric_subscriber": {"expires_at": 1_700_000_000}, "scope": "a b"},
        "ice_servers": [{"urls": ["turn:192.0.2.1:3478?transport=tcp"], "username": "u", "credential": "c"}]}});
    let nested = json!({"jsonrpc": "2.0", "id": "3", "result": {"code": "200", "node_id": "n@1", "result": {
        "jsonrpc": "2.0", "id": "v", "result": {"message": "CALL CREATED", "callID": "c1", "sdp": NODE}}}});
    let refused = json!({"jsonrpc": "2.0", "id": "4", "error": {"code": -32002, "message": "no", "causeCode": 21}});
    let ping =
        json!({"jsonrpc": "2.0", "id": 9, "method": "signalwire.ping", "params": {"timestamp": 1}});
    let all = |frames: &[Value]| {
        frames.iter().map(Value::to_string).collect::<Vec<_>>().join("\n").into_bytes()
    };
    vec![
        all(&[vec![joined.clone(), layout], members].concat()),
        all(&[joined, verto, media, said, bye]),
        all(&[connect, nested, refused, ping, message]),
    ]
}

#[cfg(feature = "push")]
pub(super) fn push() -> Vec<Vec<u8>> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/push_vector.json");
    let invite = json!({"node_id": "n@1", "params": {"method": "verto.invite", "params": {
        "callID": "c1", "sdp": NODE}}});
    let compressed = miniz_oxide::deflate::compress_to_vec_zlib(invite.to_string().as_bytes(), 6);
    vec![std::fs::read(path).expect("the vector"), compressed]
}

pub(super) fn session_record() -> Vec<Vec<u8>> {
    let call = json!({"id": "c-1", "node": "n1", "destination": "/public/echo", "is_inbound": false,
        "remote_name": "", "remote_number": "/public/echo", "sends_video": true,
        "receives_video": false, "statistics_ms": 0});
    let content = json!({"saved_at": 1, "protocol": "signalwire_j_a_b",
        "authorization_state": "state", "calls": [call]})
    .to_string();
    vec![format!("sw1.{}", URL_SAFE_NO_PAD.encode(&content)).into_bytes(), content.into_bytes()]
}

pub(super) fn files() -> Vec<Vec<u8>> {
    let mut samples = vec![clip()];
    for (channels, bits, format) in [
        (1, 16, hound::SampleFormat::Int),
        (2, 24, hound::SampleFormat::Int),
        (3, 8, hound::SampleFormat::Int),
        (1, 32, hound::SampleFormat::Float),
    ] {
        let spec = hound::WavSpec {
            channels,
            sample_rate: 16_000,
            bits_per_sample: bits,
            sample_format: format,
        };
        let mut file = std::io::Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut file, spec).expect("a header");
        for n in 0..300 {
            match format {
                hound::SampleFormat::Float => writer.write_sample(n as f32 / 300.0),
                hound::SampleFormat::Int => writer.write_sample(n % 120),
            }
            .expect("a sample");
        }
        writer.finalize().expect("a file");
        samples.push(file.into_inner());
    }
    samples.push(
        [&b"YUV4MPEG2 W4 H2 F30:1 Ip C420jpeg\nFRAME\n"[..], &[9; 12], b"FRAME\n", &[7; 12]]
            .concat(),
    );
    samples
}
