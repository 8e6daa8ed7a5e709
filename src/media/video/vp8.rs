//! VP8 in RTP (RFC 7741), and the few bits of a VP8 frame that say what it is (RFC 6386, 9.1).
//!
//! Own code instead of the RTP crate's: that one refuses payloads of less than four bytes, which the
//! last packet of a frame may well have.

use super::MAX_PAYLOAD;
use bytes::{BufMut, Bytes, BytesMut};

/// The descriptor that is sent: X set, then I set, then a 15-bit picture id.
const DESCRIPTOR: usize = 4;
const X: u8 = 0x80;
const START: u8 = 0x10;
const PARTITION: u8 = 0x07;
const HAS_PICTURE_ID: u8 = 0x80;
const HAS_TL0: u8 = 0x40;
const HAS_TID: u8 = 0x20;
const HAS_KEY_INDEX: u8 = 0x10;
const LONG_PICTURE_ID: u8 = 0x80;

/// Cuts a frame into payloads. `picture_id` grows by one per frame; its low 15 bits are sent.
pub(crate) fn packetize(frame: &Bytes, picture_id: u16) -> Vec<Bytes> {
    let room = MAX_PAYLOAD - DESCRIPTOR;
    let count = frame.len().div_ceil(room).max(1);
    // Even parts instead of full ones and a rest: a small last packet costs as much as a large one.
    let part = frame.len().div_ceil(count).max(1);
    let mut payloads = Vec::with_capacity(count);
    for (index, chunk) in frame.chunks(part).enumerate() {
        let mut payload = BytesMut::with_capacity(DESCRIPTOR + chunk.len());
        payload.put_u8(if index == 0 { X | START } else { X });
        payload.put_u8(HAS_PICTURE_ID);
        payload.put_u16(u16::from(LONG_PICTURE_ID) << 8 | (picture_id & 0x7fff));
        payload.put_slice(chunk);
        payloads.push(payload.freeze());
    }
    payloads
}

/// What a payload says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payload {
    /// Whether a frame begins here.
    pub(crate) is_start: bool,
    pub(crate) data: Bytes,
}

/// Takes the descriptor off; `None` if it is cut short or nothing follows it.
pub(crate) fn depacketize(payload: &Bytes) -> Option<Payload> {
    let mut at = 0;
    let mut next = || {
        let byte = payload.get(at).copied();
        at += 1;
        byte
    };
    let first = next()?;
    if first & X != 0 {
        let extensions = next()?;
        if extensions & HAS_PICTURE_ID != 0 && next()? & LONG_PICTURE_ID != 0 {
            next()?;
        }
        if extensions & HAS_TL0 != 0 {
            next()?;
        }
        if extensions & (HAS_TID | HAS_KEY_INDEX) != 0 {
            next()?;
        }
    }
    if at >= payload.len() {
        return None;
    }
    let is_start = first & START != 0 && first & PARTITION == 0;
    Some(Payload { is_start, data: payload.slice(at..) })
}

/// Whether a frame needs no other one (the inverse key frame bit of its tag).
pub(crate) fn is_key_frame(frame: &[u8]) -> bool {
    frame.first().is_some_and(|tag| tag & 1 == 0)
}

/// Width and height of a key frame, without the scaling bits.
pub(crate) fn size(frame: &[u8]) -> Option<(u32, u32)> {
    if !is_key_frame(frame) || frame.get(3..6)? != [0x9d, 0x01, 0x2a] {
        return None;
    }
    let word =
        |at: usize| Some(u32::from(u16::from_le_bytes([*frame.get(at)?, *frame.get(at + 1)?])));
    Some((word(6)? & 0x3fff, word(8)? & 0x3fff))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(payloads: &[Bytes]) -> Vec<u8> {
        payloads.iter().flat_map(|p| depacketize(p).expect("whole").data.to_vec()).collect()
    }

    #[test]
    fn frames_of_every_size_come_back() {
        for length in [1, 2, 3, 1167, 1168, 1169, 2336, 2337, 50_000] {
            let frame: Bytes = (0..length).map(|n| (n % 251) as u8).collect::<Vec<u8>>().into();
            let payloads = packetize(&frame, 0x1_2345_u32 as u16);
            assert_eq!(joined(&payloads), frame, "{length}");
            assert!(payloads.iter().all(|payload| payload.len() <= MAX_PAYLOAD));
            let starts =
                payloads.iter().filter(|p| depacketize(p).expect("whole").is_start).count();
            assert_eq!(starts, 1);
            assert!(depacketize(&payloads[0]).expect("whole").is_start);
        }
    }

    #[test]
    fn descriptors_of_all_kinds_are_read() {
        let data = |bytes: &'static [u8]| depacketize(&Bytes::from_static(bytes));
        for (bytes, expected) in [
            // Plain; plain without start; start of another partition.
            (&[0x10, 7][..], Some((true, 1))),
            (&[0x00, 7], Some((false, 1))),
            (&[0x11, 7], Some((false, 1))),
            // Short and long picture id; all extensions.
            (&[0x90, 0x80, 0x05, 7, 8], Some((true, 2))),
            (&[0x90, 0x80, 0x85, 0x01, 7], Some((true, 1))),
            (&[0x90, 0xf0, 0x85, 0x01, 9, 9, 7], Some((true, 1))),
            (&[0x90, 0x40, 9, 7], Some((true, 1))),
            (&[0x90, 0x10, 9, 7], Some((true, 1))),
            // Cut short.
            (&[], None),
            (&[0x10], None),
            (&[0x90], None),
            (&[0x90, 0x80], None),
            (&[0x90, 0x80, 0x85], None),
            (&[0x90, 0x80, 0x85, 1], None),
            (&[0x90, 0xf0, 0x85, 1, 9, 9], None),
        ] {
            let read = data(bytes).map(|payload| (payload.is_start, payload.data.len()));
            assert_eq!(read, expected, "{bytes:?}");
        }
    }

    #[test]
    fn a_key_frame_says_its_size() {
        let key = [0x10, 2, 0, 0x9d, 0x01, 0x2a, 0x40, 0x41, 0xf0, 0x80, 0];
        assert!(is_key_frame(&key));
        assert_eq!(size(&key), Some((320, 240)));
        assert_eq!(size(&key[..9]), None, "cut short");
        assert_eq!((is_key_frame(&[0x11, 0, 0]), size(&[0x11, 0, 0])), (false, None));
        assert!(!is_key_frame(&[]));
    }
}
