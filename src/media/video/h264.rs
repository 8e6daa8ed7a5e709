//! H.264 in RTP (RFC 6184, packetization mode 1), and what of a bit stream says what it is (ITU-T H.264).
//!
//! Own code instead of the RTP crate's: that one panics on a cut STAP-A, joins fragments without
//! looking at their start bit, and never sends parameter sets that do not fit a packet together.

use super::{MAX_FRAME_BYTES, MAX_PAYLOAD};
use bytes::{BufMut, Bytes, BytesMut};

const IDR: u8 = 5;
const SPS: u8 = 7;
const DELIMITER: u8 = 9;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;
const TYPE: u8 = 0x1f;
/// Forbidden bit and importance.
const REFERENCE: u8 = 0xe0;
const FU_START: u8 = 0x80;
const FU_END: u8 = 0x40;
const START_CODE: [u8; 4] = [0, 0, 0, 1];

fn kind(unit: &[u8]) -> u8 {
    unit.first().map_or(0, |header| header & TYPE)
}

/// The NAL units of an access unit in Annex B format, as places in it. Empty ones are left out.
pub(crate) fn units(frame: &[u8]) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
    let mut begin = start_code(frame, 0).map(|(_, after)| after);
    std::iter::from_fn(move || loop {
        let from = begin?;
        let (end, next) = match start_code(frame, from) {
            Some((at, after)) => (at, Some(after)),
            None => (frame.len(), None),
        };
        begin = next;
        // Zeros before a start code belong to it, or trail the unit, which never ends with one.
        let trailing = frame[from..end].iter().rev().take_while(|byte| **byte == 0).count();
        let end = end - trailing;
        if end > from {
            return Some(from..end);
        }
        begin?;
    })
}

/// Where the next start code is and where what follows it begins.
fn start_code(frame: &[u8], from: usize) -> Option<(usize, usize)> {
    let at = frame.get(from..)?.windows(3).position(|window| window == [0, 0, 1])? + from;
    Some((at, at + 3))
}

/// Cuts an access unit into payloads: small units travel together (STAP-A), large ones in parts
/// (FU-A), others as they are. Delimiters are left out: packets say where pictures end.
pub(crate) fn packetize(frame: &Bytes) -> Vec<Bytes> {
    let mut payloads = Vec::new();
    let mut together: Vec<Bytes> = Vec::new();
    let mut length = 1;
    for range in units(frame) {
        let unit = frame.slice(range);
        if kind(&unit) == DELIMITER {
            continue;
        }
        if length + 2 + unit.len() > MAX_PAYLOAD {
            aggregate(&mut together, &mut payloads);
            length = 1;
        }
        if 1 + 2 + unit.len() > MAX_PAYLOAD {
            fragment(&unit, &mut payloads);
        } else {
            length += 2 + unit.len();
            together.push(unit);
        }
    }
    aggregate(&mut together, &mut payloads);
    payloads
}

fn aggregate(units: &mut Vec<Bytes>, payloads: &mut Vec<Bytes>) {
    match &units[..] {
        [] => {}
        [single] => payloads.push(single.clone()),
        many => {
            // The importance is the highest of them, the forbidden bit that of any (RFC 6184, 5.7.1).
            let forbidden = many.iter().fold(0, |all, unit| all | (unit[0] & 0x80));
            let importance = many.iter().map(|unit| unit[0] & 0x60).max().unwrap_or(0);
            let mut payload = BytesMut::with_capacity(MAX_PAYLOAD);
            payload.put_u8(forbidden | importance | STAP_A);
            for unit in many {
                payload.put_u16(unit.len() as u16);
                payload.put_slice(unit);
            }
            payloads.push(payload.freeze());
        }
    }
    units.clear();
}

fn fragment(unit: &Bytes, payloads: &mut Vec<Bytes>) {
    if unit.len() <= MAX_PAYLOAD {
        payloads.push(unit.clone());
        return;
    }
    let header = unit[0];
    let body = &unit[1..];
    let count = body.len().div_ceil(MAX_PAYLOAD - 2);
    let part = body.len().div_ceil(count);
    let last = body.chunks(part).count() - 1;
    for (index, chunk) in body.chunks(part).enumerate() {
        let start = if index == 0 { FU_START } else { 0 };
        let end = if index == last { FU_END } else { 0 };
        let mut payload = BytesMut::with_capacity(2 + chunk.len());
        payload.put_u8(header & REFERENCE | FU_A);
        payload.put_u8(start | end | header & TYPE);
        payload.put_slice(chunk);
        payloads.push(payload.freeze());
    }
}

/// What a payload is for the frame that it is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It cannot be the first of its frame.
    Inside,
    /// It may be the first of its frame.
    MayBegin,
    /// It begins a frame: what it has comes before pictures only.
    Begins,
}

/// Looks at a payload; `None` if it is cut short or of a kind that mode 1 does not have.
pub(crate) fn place(payload: &[u8]) -> Option<Place> {
    let leads = |unit: u8| matches!(unit, SPS | DELIMITER);
    match kind(payload) {
        single @ 1..=23 => (payload.len() > 1).then_some(if leads(single) {
            Place::Begins
        } else {
            Place::MayBegin
        }),
        STAP_A => {
            let mut begins = false;
            let mut count = 0;
            for unit in aggregated(payload) {
                begins |= leads(kind(&payload[unit?]));
                count += 1;
            }
            (count > 0).then_some(if begins { Place::Begins } else { Place::MayBegin })
        }
        FU_A if payload.len() > 2 => {
            Some(if payload[1] & FU_START != 0 { Place::MayBegin } else { Place::Inside })
        }
        _ => None,
    }
}

/// The units of a STAP-A; `None` in place of one that is cut short.
fn aggregated(payload: &[u8]) -> impl Iterator<Item = Option<std::ops::Range<usize>>> + '_ {
    let mut at = 1;
    std::iter::from_fn(move || {
        if at >= payload.len() {
            return None;
        }
        let length = payload.get(at..at + 2).map(|l| usize::from(u16::from_be_bytes([l[0], l[1]])));
        let from = at + 2;
        let unit = length
            .filter(|length| *length > 0 && from + length <= payload.len())
            .map(|length| from..from + length);
        at = unit.as_ref().map_or(payload.len(), |unit| unit.end);
        Some(unit)
    })
}

/// Puts an access unit together out of the payloads of its packets, in order. `None` if they do not
/// fit each other or are too much.
pub(crate) fn depacketize<'a>(payloads: impl Iterator<Item = &'a Bytes>) -> Option<Bytes> {
    let mut frame = BytesMut::new();
    let mut is_open = false;
    for payload in payloads {
        let first = *payload.first()?;
        if is_open != (first & TYPE == FU_A && payload.get(1)? & FU_START == 0) {
            return None;
        }
        match first & TYPE {
            1..=23 => append(&mut frame, payload),
            STAP_A => {
                for unit in aggregated(payload) {
                    append(&mut frame, &payload[unit?]);
                }
            }
            FU_A => {
                let flags = *payload.get(1)?;
                if flags & FU_START != 0 {
                    append(&mut frame, &[first & REFERENCE | flags & TYPE]);
                }
                frame.put_slice(payload.get(2..)?);
                is_open = flags & FU_END == 0;
            }
            _ => return None,
        }
        if frame.len() > MAX_FRAME_BYTES {
            return None;
        }
    }
    (!is_open && !frame.is_empty()).then(|| frame.freeze())
}

fn append(frame: &mut BytesMut, unit: &[u8]) {
    frame.put_slice(&START_CODE);
    frame.put_slice(unit);
}

/// Whether an access unit has an IDR picture.
pub(crate) fn is_key_frame(frame: &[u8]) -> bool {
    units(frame).any(|unit| kind(&frame[unit]) == IDR)
}

/// Width and height, where there is a sequence parameter set.
pub(crate) fn size(frame: &[u8]) -> Option<(u32, u32)> {
    let unit = units(frame).find(|unit| kind(&frame[unit.clone()]) == SPS)?;
    parameter_set_size(&frame[unit])
}

/// Reads a sequence parameter set (ITU-T H.264, 7.3.2.1.1).
fn parameter_set_size(unit: &[u8]) -> Option<(u32, u32)> {
    let mut bits = Bits::new(unit.get(1..)?);
    let profile = bits.take(8)?;
    bits.take(16)?;
    bits.golomb()?;
    let mut chroma = 1;
    if matches!(profile, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135) {
        chroma = bits.golomb()?;
        if chroma == 3 {
            bits.take(1)?;
        }
        bits.golomb()?;
        bits.golomb()?;
        bits.take(1)?;
        if bits.take(1)? == 1 {
            // Scaling matrices: long, and no encoder for calls writes them.
            return None;
        }
    }
    bits.golomb()?;
    match bits.golomb()? {
        0 => drop(bits.golomb()?),
        1 => {
            bits.take(1)?;
            bits.golomb()?;
            bits.golomb()?;
            for _ in 0..bits.golomb()?.min(255) {
                bits.golomb()?;
            }
        }
        _ => {}
    }
    bits.golomb()?;
    bits.take(1)?;
    let (columns, rows) = (bits.golomb()?.checked_add(1)?, bits.golomb()?.checked_add(1)?);
    let is_progressive = bits.take(1)?;
    if is_progressive == 0 {
        bits.take(1)?;
    }
    bits.take(1)?;
    let mut crop = [0; 4];
    if bits.take(1)? == 1 {
        for side in &mut crop {
            *side = bits.golomb()?;
        }
    }
    let unit_x = if matches!(chroma, 1 | 2) { 2 } else { 1 };
    let unit_y = if chroma == 1 { 2 } else { 1 } * (2 - is_progressive);
    let cropped = |blocks: u32, per: u32, unit: u32, a: u32, b: u32| {
        let cut = a.checked_add(b)?.checked_mul(unit)?;
        blocks.checked_mul(16)?.checked_mul(per)?.checked_sub(cut).filter(|left| *left <= 16_384)
    };
    let width = cropped(columns, 1, unit_x, crop[0], crop[1])?;
    let height = cropped(rows, 2 - is_progressive, unit_y, crop[2], crop[3])?;
    Some((width, height))
}

/// Bits of a NAL unit, without the bytes that keep start codes out of it.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    zeros: u8,
    current: u8,
    left: u8,
}

impl<'a> Bits<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, zeros: 0, current: 0, left: 0 }
    }

    fn bit(&mut self) -> Option<u32> {
        if self.left == 0 {
            let mut byte = *self.bytes.get(self.at)?;
            self.at += 1;
            if self.zeros >= 2 && byte == 3 {
                byte = *self.bytes.get(self.at)?;
                self.at += 1;
                self.zeros = 0;
            }
            self.zeros = if byte == 0 { self.zeros + 1 } else { 0 }.min(2);
            self.current = byte;
            self.left = 8;
        }
        self.left -= 1;
        Some(u32::from(self.current >> self.left & 1))
    }

    fn take(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0, |value, _| Some(value << 1 | self.bit()?))
    }

    /// An unsigned Exp-Golomb number (9.1).
    fn golomb(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1u32 << zeros) - 1 + self.take(zeros)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1280x720, baseline, as libx264 writes it.
    const SPS_720P: [u8; 13] =
        [0x67, 0x42, 0xc0, 0x1f, 0xd9, 0x00, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x03];
    /// 640x360 (cropped from 640x368), constrained baseline.
    const SPS_360P: [u8; 10] = [0x67, 0x42, 0xe0, 0x1e, 0xda, 0x02, 0x80, 0xbf, 0xe5, 0xc0];
    const PPS: [u8; 4] = [0x68, 0xce, 0x3c, 0x80];

    fn annex_b(units: &[&[u8]]) -> Bytes {
        let mut frame = BytesMut::new();
        units.iter().for_each(|unit| append(&mut frame, unit));
        frame.freeze()
    }

    fn unit(header: u8, length: usize) -> Vec<u8> {
        // Never 0, so that nothing in it looks like a start code.
        std::iter::once(header).chain((1..length).map(|n| (n % 250 + 1) as u8)).collect()
    }

    #[test]
    fn start_codes_of_both_lengths_divide_units() {
        let frame = [0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 2, 0, 0, 0, 0, 1, 0x65, 3, 0, 0];
        let found: Vec<&[u8]> = units(&frame).map(|unit| &frame[unit]).collect();
        assert_eq!(found, [&[0x67, 1][..], &[0x68, 2], &[0x65, 3]]);
        assert!(is_key_frame(&frame));
        for nothing in [&[][..], &[0, 0, 1], &[1, 2, 3], &[0, 0, 1, 0, 0, 1], &[0, 0, 0]] {
            assert_eq!(units(nothing).count(), 0, "{nothing:?}");
        }
    }

    #[test]
    fn access_units_come_back_whatever_their_sizes() {
        for lengths in [&[5][..], &[5, 9], &[1172], &[1173], &[1169, 5], &[30, 9000, 30], &[40_000]]
        {
            let mut all = vec![SPS_360P.to_vec(), PPS.to_vec()];
            all.extend(lengths.iter().map(|length| unit(0x65, *length)));
            let frame = annex_b(&all.iter().map(Vec::as_slice).collect::<Vec<_>>());
            let payloads = packetize(&frame);
            assert!(payloads.iter().all(|payload| payload.len() <= MAX_PAYLOAD), "{lengths:?}");
            assert_eq!(depacketize(payloads.iter()).as_ref(), Some(&frame), "{lengths:?}");
            assert_eq!(place(&payloads[0]), Some(Place::Begins));
        }
    }

    #[test]
    fn small_units_travel_together_and_delimiters_not_at_all() {
        let frame = annex_b(&[&[0x09, 0xf0], &SPS_360P, &PPS, &unit(0x65, 50)]);
        let payloads = packetize(&frame);
        assert_eq!(payloads.len(), 1);
        assert_eq!(payloads[0][0], 0x60 | STAP_A);
        let back = depacketize(payloads.iter()).expect("whole");
        assert_eq!(back, frame.slice(6..));
    }

    #[test]
    fn payloads_that_do_not_fit_make_no_frame() {
        let big = annex_b(&[&unit(0x41, 4000)]);
        let parts = packetize(&big);
        assert_eq!(parts.len(), 4);
        let of = |indices: &[usize]| depacketize(indices.iter().map(|index| &parts[*index]));
        assert!(of(&[0, 1, 2, 3]).is_some());
        for broken in [&[0, 1, 2][..], &[1, 2, 3], &[0, 1, 0, 1, 2, 3]] {
            assert_eq!(of(broken), None, "{broken:?}");
        }
        for payload in [
            &[][..],
            &[0x78],
            &[0x78, 0],
            &[0x78, 0, 9, 1],
            &[0x78, 0, 0],
            &[0x7c],
            &[0x7c, 0x80],
            &[0x79, 1, 2],
            &[0x00, 1],
        ] {
            let payload = Bytes::copy_from_slice(payload);
            assert_eq!(place(&payload), None, "{payload:?}");
            if payload.len() < 2 || payload[0] != 0x7c {
                assert_eq!(depacketize(std::iter::once(&payload)), None, "{payload:?}");
            }
        }
    }

    #[test]
    fn a_parameter_set_says_the_size() {
        assert_eq!(size(&annex_b(&[&SPS_720P, &PPS])), Some((1280, 720)));
        assert_eq!(size(&annex_b(&[&SPS_360P])), Some((640, 360)));
        assert_eq!(size(&annex_b(&[&PPS])), None);
        for length in 1..SPS_360P.len() - 2 {
            assert_eq!(size(&annex_b(&[&SPS_360P[..length]])), None, "cut at {length}");
        }
        // Numbers too large for any picture.
        assert_eq!(size(&annex_b(&[&[0x67, 66, 0, 31, 0x80, 0, 0, 0x80, 0, 0, 1, 0xff]])), None);
    }
}
