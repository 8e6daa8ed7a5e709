//! Opening the invite: base64, AES-256-GCM, zlib, JSON.

use super::{PushError, PushPayload};
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::DecodePaddingMode;
use base64::{alphabet, Engine};
use miniz_oxide::inflate::{decompress_to_vec_zlib_with_limit, TINFLStatus};
use ring::aead::{Aad, LessSafeKey, Nonce, UnboundKey, AES_256_GCM, NONCE_LEN};
use serde_json::Value;
use zeroize::Zeroizing;

const KEY_LENGTH: usize = 32;
const TAG_LENGTH: usize = 16;
/// No invite expands to more: a description has some kilobytes.
const MAX_INVITE: usize = 256 * 1024;
/// The service pads; not everything that carries its texts keeps the padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A decrypted invite. `Debug` leaves out the invite itself, which holds the SDP offer.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PushInvite {
    /// The call's id.
    pub call_id: String,
    /// The media node that has the call.
    pub node_id: String,
    /// The parameters of the `verto.invite` as JSON text, with the SDP offer. Do not log it.
    pub invite_json: String,
    /// The whole plain text: the parameters stand in it under `params.params`. Do not log it.
    pub raw_json: String,
}

impl std::fmt::Debug for PushInvite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PushInvite")
            .field("call_id", &self.call_id)
            .field("node_id", &self.node_id)
            .finish_non_exhaustive()
    }
}

/// Decrypts the invite of a notification.
///
/// `push_notification_key`: what the registration of the device gave, base64 of 32 bytes; the
/// subscriber info repeats it. It is not kept.
///
/// Errors: every [`PushError`] but `NotAnInvite`; each says what to do. Nothing that was not
/// authenticated by the key is decompressed or read, and not more than 256 KiB is produced.
/// Source: AES-256-GCM without additional data over a zlib stream of JSON, `iv` the nonce.
pub fn decrypt(
    payload: &PushPayload,
    push_notification_key: &str,
) -> Result<PushInvite, PushError> {
    if payload.encryption_type != "aes_256_gcm" {
        return Err(PushError::NotSupported);
    }
    let key = Zeroizing::new(decoded("push_notification_key", push_notification_key)?);
    has_length("push_notification_key", &key, KEY_LENGTH)?;
    let nonce = decoded("iv", &payload.iv)?;
    has_length("iv", &nonce, NONCE_LEN)?;
    let tag = decoded("tag", &payload.tag)?;
    has_length("tag", &tag, TAG_LENGTH)?;
    let mut sealed = Zeroizing::new(decoded("invite", &payload.invite)?);
    if sealed.len() > MAX_INVITE {
        return Err(PushError::TooLarge("invite"));
    }
    sealed.extend_from_slice(&tag);

    let key = UnboundKey::new(&AES_256_GCM, &key).map_err(|_| PushError::DoesNotOpen)?;
    let nonce = Nonce::try_assume_unique_for_key(&nonce).map_err(|_| PushError::DoesNotOpen)?;
    let compressed = LessSafeKey::new(key)
        .open_in_place(nonce, Aad::empty(), &mut sealed)
        .map_err(|_| PushError::DoesNotOpen)?;
    let plain = Zeroizing::new(inflated(compressed)?);
    read(&plain)
}

fn decoded(name: &'static str, text: &str) -> Result<Vec<u8>, PushError> {
    BASE64.decode(text.trim()).map_err(|_| PushError::NotBase64(name))
}

fn has_length(name: &'static str, bytes: &[u8], expected: usize) -> Result<(), PushError> {
    match bytes.len() {
        actual if actual == expected => Ok(()),
        actual => Err(PushError::WrongLength { name, expected, actual }),
    }
}

fn inflated(compressed: &[u8]) -> Result<Vec<u8>, PushError> {
    decompress_to_vec_zlib_with_limit(compressed, MAX_INVITE).map_err(|error| match error.status {
        TINFLStatus::HasMoreOutput => PushError::TooLarge("decompressed invite"),
        _ => PushError::NotZlib,
    })
}

fn read(plain: &[u8]) -> Result<PushInvite, PushError> {
    let whole: Value =
        serde_json::from_slice(plain).map_err(|_| PushError::BadInvite("it is not JSON"))?;
    let method = &whole["params"]["method"];
    if !method.is_null() && method != "verto.invite" {
        return Err(PushError::BadInvite("its method is not verto.invite"));
    }
    let invite = &whole["params"]["params"];
    let needed = |value: &Value, what: &'static str| match value.as_str() {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err(PushError::BadInvite(what)),
    };
    needed(&invite["sdp"], "it has no sdp")?;
    Ok(PushInvite {
        call_id: needed(&invite["callID"], "it has no callID")?,
        node_id: needed(&whole["node_id"], "it has no node_id")?,
        invite_json: invite.to_string(),
        raw_json: whole.to_string(),
    })
}
