//! Push notifications: a call to a subscriber without a session, as a sealed invite.

use std::sync::Arc;

use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use ring::aead::{Aad, LessSafeKey, Nonce, UnboundKey, AES_256_GCM};
use serde_json::{json, Value};

use crate::hub::Hub;
use crate::life::{self, Outgoing, Ringing};
use crate::media::random;
use crate::media::stream::Source;
use crate::rpc;

/// Fault `push_call`: calls a subscriber and gives the notification for its last registered
/// device. A session that is online gets the invite, too: the same call comes twice.
pub fn push_call(hub: &Arc<Hub>, fault: &Value) -> Result<Value, String> {
    let reference = rpc::text(fault, "reference").ok_or("reference is missing")?;
    let found = hub.with(|inner| {
        let subscriber = inner.subscribers.iter().find(|s| s.reference == reference)?;
        let mut devices = inner.devices.iter().rev();
        let (_, device) = devices.find(|(owner, _)| *owner == subscriber.id)?;
        let mut sessions = inner.sessions.values();
        let online = sessions.find(|s| s.online && s.grant.subscriber_id == subscriber.id);
        let protocol = online.map(|session| session.protocol.clone()).unwrap_or_default();
        Some((subscriber.id.clone(), device.clone(), protocol))
    });
    let (subscriber_id, device, protocol) = found.ok_or("no device is registered for it")?;
    let from = rpc::text(fault, "from").unwrap_or("/public/gateway");
    let ringing = Ringing {
        protocol: &protocol,
        callee: reference,
        subscriber_id,
        from,
        plan: Outgoing {
            video: false,
            bundle: None,
            telephone_events: false,
            source: if fault["source"] == "tone" { Source::Tone } else { Source::Echo },
        },
    };
    let (id, invite) = life::ring(hub, ringing).ok_or("no media for the call")?;
    let verto = rpc::request(&json!(7), "verto.invite", invite.clone());
    if !protocol.is_empty() {
        hub.verto_event(&protocol, "verto.invite", invite);
    }
    let plain = json!({ "node_id": hub.node_id, "params": verto }).to_string();
    let key = rpc::text(&device, "push_notification_key").unwrap_or_default();
    let key = STANDARD.decode(key).map_err(|e| e.to_string())?;
    let notification = seal(plain.as_bytes(), &key, from)?;
    Ok(json!({ "call_id": id, "notification": notification }))
}

fn seal(plain: &[u8], key: &[u8], from: &str) -> Result<Value, String> {
    let mut bytes = zlib(plain);
    let nonce = random::<12>();
    let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| "the key has the wrong length")?;
    let tag = LessSafeKey::new(key)
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut bytes)
        .map_err(|_| "cannot be sealed")?;
    Ok(json!({ "aps": { "alert": {
        "version": "1.0",
        "type": "call_invite",
        "title": "Incoming call",
        "notification_uuid": rpc::uuid(),
        "incoming_caller_id": from,
        "incoming_caller_name": from,
        "with_video": "false",
        "encryption_type": "aes_256_gcm",
        "iv": STANDARD.encode(nonce),
        "tag": STANDARD.encode(tag.as_ref()),
        "invite": STANDARD.encode(bytes),
    } } }))
}

/// A zlib stream (RFC 1950) of stored blocks: no compression is needed to be read.
fn zlib(plain: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut blocks = plain.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        let size = block.len() as u16;
        out.push(u8::from(blocks.peek().is_none()));
        out.extend_from_slice(&size.to_le_bytes());
        out.extend_from_slice(&(!size).to_le_bytes());
        out.extend_from_slice(block);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in plain {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    out.extend_from_slice(&(b << 16 | a).to_be_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_stream_has_its_checksum() {
        // Python: zlib.compress(b"abc", 0)
        let expected = [0x78, 0x01, 1, 3, 0, 0xfc, 0xff, b'a', b'b', b'c', 2, 0x4d, 1, 0x27];
        assert_eq!(zlib(b"abc"), expected);
    }
}
