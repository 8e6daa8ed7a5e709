//! Push notifications, sealed here as the service seals them, opened through the public API.

use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use ring::aead::{Aad, LessSafeKey, Nonce, UnboundKey, AES_256_GCM};
use serde_json::{json, Value};
use signalwire_client::push::{decrypt, PushError, PushPayload};
use signalwire_client::{Error, ErrorKind};

const KEY: [u8; 32] = *b"0123456789abcdef0123456789abcdef";
const NONCE: [u8; 12] = *b"abcdefghijkl";

fn invite() -> Value {
    json!({
        "node_id": "n3@eu",
        "params": {
            "jsonrpc": "2.0", "id": 7, "method": "verto.invite",
            "params": {"callID": "c-300", "sdp": "v=0\r\na=ice-pwd:hidden\r\n", "caller_id_name": "Alice"},
        },
        "extra": true,
    })
}

/// The notification that carries these bytes, which need not be what an invite has.
fn sealed(compressed: &[u8]) -> Value {
    let mut bytes = compressed.to_vec();
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &KEY).unwrap());
    let nonce = Nonce::assume_unique_for_key(NONCE);
    let tag = key.seal_in_place_separate_tag(nonce, Aad::empty(), &mut bytes).unwrap();
    json!({"aps": {"alert": {
        "version": "1.0", "type": "call_invite", "title": "Incoming call",
        "notification_uuid": "n-1", "incoming_caller_id": "+15550100",
        "incoming_caller_name": "Alice", "with_video": "false",
        "encryption_type": "aes_256_gcm", "iv": STANDARD.encode(NONCE),
        "tag": STANDARD.encode(tag.as_ref()), "invite": STANDARD.encode(bytes),
    }}})
}

fn zlib(plain: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(plain, 6)
}

fn good() -> Value {
    sealed(&zlib(invite().to_string().as_bytes()))
}

fn open(notification: &Value, key: &str) -> Result<signalwire_client::push::PushInvite, PushError> {
    decrypt(&PushPayload::parse(&notification.to_string())?, key)
}

fn key() -> String {
    STANDARD.encode(KEY)
}

/// A good notification with one member changed.
fn with(name: &str, value: &str) -> Value {
    let mut notification = good();
    notification["aps"]["alert"][name] = json!(value);
    notification
}

#[test]
fn an_invite_is_opened_and_never_shown() {
    let payload = PushPayload::parse(&good().to_string()).unwrap();
    assert_eq!(payload.incoming_caller_name, "Alice");
    assert!(!payload.with_video);
    let opened = decrypt(&payload, &key()).unwrap();
    assert_eq!((opened.call_id.as_str(), opened.node_id.as_str()), ("c-300", "n3@eu"));
    let params: Value = serde_json::from_str(&opened.invite_json).unwrap();
    assert_eq!(params, invite()["params"]["params"]);
    let whole: Value = serde_json::from_str(&opened.raw_json).unwrap();
    assert_eq!(whole, invite());
    assert!(!format!("{opened:?}").contains("hidden"));
    // Padding may be lost on the way.
    let unpadded = key().trim_end_matches('=').to_owned();
    assert_eq!(decrypt(&payload, &unpadded).unwrap(), opened);
}

/// Made by Python's `cryptography` and `zlib`: key 00 01 … 1f, nonce 20 21 … 2b.
#[test]
fn an_invite_sealed_by_another_implementation_opens() {
    let notification = include_str!("push_vector.json");
    let key: Vec<u8> = (0..32).collect();
    let payload = PushPayload::parse(notification).unwrap();
    let opened = decrypt(&payload, &STANDARD.encode(key)).unwrap();
    assert_eq!((opened.call_id.as_str(), opened.node_id.as_str()), ("c-9", "node@us"));
}

#[test]
fn a_wrong_key_does_not_open_it() {
    let other = STANDARD.encode([7; 32]);
    assert_eq!(open(&good(), &other), Err(PushError::DoesNotOpen));
    assert_eq!(Error::from(PushError::DoesNotOpen).kind(), ErrorKind::InvalidArgument);
    for (key, expected) in [
        ("not base64!", PushError::NotBase64("push_notification_key")),
        ("", PushError::WrongLength { name: "push_notification_key", expected: 32, actual: 0 }),
        (
            "c2hvcnQ=",
            PushError::WrongLength { name: "push_notification_key", expected: 32, actual: 5 },
        ),
    ] {
        let error = open(&good(), key).unwrap_err();
        assert_eq!(error, expected);
        assert_eq!(Error::from(error).kind(), ErrorKind::InvalidArgument);
    }
}

#[test]
fn altered_and_cut_notifications_are_refused() {
    let whole = good()["aps"]["alert"]["invite"].as_str().unwrap().to_owned();
    let mut bytes = STANDARD.decode(&whole).unwrap();
    let cut = STANDARD.encode(&bytes[..bytes.len() / 2]);
    bytes[3] ^= 1;
    let altered = STANDARD.encode(&bytes);
    let wrong = |name, expected, actual| PushError::WrongLength { name, expected, actual };
    for (name, value, expected) in [
        ("invite", cut.as_str(), PushError::DoesNotOpen),
        ("invite", altered.as_str(), PushError::DoesNotOpen),
        ("invite", "%%%", PushError::NotBase64("invite")),
        ("iv", "####", PushError::NotBase64("iv")),
        ("iv", "AAAA", wrong("iv", 12, 3)),
        ("iv", "AAAAAAAAAAAAAAAA", PushError::DoesNotOpen),
        ("tag", "?", PushError::NotBase64("tag")),
        ("tag", "AAAAAAAAAAAAAAAA", wrong("tag", 16, 12)),
        ("tag", "AAAAAAAAAAAAAAAAAAAAAA==", PushError::DoesNotOpen),
        ("encryption_type", "none", PushError::NotSupported),
        ("encryption_type", "rot13", PushError::NotSupported),
        ("type", "chat", PushError::NotAnInvite("its type is not call_invite")),
    ] {
        assert_eq!(open(&with(name, value), &key()), Err(expected), "{name} {value}");
    }
}

#[test]
fn what_was_sealed_must_be_an_invite() {
    let stream = zlib(invite().to_string().as_bytes());
    assert_eq!(open(&sealed(&stream[..stream.len() - 8]), &key()), Err(PushError::NotZlib));
    assert_eq!(open(&sealed(b""), &key()), Err(PushError::Missing("invite")));
    assert_eq!(open(&sealed(invite().to_string().as_bytes()), &key()), Err(PushError::NotZlib));
    for plain in [
        json!("text").to_string(),
        "{".to_owned(),
        "[".repeat(10_000),
        json!({"node_id": "n"}).to_string(),
        json!({"node_id": "n", "params": {"params": {"callID": "c"}}}).to_string(),
        json!({"params": {"params": {"callID": "c", "sdp": "v=0"}}}).to_string(),
        json!({"node_id": "n", "params": {"params": {"callID": 7, "sdp": "v=0"}}}).to_string(),
        json!({"node_id": "n", "params": {"method": "verto.bye",
            "params": {"callID": "c", "sdp": "v=0"}}})
        .to_string(),
    ] {
        let error = open(&sealed(&zlib(plain.as_bytes())), &key()).unwrap_err();
        assert!(matches!(error, PushError::BadInvite(_)), "{error}");
        assert_eq!(Error::from(error).kind(), ErrorKind::Protocol);
    }
}

#[test]
fn a_decompression_bomb_is_stopped() {
    let bomb = zlib(&vec![b' '; 16 * 1024 * 1024]);
    assert!(bomb.len() < 40 * 1024, "it fits a notification: {}", bomb.len());
    let error = open(&sealed(&bomb), &key()).unwrap_err();
    assert_eq!(error, PushError::TooLarge("decompressed invite"));
}
