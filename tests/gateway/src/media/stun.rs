//! STUN binding messages as ICE uses them (RFC 8489, RFC 8445), read and written strictly.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ring::hmac;

const MAGIC_COOKIE: u32 = 0x2112_A442;
const FINGERPRINT_XOR: u32 = 0x5354_554E;
const HEADER_LEN: usize = 20;

const ATTR_USERNAME: u16 = 0x0006;
const ATTR_MESSAGE_INTEGRITY: u16 = 0x0008;
const ATTR_ERROR_CODE: u16 = 0x0009;
const ATTR_XOR_MAPPED_ADDRESS: u16 = 0x0020;
const ATTR_PRIORITY: u16 = 0x0024;
const ATTR_USE_CANDIDATE: u16 = 0x0025;
const ATTR_FINGERPRINT: u16 = 0x8028;
const ATTR_ICE_CONTROLLED: u16 = 0x8029;
const ATTR_ICE_CONTROLLING: u16 = 0x802A;

/// The classes of the binding method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Request,
    Indication,
    Success,
    Error,
}

/// A parsed STUN message. Attributes that ICE does not use are skipped.
#[derive(Clone, Debug)]
pub struct Message {
    pub class: Class,
    pub transaction: [u8; 12],
    pub username: Option<String>,
    pub use_candidate: bool,
    pub controlling: bool,
    pub error_code: Option<u16>,
    pub mapped: Option<SocketAddr>,
    integrity_at: Option<usize>,
    fingerprint_ok: Option<bool>,
    raw: Vec<u8>,
}

/// Whether a datagram is STUN (RFC 7983 demultiplexing plus the magic cookie).
pub fn is_stun(datagram: &[u8]) -> bool {
    datagram.len() >= HEADER_LEN && datagram[0] < 4 && datagram[4..8] == MAGIC_COOKIE.to_be_bytes()
}

impl Message {
    /// Parses a datagram; `None` when it is not a well-formed binding message.
    pub fn parse(datagram: &[u8]) -> Option<Message> {
        if !is_stun(datagram) {
            return None;
        }
        let length = usize::from(u16::from_be_bytes([datagram[2], datagram[3]]));
        if length % 4 != 0 || HEADER_LEN + length != datagram.len() {
            return None;
        }
        let class = match u16::from_be_bytes([datagram[0], datagram[1]]) {
            0x0001 => Class::Request,
            0x0011 => Class::Indication,
            0x0101 => Class::Success,
            0x0111 => Class::Error,
            _ => return None,
        };
        let mut message = Message {
            class,
            transaction: datagram[8..20].try_into().ok()?,
            username: None,
            use_candidate: false,
            controlling: false,
            error_code: None,
            mapped: None,
            integrity_at: None,
            fingerprint_ok: None,
            raw: datagram.to_vec(),
        };
        message.read_attributes(datagram)?;
        Some(message)
    }

    fn read_attributes(&mut self, datagram: &[u8]) -> Option<()> {
        let mut at = HEADER_LEN;
        while at + 4 <= datagram.len() {
            let kind = u16::from_be_bytes([datagram[at], datagram[at + 1]]);
            let len = usize::from(u16::from_be_bytes([datagram[at + 2], datagram[at + 3]]));
            let value = datagram.get(at + 4..at + 4 + len)?;
            match kind {
                ATTR_USERNAME => self.username = Some(String::from_utf8(value.to_vec()).ok()?),
                ATTR_USE_CANDIDATE => self.use_candidate = true,
                ATTR_ICE_CONTROLLING => self.controlling = true,
                ATTR_ERROR_CODE if len >= 4 => {
                    self.error_code = Some(u16::from(value[2] & 7) * 100 + u16::from(value[3]));
                }
                ATTR_XOR_MAPPED_ADDRESS => self.mapped = read_xor_address(value, &datagram[8..20]),
                ATTR_MESSAGE_INTEGRITY if len == 20 => self.integrity_at = Some(at),
                ATTR_FINGERPRINT if len == 4 => {
                    let sent = u32::from_be_bytes(value.try_into().ok()?);
                    self.fingerprint_ok = Some(sent == crc32(&datagram[..at]) ^ FINGERPRINT_XOR);
                }
                _ => {}
            }
            at += 4 + len.div_ceil(4) * 4;
        }
        Some(())
    }

    /// Whether MESSAGE-INTEGRITY is present and right for `password`, and FINGERPRINT not wrong.
    pub fn authentic(&self, password: &str) -> bool {
        let Some(at) = self.integrity_at else {
            return false;
        };
        if self.fingerprint_ok == Some(false) {
            return false;
        }
        let mut signed = self.raw[..at].to_vec();
        set_length(&mut signed, at - HEADER_LEN + 24);
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
        hmac::verify(&key, &signed, &self.raw[at + 4..at + 24]).is_ok()
    }
}

/// What goes into a binding request of ours.
pub struct Request<'a> {
    pub transaction: [u8; 12],
    /// `remote-ufrag:local-ufrag`.
    pub username: &'a str,
    /// The password of the remote side.
    pub password: &'a str,
    pub priority: u32,
    pub controlling: bool,
    pub tie_breaker: u64,
    pub use_candidate: bool,
}

impl Request<'_> {
    /// The request on the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = header(0x0001, &self.transaction);
        attribute(&mut out, ATTR_USERNAME, self.username.as_bytes());
        attribute(&mut out, ATTR_PRIORITY, &self.priority.to_be_bytes());
        let role = if self.controlling { ATTR_ICE_CONTROLLING } else { ATTR_ICE_CONTROLLED };
        attribute(&mut out, role, &self.tie_breaker.to_be_bytes());
        if self.use_candidate {
            attribute(&mut out, ATTR_USE_CANDIDATE, &[]);
        }
        finish(out, self.password)
    }
}

/// The success response to a request that came from `source`.
pub fn success(transaction: &[u8; 12], source: SocketAddr, password: &str) -> Vec<u8> {
    let mut out = header(0x0101, transaction);
    let value = write_xor_address(source, transaction);
    attribute(&mut out, ATTR_XOR_MAPPED_ADDRESS, &value);
    finish(out, password)
}

/// An error response, e.g. 401 for wrong credentials.
pub fn error(transaction: &[u8; 12], code: u16, reason: &str, password: &str) -> Vec<u8> {
    let mut out = header(0x0111, transaction);
    let mut value = vec![0, 0, (code / 100) as u8, (code % 100) as u8];
    value.extend_from_slice(reason.as_bytes());
    attribute(&mut out, ATTR_ERROR_CODE, &value);
    finish(out, password)
}

fn header(kind: u16, transaction: &[u8; 12]) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&MAGIC_COOKIE.to_be_bytes());
    out.extend_from_slice(transaction);
    out
}

fn attribute(out: &mut Vec<u8>, kind: u16, value: &[u8]) {
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&(value.len() as u16).to_be_bytes());
    out.extend_from_slice(value);
    out.resize(out.len().div_ceil(4) * 4, 0);
}

fn finish(mut out: Vec<u8>, password: &str) -> Vec<u8> {
    let body = out.len() - HEADER_LEN;
    set_length(&mut out, body + 24);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    let tag = hmac::sign(&key, &out);
    attribute(&mut out, ATTR_MESSAGE_INTEGRITY, tag.as_ref());
    set_length(&mut out, body + 32);
    let crc = crc32(&out) ^ FINGERPRINT_XOR;
    attribute(&mut out, ATTR_FINGERPRINT, &crc.to_be_bytes());
    out
}

fn set_length(message: &mut [u8], length: usize) {
    message[2..4].copy_from_slice(&(length as u16).to_be_bytes());
}

fn read_xor_address(value: &[u8], transaction: &[u8]) -> Option<SocketAddr> {
    let family = *value.get(1)?;
    let port = u16::from_be_bytes([*value.get(2)?, *value.get(3)?]) ^ (MAGIC_COOKIE >> 16) as u16;
    match family {
        1 => {
            let bits = u32::from_be_bytes(value.get(4..8)?.try_into().ok()?) ^ MAGIC_COOKIE;
            Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::from(bits)), port))
        }
        2 => {
            let mut bytes: [u8; 16] = value.get(4..20)?.try_into().ok()?;
            xor_v6(&mut bytes, transaction);
            Some(SocketAddr::new(IpAddr::V6(Ipv6Addr::from(bytes)), port))
        }
        _ => None,
    }
}

fn write_xor_address(address: SocketAddr, transaction: &[u8; 12]) -> Vec<u8> {
    let port = (address.port() ^ (MAGIC_COOKIE >> 16) as u16).to_be_bytes();
    match address.ip() {
        IpAddr::V4(ip) => {
            let bits = (u32::from(ip) ^ MAGIC_COOKIE).to_be_bytes();
            [&[0, 1][..], &port, &bits].concat()
        }
        IpAddr::V6(ip) => {
            let mut bytes = ip.octets();
            xor_v6(&mut bytes, transaction);
            [&[0, 2][..], &port, &bytes].concat()
        }
    }
}

fn xor_v6(bytes: &mut [u8; 16], transaction: &[u8]) {
    let mask = MAGIC_COOKIE.to_be_bytes().into_iter().chain(transaction.iter().copied());
    for (byte, mask) in bytes.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

/// CRC-32 of ITU V.42, bitwise: STUN messages are short and few.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Vec<u8> {
        Request {
            transaction: [7; 12],
            username: "remote:local",
            password: "secret-of-the-remote",
            priority: 1_845_494_271,
            controlling: true,
            tie_breaker: 42,
            use_candidate: true,
        }
        .to_bytes()
    }

    /// The sample request of RFC 5769 section 2.1.
    const SAMPLE: [u8; 108] = [
        0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6,
        0x86, 0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x10, 0x53, 0x54, 0x55, 0x4e, 0x20, 0x74,
        0x65, 0x73, 0x74, 0x20, 0x63, 0x6c, 0x69, 0x65, 0x6e, 0x74, 0x00, 0x24, 0x00, 0x04, 0x6e,
        0x00, 0x01, 0xff, 0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36,
        0x00, 0x06, 0x00, 0x09, 0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68, 0x36, 0x76, 0x59, 0x20, 0x20,
        0x20, 0x00, 0x08, 0x00, 0x14, 0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e,
        0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49, 0xc1, 0xb5, 0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5,
        0x7a, 0x3b, 0xcf,
    ];

    #[test]
    fn reads_the_sample_of_rfc_5769() {
        let message = Message::parse(&SAMPLE).unwrap();
        assert_eq!(message.class, Class::Request);
        assert_eq!(message.username.as_deref(), Some("evtj:h6vY"));
        assert!(message.authentic("VOkJxbRl1RmTxUk/WvJxBt"));
        assert!(!message.authentic("VOkJxbRl1RmTxUk/WvJxBT"));
    }

    #[test]
    fn a_request_is_read_back_and_its_integrity_depends_on_the_password() {
        let message = Message::parse(&request()).unwrap();
        assert_eq!(message.class, Class::Request);
        assert_eq!(message.username.as_deref(), Some("remote:local"));
        assert!(message.use_candidate && message.controlling);
        assert!(message.authentic("secret-of-the-remote"));
        assert!(!message.authentic("another"));
    }

    #[test]
    fn a_flipped_bit_is_noticed() {
        let mut bytes = request();
        bytes[24] ^= 1;
        assert!(!Message::parse(&bytes).is_some_and(|m| m.authentic("secret-of-the-remote")));
    }

    #[test]
    fn a_success_carries_the_source_address() {
        let source: SocketAddr = "192.0.2.7:40001".parse().unwrap();
        let message = Message::parse(&success(&[1; 12], source, "pwd")).unwrap();
        assert_eq!(message.class, Class::Success);
        assert_eq!(message.mapped, Some(source));
        assert!(message.authentic("pwd"));
    }

    #[test]
    fn an_error_carries_its_code() {
        let message = Message::parse(&error(&[1; 12], 487, "Role Conflict", "pwd")).unwrap();
        assert_eq!(message.error_code, Some(487));
    }

    #[test]
    fn truncated_and_foreign_datagrams_are_refused() {
        let bytes = request();
        for end in 0..bytes.len() {
            assert!(Message::parse(&bytes[..end]).is_none());
        }
        assert!(!is_stun(&[0x80; 40]));
    }
}
